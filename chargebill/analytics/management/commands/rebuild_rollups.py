"""Counts every session anew into the rollups, or checks that they are what the sessions say."""

from typing import Any

from django.core.management.base import CommandParser

from chargebill.analytics import operations, queries
from chargebill.core.commands import DOES_NOT_HOLD, JsonCommand


class Command(JsonCommand):
    help = "Rebuild the rollups from the sessions. With --check change nothing and report how many rows differ (exit 1)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="Only compare.")

    def answer(self, *, check: bool, **options: Any) -> dict[str, Any]:
        differing = operations.differing()
        if check:
            self.exit_code = DOES_NOT_HOLD if differing else self.exit_code
        elif differing:
            operations.rebuild()
        return {"differing": differing, "totals": queries.grand_totals()}
