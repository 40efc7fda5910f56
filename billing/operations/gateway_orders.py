"""Takes and gives back money through a gateway: what is asked is stored first, then sent once, then its outcome stored.

Never sent again on a guess: an order whose answer did not arrive is asked for (gateway_janitor.py) until it is known.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from billing.contested import contested_of, undisputed
from billing.document_models import Document
from billing.gateway_models import GatewayAttempt
from billing.gateway_registry import gateways
from billing.gateways import Gateway, Order, Outcome, RefundOrder, Result
from billing.operations.payment_entries import Part
from billing.operations.payments import check_amount, record_payment
from billing.operations.refund_moves import locked, mark_failed, mark_paid, move, prepare_refund
from billing.payment_models import Payment, PaymentMethod
from billing.payments import open_amounts
from billing.refund_models import OVER, Refund, RefundDue, RefundState
from chargebill.core import bulk, events
from chargebill.core.errors import UserError
from chargebill.core.models import User
from chargebill.core.money import Money

_log = logging.getLogger(__name__)
_A = GatewayAttempt.State
ZERO = Decimal(0)


def collect(
    *, document: Document, gateway: str, means: str, amount: Decimal, key: str, actor: User | None, at: datetime
) -> GatewayAttempt:
    """Has a gateway take money for a document; what came in is recorded as a payment of it. Call outside a transaction.

    The same key gives the attempt that is there and sends nothing. Raises UserError, having sent nothing: gateway_unknown,
    amount, means_missing, over_open, contested, attempt_open (the outcome of an earlier one is not known yet).
    """
    through = _gateway(gateway, "collects")
    check_amount(amount, document.currency)
    means = means.strip()
    if not 0 < len(means) <= 100 or not means.isprintable():
        raise UserError("means_missing", "Say what to take it from, in at most 100 characters. Nothing was changed.", "means")
    with transaction.atomic(durable=True):
        bulk.lock_alone(Document, document.pk)
        there = GatewayAttempt.objects.filter(document=document, key=key).first()
        if there is not None:
            return there
        if GatewayAttempt.objects.filter(document=document, state__in=(_A.SENT, _A.UNKNOWN)).exists():
            raise UserError(
                "attempt_open", "An earlier attempt’s outcome is not known yet. It is being asked for. Nothing was changed."
            )
        left = open_amounts([document.pk])
        if amount > left[document.pk]:
            raise UserError("over_open", f"Less than that is open on {document}. Nothing was changed.", "amount")
        contested = contested_of([document.pk])
        if amount > undisputed(left, contested)[document.pk]:
            cases = ", ".join(contested[document.pk].references)
            raise UserError(
                "contested", f"A part of {document} is contested: {cases}. Take the rest. Nothing was changed.", "amount"
            )
        attempt = GatewayAttempt.objects.create(
            document=document, key=key, gateway=gateway, means=means, amount=amount, made_by=actor, made_at=at
        )
        _say_attempt(attempt, "sent", actor, at)
    order = Order(attempt.order_key, amount, document.currency, means, document.number)
    return settle_attempt(attempt=attempt, result=_asked(lambda: through.capture(order)), actor=actor, at=at)


def settle_attempt(*, attempt: GatewayAttempt, result: Result, actor: User | None, at: datetime) -> GatewayAttempt:
    """Stores what a gateway says of an attempt; what is known already stays. Money that came in is recorded on its day.

    If less is open by now, the rest becomes the customer's credit, or stays not matched.
    """
    with transaction.atomic(durable=True):
        bulk.lock_alone(Document, attempt.document_id)
        bulk.lock_alone(GatewayAttempt, attempt.pk)
        attempt = GatewayAttempt.objects.select_related("document__entity", "document__customer").get(pk=attempt.pk)
        if attempt.state in (_A.SUCCEEDED, _A.FAILED):
            return attempt
        if result.outcome == Outcome.SUCCEEDED:
            attempt.state, attempt.reference = _A.SUCCEEDED, result.reference[:100] or attempt.order_key
            attempt.payment = _record(attempt, actor, at)
        elif result.outcome in (Outcome.FAILED, Outcome.NEVER_SEEN):
            attempt.state, attempt.reason = _A.FAILED, result.reason[:200] or "the gateway gave no reason"
        elif result.outcome == Outcome.UNKNOWN and attempt.state == _A.SENT:
            attempt.state = _A.UNKNOWN
        else:
            return attempt
        attempt.save(update_fields=["state", "reference", "reason", "payment"])
        _say_attempt(attempt, attempt.get_state_display().lower(), actor, at)
    return attempt


def _record(attempt: GatewayAttempt, actor: User | None, at: datetime) -> Payment:
    document = attempt.document
    still = max(open_amounts([document.pk])[document.pk], ZERO)
    share = min(still, attempt.amount)
    parts = [Part(share, document=document)] if share else []
    if attempt.amount > share and document.customer:
        parts.append(Part(attempt.amount - share, customer=document.customer))
    return record_payment(
        entity=document.entity,
        key=f"gateway:{attempt.pk}",
        method=PaymentMethod.GATEWAY,
        amount=attempt.amount,
        currency=document.currency,
        received_on=document.entity.day_of(at),
        parts=parts,
        customer=document.customer,
        reference=attempt.means,
        gateway=attempt.gateway,
        gateway_reference=attempt.reference,
        actor=actor,
        at=at,
    )


def refund_through_gateway(
    *, due: RefundDue, payment: Payment, amount: Decimal, key: str, actor: User | None, at: datetime
) -> Refund:
    """Gives money back through the gateway that took it. Call outside a transaction.

    The same key gives the refund that is there and sends nothing. Raises UserError, having sent nothing: gateway_unknown,
    refund_payment (of another company or currency, or by no gateway), partial_refund, over_captured (more than is left of
    what the gateway took), and what prepare_refund raises.
    """
    through = _gateway(payment.gateway, "refunds")
    if (payment.entity_id, payment.currency) != (due.entity_id, due.currency):
        raise UserError("refund_payment", "That payment is of another company or currency. Nothing was changed.", "payment")
    with transaction.atomic(durable=True):
        bulk.lock_alone(RefundDue, due.pk)
        bulk.lock_alone(Payment, payment.pk)
        is_new = not Refund.objects.filter(due=due, key=key).exists()
        if is_new:
            check_amount(amount, due.currency)
            _check_captured(amount, payment, through)
        refund = prepare_refund(
            due=due,
            key=key,
            amount=amount,
            method="GATEWAY",
            gateway=payment.gateway,
            gateway_reference=payment.gateway_reference,
            actor=actor,
            at=at,
        )
        if not is_new:
            return refund
        move(locked(refund), RefundState.SENT, actor=actor, at=at)
    order = RefundOrder(order_key(refund), amount, due.currency, payment.gateway_reference)
    return settle_refund(refund=refund, result=_asked(lambda: through.refund(order)), actor=actor, at=at)


def _check_captured(amount: Decimal, payment: Payment, through: Gateway) -> None:
    mine = Refund.objects.filter(gateway=payment.gateway, gateway_reference=payment.gateway_reference)
    others = mine.exclude(state__in=OVER).values_list("amount", flat=True)
    left = payment.amount - sum(others, ZERO)
    if amount > left:
        raise UserError(
            "over_captured", f"{Money(left, payment.currency)} is left of what was taken. Nothing was changed.", "amount"
        )
    if amount < payment.amount and not through.capabilities.partial_refunds:
        raise UserError("partial_refund", f"{through.label} gives back whole payments only. Nothing was changed.", "amount")


def order_key(refund: Refund) -> str:
    """What the gateway knows a refund by."""
    return f"refund:{refund.pk}"


def settle_refund(*, refund: Refund, result: Result, actor: User | None, at: datetime) -> Refund:
    """Stores what a gateway says of a refund: paid, failed (late, too: taken back in the books), not known."""
    with transaction.atomic(durable=True):
        bulk.lock_alone(RefundDue, refund.due_id)
        refund = locked(refund)
        if result.outcome == Outcome.SUCCEEDED and refund.state in (RefundState.SENT, RefundState.UNKNOWN):
            today = refund.due.entity.day_of(at)
            return mark_paid(refund=refund, paid_on=today, reference=result.reference[:140], actor=actor, at=at)
        if result.outcome in (Outcome.FAILED, Outcome.NEVER_SEEN) and refund.state != RefundState.FAILED:
            return mark_failed(refund=refund, reason=result.reason[:200] or "the gateway gave no reason", actor=actor, at=at)
        if result.outcome == Outcome.UNKNOWN and refund.state == RefundState.SENT:
            move(refund, RefundState.UNKNOWN, actor=actor, at=at)
    return refund


def _gateway(name: str, can: str) -> Gateway:
    found = gateways().get(name)
    if found is None or name == "offline" or not getattr(found.capabilities, can):
        raise UserError("gateway_unknown", f"No payment gateway {name!r} can do this here. Nothing was changed.", "gateway")
    return found


def _asked(does: Callable[[], Result]) -> Result:
    """A gateway that raises, or answers nonsense, leaves the outcome unknown: the order may have arrived."""
    try:
        result = does()
    except Exception:
        _log.exception("A gateway did not answer; what became of the order is asked for.")
        return Result(Outcome.UNKNOWN)
    # An order was just sent: that it was never seen is no answer to it.
    is_answer = isinstance(result, Result) and result.outcome != Outcome.NEVER_SEEN
    return result if is_answer else Result(Outcome.UNKNOWN)


def _say_attempt(attempt: GatewayAttempt, what: str, actor: User | None, at: datetime) -> None:
    events.record(
        action=f"gateway.{attempt.state.lower()}",
        subject=attempt,
        summary=f"{Money(attempt.amount, attempt.document.currency)} for {attempt.document} through {attempt.gateway}: {what}",
        actor=actor,
        at=at,
        entity=attempt.document.entity,
        reason=attempt.reason,
        changes={"reference": attempt.reference} if attempt.reference else {},
    )
