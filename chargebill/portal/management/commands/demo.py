"""Fills the migrated, empty database of DATABASE_URL with a made-up operator."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from chargebill.core.commands import JsonCommand
from chargebill.core.errors import UserError
from chargebill.portal import demo


class Command(JsonCommand):
    help = "Fill an empty database with a made-up operator: places, members, tariffs and sessions, all from one seed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--sessions", type=int, default=4000, help="How many sessions (default 4000).")
        parser.add_argument("--seed", type=int, default=1, help="The same seed gives the same sessions, counted back from today.")

    def answer(self, *, sessions: int, seed: int, **options: Any) -> dict[str, Any]:
        if sessions < 0:
            raise UserError("arguments", "--sessions can't be negative.", "--sessions")
        return demo.fill(sessions=sessions, seed=seed, at=timezone.now())
