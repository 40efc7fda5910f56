"""Reads entries back as the journal's pure core knows them: legs, content, hash."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from billing.journal import EntryContent, Leg, Posted
from billing.journal_models import JournalEntry, Posting

# The fields of a Leg, in its order.
LEG = (
    "account__code",
    "debit",
    "credit",
    "currency",
    "tax_code",
    "tax_rate",
    "tax_amount",
    "customer_id",
    "description",
)


def legs_of(entry_ids: Iterable[int]) -> dict[int, tuple[Leg, ...]]:
    """The legs of entries, in their order."""
    found: dict[int, list[Leg]] = defaultdict(list)
    rows = Posting.objects.filter(entry_id__in=list(entry_ids)).order_by("entry_id", "line_no")
    for entry_id, *leg in rows.values_list("entry_id", *LEG):
        found[entry_id].append(Leg(*leg))
    return {entry_id: tuple(legs) for entry_id, legs in found.items()}


def content_of(entry: JournalEntry, legs: tuple[Leg, ...]) -> tuple[EntryContent, Posted]:
    """What an entry with these legs says. Give it with ``reverses`` selected."""
    content = EntryContent(
        entity_id=entry.entity_id,
        key=entry.key,
        effective_date=entry.effective_date,
        description=entry.description,
        source_type=entry.source_type,
        source_id=entry.source_id,
        document_no=entry.document_no,
        reverses=entry.reverses.key if entry.reverses else "",
        legs=legs,
    )
    return content, Posted(entry.created_at, entry.created_by_id)


def contents(entries: Sequence[JournalEntry]) -> list[tuple[EntryContent, Posted]]:
    """What these entries say, in their order. Give them with ``reverses`` selected."""
    legs = legs_of(entry.pk for entry in entries)
    return [content_of(entry, legs.get(entry.pk, ())) for entry in entries]
