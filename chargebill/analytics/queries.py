"""Reads the rollups: the figures of the Overview."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q, Sum

from chargebill.analytics.measures import (
    BIN_MEASURES,
    DURATION_LABELS,
    HOUR_MEASURES,
    HOURS_OF_WEEK,
    MEASURES,
    duration_bin,
    durations_of,
    spread,
)
from chargebill.analytics.models import LocationDay, NetworkDay, NetworkDuration, NetworkHour
from chargebill.core.models import LegalEntity
from chargebill.core.money import from_minor
from chargebill.core.periods import Period, previous
from stations.models import Connector, Location, PaymentMethod, Session


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over sessions that ended in a period. Amounts in the Overview's currency; energy in kWh, times in s."""

    sessions: int
    energy_kwh: Decimal
    duration_s: int
    charging_s: int
    net: Decimal
    gross: Decimal


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    sessions: int
    energy_kwh: Decimal
    net: Decimal


@dataclass(frozen=True, slots=True)
class Method:
    """``share`` of sessions, 0 to 1."""

    method: str
    label: str
    sessions: int
    share: float
    net: Decimal


@dataclass(frozen=True, slots=True)
class Hour:
    """One local hour of the week: sessions that began in it, energy that flowed and time that was occupied in it.

    ``utilization`` is the share of the connectors' time in that hour, 0 to 1; None without connectors.
    """

    sessions: int
    energy_kwh: Decimal
    occupied_s: int
    utilization: float | None


@dataclass(frozen=True, slots=True)
class Bin:
    """How many sessions were plugged in, charging and idle for so long; the latter two where it is known."""

    label: str
    sessions: int
    charging: int
    idle: int


@dataclass(frozen=True, slots=True)
class Overview:
    """Every figure of the Overview page. ``hours``: 168 from Monday 00:00.

    ``other_currencies`` are those with priced sessions in the period that these amounts leave out. ``utilization`` is
    plugged-in time by the time of all connectors there are now, over ``days``: those of the period from the entity's first
    session to its last; None without.
    """

    currency: str
    totals: Totals
    previous: Totals
    connectors: int
    days: int
    utilization: float | None
    previous_utilization: float | None
    by_day: list[Day] = field(default_factory=list)
    previous_by_day: list[Day] = field(default_factory=list)
    methods: list[Method] = field(default_factory=list)
    hours: list[Hour] = field(default_factory=list)
    durations: list[Bin] = field(default_factory=list)
    other_currencies: list[str] = field(default_factory=list)


def data_period(entity: LegalEntity) -> Period[date] | None:
    """From the first to after the last day with a session of the entity; None when there is none."""
    # From either end of the index: smallest and largest in one query would read every day there is.
    days = NetworkDay.objects.filter(entity=entity, sessions__gt=0).values_list("day", flat=True)
    first, last = days.order_by("day").first(), days.order_by("-day").first()
    return Period(first, last + timedelta(days=1)) if first and last else None


def overview(*, entity: LegalEntity, period: Period[date], location: Location | None = None, currency: str = "") -> Overview:
    """The entity's business in ``period`` of local end dates, all of it or one place's.

    One currency at a time: ``currency``, else the entity's own. Sessions, energy and times count every session.
    """
    rows: Any
    if location:
        rows = LocationDay.objects.filter(location=location)
    else:
        rows = NetworkDay.objects.filter(entity=entity)
    here = rows.filter(_within(period))
    found = sorted(here.exclude(currency="").filter(sessions__gt=0).values_list("currency", flat=True).distinct().order_by())
    currency = currency or entity.base_currency or (found[0] if found else "")
    totals = _totals(here, currency)
    before = _totals(rows.filter(_within(previous(period))), currency)
    known = data_period(entity)
    days, days_before = _days_of(period, known), _days_of(previous(period), known)
    connectors = Connector.objects.filter(**({"evse__location": location} if location else {"evse__entity": entity})).count()
    return Overview(
        currency=currency,
        totals=totals,
        previous=before,
        connectors=connectors,
        days=len(days),
        utilization=_share(totals.duration_s, connectors, len(days) * 24),
        previous_utilization=_share(before.duration_s, connectors, len(days_before) * 24),
        by_day=_by_day(here, currency),
        previous_by_day=_by_day(rows.filter(_within(previous(period))), currency),
        methods=_methods(here, currency),
        hours=_hours(entity, period, location, connectors, days),
        durations=_durations(entity, period, location),
        other_currencies=[c for c in found if c != currency],
    )


def _days_of(period: Period[date], known: Period[date] | None) -> list[date]:
    """The days of the period on which there may be sessions of the entity."""
    if known is None or known.end is None:
        return []
    first, end = max(period.start, known.start), min(period.end or known.end, known.end)
    return [date.fromordinal(n) for n in range(first.toordinal(), end.toordinal())]


def _share(occupied_s: int, connectors: int, hours: int) -> float | None:
    """Of the time of so many connectors in so many hours."""
    return occupied_s / (connectors * hours * 3600) if connectors and hours else None


def _within(period: Period[date]) -> Q:
    return Q(day__gte=period.start, day__lt=period.end) if period.end else Q(day__gte=period.start)


def _sums(currency: str) -> dict[str, Sum]:
    money = {name: Sum(name, filter=Q(currency=currency), default=0) for name in ("net_minor", "gross_minor")}
    return {name: Sum(name, default=0) for name in MEASURES if name not in money} | money


def _kwh(dwh: int) -> Decimal:
    return Decimal(dwh).scaleb(-4)


def _totals(rows: Any, currency: str) -> Totals:
    sums = rows.aggregate(**{f"total_{name}": value for name, value in _sums(currency).items()})
    return Totals(
        sessions=sums["total_sessions"],
        energy_kwh=_kwh(sums["total_energy_dwh"]),
        duration_s=sums["total_duration_s"],
        charging_s=sums["total_charging_s"],
        net=from_minor(sums["total_net_minor"], currency),
        gross=from_minor(sums["total_gross_minor"], currency),
    )


def _by_day(rows: Any, currency: str) -> list[Day]:
    sums = {f"total_{name}": value for name, value in _sums(currency).items()}
    return [
        Day(row["day"], row["total_sessions"], _kwh(row["total_energy_dwh"]), from_minor(row["total_net_minor"], currency))
        for row in rows.values("day").annotate(**sums).order_by("day")
        if row["total_sessions"]
    ]


def _methods(rows: Any, currency: str) -> list[Method]:
    sums = {f"total_{name}": value for name, value in _sums(currency).items()}
    found = [row for row in rows.values("payment_method").annotate(**sums).order_by() if row["total_sessions"]]
    total = sum(row["total_sessions"] for row in found)
    return sorted(
        (
            Method(
                row["payment_method"],
                PaymentMethod(row["payment_method"]).label,
                row["total_sessions"],
                row["total_sessions"] / total,
                from_minor(row["total_net_minor"], currency),
            )
            for row in found
        ),
        key=lambda m: (-m.sessions, m.method),
    )


def _place_sessions(location: Location, period: Period[date]) -> Any:
    """One place's sessions by the (location, local_end_date) index: few enough to read, whatever the whole network has."""
    sessions = Session.objects.filter(location=location, local_end_date__gte=period.start).order_by()
    return sessions.filter(local_end_date__lt=period.end) if period.end else sessions


def _hours(entity: LegalEntity, period: Period[date], location: Location | None, connectors: int, days: list[date]) -> list[Hour]:
    week = [[0] * len(HOUR_MEASURES) for _ in range(HOURS_OF_WEEK)]
    if location:
        rows = _place_sessions(location, period).values_list(
            "local_start_minute", "started_at", "duration_s", "charging_s", "energy_kwh"
        )
        for start_minute, started_at, duration_s, charging_s, kwh in rows.iterator():
            week[start_minute // 60][0] += 1
            covered = spread(
                start_minute=start_minute,
                start_second=started_at.second,
                duration_s=duration_s,
                charging_s=charging_s,
                energy_dwh=int(kwh.scaleb(4)),
            )
            for within, occupied_s, energy_dwh in covered:
                week[within][1] += energy_dwh
                week[within][2] += occupied_s
    else:
        sums = {f"total_{name}": Sum(name) for name in HOUR_MEASURES}
        rows = NetworkHour.objects.filter(_within(period), entity=entity).order_by().values_list("hour")
        for hour, *counts in rows.annotate(**sums):
            week[hour] = counts
    weekdays = [day.weekday() for day in days]
    times = [weekdays.count(weekday) for weekday in range(7)]
    return [
        Hour(sessions, _kwh(energy_dwh), occupied_s, _share(occupied_s, connectors, times[n // 24]))
        for n, (sessions, energy_dwh, occupied_s) in enumerate(week)
    ]


def _durations(entity: LegalEntity, period: Period[date], location: Location | None) -> list[Bin]:
    counts = [[0] * len(BIN_MEASURES) for _ in DURATION_LABELS]
    if location:
        for row in _place_sessions(location, period).values_list("duration_s", "charging_s").iterator():
            for n, duration_s in enumerate(durations_of(*row)):
                if duration_s is not None:
                    counts[duration_bin(duration_s)][n] += 1
    else:
        sums = {f"total_{name}": Sum(name) for name in BIN_MEASURES}
        rows = NetworkDuration.objects.filter(_within(period), entity=entity).order_by().values_list("bin")
        for bin_, *found in rows.annotate(**sums):
            counts[bin_] = found
    return [Bin(label, *row) for label, row in zip(DURATION_LABELS, counts, strict=True)]


def grand_totals() -> dict[str, Any]:
    """Everything ever counted: sessions, kWh, and net revenue by currency, as strings."""
    everything = NetworkDay.objects.aggregate(n=Sum("sessions", default=0), e=Sum("energy_dwh", default=0))
    by_currency = NetworkDay.objects.exclude(currency="").values("currency").annotate(net=Sum("net_minor"), n=Sum("sessions"))
    return {
        "sessions": everything["n"],
        "energy_kwh": str(_kwh(everything["e"])),
        "net": {r["currency"]: str(from_minor(r["net"], r["currency"])) for r in by_currency.order_by("currency") if r["n"]},
    }


@dataclass(frozen=True, slots=True)
class Ended:
    """What ended in a period: sessions of any kind, their energy, and net revenue by currency as the Overview counts it."""

    sessions: int
    energy_kwh: Decimal
    net: dict[str, Decimal]


def ended_in(entity: LegalEntity, period: Period[date]) -> Ended:
    """The entity's sessions by local end date. One query."""
    rows = NetworkDay.objects.filter(_within(period), entity=entity).order_by().values_list("currency")
    found = list(rows.annotate(n=Sum("sessions"), energy=Sum("energy_dwh"), net=Sum("net_minor")))
    return Ended(
        sum(n for _, n, _, _ in found),
        _kwh(sum(energy for _, _, energy, _ in found)),
        {currency: from_minor(net, currency) for currency, n, _, net in sorted(found) if currency and n},
    )
