"""What a company documented and collected in a stretch of days, by currency: the figures a month is compared by."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Case, Count, F, Value, When

from billing.document_models import Document, DocumentKind
from billing.exact import amount_of, exact_sum
from billing.payment_models import Payment
from chargebill.core.models import LegalEntity
from chargebill.core.periods import Period

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class MonthTotals:
    """``documents`` were issued on these days, with ``net``, ``tax`` and ``gross``; ``collected`` was received on them.

    Credit notes are documents, and take their amounts off.
    """

    documents: int = 0
    net: Decimal = ZERO
    tax: Decimal = ZERO
    gross: Decimal = ZERO
    collected: Decimal = ZERO


def totals(entity: LegalEntity, period: Period[date]) -> dict[str, MonthTotals]:
    """By currency. Payments that were taken back don't count. Two queries."""
    issued = Document.objects.filter(entity=entity, issue_date__gte=period.start, issue_date__lt=period.end)
    sign = Case(When(kind=DocumentKind.CREDIT_NOTE, then=Value(-1)), default=Value(1))
    net, tax, gross = (exact_sum(F(f"{side}_amount") * sign) for side in ("net", "tax", "gross"))
    sums = issued.order_by().values_list("currency").annotate(n=Count("pk"), net=net, tax=tax, gross=gross)
    documents = {row[0]: row[1:] for row in sums}
    received = Payment.objects.filter(
        entity=entity, received_on__gte=period.start, received_on__lt=period.end, reversal__isnull=True
    )
    rows = received.order_by().values_list("currency").annotate(total=exact_sum("amount"))
    collected = {currency: amount_of(total) for currency, total in rows}
    found = {}
    for currency in sorted({*documents, *collected}):
        count, net, tax, gross = documents.get(currency, (0, 0, 0, 0))
        amounts = (amount_of(net), amount_of(tax), amount_of(gross))
        found[currency] = MonthTotals(count, *amounts, collected.get(currency, ZERO))
    return found
