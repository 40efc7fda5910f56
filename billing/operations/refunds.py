"""Owes money back.

Locks are taken in one order: documents by key, then dues by key, then refunds by key, then lines of the bank.
"""

from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction

from billing.document_models import Document
from billing.operations.payments import check_amount
from billing.refund_models import RefundDue
from chargebill.core import events
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User
from chargebill.core.money import Money
from memberships.models import Customer

_SAID = ("customer_id", "document_id", "source_type", "source_id", "amount", "currency")


def owe(
    *,
    entity: LegalEntity,
    customer: Customer | None,
    document: Document | None,
    amount: Decimal,
    currency: str,
    source_type: str,
    source_id: str,
    key: str,
    actor: User | None,
    at: datetime,
) -> RefundDue:
    """Says that a company owes money back, to be refunded later. Books nothing: call it in the transaction that credits 2050.

    ``key`` is of the one reason: the same key with the same content gives the due that is there. Raises UserError, changing
    nothing: amount, due_target (a document or customer of another company or currency), due_key_used.
    """
    check_amount(amount, currency)
    if (document and (document.entity_id, document.currency) != (entity.pk, currency)) or (
        customer and customer.entity_id != entity.pk
    ):
        raise UserError("due_target", "The document or the customer is of another company or currency. Nothing was changed.")
    made = RefundDue(
        entity=entity,
        key=key,
        customer=customer,
        document=document,
        source_type=source_type,
        source_id=source_id,
        amount=amount,
        currency=currency,
        made_by=actor,
        made_at=at,
    )
    with transaction.atomic():
        if there := _same(made):
            return there
        try:
            with transaction.atomic():
                made.save(force_insert=True)
        except IntegrityError:
            if there := _same(made):
                return there
            raise
        to = f" to {customer}" if customer else ""
        events.record(
            action="refund.owe",
            subject=made,
            summary=f"{Money(amount, currency)} owed back{to}{f' for {document}' if document else ''}",
            actor=actor,
            at=at,
            entity=entity,
            changes={"key": key, "source": [source_type, source_id]},
        )
    return made


def _same(made: RefundDue) -> RefundDue | None:
    there = RefundDue.objects.filter(entity=made.entity, key=made.key).first()
    if there and [getattr(there, name) for name in _SAID] != [getattr(made, name) for name in _SAID]:
        raise UserError("due_key_used", "This is owed back already, with something else in it. Nothing was changed.")
    return there
