"""Reads what acquirers took back: whether a document's money is held, and what of it may go back."""

from collections.abc import Iterable
from decimal import Decimal

from django.db.models import Exists, OuterRef, QuerySet

from billing.chargeback_models import ChargebackEnd, ChargebackFunds
from billing.payment_models import Payment, PaymentAllocation, PaymentMethod
from billing.refund_models import OVER, Refund

ZERO = Decimal(0)
BY_CARD = (PaymentMethod.TERMINAL, PaymentMethod.GATEWAY)
BACK = (ChargebackEnd.Kind.REINSTATED, ChargebackEnd.Kind.RECOVERED)


def held_funds() -> QuerySet[ChargebackFunds]:
    """What acquirers hold now."""
    return ChargebackFunds.objects.filter(ends__isnull=True)


def held_on(document_ids: Iterable[int]) -> dict[int, str]:
    """By document whose money an acquirer holds: where that is dealt with. One query. No refund of it goes out."""
    rows = held_funds().filter(document__in=list(document_ids)).order_by("-pk")
    return dict(rows.values_list("document_id", "reference"))


def is_held(document: str = "document") -> Exists:
    """Whether the money of the document a row points at is held, for queries."""
    return Exists(held_funds().filter(document=OuterRef(document)))


def card_payment(document_id: int) -> Payment | None:
    """The newest payment by card that is matched with a document; what an acquirer can take money back of."""
    mine = PaymentAllocation.objects.filter(document=document_id, reverses__isnull=True, reversed_by__isnull=True)
    found = mine.filter(payment__method__in=BY_CARD).select_related("payment").order_by("-pk").first()
    return found.payment if found else None


def left_to_take(document_id: int) -> Decimal:
    """What was paid on a document, less what was or is being refunded, and what chargebacks took and did not give back."""
    paid = _sum(PaymentAllocation.objects.filter(document=document_id))
    refunded = _sum(Refund.objects.filter(due__document=document_id).exclude(state__in=OVER))
    returned = ChargebackEnd.objects.filter(funds=OuterRef("pk"), kind__in=BACK)
    return paid - refunded - _sum(ChargebackFunds.objects.filter(~Exists(returned), document=document_id))


def losses_of(document_id: int) -> QuerySet[ChargebackEnd]:
    """What acquirers gave back of a charge for good: the customer has it."""
    recovered = ChargebackEnd.objects.filter(funds=OuterRef("funds"), kind=ChargebackEnd.Kind.RECOVERED)
    return ChargebackEnd.objects.filter(~Exists(recovered), funds__document=document_id, kind=ChargebackEnd.Kind.LOST)


def lost_on(document_id: int) -> Decimal:
    """So much of that no credit note accounts for. One query."""
    rows = losses_of(document_id).values_list("funds__amount", "credited")
    return sum((amount - credited for amount, credited in rows), ZERO)


def refunded_on(document_ids: Iterable[int]) -> dict[int, Decimal]:
    """By document what was paid back, once the money went out. One query."""
    found: dict[int, Decimal] = {}
    rows = Refund.objects.filter(due__document__in=list(document_ids), state="SUCCEEDED")
    for pk, amount in rows.values_list("due__document_id", "amount"):
        found[pk] = found.get(pk, ZERO) + amount
    return found


def _sum(rows: QuerySet[PaymentAllocation] | QuerySet[Refund] | QuerySet[ChargebackFunds]) -> Decimal:
    return sum(rows.values_list("amount", flat=True), ZERO)
