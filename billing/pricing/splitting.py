"""Finds the moments at which a price can change inside a period, and cuts there.

More cuts than needed do no harm: what follows at the same rate becomes one line again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from billing.pricing.model import ZERO, CdrError, ChargingPeriod, Dimension, Usage
from billing.pricing.selection import FLAT, Compiled, Entry, Rate, State, choose, states

_DAY_MINUTES = 24 * 60
_DAY_S = 24 * 3600
_ONE = Decimal(1)
# A session of years is an error of its source; cutting it at every midnight would only hide that.
_MOST_DAYS = 400


@dataclass(frozen=True, slots=True)
class _Bounds:
    """Where the restrictions of a tariff may change: minutes of the day, kWh, seconds since the start."""

    minutes: tuple[int, ...]
    kwh: tuple[Decimal, ...]
    seconds: tuple[int, ...]

    @property
    def none(self) -> bool:
        return not (self.minutes or self.kwh or self.seconds)


_bounds_of: dict[int, tuple[Compiled, _Bounds]] = {}


def _bounds(by: Compiled) -> _Bounds:
    kept = _bounds_of.get(id(by))
    if kept is None or kept[0] is not by:
        if len(_bounds_of) >= 512:
            _bounds_of.clear()
        kept = _bounds_of[id(by)] = (by, _bounds_from(by))
    return kept[1]


def _bounds_from(by: Compiled) -> _Bounds:
    minutes: set[int] = set()
    kwh: set[Decimal] = set()
    seconds: set[int] = set()
    for element in by.tariff.elements:
        r = element.restrictions
        minutes |= {minute % _DAY_MINUTES for minute in (r.start_minute, r.end_minute) if minute is not None}
        if r.days is not None or r.start_date is not None or r.end_date is not None:
            minutes.add(0)
        kwh |= {bound for bound in (r.min_kwh, r.max_kwh) if bound}
        seconds |= {bound for bound in (r.min_duration_s, r.max_duration_s) if bound}
    return _Bounds(tuple(sorted(minutes)), tuple(sorted(kwh)), tuple(sorted(seconds)))


@dataclass(frozen=True, slots=True)
class _Cut:
    """Inside a period: how far on in time (0 to 1), at which moment, and the energy of the period up to there."""

    share: Decimal
    at: datetime
    energy_kwh: Decimal


def _cuts(state: State, bounds: _Bounds) -> list[_Cut]:
    """In order, strictly inside the period, none twice."""
    p = state.period
    clock = bounds.minutes if bounds.minutes and state.zone is not None and _clock_passes(state, bounds.minutes) else ()
    if not (clock or bounds.kwh or bounds.seconds):
        return []
    length = p.end - p.start
    found: dict[datetime, _Cut] = {}

    def add(at: datetime) -> None:
        if p.start < at < p.end:
            share = Decimal((at - p.start) // timedelta(microseconds=1)) / Decimal(length // timedelta(microseconds=1))
            found.setdefault(at, _Cut(share, at, p.energy_kwh * share))

    for bound in bounds.kwh:
        used = bound - state.kwh
        if 0 < used < p.energy_kwh:
            share = used / p.energy_kwh
            at = p.start + timedelta(microseconds=int(share * (length // timedelta(microseconds=1))))
            found[at] = _Cut(share, at, used)
    began = state.at - timedelta(seconds=state.elapsed_s)
    for seconds in bounds.seconds:
        add(began + timedelta(seconds=seconds))
    if clock and state.zone is not None:
        for at in _clock_cuts(p.start, p.end, state.zone, clock):
            add(at)
    return [found[at] for at in sorted(found)]


def _clock_passes(state: State, minutes: Sequence[int]) -> bool:
    """Whether the local clock may show one of the minutes inside the period: a quick look that never misses one."""
    p, local = state.period, state.local
    length_s = (p.end - p.start).total_seconds()
    if length_s >= _DAY_S or local.utcoffset() != p.end.astimezone(state.zone).utcoffset():
        return True
    start_s = local.hour * 3600 + local.minute * 60 + local.second + local.microsecond / 1_000_000
    end_s = start_s + length_s
    for minute in minutes:
        bound_s = minute * 60
        if start_s < bound_s < end_s or bound_s + _DAY_S < end_s:
            return True
    return False


def _clock_cuts(start: datetime, end: datetime, zone: ZoneInfo, minutes: Sequence[int]) -> Iterator[datetime]:
    """Every moment in between at which the local clock shows one of the minutes, or jumps over one."""
    day, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    if (last - day).days > _MOST_DAYS:
        raise CdrError("session_too_long", "", f"A session of more than {_MOST_DAYS} days can't be split by the time of day.")
    while day <= last:
        for minute in minutes:
            naive = datetime.combine(day, time(minute // 60, minute % 60), zone)
            # An hour that comes twice has both; one that is skipped has neither, the jump below stands for it.
            yield naive.astimezone(UTC)
            yield naive.replace(fold=1).astimezone(UTC)
        following = day + timedelta(days=1)
        midnight, next_midnight = (datetime.combine(d, time(), zone) for d in (day, following))
        if midnight.utcoffset() != next_midnight.utcoffset():
            yield _jump(midnight.astimezone(UTC), next_midnight.astimezone(UTC), zone)
        day = following


def _jump(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The second at which the zone's offset changes between two moments."""
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


def _pieces(p: ChargingPeriod, cuts: list[_Cut]) -> Iterator[ChargingPeriod]:
    """The period cut up; its volumes in proportion to time, whole seconds staying whole, adding up to what they were."""
    end = _Cut(_ONE, p.end, p.energy_kwh)
    at, energy = p.start, ZERO
    done: dict[str, Decimal | int] = {"charging_s": 0, "parking_s": 0, "reserved_s": 0}
    for cut in [*cuts, end]:
        upto = {name: _part(getattr(p, name), cut.share) for name in done}
        volumes = {name: upto[name] - done[name] for name in done}
        yield replace(p, start=at, end=cut.at, energy_kwh=cut.energy_kwh - energy, **volumes)  # type: ignore[arg-type]
        at, energy, done = cut.at, cut.energy_kwh, upto


def _part(quantity: Decimal | int, share: Decimal) -> Decimal | int:
    if share == 1:
        return quantity
    if isinstance(quantity, int):
        return int((quantity * share).quantize(_ONE, ROUND_HALF_UP))
    return quantity * share


def split(usage: Usage, tariffs: Sequence[Compiled]) -> tuple[Usage, list[Compiled]]:
    """The usage with every period cut where its price can change, and the tariffs of the new periods."""
    if all(_bounds(by).none for by in tariffs):
        return usage, list(tariffs)
    periods: list[ChargingPeriod] = []
    chosen: list[Compiled] = []
    for state, by in zip(states(usage, tariffs), tariffs, strict=True):
        pieces = list(_pieces(state.period, _cuts(state, _bounds(by))))
        periods += pieces
        chosen += [by] * len(pieces)
    return usage.with_periods(tuple(periods)), chosen


def spans_price_change(usage: Usage, at: Sequence[State], tariffs: Sequence[Compiled]) -> bool:
    """Whether the price of a volume changes before its period ends."""
    if all(_bounds(by).none for by in tariffs):
        return False
    for state, by in zip(at, tariffs, strict=True):
        if (cuts := _cuts(state, _bounds(by))) and any(
            len({id(rate) for rate in rates}) > 1 for rates in _rates(state, cuts, by, usage).values()
        ):
            return True
    return False


def _rates(state: State, cuts: list[_Cut], by: Compiled, usage: Usage) -> dict[Dimension, list[Rate | None]]:
    """The rate of each dimension with a volume at the start of the period and at each cut."""
    p = state.period
    moments = [state]
    for cut in cuts:
        elapsed = state.elapsed_s + (cut.at - p.start).total_seconds()
        moments.append(State(p, cut.at, state.zone, state.kwh + cut.energy_kwh, elapsed))
    volumes = {
        Dimension.ENERGY: p.energy_kwh,
        Dimension.TIME: p.charging_s,
        Dimension.PARKING_TIME: p.parking_s,
    }
    found = {
        dimension: [moment.first(by.session.get(dimension)) for moment in moments]
        for dimension, volume in volumes.items()
        if volume
    }
    flat = [moment.first(by.session.get(FLAT)) for moment in moments]
    if flat[0] is None and any(flat):
        # A fee that begins to apply inside the period; one that applied from its start stays what it was.
        found[FLAT] = flat
    if p.reserved_s:
        reserved = by.reservation(expired=usage.reservation_expired).get(Dimension.RESERVATION_TIME)
        found[Dimension.RESERVATION_TIME] = [moment.first(reserved) for moment in moments]
    return found


def at_the_cheapest(usage: Usage, at: Sequence[State], tariffs: Sequence[Compiled]) -> list[Entry]:
    """As ``choose``, with each period's volumes at the lowest price that applied while it lasted; free is the lowest."""
    cheapest: dict[tuple[datetime, datetime, Dimension], Rate | None] = {}
    for state, by in zip(at, tariffs, strict=True):
        for dimension, rates in _rates(state, _cuts(state, _bounds(by)), by, usage).items():
            cheapest[state.period.start, state.period.end, dimension] = min(
                rates, key=lambda rate: ZERO if rate is None else rate.component.price
            )
    entries = []
    for entry in choose(usage, at, tariffs):
        if entry.rate.dimension not in (FLAT, Dimension.RESERVATION_FLAT):
            rate = cheapest[entry.start, entry.end, entry.rate.dimension]
            if rate is None:
                continue
            entry.rate = rate
        entries.append(entry)
    return entries
