"""Sessions in the portal: the list with its filters and exports, and the page of one session."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q, QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from billing.models import Chargeable
from chargebill.analytics.measures import DURATION_LABELS
from chargebill.core.admin import ReadOnlyAdmin
from chargebill.core.errors import UserError
from chargebill.core.keys import row_in
from chargebill.core.lists import Column, PersonalList, first_address, personal_list
from chargebill.core.models import LegalEntity
from chargebill.portal import investigation, session_export, session_page, spreadsheets, way_back
from chargebill.portal.choices import PRESETS
from chargebill.portal.session_filters import SessionFilter
from stations.models import Location, Mode, PaymentMethod, Session
from stations.queries import source_line

PER_PAGE = 50
# Counting stops here: beyond it nobody pages, and counting a million rows would cost more than showing fifty.
COUNT_TO = 10_000
SORTS = {"started": "started_at", "duration": "duration_s", "energy": "energy_kwh"}
DEFAULT_SORT = "-started"
COLUMNS = (
    Column("number", "Number", is_fixed=True),
    Column("started", "Started"),
    Column("ended", "End", is_given=False),
    Column("place", "Place"),
    Column("evse", "EVSE"),
    Column("duration", "Duration"),
    Column("charging", "Charging", is_given=False),
    Column("energy", "Energy"),
    Column("token", "Token"),
    Column("method", "Paid by"),
    Column("mode", "Mode", is_given=False),
    Column("state", "State"),
    Column("net", "Net", is_given=False),
    Column("price", "Price"),
)
NUMBERS = ("duration", "charging", "energy", "net", "price")


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list. ``count`` stops at COUNT_TO (``capped``); cursors are "" where there is no further page."""

    sessions: list[Session]
    count: int
    capped: bool
    sort: str
    newer: str
    older: str


def ordered(sessions: QuerySet[Session], sort: str) -> QuerySet[Session]:
    sign, column = ("-" if sort.startswith("-") else ""), SORTS[sort.lstrip("-")]
    return sessions.order_by(f"{sign}{column}", f"{sign}pk")


def _cursor(session: Session, sort: str) -> str:
    value = getattr(session, SORTS[sort.lstrip("-")])
    return f"{value.isoformat() if isinstance(value, datetime) else value}~{session.pk}"


def _beyond(cursor: str, sort: str, *, forward: bool) -> Q:
    """Rows after a cursor in the order of ``sort`` (before it, if not ``forward``). Raises ValueError if unreadable."""
    column = SORTS[sort.lstrip("-")]
    raw, _, pk = cursor.rpartition("~")
    try:
        value = Session._meta.get_field(column).to_python(raw)
        key = int(pk)
    except (ValidationError, ArithmeticError) as error:
        raise ValueError(cursor) from error
    if value is None or (isinstance(value, datetime) and timezone.is_naive(value)):
        raise ValueError(cursor)
    less = sort.startswith("-") == forward
    side = "lt" if less else "gt"
    return Q(**{f"{column}__{side}e": value}) & (Q(**{f"{column}__{side}": value}) | Q(**{f"pk__{side}": key}))


def page_of(wanted: SessionFilter, query: Any) -> Page:
    """The page the URL asks for: a few queries, however many sessions there are."""
    matching = wanted.apply(Session.objects.all())
    count = matching.values("pk")[: COUNT_TO + 1].count()
    capped = count > COUNT_TO
    sort = query.get("sort", "")
    if sort.lstrip("-") not in SORTS or (capped and sort.lstrip("-") != "started"):
        sort = DEFAULT_SORT
    after, before = query.get("after", ""), query.get("before", "")
    forward = not before
    # Which ones first, from as little as possible; then all of these few.
    rows = wanted.apply(Session.objects.all(), many=capped)
    if cursor := before or after:
        try:
            rows = rows.filter(_beyond(cursor, sort, forward=forward))
        except ValueError:
            cursor, forward = "", True
    direction = sort if forward else (sort[1:] if sort.startswith("-") else f"-{sort}")
    keys = list(ordered(rows, direction).values_list("pk", flat=True)[: PER_PAGE + 1])
    whole = Session.objects.select_related("location", "entity", "connector__evse", "chargeable__cdr").in_bulk(keys[:PER_PAGE])
    more, found = len(keys) > PER_PAGE, [whole[key] for key in keys[:PER_PAGE] if key in whole]
    if not forward:
        found.reverse()
    has_newer, has_older = (bool(cursor), more) if forward else (more, True)
    return Page(
        sessions=found,
        count=min(count, COUNT_TO),
        capped=capped,
        sort=sort,
        newer=_cursor(found[0], sort) if found and has_newer else "",
        older=_cursor(found[-1], sort) if found and has_older else "",
    )


def _asked_order(request: HttpRequest) -> dict[str, str]:
    """The order asked for, also where too many sessions match for the list to follow it."""
    sort = request.GET.get("sort", "")
    return {"sort": sort} if sort.lstrip("-") in SORTS and sort != DEFAULT_SORT else {}


def can_see_customers(request: HttpRequest) -> bool:
    return request.user.has_perm("memberships.view_customer")


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin):
    """Sessions come in by import only: nobody adds, changes or deletes one here."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("export/", view(self.export), name="stations_session_export"),
            path("export.csv", view(self.export_csv), name="stations_session_export_csv"),
            path("export.xlsx", view(self.export_xlsx), name="stations_session_export_xlsx"),
            path("<int:pk>/source/", view(self.source), name="stations_session_source"),
            *super().get_urls(),
        ]

    def _allow(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def list_columns(self, request: HttpRequest) -> Sequence[Column]:
        return COLUMNS

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self._allow(request)
        personal = personal_list(request, self.opts.label_lower, COLUMNS)
        if url := first_address(request, personal):
            return HttpResponseRedirect(url)
        wanted = SessionFilter.read(request.GET, at=timezone.now())
        page = page_of(wanted, request.GET)
        chosen = {**wanted.query, **({"sort": page.sort} if page.sort != DEFAULT_SORT else {})}
        personal.understood(request, urlencode({**wanted.query, **_asked_order(request)}))
        chosen |= personal.in_url
        within = urlencode(personal.in_url)
        context = {
            **self.admin_site.each_context(request),
            "title": "Sessions",
            "wanted": wanted,
            "page": page,
            "personal": personal,
            "columns": [self._column(column, page, wanted, personal) for column in COLUMNS if column.name in personal.shown],
            "columns_part": "portal/parts/session_columns.html",
            "chips": [(word, "&".join(filter(None, (without, within)))) for word, without in wanted.chips()],
            "crumbs": [("Overview", overview)] if (overview := way_back.to_overview(wanted.query)) else [],
            "to_record": way_back.to_record(request),
            "newer_url": urlencode({**chosen, "before": page.newer}) if page.newer else "",
            "older_url": urlencode({**chosen, "after": page.older}) if page.older else "",
            "entities": list(LegalEntity.objects.order_by("name").values_list("pk", "name")),
            "locations": list(Location.objects.order_by("name").values_list("pk", "name")),
            "presets": PRESETS,
            "states": Chargeable.State.choices,
            "modes": [(mode.value, mode.name.capitalize()) for mode in Mode],
            "methods": PaymentMethod.choices,
            "bins": list(enumerate(DURATION_LABELS)),
            "is_empty": not wanted.query and page.count == 0,
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "portal/sessions.html", context)

    def _column(self, column: Column, page: Page, wanted: SessionFilter, personal: PersonalList) -> dict[str, Any]:
        """One head of the table: where a click on it leads, and which way it is sorted now."""
        name = column.name
        current = page.sort.lstrip("-") == name
        descending = page.sort.startswith("-")
        turned = name if current and descending else f"-{name}"
        offered = name in SORTS and (name == "started" or not page.capped)
        return {
            "name": name,
            "title": column.title,
            "is_number": name in NUMBERS,
            "link": urlencode({**wanted.query, **personal.in_url, "sort": turned}) if offered else "",
            "sorted": ("descending" if descending else "ascending") if current else "",
        }

    def _exported(self, request: HttpRequest) -> QuerySet[Session]:
        self._allow(request)
        wanted = SessionFilter.read(request.GET, at=timezone.now())
        sort = request.GET.get("sort", "")
        return ordered(wanted.apply(Session.objects.all()), sort if sort.lstrip("-") in SORTS else DEFAULT_SORT)

    def _columns(self, request: HttpRequest) -> tuple[str, ...]:
        """The register's columns asked for: those chosen, with ``columns=shown`` what the list shows this person, else all."""
        if request.GET.get("columns") == "shown":
            shown = session_export.columns_of_list(personal_list(request, self.opts.label_lower, COLUMNS).shown)
        else:
            shown = set(request.GET.getlist("column"))
        chosen = tuple(name for name in session_export.HEADER if name in shown)
        return chosen or session_export.HEADER

    def _table(self, request: HttpRequest, sessions: QuerySet[Session]) -> session_export.Table:
        return session_export.table(
            sessions,
            with_customers=can_see_customers(request),
            with_documents=request.user.has_perm("billing.view_document"),
            columns=self._columns(request),
        )

    def export(self, request: HttpRequest) -> HttpResponse:
        """Which columns of the register, and how: the way to the two files."""
        self._allow(request)
        wanted = SessionFilter.read(request.GET, at=timezone.now())
        query = {**wanted.query, **_asked_order(request)}
        count = wanted.apply(Session.objects.all()).values("pk")[: COUNT_TO + 1].count()
        context = {
            **self.admin_site.each_context(request),
            "title": "Export sessions",
            "crumbs": [("Sessions", f"{reverse('admin:stations_session_changelist')}?{urlencode(query)}")],
            "wanted": wanted,
            "chips": [word for word, _ in wanted.chips()],
            "query": list(query.items()),
            "count": min(count, COUNT_TO),
            "capped": count > COUNT_TO,
            "groups": session_export.GROUPS,
            "chosen": set(self._columns(request)),
            "total": len(session_export.HEADER),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "portal/session_register.html", context)

    def export_csv(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        table = self._table(request, self._exported(request))
        lines = session_export.csv_lines(table.header, table.rows)
        return StreamingHttpResponse(
            lines,
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="sessions.csv"'},
        )

    def export_xlsx(self, request: HttpRequest) -> HttpResponse | FileResponse:
        sessions = self._exported(request)
        table = self._table(request, sessions)
        limit = spreadsheets.xlsx_rows(len(table.header))
        if sessions.order_by().values("pk")[: limit + 1].count() > limit:
            messages.error(
                request,
                f"More than {limit:,} sessions with {len(table.header)} columns are too many for one spreadsheet; nothing was"
                " exported. Choose a shorter period or fewer columns, or take the CSV, which has no limit.",
            )
            return HttpResponseRedirect(f"{reverse('admin:stations_session_export')}?{request.GET.urlencode()}")
        return FileResponse(
            session_export.workbook("Sessions", table.header, table.rows),
            as_attachment=True,
            filename="sessions.xlsx",
            content_type=spreadsheets.XLSX,
        )

    def _session(self, request: HttpRequest, pk: int | str) -> Session | None:
        self._allow(request)
        found = Session.objects.select_related(
            "location", "entity", "connector__evse", "source", "batch__created_by", "batch__job"
        )
        session: Session | None = row_in(found, str(pk))
        return session

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        session = self._session(request, object_id)
        if session is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        context = {
            **self.admin_site.each_context(request),
            **session_page.context_of(session, with_customers=can_see_customers(request)),
            "title": f"Session {session.external_id}",
            "can_investigate": investigation.allowed(request),
            "crumbs": [("Sessions", way_back.to_list(request, reverse("admin:stations_session_changelist")))],
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "portal/session.html", context)

    def source(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The line of the imported file a session came from: a part of its page for htmx, else a page of its own."""
        session = self._session(request, pk)
        if session is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, str(pk))
        try:
            line, error = source_line(session.batch, session.line_no), None
        except UserError as problem:
            line, error = "", problem
        context = {"session": session, "fields": session_page.raw_fields(session.batch, line), "line": line, "error": error}
        if request.headers.get("HX-Request"):
            return TemplateResponse(request, "portal/parts/source_line.html", context)
        crumbs = [
            ("Sessions", reverse("admin:stations_session_changelist")),
            (f"Session {session.external_id}", reverse("admin:stations_session_change", args=[session.pk])),
        ]
        shared = {**self.admin_site.each_context(request), "title": f"Line {session.line_no}", "crumbs": crumbs}
        return TemplateResponse(request, "portal/source_line.html", {**shared, **context})
