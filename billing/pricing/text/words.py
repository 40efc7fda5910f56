"""What every language must be able to say about a price, and how numbers, days and limits are put in any of them."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext

from billing.pricing.model import Dimension, Restrictions
from chargebill.core.money import minor_digits

DAY_MINUTES = 24 * 60
WEEK = 7
# A price per hour is said per minute if that has no more decimals than this; 2 EUR per hour has no such price per minute.
_MOST_DECIMALS = 6


class Words:
    """A language. Each phrase is whole, so that no grammar is put together from parts that fit one language only."""

    point: str
    days: tuple[str, ...]
    months: tuple[str, ...]
    dash: str
    labels: Mapping[Dimension, str]
    # How a bill names its line, where the label alone does not say why it is there.
    reasons: Mapping[Dimension, str]
    # After a price: with the dimension named before it, and alone.
    units: Mapping[Dimension, str]
    units_alone: Mapping[Dimension, str]
    per_hour: str
    per_hour_alone: Mapping[Dimension, str]
    free: str
    otherwise: str
    free_of_charge: str
    net: str
    gross: str

    def number(self, value: Decimal) -> str:
        """All digits of it, without trailing zeros."""
        text = f"{value:f}"
        if "." in text:
            text = text.rstrip("0").rstrip(".")
        return text.replace(".", self.point)

    def money(self, amount: Decimal, currency: str) -> str:
        """At least the currency's digits, and every further one the amount has."""
        whole, _, decimals = f"{amount:f}".partition(".")
        decimals = decimals.rstrip("0").ljust(minor_digits(currency), "0")
        return f"{whole}{self.point if decimals else ''}{decimals} {currency}"

    def rate(self, price: Decimal, currency: str, dimension: Dimension, *, alone: bool) -> tuple[str, list[str]]:
        """A component's price with what it is for, and what to add: minute prices per minute where exact, else per hour."""
        unit = (self.units_alone if alone else self.units)[dimension]
        if dimension not in self.per_hour_alone:
            return f"{self.money(price, currency)} {unit}", []
        with localcontext() as context:
            context.prec = 60
            minute = price / 60
            exact = minute * 60 == price and round(minute, _MOST_DECIMALS) == minute
            about = minute.quantize(Decimal("0.0001"))
        if exact:
            return f"{self.money(minute, currency)} {unit}", []
        hourly = self.per_hour_alone[dimension] if alone else self.per_hour
        return f"{self.money(price, currency)} {hourly}", [self.about(self.money(about, currency))]

    def weekdays(self, found: frozenset[int]) -> str:
        """Mon-Wed, Fri."""
        if not found:
            return self.never
        runs: list[list[int]] = []
        for day in sorted(found):
            if runs and day == runs[-1][-1] + 1:
                runs[-1].append(day)
            else:
                runs.append([day])
        return ", ".join(
            self.days[run[0]] if len(run) == 1 else f"{self.days[run[0]]}{self.dash}{self.days[run[-1]]}" for run in runs
        )

    def conditions(self, restrictions: Restrictions, *, reservation: bool) -> list[str]:
        """Every condition in words; ``reservation`` False leaves out that it is one, for what says so itself."""
        found = []
        start, end = restrictions.start_minute or 0, restrictions.end_minute or DAY_MINUTES
        if start % DAY_MINUTES != end % DAY_MINUTES:
            found.append(self.window(start, end))
        if restrictions.days is not None and len(restrictions.days) < WEEK:
            found.append(self.weekdays(restrictions.days))
        if restrictions.start_date or restrictions.end_date:
            found.append(self.dates(restrictions.start_date, restrictions.end_date))
        if restrictions.min_kwh or restrictions.max_kwh is not None:
            found.append(self.energy(restrictions.min_kwh or None, restrictions.max_kwh))
        if restrictions.min_duration_s or restrictions.max_duration_s is not None:
            found.append(self.elapsed(restrictions.min_duration_s or None, restrictions.max_duration_s))
        for low, high, unit in (
            (restrictions.min_power_kw, restrictions.max_power_kw, "kW"),
            (restrictions.min_current_a, restrictions.max_current_a, "A"),
        ):
            if low is not None or high is not None:
                found.append(self.measured(low, high, unit))
        if restrictions.reservation == "RESERVATION_EXPIRES":
            found.append(self.lapsed)
        elif restrictions.reservation and reservation:
            found.append(self.reserved)
        return found

    def last_day(self, end: date) -> str:
        """The last day before ``end``, which is open."""
        return self.day(end - timedelta(days=1) if end > date.min else end)

    never: str
    lapsed: str
    reserved: str

    def about(self, minute_price: str) -> str:
        raise NotImplementedError

    def day(self, day: date) -> str:
        raise NotImplementedError

    def moment(self, at: datetime) -> str:
        """A moment, UTC."""
        return f"{self.day(at.date())} {at:%H:%M:%S}".removesuffix(":00") + " UTC"

    def duration(self, seconds: int) -> str:
        raise NotImplementedError

    def window(self, start: int, end: int) -> str:
        raise NotImplementedError

    def dates(self, start: date | None, end: date | None) -> str:
        raise NotImplementedError

    def energy(self, low: Decimal | None, high: Decimal | None) -> str:
        raise NotImplementedError

    def elapsed(self, low: int | None, high: int | None) -> str:
        raise NotImplementedError

    def measured(self, low: Decimal | None, high: Decimal | None, unit: str) -> str:
        raise NotImplementedError

    def step(self, dimension: Dimension, size: int) -> str:
        """How it is billed: "billed per started 15 min"."""
        raise NotImplementedError

    def tax_rate(self, percent: Decimal, *, included: bool) -> str:
        """What a component's own tax is, beside its price."""
        raise NotImplementedError

    def tax(self, *, included: bool, rate: Decimal | None, known: bool, without: bool) -> str:
        """The sentence on tax. ``rate``: the one all prices have; ``known``: one that isn't named does not apply."""
        raise NotImplementedError

    def minimum(self, amounts: str) -> str:
        raise NotImplementedError

    def maximum(self, amounts: str) -> str:
        raise NotImplementedError

    def both(self, one: str, other: str) -> str:
        raise NotImplementedError

    def grace(self, seconds: int) -> str:
        raise NotImplementedError

    def cap(self, amount: str) -> str:
        raise NotImplementedError

    def validity(self, start: datetime | None, end: datetime | None) -> str:
        raise NotImplementedError
