"""Prices in English."""

from datetime import date, datetime
from decimal import Decimal

from billing.pricing.model import Dimension
from billing.pricing.text.words import Words


class English(Words):
    point = "."
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    dash = "-"
    labels = {
        Dimension.RESERVATION_FLAT: "Reservation fee",
        Dimension.RESERVATION_TIME: "Reserved time",
        Dimension.FLAT: "Start fee",
        Dimension.ENERGY: "Energy",
        Dimension.TIME: "Charging time",
        Dimension.PARKING_TIME: "Idle time",
        Dimension.PARKING_CAP: "Cap on idle time",
        Dimension.MIN_PRICE: "Minimum price",
        Dimension.MAX_PRICE: "Maximum price",
    }
    reasons = {
        **labels,
        Dimension.RESERVATION_FLAT: "Reservation fee, once per reservation",
        Dimension.RESERVATION_TIME: "Reservation, reserved time",
        Dimension.FLAT: "Start fee, once per session",
        Dimension.PARKING_TIME: "Idle time after charging ended",
        Dimension.PARKING_CAP: "Idle time costs no more than its cap",
        Dimension.MIN_PRICE: "Up to the minimum price of a session",
        Dimension.MAX_PRICE: "Down to the maximum price of a session",
    }
    units = {
        Dimension.RESERVATION_FLAT: "per reservation",
        Dimension.RESERVATION_TIME: "per min",
        Dimension.FLAT: "per session",
        Dimension.ENERGY: "per kWh",
        Dimension.TIME: "per min",
        Dimension.PARKING_TIME: "per min",
    }
    units_alone = {
        **units,
        Dimension.RESERVATION_TIME: "per min reserved",
        Dimension.TIME: "per min of charging",
        Dimension.PARKING_TIME: "per min of idle time",
    }
    per_hour = "per hour"
    per_hour_alone = {
        Dimension.RESERVATION_TIME: "per hour reserved",
        Dimension.TIME: "per hour of charging",
        Dimension.PARKING_TIME: "per hour of idle time",
    }
    free = "free"
    otherwise = "otherwise"
    free_of_charge = "Charging is free of charge."
    net, gross = "excl. tax", "incl. tax"
    never = "on no day"
    lapsed = "if the reservation lapses unused"
    reserved = "for a reservation"

    def about(self, minute_price: str) -> str:
        return f"about {minute_price} per min"

    def day(self, day: date) -> str:
        return f"{day.day} {self.months[day.month - 1]} {day.year}"

    def duration(self, seconds: int) -> str:
        hours, rest = divmod(seconds, 3600)
        if hours and not rest:
            return "1 hour" if hours == 1 else f"{hours} hours"
        if rest % 60:
            return f"{seconds} s"
        return f"{hours} h {rest // 60} min" if hours else f"{rest // 60} min"

    def first(self, seconds: int) -> str:
        return f"first {'hour' if seconds == 3600 else self.duration(seconds)}"

    def window(self, start: int, end: int) -> str:
        return f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"

    def dates(self, start: date | None, end: date | None) -> str:
        if end is None:
            return f"from {self.day(start)}" if start else ""
        if start and self.day(start) == self.last_day(end):
            return f"on {self.day(start)}"
        return f"{self.day(start)} to {self.last_day(end)}" if start else f"until {self.last_day(end)}"

    def energy(self, low: Decimal | None, high: Decimal | None) -> str:
        if high is None:
            return f"after the first {self.number(low)} kWh" if low else ""
        return f"between {self.number(low)} and {self.number(high)} kWh" if low else f"for the first {self.number(high)} kWh"

    def elapsed(self, low: int | None, high: int | None) -> str:
        if high is None:
            return f"after {self.duration(low)}" if low else ""
        if low:
            return f"between {self.duration(low)} and {self.duration(high)} after the start"
        return f"in the {self.first(high)}"

    def measured(self, low: Decimal | None, high: Decimal | None, unit: str) -> str:
        if high is None:
            return f"from {self.number(low)} {unit} measured" if low is not None else ""
        if low is None:
            return f"below {self.number(high)} {unit} measured"
        return f"from {self.number(low)} to below {self.number(high)} {unit} measured"

    def step(self, dimension: Dimension, size: int) -> str:
        if size == 1:
            return "billed by the Wh" if dimension is Dimension.ENERGY else "billed by the second"
        if dimension is Dimension.ENERGY:
            kwh, rest = divmod(size, 1000)
            return f"billed per started {f'{size} Wh' if rest else 'kWh' if kwh == 1 else f'{kwh} kWh'}"
        return f"billed per started {({60: 'minute', 3600: 'hour'}).get(size) or self.duration(size)}"

    def tax_rate(self, percent: Decimal, *, included: bool) -> str:
        return f"{'incl.' if included else 'plus'} {self.number(percent)} % tax"

    def tax(self, *, included: bool, rate: Decimal | None, known: bool, without: bool) -> str:
        if without:
            return "Prices exclude tax; this kind of tariff can't say which."
        prices = f"Prices {'include' if included else 'exclude'}"
        if rate is not None:
            return f"{prices} {self.number(rate)} % tax{'.' if known else '; other tax is not stated.'}"
        return f"{prices} tax{'.' if known else '; the rate is not stated.'}"

    def minimum(self, amounts: str) -> str:
        return f"At least {amounts} per session."

    def maximum(self, amounts: str) -> str:
        return f"At most {amounts} per session."

    def both(self, one: str, other: str) -> str:
        return f"{one} and {other}"

    def grace(self, seconds: int) -> str:
        return f"Idle time is free for the {self.first(seconds)}."

    def cap(self, amount: str) -> str:
        return f"Idle time costs at most {amount} per session."

    def validity(self, start: datetime | None, end: datetime | None) -> str:
        bounds = [f"from {self.moment(start)}" if start else "", f"until {self.moment(end)}" if end else ""]
        return f"Valid {' '.join(bound for bound in bounds if bound)}."
