"""Many receipts at once that pay one document each, to the cent: what terminals took, what the bank's lines name for certain.

Locks as for one payment: documents by key, then the bank's lines.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction

from billing.bank_models import BankLine
from billing.document_models import Document
from billing.operations.journal import post_all
from billing.operations.payment_entries import Part, received_entry
from billing.operations.payments import book_day, check_amount, check_texts, received_event, record_payment
from billing.payment_models import Payment, PaymentAllocation, PaymentMethod
from billing.payments import open_amounts
from chargebill.core import bulk
from chargebill.core.models import AuditEvent, LegalEntity, User

# Rows in one statement: SQLite takes 32,766 values at most.
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Settled:
    """A receipt that pays a document whole; ``key`` and the rest as ``record_payment`` takes them."""

    document: Document
    key: str
    method: PaymentMethod
    received_on: date
    payer: str = ""
    reference: str = ""
    bank_line: BankLine | None = None
    book_on: date | None = None


def settle(*, entity: LegalEntity, settled: Sequence[Settled], actor: User | None, at: datetime) -> list[Payment]:
    """Records them as ``record_payment`` does each, in a few statements, all or none.

    Where one of them is there already, or anything stands in its way, they are recorded one by one: what is there is found
    again. Raises what record_payment raises.
    """
    if not settled:
        return []
    with transaction.atomic():
        bulk.lock_alone(Document, *(one.document.pk for one in settled))
        bulk.lock_alone(BankLine, *(one.bank_line.pk for one in settled if one.bank_line))
        if _nothing_in_the_way(entity, settled, at):
            try:
                with transaction.atomic():
                    return _record(entity, settled, actor, at)
            except IntegrityError:
                # Somebody else used one of the keys meanwhile.
                pass
        return [_one(entity, one, actor, at) for one in settled]


def _nothing_in_the_way(entity: LegalEntity, settled: Sequence[Settled], at: datetime) -> bool:
    """Whether each would be recorded as it is."""
    keys = [one.key for one in settled]
    lines = [one.bank_line.pk for one in settled if one.bank_line]
    documents = [one.document for one in settled]
    still = open_amounts(document.pk for document in documents)
    for one in settled:
        check_texts(one.key, one.payer, one.reference)
        check_amount(one.document.gross_amount, one.document.currency)
    return (
        len({*keys}) == len({document.pk for document in documents}) == len(settled)
        and len({*lines}) == len(lines)
        and all(document.entity_id == entity.pk and still[document.pk] == document.gross_amount for document in documents)
        and all(one.bank_line is None or one.bank_line.amount == one.document.gross_amount for one in settled)
        and all(one.bank_line or one.received_on <= entity.day_of(at) for one in settled)
        and not Payment.objects.filter(entity=entity, key__in=keys).exists()
        and not Payment.objects.filter(bank_line__in=lines).exists()
    )


def _record(entity: LegalEntity, settled: Sequence[Settled], actor: User | None, at: datetime) -> list[Payment]:
    today = entity.day_of(at)
    wanted = {one.book_on or one.received_on for one in settled}
    days = {day: book_day(entity, day, today) for day in wanted}
    payments = [
        Payment(
            pk=pk,
            entity=entity,
            key=one.key,
            method=one.method,
            amount=one.document.gross_amount,
            currency=one.document.currency,
            received_on=one.received_on,
            booked_on=days[one.book_on or one.received_on],
            customer=one.document.customer,
            payer=one.payer[:140],
            reference=one.reference,
            bank_line=one.bank_line,
            made_by=actor,
            made_at=at,
        )
        for pk, one in zip(bulk.allocate_ids(Payment, len(settled)), settled, strict=True)
    ]
    parts = [[Part(payment.amount, document=one.document)] for payment, one in zip(payments, settled, strict=True)]
    Payment.objects.bulk_create(payments, batch_size=AT_ONCE)
    PaymentAllocation.objects.bulk_create(
        (
            PaymentAllocation(
                payment=payment,
                key=f"{payment.key}:1",
                document=part.document,
                amount=part.amount,
                booked_on=payment.booked_on,
                made_by=actor,
                made_at=at,
            )
            for payment, (part,) in zip(payments, parts, strict=True)
        ),
        batch_size=AT_ONCE,
    )
    both = list(zip(payments, parts, strict=True))
    post_all(entity=entity, entries=[received_entry(*one) for one in both], actor=actor, at=at)
    AuditEvent.objects.bulk_create([received_event(*one) for one in both], batch_size=AT_ONCE)
    return payments


def _one(entity: LegalEntity, one: Settled, actor: User | None, at: datetime) -> Payment:
    amount = one.bank_line.amount if one.bank_line else one.document.gross_amount
    return record_payment(
        entity=entity,
        key=one.key,
        method=one.method,
        amount=amount,
        currency=one.document.currency,
        received_on=one.received_on,
        parts=[Part(one.document.gross_amount, document=one.document)],
        customer=one.document.customer,
        payer=one.payer,
        reference=one.reference,
        bank_line=one.bank_line,
        book_on=one.book_on,
        actor=actor,
        at=at,
    )
