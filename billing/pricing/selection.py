"""Which price applies: walks the elements of a tariff at the start of each period (docs/pricing.md, Choosing)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from billing.pricing.model import (
    ALWAYS,
    COMPONENT_DIMENSIONS,
    CdrError,
    ChargingPeriod,
    Component,
    Dimension,
    Restrictions,
    Tariff,
    Usage,
)
from billing.pricing.text import line_reason

ZERO = Decimal(0)
FLAT, ENERGY, TIME, PARKING = COMPONENT_DIMENSIONS
RESERVATION_FLAT, RESERVATION_TIME = Dimension.RESERVATION_FLAT, Dimension.RESERVATION_TIME
_DAY_MINUTES = 24 * 60
_MOST_COMPILED = 512
# What a line shows of a price per hour as one per minute; amounts are never computed from it.
_PER_MINUTE = Context(prec=12)


class Rate:
    """A component where it stands in its tariff, with what every line of it says, worked out once.

    ``hourly``: its price is per hour of a quantity in seconds.
    """

    __slots__ = (
        "always",
        "by_clock",
        "component",
        "dimension",
        "element",
        "hourly",
        "reason",
        "restrictions",
        "tariff",
        "unit",
        "unit_price",
    )

    def __init__(
        self, tariff: Tariff, element: int, restrictions: Restrictions, component: Component, dimension: Dimension
    ) -> None:
        self.tariff, self.element, self.restrictions, self.component = tariff, element, restrictions, component
        self.dimension = dimension
        self.by_clock = restrictions.needs_local_time
        self.always = restrictions == ALWAYS or restrictions == _ONLY_RESERVATION.get(restrictions.reservation)
        self.hourly = component.dimension in (TIME, PARKING)
        self.unit = "s" if self.hourly else "kWh" if component.dimension is ENERGY else "session"
        # People think in minutes, OCPI states hours.
        self.unit_price = _PER_MINUTE.divide(component.price, Decimal(60)) if self.hourly else component.price
        self.reason = line_reason(dimension, component, restrictions)


_ONLY_RESERVATION = {word: Restrictions(reservation=word) for word in ("RESERVATION", "RESERVATION_EXPIRES")}


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where the restrictions of a tariff may change: minutes of the day, kWh, seconds since the start."""

    minutes: tuple[int, ...]
    kwh: tuple[Decimal, ...]
    seconds: tuple[int, ...]

    @property
    def none(self) -> bool:
        return not (self.minutes or self.kwh or self.seconds)


def _bounds(tariff: Tariff) -> Bounds:
    minutes: set[int] = set()
    kwh: set[Decimal] = set()
    seconds: set[int] = set()
    for element in tariff.elements:
        r = element.restrictions
        minutes |= {minute % _DAY_MINUTES for minute in (r.start_minute, r.end_minute) if minute is not None}
        if r.days is not None or r.start_date is not None or r.end_date is not None:
            minutes.add(0)
        kwh |= {bound for bound in (r.min_kwh, r.max_kwh) if bound}
        seconds |= {bound for bound in (r.min_duration_s, r.max_duration_s) if bound}
    return Bounds(tuple(sorted(minutes)), tuple(sorted(kwh)), tuple(sorted(seconds)))


class Compiled:
    """A tariff sorted by what is looked for: per dimension the rates in the order they are tried."""

    __slots__ = ("bounds", "expired", "needs_local_time", "reserved", "session", "tariff")

    def __init__(self, tariff: Tariff) -> None:
        self.tariff = tariff
        self.needs_local_time = tariff.needs_local_time
        self.bounds = _bounds(tariff)
        self.session: dict[Dimension, list[Rate]] = {}
        self.reserved: dict[Dimension, list[Rate]] = {}
        expiry: dict[Dimension, list[Rate]] = {}
        for index, element in enumerate(tariff.elements):
            seen = set()
            for component in element.components:
                if component.dimension in seen:
                    continue
                seen.add(component.dimension)
                word = element.restrictions.reservation
                dimension = element.dimension_of(component)
                if dimension is None:
                    continue
                group = {"": self.session, "RESERVATION": self.reserved, "RESERVATION_EXPIRES": expiry}[word]
                group.setdefault(dimension, []).append(Rate(tariff, index, element.restrictions, component, dimension))
        # A lapsed reservation is priced by the elements for that first, the others fill in what those leave out.
        self.expired = {
            dimension: [*expiry.get(dimension, []), *self.reserved.get(dimension, [])]
            for dimension in (RESERVATION_FLAT, RESERVATION_TIME)
        }

    def reservation(self, *, expired: bool) -> dict[Dimension, list[Rate]]:
        return self.expired if expired else self.reserved


_compiled: dict[int, Compiled] = {}


def compiled(tariff: Tariff) -> Compiled:
    """Kept by identity: hashing a whole tariff would cost as much as pricing a session with it."""
    found = _compiled.get(id(tariff))
    if found is None or found.tariff is not tariff:
        if len(_compiled) >= _MOST_COMPILED:
            _compiled.clear()
        found = _compiled[id(tariff)] = Compiled(tariff)
    return found


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """Raises CdrError: a zone is never guessed."""
    if not name:
        raise CdrError(
            "time_zone_unknown",
            "",
            "The tariff depends on the local time and the time zone is not known. Give the place's zone, such as Europe/Berlin.",
        )
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CdrError(
            "time_zone_unknown", "", f"{name[:60]!r} is no IANA time zone. Use a name such as Europe/Berlin."
        ) from None


@dataclass(slots=True)
class State:
    """What restrictions ask about, at one instant of a session."""

    period: ChargingPeriod
    at: datetime
    zone: ZoneInfo | None
    kwh: Decimal
    elapsed_s: float
    _local: datetime | None = None

    @property
    def local(self) -> datetime:
        if self._local is None:
            self._local = self.at.astimezone(self.zone)
        return self._local

    def holds(self, rate: Rate) -> bool:
        """Whether all of them hold; lower bounds included, upper ones not. Not measured: a bound on it does not hold."""
        r = rate.restrictions
        if rate.by_clock and not r.hold_at(self.local):
            return False
        if r.min_kwh is not None and self.kwh < r.min_kwh:
            return False
        if r.max_kwh is not None and self.kwh >= r.max_kwh:
            return False
        if r.min_duration_s is not None and self.elapsed_s < r.min_duration_s:
            return False
        if r.max_duration_s is not None and self.elapsed_s >= r.max_duration_s:
            return False
        p = self.period
        return _within(r.min_power_kw, r.max_power_kw, p.min_power_kw, p.max_power_kw) and _within(
            r.min_current_a, r.max_current_a, p.min_current_a, p.max_current_a
        )

    def first(self, rates: Sequence[Rate] | None) -> Rate | None:
        """The first rate that applies."""
        for rate in rates or ():
            if rate.always or self.holds(rate):
                return rate
        return None


def _within(least: Decimal | None, below: Decimal | None, measured_min: Decimal | None, measured_max: Decimal | None) -> bool:
    """A lower bound is held against the minimum, an upper one against the maximum, each against the other for want of it."""
    if least is not None:
        value = measured_max if measured_min is None else measured_min
        if value is None or value < least:
            return False
    if below is not None:
        value = measured_min if measured_max is None else measured_max
        if value is None or value >= below:
            return False
    return True


def states(usage: Usage, tariffs: Sequence[Compiled]) -> list[State]:
    """The state at the start of each period; ``tariffs`` are the periods' own.

    A reservation's time runs from its own beginning, the session's from the first period that is not only reserved.
    """
    zone = zone_of(usage.time_zone) if any(c.needs_local_time for c in tariffs) else None
    began = usage.periods[0].start
    kwh, in_session = ZERO, False
    found = []
    for period in usage.periods:
        if not in_session and not period.is_reservation:
            began, in_session = period.start, True
        found.append(State(period, period.start, zone, kwh, (period.start - began).total_seconds()))
        kwh += period.energy_kwh
    return found


@dataclass(slots=True)
class Entry:
    """A quantity at a rate: of one period, or of several in a row once they are put together.

    ``measured`` is what happened, ``quantity`` what of it is billed: less by grace, more by rounding up.
    """

    rate: Rate
    start: datetime
    end: datetime
    measured: Decimal | int
    quantity: Decimal | int


def choose(usage: Usage, at: Sequence[State], tariffs: Sequence[Compiled]) -> list[Entry]:
    """What each period's volumes cost, in time order. A dimension without a rate is free and not among them."""
    entries: list[Entry] = []
    started = reserved = False
    grace_left: Decimal | int = tariffs[0].tariff.grace_s
    for state, by in zip(at, tariffs, strict=True):
        p = state.period
        if p.reserved_s:
            rates = by.reservation(expired=usage.reservation_expired)
            if not reserved and (rate := state.first(rates.get(RESERVATION_FLAT))):
                entries.append(Entry(rate, p.start, usage.periods[-1].end, 1, 1))
                reserved = True
            if rate := state.first(rates.get(RESERVATION_TIME)):
                entries.append(Entry(rate, p.start, p.end, p.reserved_s, p.reserved_s))
            if p.is_reservation:
                continue
        session = by.session
        if not started and (rate := state.first(session.get(FLAT))):
            entries.append(Entry(rate, p.start, usage.periods[-1].end, 1, 1))
            started = True
        if p.energy_kwh and (rate := state.first(session.get(ENERGY))):
            entries.append(Entry(rate, p.start, p.end, p.energy_kwh, p.energy_kwh))
        if p.charging_s and (rate := state.first(session.get(TIME))):
            entries.append(Entry(rate, p.start, p.end, p.charging_s, p.charging_s))
        if p.parking_s:
            # Grace runs from the first idle second on, also while idling costs nothing anyway.
            graced = min(grace_left, p.parking_s)
            grace_left -= graced
            if rate := state.first(session.get(PARKING)):
                entries.append(Entry(rate, p.start, p.end, p.parking_s, p.parking_s - graced))
    return entries
