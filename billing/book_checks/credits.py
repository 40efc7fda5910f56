"""Credits never exceed their line, and a credit note is the sum of its lines, with a correction of its own."""

from collections import defaultdict
from decimal import Decimal

from billing.book_checks.model import Report
from billing.document_models import Document, DocumentLine

COLUMNS = ("net_amount", "tax_amount", "gross_amount")
ZERO = Decimal(0)
Sums = dict[int, list[Decimal]]


def check(report: Report) -> None:
    """Adds up exactly, here: the database's own sums are floats on SQLite."""
    credited: Sums = defaultdict(lambda: [ZERO] * 3)
    of_note: Sums = defaultdict(lambda: [ZERO] * 3)
    rows = DocumentLine.objects.filter(corrects__isnull=False).order_by()
    for line_id, note_id, *amounts in rows.values_list("corrects_id", "document_id", *COLUMNS).iterator(chunk_size=2000):
        report.looked_at["credits"] += 1
        for sums, key in ((credited, line_id), (of_note, note_id)):
            sums[key] = [one + other for one, other in zip(sums[key], amounts, strict=True)]
    lines = DocumentLine.objects.filter(credits__isnull=False).distinct().order_by()
    names = ("pk", "position", "document__entity_id", "document__number", *COLUMNS)
    for pk, position, entity_id, number, *amounts in lines.values_list(*names).iterator(chunk_size=2000):
        if any(back > amount for back, amount in zip(credited[pk], amounts, strict=True)):
            report.add("credits", entity_id, f"{number} line {position}", "More was credited than the line has.")
    notes = Document.objects.filter(corrects__isnull=False).order_by()
    for pk, entity_id, number, correction, *amounts in notes.values_list(
        "pk", "entity_id", "number", "correction__pk", *COLUMNS
    ).iterator(chunk_size=2000):
        if amounts != of_note[pk]:
            report.add("credits", entity_id, number, "It is not the sum of its lines.")
        if correction is None:
            report.add("credits", entity_id, number, "Nothing says why it was issued and what became of the money.")
