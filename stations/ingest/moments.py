"""Reads the times of a row."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from stations.ingest.clock import Clock, Moment, NoZone, check_year, split_moment
from stations.ingest.rows import RowRefused

MomentReader = Callable[[Sequence[str]], Moment]

_MISSING = {
    "start": "There is no start time.",
    "end": "There is no end time. The session may still have been running when the file was made.",
    "time": "There is no time.",
}


def moment_reader(name: str, positions: Mapping[str, int], header: Sequence[str], clock: Clock) -> MomentReader:
    """A function of a row's cells that returns the moment of ``name`` ("start", "end" or "time").

    The moment is one cell, or a date and a time; a column with the zone may stand beside it. Raises RowRefused
    ``<name>_missing``, ``<name>_unreadable`` or ``time_zone_unknown``.
    """
    apart = f"{name}_date" in positions
    at = positions[f"{name}_date" if apart else name]
    at_time = positions[f"{name}_time"] if apart else -1
    at_zone = positions.get(f"{name}_zone", positions.get("zone", -1))
    field = header[at]

    def read(cells: Sequence[str]) -> Moment:
        day = cells[at]
        if apart:
            time = cells[at_time]
        else:
            day, time = split_moment(day)
        if not day or not time or day.isspace() or time.isspace():
            if apart and (time or day).strip():
                missing = "date" if time.strip() else "time of day"
                raise RowRefused(f"{name}_missing", f"The {name} has no {missing}.", field)
            if day.strip():
                raise RowRefused(f"{name}_unreadable", f"The {name} time can't be read. There is no time of day.", field)
            raise RowRefused(f"{name}_missing", _MISSING[name], field)
        try:
            return clock.moment(day, time, cells[at_zone] if at_zone >= 0 else "")
        except NoZone:
            message = "The time says no zone. Name the zone of the file when importing it."
            raise RowRefused("time_zone_unknown", message, field) from None
        except (ValueError, OverflowError) as problem:
            what = "time" if name == "time" else f"{name} time"
            reason = f" {problem}" if isinstance(problem, ValueError) else ""
            raise RowRefused(f"{name}_unreadable", f"The {what} can't be read.{reason}", field) from None

    return read


def check_span(started_at: datetime, ended_at: datetime, start_field: str, end_field: str) -> None:
    """Raises RowRefused ``end_before_start`` or ``implausible_year``."""
    if ended_at < started_at:
        message = f"It ends {in_words(started_at, ended_at)} before it starts."
        raise RowRefused("end_before_start", message, end_field)
    check_year(started_at, "start", start_field)
    check_year(ended_at, "end", end_field)


def in_words(start: datetime, end: datetime) -> str:
    """How long before ``start`` the ``end`` is, such as 3 h 20 min."""
    if (start - end).days > 730:
        return f"{(start - end).days // 365} years"
    minutes, seconds = divmod(int((start - end).total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "days" if days != 1 else "day"), (hours, "h"), (minutes, "min"), (seconds, "s")]
    return " ".join(f"{count} {unit}" for count, unit in [part for part in parts if part[0]][:2])
