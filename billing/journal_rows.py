"""Reads entries back as the journal's pure core knows them: legs, content, hash."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from billing.journal import EntryContent, Leg, Posted
from billing.journal_models import JournalEntry, Posting

_LEG = (
    "entry_id",
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
    rows = Posting.objects.filter(entry_id__in=list(entry_ids)).order_by("entry_id", "line_no").values_list(*_LEG)
    for entry_id, *leg in rows:
        found[entry_id].append(Leg(*leg))
    return {entry_id: tuple(legs) for entry_id, legs in found.items()}


def contents(entries: Sequence[JournalEntry]) -> list[tuple[EntryContent, Posted]]:
    """What these entries say, in their order. Give them with ``reverses`` selected."""
    legs = legs_of(entry.pk for entry in entries)
    return [
        (
            EntryContent(
                entity_id=entry.entity_id,
                key=entry.key,
                effective_date=entry.effective_date,
                description=entry.description,
                source_type=entry.source_type,
                source_id=entry.source_id,
                document_no=entry.document_no,
                reverses=entry.reverses.key if entry.reverses else "",
                legs=legs.get(entry.pk, ()),
            ),
            Posted(entry.created_at, entry.created_by_id),
        )
        for entry in entries
    ]
