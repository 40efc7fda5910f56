"""Words for the places, quantities and times a finding is about."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from billing.pricing.lint.space import (
    CURRENT_LOW,
    DATE,
    DAY,
    EVERY_DAY,
    KWH,
    MINUTE,
    POWER_LOW,
    SECONDS,
    Box,
    Space,
    cells,
)
from billing.pricing.model import Dimension

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
NAMES = {
    Dimension.FLAT: "the start fee",
    Dimension.ENERGY: "energy",
    Dimension.TIME: "charging time",
    Dimension.PARKING_TIME: "idle time",
}
MOST_NAMED = 6
Span = tuple[Any, Any]


def element_at(index: int, *path: str) -> str:
    return ".".join([f"elements[{index}]", *path])


def component_at(element: int, component: int, *path: str) -> str:
    return element_at(element, f"price_components[{component}]", *path)


def restriction_at(element: int, key: str) -> str:
    return element_at(element, "restrictions", key)


def plain(number: Decimal | int) -> str:
    """A number without exponent and trailing zeros."""
    return f"{Decimal(number).normalize():f}"


def joined(words: Sequence[str]) -> str:
    if len(words) > MOST_NAMED:
        words = [*words[:MOST_NAMED], f"{len(words) - MOST_NAMED} more"]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def elements_named(indexes: Iterable[int]) -> str:
    """“element 2”, “elements 1 and 3”: counted from 1, as people do."""
    numbers = [str(index + 1) for index in sorted(indexes)]
    return f"element{'s' if len(numbers) > 1 else ''} {joined(numbers)}"


def sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def clock(minute: int | None) -> str:
    return "24:00" if minute is None else f"{minute // 60:02}:{minute % 60:02}"


def duration(seconds: Decimal | int) -> str:
    whole = int(seconds)
    parts = [(whole // 3600, "h"), (whole % 3600 // 60, "min"), (whole % 60, "s")]
    return " ".join(f"{n} {unit}" for n, unit in parts if n) or "0 s"


def day_names(days: int) -> str:
    """“Mon–Fri”, “Sat and Sun”, “daily”; bit 0 is Monday."""
    if days == EVERY_DAY:
        return "daily"
    runs: list[list[int]] = []
    for day in cells(days):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    words: list[str] = []
    for run in runs:
        words += [f"{DAYS[run[0]]}–{DAYS[run[-1]]}"] if len(run) > 2 else [DAYS[day] for day in run]
    return joined(words)


def clocks(spans: Sequence[Span], *, every_day: bool) -> str:
    """“18:00–20:00”; on every day alike, what ends at midnight and goes on after it is one window."""
    ends = [(start or 0, end) for start, end in spans]
    if ends == [(0, None)]:
        return "all day"
    if every_day and len(ends) > 1 and ends[0][0] == 0 and ends[-1][1] is None:
        ends = [*ends[1:-1], (ends[-1][0], ends[0][1])]
    return joined([f"{clock(start)}–{clock(end)}" for start, end in ends])


def week(space: Space, minutes_by_day: Sequence[int]) -> str:
    """The times of a week, given the minute cells of each weekday: “Mon–Fri 20:00–24:00, Sat and Sun all day”."""
    days_by_minutes: dict[int, int] = {}
    for day, minutes in enumerate(minutes_by_day):
        if minutes:
            days_by_minutes[minutes] = days_by_minutes.get(minutes, 0) | 1 << day
    return ", ".join(
        f"{day_names(days)} {clocks(space.minutes.spans(minutes), every_day=days == EVERY_DAY)}"
        for minutes, days in days_by_minutes.items()
    )


def dates(spans: Sequence[tuple[date | None, date | None]]) -> str:
    """“from 2026-09-01 to before 2026-10-01”."""
    words = []
    for start, end in spans:
        words.append(" ".join([f"from {start}" if start else "", f"before {end}" if end else ""]).strip())
    return joined(words)


def amounts(spans: Sequence[Span], unit: str) -> str:
    """“from 20 to 30 kWh”; lower bounds belong to it, upper ones do not."""
    words = []
    for start, end in spans:
        if end is None:
            words.append(f"from {_amount(start, unit)} on")
        elif start is None:
            words.append(f"below {_amount(end, unit)}")
        else:
            first = _amount(start, unit).removesuffix(f" {unit}") if unit != "s" else duration(start)
            words.append(f"from {first} to {_amount(end, unit)}")
    return joined(words)


def _amount(number: Decimal | int, unit: str) -> str:
    return duration(number) if unit == "s" else f"{plain(number)} {unit}"


def where_it_applies(space: Space, box: Box) -> str:
    """A box in words: “Mon–Fri 18:00–20:00, from 20 kWh on”."""
    parts = []
    if box[DAY] != EVERY_DAY or box[MINUTE] != space.minutes.all:
        parts.append(week(space, [box[MINUTE] if box[DAY] >> day & 1 else 0 for day in range(7)]))
    if box[DATE] != space.dates.all:
        parts.append(dates(space.dates.spans(box[DATE])))
    if box[KWH] != space.kwh.all:
        parts.append(f"energy so far {amounts(space.kwh.spans(box[KWH]), 'kWh')}")
    if box[SECONDS] != space.seconds.all:
        parts.append(f"time since start {amounts(space.seconds.spans(box[SECONDS]), 's')}")
    for low, what in ((POWER_LOW, "power"), (CURRENT_LOW, "current")):
        if box[low : low + 2] != space.all[low : low + 2]:
            parts.append(_measured(space, box, low, what))
    return ", ".join(parts) or "always"


def _measured(space: Space, box: Box, low: int, what: str) -> str:
    axis, unit = (space.power, "kW") if what == "power" else (space.current, "A")
    if box[low] & box[low + 1] & 1 and not (box[low] >> 1 and box[low + 1] >> 1):
        return f"{what} not measured"
    words = []
    for mask, kind in ((box[low] >> 1, "lowest"), (box[low + 1] >> 1, "highest")):
        if mask and mask != axis.all:
            words.append(f"{kind} {what} {amounts(axis.spans(mask), unit)}")
    return ", ".join(words) or f"{what} measured"
