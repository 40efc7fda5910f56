"""Silent connectors: usually busy, without a session for 48 hours; as a page and as CSV."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from chargebill.core.csvsafe import safe_cell
from chargebill.core.keys import row_in
from chargebill.core.models import LegalEntity
from chargebill.portal.assignment_shown import chosen_company
from chargebill.portal.payment_frame import day_in
from chargebill.portal.session_export import Cell, csv_lines
from chargebill.portal.site import page, site
from stations.models import Connector, Location
from stations.silent import SILENCE, Silence, SilentConnector, silent_connectors

PERMISSION = "stations.view_session"
PER_PAGE = 50
HEADER = (
    "location",
    "evse",
    "connector",
    "last_end_local",
    "time_zone",
    "last_end_utc",
    "silent_hours",
    "sessions_per_week",
    "last_status",
)


@dataclass(frozen=True, slots=True)
class Row:
    """A silent connector with its place. ``zone``: the clock its times are shown in; ``silent_s`` seconds of silence."""

    connector: Connector
    zone: str
    last_end: datetime
    silent_s: int
    per_week: float
    status: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the URL asks for, and what was found; ``shown`` are those at the chosen place."""

    companies: list[LegalEntity]
    entity: LegalEntity | None
    places: list[tuple[int, str]]
    place: Location | None
    found: Silence
    shown: list[SilentConnector]
    query: str
    error: str
    until: date | None
    at: datetime

    @property
    def stale(self) -> bool:
        """Whether nothing newer than the silence itself has been imported."""
        return self.found.known_until is not None and self.at - self.found.known_until >= SILENCE


def chance_of_none(per_week: int) -> float:
    """Percent of all stretches of 48 hours without a session, where ``per_week`` begin at random (Poisson)."""
    return 100 * math.exp(-per_week * (SILENCE / timedelta(weeks=1)))


def select(request: HttpRequest) -> Wanted:
    """Raises PermissionDenied for those who may not see sessions."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    companies = list(LegalEntity.objects.order_by("name"))
    entity = chosen_company(request) or (companies[0] if companies else None)
    until = day_in(request.GET.get("until", ""))
    at = _end_of(until, entity) if until else timezone.now()
    found = silent_connectors(entity=entity, at=at) if entity else Silence(None, ())
    places = list(Location.objects.filter(entity=entity).order_by("name").values_list("pk", "name")) if entity else []
    raw, place, error = request.GET.get("location", ""), None, ""
    if raw:
        place = row_in(Location, raw)
        error = "" if place else f"There is no place {raw[:20]}: the list shows all."
        if place and place.entity_id != (entity and entity.pk):
            # Left over from the company that was shown before.
            place = None
    shown = list(found.connectors)
    if place:
        here = set(Connector.objects.filter(evse__location=place).order_by().values_list("pk", flat=True))
        shown = [one for one in shown if one.connector_id in here]
    query = {"entity": str(entity.pk)} if entity and len(companies) > 1 else {}
    if place:
        query["location"] = str(place.pk)
    if until:
        query["until"] = until.isoformat()
    return Wanted(companies, entity, places, place, found, shown, urlencode(query), error, until, at)


def _end_of(day: date, entity: LegalEntity | None) -> datetime:
    """The end of a day by the company's clock, or now where that is still to come."""
    zone = ZoneInfo((entity and entity.time_zone) or "UTC")
    if day >= timezone.now().astimezone(zone).date():
        return timezone.now()
    return datetime.combine(day + timedelta(days=1), time(), zone)


def rows_of(wanted: Wanted, silent: list[SilentConnector]) -> list[Row]:
    """The connectors with their places, in the same order. One query."""
    known = Connector.objects.select_related("evse__location__entity").in_bulk([one.connector_id for one in silent])
    until, rows = wanted.found.known_until, []
    for one in silent:
        connector = known.get(one.connector_id)
        if connector is None or until is None:
            continue
        location = connector.evse.location
        zone = location.time_zone or location.entity.time_zone or "UTC"
        seconds = (until - one.last_end) // timedelta(seconds=1)
        rows.append(Row(connector, zone, one.last_end, seconds, one.per_week, one.status))
    return rows


@page("silent/", name="silent")
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Of one company. The number of queries does not depend on how many are silent."""
    wanted = select(request)
    shown = Paginator(wanted.shown, PER_PAGE).get_page(request.GET.get("p"))
    request.current_app = site().name
    context: dict[str, Any] = {
        **site().each_context(request),
        "title": "Silent connectors",
        "wanted": wanted,
        "entity": wanted.entity,
        "query": wanted.query,
        "page": shown,
        "rows": rows_of(wanted, list(shown)),
        "chance": chance_of_none(wanted.entity.busy_per_week) if wanted.entity else 0,
        "company_zone": (wanted.entity and wanted.entity.time_zone) or "UTC",
    }
    return TemplateResponse(request, "portal/silent.html", context)


@page("silent/connectors.csv", name="silent_csv")
@require_GET
def export(request: HttpRequest) -> StreamingHttpResponse:
    """All the page lists, not only what is on one page of it."""
    wanted = select(request)
    return StreamingHttpResponse(
        csv_lines(HEADER, _cells(rows_of(wanted, wanted.shown))),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="silent-connectors.csv"'},
    )


def _cells(rows: list[Row]) -> Iterator[list[Cell]]:
    for row in rows:
        yield [
            safe_cell(row.connector.evse.location.name),
            safe_cell(row.connector.evse.uid),
            safe_cell(row.connector.number),
            row.last_end.astimezone(ZoneInfo(row.zone)).replace(tzinfo=None),
            row.zone,
            row.last_end.astimezone(UTC).replace(tzinfo=None),
            row.silent_s // 3600,
            Decimal(row.per_week).quantize(Decimal("0.01")),
            safe_cell(row.status),
        ]
