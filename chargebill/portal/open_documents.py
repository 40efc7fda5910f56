"""Open documents with their days, as a page and as CSV; and what was paid on one, with the form for money by hand."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from billing import payments
from billing.document_models import Document
from billing.gateway_registry import collecting
from billing.operations.gateway_orders import collect
from billing.operations.payment_entries import Part
from billing.operations.payments import LARGEST, record_payment
from billing.payment_models import Payment, PaymentMethod
from chargebill.core.csvsafe import safe_cell
from chargebill.core.errors import UserError
from chargebill.core.keys import key_in, row_in
from chargebill.core.models import LegalEntity
from chargebill.core.money import round_money
from chargebill.portal import format as written
from chargebill.portal.paid import paid_on
from chargebill.portal.payment_frame import (
    PER_PAGE,
    READ_DOCUMENTS,
    READ_PAYMENTS,
    RECORD,
    allow,
    amount_in,
    day_in,
    form_key,
    frame,
)
from chargebill.portal.refunds import READ_REFUNDS
from chargebill.portal.session_export import Cell, csv_lines
from chargebill.portal.site import page

COLLECT = "billing.add_gatewayattempt"
BY_HAND = (PaymentMethod.BANK, PaymentMethod.CASH)
HEADER = ("number", "company", "customer", "issued_on", "days_open", "gross", "open", "currency")


def _selected(request: HttpRequest) -> tuple[LegalEntity | None, str, int, str, QuerySet[Document]]:
    """Company, words, days at least, the query again, and the documents, the oldest first."""
    entity, q = row_in(LegalEntity, request.GET.get("entity", "")), request.GET.get("q", "").strip()[:100]
    days = min(key_in(request.GET.get("days", "")) or 0, 10_000)
    rows = payments.open_documents(entity).select_related("customer", "entity")
    if q:
        rows = rows.filter(Q(number__icontains=q) | Q(customer__name__icontains=q) | Q(customer__company__icontains=q))
    if days:
        today = timezone.now().date()
        rows = rows.filter(issue_date__lte=date.fromordinal(max(today.toordinal() - days, 1)))
    said = {"entity": entity.pk if entity else "", "q": q, "days": days or ""}
    return entity, q, days, urlencode({name: str(value) for name, value in said.items() if value}), rows


@page("open-documents/", name="open_documents")
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    allow(request, READ_DOCUMENTS, READ_PAYMENTS)
    entity, q, days, query, rows = _selected(request)
    shown = Paginator(rows, PER_PAGE).get_page(request.GET.get("p"))
    totals: dict[str, Decimal] = {}
    for currency, amount in rows.order_by().values_list("currency", "open_amount").iterator():
        totals[currency] = totals.get(currency, Decimal(0)) + round_money(amount, currency)
    context = frame(
        request,
        "Open documents",
        companies=list(LegalEntity.objects.order_by("name")),
        entity=entity,
        q=q,
        days=days,
        query=query,
        page=shown,
        rows=[(document, _days_open(document)) for document in shown],
        total=" + ".join(written.money(amount, currency) for currency, amount in sorted(totals.items())),
        choices=[(14, "14 days"), (30, "30 days"), (60, "60 days"), (90, "90 days")],
    )
    return TemplateResponse(request, "portal/payments/open.html", context)


def _days_open(document: Document) -> int:
    return (document.entity.day_of(timezone.now()) - document.issue_date).days


@page("open-documents/open-documents.csv", name="open_documents_csv")
@require_GET
def export(request: HttpRequest) -> StreamingHttpResponse:
    """All the page lists, not only what is on one page of it."""
    allow(request, READ_DOCUMENTS, READ_PAYMENTS)
    rows = _selected(request)[-1]
    return StreamingHttpResponse(
        csv_lines(HEADER, _cells(rows)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="open-documents.csv"'},
    )


def _cells(rows: QuerySet[Document]) -> Iterator[list[Cell]]:
    for document in rows.iterator(chunk_size=1000):
        yield [
            safe_cell(document.number),
            safe_cell(document.entity.name),
            safe_cell(document.customer.name if document.customer else ""),
            document.issue_date.isoformat(),
            _days_open(document),
            round_money(document.gross_amount, document.currency),
            round_money(document.open_amount, document.currency),
            document.currency,
        ]


@page("open-documents/<int:pk>/", name="document_payments")
def document_payments(request: HttpRequest, pk: int) -> HttpResponse:
    """What is open on a document, what was paid, and the form that records money by hand."""
    allow(request, READ_DOCUMENTS, READ_PAYMENTS)
    document = Document.claims.select_related("entity", "customer").filter(pk=pk).first()
    if document is None:
        raise Http404("There is no such document.")
    if document.is_credit_note:
        return redirect("admin:document_payments", document.corrects_id)
    refusal = None
    if request.method == "POST" and "gateway" in request.POST:
        return _collect(request, document)
    if request.method == "POST":
        allow(request, RECORD)
        try:
            payment = _record(request, document)
        except UserError as error:
            refusal = error
        else:
            messages.success(request, f"{written.money(payment.amount, payment.currency)} is recorded: payment {payment.pk}.")
            return redirect("admin:document_payments", pk)
    (paid,) = paid_on([document], with_refunds=request.user.has_perm(READ_REFUNDS))
    context = frame(
        request,
        f"What was paid on {document.number}",
        ("Open documents", reverse("admin:open_documents")),
        document=document,
        sees_take_over=request.user.has_perm("billing.view_takeover"),
        paid=paid,
        gateways=collecting() if request.user.has_perm(COLLECT) else [],
        attempts=document.gateway_attempts.select_related("made_by").order_by("pk"),
        means=list(document.customer.gateway_customers.all()) if document.customer else [],
        plain_open=f"{round_money(paid.open_amount, document.currency):f}",
        zone=document.entity.time_zone or "UTC",
        refusal=refusal,
        methods=[(method.value, method.label) for method in BY_HAND],
        given=_given(request, document, paid.open_amount),
    )
    return TemplateResponse(request, "portal/payments/document.html", context)


def _collect(request: HttpRequest, document: Document) -> HttpResponse:
    """Has a gateway take the money, and says what it answered."""
    allow(request, COLLECT)
    try:
        attempt = collect(
            document=document,
            gateway=request.POST["gateway"],
            means=request.POST.get("means", ""),
            amount=amount_in(request.POST.get("amount", "")),
            key=f"form:{form_key(request)}",
            actor=request.user,
            at=timezone.now(),
        )
    except UserError as error:
        messages.error(request, error.message)
    else:
        said = written.money(attempt.amount, document.currency)
        if attempt.state == "SUCCEEDED":
            messages.success(request, f"{said} is collected.")
        elif attempt.state == "FAILED":
            messages.error(request, f"{said} was not collected: {attempt.reason}. Nothing was booked.")
        else:
            messages.info(request, f"Whether {said} was collected is not known yet. It is asked for, and not taken twice.")
    return redirect("admin:document_payments", document.pk)


def _given(request: HttpRequest, document: Document, still: Decimal) -> dict[str, Any]:
    """The form as it was sent, or as it begins: what is open, today."""
    names = ("method", "amount", "received_on", "reference", "form_key")
    if request.method == "POST":
        return {name: request.POST.get(name, "") for name in names}
    return {
        "method": PaymentMethod.BANK.value,
        "amount": f"{round_money(still, document.currency):f}",
        "received_on": document.entity.day_of(timezone.now()).isoformat(),
    }


def _record(request: HttpRequest, document: Document) -> Payment:
    raw = request.POST.get("amount", "").strip()
    try:
        amount = Decimal(raw)
        if not amount.is_finite():
            raise InvalidOperation
    except InvalidOperation:
        raise UserError("amount", f"{raw[:30]!r} is no amount. Write it like 149.90. Nothing was changed.", "amount") from None
    received_on = day_in(request.POST.get("received_on", ""))
    if received_on is None:
        raise UserError("received_on", "Enter the day the money came in. Nothing was changed.", "received_on")
    method = request.POST.get("method", "")
    if method not in BY_HAND:
        raise UserError("method", "Say how it was paid. Nothing was changed.", "method")
    key = f"form:{form_key(request)}"
    there = Payment.objects.filter(entity=document.entity, key=key, received_on=received_on).first()
    if there is not None and there.amount == amount:
        # Sent twice: what is open has changed by the first.
        return there
    parts = []
    if 0 < amount < LARGEST:
        part = min(amount, payments.open_amounts([document.pk])[document.pk])
        parts = [Part(part, document=document)] if part > 0 else []
        if amount > part and document.customer:
            parts.append(Part(amount - part, customer=document.customer))
    return record_payment(
        entity=document.entity,
        key=key,
        method=method,
        amount=amount,
        currency=document.currency,
        received_on=received_on,
        parts=parts,
        customer=document.customer,
        payer=document.customer.name if document.customer else "",
        reference=request.POST.get("reference", "").strip(),
        actor=request.user,
        at=timezone.now(),
    )
