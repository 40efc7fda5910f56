"""What energy and idle time cost through a week, by the pricing call itself: for a picture, and the table behind it."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from billing.pricing import Anchor, ChargingPeriod, Dimension, Tariff, Usage, price
from billing.pricing.model import Tax

DAYS, HOURS, DAY_MINUTES = 7, 24, 24 * 60
SHOWN = (Dimension.ENERGY, Dimension.TIME, Dimension.PARKING_TIME)
# The week's clock stands for the place's own: without a zone of its own no hour is missing or comes twice.
CLOCK = "UTC"
_NO_TAX = dict.fromkeys(Dimension, Tax(Decimal(0), ""))
ZERO = Decimal(0)

Prices = tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Minutes [start, end) of a day with the same prices, of SHOWN: per kWh, per minute charging, per minute idle."""

    start: int
    end: int
    prices: Prices


@dataclass(frozen=True, slots=True)
class Week:
    """Each day's stretches, Monday first, of the week that begins with ``monday``."""

    monday: date
    days: tuple[tuple[Stretch, ...], ...]

    def hour(self, day: int, hour: int) -> tuple[Stretch, ...]:
        """The stretches that touch an hour: mostly one."""
        start, end = hour * 60, hour * 60 + 60
        return tuple(stretch for stretch in self.days[day] if stretch.start < end and start < stretch.end)

    def levels(self, dimension: Dimension) -> list[Decimal]:
        """The different prices of the week, from the lowest."""
        at = SHOWN.index(dimension)
        return sorted({stretch.prices[at] for day in self.days for stretch in day})


def week_of(tariff: Tariff, *, day: date) -> Week:
    """The week of ``day`` for a session that begins then: the first kWh, the first minute; no power is measured."""
    monday = day - timedelta(days=day.weekday())
    # The price as it is written: neither free minutes nor bounds on the whole session.
    plain = replace(tariff, min_price=None, max_price=None, grace_s=0, parking_cap=None, starts_at=None, ends_at=None)
    minutes = {0}
    for element in tariff.elements:
        bounds = (element.restrictions.start_minute, element.restrictions.end_minute)
        minutes |= {bound % DAY_MINUTES for bound in bounds if bound is not None}
    starts = sorted(minutes)
    days = []
    for number in range(DAYS):
        midnight = datetime(monday.year, monday.month, monday.day, tzinfo=UTC) + timedelta(days=number)
        found: list[Stretch] = []
        for start, end in zip(starts, [*starts[1:], DAY_MINUTES], strict=True):
            prices = _prices_at(plain, midnight + timedelta(minutes=start))
            if found and found[-1].prices == prices:
                found[-1] = replace(found[-1], end=end)
            else:
                found.append(Stretch(start, end, prices))
        days.append(tuple(found))
    return Week(monday, tuple(days))


def _prices_at(tariff: Tariff, moment: datetime) -> Prices:
    period = ChargingPeriod(moment, moment + timedelta(minutes=2), Decimal(1), charging_s=60, parking_s=60)
    anchor = Anchor.GROSS if tariff.tax_included else Anchor.NET
    result = price(Usage((period,), CLOCK), tariff, taxes=_NO_TAX, anchor=anchor)
    found = {line.dimension: line.unit_price for line in result.lines}
    return tuple(found.get(dimension) or ZERO for dimension in SHOWN)
