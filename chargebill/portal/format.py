"""How the portal writes quantities: money, energy, durations, moments in a place's own zone. Text only, no markup."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from chargebill.core.money import minor_digits, round_to
from chargebill.core.periods import Period

NOTHING = "–"
THIN = "\u202f"


def amount(value: Decimal | None, currency: str) -> str:
    """An amount without its currency, with the currency's digits: for table cells whose head names it."""
    if value is None:
        return NOTHING
    digits = minor_digits(currency)
    return f"{round_to(Decimal(value), digits):,.{digits}f}"


def money(value: Decimal | None, currency: str) -> str:
    """ "EUR 1,234.56"; a dash while there is no amount."""
    return NOTHING if value is None else f"{currency} {amount(value, currency)}".strip()


def number(value: Decimal | float | int | None, digits: int = 0) -> str:
    if value is None:
        return NOTHING
    return f"{round_to(Decimal(str(value)), digits):,.{digits}f}"


def kwh(value: Decimal | None, digits: int = 3) -> str:
    """Energy: three digits where it is billed, one in charts."""
    return NOTHING if value is None else f"{number(value, digits)} kWh"


def energy(value: Decimal) -> str:
    """A sum of energy in the unit a person would use: kWh with one digit, from 10,000 on MWh."""
    return f"{number(value / 1000, 1)} MWh" if abs(value) >= 10_000 else f"{number(value, 1)} kWh"


def kw(value: Decimal | None) -> str:
    return NOTHING if value is None else f"{round_to(Decimal(value), 2).normalize():f} kW"


def duration(seconds: int | Decimal | None) -> str:
    """ "1 h 12 min"; "45 s" below a minute; whole minutes, rounded down as a clock does."""
    if seconds is None:
        return NOTHING
    seconds = int(seconds)
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    if seconds < 60:
        return f"{sign}{seconds} s"
    hours, minutes = divmod(seconds // 60, 60)
    if not hours:
        return f"{sign}{minutes} min"
    return f"{sign}{hours:,} h {minutes:02} min" if minutes else f"{sign}{hours:,} h"


def exact_duration(seconds: int | Decimal | None) -> str:
    """A duration that is billed, to the second: "1 h 12 min 5 s"; a fraction of a second keeps its digits."""
    if seconds is None:
        return NOTHING
    rest = seconds % 60
    if not rest:
        return duration(seconds)
    spoken = f"{rest.normalize():f} s" if isinstance(rest, Decimal) else f"{rest} s"
    return spoken if seconds < 60 else f"{duration(seconds - rest)} {spoken}"


def day(value: date | None) -> str:
    return NOTHING if value is None else f"{value.day} {value:%b %Y}"


def period(value: Period[date]) -> str:
    """How people say it, both days included: "1–30 Sep 2026", "28 Aug – 3 Sep 2026", "from 1 Sep 2026"."""
    first = value.start
    if value.end is None:
        return f"from {day(first)}"
    last = date.fromordinal(value.end.toordinal() - 1)
    if first == last:
        return day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{day(last)}"
    if first.year == last.year:
        return f"{first.day} {first:%b} – {day(last)}"
    return f"{day(first)} – {day(last)}"


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment as a place's own clock says it, and in UTC."""

    day: str
    clock: str
    zone: str
    utc: str
    iso: str

    def __str__(self) -> str:
        return f"{self.day} {self.clock} {self.zone}"


def zone_name(at: datetime) -> str:
    """The abbreviation in use at that moment, such as BST; "UTC+03" where the zone has none."""
    name = at.tzname() or ""
    return f"UTC{name}" if name[:1] in "+-" else name


def moment(at: datetime, zone: str, *, seconds: bool = False) -> Moment:
    """``at`` (aware) on the clock of ``zone`` (IANA); "" is UTC."""
    local = at.astimezone(ZoneInfo(zone or "UTC"))
    utc = at.astimezone(UTC)
    clock = "%H:%M:%S" if seconds else "%H:%M"
    return Moment(
        day=day(local.date()),
        clock=f"{local:{clock}}",
        zone=zone_name(local),
        utc=f"{day(utc.date())} {utc:%H:%M:%S} UTC",
        iso=utc.isoformat(),
    )


def interval(start: datetime, end: datetime, zone: str) -> str:
    """A part of a session on a place's clock: "6 Sep 23:55 – 7 Sep 07:00 BST"; both zones where the clock changed."""
    first, last = start.astimezone(ZoneInfo(zone or "UTC")), end.astimezone(ZoneInfo(zone or "UTC"))
    same_zone = zone_name(first) == zone_name(last)
    begins = f"{first.day} {first:%b %H:%M}" + ("" if same_zone else f" {zone_name(first)}")
    ends = f"{last:%H:%M}" if first.date() == last.date() else f"{last.day} {last:%b %H:%M}"
    return f"{begins} – {ends} {zone_name(last)}"
