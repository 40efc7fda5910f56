"""Books what an acquirer takes back of a charge, and how it ends.

Taken: 1150 and, for its fee, 6010 against where the payment by card came to (1055, 1050-NAME). Given back: the other way
round, without the fee. Lost: against 1150, 2300 as far as a credit note says that the driver was right, else 6020. Recovered
after that: where it came to against these. Owed back and given back by the acquirer: 2050 against 2300.
"""

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from billing.chargeback_models import ChargebackEnd, ChargebackFunds
from billing.chargebacks import card_payment, left_to_take
from billing.document_models import Document
from billing.journal import Leg
from billing.operations.journal import post
from billing.operations.payment_entries import received_on
from billing.operations.payments import book_day, check_amount
from billing.refund_models import OVER, RefundDue, RefundDueReversal
from billing.refunds import with_state
from chargebill.core import bulk
from chargebill.core.errors import UserError
from chargebill.core.models import User
from chargebill.core.money import Money

ZERO = Decimal(0)
HELD, FEES, LOSS, CLEARING, PAYABLE = "1150", "6010", "6020", "2300", "2050"
_K = ChargebackEnd.Kind


def withdraw_funds(
    *, document: Document, key: str, reference: str, amount: Decimal, fee: Decimal, on: date, actor: User | None, at: datetime
) -> ChargebackFunds:
    """The acquirer took this back on a day of the company's calendar. From now on nothing of the document is refunded.

    ``key`` is of the one chargeback: a second time it gives what is there. Call it in the transaction that keeps the
    chargeback and writes the audit event. Raises UserError, changing nothing: amount, fee, on, not_by_card, over_captured
    (refunds and chargebacks would be more than was paid), period_closed.
    """
    check_amount(amount, document.currency)
    if fee:
        try:
            check_amount(fee, document.currency)
        except UserError as error:
            raise UserError(
                "fee", "The fee is no amount. Write it like 15.00, or leave it empty. Nothing was changed.", "fee"
            ) from error
    today = document.entity.day_of(at)
    if on > today:
        raise UserError("on", "The money was taken back on a day that is over. Nothing was changed.", "on")
    with transaction.atomic():
        bulk.lock_alone(Document, document.pk)
        bulk.lock_alone(RefundDue, *RefundDue.objects.filter(document=document).values_list("pk", flat=True))
        if there := ChargebackFunds.objects.filter(entity=document.entity_id, key=key).first():
            return there
        payment = card_payment(document.pk)
        if payment is None:
            raise UserError(
                "not_by_card",
                f"No payment by card is matched with {document}: match it first, then enter what was taken back."
                " Nothing was changed.",
            )
        if amount > (left := left_to_take(document.pk)):
            raise UserError(
                "over_captured",
                f"{Money(left, document.currency)} of what was paid on {document} is neither refunded nor taken back already."
                " Tell the acquirer what was refunded, or withdraw a refund that has not gone out. Nothing was changed.",
                "amount",
            )
        funds = ChargebackFunds.objects.create(
            entity=document.entity, key=key, document=document, payment=payment, reference=reference, amount=amount, fee=fee,
            currency=document.currency, booked_on=book_day(document.entity, on, today), made_by=actor, made_at=at,
        )  # fmt: skip
        legs = [Leg(HELD, amount, ZERO, funds.currency), *([Leg(FEES, fee, ZERO, funds.currency)] if fee else [])]
        legs.append(Leg(received_on(payment), ZERO, amount + fee, funds.currency))
        _post(funds, "chargeback_taken", f"Taken back by the acquirer, {reference}", legs, funds.booked_on, actor, at)
    return funds


def end_funds(
    *, funds: ChargebackFunds, won: bool, on: date, credited: Decimal = ZERO, actor: User | None, at: datetime
) -> ChargebackEnd:
    """The acquirer decided: the money comes back, or is lost. What was lost may still be won. The same again is once.

    ``credited``: of what is lost, what a credit note (returned_to TAKEN) took off the bill in this transaction.
    Raises UserError, changing nothing: already_ended (it came back already), period_closed.
    """
    with transaction.atomic():
        bulk.lock_alone(ChargebackFunds, funds.pk)
        funds = ChargebackFunds.objects.select_related("entity", "document", "payment").get(pk=funds.pk)
        ends = {end.kind: end for end in funds.ends.all()}
        kind = _K.LOST if not won else _K.RECOVERED if _K.LOST in ends else _K.REINSTATED
        if kind in ends:
            return ends[kind]
        if ends and kind != _K.RECOVERED:
            raise UserError("already_ended", "The acquirer gave this money back already. Nothing was changed.")
        day = book_day(funds.entity, min(on, funds.entity.day_of(at)), funds.entity.day_of(at))
        if kind == _K.RECOVERED:
            credited = ends[_K.LOST].credited
        end = ChargebackEnd.objects.create(
            funds=funds, kind=kind, credited=credited, booked_on=day, made_by=actor, made_at=at
        )  # fmt: skip
        here, all_of_it, currency = received_on(funds.payment), funds.amount, funds.currency
        lost = [(CLEARING, credited), (LOSS, all_of_it - credited)]
        if kind == _K.LOST:
            legs = [*[Leg(code, part, ZERO, currency) for code, part in lost if part], Leg(HELD, ZERO, all_of_it, currency)]
        elif kind == _K.RECOVERED:
            legs = [Leg(here, all_of_it, ZERO, currency), *[Leg(code, ZERO, part, currency) for code, part in lost if part]]
        else:
            legs = [Leg(here, all_of_it, ZERO, currency), Leg(HELD, ZERO, all_of_it, currency)]
        said = f"Chargeback {end.get_kind_display().lower()}, {funds.reference}"
        _post(funds, f"chargeback_{kind.lower()}", said, legs, day, actor, at)
    return end


def settle_dues(*, funds: ChargebackFunds, on: date, actor: User | None, at: datetime) -> Decimal:
    """What is owed back of the charge and can't be refunded any more, because the acquirer gave it back: settled against 2300.

    Call it in the transaction that ends the funds as lost, which clears 2300; returns how much this was. Of what is on its
    way or was paid in part nothing is settled. Raises UserError period_closed.
    """
    mine = with_state(RefundDue.objects.filter(document=funds.document, source_type__in=("document", "goodwill")))
    dues = [due for due in mine.order_by("pk") if due.left > 0]  # type: ignore[attr-defined]
    short = min(sum((due.left for due in dues), ZERO) - left_to_take(funds.document_id), funds.amount)  # type: ignore[attr-defined]
    day = book_day(funds.entity, min(on, funds.entity.day_of(at)), funds.entity.day_of(at))
    settled = ZERO
    for due in dues:
        if due.left != due.amount or due.amount > short - settled:  # type: ignore[attr-defined]
            continue
        bulk.lock_alone(RefundDue, due.pk)
        if due.refunds.exclude(state__in=OVER).exists():
            continue
        reason = f"The acquirer gave it back: {funds.reference}"
        RefundDueReversal.objects.create(due=due, booked_on=day, reason=reason, made_by=actor, made_at=at)
        legs = [
            Leg(PAYABLE, due.amount, ZERO, due.currency, customer_id=due.customer_id),
            Leg(CLEARING, ZERO, due.amount, due.currency),
        ]
        _post(funds, f"due_settled:{due.pk}", reason, legs, day, actor, at)
        settled += due.amount
    return settled


def _post(funds: ChargebackFunds, rule: str, said: str, legs: list[Leg], day: date, actor: User | None, at: datetime) -> None:
    post(
        entity=funds.entity,
        key=f"{rule}:{funds.pk}:1",
        effective_date=day,
        legs=legs,
        description=said,
        source_type="chargeback",
        source_id=str(funds.pk),
        document_no=funds.document.number,
        actor=actor,
        at=at,
    )
