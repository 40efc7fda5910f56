"""Reads what was taken back of documents and what is left: by line, and of the money that was paid."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from billing.credit_models import Correction
from billing.document_models import Document, DocumentLine
from billing.documents import NOTHING, Amounts, Fixed, credit
from billing.payment_models import PaymentAllocation

ZERO = Decimal(0)


def amounts_of(row: Document | DocumentLine) -> Amounts:
    return Amounts(row.net_amount, row.tax_amount, row.gross_amount)


@dataclass(frozen=True, slots=True)
class LineLeft:
    """A line of a document with what was credited on it so far; ``accounts`` is the net left by account of the journal."""

    line: DocumentLine
    credited: Amounts
    accounts: dict[str, Decimal]

    @property
    def left(self) -> Amounts:
        return amounts_of(self.line) - self.credited

    def left_on(self, fixed: Fixed) -> Decimal:
        """What may still be credited of the side the document fixes."""
        return self.left.side(fixed)

    def taking(self, amount: Decimal, fixed: Fixed, currency: str) -> Amounts:
        """What a credit note of ``amount`` on that side takes off the line, exactly. Raises ValueError for more than is left."""
        return credit(amounts_of(self.line), amount=amount, credited=self.credited, fixed=fixed, currency=currency)


@dataclass(frozen=True, slots=True)
class MoneyLeft:
    """What became of a document's gross: ``open`` is still owed by the customer, ``kept`` was paid and not given back."""

    open: Decimal
    kept: Decimal


def lines_left(document: Document, line_ids: Iterable[int] | None = None) -> list[LineLeft]:
    """The document's lines, or these of them, in their order. Two queries."""
    rows = DocumentLine.objects.filter(document=document)
    if line_ids is not None:
        rows = rows.filter(pk__in=list(line_ids))
    return left_of_lines(rows.order_by("position"))


def left_of_lines(lines: Iterable[DocumentLine]) -> list[LineLeft]:
    """What is left of lines of any documents, in their order. Two queries."""
    lines = list(lines)
    credited: dict[int, Amounts] = defaultdict(lambda: NOTHING)
    taken: dict[int, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in DocumentLine.objects.filter(corrects__in=lines):
        credited[row.corrects_id or 0] += amounts_of(row)
        for account, net in row.revenue.items():
            taken[row.corrects_id or 0][account] += Decimal(net)
    return [
        LineLeft(
            line, credited[line.pk], {account: Decimal(net) - taken[line.pk][account] for account, net in line.revenue.items()}
        )
        for line in lines
    ]


def money_left(document: Document) -> MoneyLeft:
    """Of a document that is no credit note, exactly. Two queries."""
    paid = sum(PaymentAllocation.objects.filter(document=document).values_list("amount", flat=True), ZERO)
    off = back = ZERO
    for open_amount, returned in Correction.objects.filter(document=document).values_list("open_amount", "returned_amount"):
        off, back = off + open_amount, back + returned
    return MoneyLeft(document.gross_amount - off - paid, paid - back)
