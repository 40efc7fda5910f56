"""Quarters, months and years of a company's own days, as people write them: 2026Q3, 2026-08, 2026."""

import re
from datetime import date, timedelta

from chargebill.core.periods import Period, month_of, previous

_WRITTEN = re.compile(r"([0-9]{4})(?:Q([1-4])|-(0[1-9]|1[0-2]))?")
EARLIEST, LATEST = 1990, 2199


def span_of(text: str) -> Period[date]:
    """The days of a quarter, a month or a year. Raises ValueError for anything else."""
    found = _WRITTEN.fullmatch(text)
    if found is None or not EARLIEST <= int(found[1]) <= LATEST:
        raise ValueError(text)
    year = int(found[1])
    if found[2]:
        return quarter_of(date(year, int(found[2]) * 3, 1))
    return month_of(date(year, int(found[3]), 1)) if found[3] else year_of(date(year, 1, 1))


def year_of(day: date) -> Period[date]:
    return Period(date(day.year, 1, 1), date(day.year + 1, 1, 1))


def quarter_of(day: date) -> Period[date]:
    first = date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    # 100 days on lies in the next quarter, whichever this one is.
    after = first + timedelta(days=100)
    return Period(first, date(after.year, after.month, 1))


def name_of(span: Period[date]) -> str:
    """How ``span_of`` reads it; "" for days that are none of these."""
    start = span.start
    if span == year_of(start):
        return f"{start.year}"
    if span == quarter_of(start):
        return f"{start.year}Q{(start.month + 2) // 3}"
    return f"{start:%Y-%m}" if span == month_of(start) else ""


def before(span: Period[date]) -> Period[date]:
    """The quarter, month or year before; for other days as many just before."""
    day = span.start - timedelta(days=1)
    for whole in (year_of, quarter_of):
        if span == whole(span.start):
            return whole(day)
    return previous(span)
