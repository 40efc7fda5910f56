"""Prepares refunds and says what became of them, each step with its entry in the books.

Paid back: 2050 against the bank (1000), the terminals' takings (1055) or the gateway (1050-NAME). Failed after that: the same
entry taken back. Nothing is booked before the money went out. Nothing else writes a refund's state.
"""

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from billing.chargebacks import held_on, left_to_take
from billing.journal import Leg
from billing.journal_models import JournalEntry
from billing.operations.journal import post, reverse
from billing.operations.payment_reversals import checked_reason
from billing.operations.payments import book_day, check_amount
from billing.payout_models import PayoutList
from billing.refund_models import MOVES, Refund, RefundDue, RefundEvent, RefundMethod, RefundState
from billing.refunds import left_of
from chargebill.core import bulk, events
from chargebill.core.errors import UserError
from chargebill.core.models import User
from chargebill.core.money import Money

ZERO = Decimal(0)
PAYABLE = "2050"
PAID_FROM = {RefundMethod.BANK: "1000", RefundMethod.CASH: "1000", RefundMethod.TERMINAL: "1055"}
_SAID = ("amount", "method", "payee_name", "payee_account", "gateway", "gateway_reference", "payout_list_id")


def account_of(refund: Refund) -> str:
    """The code of the account the money leaves."""
    return f"1050-{refund.gateway}" if refund.gateway else PAID_FROM[RefundMethod(refund.method)]


def prepare_refund(
    *,
    due: RefundDue,
    key: str,
    amount: Decimal,
    method: str,
    payee_name: str = "",
    payee_account: str = "",
    gateway: str = "",
    gateway_reference: str = "",
    payout_list: PayoutList | None = None,
    actor: User | None,
    at: datetime,
) -> Refund:
    """One attempt to give back what is owed, or a part of it. Books nothing.

    ``key`` is of the one intent: the same key with the same content gives the refund that is there. Raises UserError,
    changing nothing: amount, refund_key_used, not_owed (it was taken back), over_due (more than is left to refund),
    acquirer_holds, over_captured (chargebacks and refunds would be more than was paid).
    """
    check_amount(amount, due.currency)
    with transaction.atomic():
        bulk.lock_alone(RefundDue, due.pk)
        due = RefundDue.objects.select_related("entity", "customer", "document", "reversal").get(pk=due.pk)
        made = Refund(
            due=due,
            key=key,
            amount=amount,
            method=RefundMethod(method),
            payee_name=payee_name,
            payee_account=payee_account,
            gateway=gateway,
            gateway_reference=gateway_reference,
            payout_list=payout_list,
            made_by=actor,
            made_at=at,
        )
        there = Refund.objects.filter(due=due, key=key).first()
        if there is not None:
            if [getattr(there, name) for name in _SAID] != [getattr(made, name) for name in _SAID]:
                raise UserError(
                    "refund_key_used", "This form was sent before, with something else in it. Open it anew. Nothing was changed."
                )
            return there
        if hasattr(due, "reversal"):
            raise UserError("not_owed", "This is not owed back any more. Nothing was changed.")
        _check_acquirer(due, amount)
        left = left_of([due.pk])[due.pk]
        if amount > left:
            raise UserError(
                "over_due",
                f"{Money(left, due.currency)} is left to refund, less than {Money(amount, due.currency)}: somebody refunded"
                " something meanwhile, or the amount is wrong. Look at it once more. Nothing was changed.",
                "amount",
            )
        made.save(force_insert=True)
        _say(made, "refund.prepare", f"Refund {made} of {Money(amount, due.currency)} prepared", actor, at, key=key)
    return made


def _check_acquirer(due: RefundDue, amount: Decimal) -> None:
    """What an acquirer took back does not go out a second time."""
    if due.document is None:
        return
    if reference := held_on([due.document.pk]).get(due.document.pk):
        raise UserError(
            "acquirer_holds",
            f"The acquirer holds the money of {due.document} ({reference}). It is refunded once the chargeback has ended, so that"
            " nobody gets it twice. Nothing was changed.",
        )
    if due.document.chargeback_funds.exists() and amount > (left := left_to_take(due.document.pk)):
        raise UserError(
            "over_captured",
            f"{Money(left, due.currency)} of what was paid on {due.document} is left: a chargeback took the rest."
            " Nothing was changed.",
            "amount",
        )


def locked(refund: Refund) -> Refund:
    """The refund as it is now, held until the transaction ends."""
    bulk.lock_alone(Refund, refund.pk)
    return Refund.objects.select_related("due__entity", "due__customer", "due__document", "payout_list").get(pk=refund.pk)


def move(
    refund: Refund, state: str, *, reason: str = "", reference: str = "", on: date | None = None, actor: User | None, at: datetime
) -> None:
    """The one place where a refund's state changes: the event first, then the state. Give a refund from ``locked``.

    Raises UserError refund_state, changing nothing, where its state does not lead to this one.
    """
    if state not in MOVES.get(refund.state, ()):
        now = RefundState(refund.state).label.lower()
        raise UserError("refund_state", f"Refund {refund} is {now} by now. Look at it once more. Nothing was changed.")
    RefundEvent.objects.create(
        refund=refund, state=state, booked_on=on, reference=reference[:140], reason=reason[:200], made_by=actor, made_at=at
    )
    refund.state = state
    refund.save(update_fields=["state"])
    summary = f"Refund {refund} of {Money(refund.amount, refund.due.currency)}: {RefundState(state).label.lower()}"
    _say(refund, f"refund.{state.lower()}", summary, actor, at, reason=reason, reference=reference)


def pay_by_hand(
    *,
    due: RefundDue,
    key: str,
    amount: Decimal,
    method: str,
    paid_on: date,
    reference: str = "",
    actor: User | None,
    at: datetime,
) -> Refund:
    """Money that was given back already: transferred without a list, in cash, at the terminal. One step, booked.

    Raises UserError, changing nothing: refund_method, paid_on, what prepare_refund raises, period_closed.
    """
    if method not in PAID_FROM:
        raise UserError("refund_method", "Say how it was given back. Nothing was changed.", "method")
    with transaction.atomic():
        refund = prepare_refund(due=due, key=key, amount=amount, method=method, actor=actor, at=at)
        return mark_paid(refund=refund, paid_on=paid_on, reference=reference, actor=actor, at=at)


def mark_paid(*, refund: Refund, paid_on: date, reference: str = "", actor: User | None, at: datetime) -> Refund:
    """The money went out on that day, by the company's clock: booked. What was paid already stays as it is.

    Raises UserError, changing nothing: paid_on (a day to come), refund_text, refund_state, period_closed.
    """
    if len(reference) > 140 or "\x00" in reference:
        raise UserError("refund_text", "A reference has at most 140 characters. Nothing was changed.", "reference")
    with transaction.atomic():
        refund = locked(refund)
        if refund.state == RefundState.SUCCEEDED:
            return refund
        entity, today = refund.due.entity, refund.due.entity.day_of(at)
        if paid_on > today:
            raise UserError(
                "paid_on", "That day is still to come. Enter the day the money went out. Nothing was changed.", "paid_on"
            )
        on = book_day(entity, paid_on, today)
        move(refund, RefundState.SUCCEEDED, reference=reference, on=on, actor=actor, at=at)
        customer, number = refund.due.customer_id, refund.due.document.number if refund.due.document else ""
        # A refund is paid once: failed after that it never comes back, so its entry needs no other version.
        post(
            entity=entity,
            key=f"refund_paid:{refund.pk}:1",
            effective_date=on,
            legs=[
                Leg(PAYABLE, refund.amount, ZERO, refund.due.currency, customer_id=customer, description=number),
                Leg(account_of(refund), ZERO, refund.amount, refund.due.currency, description=refund.reference),
            ],
            description=f"Refund {refund} paid{f' for {number}' if number else ''}",
            source_type="refund",
            source_id=str(refund.pk),
            document_no=number,
            actor=actor,
            at=at,
        )
    return refund


def mark_failed(*, refund: Refund, reason: str, on: date | None = None, actor: User | None, at: datetime) -> Refund:
    """It did not go through, or came back later: what was booked is taken back, today or on the day ``on``, and the money
    is owed again. What has failed already stays as it is.

    Raises UserError, changing nothing: reason_missing, reason_too_long, refund_state, period_closed.
    """
    reason = checked_reason(reason)
    with transaction.atomic():
        # First the due: what has failed is owed again, and whoever refunds it waits for this.
        bulk.lock_alone(RefundDue, refund.due_id)
        refund = locked(refund)
        if refund.state == RefundState.FAILED:
            return refund
        was_paid = refund.state == RefundState.SUCCEEDED
        today = refund.due.entity.day_of(at)
        day = book_day(refund.due.entity, on or today, today)
        move(refund, RefundState.FAILED, reason=reason, on=day if was_paid else None, actor=actor, at=at)
        if was_paid:
            entry = JournalEntry.objects.select_related("entity").get(entity=refund.due.entity, key=f"refund_paid:{refund.pk}:1")
            reverse(entry=entry, effective_date=day, reason=f"Refund {refund}: {reason}"[:200], actor=actor, at=at)
    return refund


def _say(
    refund: Refund, action: str, summary: str, actor: User | None, at: datetime, *, reason: str = "", **changes: str
) -> None:
    events.record(
        action=action,
        subject=refund,
        summary=summary,
        actor=actor,
        at=at,
        entity=refund.due.entity,
        reason=reason,
        changes={"due": refund.due_id, **{name: value for name, value in changes.items() if value}},
    )
