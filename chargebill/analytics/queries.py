"""Reads the rollups: the figures of the Overview."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, Max, Min, Q, Sum

from billing.models import Chargeable
from chargebill.analytics.measures import DURATION_LABELS, MEASURES, duration_bin
from chargebill.analytics.models import LocationDay, NetworkDay, NetworkDuration, NetworkHour
from chargebill.core.models import LegalEntity
from chargebill.core.money import from_minor
from chargebill.core.periods import Period, previous
from stations.models import Location, PaymentMethod, Session


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
class Overview:
    """Every figure of the Overview page. ``hours``: 168 counts from Monday 00:00, by local start.

    ``other_currencies`` are those with priced sessions in the period that these amounts leave out.
    """

    currency: str
    totals: Totals
    previous: Totals
    unpriced: int
    held: int
    by_day: list[Day] = field(default_factory=list)
    previous_by_day: list[Day] = field(default_factory=list)
    methods: list[Method] = field(default_factory=list)
    hours: list[int] = field(default_factory=list)
    hours_energy_kwh: list[Decimal] = field(default_factory=list)
    durations: list[tuple[str, int]] = field(default_factory=list)
    other_currencies: list[str] = field(default_factory=list)


def data_period(entity: LegalEntity) -> Period[date] | None:
    """From the first to after the last day with a session of the entity; None when there is none."""
    ends = NetworkDay.objects.filter(entity=entity, sessions__gt=0).aggregate(first=Min("day"), last=Max("day"))
    if ends["first"] is None:
        return None
    return Period(ends["first"], date.fromordinal(ends["last"].toordinal() + 1))


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
    states = _states(entity, period, location)
    hours, energy = _hours(entity, period, location)
    return Overview(
        currency=currency,
        totals=_totals(here, currency),
        previous=_totals(rows.filter(_within(previous(period))), currency),
        unpriced=states.get(Chargeable.State.UNPRICED, 0),
        held=states.get(Chargeable.State.HELD, 0),
        by_day=_by_day(here, currency),
        previous_by_day=_by_day(rows.filter(_within(previous(period))), currency),
        methods=_methods(here, currency),
        hours=hours,
        hours_energy_kwh=energy,
        durations=_durations(entity, period, location),
        other_currencies=[c for c in found if c != currency],
    )


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


def _hours(entity: LegalEntity, period: Period[date], location: Location | None) -> tuple[list[int], list[Decimal]]:
    counts, energy = [0] * 168, [Decimal(0)] * 168
    if location:
        rows = _place_sessions(location, period).values_list("local_start_hour", "energy_kwh")
        for hour, kwh in rows.iterator():
            counts[hour] += 1
            energy[hour] += kwh
        return counts, energy
    hours = NetworkHour.objects.filter(_within(period), entity=entity).values("hour").order_by()
    for row in hours.annotate(n=Sum("sessions"), e=Sum("energy_dwh")):
        counts[row["hour"]], energy[row["hour"]] = row["n"], _kwh(row["e"])
    return counts, energy


def _durations(entity: LegalEntity, period: Period[date], location: Location | None) -> list[tuple[str, int]]:
    counts = [0] * len(DURATION_LABELS)
    if location:
        for (duration_s,) in _place_sessions(location, period).values_list("duration_s").iterator():
            counts[duration_bin(duration_s)] += 1
    else:
        rows = NetworkDuration.objects.filter(_within(period), entity=entity).values("bin").order_by()
        for row in rows.annotate(n=Sum("sessions")):
            counts[row["bin"]] = row["n"]
    return list(zip(DURATION_LABELS, counts, strict=True))


def _states(entity: LegalEntity, period: Period[date], location: Location | None) -> dict[str, int]:
    """Sessions that wait for a person. Read from the (state, reason) index: waiting ones are few."""
    waiting = Chargeable.objects.filter(
        state__in=[Chargeable.State.UNPRICED, Chargeable.State.HELD],
        session__entity=entity,
        session__local_end_date__gte=period.start,
    )
    if period.end:
        waiting = waiting.filter(session__local_end_date__lt=period.end)
    if location:
        waiting = waiting.filter(session__location=location)
    return dict(waiting.values_list("state").annotate(n=Count("pk")).order_by())


def grand_totals() -> dict[str, Any]:
    """Everything ever counted: sessions, kWh, and net revenue by currency, as strings."""
    everything = NetworkDay.objects.aggregate(n=Sum("sessions", default=0), e=Sum("energy_dwh", default=0))
    by_currency = NetworkDay.objects.exclude(currency="").values("currency").annotate(net=Sum("net_minor"), n=Sum("sessions"))
    return {
        "sessions": everything["n"],
        "energy_kwh": str(_kwh(everything["e"])),
        "net": {r["currency"]: str(from_minor(r["net"], r["currency"])) for r in by_currency.order_by("currency") if r["n"]},
    }
