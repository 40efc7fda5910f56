"""Keeps what a person says the columns of an acquirer's files mean, in versions."""

from datetime import datetime

from django.db import transaction

from billing.operations.settlements import look_into
from billing.settlement_models import SettlementFile, SettlementLayout
from billing.settlements import Layout, check, read_settlement
from chargebill.core import bulk, events
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User


def read_with(*, file: SettlementFile, title: str, layout: Layout, actor: User | None, at: datetime) -> SettlementLayout:
    """Says what the columns of a file mean, for this one and for others with them. The same again makes no new version.

    A layout is kept only if the file can be read with it. Raises UserError, changing nothing: title, layout, file_gone,
    taken_in, what read_settlement and look_into raise.
    """
    title = " ".join(title.split())
    if not title or len(title) > 100:
        raise UserError("title", "Give the layout a name of at most 100 characters. Nothing was changed.", "title")
    check(layout)
    with transaction.atomic():
        # Two people describing the same layout wait for each other here, as taking in does for its payouts.
        bulk.lock_alone(SettlementFile, file.pk)
        found = SettlementFile.objects.select_related("entity").filter(pk=file.pk).first()
        if found is None:
            raise UserError("file_gone", "Somebody discarded this file. Upload it again. Nothing was changed.")
        if found.taken_in_at is not None:
            raise UserError("taken_in", "This file was taken in, so it stays as it was read. Nothing was changed.")
        bulk.lock_alone(LegalEntity, found.entity_id)
        look_into(found.entity, read_settlement(bytes(found.content), layout), at)
        definition = layout.definition()
        last = SettlementLayout.objects.filter(entity=found.entity, title=title).order_by("-number").first()
        kept = last if last and last.definition == definition else None
        if kept is None:
            kept = SettlementLayout.objects.create(
                entity=found.entity, title=title, number=last.number + 1 if last else 1, definition=definition,
                created_by=actor, created_at=at,
            )  # fmt: skip
            events.record(
                action="settlement.layout",
                subject=kept,
                summary=f"Layout of terminal payouts “{title}” saved, version {kept.number}",
                actor=actor,
                at=at,
                entity=found.entity,
                changes={"was": last.definition if last else None, "definition": definition},
            )
        found.layout = kept
        found.save(update_fields=["layout"])
    return kept
