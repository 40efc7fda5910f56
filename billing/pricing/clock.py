"""Where a local clock can turn a condition: the moments it shows given minutes, and those at which it jumps."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


def moments(minutes: Iterable[int], start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """UTC moments of the local days from ``start`` to ``end`` at which the clock shows one of the minutes, or jumps.

    Some may lie outside of the two, or come twice; none between them is missing.
    """
    wanted = tuple(minutes)
    day, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    while day <= last:
        for minute in wanted:
            shown = datetime.combine(day, time(minute // 60, minute % 60), zone)
            # An hour that comes twice has both; one that is skipped has neither, the jump below stands for it.
            yield shown.astimezone(UTC)
            yield shown.replace(fold=1).astimezone(UTC)
        yield from _jump(day, zone)
        day += _DAY


def _jump(day: date, zone: ZoneInfo) -> Iterator[datetime]:
    """The second of the day at which the clocks are changed, if they are."""
    low, high = (datetime.combine(found, time(), zone).astimezone(UTC) for found in (day, day + _DAY))
    before = low.astimezone(zone).utcoffset()
    if before == high.astimezone(zone).utcoffset():
        return
    while high - low > _SECOND:
        middle = low + (high - low) // _SECOND // 2 * _SECOND
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    yield high
