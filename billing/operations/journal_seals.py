"""Seals entries: gives each committed one its number and its place in the company's chain."""

from django.db import transaction

from billing.journal import Link, next_link
from billing.journal_models import JournalEntry, JournalSeal
from billing.operations.journal import hold_book
from chargebill.core.chores import chore
from chargebill.core.models import LegalEntity

# Entries a transaction seals: short enough that nobody waits for it.
CHUNK = 1000


def seal(*, entity: LegalEntity) -> int:
    """Seals what is posted and not sealed, in chunks that are each stored whole; returns how many. Posting never waits."""
    sealed = 0
    while chunk := seal_chunk(entity):
        sealed += chunk
        if chunk < CHUNK:
            break
    return sealed


def seal_chunk(entity: LegalEntity) -> int:
    """Seals up to CHUNK entries under the book's lock, in the order they were written in; returns how many."""
    with transaction.atomic():
        hold_book(entity)
        last = last_link(entity)
        entries = list(
            JournalEntry.objects.filter(entity=entity, is_sealed=False, posted_at__isnull=False)
            .order_by("pk")
            .values_list("pk", "content_hash")[:CHUNK]
        )
        seals = []
        for pk, entry_hash in entries:
            last = next_link(last, entry_hash)
            seals.append(
                JournalSeal(
                    entity=entity,
                    entry_id=pk,
                    seq=last.seq,
                    entry_hash=last.entry_hash,
                    previous=last.previous,
                    chain=last.chain,
                )
            )
        if entries:
            JournalSeal.objects.bulk_create(seals)
            JournalEntry.objects.filter(pk__in=[pk for pk, _ in entries]).update(is_sealed=True)
    return len(entries)


def last_link(entity: LegalEntity) -> Link | None:
    """The end of a company's chain; None before its first seal."""
    row = JournalSeal.objects.filter(entity=entity).order_by("-seq").values_list("seq", "entry_hash", "previous", "chain").first()
    return Link(*row) if row else None


@chore
def seal_all() -> int:
    """Seals every company's entries; returns how many. The worker does it every few seconds."""
    waiting = JournalEntry.objects.filter(is_sealed=False, posted_at__isnull=False).order_by()
    entities = LegalEntity.objects.filter(pk__in=waiting.values("entity_id").distinct()).order_by("pk")
    return sum(seal(entity=entity) for entity in entities)
