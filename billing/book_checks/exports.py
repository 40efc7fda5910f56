"""Batches for the accountant: their files are what was made, and hold what the books hold of their entries."""

import hashlib
import zlib
from decimal import Decimal

from django.db.models import Count, F, Q

from billing.book_checks.model import Report
from billing.export_models import ExportBatch, ExportedEntry
from billing.export_queries import content_of, file_sums, ledger_sums
from billing.journal_balances import Sums
from billing.journal_models import Posting


def check(report: Report) -> None:
    for batch in ExportBatch.objects.order_by("pk").iterator():
        report.looked_at["exports"] += 1
        for said in _breaks(batch):
            report.add("exports", batch.entity_id, f"batch {batch}", said)
    astray = ExportedEntry.objects.filter(~Q(target=F("batch__target")) | ~Q(entry__entity=F("batch__entity")))
    for pk, entry_id in astray.values_list("pk", "entry_id"):
        report.add("exports", None, f"exported entry {pk}", f"Entry {entry_id} is in a batch of another target or company.")
    there, seen = ExportedEntry.objects.count(), ExportedEntry.objects.filter(batch__isnull=False, entry__is_sealed=True)
    if there != seen.count():
        report.add("exports", None, "exported entries", f"{there - seen.count()} are in no batch, or of no sealed entry.")


def _breaks(batch: ExportBatch) -> list[str]:
    found = []
    for file in batch.files.order_by("position").iterator(chunk_size=1):
        try:
            content = content_of(file)
        except (zlib.error, TypeError, ValueError):
            found.append(f"The file {file.name} can't be unpacked.")
            continue
        if len(content) != file.size or hashlib.sha256(content).hexdigest() != file.sha256:
            found.append(f"The file {file.name} is not the one that was made.")
    written, booked = file_sums(batch), ledger_sums(batch)
    if written != booked:
        said = "; ".join(
            f"{currency}: files {_said(written.get(currency))}, books {_said(booked.get(currency))}"
            for currency in sorted(written.keys() | booked.keys())
            if written.get(currency) != booked.get(currency)
        )
        found.append(f"Its files don't hold what the books hold: {said}.")
    entries = batch.exported.aggregate(count=Count("pk"))["count"]
    postings = Posting.objects.filter(entry__exports__batch=batch).count()
    if (entries, postings) != (batch.entries, batch.postings):
        found.append(f"It has {entries} entries with {postings} postings and says {batch.entries} with {batch.postings}.")
    return found


def _said(sums: Sums | None) -> str:
    return "nothing" if sums is None else f"{_plain(sums.debit)} debit and {_plain(sums.credit)} credit"


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"
