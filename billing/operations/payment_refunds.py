"""Owes back what was paid too much: money that is matched with nothing, or that became a customer's credit."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing.journal import Leg
from billing.operations.journal import post
from billing.operations.payment_entries import CREDIT, PAYABLE, Part, post_allocation
from billing.operations.payment_reversals import checked_reason
from billing.operations.payments import book_day, check_amount
from billing.operations.refunds import owe
from billing.payment_models import Payment, PaymentAllocation
from billing.payments import unmatched_of
from billing.refund_models import RefundDue
from chargebill.core import bulk
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User
from chargebill.core.money import Money
from memberships.models import Customer

ZERO = Decimal(0)


def give_back_unmatched(
    *, payment: Payment, amount: Decimal, key: str, reason: str, actor: User | None, at: datetime
) -> RefundDue:
    """Owes back what of a receipt is matched with nothing, or a part of it: 2090 against 2050, today.

    ``key`` as in owe, within the payment. Raises UserError, changing nothing: reason_missing, reason_too_long, amount,
    over_received, due_key_used, period_closed.
    """
    reason = checked_reason(reason)
    check_amount(amount, payment.currency)
    with transaction.atomic():
        bulk.lock_alone(Payment, payment.pk)
        payment = Payment.objects.select_related("entity", "customer", "reversal").get(pk=payment.pk)
        there = PaymentAllocation.objects.select_related("due").filter(payment=payment, key=f"back:{key}").first()
        if there is None and amount > unmatched_of(payment):
            raise _more_than(unmatched_of(payment), payment)
        due = _owe(payment, amount, key, payment.customer, actor, at)
        if there is None:
            made = _allocate(payment, due, f"back:{key}", reason, actor, at)
            post_allocation(payment, made, Part(amount, due=due), actor, at)
    return due


def give_back_credit(
    *, allocation: PaymentAllocation, amount: Decimal, key: str, reason: str, actor: User | None, at: datetime
) -> RefundDue:
    """Owes back what a customer paid too much and has as credit, or a part of it: 2000 against 2050, today.

    Raises UserError, changing nothing: reason_missing, reason_too_long, amount, no_credit (it is none, or not any more),
    over_received, due_key_used, period_closed.
    """
    reason = checked_reason(reason)
    payment = allocation.payment
    check_amount(amount, payment.currency)
    with transaction.atomic():
        bulk.lock_alone(Payment, payment.pk)
        payment = Payment.objects.select_related("entity", "customer").get(pk=payment.pk)
        found = PaymentAllocation.objects.select_related("customer").get(pk=allocation.pk)
        if PaymentAllocation.objects.filter(payment=payment, key=f"back:{key}").exists():
            return _owe(payment, amount, key, found.customer, actor, at)
        is_credit = found.customer_id and not found.document_id and not found.due_id and not found.reverses_id
        if not is_credit or PaymentAllocation.objects.filter(reverses=found).exists():
            raise UserError("no_credit", "This is no credit of a customer any more. Nothing was changed.")
        if amount > found.amount:
            raise _more_than(found.amount, payment)
        due = _owe(payment, amount, key, found.customer, actor, at)
        # The credit as it was goes, what is given back and what stays credit come in its place.
        _row(payment, f"back:{key}:credit", -found.amount, reason, actor, at, customer=found.customer, reverses=found)
        made = _allocate(payment, due, f"back:{key}", reason, actor, at)
        if found.amount > amount:
            _row(payment, f"back:{key}:left", found.amount - amount, reason, actor, at, customer=found.customer)
        who = found.customer_id
        post(
            entity=payment.entity,
            key=f"credit_owed:{made.pk}:1",
            effective_date=made.booked_on,
            legs=[
                Leg(CREDIT, amount, ZERO, payment.currency, customer_id=who),
                Leg(PAYABLE, ZERO, amount, payment.currency, customer_id=who),
            ],
            description=f"Credit of {found.customer} to be given back",
            source_type="payment",
            source_id=str(payment.pk),
            actor=actor,
            at=at,
        )
    return due


def _owe(payment: Payment, amount: Decimal, key: str, customer: Customer | None, actor: User | None, at: datetime) -> RefundDue:
    return owe(
        entity=payment.entity,
        customer=customer,
        document=None,
        amount=amount,
        currency=payment.currency,
        source_type="payment",
        source_id=str(payment.pk),
        key=f"payment:{payment.pk}:{key}",
        actor=actor,
        at=at,
    )


def _allocate(payment: Payment, due: RefundDue, key: str, reason: str, actor: User | None, at: datetime) -> PaymentAllocation:
    return _row(payment, key, due.amount, reason, actor, at, due=due)


def _row(
    payment: Payment, key: str, amount: Decimal, reason: str, actor: User | None, at: datetime, **of: Any
) -> PaymentAllocation:
    return PaymentAllocation.objects.create(
        payment=payment,
        key=key,
        amount=amount,
        booked_on=_today(payment.entity, at),
        reason=reason,
        made_by=actor,
        made_at=at,
        **of,
    )


def _today(entity: LegalEntity, at: datetime) -> date:
    today = entity.day_of(at)
    return book_day(entity, today, today)


def _more_than(left: Decimal, payment: Payment) -> UserError:
    return UserError(
        "over_received",
        f"{Money(left, payment.currency)} can be given back: somebody matched something meanwhile. Nothing was changed.",
        "amount",
    )
