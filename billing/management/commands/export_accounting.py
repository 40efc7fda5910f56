"""Writes the files an accountant imports: everything of some days (``--from``, ``--to``), or a batch (``--until``)."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from billing.export_models import ExportBatch, ExportTarget
from billing.export_queries import content_of
from billing.exports import OutFile
from billing.operations.exports import extract, make_batch
from chargebill.core.commands import JsonCommand
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity


class Command(JsonCommand):
    help = "Write the books as files for an accountant's program: of some days, or as a batch that is recorded."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--target", required=True, choices=ExportTarget.values)
        parser.add_argument("--from", dest="since", help="First day, such as 2026-09-01. Writes every posting of these days.")
        parser.add_argument("--to", dest="before", help="The day after the last one.")
        parser.add_argument("--until", help="Makes a batch of what has not gone out yet up to this day, that included.")
        parser.add_argument("--out", required=True, help="The folder the files go into; made if it isn't there.")
        parser.add_argument("--entity", help="Name of the company; without it every company that has something.")

    def answer(
        self,
        *,
        target: str,
        since: str | None,
        before: str | None,
        until: str | None,
        out: str,
        entity: str | None,
        **options: Any,
    ) -> dict[str, Any]:
        if (until is None) == (since is None and before is None):
            raise UserError("arguments", "Give either --from and --to, or --until. Nothing was written.", "--until")
        folder, kind = _folder(out), ExportTarget(target)
        companies = _companies(entity)
        if until is not None:
            return self._batches(companies, kind, _day(until, "--until"), folder, is_named=entity is not None)
        first, end = _day(since, "--from"), _day(before, "--to")
        if first >= end:
            raise UserError(
                "period", "--to is the day after the last one, so it comes after --from. Nothing was written.", "--to"
            )
        at = timezone.now()
        # All are made before the first is written: a company that lacks something leaves nothing half done.
        made = [(one, file) for one in companies for file in extract(entity=one, target=kind, since=first, before=end, at=at)]
        files = [_write(folder, one, file.name, file.content, _facts(file)) for one, file in made]
        return {"target": target, "from": f"{first}", "to": f"{end}", "batches": [], "files": files}

    def _batches(
        self, companies: list[LegalEntity], target: ExportTarget, until: date, folder: Path, *, is_named: bool
    ) -> dict[str, Any]:
        at, batches, files = timezone.now(), [], []
        for entity in companies:
            try:
                key = f"command:{target}:{until}:{at.isoformat()}"
                batch = make_batch(entity=entity, target=target, until=until, key=key, actor=None, at=at)
            except UserError as error:
                # Of all companies some have nothing new; of the one that was named that is the answer.
                if error.code != "nothing_to_export" or is_named:
                    raise
                continue
            batches.append({"company": entity.name, "batch": f"{batch}", "entries": batch.entries, "postings": batch.postings})
            files += _written(folder, batch)
        return {"target": str(target), "until": f"{until}", "batches": batches, "files": files}


def _companies(name: str | None) -> list[LegalEntity]:
    if name is None:
        return list(LegalEntity.objects.filter(entries__isnull=False).distinct().order_by("pk"))
    found = LegalEntity.objects.filter(name=name).first()
    if found is None:
        raise UserError("no_entity", f"There is no company named {name!r}. Nothing was written.", "--entity")
    return [found]


def _day(text: str | None, where: str) -> date:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        raise UserError("day", f"{text!r} is no day: write it like 2026-09-01. Nothing was written.", where) from None


def _folder(out: str) -> Path:
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError("folder", f"{out} can't be made a folder: {error.strerror}. Nothing was written.", "--out") from None
    return folder


def _written(folder: Path, batch: ExportBatch) -> list[dict[str, Any]]:
    return [
        _write(folder, batch.entity, file.name, content_of(file), {**_facts(file), "batch": f"{batch}"})
        for file in batch.files.order_by("position")
    ]


def _facts(file: Any) -> dict[str, Any]:
    facts: OutFile = file
    return {
        "currency": facts.currency,
        "entries": facts.entries,
        "rows": facts.rows,
        "debit": _plain(facts.debit),
        "credit": _plain(facts.credit),
    }


def _plain(amount: Decimal) -> str:
    return f"{amount:.3f}"


def _write(folder: Path, entity: LegalEntity, name: str, content: bytes, facts: dict[str, Any]) -> dict[str, Any]:
    try:
        (folder / name).write_bytes(content)
    except OSError as error:
        raise UserError("folder", f"{folder / name} can't be written: {error.strerror}.", "--out") from None
    return {"company": entity.name, "file": name, **facts, "draft": "_draft" in name}
