"""Where elements apply, as exact sets: is one of them hidden by others?

All that restrictions look at (date, weekday, minute, energy so far, duration, power, current) is cut at every bound any
element names. Between two cuts no restriction changes its mind, so an element is a set of cells on each axis (an int, a
bit a cell) and applies to their product: a box. Whether boxes cover another is then plain set algebra, no sampling.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from billing.pricing.model import Restrictions

DATE, DAY, MINUTE, KWH, SECONDS, POWER_LOW, POWER_HIGH, CURRENT_LOW, CURRENT_HIGH = range(9)
Box = tuple[int, ...]
DAY_MINUTES, EVERY_DAY = 24 * 60, 0b1111111
# About a quarter of a second. An ordinary tariff takes a few hundred steps.
MOST_STEPS = 40_000


class TooComplex(Exception):
    """So many elements cut each other that the answer would take too long."""


class Axis:
    """Cells between sorted cuts: cell 0 lies before the first cut, the last one after the last."""

    def __init__(self, bounds: Iterable[Any]) -> None:
        self.cuts = sorted({bound for bound in bounds if bound is not None})
        self.all = (1 << (len(self.cuts) + 1)) - 1

    def mask(self, start: Any, end: Any) -> int:
        """The cells of [start, end); None: no bound."""
        first = 0 if start is None else bisect_right(self.cuts, start)
        last = len(self.cuts) + 1 if end is None else bisect_left(self.cuts, end) + 1
        return ((1 << last) - 1) >> first << first if last > first else 0

    def span(self, cell: int) -> tuple[Any, Any]:
        """[start, end) of a cell; None at the open ends."""
        return (
            self.cuts[cell - 1] if cell else None,
            self.cuts[cell] if cell < len(self.cuts) else None,
        )

    def spans(self, mask: int) -> list[tuple[Any, Any]]:
        """The joined [start, end) of the cells in ``mask``."""
        found: list[tuple[Any, Any]] = []
        for cell in cells(mask):
            start, end = self.span(cell)
            if found and cell and mask >> (cell - 1) & 1:
                found[-1] = (found[-1][0], end)
            else:
                found.append((start, end))
        return found


class Amounts(Axis):
    """What is never below 0."""

    def __init__(self, bounds: Iterable[Any]) -> None:
        super().__init__(bound for bound in bounds if bound is not None and bound > 0)

    def mask(self, start: Any, end: Any) -> int:
        return 0 if end is not None and end <= 0 else super().mask(start, end)


def cells(mask: int) -> Iterable[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


class Space:
    """The cells of all ``restrictions``. ``max_kw``: no more power than that, so energy takes its time; None: unknown."""

    def __init__(self, restrictions: Sequence[Restrictions], max_kw: Decimal | None = None) -> None:
        self.max_kw = max_kw
        self.dates = Axis(bound for r in restrictions for bound in (r.start_date, r.end_date))
        windows = [window(r) for r in restrictions]
        self.minutes = Axis(bound for pair in windows if pair for bound in pair if 0 < bound < DAY_MINUTES)
        self.kwh = Amounts(bound for r in restrictions for bound in (r.min_kwh, r.max_kwh))
        self.seconds = Amounts(bound for r in restrictions for bound in (r.min_duration_s, r.max_duration_s))
        self.power = Amounts(bound for r in restrictions for bound in (r.min_power_kw, r.max_power_kw))
        self.current = Amounts(bound for r in restrictions for bound in (r.min_current_a, r.max_current_a))
        self.weekdays = [weekdays(*self.dates.span(cell)) for cell in cells(self.dates.all)]
        # Power and current are two axes each, the lowest and the highest of a period; cell 0 of both: not measured.
        power, current = self.power.all << 1 | 1, self.current.all << 1 | 1
        self.all: Box = (
            self.dates.all, EVERY_DAY, self.minutes.all, self.kwh.all, self.seconds.all, power, power, current, current,
        )  # fmt: skip
        self.steps = 0

    def box(self, of: Restrictions) -> Box:
        minutes = self.minutes.all
        if pair := window(of):
            start, end = pair
            if start < end:
                minutes = self.minutes.mask(start, end)
            else:
                minutes = self.minutes.mask(start, None) | self.minutes.mask(None, end)
        kwh = self.kwh.mask(of.min_kwh, of.max_kwh)
        return (
            self.dates.mask(of.start_date, of.end_date),
            EVERY_DAY if of.days is None else sum(1 << day for day in of.days),
            minutes,
            # No energy flows while an EVSE is only reserved.
            kwh & 1 if of.reservation else kwh,
            self.seconds.mask(of.min_duration_s, of.max_duration_s),
            self._measured(self.power, of.min_power_kw, None),
            self._measured(self.power, None, of.max_power_kw),
            self._measured(self.current, of.min_current_a, None),
            self._measured(self.current, None, of.max_current_a),
        )

    @staticmethod
    def _measured(axis: Axis, least: Decimal | None, most: Decimal | None) -> int:
        return axis.all << 1 | 1 if least is None and most is None else axis.mask(least, most) << 1

    def is_empty(self, box: Box) -> bool:
        """Nothing can be in it: no cell, or no combination that exists (weekday and dates, energy and time, low and high)."""
        if not all(box):
            return True
        if not any(self.weekdays[cell] & box[DAY] for cell in cells(box[DATE])):
            return True
        for low, high in ((box[POWER_LOW], box[POWER_HIGH]), (box[CURRENT_LOW], box[CURRENT_HIGH])):
            if not low & high & 1 and not _ordered(low >> 1, high >> 1):
                return True
        return not self._deliverable(box)

    def _deliverable(self, box: Box) -> bool:
        least, _ = self.kwh.span(next(iter(cells(box[KWH]))))
        _, longest = self.seconds.span(box[SECONDS].bit_length() - 1)
        return self.max_kw is None or least is None or longest is None or least * 3600 < self.max_kw * longest

    def left(self, box: Box, others: Sequence[Box], first: int = 0) -> Box | None:
        """A part of ``box`` outside all ``others`` from ``first`` on; None: they cover it. Raises TooComplex."""
        if self.is_empty(box):
            return None
        for n in range(first, len(others)):
            self.steps += 1
            if self.steps > MOST_STEPS:
                raise TooComplex
            other = others[n]
            if self.is_empty(meet(box, other)):
                continue
            # Cut off, axis by axis, what sticks out; the rest is inside ``other`` and done with.
            inside = box
            for axis, (mine, theirs) in enumerate(zip(inside, other, strict=True)):
                if outside := mine & ~theirs:
                    found = self.left((*inside[:axis], outside, *inside[axis + 1 :]), others, n + 1)
                    if found is not None:
                        return found
                    inside = (*inside[:axis], mine & theirs, *inside[axis + 1 :])
            return None
        return box


def meet(one: Box, other: Box) -> Box:
    return tuple(a & b for a, b in zip(one, other, strict=True))


def _ordered(low: int, high: int) -> bool:
    """Some lowest value is not above some highest one."""
    return bool(low and high) and (low & -low).bit_length() <= high.bit_length()


def window(of: Restrictions) -> tuple[int, int] | None:
    """[start, end) in minutes of the day, past midnight when end comes first; None: the whole day."""
    if of.start_minute is None and of.end_minute is None:
        return None
    start, end = of.start_minute or 0, of.end_minute or DAY_MINUTES
    return None if start % DAY_MINUTES == end % DAY_MINUTES else (start, end)


def weekdays(start: date | None, end: date | None) -> int:
    """The weekdays (bit 0: Monday) that occur in [start, end)."""
    if start is None or end is None or (end - start).days >= 7:
        return EVERY_DAY
    return sum(1 << (start.weekday() + n) % 7 for n in range((end - start).days))
