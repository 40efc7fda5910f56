"""Fills the migrated, empty database of DATABASE_URL with two made-up operators."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.utils import timezone

from chargebill.core.commands import JsonCommand
from chargebill.core.errors import UserError
from chargebill.portal.demo.filling import LARGE_CONNECTORS, LARGE_SESSIONS, fill


class Command(JsonCommand):
    help = "Fill an empty database with two made-up operators: places, members, tariffs and a year of sessions, from one seed."

    def add_arguments(self, parser: CommandParser) -> None:
        size = parser.add_mutually_exclusive_group()
        size.add_argument("--sessions", type=int, help="How many sessions; many of them come with more connectors.")
        size.add_argument(
            "--large",
            action="store_true",
            help=f"{LARGE_SESSIONS:,} sessions at {LARGE_CONNECTORS:,} connectors; takes some minutes and says how far it is.",
        )
        parser.add_argument("--seed", type=int, default=1, help="The same seed gives the same demo, counted back from today.")

    def answer(self, *, sessions: int | None, large: bool, seed: int, **options: Any) -> dict[str, Any]:
        if sessions is None:
            sessions = LARGE_SESSIONS if large else settings.DEMO_SESSIONS
        if sessions < 0:
            raise UserError("arguments", "--sessions can't be negative.", "--sessions")
        return fill(sessions=sessions, seed=seed, at=timezone.now(), say=self.stderr.write)
