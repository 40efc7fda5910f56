"""Quarantine in the portal: the list over all imports, its download, and dismissing a group of rows with a reason."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Max, Model, QuerySet
from django.db.models.functions import Left
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from chargebill.core.admin import ReadOnlyAdmin
from chargebill.core.errors import UserError
from chargebill.core.keys import key_in
from chargebill.core.lists import Column, first_address, personal_list
from chargebill.core.models import LegalEntity
from chargebill.portal import layouts
from chargebill.portal.imports import Group
from chargebill.portal.quarantine_filters import EVERY, QuarantineFilter, State
from chargebill.portal.reasons import reason_of
from chargebill.portal.site import page
from stations.models import ImportBatch, QuarantinedRow
from stations.quarantine import as_csv, dismiss_rows

PER_PAGE = 50
RECENT_IMPORTS = 30
# A row may be a megabyte long; a list shows how it begins.
EXCERPT = 160
EXAMPLES = 5


def may_decide(request: HttpRequest) -> bool:
    return bool(request.user.has_perm("stations.change_quarantinedrow"))


def sees_raw(request: HttpRequest) -> bool:
    """Whether a person may see rows as they stand in files, which can hold names and e-mail addresses of drivers."""
    return bool(request.user.has_perm("memberships.view_customer"))


def check_view(request: HttpRequest) -> None:
    if not request.user.has_perm("stations.view_quarantinedrow"):
        raise PermissionDenied


COLUMNS = (
    Column("line", "Line", is_fixed=True),
    Column("state", "State"),
    Column("wrong", "What is wrong"),
    Column("column", "Column"),
    Column("row", "Row"),
    Column("file", "File"),
)


@admin.register(QuarantinedRow)
class QuarantinedRowAdmin(ReadOnlyAdmin):
    """Rows are corrected and dismissed on their own pages, with a reason: nobody adds, edits or deletes one here."""

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.has_perm("stations.view_quarantinedrow"))

    def list_columns(self, request: HttpRequest) -> Sequence[Column]:
        return [column for column in COLUMNS if column.name != "row" or sees_raw(request)]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        check_view(request)
        personal = personal_list(request, self.opts.label_lower, self.list_columns(request))
        if url := first_address(request, personal):
            return redirect(url)
        wanted = QuarantineFilter.read(request.GET)
        personal.understood(request, urlencode(wanted.query))
        wanted.query |= personal.in_url
        every = QuarantinedRow.objects.all()
        by_state = _by_state(wanted, every)
        rows = wanted.apply(every).select_related("batch", "source__entity").defer("raw", "header", "corrected")
        rows = rows.annotate(excerpt=Left("raw", EXCERPT)).order_by("-batch_id", "pk")
        shown = Paginator(rows, PER_PAGE).get_page(request.GET.get("p"))
        context = {
            **self.admin_site.each_context(request),
            "title": "Quarantine",
            "wanted": wanted,
            "personal": personal,
            "chips": list(wanted.chips()),
            "tabs": [(word, state, by_state[state], wanted.url(state=state)) for state, word in TABS],
            "groups": _groups(wanted, every),
            "page": shown,
            "entities": list(LegalEntity.objects.order_by("name").values_list("pk", "name")),
            "layouts": layouts.choices(),
            "imports": _recent(wanted),
            "sees_raw": sees_raw(request),
            "may_decide": may_decide(request),
            "may_import": request.user.has_perm("stations.add_importbatch"),
            "is_empty": not personal.query and not any(by_state.values()),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "portal/imports/quarantine.html", context)

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        if key_in(object_id) is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return redirect("admin:quarantine_row", object_id)


TABS = [*State.choices, (EVERY, "All")]


def _by_state(wanted: QuarantineFilter, rows: QuerySet[QuarantinedRow]) -> dict[str, int]:
    counted = wanted.apply(rows, but=("state",)).values_list("state").annotate(count=Count("pk"))
    found = dict.fromkeys(State.values, 0) | dict(counted)
    return {**found, EVERY: sum(found.values())}


def _groups(wanted: QuarantineFilter, rows: QuerySet[QuarantinedRow]) -> list[tuple[Group, str]]:
    """The reasons of the rows, the most frequent first, each with the URL parameters that show its rows."""
    counted = wanted.apply(rows, but=("code",)).values_list("code").annotate(count=Count("pk"))
    groups = [Group(code, reason_of(code), count, count) for code, count in counted]
    groups.sort(key=lambda group: (-group.rows, group.reason.title))
    return [(group, wanted.url(code=group.code)) for group in groups]


def _recent(wanted: QuarantineFilter) -> list[ImportBatch]:
    """Imports to choose from: the last ones that met such rows, and the chosen one."""
    found = list(ImportBatch.objects.filter(rows_quarantined__gt=0).order_by("-pk")[:RECENT_IMPORTS])
    if wanted.batch and wanted.batch not in found:
        found.append(wanted.batch)
    return found


@page("quarantine/rows.csv", name="quarantine_csv")
def download(request: HttpRequest) -> StreamingHttpResponse:
    """The rows of the list, all or as filtered, with their reasons; nothing in it runs as a formula."""
    check_view(request)
    if not sees_raw(request):
        raise PermissionDenied
    wanted = QuarantineFilter.read(request.GET)
    rows = wanted.apply(QuarantinedRow.objects.all()).select_related("batch").defer("header", "corrected").order_by("pk")
    return StreamingHttpResponse(
        as_csv(rows.iterator(chunk_size=500)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="quarantine.csv"'},
    )


@page("quarantine/dismiss/", name="quarantine_dismiss")
def dismiss(request: HttpRequest) -> HttpResponse:
    """Asks why the waiting rows of one reason are not needed, and dismisses them: those that were seen, no later ones."""
    check_view(request)
    if not may_decide(request):
        raise PermissionDenied
    wanted = QuarantineFilter.read({**request.GET.dict(), "state": State.WAITING})
    back = f"{reverse('admin:stations_quarantinedrow_changelist')}?{wanted.url(state='')}"
    if not wanted.code or wanted.errors:
        messages.error(request, "Choose one reason first: rows are dismissed a reason at a time. Nothing was changed.")
        return redirect("admin:stations_quarantinedrow_changelist")
    rows = wanted.apply(QuarantinedRow.objects.all())
    problem = None
    if request.method == "POST":
        rows = rows.filter(pk__lte=key_in(request.POST.get("up_to", "")) or 0)
        try:
            count = dismiss_rows(rows=rows, reason=request.POST.get("reason", ""), actor=request.user, at=timezone.now())
        except UserError as error:
            problem = error
        else:
            messages.success(request, f"{count:,} row{'' if count == 1 else 's'} dismissed. They stay readable under Dismissed.")
            # Not back to the reason: none of its rows waits any more.
            return redirect(f"{reverse('admin:stations_quarantinedrow_changelist')}?{wanted.url(state='', code='')}")
    seen = rows.aggregate(count=Count("pk"), last=Max("pk"))
    if not seen["count"]:
        messages.info(request, "No row waits for this reason any more. Nothing was changed.")
        return redirect(back)
    context = {
        **admin.site.each_context(request),
        "title": f"Dismiss {seen['count']:,} row{'' if seen['count'] == 1 else 's'}",
        "crumbs": [("Quarantine", back)],
        "wanted": wanted,
        "chips": [word for word, _ in wanted.chips()],
        "reason": reason_of(wanted.code),
        "count": seen["count"],
        "up_to": seen["last"],
        "examples": rows.select_related("batch").defer("raw", "header").order_by("pk")[:EXAMPLES],
        "problem": problem,
        "back": back,
    }
    return TemplateResponse(request, "portal/imports/dismiss.html", context)
