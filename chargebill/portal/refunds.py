"""Refunds: what is owed back and where it stands, as a list with filters and CSV, and lines of the bank nobody explained."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_GET

from billing.refund_lines import unexplained_lines
from billing.refund_models import RefundDue
from billing.refunds import refundable, with_state
from chargebill.core.csvsafe import safe_cell
from chargebill.core.keys import key_in, row_in
from chargebill.core.models import LegalEntity
from chargebill.core.money import round_money
from chargebill.portal import format as written
from chargebill.portal.payment_frame import PER_PAGE, READ_BANK, allow, frame
from chargebill.portal.session_export import Cell, csv_lines
from chargebill.portal.site import page
from chargebill.portal.states import REFUND_DUE

READ_REFUNDS = "billing.view_refunddue"
ADD_LIST = "billing.add_payoutlist"
HEADER = ("due", "company", "customer", "document", "owed_since", "amount", "left", "currency", "state", "source")
# What owes something back, in words; a source nobody described is shown as it is called.
SOURCES = {"payment": "paid too much", "document": "correction", "credit": "correction", "goodwill": "goodwill"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the URL asks for. ``query`` is it again, without what could not be read."""

    companies: list[LegalEntity]
    entity: LegalEntity | None
    state: str
    q: str
    query: str
    rows: QuerySet[RefundDue]

    @property
    def is_narrowed(self) -> bool:
        return bool(self.state or self.q)


def source_of(due: RefundDue) -> str:
    return SOURCES.get(due.source_type) or due.source_type.replace("_", " ")


def select(request: HttpRequest) -> Wanted:
    asked = request.GET
    entity, q = row_in(LegalEntity, asked.get("entity", "")), asked.get("q", "").strip()[:100]
    state = asked.get("state", "") if asked.get("state") in REFUND_DUE else ""
    rows = with_state(RefundDue.objects.select_related("entity", "customer", "document", "reversal"))
    if entity:
        rows = rows.filter(entity=entity)
    if state:
        rows = rows.filter(state=state)
    if q:
        words = Q(customer__name__icontains=q) | Q(customer__number__iexact=q) | Q(document__number__iexact=q)
        words |= Q(refunds__payee_name__icontains=q)
        key = key_in(q.upper().removeprefix("CBR-").lstrip("0"))
        rows = rows.filter(words if key is None else words | Q(pk=key) | Q(refunds__pk=key)).distinct()
    said = {"entity": entity.pk if entity else "", "state": state, "q": q}
    query = urlencode({name: str(value) for name, value in said.items() if value})
    return Wanted(list(LegalEntity.objects.order_by("name")), entity, state, q, query, rows.order_by("-pk"))


@page("refunds/", name="refunds")
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    allow(request, READ_REFUNDS)
    wanted = select(request)
    shown = Paginator(wanted.rows, PER_PAGE).get_page(request.GET.get("p"))
    totals: dict[str, Decimal] = {}
    for currency, left in refundable(wanted.entity).order_by().values_list("currency", "left").iterator():
        totals[currency] = totals.get(currency, Decimal(0)) + round_money(left, currency)
    reads_bank = request.user.has_perm(READ_BANK)
    context = frame(
        request,
        "Refunds",
        wanted=wanted,
        page=shown,
        query=wanted.query,
        rows=[(due, source_of(due)) for due in shown],
        states=[(value, shown.word) for value, shown in REFUND_DUE.items()],
        total=" + ".join(written.money(amount, currency) for currency, amount in sorted(totals.items())),
        may_list=request.user.has_perm(ADD_LIST) and bool(totals),
        doubts=list(unexplained_lines(wanted.entity)[:10]) if reads_bank else [],
    )
    return TemplateResponse(request, "portal/refunds/refunds.html", context)


@page("refunds/refunds.csv", name="refunds_csv")
@require_GET
def export(request: HttpRequest) -> StreamingHttpResponse:
    """All the page lists, not only what is on one page of it."""
    allow(request, READ_REFUNDS)
    return StreamingHttpResponse(
        csv_lines(HEADER, _cells(select(request).rows)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="refunds.csv"'},
    )


def _cells(rows: QuerySet[RefundDue]) -> Iterator[list[Cell]]:
    for due in rows.iterator(chunk_size=1000):
        yield [
            due.pk,
            safe_cell(due.entity.name),
            safe_cell(due.customer.name if due.customer else ""),
            safe_cell(due.document.number if due.document else ""),
            due.entity.day_of(due.made_at).isoformat(),
            round_money(due.amount, due.currency),
            round_money(due.left, due.currency),  # type: ignore[attr-defined]
            due.currency,
            due.state,  # type: ignore[attr-defined]
            safe_cell(source_of(due)),
        ]
