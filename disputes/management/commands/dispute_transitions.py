"""Prints the table of moves in use. Needs no database."""

from typing import Any

from chargebill.core.commands import JsonCommand
from disputes.workflow.moves import OPENING, TABLE


class Command(JsonCommand):
    help = "The moves of a dispute case: from, to and role of every one that is allowed."
    requires_system_checks = []

    def answer(self, **options: Any) -> dict[str, Any]:
        return {"transitions": [{"from": source or OPENING, "to": target, "role": role} for source, target, role in TABLE]}
