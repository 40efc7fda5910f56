"""Statistics of the dispute desk: cases beside the sessions they could have been about, which the rollups count."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Sum

from chargebill.analytics.models import LocationDay, NetworkDay
from chargebill.core.models import LegalEntity
from chargebill.core.money import round_to
from chargebill.core.periods import Period
from disputes.statistics.figures import Figures, behind, figures_of, grouped
from disputes.statistics.spans import before
from disputes.statistics_queries import DIMENSIONS, cases_of

# Of which sessions a row's rate is, or why there is none.
OF_COMPANY, OF_PLACE = "of the company", "of the place"
RATES = {"cause": OF_COMPANY, "channel": OF_COMPANY, "outcome": OF_COMPANY, "place": OF_PLACE}
NO_RATE = {
    "connector": "Sessions are counted by place, not by connector: there is no rate.",
    "tariff": "Sessions are counted by place, not by tariff: there is no rate.",
    "firmware": "Sessions are counted by place, not by firmware: there is no rate.",
    "agent": "Nobody’s cases come out of sessions of their own: there is no rate.",
}


@dataclass(frozen=True, slots=True)
class Row:
    """The cases of one place, reason, ... or of all. ``sessions``: what the rate is of; None where nothing counts them."""

    key: str
    label: str
    figures: Figures
    sessions: int | None

    @property
    def per_thousand(self) -> Decimal | None:
        """Cases for 1,000 sessions, two digits; None without sessions."""
        if not self.sessions:
            return None
        return round_to(Decimal(self.figures.counts["cases"] * 1000) / self.sessions, 2)


@dataclass(frozen=True, slots=True)
class Statistics:
    """``rows`` by a dimension, the most cases first. ``before`` is the total of the span before."""

    entity: LegalEntity
    span: Period[date]
    by: str
    total: Row
    rows: list[Row]
    span_before: Period[date]
    before: Row


def statistics(*, entity: LegalEntity, span: Period[date], by: str) -> Statistics:
    """The company's cases opened on days of the span, grouped. The number of queries does not depend on how many there are."""
    cases, earlier = cases_of(entity, span, by), before(span)
    sessions = priced_sessions(entity, span)
    of_places = sessions_of_places(entity, span) if RATES.get(by) == OF_PLACE else {}
    rows = [
        Row(key, label, figures_of(found), _sessions_of(by, key, sessions, of_places))
        for (key, label), found in grouped(cases, by).items()
    ]
    return Statistics(
        entity=entity,
        span=span,
        by=by,
        total=Row("", "All cases", figures_of(cases), sessions),
        rows=sorted(rows, key=lambda row: (-row.figures.counts["cases"], -row.figures.counts["received"], row.label, row.key)),
        span_before=earlier,
        before=Row("", "All cases", figures_of(cases_of(entity, earlier)), priced_sessions(entity, earlier)),
    )


def _sessions_of(by: str, key: str, sessions: int, of_places: Mapping[str, int]) -> int | None:
    if RATES.get(by) == OF_PLACE:
        return of_places.get(key)
    return sessions if by in RATES else None


def cases_behind(*, entity: LegalEntity, span: Period[date], figure: str, by: str = "", key: str = "") -> list[int]:
    """Keys of the cases a figure counts. Raises KeyError for a figure or a dimension there is not."""
    if by:
        DIMENSIONS[by]
    return behind(cases_of(entity, span, by), figure, by, key)


def priced_sessions(entity: LegalEntity, span: Period[date]) -> int:
    """Sessions that ended on these days with a price the Overview counts: what is held, unpriced or internal is nobody's bill."""
    rows = NetworkDay.objects.filter(entity=entity, day__gte=span.start, day__lt=span.end).exclude(currency="")
    return int(rows.aggregate(n=Sum("sessions", default=0))["n"])


def sessions_of_places(entity: LegalEntity, span: Period[date]) -> dict[str, int]:
    """The same by the key of a place as cases have it."""
    rows = LocationDay.objects.filter(location__entity=entity, day__gte=span.start, day__lt=span.end).exclude(currency="")
    return {f"={place}": n for place, n in rows.order_by().values_list("location_id").annotate(n=Sum("sessions"))}
