"""Payments: the list with filters and CSV, and the page of one: what it is for, what was taken back, and by whom."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from billing import payments
from billing.operations.payment_refunds import give_back_credit, give_back_unmatched
from billing.operations.payment_reversals import take_back_match, take_back_payment
from billing.payment_models import Payment, PaymentAllocation, PaymentMethod
from chargebill.core.csvsafe import safe_cell
from chargebill.core.errors import UserError
from chargebill.core.keys import key_in, row_in
from chargebill.core.models import AuditEvent, LegalEntity
from chargebill.core.money import round_money
from chargebill.portal.payment_frame import PER_PAGE, READ_PAYMENTS, allow, amount_in, day_in, form_key, frame
from chargebill.portal.session_export import Cell, csv_lines
from chargebill.portal.site import page

TAKE_BACK = "billing.add_paymentreversal"
GIVE_BACK = "billing.add_refunddue"
UNMATCH = "billing.add_paymentallocation"
STATES = {"open": "Not or partly matched", "matched": "Matched", "taken_back": "Taken back"}
HEADER = (
    "payment",
    "company",
    "received_on",
    "booked_on",
    "method",
    "amount",
    "not_matched",
    "currency",
    "state",
    "payer",
    "customer",
    "reference",
    "documents",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the URL asks for. ``query`` is it again, without what could not be read."""

    companies: list[LegalEntity]
    entity: LegalEntity | None
    state: str
    method: str
    start: date | None
    end: date | None
    q: str
    query: str
    rows: QuerySet[Payment]

    @property
    def is_narrowed(self) -> bool:
        return bool(self.state or self.method or self.start or self.end or self.q)


def state_of(payment: Payment) -> str:
    """Of a row with ``unmatched``: a state of the glossary."""
    if hasattr(payment, "reversal"):
        return "taken_back"
    left = round_money(payment.unmatched, payment.currency)  # type: ignore[attr-defined]
    return "open" if left == payment.amount else "part" if left else "matched"


def select(request: HttpRequest) -> Wanted:
    asked = request.GET
    companies = list(LegalEntity.objects.order_by("name"))
    entity = row_in(LegalEntity, asked.get("entity", ""))
    state = asked.get("state", "") if asked.get("state") in STATES else ""
    method = asked.get("method", "") if asked.get("method") in PaymentMethod.values else ""
    start, end, q = day_in(asked.get("from", "")), day_in(asked.get("to", "")), asked.get("q", "").strip()[:100]
    rows = payments.with_unmatched(Payment.objects.select_related("entity", "customer", "reversal", "bank_line"))
    if entity:
        rows = rows.filter(entity=entity)
    if method:
        rows = rows.filter(method=method)
    if start:
        rows = rows.filter(received_on__gte=start)
    if end:
        rows = rows.filter(received_on__lte=end)
    if state == "taken_back":
        rows = rows.filter(reversal__isnull=False)
    elif state:
        rows = rows.filter(reversal__isnull=True)
        rows = rows.filter(unmatched__gte=payments.LEAST) if state == "open" else rows.filter(unmatched__lt=payments.LEAST)
    if q:
        named = PaymentAllocation.objects.filter(document__number__iexact=q).values("payment")
        words = Q(payer__icontains=q) | Q(reference__icontains=q) | Q(customer__name__icontains=q) | Q(pk__in=named)
        key = key_in(q)
        rows = rows.filter(words if key is None else words | Q(pk=key))
    said = {
        "entity": entity.pk if entity else "", "state": state, "method": method, "from": start or "", "to": end or "", "q": q,
    }  # fmt: skip
    query = urlencode({name: str(value) for name, value in said.items() if value})
    return Wanted(companies, entity, state, method, start, end, q, query, rows.order_by("-received_on", "-pk"))


@page("payments/", name="payments")
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    allow(request, READ_PAYMENTS)
    wanted = select(request)
    shown = Paginator(wanted.rows, PER_PAGE).get_page(request.GET.get("p"))
    context = frame(
        request,
        "Payments",
        wanted=wanted,
        page=shown,
        query=wanted.query,
        rows=[(payment, state_of(payment)) for payment in shown],
        states=STATES.items(),
        methods=PaymentMethod.choices,
    )
    return TemplateResponse(request, "portal/payments/payments.html", context)


@page("payments/payments.csv", name="payments_csv")
@require_GET
def export(request: HttpRequest) -> StreamingHttpResponse:
    """All the page lists, not only what is on one page of it."""
    allow(request, READ_PAYMENTS)
    return StreamingHttpResponse(
        csv_lines(HEADER, _cells(select(request).rows)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="payments.csv"'},
    )


def _cells(rows: QuerySet[Payment]) -> Iterator[list[Cell]]:
    for payment in rows.prefetch_related("allocations__document").iterator(chunk_size=1000):
        numbers: dict[str, Decimal] = {}
        for part in payment.allocations.all():
            if part.document:
                numbers[part.document.number] = numbers.get(part.document.number, Decimal(0)) + part.amount
        yield [
            payment.pk,
            safe_cell(payment.entity.name),
            payment.received_on.isoformat(),
            payment.booked_on.isoformat(),
            payment.get_method_display(),
            round_money(payment.amount, payment.currency),
            round_money(payment.unmatched, payment.currency),  # type: ignore[attr-defined]
            payment.currency,
            state_of(payment),
            safe_cell(payment.payer),
            safe_cell(payment.customer.name if payment.customer else ""),
            safe_cell(payment.reference),
            safe_cell(" ".join(number for number, amount in numbers.items() if amount)),
        ]


def _payment(pk: int) -> Payment:
    rows = Payment.objects.select_related("entity", "customer", "reversal", "bank_line__statement__file", "made_by")
    found = payments.with_unmatched(rows.defer("bank_line__statement__file__content")).filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such payment.")
    return found


@page("payments/<int:pk>/", name="payment")
@require_GET
def one(request: HttpRequest, pk: int) -> HttpResponse:
    allow(request, READ_PAYMENTS)
    payment = _payment(pk)
    allocations = list(payment.allocations.select_related("document", "customer", "due", "made_by", "reversed_by").order_by("pk"))
    events = AuditEvent.objects.filter(object_type="billing.payment", object_id=str(pk)).select_related("actor").order_by("pk")
    context = frame(
        request,
        f"Payment {pk}",
        ("Payments", reverse("admin:payments")),
        payment=payment,
        state=state_of(payment),
        zone=payment.entity.time_zone or "UTC",
        allocations=allocations,
        events=events,
        may_unmatch=request.user.has_perm(UNMATCH),
        may_take_back=request.user.has_perm(TAKE_BACK) and not payment.bank_line_id and not payment.gateway,
        may_give_back=request.user.has_perm(GIVE_BACK),
        unmatched_plain=f"{round_money(payment.unmatched, payment.currency):f}",
        credits=[(one, f"{round_money(one.amount, payment.currency):f}") for one in allocations if is_credit(one)],
    )
    return TemplateResponse(request, "portal/payments/payment.html", context)


def is_credit(part: PaymentAllocation) -> bool:
    """A customer's credit that stands."""
    return not (part.document_id or part.due_id or part.reverses_id or hasattr(part, "reversed_by"))


@page("payments/<int:pk>/give-back/", name="payment_give_back")
@require_POST
def give_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Owes back a part of what is not matched, or of the credit the form names."""
    allow(request, READ_PAYMENTS, GIVE_BACK)
    payment, raw, now = _payment(pk), request.POST.get("allocation", ""), timezone.now()
    try:
        given = {"amount": amount_in(request.POST.get("amount", "")), "key": form_key(request), "actor": request.user, "at": now}
        reason = request.POST.get("reason", "")
        if raw:
            allocation = row_in(payment.allocations.all(), raw)
            if allocation is None:
                raise Http404("There is no such credit.")
            due = give_back_credit(allocation=allocation, reason=reason, **given)
        else:
            due = give_back_unmatched(payment=payment, reason=reason, **given)
    except UserError as error:
        messages.error(request, error.message)
        return redirect("admin:payment", pk)
    messages.success(request, f"{due} is owed back. Put it on a payout list, or say how it was given back.")
    return redirect("admin:refund_due", due.pk)


@page("payments/<int:pk>/take-back/", name="payment_take_back")
@require_POST
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """The whole payment, or the one allocation the form names."""
    allow(request, READ_PAYMENTS)
    payment, raw, reason = _payment(pk), request.POST.get("allocation", ""), request.POST.get("reason", "")
    try:
        if raw:
            allow(request, UNMATCH)
            allocation = row_in(payment.allocations.all(), raw)
            if allocation is None:
                raise Http404("There is no such match.")
            take_back_match(allocation=allocation, reason=reason, actor=request.user, at=timezone.now())
            messages.success(request, "The match is taken back: the money waits to be matched again.")
        else:
            allow(request, TAKE_BACK)
            take_back_payment(payment=payment, reason=reason, actor=request.user, at=timezone.now())
            messages.success(request, f"Payment {pk} is taken back.")
    except UserError as error:
        messages.error(request, error.message)
    return redirect("admin:payment", pk)
