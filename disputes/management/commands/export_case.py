"""Writes a case's evidence to a file: everything on record now, signed."""

import hashlib
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from chargebill.core.commands import JsonCommand
from chargebill.core.errors import UserError
from disputes.evidence_queries import bundle_of
from disputes.models import Case
from disputes.operations.evidence import collect_and_seal


class Command(JsonCommand):
    help = "Write a case as a ZIP: PDF dossier, JSON, files, signed manifest, and how to check it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", help="Number of the case, such as D-000001.")
        parser.add_argument("--out", type=Path, required=True, help="The ZIP to write.")
        parser.add_argument("--entity", help="Name of the company; needed where two have a case of this number.")

    def answer(self, *, number: str, out: Path, entity: str | None, **options: Any) -> Any:
        found = Case.objects.select_related("entity").filter(number=number)
        cases = list((found.filter(entity__name=entity) if entity is not None else found)[:2])
        if not cases:
            raise UserError("no_case", f"There is no case {number}. Nothing was written.", "number")
        if len(cases) > 1:
            raise UserError(
                "several_cases",
                f"Several companies have a case {number}: name one with --entity. Nothing was written.",
                "--entity",
            )
        (case,) = cases
        _, manifest = collect_and_seal(case=case, actor=None, at=timezone.now())
        content = bundle_of(case)
        try:
            out.write_bytes(content)
        except OSError as problem:
            raise UserError("out", f"{out} can't be written: {problem.strerror}. The evidence is kept.", "--out") from None
        return {
            "case": case.number,
            "version": manifest.version,
            "items": manifest.items,
            "key": manifest.key.fingerprint,
            "out": str(out),
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
