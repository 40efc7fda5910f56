"""Writes an audit pack to a file, or checks one by what is in it alone."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from billing.audit_pack.verifying import verify
from billing.document_plan import month
from billing.operations.audit_packs import make_pack, months_between
from chargebill.core.commands import DOES_NOT_HOLD, JsonCommand
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity


class Command(JsonCommand):
    help = "Pack a company's months with everything it takes to check them, or check such a pack."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--entity", help="Name of the company; not needed when there is one.")
        parser.add_argument("--period", help="A month, such as 2026-10, or months, such as 2026-01:2026-12.")
        parser.add_argument("--out", type=Path, help="The ZIP to write.")
        parser.add_argument("--verify", type=Path, help="A pack to check, instead of making one.")

    def answer(self, *, entity: str | None, period: str | None, out: Path | None, verify: Path | None, **options: Any) -> Any:
        if verify is not None:
            return self._verify(verify)
        if not period or out is None:
            raise UserError("arguments", "Give --period and --out, or --verify. Nothing was made.", "--period")
        first, _, last = period.partition(":")
        of = months_between(_company(entity), month(first), month(last or first))
        pack = make_pack(of)
        try:
            out.write_bytes(pack.content)
        except OSError as problem:
            raise UserError("out", f"{out} can't be written: {problem.strerror}. Nothing was kept.", "--out") from None
        if not pack.is_clean:
            self.exit_code = DOES_NOT_HOLD
        said = {"out": str(out), "bytes": len(pack.content), "sha256": pack.sha256}
        return {**said, "closed": pack.is_closed, "clean": pack.is_clean}

    def _verify(self, path: Path) -> dict[str, Any]:
        found = verify(path)
        if found.problems:
            self.exit_code = DOES_NOT_HOLD
        return {"holds": not found.problems, **asdict(found)}


def _company(name: str | None) -> LegalEntity:
    there = LegalEntity.objects.filter(name=name) if name is not None else LegalEntity.objects.all()
    found = list(there[:2])
    if len(found) != 1:
        said = f"There is no company named {name!r}." if name is not None else "Name the company with --entity."
        raise UserError("no_entity", f"{said} Nothing was made.", "--entity")
    return found[0]
