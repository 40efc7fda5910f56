"""Records money received, says what it is for, and takes both back, each with its entry in the books.

Locks are taken in one order: documents by key, then the bank's line, then the payment. Nothing else writes payments.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import IntegrityError, transaction

from billing.bank_models import BankLine
from billing.document_models import Document
from billing.journal_models import AccountingPeriod
from billing.operations.journal import post_all
from billing.operations.payment_entries import Part, post_allocation, received_entry, said
from billing.payment_models import Payment, PaymentAllocation, PaymentMethod
from billing.payments import open_amounts, unmatched_of
from billing.settlement_models import SettlementPayout
from chargebill.core import bulk, events
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent, LegalEntity, User
from chargebill.core.money import Money, to_minor
from memberships.models import Customer

ZERO = Decimal(0)
LARGEST = Decimal(10) ** 12


def record_payment(
    *,
    entity: LegalEntity,
    key: str,
    method: str,
    amount: Decimal,
    currency: str,
    received_on: date,
    parts: Sequence[Part] = (),
    customer: Customer | None = None,
    payer: str = "",
    reference: str = "",
    bank_line: BankLine | None = None,
    gateway: str = "",
    gateway_reference: str = "",
    book_on: date | None = None,
    actor: User | None,
    at: datetime,
) -> Payment:
    """Records money received and what it is for; what no part takes stays not matched. Booked on the day it was received
    unless ``book_on`` says another.

    ``key`` is of the one intent: the same key with the same content gives the payment that is there. Raises UserError,
    changing nothing: payment_key_used, line_taken (somebody decided about the bank's line), amount, received_on,
    payment_text, part_amount, part_target, over_received, over_open, period_closed.
    """
    method = PaymentMethod(method)
    check_amount(amount, currency)
    check_texts(key, payer, reference)
    today = entity.day_of(at)
    if received_on > today and bank_line is None:
        raise UserError(
            "received_on", "That day is still to come. Enter the day the money came in. Nothing was changed.", "received_on"
        )
    made = Payment(
        entity=entity,
        key=key,
        method=method,
        amount=amount,
        currency=currency,
        received_on=received_on,
        booked_on=book_day(entity, book_on or received_on, today),
        customer=customer,
        payer=payer[:140],
        reference=reference,
        bank_line=bank_line,
        gateway=gateway,
        gateway_reference=gateway_reference,
        made_by=actor,
        made_at=at,
    )
    with transaction.atomic():
        _lock_documents(parts)
        if bank_line is not None:
            bulk.lock_alone(BankLine, bank_line.pk)
        there = _same(made, parts)
        if there is not None:
            return there
        if bank_line is not None and (taken := Payment.objects.filter(bank_line=bank_line).select_related("made_by").first()):
            raise _line_taken(taken)
        if bank_line is not None:
            if bank_line.refund_lines.exists():
                raise UserError("line_taken", "This line of the bank is a refund that came back. Nothing was changed.")
            if SettlementPayout.objects.filter(bank_line=bank_line).exists():
                raise UserError("line_taken", "This line of the bank is a payout of the acquirer. Nothing was changed.")
        _check_parts(made, parts, amount)
        try:
            with transaction.atomic():
                made.save(force_insert=True)
        except IntegrityError:
            there = _same(made, parts)
            if there is not None:
                return there
            raise
        _allocate(made, parts, key, made.booked_on, actor, at)
        post_all(entity=entity, entries=[received_entry(made, parts)], actor=actor, at=at)
        received_event(made, parts).save(force_insert=True)
    return made


def received_event(payment: Payment, parts: Sequence[Part]) -> AuditEvent:
    """What the trail says of a payment, not stored yet."""
    return events.draft(
        action="payment.record",
        subject=payment,
        summary=f"{payment.get_method_display()}, {Money(payment.amount, payment.currency)}: {said(parts)}",
        actor=payment.made_by,
        at=payment.made_at,
        entity=payment.entity,
        changes={"key": payment.key, "bank_line": payment.bank_line_id, "parts": _plain(parts)},
    )


def match_payment(
    *, payment: Payment, key: str, parts: Sequence[Part], actor: User | None, at: datetime
) -> list[PaymentAllocation]:
    """Says what money that was not matched is for, today. ``key`` as in record_payment.

    Raises UserError, changing nothing: payment_key_used, nothing_chosen, part_amount, part_target, over_received,
    over_open, taken_back, period_closed.
    """
    if not parts:
        raise UserError("nothing_chosen", "Choose the documents it is for. Nothing was changed.")
    check_texts(key, "", "")
    with transaction.atomic():
        _lock_documents(parts)
        payment = _locked(payment)
        there = list(payment.allocations.filter(key__startswith=f"{key}:"))
        if there:
            if [(a.document_id, a.customer_id, a.amount) for a in there] != [part.target for part in parts]:
                raise _key_used()
            return there
        if hasattr(payment, "reversal"):
            raise UserError("taken_back", "This payment was taken back. Nothing was changed.")
        _check_parts(payment, parts, unmatched_of(payment))
        today = payment.entity.day_of(at)
        made = _allocate(payment, parts, key, book_day(payment.entity, today, today), actor, at)
        for allocation, part in zip(made, parts, strict=True):
            post_allocation(payment, allocation, part, actor, at)
        events.record(
            action="payment.match",
            subject=payment,
            summary=f"{Money(sum((part.amount for part in parts), ZERO), payment.currency)}: {said(parts)}",
            actor=actor,
            at=at,
            entity=payment.entity,
            changes={"key": key, "parts": _plain(parts)},
        )
    return made


def book_day(entity: LegalEntity, wanted: date, today: date) -> date:
    """The day something is booked on: its own, or today where its month is closed already."""
    periods = AccountingPeriod.objects.filter(entity=entity)
    own = periods.filter(first_day=wanted.replace(day=1)).first()
    closed = AccountingPeriod.State.CLOSED
    is_closed = own.state == closed if own else periods.filter(first_day__gt=wanted, state=closed).exists()
    return today if is_closed else wanted


def _allocate(
    payment: Payment, parts: Sequence[Part], key: str, day: date, actor: User | None, at: datetime
) -> list[PaymentAllocation]:
    """One by one: each row is checked by the database against those before it."""
    return [
        PaymentAllocation.objects.create(
            payment=payment,
            key=f"{key}:{number}",
            document=part.document,
            customer=part.customer,
            amount=part.amount,
            booked_on=day,
            made_by=actor,
            made_at=at,
        )
        for number, part in enumerate(parts, 1)
    ]


def _lock_documents(parts: Sequence[Part]) -> None:
    bulk.lock_alone(Document, *(part.document.pk for part in parts if part.document))


def _locked(payment: Payment) -> Payment:
    bulk.lock_alone(Payment, payment.pk)
    return Payment.objects.select_related("entity", "customer", "reversal").get(pk=payment.pk)


def _same(made: Payment, parts: Sequence[Part]) -> Payment | None:
    """The payment that has this key; raises UserError when it says something else."""
    there = Payment.objects.filter(entity=made.entity, key=made.key).first()
    if there is None:
        return None
    said = (
        "method",
        "amount",
        "currency",
        "received_on",
        "customer_id",
        "payer",
        "reference",
        "bank_line_id",
        "gateway",
        "gateway_reference",
    )
    first = there.allocations.filter(key__startswith=f"{made.key}:")
    if [getattr(there, name) for name in said] != [getattr(made, name) for name in said] or [
        (a.document_id, a.customer_id, a.amount) for a in first
    ] != [part.target for part in parts]:
        raise _key_used()
    return there


def check_amount(amount: Decimal, currency: str) -> None:
    if not isinstance(amount, Decimal):
        raise TypeError(f"Money is made from Decimal, not {type(amount).__name__}: a float has already lost digits.")
    try:
        if not (amount.is_finite() and ZERO < amount < LARGEST):
            raise ValueError
        to_minor(amount, currency)
    except ValueError:
        raise UserError(
            "amount", f"{amount} is no amount of {currency} above zero. Check its digits. Nothing was changed.", "amount"
        ) from None


def check_texts(key: str, payer: str, reference: str) -> None:
    if not 0 < len(key) <= 100 or len(reference) > 200 or "\x00" in key + payer + reference:
        raise UserError(
            "payment_text", "A reference has at most 200 characters, none of them NUL. Nothing was changed.", "reference"
        )


def _check_parts(payment: Payment, parts: Sequence[Part], most: Decimal) -> None:
    """Under the locks of the documents: none gets more than is open, and all together no more than ``most``."""
    still = open_amounts(part.document.pk for part in parts if part.document)
    money = payment.currency
    for part in parts:
        check_amount(part.amount, money)
        if part.document and (part.document.entity_id != payment.entity_id or part.document.currency != money):
            raise UserError(
                "part_target", f"{part.document} is of another company or currency. Nothing was changed.", "documents"
            )
        if (part.customer and part.customer.entity_id != payment.entity_id) or not (part.document or part.customer):
            raise UserError("part_target", "A customer of this company gets the credit. Nothing was changed.", "documents")
        if part.document is None:
            continue
        if part.amount > still[part.document.pk]:
            raise UserError(
                "over_open",
                f"On {part.document} {Money(still[part.document.pk], money)} is open, less than {Money(part.amount, money)}:"
                " somebody matched something meanwhile. Look at it once more. Nothing was changed.",
                "documents",
            )
        still[part.document.pk] -= part.amount
    total = sum((part.amount for part in parts), ZERO)
    if total > most:
        raise UserError(
            "over_received",
            f"{Money(total, money)} is more than the {Money(most, money)} of the receipt that are not matched."
            " Nothing was changed.",
            "documents",
        )


def _line_taken(taken: Payment) -> UserError:
    by = f"{taken.made_by}" if taken.made_by else "ChargeBill"
    return UserError("line_taken", f"{by} decided about this receipt meanwhile: it is payment {taken.pk}. Nothing was changed.")


def _key_used() -> UserError:
    return UserError(
        "payment_key_used", "This form was sent before, with something else in it. Open it anew. Nothing was changed."
    )


def _plain(parts: Sequence[Part]) -> list[list[str | int | None]]:
    return [[*part.target[:2], f"{part.amount:f}"] for part in parts]
