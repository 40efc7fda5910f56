"""Reads what changed after it was billed: what stands on the document, what it would be now, and what can be done."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Max, QuerySet

from billing.chargeables import State
from billing.credits import LineLeft, left_of_lines
from billing.difference_models import DecidedDifference, DifferenceDecision
from billing.document_models import BilledDifference, Document, DocumentLine
from billing.documents import Amounts, Fixed, add_up
from chargebill.core.models import LegalEntity

Way = DifferenceDecision.Way
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Changed:
    """A difference beside the ``document`` that holds its session now, with what is left of the session's ``lines``."""

    row: BilledDifference
    document: Document
    lines: tuple[LineLeft, ...]

    @property
    def cdr_id(self) -> int:
        """The price it was billed at."""
        cdr_id: int = self.row.session.chargeable.cdr_id
        return cdr_id

    @property
    def fixed(self) -> Fixed:
        return Fixed(self.document.anchor)

    @property
    def left(self) -> Amounts:
        return add_up(one.left for one in self.lines)

    @property
    def now(self) -> Decimal | None:
        """What it would be billed with on the side the document fixes; None without a price."""
        return self.row.net_amount if self.fixed is Fixed.NET else self.row.gross_amount

    @property
    def change(self) -> Decimal | None:
        """Incl. tax: below zero where it would cost less than what is left on the document. None without a price."""
        gross: Decimal | None = self.row.gross_amount
        return None if gross is None else gross - self.left.gross

    @property
    def at_stake(self) -> Decimal:
        """The money a decision is about, incl. tax: all that is left where there is nothing to compare it with."""
        comparable = self.change is not None and self.row.currency == self.document.currency
        return abs(self.change or ZERO) if comparable else self.left.gross

    def why_not(self, way: Way) -> str:
        """Why this can't be done, as a sentence; "" where it can."""
        if way == Way.LEAVE:
            return ""
        if not self.left.gross:
            return "Nothing is left on its document that could be credited."
        if way == Way.AGAIN:
            return "Another system took this money: billed again, it would count twice." if self.document.is_collected else ""
        return self._why_no_credit()

    def _why_no_credit(self) -> str:
        row, document = self.row, self.document
        if row.gross_amount is None:
            return "It would have no price now, so there is nothing to compare with."
        if row.state != State.READY:
            return "It would not be ready to bill now, so its price may not be the right one."
        if row.customer_id != document.customer_id:
            return "It would be billed to somebody else."
        if (row.currency, row.anchor) != (document.currency, document.anchor):
            return "It would be billed in another currency, or with the other side of the price fixed."
        if len(self.lines) != 1 or row.tax_rate is None:
            return "It has several tax rates: how much of the difference each has is not known."
        line = self.lines[0].line
        if (line.tax_rate, line.tax_code) != (row.tax_rate, row.tax_code):
            return "Its tax rate is another one now: a credit note takes back at the rate that was billed."
        return self._why_not_less()

    def _why_not_less(self) -> str:
        now, left = self.now, self.left.side(self.fixed)
        if now is None or now == left:
            return "What is left on its document is what it would cost now."
        if now > left:
            return "It would cost more now: that is billed again whole, never as a difference."
        return ""

    def amounts(self, way: Way) -> dict[int, Decimal]:
        """What is credited of each of its lines, by the line's key, on the side the document fixes."""
        if way == Way.CREDIT:
            return {self.lines[0].line.pk: self.left.side(self.fixed) - (self.now or ZERO)}
        return {one.line.pk: one.left_on(self.fixed) for one in self.lines}


def documents_of(session_ids: Iterable[int]) -> dict[int, int]:
    """The document that holds each session now: the last one that billed it. One query."""
    lines = DocumentLine.objects.filter(session_id__in=list(session_ids), corrects__isnull=True).order_by()
    return dict(lines.values_list("session_id").annotate(last=Max("document_id")))


def changed(rows: Iterable[BilledDifference]) -> list[Changed]:
    """Differences with their documents, in the order given. Four queries, however many."""
    rows = list(rows)
    on = documents_of(row.pk for row in rows)
    documents = Document.objects.select_related("entity", "customer").in_bulk(on.values())
    of: dict[tuple[int, int], list[LineLeft]] = defaultdict(list)
    lines = DocumentLine.objects.filter(session_id__in=on, document_id__in=documents, corrects__isnull=True)
    for one in left_of_lines(lines.order_by("document_id", "position")):
        of[one.line.document_id, one.line.session_id].append(one)
    return [Changed(row, documents[on[row.pk]], tuple(of[on[row.pk], row.pk])) for row in rows if row.pk in on]


def waiting(entity: LegalEntity) -> QuerySet[BilledDifference]:
    """A company's differences nobody has decided about, the newest first."""
    rows = BilledDifference.objects.filter(session__entity=entity).exclude(session__in=pending().values("session"))
    return rows.order_by("-noticed_at", "pk")


def pending() -> QuerySet[DecidedDifference]:
    """Sessions of decisions that wait for their second person."""
    return DecidedDifference.objects.filter(decision__needs_second=True, decision__confirmation__isnull=True)
