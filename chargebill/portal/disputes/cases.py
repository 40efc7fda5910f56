"""The queue: every case, those we owe next first, with filters, saved views, files of what is shown, and giving many away."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, Least
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    DropdownFilter,
    RangeDateTimeFilter,
    RelatedDropdownFilter,
)
from unfold.decorators import display

from chargebill.core.money import round_money
from chargebill.portal import format as written
from chargebill.portal.disputes.case_page import case_page
from chargebill.portal.disputes.figure_filter import FigureFilter, figure_in
from chargebill.portal.disputes.list_files import ListFilesAdmin
from chargebill.portal.disputes.roles import worker_of
from chargebill.portal.disputes.words import CLOCKS, TURNS, due_of
from chargebill.portal.spreadsheets import Cell
from disputes.chargeback_queries import WE_OWE, held_up
from disputes.models import Case
from disputes.offers import cases_for_second
from disputes.operations.clock_steps import CLOSED_FROM
from disputes.operations.thread import MOST_AT_ONCE
from disputes.workflow.durations import Turn
from disputes.workflow.states import Clock

# What we owe first, what has ended last.
RANK = models.Case(
    When(chargeback_due_at__isnull=False, then=Value(0)),
    *(When(turn=turn.value, then=Value(rank)) for rank, turn in enumerate(Turn)),
    output_field=models.IntegerField(),
)
# The earlier of both, and the one there is: SQLite's least of anything and nothing is nothing.
DUE = Least(Coalesce("next_due_at", "chargeback_due_at"), Coalesce("chargeback_due_at", "next_due_at"))
HEADER = (
    "number", "company", "state", "turn", "next_deadline", "due_utc", "acquirer_due_utc", "escalation_percent", "driver",
    "customer_number", "what_seems_wrong", "currency", "contested", "claimed", "looked_after_by", "opened_utc",
)  # fmt: skip


class TurnFilter(DropdownFilter):
    title = "whose turn"
    parameter_name = "turn"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [(turn.value, words) for turn, words in TURNS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:
        if self.value() == Turn.US:
            return queryset.filter(WE_OWE)
        return queryset.filter(turn=self.value()) if self.value() else queryset


class DeadlineFilter(DropdownFilter):
    title = "deadline"
    parameter_name = "deadline"
    LOOKUPS = (("over", "Missed"), ("75", "Three quarters over"), ("50", "Half over"))

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        return list(self.LOOKUPS)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:
        if self.value() == "over":
            # What is only kept open by an outside request misses nothing.
            kept = Q(state__in=CLOSED_FROM, wake_at__isnull=True)
            missed = Q(next_due_at__lte=timezone.now()) & ~kept
            return queryset.filter(missed | Q(chargeback_due_at__lte=timezone.now()))
        return queryset.filter(escalation__gte=int(self.value() or 0)) if self.value() in ("50", "75") else queryset


class SecondFilter(DropdownFilter):
    title = "second person"
    parameter_name = "second"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [("waits", "Waits for one")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:
        return queryset.filter(pk__in=cases_for_second()) if self.value() == "waits" else queryset


class HeldUpFilter(DropdownFilter):
    title = "chargeback"
    parameter_name = "chargeback"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [("holds", "Holds up what was agreed")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:
        return queryset.filter(pk__in=held_up()) if self.value() == "holds" else queryset


@admin.register(Case)
class CaseAdmin(ListFilesAdmin):
    """Cases are opened, moved and answered on pages of their own: the list only shows them, and gives them away."""

    files_url, files_name, files_title, files_header = "disputes_case", "cases", "Cases", HEADER
    list_display = ["number", "due", "turn_shown", "contact", "cause", "contested", "assignee", "state_shown", "opened", "entity"]
    list_filter = [
        TurnFilter,
        DeadlineFilter,
        SecondFilter,
        HeldUpFilter,
        ("state", ChoicesDropdownFilter),
        ("cause", ChoicesDropdownFilter),
        ("assignee", AutocompleteSelectFilter),
        ("opened_at", RangeDateTimeFilter),
        ("entity", RelatedDropdownFilter),
        FigureFilter,
    ]
    search_fields = ["number", "contact_name", "contact_email", "=customer__number", "customer__name"]
    search_help_text = "A case's number, or the driver's name, e-mail address or customer number"
    list_select_related = ["entity", "customer", "assignee"]
    sortable_by = ["number", "due", "contested", "opened"]
    empty_sentence = "A case is opened from the page of a session or of a document, with what the driver says."
    change_list_template = "portal/disputes/list.html"
    actions = ["give", "sort_many", "note_many"]

    class Media:
        css = {"all": ["css/disputes.css"]}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        asked = request.GET.get("statistics", "")
        figure = {"figure": figure_in(asked)} if asked else {}
        return super().changelist_view(request, {**figure, **(extra_context or {})})

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        return [RANK.asc(), DUE.asc(nulls_last=True), "-pk"]

    def has_give_permission(self, request: HttpRequest) -> bool:
        return worker_of(request) is not None

    @admin.action(description="Give to somebody", permissions=["give"])
    def give(self, request: HttpRequest, queryset: QuerySet[Case]) -> HttpResponse:
        return _on_a_page("admin:cases_give", queryset)

    @admin.action(description="Say what seems wrong", permissions=["give"])
    def sort_many(self, request: HttpRequest, queryset: QuerySet[Case]) -> HttpResponse:
        return _on_a_page("admin:cases_many", queryset, do="sort")

    @admin.action(description="Note something", permissions=["give"])
    def note_many(self, request: HttpRequest, queryset: QuerySet[Case]) -> HttpResponse:
        return _on_a_page("admin:cases_many", queryset, do="note")

    @display(description="Whose turn")
    def turn_shown(self, obj: Case) -> str:
        return render_to_string("portal/parts/state_cell.html", {"kind": "turn", "value": obj.turn})

    @display(description="State", ordering="state")
    def state_shown(self, obj: Case) -> str:
        return render_to_string("portal/parts/state_cell.html", {"kind": "case", "value": obj.state})

    @display(description="Due", ordering=DUE, empty_value="–")
    def due(self, obj: Case) -> str | None:
        due = due_of(obj, timezone.now())
        return render_to_string("portal/disputes/due_cell.html", {"due": due}) if due else None

    @display(description="Driver", empty_value="")
    def contact(self, obj: Case) -> str:
        return obj.contact_name or (obj.customer.name if obj.customer else "") or obj.contact_email

    @display(description="Contested", ordering="contested_amount")
    def contested(self, obj: Case) -> str:
        return written.money(obj.contested_amount, obj.currency)

    @display(description="Opened", ordering="opened_at")
    def opened(self, obj: Case) -> str:
        return written.day(obj.entity.day_of(obj.opened_at))

    def file_rows(self, queryset: QuerySet[Any]) -> Iterator[list[Cell]]:
        return _rows(queryset)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return case_page(request, object_id) or self._get_obj_does_not_exist_redirect(request, self.opts, object_id)


def _on_a_page(name: str, queryset: QuerySet[Case], **more: str) -> HttpResponse:
    """The page that asks for the rest, with the chosen cases."""
    keys = ",".join(str(pk) for pk in queryset.order_by("pk").values_list("pk", flat=True)[:MOST_AT_ONCE])
    return HttpResponseRedirect(f"{reverse(name)}?{urlencode({**more, 'cases': keys})}")


def _rows(cases: QuerySet[Case]) -> Iterator[list[Cell]]:
    for one in cases.select_related("entity", "customer", "assignee").iterator(chunk_size=2000):
        yield [
            one.number, one.entity.name, one.get_state_display(), TURNS[Turn(one.turn)],
            CLOCKS[Clock(one.next_clock)] if one.next_clock else "",
            one.next_due_at.replace(tzinfo=None) if one.next_due_at else None,
            one.chargeback_due_at.replace(tzinfo=None) if one.chargeback_due_at else None,
            one.escalation, one.contact_name or (one.customer.name if one.customer else one.contact_email),
            one.customer.number if one.customer else "", one.get_cause_display(), one.currency,
            round_money(one.contested_amount, one.currency),
            None if one.claimed_amount is None else round_money(one.claimed_amount, one.currency),
            one.assignee.username if one.assignee else "", one.opened_at.replace(tzinfo=None),
        ]  # fmt: skip
