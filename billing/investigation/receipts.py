"""The documents sessions are on, the money received for them, and what goes back."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Model

from billing import refunds
from billing.checks.record import BilledDocument, GivenBack, Received
from billing.document_models import Document, DocumentLine, DocumentTax
from billing.exact import amount_of, exact_sum
from billing.investigation.windows import within
from billing.payment_models import Payment, PaymentAllocation, PaymentReversal
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


def documents(session_ids: Iterable[int]) -> dict[int, list[OnDocument]]:
    """By session every document with a line of it, credit notes too, the oldest first. Three queries."""
    rows = (
        DocumentLine.objects.filter(session__in=list(session_ids)).select_related("document").order_by("document_id", "position")
    )
    lines: dict[tuple[int, int], list[DocumentLine]] = defaultdict(list)
    credited: dict[int, Decimal] = defaultdict(Decimal)
    for line in rows:
        lines[line.session_id, line.document_id].append(line)
        if line.corrects_id is not None:
            credited[line.corrects_id] += line.gross_amount
    on = {document_id for _, document_id in lines}
    of_lines, of_taxes = _sums(DocumentLine, on), _sums(DocumentTax, on)
    found: dict[int, list[OnDocument]] = defaultdict(list)
    for (session_id, _), mine in lines.items():
        found[session_id].append(_on(mine, credited, of_lines, of_taxes))
    return found


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


@dataclass(frozen=True, slots=True)
class _Paid:
    """What is asked about the money for one session: its documents, whoever may have paid, what was paid for them, when."""

    documents: frozenset[int]
    customers: frozenset[int]
    mine: dict[int, Payment]

    def spans(self) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        """The payments near by, asked by customer and by the payer's name."""
        days = [payment.received_on for payment in self.mine.values()]
        span = (min(days) - DAY, max(days) + DAY)
        payers = {payment.payer for payment in self.mine.values()} - {""}
        return [(customer, *span) for customer in self.customers], [(payer, *span) for payer in payers]


def payments(
    entity_id: int, found: Mapping[int, Sequence[OnDocument]], customers: Mapping[int, int | None]
) -> dict[int, tuple[Received, ...]]:
    """By session the money for its documents, and what the same payer paid within a day of it. Five queries.

    ``customers`` are whom the sessions' prices were made for. Sessions on the same documents are asked about once.
    """
    on = {document.pk for documents in found.values() for document in documents}
    of_document: dict[int, list[Payment]] = defaultdict(list)
    for allocation in PaymentAllocation.objects.filter(document_id__in=on).select_related("payment") if on else ():
        of_document[allocation.document_id or 0].append(allocation.payment)
    asked: dict[tuple[frozenset[int], frozenset[int]], list[int]] = defaultdict(list)
    for session_id, documents in found.items():
        ids = frozenset(document.pk for document in documents)
        payers = frozenset({document.customer_id for document in documents} | {customers.get(session_id)}) - {None}
        asked[ids, frozenset(pk for pk in payers if pk is not None)].append(session_id)
    paid = {key: _Paid(*key, {payment.pk: payment for pk in key[0] for payment in of_document[pk]}) for key in asked}
    paid = {key: one for key, one in paid.items() if one.mine}
    every = _with_near(entity_id, list(paid.values()))
    allocations: dict[int, list[tuple[int | None, int | None, Decimal]]] = defaultdict(list)
    rows = PaymentAllocation.objects.filter(payment_id__in={payment.pk for mine in every for payment in mine})
    for payment_id, document_id, due_id, amount in rows.values_list("payment_id", "document_id", "due_id", "amount"):
        allocations[payment_id].append((document_id, due_id, amount))
    received: dict[int, tuple[Received, ...]] = {}
    for (key, one), mine in zip(paid.items(), every, strict=True):
        told = tuple(_received(payment, one.documents, allocations[payment.pk]) for payment in mine)
        received |= dict.fromkeys(asked[key], told)
    return received


def _with_near(entity_id: int, paid: Sequence[_Paid]) -> list[list[Payment]]:
    """The payments of each, with those near by that were not taken back, by their keys."""
    most = MOST + max((len(one.mine) for one in paid), default=0)
    standing = (
        f"t.entity_id = {int(entity_id)} AND NOT EXISTS"
        f" (SELECT 1 FROM {connection.ops.quote_name(PaymentReversal._meta.db_table)} r WHERE r.payment_id = t.id)"
    )
    near: list[set[int]] = [set() for _ in paid]
    for number, key in enumerate(("customer_id", "payer")):
        spans = [(of, span) for of, one in enumerate(paid) for span in one.spans()[number]]
        rows = within(
            Payment, [span for _, span in spans], keys=[key], moment="received_on", most=most, condition=standing, by_pk=True
        )
        for (of, _), pks in zip(spans, rows, strict=True):
            near[of].update(pks)
    others = [sorted(pks - one.mine.keys())[:MOST] for one, pks in zip(paid, near, strict=True)]
    known = Payment.objects.in_bulk({pk for pks in others for pk in pks})
    every = [[*one.mine.values(), *(known[pk] for pk in pks)] for one, pks in zip(paid, others, strict=True)]
    return [sorted(mine, key=lambda payment: payment.pk) for mine in every]


def _received(
    payment: Payment, documents: frozenset[int], allocations: Iterable[tuple[int | None, int | None, Decimal]]
) -> Received:
    here = elsewhere = back = ZERO
    for document_id, due_id, amount in allocations:
        if due_id is not None:
            back += amount
        elif document_id in documents:
            here += amount
        elif document_id is not None:
            elsewhere += amount
    return Received(
        reference=payment.gateway_reference or payment.reference or payment.key,
        method=payment.method,
        currency=payment.currency,
        amount=payment.amount,
        received_on=payment.received_on,
        # Of a bank's, of cash and of terminals only the day is known: they were entered or read later.
        at=payment.made_at if payment.gateway else None,
        here=here,
        elsewhere=elsewhere,
        back=back,
    )


def given_back(found: Mapping[int, Sequence[OnDocument]]) -> dict[int, tuple[GivenBack, ...]]:
    """By session what is or was owed back for its documents, and where that stands. One query."""
    on = {document.pk for documents in found.values() for document in documents}
    dues: Any = refunds.with_state(RefundDue.objects.filter(document_id__in=on).select_related("document")).order_by("pk")
    of_document: dict[int, list[Any]] = defaultdict(list)
    for due in dues if on else ():
        of_document[due.document_id].append(due)
    back: dict[int, tuple[GivenBack, ...]] = {}
    for session_id, documents in found.items():
        mine = sorted((due for document in documents for due in of_document[document.pk]), key=lambda due: due.pk)[:MOST]
        back[session_id] = tuple(GivenBack(due.key, due.document.number, due.currency, due.amount, due.state) for due in mine)
    return back
