"""What the parallel month is about, read from its URL: the same words as on the other pages, so views can be sent."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Max, Min
from django.http import HttpRequest
from django.utils import timezone

from billing.parallel import MODES, Selection
from chargebill.analytics.queries import data_period
from chargebill.core.models import LegalEntity
from chargebill.core.periods import Period, days
from chargebill.portal.choices import EARLIEST, Chosen, choose, recent_month, today_of
from chargebill.portal.session_filters import period_query
from stations.models import ImportBatch, Location, Session


@dataclass(frozen=True, slots=True)
class Wanted:
    """``query`` is the page's URL, ``errors`` what of it could not be read, in words."""

    selection: Selection
    chosen: Chosen
    entities: list[LegalEntity]
    locations: list[tuple[int, str]]
    query: dict[str, str]
    errors: list[str]

    def with_(self, **more: str) -> str:
        """The URL parameters with some changed; "" leaves one out."""
        return urlencode({name: value for name, value in {**self.query, **more}.items() if value})


def select(request: HttpRequest) -> Wanted | None:
    """Reads the URL; None while no import brought sessions of another system."""
    with_amounts = set(
        ImportBatch.objects.filter(mode__in=MODES).order_by().values_list("source__entity_id", flat=True).distinct()
    )
    entities = [entity for entity in LegalEntity.objects.order_by("name") if entity.pk in with_amounts]
    if not entities:
        return None
    errors: list[str] = []
    raw = request.GET.get("entity", "")
    entity = next((one for one in entities if str(one.pk) == raw), None)
    if raw and entity is None:
        errors.append("This company has no sessions of another system: the page shows the first one that has.")
    entity = entity or entities[0]
    locations = list(Location.objects.filter(entity=entity).order_by("name"))
    raw = request.GET.get("location", "")
    location = next((one for one in locations if str(one.pk) == raw), None)
    if raw and location is None:
        errors.append("There is no such place at this company: the page shows all.")
    today = today_of(entity, timezone.now())
    chosen = choose(request.GET, today=today, default=recent_month(compared_period(entity) or data_period(entity), today))
    if chosen.error:
        errors.append(chosen.error)
    currency = request.GET.get("currency", "")[:3].upper()
    query = {
        "entity": str(entity.pk) if len(entities) > 1 else "",
        "location": str(location.pk) if location else "",
        "currency": currency,
        **_period_query(chosen),
    }
    return Wanted(
        selection=Selection(entity, chosen.period or Period(EARLIEST), location, currency),
        chosen=chosen,
        entities=entities,
        locations=[(one.pk, one.name) for one in locations],
        query={name: value for name, value in query.items() if value},
        errors=errors,
    )


def _period_query(chosen: Chosen) -> dict[str, str]:
    if chosen.preset:
        return {"period": chosen.preset}
    if chosen.first and chosen.last:
        return period_query(chosen.first, chosen.last)
    return {"from": chosen.first.isoformat()} if chosen.first else {}


def compared_period(entity: LegalEntity) -> Period[Any] | None:
    """From the first to the last local day that imports of another system brought amounts for; None without any."""
    with_amount = Session.objects.filter(
        batch__mode__in=MODES, batch__source__entity=entity, reported_amount__isnull=False
    ).aggregate(first=Min("local_end_date"), last=Max("local_end_date"))
    return days(with_amount["first"], with_amount["last"]) if with_amount["first"] else None


def latest_day(selection: Selection) -> Any:
    """The last local day of the company a session with a reported amount ended on; None when there is none."""
    found = Session.objects.filter(entity=selection.entity, mode__in=MODES, reported_amount__isnull=False)
    return found.order_by("-local_end_date").values_list("local_end_date", flat=True).first()


def month_query(day: Any) -> dict[str, str]:
    """URL parameters of the month of a day."""
    first = day.replace(day=1)
    after = (first + timedelta(days=32)).replace(day=1)
    return period_query(first, after - timedelta(days=1))
