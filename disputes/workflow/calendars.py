"""Business days and calendar days of a company, in its own time zone. Moments are aware; answers are in UTC.

A calendar day (K) begins at local midnight; n of them end with the n-th day after the one they began on. A business day
(B) is the opening hours of a local day that is no holiday: half of them passed is half a business day, whatever the
clock did that night, so a time can be stopped and go on. What is due in business days is due when the day closes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

Minutes = tuple[int, int]
WEEKDAYS: Mapping[int, Minutes] = dict.fromkeys(range(5), (9 * 60, 17 * 60))
DAY = timedelta(days=1)
UTC_ZONE = ZoneInfo("UTC")
_MICROSECOND = timedelta(microseconds=1)
# So many days without a single one open are a mistake in the calendar, not a holiday.
_LONGEST_BREAK = 400


@dataclass(frozen=True, slots=True)
class Calendar:
    """``hours``: weekday (Monday 0) -> minutes after local midnight of opening and closing (1440: midnight).

    An hour the clocks skip is read by the offset before. Raises ValueError when no weekday is open.
    """

    zone: ZoneInfo = UTC_ZONE
    hours: Mapping[int, Minutes] = field(default_factory=lambda: dict(WEEKDAYS))
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if not self.hours:
            raise ValueError("At least one weekday has to be open.")
        for day, (opens, closes) in self.hours.items():
            if not (0 <= day <= 6 and 0 <= opens < closes <= 1440):
                raise ValueError(f"Weekday {day} can't be open from minute {opens} to minute {closes}.")

    def local_day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def moment(self, day: date, minutes: int = 0) -> datetime:
        """That many minutes after midnight by the wall clock of that day."""
        wall = datetime.combine(day + timedelta(days=minutes // 1440), time(minutes % 1440 // 60, minutes % 60))
        return wall.replace(tzinfo=self.zone).astimezone(UTC)

    def end_of_days(self, start: datetime, count: int) -> datetime:
        """When ``count`` calendar days have passed: midnight after the count-th day after the one ``start`` lies in."""
        return self.moment(self.local_day(start) + timedelta(days=count + 1))

    def days_from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Opening and closing of each business day that closes after ``start``. Raises ValueError when none comes."""
        day, since_open = self.local_day(start) - DAY, 0
        while since_open <= _LONGEST_BREAK:
            since_open += 1
            if day not in self.holidays and (hours := self.hours.get(day.weekday())):
                opens, closes = (self.moment(day, minutes) for minutes in hours)
                if max(opens, start) < closes:
                    since_open = 0
                    yield opens, closes
            day += DAY
        raise ValueError(f"No business day within {_LONGEST_BREAK} days after {start:%Y-%m-%d}: check hours and holidays.")

    def business_days(self, start: datetime, end: datetime) -> Fraction:
        """How many business days, and parts of one, lie in [start, end)."""
        passed = Fraction(0)
        for opens, closes in self.days_from(start):
            if opens >= end:
                break
            passed += _share(min(closes, end) - max(opens, start), closes - opens)
        return passed

    def after(self, start: datetime, count: Fraction) -> tuple[datetime, datetime]:
        """When ``count`` (> 0) business days have passed since ``start``, rounded up to a microsecond; and that day's close."""
        for opens, closes in self.days_from(start):
            begins = max(opens, start)
            share = _share(closes - begins, closes - opens)
            if share >= count:
                exact = count * ((closes - opens) // _MICROSECOND)
                return begins + timedelta(microseconds=-(-exact.numerator // exact.denominator)), closes
            count -= share
        raise AssertionError("days_from ends with an error only")

    def close(self, start: datetime) -> datetime:
        """The next closing after ``start``."""
        return next(self.days_from(start))[1]


def _share(part: timedelta, whole: timedelta) -> Fraction:
    return Fraction(part // _MICROSECOND, whole // _MICROSECOND)
