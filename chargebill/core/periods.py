"""Half-open periods: the start belongs to it, the end does not, and a period may have no end."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Generic, TypeVar

Point = TypeVar("Point", date, datetime)


@dataclass(frozen=True, slots=True)
class Period(Generic[Point]):
    """[start, end) of dates or of aware datetimes; ``end`` None is open. Raises ValueError when end < start."""

    start: Point
    end: Point | None = None

    def __post_init__(self) -> None:
        if self.end is not None and self.end < self.start:
            raise ValueError(f"A period can't end ({self.end}) before it starts ({self.start}).")

    def __contains__(self, point: Point) -> bool:
        return self.start <= point and (self.end is None or point < self.end)

    def overlaps(self, other: "Period[Point]") -> bool:
        return (self.end is None or other.start < self.end) and (other.end is None or self.start < other.end)


def days(first: date, last: date) -> Period[date]:
    """The period of whole days from ``first`` to ``last``, both included: how people say it."""
    return Period(first, last + timedelta(days=1))


def month_of(day: date) -> Period[date]:
    first = day.replace(day=1)
    return Period(first, (first + timedelta(days=32)).replace(day=1))


def previous(period: Period[date]) -> Period[date]:
    """The period of equal length just before: for a whole month, the month before."""
    if period.end is None:
        raise ValueError("A period without an end has none before it.")
    if period == month_of(period.start):
        return month_of(period.start - timedelta(days=1))
    return Period(period.start - (period.end - period.start), period.start)
