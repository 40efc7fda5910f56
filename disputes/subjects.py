"""What a case can be about: lines of documents that are not wholly taken back, and sessions that are on none."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q

from billing.document_models import Document, DocumentKind, DocumentLine
from billing.models import Chargeable
from chargebill.core.errors import UserError
from disputes.models import ContestedItem
from memberships.models import Customer
from stations.models import Session

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that can be contested. ``gross_amount`` is what it costs now, credits taken off."""

    session: Session
    line: DocumentLine | None
    document: Document | None
    customer: Customer | None
    customer_kind: str
    currency: str
    gross_amount: Decimal


def subjects_of_lines(line_ids: Iterable[int]) -> list[Subject]:
    """Lines of receipts and invoices, as far as anything of them is left. Two queries."""
    related = ("session__entity", "document__entity", "document__customer")
    lines = list(
        DocumentLine.objects.select_related(*related)
        .filter(pk__in=list(line_ids), corrects__isnull=True)
        .exclude(document__kind=DocumentKind.CREDIT_NOTE)
        .order_by("pk")
    )
    credited: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for pk, amount in DocumentLine.objects.filter(corrects__in=lines).values_list("corrects_id", "gross_amount"):
        credited[pk or 0] += amount
    return [
        Subject(
            line.session, line, line.document, line.document.customer, line.document.customer_kind, line.document.currency,
            line.gross_amount - credited[line.pk],
        )
        for line in lines
        if line.gross_amount > credited[line.pk]
    ]  # fmt: skip


def subjects_of_session(session: Session) -> list[Subject]:
    """The lines a session is billed with now; of a session on no document its price. Raises UserError nothing_charged."""
    chargeable = Chargeable.objects.select_related("cdr__customer").filter(pk=session.pk).first()
    lines = DocumentLine.objects.filter(session=session, corrects__isnull=True).exclude(document__kind=DocumentKind.CREDIT_NOTE)
    if lines.exists():
        found = subjects_of_lines(lines.values_list("pk", flat=True))
        if not found:
            raise UserError("nothing_charged", "All of it was taken back already: there is nothing left to contest.")
        return found
    # Dropped: history, internal, or decided so. Nobody is asked for its price.
    dropped = chargeable is not None and chargeable.state == Chargeable.State.DROPPED
    if dropped or chargeable is None or chargeable.cdr is None or chargeable.cdr.gross_amount <= 0:
        raise UserError("nothing_charged", "Nothing is charged for this session: there is nothing to contest.")
    cdr = chargeable.cdr
    return [Subject(session, None, None, cdr.customer, cdr.customer_kind, cdr.currency, Decimal(cdr.gross_amount))]


def taken(session_ids: Iterable[int]) -> list[ContestedItem]:
    """Items of open cases about these sessions or their lines."""
    rows = ContestedItem.objects.select_related("case").filter(session__in=list(session_ids), is_open=True)
    return list(rows.order_by("pk"))


def in_the_way(subject: Subject, items: Iterable[ContestedItem]) -> ContestedItem | None:
    """The open item that is about the same: the same line, or the session as a whole."""
    for item in items:
        same_session = item.session_id == subject.session.pk
        if same_session and (subject.line is None or item.line_id in (None, subject.line.pk)):
            return item
    return None


def are_about_the_same(one: ContestedItem, other: ContestedItem) -> bool:
    """Whether two items are about the same line, or one of them about the session as a whole."""
    return one.session_id == other.session_id and (None in (one.line_id, other.line_id) or one.line_id == other.line_id)


def after_declined_award(session_ids: Iterable[int]) -> Q:
    """Cases about these sessions that ended because an award was declined."""
    return Q(items__session__in=list(session_ids), events__rule="T16")
