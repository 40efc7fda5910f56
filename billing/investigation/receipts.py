"""The documents a session is on, the money received for them, and what goes back."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Model, Q

from billing import refunds
from billing.checks.record import BilledDocument, GivenBack, Received
from billing.document_models import Document, DocumentLine, DocumentTax
from billing.exact import amount_of, exact_sum
from billing.payment_models import Payment, PaymentAllocation
from billing.refund_models import RefundDue

ZERO = Decimal(0)
DAY = timedelta(days=1)
MOST = 100
_AMOUNTS = ("net_amount", "tax_amount", "gross_amount")
Amounts = tuple[Decimal, Decimal, Decimal]


@dataclass(frozen=True, slots=True)
class OnDocument:
    """A document with the session on it: its key, and what the checks read."""

    pk: int
    customer_id: int | None
    facts: BilledDocument


def documents(session_id: int) -> list[OnDocument]:
    """Every document with a line of the session, credit notes too, the oldest first. Three queries."""
    lines: dict[int, list[DocumentLine]] = defaultdict(list)
    rows = DocumentLine.objects.filter(session=session_id).select_related("document").order_by("document_id", "position")
    credited: dict[int, Decimal] = defaultdict(Decimal)
    for line in rows:
        lines[line.document_id].append(line)
        if line.corrects_id is not None:
            credited[line.corrects_id] += line.gross_amount
    of_lines, of_taxes = _sums(DocumentLine, lines), _sums(DocumentTax, lines)
    return [_on(mine, credited, of_lines, of_taxes) for mine in lines.values()]


def _sums(model: type[Model], document_ids: Iterable[int]) -> dict[int, Amounts]:
    """What the rows of each document add up to, exactly."""
    rows = model._default_manager.filter(document_id__in=list(document_ids)).order_by().values("document_id")
    summed = rows.annotate(**{f"{name}_sum": exact_sum(name) for name in _AMOUNTS})
    return {
        row["document_id"]: (
            amount_of(row["net_amount_sum"]),
            amount_of(row["tax_amount_sum"]),
            amount_of(row["gross_amount_sum"]),
        )
        for row in summed
    }


def _on(
    lines: Sequence[DocumentLine], credited: dict[int, Decimal], of_lines: dict[int, Amounts], of_taxes: dict[int, Amounts]
) -> OnDocument:
    document: Document = lines[0].document
    nothing = (ZERO, ZERO, ZERO)
    fixed: Decimal = sum((line.net_amount if document.anchor == "NET" else line.gross_amount for line in lines), ZERO)
    facts = BilledDocument(
        number=document.number,
        kind=document.kind,
        currency=document.currency,
        total=(document.net_amount, document.tax_amount, document.gross_amount),
        lines=of_lines.get(document.pk, nothing),
        taxes=of_taxes.get(document.pk, nothing),
        gross=sum((line.gross_amount for line in lines), ZERO),
        fixed=fixed,
        country=lines[0].country,
        is_credit=document.is_credit_note,
        credited=sum((credited[line.pk] for line in lines), ZERO),
        issued_on=document.issue_date,
    )
    return OnDocument(document.pk, document.customer_id, facts)


def payments(entity_id: int, found: Sequence[OnDocument], customer_id: int | None) -> tuple[Received, ...]:
    """Money for these documents, and what the same payer paid within a day of it. Three queries."""
    ids = [document.pk for document in found]
    allocated = PaymentAllocation.objects.filter(document_id__in=ids).select_related("payment")
    mine = {allocation.payment_id: allocation.payment for allocation in allocated}
    if not mine:
        return ()
    days = [payment.received_on for payment in mine.values()]
    payers = {payment.payer for payment in mine.values()} - {""}
    customers = {document.customer_id for document in found} | {customer_id}
    near = Payment.objects.filter(entity=entity_id, received_on__range=(min(days) - DAY, max(days) + DAY))
    same = near.filter(Q(customer_id__in=customers - {None}) | Q(payer__in=payers)).exclude(pk__in=list(mine))
    every = [*mine.values(), *same.filter(reversal__isnull=True).order_by("pk")[:MOST]]
    here, elsewhere, back = (defaultdict[int, Decimal](Decimal) for _ in range(3))
    rows = PaymentAllocation.objects.filter(payment_id__in=[payment.pk for payment in every])
    for payment_id, document_id, due_id, amount in rows.values_list("payment_id", "document_id", "due_id", "amount"):
        into = back if due_id is not None else here if document_id in ids else elsewhere if document_id is not None else None
        if into is not None:
            into[payment_id] += amount
    return tuple(
        Received(
            reference=payment.gateway_reference or payment.reference or payment.key,
            method=payment.method,
            currency=payment.currency,
            amount=payment.amount,
            received_on=payment.received_on,
            # Of a bank's, of cash and of terminals only the day is known: they were entered or read later.
            at=payment.made_at if payment.gateway else None,
            here=here[payment.pk],
            elsewhere=elsewhere[payment.pk],
            back=back[payment.pk],
        )
        for payment in sorted(every, key=lambda payment: payment.pk)
    )


def given_back(document_ids: Sequence[int]) -> tuple[GivenBack, ...]:
    """What is or was owed back for these documents, and where that stands. One query."""
    dues: Any = refunds.with_state(RefundDue.objects.filter(document_id__in=document_ids).select_related("document"))
    return tuple(
        GivenBack(due.key, due.document.number, due.currency, due.amount, due.state) for due in dues.order_by("pk")[:MOST]
    )
