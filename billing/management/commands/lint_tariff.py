"""Checks an OCPI tariff before anyone pays it. Needs no database."""

import re
from dataclasses import asdict
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from billing.pricing import PricingError
from billing.pricing.documents import load
from billing.pricing.lint import Setting, Severity, lint_document
from billing.pricing.tariff_document import VERSIONS
from chargebill.core.commands import DOES_NOT_HOLD, JsonCommand
from chargebill.core.errors import UserError

COUNTRY = re.compile(r"\A([A-Z]{2})(?:-([A-Z0-9]{1,3}))?\Z")
KILOWATTS = re.compile(r"\A(\d{1,5}(?:\.\d{1,2})?)?(-)?(\d{1,5}(?:\.\d{1,2})?)?\Z", re.ASCII)


class Command(JsonCommand):
    help = "Check an OCPI tariff (2.1.1, 2.2.1, 2.3.0): findings with code, place, message, advice. Exit 1 with errors."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help="A tariff as JSON.")
        parser.add_argument("--ocpi-version", choices=VERSIONS, default="", help="Default: recognized.")
        parser.add_argument("--country", default="", help="Where it will apply, for the law there: DE, US-CA.")
        parser.add_argument("--rated-kw", default="", help="Power of the connectors: 150, or a band 50-150, 50-, -50.")
        parser.add_argument("--day", default="", help="The day it will apply from. Default: today.")

    def answer(self, *, file: Path, ocpi_version: str, **options: Any) -> dict[str, Any]:
        setting = _setting(**options)
        try:
            document = load(file.read_bytes())
        except OSError as problem:
            raise UserError("file", f"{file} can't be read: {problem.strerror}. Give the path of a tariff.", "FILE") from problem
        except PricingError as problem:
            raise UserError(problem.code, problem.message, problem.where) from problem
        findings = lint_document(document, version=ocpi_version, setting=setting)
        errors = sum(finding.severity is Severity.ERROR for finding in findings)
        if errors:
            self.exit_code = DOES_NOT_HOLD
        return {
            "findings": [asdict(finding) for finding in findings],
            "errors": errors,
            "warnings": sum(finding.severity is Severity.WARNING for finding in findings),
        }


def _setting(*, country: str, rated_kw: str, day: str, **options: Any) -> Setting:
    place = COUNTRY.match(country.upper())
    if country and not place:
        raise UserError("country", f"{country!r} is no country. Use two letters such as DE, or US-CA.", "--country")
    band = KILOWATTS.match(rated_kw)
    least, most = (Decimal(found) if found else None for found in (band[1], band[3])) if band else (None, None)
    if not band or (rated_kw and least is most is None) or (least is not None and most is not None and least >= most):
        raise UserError("rated_kw", f"{rated_kw!r} is no power in kW. Use 150, or a band: 50-150, 50- or -50.", "--rated-kw")
    try:
        from_day = date.fromisoformat(day) if day else datetime.now(UTC).date()
    except ValueError as problem:
        raise UserError("date", f"{day!r} is no date. Use 2026-09-01.", "--day") from problem
    return Setting(
        country=place[1] if place else "",
        subdivision=(place[2] or "") if place else "",
        rated_kw=(least, least if rated_kw and not band[2] else most),
        day=from_day,
    )
