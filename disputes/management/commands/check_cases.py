"""Compares what cases say of themselves with their events: state, whose turn it is, what is due next."""

from typing import Any

from chargebill.core.commands import DOES_NOT_HOLD, JsonCommand
from disputes.clocks import check_all

MOST_SHOWN = 100


class Command(JsonCommand):
    help = "Check that every case's state, turn and deadlines are what its events come to. Exit 1 with those that are not."

    def answer(self, **options: Any) -> dict[str, Any]:
        looked_at, wrong = check_all()
        if wrong:
            self.exit_code = DOES_NOT_HOLD
        shown = [
            {"case": case.number, "company": case.entity.name, "column": name, "stored": str(stored), "computed": str(computed)}
            for case, columns in wrong[:MOST_SHOWN]
            for name, (stored, computed) in columns.items()
        ]
        return {"cases": looked_at, "differing": len(wrong), "found": shown}
