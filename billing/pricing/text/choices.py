"""Which prices of a dimension can ever apply, in their order, and where words must say "otherwise"."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from billing.pricing.model import Component, Dimension, Element, Restrictions, Tariff

DAY_MINUTES = 24 * 60
# Situations in which a price applies: the allowed ones on each axis.
Box = tuple[frozenset[int], ...]
# What is left over breaks into boxes; beyond so many nobody goes on to look whether a price can still apply.
MOST_BOXES = 500
_AS_COMPONENT = {Dimension.RESERVATION_FLAT: Dimension.FLAT, Dimension.RESERVATION_TIME: Dimension.TIME}


@dataclass(frozen=True, slots=True)
class Choice:
    """A price that can apply. ``otherwise``: an earlier one may apply at the same time and then comes first."""

    component: Component
    restrictions: Restrictions
    otherwise: bool


def of_dimension(tariff: Tariff, dimension: Dimension) -> tuple[list[Choice], bool]:
    """Its prices in the order that decides, and whether a situation is left in which none of them applies.

    Prices that an earlier one always takes the place of are left out: they never cost anybody anything.
    """
    # A lapsed reservation is priced by the elements for that first; the others fill in what those leave out.
    candidates = sorted(_candidates(tariff.elements, dimension), key=lambda found: found[1].reservation != "RESERVATION_EXPIRES")
    axes = _axes([restrictions for _, restrictions in candidates])
    boxes = [tuple(axis.allowed(restrictions) for axis in axes) for _, restrictions in candidates]
    left: list[Box] = [tuple(frozenset(range(axis.size)) for axis in axes)]
    choices = []
    for n, (component, restrictions) in enumerate(candidates):
        if len(left) <= MOST_BOXES:
            rest = [piece for box in left for piece in _without(box, boxes[n])]
            if rest == left:
                continue
            left = rest
        choices.append(Choice(component, restrictions, any(_meet(boxes[n], earlier) for earlier in boxes[:n])))
    return choices, bool(left)


def _meet(one: Box, other: Box) -> bool:
    return all(not mine.isdisjoint(its) for mine, its in zip(one, other, strict=True))


def _without(box: Box, taken: Box) -> Iterator[Box]:
    """What of a box another does not take, as boxes that don't meet; the box itself where they don't."""
    if not _meet(box, taken):
        yield box
        return
    for axis, (mine, its) in enumerate(zip(box, taken, strict=True)):
        if rest := mine - its:
            yield (*box[:axis], rest, *box[axis + 1 :])
        box = (*box[:axis], mine & its, *box[axis + 1 :])


def _candidates(elements: Iterable[Element], dimension: Dimension) -> Iterator[tuple[Component, Restrictions]]:
    kind, for_reservations = _AS_COMPONENT.get(dimension, dimension), dimension in _AS_COMPONENT
    for element in elements:
        if bool(element.restrictions.reservation) is for_reservations:
            component = next((found for found in element.components if found.dimension is kind), None)
            if component:
                yield component, element.restrictions


class _Axis:
    """One thing restrictions look at, cut into situations at every bound they name."""

    size: int

    def allowed(self, restrictions: Restrictions) -> frozenset[int]:
        """The situations in which the restrictions hold."""
        raise NotImplementedError


class _Clock(_Axis):
    def __init__(self, restrictions: Sequence[Restrictions]) -> None:
        bounds = {bound % DAY_MINUTES for r in restrictions for bound in (r.start_minute, r.end_minute) if bound is not None}
        self.starts = sorted(bounds | {0})
        self.size = len(self.starts)

    def allowed(self, restrictions: Restrictions) -> frozenset[int]:
        start, end = restrictions.start_minute or 0, restrictions.end_minute or DAY_MINUTES
        if start % DAY_MINUTES == end % DAY_MINUTES:
            return frozenset(range(self.size))
        # A window that runs past midnight is everything but the gap between its end and its start.
        wraps, first, last = (False, start, end) if start < end else (True, end, start)
        return frozenset(n for n, minute in enumerate(self.starts) if (first <= minute < last) is not wraps)


class _Weekday(_Axis):
    size = 7

    def allowed(self, restrictions: Restrictions) -> frozenset[int]:
        return frozenset(range(7)) if restrictions.days is None else restrictions.days


class _Range(_Axis):
    """A quantity, or a date, between a lower bound that belongs to it and an upper one that does not."""

    def __init__(self, restrictions: Sequence[Restrictions], low: str, high: str, least: Any) -> None:
        self.low, self.high = low, high
        bounds = {bound for r in restrictions for name in (low, high) if (bound := getattr(r, name)) is not None}
        self.starts: list[Any] = [least, *sorted(bound for bound in bounds if least is None or bound > least)]
        self.size = len(self.starts)

    def allowed(self, restrictions: Restrictions) -> frozenset[int]:
        low, high = getattr(restrictions, self.low), getattr(restrictions, self.high)
        return frozenset(
            n
            for n, start in enumerate(self.starts)
            if (low is None or (start is not None and start >= low))
            and (high is None or (high > start if start is not None else True))
        )


class _Measured(_Axis):
    """Power or current: its lowest and highest value in a period, or not measured, which no restriction holds for."""

    def __init__(self, restrictions: Sequence[Restrictions], low: str, high: str) -> None:
        self.range = _Range(restrictions, low, high, Decimal(0))
        steps = range(self.range.size)
        self.situations = [(lowest, highest) for lowest in steps for highest in steps if lowest <= highest]
        self.size = len(self.situations) + 1

    def allowed(self, restrictions: Restrictions) -> frozenset[int]:
        low, high = getattr(restrictions, self.range.low), getattr(restrictions, self.range.high)
        if low is None and high is None:
            return frozenset(range(self.size))
        starts = self.range.starts
        return frozenset(
            n
            for n, (lowest, highest) in enumerate(self.situations)
            if (low is None or starts[lowest] >= low) and (high is None or starts[highest] < high)
        )


class _Reservation(_Axis):
    """Used, or lapsed unused."""

    size = 2

    def allowed(self, restrictions: Restrictions) -> frozenset[int]:
        return frozenset({1} if restrictions.reservation == "RESERVATION_EXPIRES" else {0, 1})


def _axes(restrictions: Sequence[Restrictions]) -> list[_Axis]:
    """Only what is looked at: each axis multiplies the situations."""

    def used(*names: str) -> bool:
        return any(getattr(r, name) is not None for r in restrictions for name in names)

    axes: list[_Axis] = []
    if used("start_minute", "end_minute"):
        axes.append(_Clock(restrictions))
    if used("days"):
        axes.append(_Weekday())
    if used("start_date", "end_date"):
        axes.append(_Range(restrictions, "start_date", "end_date", None))
    if used("min_kwh", "max_kwh"):
        axes.append(_Range(restrictions, "min_kwh", "max_kwh", Decimal(0)))
    if used("min_duration_s", "max_duration_s"):
        axes.append(_Range(restrictions, "min_duration_s", "max_duration_s", 0))
    for low, high in (("min_power_kw", "max_power_kw"), ("min_current_a", "max_current_a")):
        if used(low, high):
            axes.append(_Measured(restrictions, low, high))
    if any(r.reservation == "RESERVATION_EXPIRES" for r in restrictions):
        axes.append(_Reservation())
    return axes
