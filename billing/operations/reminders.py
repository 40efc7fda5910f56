"""Sends reminders of open invoices: a person says so, for one or for all that may be sent now."""

from collections.abc import Callable, Iterable
from datetime import datetime

from django.db import transaction

from billing.document_models import Document
from billing.mail_models import OutgoingMail
from billing.operations.mail import sender_of
from billing.reminders import reminders
from chargebill.core import events
from chargebill.core.models import LegalEntity, User


def send_reminders(
    *,
    entity: LegalEntity,
    document_ids: Iterable[int] | None,
    link_of: Callable[[Document], str],
    actor: User | None,
    at: datetime,
) -> int:
    """Queues the reminders that may be sent now, of these documents or of all; returns how many. Sent twice it is once.

    Raises UserError no_sender, changing nothing. Documents nobody is to be reminded of now are left out.
    """
    sender = sender_of(entity)
    with transaction.atomic():
        LegalEntity.objects.select_for_update().get(pk=entity.pk)
        due, _ = reminders(entity, at, document_ids)
        rows = [
            OutgoingMail(
                entity=entity,
                key=f"reminder:{one.document.pk}:{one.level}",
                document=one.document,
                level=one.level,
                to=one.document.customer.email,
                sender=sender,
                link=link_of(one.document),
                next_try_at=at,
                queued_by=actor,
                queued_at=at,
            )
            for one in due
            if one.document.customer
        ]
        OutgoingMail.objects.bulk_create(rows, batch_size=500)
        for one in due:
            events.record(
                action="document.remind",
                subject=one.document,
                summary=f"Reminder {one.level} of {one.document.number} sent",
                actor=actor,
                at=at,
                entity=entity,
                changes={"open": f"{one.open_amount:f}", "days": one.days},
            )
    return len(rows)
