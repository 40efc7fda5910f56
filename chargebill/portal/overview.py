"""The Overview: the business of one company in one period and place, every figure a way to the sessions behind it."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from chargebill.analytics.queries import Overview, Totals, data_period, overview
from chargebill.core.keys import row_in
from chargebill.core.models import LegalEntity
from chargebill.core.periods import Period, previous
from chargebill.portal import format as written
from chargebill.portal import overview_charts as charts
from chargebill.portal.choices import PRESETS, Chosen, choose, recent_month, today_of
from chargebill.portal.kept_pages import UNFINISHED
from chargebill.portal.overview_charts import Chart
from chargebill.portal.overview_needs import PERMISSION, needs_at_hand
from chargebill.portal.session_export import csv_lines
from chargebill.portal.session_filters import period_query
from chargebill.portal.site import page
from stations.models import Location


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure: ``change`` against the period before, such as "+6.1 %", "" where that had none.

    ``is_judged``: whether more is better, so that a change is colored.
    """

    title: str
    value: str
    help: str
    link: str
    change: str = ""
    up: bool | None = None
    is_judged: bool = True


@dataclass(frozen=True, slots=True)
class Selection:
    """What the page is about. ``query`` is its URL."""

    entity: LegalEntity
    chosen: Chosen
    data: Period[Any]
    location: Location | None
    currency: str
    heat: str
    long: str
    query: dict[str, str]

    @property
    def period(self) -> Period[Any]:
        """The chosen days; for all, and for a period without an end, as far as there are sessions."""
        period = self.chosen.period or self.data
        return period if period.end else Period(period.start, max(self.data.end, period.start))

    @property
    def compares(self) -> bool:
        """Whether there is a period before to compare with."""
        return self.chosen.preset != "all" and self.data.start < self.period.start

    def sessions(self, period: Period[Any] | None = None, **more: str) -> str:
        """The address of the list of sessions behind a figure."""
        days = period or self.period
        query = {"entity": str(self.entity.pk), **period_query(days.start, days.end - timedelta(days=1)), **more}
        if self.location:
            query["location"] = str(self.location.pk)
        return f"{reverse('admin:stations_session_changelist')}?{urlencode(query)}"

    def with_(self, **more: str) -> str:
        """This page's URL parameters with some changed."""
        return urlencode({name: value for name, value in {**self.query, **more}.items() if value})


def select(request: HttpRequest) -> Selection | None:
    """Reads the URL; None while there is no company with sessions."""
    entities = list(LegalEntity.objects.order_by("name"))
    raw = request.GET.get("entity", "")
    named = next((entity for entity in entities if str(entity.pk) == raw), None)
    periods = {entity.pk: data_period(entity) for entity in ([named] if named else entities)}
    entity = named or next((entity for entity in entities if periods[entity.pk]), None)
    data = periods.get(entity.pk) if entity else None
    if entity is None or data is None:
        return None
    location = row_in(Location.objects.filter(entity=entity), request.GET.get("location", ""))
    today = today_of(entity, timezone.now())
    chosen = choose(request.GET, today=today, default=recent_month(data, today))
    currency = request.GET.get("currency", "")[:3].upper()
    heat, long = request.GET.get("heat", ""), request.GET.get("long", "")
    heat, long = heat if heat in charts.KINDS_OF_HEAT else "", long if long in charts.KINDS_OF_DURATION else ""
    query = {
        "entity": str(entity.pk),
        "location": str(location.pk) if location else "",
        "currency": currency,
        "heat": heat,
        "long": long,
    }
    if chosen.preset:
        query["period"] = chosen.preset
    elif chosen.first and chosen.last:
        query.update(period_query(chosen.first, chosen.last))
    return Selection(
        entity, chosen, data, location, currency, heat, long, {name: value for name, value in query.items() if value}
    )


def change_of(now: Decimal | int, before: Decimal | int) -> tuple[str, bool | None]:
    """("+6.1 %", whether it grew) against the value before; ("", None) where there was nothing."""
    if not before:
        return "", None
    percent = (Decimal(now) - Decimal(before)) / Decimal(before) * 100
    shown = written.number(percent, 1)
    return (f"+{shown} %" if percent > 0 else f"{shown} %"), (None if shown in ("0.0", "-0.0") else percent > 0)


def _average(totals: Totals) -> int:
    return totals.duration_s // totals.sessions if totals.sessions else 0


def tiles(selection: Selection, found: Overview) -> list[Tile]:
    now, before = found.totals, found.previous
    behind = selection.sessions()

    def tile(title: str, value: str, help: str, pair: tuple[Any, Any], *, is_judged: bool = True) -> Tile:
        change, up = change_of(*pair) if selection.compares else ("", None)
        return Tile(title, value, help, behind, change, up, is_judged)

    return [
        tile(
            "Revenue, net",
            written.money(now.net, found.currency),
            "Prices without VAT of sessions that ended in this period. Held, unpriced and internal ones are left out.",
            (now.net, before.net),
        ),
        tile(
            "Energy",
            written.energy(now.energy_kwh),
            "Of every session that ended in this period.",
            (now.energy_kwh, before.energy_kwh),
        ),
        tile(
            "Sessions", written.number(now.sessions), "Every session that ended in this period.", (now.sessions, before.sessions)
        ),
        tile(
            "Average duration",
            written.duration(_average(now)) if now.sessions else written.NOTHING,
            "From plugging in to the end, idle time included.",
            (_average(now), _average(before)),
            is_judged=False,
        ),
        tile(
            "Utilization",
            written.NOTHING if found.utilization is None else f"{written.number(found.utilization * 100, 1)} %",
            _utilization_words(found),
            (_whole(found.utilization), _whole(found.previous_utilization)),
        ),
    ]


def _whole(share: float | None) -> Decimal:
    return Decimal(str(share or 0))


def _utilization_words(found: Overview) -> str:
    """What the share is of, in words."""
    connectors = f"{written.number(found.connectors)} connector{'' if found.connectors == 1 else 's'}"
    if found.utilization is None:
        return "Time plugged in, of the time of all connectors. Here is none, or no day with sessions."
    days = f"{written.number(found.days)} day{'' if found.days == 1 else 's'}"
    return f"Time plugged in of these sessions, of the time of {connectors} on {days}."


def figures(selection: Selection) -> Overview:
    return overview(entity=selection.entity, period=selection.period, location=selection.location, currency=selection.currency)


def all_charts(selection: Selection, found: Overview) -> dict[str, Chart]:
    before = previous(selection.period) if selection.compares else None
    return {
        "revenue": charts.revenue(found, selection.period, before, selection.sessions),
        "methods": charts.methods(found, selection.sessions),
        "durations": charts.durations(found, selection.long, selection.sessions),
        "hours": charts.hours(found, selection.heat, selection.sessions),
    }


def index(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """The portal's first page."""
    if not request.user.has_perm(PERMISSION):
        return TemplateResponse(request, "portal/no_role.html", {**context, "title": "Welcome"})
    selection = select(request)
    if selection is None:
        return TemplateResponse(request, "portal/overview_empty.html", context)
    found, needs = figures(selection), needs_at_hand(request, selection.entity)
    response = TemplateResponse(
        request,
        "portal/overview.html",
        {
            **context,
            "selection": selection,
            "found": found,
            "tiles": tiles(selection, found),
            "needs": needs,
            "charts": all_charts(selection, found),
            "before": previous(selection.period) if selection.compares else None,
            "other_currencies": [(code, selection.with_(currency=code)) for code in found.other_currencies],
            "heat_links": [
                (word, selection.with_(heat=value), selection.heat == value) for value, (word, _) in charts.KINDS_OF_HEAT.items()
            ],
            "long_links": [
                (word, selection.with_(long=value), selection.long == value)
                for value, (word, _, _) in charts.KINDS_OF_DURATION.items()
            ],
            "hours_of_day": [f"{hour:02}" for hour in range(24)],
            "presets": PRESETS,
            "entities": list(LegalEntity.objects.order_by("name").values_list("pk", "name")),
            "locations": list(Location.objects.filter(entity=selection.entity).order_by("name").values_list("pk", "name")),
        },
    )
    setattr(response, UNFINISHED, needs is None)
    return response


@page("overview/<str:chart>.csv", name="overview_csv")
def export(request: HttpRequest, chart: str) -> HttpResponse | StreamingHttpResponse:
    """The table behind one chart, as CSV: the same rows as on the page of the same URL."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    selection = select(request)
    if selection is None:
        raise Http404("There are no sessions yet.")
    shown = all_charts(selection, figures(selection)).get(chart)
    if shown is None:
        raise Http404("There is no such chart.")
    return StreamingHttpResponse(
        csv_lines(shown.header, shown.rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{chart}.csv"'},
    )
