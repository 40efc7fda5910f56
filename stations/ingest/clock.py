"""Turns written dates and times into UTC, across changes of the clock."""

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from stations.ingest import zones
from stations.ingest.layout import Profile
from stations.ingest.rows import RowRefused
from stations.ingest.values import quoted

# A cache is emptied when it holds this many entries: hostile files must not fill the memory.
_CACHED = 50_000
_EARLIEST, _LATEST = 2005, 2100
_EXAMPLE = {"YMD": "2024-05-31", "DMY": "31/05/2024", "MDY": "5/31/2024"}


class Moment(NamedTuple):
    """A written time in UTC. ``later`` is its second reading where the clock showed it twice. ``zone``: the place's."""

    utc: datetime
    later: datetime | None
    zone: str


class _Day(NamedTuple):
    """``midnight`` is 00:00 of the day written as if it were UTC; ``utc`` is 00:00 in UTC, None when the clock changes."""

    midnight: datetime
    utc: datetime | None


class NoZone(Exception):
    """A time without a zone, and nothing says which one it is in."""


class Clock:
    """Reads the times of one import. ``time_zone`` is the zone that was asked for, "" if none was."""

    def __init__(self, profile: Profile, *, time_zone: str = "", entity_time_zone: str = "") -> None:
        self._order = profile.date_order
        self._short_years = profile.short_years
        self._asked, self._profile_zone = time_zone, profile.time_zone
        self._local = zones.fallback(time_zone, profile.time_zone, entity_time_zone)
        self._days: dict[ZoneInfo | None, dict[str, _Day]] = {}
        self._times: dict[str, tuple[timedelta, zones.RowZone | None]] = {}
        self._zones: dict[str, zones.RowZone] = {}

    @property
    def has_zone(self) -> bool:
        """Whether a time that states no zone can be read."""
        return self._local is not None

    def moment(self, day: str, clock_time: str, zone: str = "") -> Moment:
        """The moment of a date and a time; ``zone`` is the row's own, "" if it has no such column or leaves it empty.

        Raises ValueError with a sentence when something can't be read, NoZone when there is no zone to read it in.
        """
        try:
            since_midnight, own = self._times[clock_time]
        except KeyError:
            since_midnight, own = self._read_time(clock_time)
        if zone and not zone.isspace():
            stated = self._zones.get(zone) or self._read_zone(zone)
            # An offset behind the time fixes the moment; a zone's name beside it still says where the place is.
            own = stated if own is None else own._replace(place=stated.place or own.place)
        if own is not None and own.offset is not None:
            found = self._day(None, day)
            return Moment(found.midnight + since_midnight - own.offset, None, own.place)
        local = self._local if own is None else zones.named(own.place)
        if local is None:
            raise NoZone
        found = self._day(local, day)
        if found.utc is not None:
            return Moment(found.utc + since_midnight, None, local.key)
        return _on_change(found.midnight + since_midnight, local)

    def _day(self, zone: ZoneInfo | None, written: str) -> _Day:
        days = self._days.setdefault(zone, {})
        try:
            return days[written]
        except KeyError:
            pass
        day = read_date(written, self._order, short_years=self._short_years)
        midnight = datetime.combine(day, time(), UTC)
        utc = None
        if zone is not None and date.min < day < date(9999, 12, 30):
            start, end = (datetime.combine(at, time(), zone) for at in (day, day + timedelta(days=1)))
            offsets = {at.replace(fold=fold).utcoffset() for at in (start, end) for fold in (0, 1)}
            if len(offsets) == 1:
                utc = start.astimezone(UTC)
        if len(days) >= _CACHED:
            days.clear()
        days[written] = result = _Day(midnight, utc)
        return result

    def _read_time(self, written: str) -> tuple[timedelta, zones.RowZone | None]:
        clock, zone = _split_zone(written.strip())
        own = self._read_zone(zone) if zone else None
        result = (read_time(clock), own)
        if len(self._times) >= _CACHED:
            self._times.clear()
        self._times[written] = result
        return result

    def _read_zone(self, written: str) -> zones.RowZone:
        zone = zones.row_zone(written.strip(), time_zone=self._asked, profile_zone=self._profile_zone)
        if zone is None:
            raise ValueError(
                f"The time zone {quoted(written)} is not known. Use an offset such as +01:00, or a name such as Europe/Berlin."
            )
        if len(self._zones) >= 1000:
            self._zones.clear()
        self._zones[written] = zone
        return zone


def _on_change(written: datetime, zone: ZoneInfo) -> Moment:
    """A local time on a day the clock changes. A time that was skipped is read with the offset before the change."""
    local = written.replace(tzinfo=zone)
    first, second = local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
    return Moment(first, second if second > first else None, zone.key)


def span(start: Moment, end: Moment, duration: int | None) -> tuple[datetime, datetime]:
    """Start and end of a session in UTC.

    Where the clock showed a time twice, the reading that comes closest to ``duration`` (seconds, as the file states
    it) counts; without one, the first, unless the end would then lie before the start.
    """
    if start.later is None and end.later is None:
        return start.utc, end.utc
    readings = [(first, last) for first in (start.utc, start.later) if first for last in (end.utc, end.later) if last]
    possible = [(first, last) for first, last in readings if last >= first] or readings
    if duration is None:
        return possible[0]
    return min(possible, key=lambda reading: abs((reading[1] - reading[0]).total_seconds() - duration))


def check_year(moment: datetime, what: str, field: str) -> None:
    """Raises RowRefused where the year can't be right for a charging session."""
    if not _EARLIEST <= moment.year < _LATEST:
        raise RowRefused("implausible_year", f"The {what} is in the year {moment.year:04d}, which can't be right.", field)


def split_moment(written: str) -> tuple[str, str]:
    """Date and time of one cell; they are apart by a space or a T."""
    written = written.strip()
    day, blank, rest = written.partition(" ")
    if not blank or "T" in day:
        day, _, rest = written.partition("T")
    return day, rest


def read_date(written: str, order: str, *, short_years: bool = False) -> date:
    """The date of digits apart by / - or a point. ISO order is read in every layout. Raises ValueError."""
    written = written.strip()
    separator = next((mark for mark in "/-." if mark in written), "")
    parts = written.split(separator) if separator else []
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) <= 4 for part in parts):
        raise _no_date(written, order)
    numbers = [int(part) for part in parts]
    if len(parts[0]) == 4:
        year, month, day = numbers
    elif order == "YMD" or len(parts[2]) != 4:
        raise _no_date(written, order)
    else:
        year = numbers[2]
        day, month = numbers[:2] if order == "DMY" else (numbers[1], numbers[0])
    if short_years and year < 100:
        year += 2000
    try:
        return date(year, month, day)
    except ValueError:
        raise _no_date(written, order) from None


def _no_date(written: str, order: str) -> ValueError:
    return ValueError(f"{quoted(written)} is no date such as {_EXAMPLE[order]}.")


def read_time(written: str) -> timedelta:
    """Time since midnight of H:MM, H:MM:SS or with a fraction of a second, also with AM or PM. Raises ValueError."""
    problem = ValueError(f"{quoted(written)} is no time of day such as 17:45 or 17:45:30.")
    clock, half = written, ""
    if written[-2:].upper() in ("AM", "PM"):
        clock, half = written[:-2].rstrip(), written[-2:].upper()
    parts = clock.split(":")
    if len(parts) not in (2, 3):
        raise problem
    whole, _, fraction = parts[-1].replace(",", ".").partition(".")
    if fraction and (len(parts) == 2 or len(fraction) > 9):
        raise problem
    digits = [*parts[:-1], whole, *([fraction] if fraction else [])]
    if not all(part.isascii() and part.isdigit() for part in digits) or any(len(part) > 2 for part in [*parts[:-1], whole]):
        raise problem
    hour, minute, second = (*(int(part) for part in [*parts[:-1], whole]), 0)[:3]
    if half:
        if not 1 <= hour <= 12:
            raise problem
        hour = hour % 12 + (12 if half == "PM" else 0)
    if hour > 23 or minute > 59 or second > 59:
        raise problem
    return timedelta(hours=hour, minutes=minute, seconds=second, microseconds=int(fraction.ljust(6, "0")[:6] or 0))


def _split_zone(written: str) -> tuple[str, str]:
    """The time and the zone written behind it: an offset, Z or an abbreviation."""
    if not written:
        return written, ""
    if written[-1] in "Zz":
        return written[:-1], "Z"
    clock, blank, zone = written.rpartition(" ")
    if blank and zone.upper() not in ("AM", "PM"):
        return clock, zone
    for sign in "+-":
        clock, found, rest = written.rpartition(sign)
        if found:
            return clock, sign + rest
    return written, ""
