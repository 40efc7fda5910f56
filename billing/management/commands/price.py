"""Prices OCPI CDRs under OCPI tariffs. Needs no database."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from billing.pricing import PricingError
from billing.pricing.documents import Reader, load
from billing.pricing.model import CdrError
from billing.pricing.report import price_documents
from chargebill.core.commands import JsonCommand
from chargebill.core.errors import UserError


def read(path: Path) -> Any:
    """The JSON value in a file. Raises UserError."""
    try:
        return load(path.read_bytes())
    except OSError as problem:
        raise UserError(
            "file", f"{path.name} can't be read: {problem.strerror}. Give the path of a JSON file.", str(path)
        ) from None
    except PricingError as problem:
        raise UserError(problem.code, problem.message, f"{path.name} {problem.where}".strip()) from None


def case(folder: Path) -> dict[str, Any]:
    """Prices one folder: tariff.json or tariffs.json, cdr.json, case.json. Raises UserError."""
    several = folder / "tariffs.json"
    tariffs = read(several if several.exists() else folder / "tariff.json")
    about = Reader(read(folder / "case.json") if (folder / "case.json").exists() else {}, "case.json", CdrError)
    expired = about.raw("reservation_expired")
    return price_documents(
        tariffs,
        read(folder / "cdr.json"),
        time_zone=about.text("time_zone"),
        reservation_expired=expired if isinstance(expired, bool) else None,
        version=about.text("ocpi_version"),
        split=about.raw("split") is True,
    )


class Command(JsonCommand):
    help = "Price a CDR under a tariff, or every folder of cases. Needs no database."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tariff", type=Path, metavar="FILE", help="A tariff, or a list of them, as JSON.")
        parser.add_argument("--cdr", type=Path, metavar="FILE", help="A CDR as JSON.")
        parser.add_argument("--time-zone", default="", metavar="ZONE", help="The place's, such as Europe/Berlin.")
        parser.add_argument("--reservation-expired", action="store_true", help="It was reserved and never used.")
        parser.add_argument("--split", action="store_true", help="Cut periods where the price changes.")
        parser.add_argument("--cases", type=Path, metavar="DIR", help="Price every folder in DIR instead.")

    def answer(self, **options: Any) -> dict[str, Any]:
        if options["cases"]:
            return self._cases(options["cases"])
        if not options["tariff"] or not options["cdr"]:
            raise UserError("arguments", "Give --tariff FILE and --cdr FILE, or --cases DIR.", "price")
        try:
            return price_documents(
                read(options["tariff"]),
                read(options["cdr"]),
                time_zone=options["time_zone"],
                reservation_expired=options["reservation_expired"] or None,
                split=options["split"],
            )
        except PricingError as problem:
            raise UserError(problem.code, problem.message, problem.where) from None

    def _cases(self, folder: Path) -> dict[str, Any]:
        if not folder.is_dir():
            raise UserError("file", f"{folder} is no folder. Give one that has a folder for each case.", "--cases")
        cases: dict[str, Any] = {}
        for path in sorted(entry for entry in folder.iterdir() if entry.is_dir()):
            try:
                cases[path.name] = case(path)
            except UserError as problem:
                cases[path.name] = {"error": problem.as_dict()}
            except PricingError as problem:
                cases[path.name] = {"error": {"code": problem.code, "where": problem.where, "message": problem.message}}
        return {"cases": cases}
