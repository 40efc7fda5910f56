"""Says an OCPI tariff in plain words. Needs no database."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from billing.pricing import PricingError, read_tariff
from billing.pricing.documents import load
from billing.pricing.text import LANGUAGES, tariff_text
from chargebill.core.commands import JsonCommand
from chargebill.core.errors import UserError


class Command(JsonCommand):
    help = "Say an OCPI tariff (2.1.1, 2.2.1, 2.3.0) in plain words, a sentence each. Needs no database."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help="A tariff as JSON.")
        parser.add_argument("--language", choices=LANGUAGES, default="en")

    def answer(self, *, file: Path, language: Any, **options: Any) -> dict[str, Any]:
        try:
            tariff = read_tariff(load(file.read_bytes()))
        except OSError as problem:
            raise UserError("file", f"{file} can't be read: {problem.strerror}. Give the path of a tariff.", "FILE") from problem
        except PricingError as problem:
            raise UserError(problem.code, problem.message, problem.where) from problem
        return {"text": list(tariff_text(tariff, language=language)), "language": language}
