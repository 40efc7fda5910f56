"""Every entry with its legs: balance, content against its hash, month and posting."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db import DatabaseError

from billing.book_checks.model import Report
from billing.journal import Leg, entry_hash, imbalances
from billing.journal_models import JournalEntry, Posting
from billing.journal_rows import LEG, content_of

CHUNK = 500
# What a value that can't be read raises on its way from the database.
UNREADABLE = (ValueError, TypeError, ArithmeticError, AttributeError, DatabaseError)


def check(report: Report) -> None:
    pks = list(JournalEntry.objects.order_by("pk").values_list("pk", flat=True))
    report.entries, report.postings = len(pks), Posting.objects.count()
    seen = 0
    for start in range(0, len(pks), CHUNK):
        chunk = pks[start : start + CHUNK]
        try:
            seen += _check(report, chunk)
        except UNREADABLE:
            for pk in chunk:
                try:
                    seen += _check(report, [pk])
                except UNREADABLE as error:
                    report.add("content", None, f"entry {pk}", f"It can't be read: {error}.")
    if seen != report.postings and not report.counts["content"]:
        report.add("content", None, "legs", f"{report.postings - seen} legs belong to no entry or no account.")


def _check(report: Report, pks: Sequence[int]) -> int:
    """Returns how many legs it saw. Reads all before it says anything, so that it may be tried again row by row."""
    entries = {e.pk: e for e in JournalEntry.objects.filter(pk__in=pks).select_related("reverses", "period", "seal")}
    legs: dict[int, list[tuple[int, int, Leg]]] = defaultdict(list)
    rows = Posting.objects.filter(entry_id__in=pks).order_by("entry_id", "line_no")
    for entry_id, line_no, entity_id, *leg in rows.values_list("entry_id", "line_no", "account__entity_id", *LEG):
        legs[entry_id].append((line_no, entity_id, Leg(*leg)))
    found: list[tuple[str, int | None, int, str]] = []
    for pk in pks:
        entry = entries.get(pk)
        if entry is None:
            found.append(("content", None, pk, "The month it refers to is not there."))
        else:
            found += [(check, entry.entity_id, pk, said) for check, said in _breaks(entry, legs[pk])]
    for check, entity_id, pk, said in found:
        report.add(check, entity_id, f"entry {pk}", said)
    for check in ("balance", "content", "periods"):
        report.looked_at[check] += len(pks)
    return sum(map(len, legs.values()))


def _breaks(entry: JournalEntry, rows: Sequence[tuple[int, int, Leg]]) -> list[tuple[str, str]]:
    legs = tuple(leg for *_, leg in rows)
    found = []
    apart = imbalances(legs)
    if apart:
        said = ", ".join(f"{currency} {amount:f}" for currency, amount in apart.items())
        found.append(("balance", f"Debits and credits differ by {said}."))
    if len(legs) < 2:
        found.append(("balance", f"It has {len(legs)} legs."))
    if entry_hash(*content_of(entry, legs)) != entry.content_hash:
        found.append(("content", f"It does not say what it said when it was posted ({entry.key})."))
    if [line for line, *_ in rows] != list(range(1, len(rows) + 1)) or any(own != entry.entity_id for _, own, _ in rows):
        found.append(("content", "Its legs are not numbered from 1, or are on another company's account."))
    if entry.posted_at is None or entry.posted_at != entry.created_at:
        found.append(("periods", "It is not posted, or not when it was written."))
    month = entry.period
    if month.entity_id != entry.entity_id or month.first_day != entry.effective_date.replace(day=1):
        found.append(("periods", f"It is of {entry.effective_date} and in {month}."))
    sealed: Any = entry.is_sealed
    if sealed is not True or not hasattr(entry, "seal"):
        found.append(("chain", "It is not sealed, or its seal is gone."))
    return found
