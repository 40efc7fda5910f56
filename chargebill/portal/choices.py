"""What a page is about, read from its URL: company, period, place. The same words on every page, so views can be sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from chargebill.core.models import LegalEntity
from chargebill.core.periods import Period, days, month_of, previous
from chargebill.portal import format as written

PRESETS = {
    "this_month": "This month",
    "last_month": "Last month",
    "last_30_days": "Last 30 days",
    "this_year": "This year",
    "all": "All",
}
EARLIEST, LATEST = date(1990, 1, 1), date(2200, 1, 1)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A period of local days. ``preset`` is "" for chosen dates; ``period`` None is all time; ``error`` in words."""

    preset: str
    period: Period[date] | None
    error: str = ""

    @property
    def label(self) -> str:
        return written.period(self.period) if self.period else "All time"

    @property
    def first(self) -> date | None:
        return self.period.start if self.period else None

    @property
    def last(self) -> date | None:
        return self.period.end - timedelta(days=1) if self.period and self.period.end else None


def today_of(entity: LegalEntity | None, at: datetime) -> date:
    """The company's own day at that moment."""
    return entity.day_of(at) if entity else at.astimezone(UTC).date()


def preset_period(preset: str, today: date) -> Period[date] | None:
    """The days of a preset; None for all."""
    if preset == "this_month":
        return month_of(today)
    if preset == "last_month":
        return previous(month_of(today))
    if preset == "last_30_days":
        return days(today - timedelta(days=29), today)
    if preset == "this_year":
        return Period(date(today.year, 1, 1), date(today.year + 1, 1, 1))
    return None


def _date(text: str) -> date | None:
    """Raises ValueError for what is no date, or none a session can have."""
    if not text:
        return None
    found = date.fromisoformat(text)
    if not EARLIEST <= found <= LATEST:
        raise ValueError(text)
    return found


def choose(query: Mapping[str, str], *, today: date, default: Chosen) -> Chosen:
    """The period the URL asks for: ``from`` and ``to`` (both included), else ``period``, else ``default``."""
    try:
        first, last = _date(query.get("from", "").strip()), _date(query.get("to", "").strip())
    except ValueError:
        return Chosen(default.preset, default.period, "Give both dates as year-month-day, such as 2026-09-01.")
    if first and last and last < first:
        return Chosen(default.preset, default.period, "The period ends before it begins: exchange the two dates.")
    if first or last:
        return Chosen("", Period(first or EARLIEST, last + timedelta(days=1) if last else None))
    preset = query.get("period", "")
    if preset in PRESETS:
        return Chosen(preset, preset_period(preset, today))
    return default


def recent_month(data: Period[date] | None, today: date) -> Chosen:
    """Where the Overview opens: the last full month with sessions, else the latest month that has some."""
    last_month = previous(month_of(today))
    if data is None or data.end is None:
        return Chosen("last_month", last_month)
    if data.overlaps(last_month):
        return Chosen("last_month", last_month)
    latest = month_of(data.end - timedelta(days=1))
    if latest.start > last_month.start:
        return Chosen("this_month" if latest == month_of(today) else "", latest)
    return Chosen("", latest)
