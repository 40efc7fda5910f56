"""Receipts, invoices and credit notes: the list, a document line by line, and its lines as CSV (a partner's CDR annex)."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateFilter, RelatedDropdownFilter
from unfold.decorators import display

from billing.credits import money_left
from billing.document_models import Document, DocumentKind, DocumentLine
from billing.pricing import Dimension
from billing.pricing.text import dimension_label
from chargebill.core.admin import ReadOnlyAdmin
from chargebill.core.csvsafe import safe_cell
from chargebill.core.keys import row_in
from chargebill.core.mailing import is_kept_here
from chargebill.core.money import round_money
from chargebill.portal import format as written
from chargebill.portal import way_back
from chargebill.portal.corrections import CORRECT, lines_gross_left
from chargebill.portal.document_links import path_to
from chargebill.portal.goodwill import GRANT
from chargebill.portal.session_price import percent, quantity, unit_price
from disputes.models import Case

PER_PAGE = 25
LIST_HEADER = (
    "number", "kind", "corrects", "company", "customer_number", "customer", "customer_kind", "issue_date", "supplied_from",
    "supplied_until", "currency", "net", "vat", "gross",
)  # fmt: skip
LINE_HEADER = (
    "document", "line", "session_id", "place", "address", "country", "evse_id", "started_local", "ended_local", "time_zone",
    "started_utc", "ended_utc", "energy_kwh", "meter_start_kwh", "meter_stop_kwh", "token", "tariff", "net", "vat_percent",
    "vat_code", "vat", "gross", "currency", "corrects_document", "corrects_line",
)  # fmt: skip


class _Echo:
    """What a csv writer writes to when each line is wanted by itself."""

    def write(self, line: str) -> str:
        return line


def _lines(header: tuple[str, ...], rows: Iterator[list[str]]) -> Iterator[str]:
    writer = csv.writer(_Echo(), lineterminator="\r\n")
    # A spreadsheet takes it for UTF-8 only with its mark.
    yield "\ufeff" + writer.writerow(header)
    for row in rows:
        yield writer.writerow(row)


def _csv(name: str, header: tuple[str, ...], rows: Iterator[list[str]]) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        _lines(header, rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def _of_documents(documents: QuerySet[Document]) -> Iterator[list[str]]:
    """Amounts of a credit note are what is taken back, above zero, as on the document."""
    for one in documents.select_related("entity", "corrects").iterator(chunk_size=2000):
        yield [
            safe_cell(one.number), one.get_kind_display(), safe_cell(one.corrects.number if one.corrects else ""),
            safe_cell(one.entity.name), safe_cell(one.buyer.get("number", "")),
            safe_cell(one.buyer.get("name", "")), one.get_customer_kind_display(), one.issue_date.isoformat(),
            one.supplied_from.isoformat(), one.supplied_until.isoformat(), one.currency,
            *(str(round_money(amount, one.currency)) for amount in (one.net_amount, one.tax_amount, one.gross_amount)),
        ]  # fmt: skip


def _of_lines(document: Document) -> Iterator[list[str]]:
    for line in document.lines.select_related("corrects__document").iterator(chunk_size=2000):
        zone = ZoneInfo(line.time_zone)
        amounts = [str(round_money(a, document.currency)) for a in (line.net_amount, line.tax_amount, line.gross_amount)]
        registers = ["" if kwh is None else f"{kwh:f}" for kwh in (line.meter_start_kwh, line.meter_stop_kwh)]
        yield [
            safe_cell(document.number), str(line.position), safe_cell(line.session_number), safe_cell(line.place),
            safe_cell(line.address), line.country, safe_cell(line.evse), _clock(line.started_at, zone),
            _clock(line.ended_at, zone), line.time_zone, _clock(line.started_at, UTC), _clock(line.ended_at, UTC),
            f"{line.energy_kwh:f}", *registers, safe_cell(line.token), safe_cell(line.tariff), amounts[0],
            f"{line.tax_rate.normalize():f}", safe_cell(line.tax_code), amounts[1], amounts[2], document.currency,
            *((safe_cell(line.corrects.document.number), str(line.corrects.position)) if line.corrects else ("", "")),
        ]  # fmt: skip


def _clock(at: datetime, zone: Any) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def parts_of(line: DocumentLine, document: Document) -> list[dict[str, str]]:
    """What a line is made of, as its document says it; parts that cost nothing and measured nothing are left out."""
    shown = []
    for dimension, billed, unit, price, amount in line.parts:
        cost = round_money(Decimal(amount), document.currency)
        if not cost and not Decimal(billed):
            continue
        shown.append(
            {
                "label": dimension_label(Dimension(dimension)),
                "quantity": quantity(Decimal(billed), unit) if price else "",
                "price": unit_price(Decimal(price), unit, document.currency) if price else "",
                "amount": written.amount(cost, document.currency),
            }
        )
    return shown


def _corrected(document: Document) -> dict[str, Any]:
    """What was taken back of a document and what is left of it; of a credit note, why and what became of the money."""
    if document.is_credit_note:
        return {"correction": document.correction, "reissue": False}
    notes = list(document.credit_notes.select_related("correction").order_by("pk"))
    left = lines_gross_left(document)
    return {
        "credit_notes": notes,
        "left": left,
        "money": money_left(document),
        "grants": list(document.goodwill.select_related("confirmation").order_by("pk")),
        "replaced_by": Document.objects.filter(replaces=document).first(),
        "reissue": document.kind == DocumentKind.RECEIPT and not notes,
    }


@admin.register(Document)
class DocumentAdmin(ReadOnlyAdmin):
    """Documents come from billing a month: nobody adds, changes or deletes one here."""

    list_display = ["number", "kind", "buyer_name", "customer_kind", "issue_date", "supplied", "net", "gross", "entity"]
    list_filter = [
        ("kind", ChoicesDropdownFilter),
        ("customer_kind", ChoicesDropdownFilter),
        ("issue_date", RangeDateFilter),
        ("entity", RelatedDropdownFilter),
    ]
    search_fields = ["number", "=customer__number", "customer__name"]
    search_help_text = "A document's number, a customer's number or name"
    list_select_related = ["entity"]
    ordering = ["-id"]
    sortable_by = ["number", "issue_date"]
    empty_sentence = "Receipts and invoices stand here once a month has been billed: Billing, Bill a month."
    change_list_template = "portal/documents/list.html"

    class Media:
        css = {"all": ["css/documents.css"]}

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("export.csv", view(self.export_csv), name="billing_document_export_csv"),
            path("<int:pk>/lines.csv", view(self.lines_csv), name="billing_document_lines_csv"),
            *super().get_urls(),
        ]

    @display(description="Customer", empty_value="")
    def buyer_name(self, obj: Document) -> str:
        return obj.buyer.get("name", "")

    @display(description="Supplied")
    def supplied(self, obj: Document) -> str:
        first, last = written.day(obj.supplied_from), written.day(obj.supplied_until)
        return first if first == last else f"{first} – {last}"

    @display(description="Net")
    def net(self, obj: Document) -> str:
        return written.money(obj.net_amount, obj.currency)

    @display(description="Incl. VAT")
    def gross(self, obj: Document) -> str:
        return written.money(obj.gross_amount, obj.currency)

    def export_csv(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        """Exactly the documents the list shows, on all its pages."""
        if not self.has_view_permission(request):
            return self._denied()
        shown = self.get_changelist_instance(request).get_queryset(request)
        return _csv("documents", LIST_HEADER, _of_documents(shown))

    def lines_csv(self, request: HttpRequest, pk: int) -> HttpResponse | StreamingHttpResponse:
        if not self.has_view_permission(request):
            return self._denied()
        document = Document.objects.filter(pk=pk).first() if pk < 2**63 else None
        if document is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, str(pk))
        return _csv(document.number.replace("/", "-"), LINE_HEADER, _of_lines(document))

    def _denied(self) -> HttpResponse:
        raise PermissionDenied

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = Document.claims.select_related("entity", "customer", "issued_by", "run", "corrects", "correction", "replaces")
        document = row_in(found, object_id)
        if document is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if document.kind == DocumentKind.TAKEN_OVER:
            # What it bills stands in the other system; here it has what was paid.
            return redirect("admin:document_payments", document.pk)
        pages = Paginator(document.lines.all(), PER_PAGE)
        shown = pages.get_page(request.GET.get("p"))
        context = {
            **self.admin_site.each_context(request),
            "title": f"{document.get_kind_display()} {document.number}",
            "crumbs": [("Documents", way_back.to_list(request, reverse("admin:billing_document_changelist")))],
            "document": document,
            "driver_link": path_to(document),
            "mails": list(document.mails.select_related("queued_by").order_by("-pk")),
            "mail_kept_here": is_kept_here(),
            "lines": [(line, parts_of(line, document), percent(line.tax_rate)) for line in shown],
            "page": shown,
            "taxes": [(tax, percent(tax.tax_rate)) for tax in document.taxes.all()],
            "sentences": sorted({tax.legal_sentence for tax in document.taxes.all() if tax.legal_sentence}),
            "fixed": "excl. VAT" if document.anchor == "NET" else "incl. VAT",
            **_corrected(document),
            "cases": list(Case.objects.filter(items__line__document=document, items__is_open=True).distinct().order_by("pk")),
            "may_correct": request.user.has_perm(CORRECT),
            "may_grant": request.user.has_perm(GRANT),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "portal/documents/document.html", context)
