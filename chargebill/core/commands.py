"""Base of the stable commands: one JSON object alone on standard output, errors as one JSON line on standard error."""

import json
import sys
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, ProgrammingError

from chargebill.core.errors import UserError

DONE, DOES_NOT_HOLD, BAD_INPUT = 0, 1, 2


class StrictParser(CommandParser):
    """Answers bad arguments in the same form as bad input."""

    def error(self, message: str) -> NoReturn:
        if self.called_from_command_line:
            fail(UserError("arguments", message, self.prog))
        raise CommandError(message)


def fail(error: UserError) -> NoReturn:
    sys.stderr.write(json.dumps({"error": error.as_dict()}) + "\n")
    sys.exit(BAD_INPUT)


class JsonCommand(BaseCommand):
    """A command whose ``answer`` returns the object to print; ``exit_code`` may be set by it. UserError ends with 2."""

    exit_code = DONE

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.__class__ = StrictParser
        return parser

    def answer(self, **options: Any) -> dict[str, Any]:
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            result = self.answer(**options)
        except UserError as error:
            fail(error)
        except (OperationalError, ProgrammingError) as error:
            fail(
                UserError(
                    "database", f"{str(error).strip()}. Is DATABASE_URL right, and was 'manage.py migrate' run?", "DATABASE_URL"
                )
            )
        self.stdout.write(json.dumps(result))
        if self.exit_code != DONE:
            sys.exit(self.exit_code)
