"""Outside requests: the list, with files of what it shows, and the page of one with everything that can be done about it."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Count, F, Q, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from chargebill.portal import format as written
from chargebill.portal.disputes.list_files import ListFilesAdmin
from chargebill.portal.disputes.outside_page import ADD, outside_page
from chargebill.portal.disputes.words import due_to_body
from chargebill.portal.spreadsheets import Cell
from disputes.outside_models import OutsideLink, OutsideRequest
from disputes.outside_queries import SOON, due_within

OPEN = OutsideRequest.State.OPEN
# What is open first, the earliest last day on top.
RANK = models.Case(When(state=OPEN, then=Value(0)), default=Value(1))
DUE = models.Case(When(state=OPEN, then=F("due_on")))
HEADER = (
    "our_number", "company", "body", "kind_of_body", "reference", "received_on", "answer_by", "state", "cases", "looked_after_by",
    "what_they_ask", "answered_on", "sent_how", "answer", "pack_sha256", "why_not_answered",
)  # fmt: skip


class DueFilter(DropdownFilter):
    title = "answer by"
    parameter_name = "due"
    LOOKUPS = (("over", "Overdue"), ("soon", "Overdue, or due within a week"))

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        return list(self.LOOKUPS)

    def queryset(self, request: HttpRequest, queryset: QuerySet[OutsideRequest]) -> QuerySet[OutsideRequest]:
        if self.value() not in ("over", "soon"):
            return queryset
        return queryset.filter(due_within(SOON if self.value() == "soon" else None, timezone.now()))


@admin.register(OutsideRequest)
class OutsideRequestAdmin(ListFilesAdmin):
    """Requests are entered, changed and answered on pages of their own: the list only shows them."""

    files_url, files_name, files_title, files_header = "outside", "outside-requests", "Outside requests", HEADER
    list_display = ["asked", "due", "kind", "cases", "state_shown", "assignee", "received", "entity"]
    list_filter = [
        ("state", ChoicesDropdownFilter),
        DueFilter,
        ("body_kind", ChoicesDropdownFilter),
        ("entity", RelatedDropdownFilter),
    ]
    search_fields = ["body", "reference", "=links__case__number"]
    search_help_text = "Who asks, their reference, or the number of a case"
    list_select_related = ["entity", "assignee"]
    list_display_links = ["asked"]
    sortable_by = ["due", "received"]
    empty_sentence = "When a regulator, a consumer body or a court asks about cases, enter what they want to know, and by when."
    change_list_template = "portal/disputes/outside_list.html"

    class Media:
        css = {"all": ["css/disputes.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutsideRequest]:
        linked = Count("links", filter=Q(links__removed_at__isnull=True), distinct=True)
        return super().get_queryset(request).annotate(linked=linked)

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        return [RANK.asc(), DUE.asc(nulls_last=True), "-pk"]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"may_enter": request.user.has_perm(ADD), **(extra_context or {})})

    @display(description="Who asks, and their reference", ordering="body")
    def asked(self, obj: OutsideRequest) -> str:
        return str(obj)

    @display(description="Answer by", ordering=DUE, empty_value="–")
    def due(self, obj: OutsideRequest) -> str | None:
        found = due_to_body(obj, timezone.now())
        return render_to_string("portal/disputes/due_cell.html", {"due": found}) if found else None

    @display(description="Kind", ordering="body_kind")
    def kind(self, obj: OutsideRequest) -> str:
        return obj.get_body_kind_display()

    @display(description="Cases")
    def cases(self, obj: Any) -> str:
        return written.number(obj.linked)

    @display(description="State", ordering="state")
    def state_shown(self, obj: OutsideRequest) -> str:
        return render_to_string("portal/parts/state_cell.html", {"kind": "outside", "value": obj.state})

    @display(description="Came on", ordering="received_on")
    def received(self, obj: OutsideRequest) -> str:
        return written.day(obj.received_on)

    def file_rows(self, queryset: QuerySet[Any]) -> Iterator[list[Cell]]:
        return _rows(queryset)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return outside_page(request, object_id) or self._get_obj_does_not_exist_redirect(request, self.opts, object_id)


def _rows(requests: QuerySet[Any]) -> Iterator[list[Cell]]:
    linked = models.Prefetch("links", to_attr="kept_links", queryset=_links())
    for one in requests.select_related("entity", "assignee", "pack").prefetch_related(linked).iterator(chunk_size=500):
        yield [
            one.pk, one.entity.name, one.body, one.get_body_kind_display(), one.reference, one.received_on.isoformat(),
            one.due_on.isoformat(), one.get_state_display(), " ".join(link.case.number for link in one.kept_links),
            one.assignee.username if one.assignee else "", one.asks,
            one.answered_on.isoformat() if one.answered_on else None, one.sent_how, one.answer,
            one.pack.sha256 if one.pack else "", one.reason,
        ]  # fmt: skip


def _links() -> QuerySet[Any]:
    return OutsideLink.objects.filter(removed_at__isnull=True).select_related("case").order_by("pk")
