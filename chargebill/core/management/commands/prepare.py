"""Brings the database of DATABASE_URL up to date, and fills the demo into it where that is wanted and nothing is there."""

import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import CommandParser
from django.db import OperationalError

from chargebill.core.commands import JsonCommand
from chargebill.core.errors import UserError
from chargebill.core.models import Installation, LegalEntity, User


class Command(JsonCommand):
    help = "Create or update the tables; with --demo, fill an empty database with the demo. Safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", help="Fill the demo into a database that holds nothing yet.")

    def answer(self, *, demo: bool, **options: Any) -> dict[str, Any]:
        """``is_demo``, and ``has_users``: whether anybody can sign in."""
        try:
            call_command("migrate", verbosity=0, interactive=False)
        except OperationalError as error:
            raise UserError(
                "database_unreachable",
                f"The database can't be opened ({str(error).strip()}). Check DATABASE_URL.",
                "DATABASE_URL",
            ) from error
        empty = not (User.objects.exists() or LegalEntity.objects.exists())
        if demo and empty and "demo" in get_commands():
            # It prints what it did; this command has an answer of its own.
            call_command("demo", sessions=settings.DEMO_SESSIONS, stdout=sys.stderr)
        return {"is_demo": Installation.objects.filter(is_demo=True).exists(), "has_users": User.objects.exists()}
