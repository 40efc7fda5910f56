"""Finds the moments at which a price can change inside a period, and cuts there.

More cuts than needed do no harm: what follows at the same rate becomes one line again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from billing.pricing.clock import moments
from billing.pricing.model import ZERO, CdrError, ChargingPeriod, Dimension, Usage
from billing.pricing.selection import FLAT, Bounds, Compiled, Entry, Rate, State, choose, states

_DAY_S = 24 * 3600
_ONE = Decimal(1)
# A session of years is an error of its source; cutting it at every midnight would only hide that.
_MOST_DAYS = 400


@dataclass(frozen=True, slots=True)
class _Cut:
    """Inside a period: how far on in time (0 to 1), at which moment, and the energy of the period up to there."""

    share: Decimal
    at: datetime
    energy_kwh: Decimal


def _cuts(state: State, bounds: Bounds) -> list[_Cut]:
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
        if (p.end - p.start).days > _MOST_DAYS:
            raise CdrError("session_too_long", "", f"A session of more than {_MOST_DAYS} days can't be split by the time of day.")
        for at in moments(clock, p.start, p.end, state.zone):
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
    if all(by.bounds.none for by in tariffs):
        return usage, list(tariffs)
    periods: list[ChargingPeriod] = []
    chosen: list[Compiled] = []
    for state, by in zip(states(usage, tariffs), tariffs, strict=True):
        pieces = list(_pieces(state.period, _cuts(state, by.bounds)))
        periods += pieces
        chosen += [by] * len(pieces)
    return usage.with_periods(tuple(periods)), chosen


def spans_price_change(usage: Usage, at: Sequence[State], tariffs: Sequence[Compiled]) -> bool:
    """Whether the price of a volume changes before its period ends."""
    if all(by.bounds.none for by in tariffs):
        return False
    for state, by in zip(at, tariffs, strict=True):
        if (cuts := _cuts(state, by.bounds)) and any(
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
        for dimension, rates in _rates(state, _cuts(state, by.bounds), by, usage).items():
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
