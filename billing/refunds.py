"""Reads what is owed back: what is left of it, where it stands, and whose account it may go to."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.db.models import Case, CharField, DecimalField, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from billing.bank_models import BankLine
from billing.chargebacks import is_held
from billing.payment_models import Payment, PaymentAllocation
from billing.refund_models import OVER, Refund, RefundDue, RefundState
from chargebill.core.models import LegalEntity

ZERO = Decimal(0)
# Half of the smallest minor unit: SQLite adds amounts as floats.
LEAST = Decimal("0.0005")
_MONEY: DecimalField[Decimal, Decimal] = DecimalField(max_digits=15, decimal_places=3)


def left_of(due_ids: Iterable[int]) -> dict[int, Decimal]:
    """What of each is neither refunded nor on its way, exactly; zero of what was taken back."""
    ids = list(due_ids)
    found = dict(RefundDue.objects.filter(pk__in=ids).values_list("pk", "amount"))
    for pk, amount in Refund.objects.filter(due_id__in=ids).exclude(state__in=OVER).values_list("due_id", "amount"):
        found[pk] -= amount
    for pk in RefundDue.objects.filter(pk__in=ids, reversal__isnull=False).values_list("pk", flat=True):
        found[pk] = ZERO
    return found


def with_state(dues: QuerySet[RefundDue]) -> QuerySet[RefundDue]:
    """Dues with ``left``, what is neither refunded nor on its way, and ``state``: taken_back, unknown, failed (an attempt
    failed and nothing is on its way), owed, part (some of it is left), sent, listed, paid."""
    mine = Refund.objects.filter(due=OuterRef("pk")).order_by()
    live = mine.exclude(state__in=OVER).values("due").annotate(total=Sum("amount"))
    taken = Coalesce(Subquery(live.values("total"), output_field=_MONEY), Value(ZERO), output_field=_MONEY)

    def has(*states: RefundState) -> Exists:
        return Exists(mine.filter(state__in=states))

    return dues.annotate(
        left=Case(When(reversal__isnull=False, then=Value(ZERO)), default=F("amount") - taken, output_field=_MONEY)
    ).annotate(
        state=Case(
            When(reversal__isnull=False, then=Value("taken_back")),
            When(has(RefundState.UNKNOWN), then=Value("unknown")),
            When(Q(left__gte=F("amount") - LEAST) & has(RefundState.FAILED), then=Value("failed")),
            When(left__gte=F("amount") - LEAST, then=Value("owed")),
            When(left__gte=LEAST, then=Value("part")),
            When(has(RefundState.SENT), then=Value("sent")),
            When(has(RefundState.PENDING), then=Value("listed")),
            default=Value("paid"),
            output_field=CharField(),
        )
    )


def refundable(entity: LegalEntity | None, currency: str = "") -> QuerySet[RefundDue]:
    """Dues of which something is left to refund and may go out now, the oldest first: no acquirer holds their money."""
    mine = RefundDue.objects.filter(entity=entity) if entity else RefundDue.objects.all()
    if currency:
        mine = mine.filter(currency=currency)
    rows: QuerySet[Any] = with_state(mine.exclude(is_held()))
    return rows.filter(left__gte=LEAST).order_by("pk")


def gateway_payments(due: RefundDue) -> QuerySet[Payment]:
    """Payments a gateway took that this may go back to: the one it is of, those on its document, those of its customer."""
    mine = Q(pk=due.source_id) if due.source_type == "payment" else Q(pk__in=[])
    if due.document_id:
        mine |= Q(allocations__document=due.document_id)
    if due.customer_id:
        mine |= Q(customer=due.customer_id)
    paid = Payment.objects.filter(mine, entity=due.entity_id, currency=due.currency, reversal__isnull=True)
    return paid.exclude(gateway="").distinct().order_by("-pk")


def payee_accounts(dues: Iterable[RefundDue]) -> dict[int, tuple[str, str]]:
    """(name, account) of who paid what is owed back, by due, where the bank said it: the payment it is of, else one on its
    document, else the newest of its customer. The number of queries does not depend on how many dues there are."""
    wanted = list(dues)
    documents = {due.document_id for due in wanted if due.document_id}
    customers = {due.customer_id for due in wanted if due.customer_id}
    sources = {int(due.source_id) for due in wanted if due.source_type == "payment"}
    known = BankLine.objects.filter(amount__gt=0).exclude(counterparty="")
    names = ("name", "counterparty")
    by_payment = {pk: said for pk, *said in known.filter(payment__in=sources).values_list("payment", *names)}
    paid = PaymentAllocation.objects.filter(document_id__in=documents, reversed_by__isnull=True, amount__gt=0)
    paid = paid.exclude(payment__bank_line=None).exclude(payment__bank_line__counterparty="").order_by("pk")
    columns = ("payment__bank_line__name", "payment__bank_line__counterparty")
    by_document = {pk: said for pk, *said in paid.values_list("document_id", *columns)}
    of_customer = known.filter(payment__customer_id__in=customers).order_by("booked_on", "pk")
    by_customer = {pk: said for pk, *said in of_customer.values_list("payment__customer_id", *names)}
    found = {}
    for due in wanted:
        said = (
            (by_payment.get(int(due.source_id)) if due.source_type == "payment" else None)
            or by_document.get(due.document_id)
            or by_customer.get(due.customer_id)
        )
        if said:
            found[due.pk] = (said[0] or (due.customer.name if due.customer else ""), said[1])
    return found
