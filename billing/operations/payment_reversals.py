"""Takes back what was matched, or a payment that should not have been entered."""

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from billing.credits import money_left
from billing.document_models import Document
from billing.journal import Leg
from billing.operations.journal import post
from billing.operations.payment_entries import NOT_MATCHED, Part, post_allocation, received_on, said
from billing.operations.payments import book_day
from billing.payment_models import Payment, PaymentAllocation, PaymentReversal
from billing.refund_models import OVER, RefundDue, RefundDueReversal
from chargebill.core import bulk, events
from chargebill.core.errors import UserError
from chargebill.core.models import User
from chargebill.core.money import Money

ZERO = Decimal(0)
_WITH = ("payment__entity", "payment__customer", "document", "customer", "due")


def take_back_match(*, allocation: PaymentAllocation, reason: str, actor: User | None, at: datetime) -> PaymentAllocation:
    """The money is not matched again, and the document is open again, or nothing is owed back. Raises UserError, changing
    nothing: reason_missing, reason_too_long, already_taken_back, goes_back (a refund is on its way or paid),
    given_back (a credit note gave the money back), period_closed."""
    reason = checked_reason(reason)
    with transaction.atomic():
        if allocation.document_id:
            bulk.lock_alone(Document, allocation.document_id)
        if allocation.due_id:
            bulk.lock_alone(RefundDue, allocation.due_id)
        bulk.lock_alone(Payment, allocation.payment_id)
        found = PaymentAllocation.objects.select_related(*_WITH).get(pk=allocation.pk)
        if found.reverses_id or PaymentAllocation.objects.filter(reverses=found).exists():
            raise UserError("already_taken_back", "This match was taken back already. Nothing was changed.")
        return _back(found, reason, actor, at)


def take_back_payment(*, payment: Payment, reason: str, actor: User | None, at: datetime) -> PaymentReversal:
    """A payment entered by hand never was: what it was matched with is open again, and the money leaves the books.

    Raises UserError, changing nothing: reason_missing, reason_too_long, already_taken_back, from_the_bank (the bank says
    that it came in: take back what it was matched with instead), from_the_gateway, goes_back, given_back, period_closed.
    """
    reason = checked_reason(reason)
    with transaction.atomic():
        mine = PaymentAllocation.objects.filter(payment=payment, document__isnull=False)
        bulk.lock_alone(Document, *(pk for pk in mine.values_list("document_id", flat=True) if pk))
        given_back = PaymentAllocation.objects.filter(payment=payment, due__isnull=False)
        bulk.lock_alone(RefundDue, *(pk for pk in given_back.values_list("due_id", flat=True) if pk))
        bulk.lock_alone(Payment, payment.pk)
        payment = Payment.objects.select_related("entity", "customer", "reversal").get(pk=payment.pk)
        if payment.gateway:
            raise UserError(
                "from_the_gateway", "The gateway took this money. Give it back through the gateway instead. Nothing was changed."
            )
        if payment.bank_line_id:
            raise UserError(
                "from_the_bank",
                "The bank says that this money came in. Take back what it was matched with instead. Nothing was changed.",
            )
        if hasattr(payment, "reversal"):
            raise UserError("already_taken_back", "This payment was taken back already. Nothing was changed.")
        rows = payment.allocations.filter(reverses__isnull=True, reversed_by__isnull=True)
        for allocation in rows.select_related(*_WITH):
            _back(allocation, reason, actor, at)
        today = payment.entity.day_of(at)
        day = book_day(payment.entity, today, today)
        reversal = PaymentReversal.objects.create(payment=payment, booked_on=day, reason=reason, made_by=actor, made_at=at)
        customer = payment.customer_id
        post(
            entity=payment.entity,
            key=f"payment_taken_back:{payment.pk}:1",
            effective_date=day,
            legs=[
                Leg(NOT_MATCHED, payment.amount, ZERO, payment.currency, customer_id=customer),
                Leg(received_on(payment), ZERO, payment.amount, payment.currency),
            ],
            description=f"{payment.get_method_display()} taken back: {reason}"[:300],
            source_type="payment",
            source_id=str(payment.pk),
            actor=actor,
            at=at,
        )
        events.record(
            action="payment.take_back",
            subject=payment,
            summary=f"{payment.get_method_display()}, {Money(payment.amount, payment.currency)}, taken back",
            actor=actor,
            at=at,
            entity=payment.entity,
            reason=reason,
        )
    return reversal


def _back(allocation: PaymentAllocation, reason: str, actor: User | None, at: datetime) -> PaymentAllocation:
    payment = allocation.payment
    if allocation.document and (kept := money_left(allocation.document).kept) < allocation.amount:
        raise UserError(
            "given_back",
            f"Of what was paid on {allocation.document} only {Money(kept, payment.currency)} is left: a credit note gave the rest"
            " back. Nothing was changed.",
        )
    today = payment.entity.day_of(at)
    day = book_day(payment.entity, today, today)
    if allocation.due is not None:
        _not_owed(allocation.due, day, reason, actor, at)
    made = PaymentAllocation.objects.create(
        payment=payment,
        key=f"taken_back:{allocation.pk}",
        document=allocation.document,
        customer=allocation.customer,
        due=allocation.due,
        amount=-allocation.amount,
        booked_on=day,
        reverses=allocation,
        reason=reason,
        made_by=actor,
        made_at=at,
    )
    part = Part(allocation.amount, document=allocation.document, customer=allocation.customer, due=allocation.due)
    post_allocation(payment, made, part, actor, at, back=True)
    target = said([part])
    events.record(
        action="payment.unmatch",
        subject=payment,
        summary=f"{Money(allocation.amount, payment.currency)} for {target} taken back",
        actor=actor,
        at=at,
        entity=payment.entity,
        reason=reason,
    )
    return made


def _not_owed(due: RefundDue, day: date, reason: str, actor: User | None, at: datetime) -> None:
    if due.refunds.exclude(state__in=OVER).exists():
        raise UserError("goes_back", "This money is on its way back, or went back already. Nothing was changed.")
    RefundDueReversal.objects.create(due=due, booked_on=day, reason=reason, made_by=actor, made_at=at)


def checked_reason(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise UserError("reason_missing", "Say why. Nothing was changed.", "reason")
    if len(reason) > 200 or "\x00" in reason:
        raise UserError("reason_too_long", "Say it in 200 characters or less. Nothing was changed.", "reason")
    return reason
