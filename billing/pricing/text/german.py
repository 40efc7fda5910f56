"""Prices in German."""

from datetime import date, datetime
from decimal import Decimal

from billing.pricing.model import Dimension
from billing.pricing.text.words import Words


class German(Words):
    point = ","
    days = ("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So")
    months = ("Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez.")
    dash = "–"
    labels = {
        Dimension.RESERVATION_FLAT: "Reservierungsgebühr",
        Dimension.RESERVATION_TIME: "Reservierte Zeit",
        Dimension.FLAT: "Startgebühr",
        Dimension.ENERGY: "Energie",
        Dimension.TIME: "Ladezeit",
        Dimension.PARKING_TIME: "Standzeit",
        Dimension.PARKING_CAP: "Höchstbetrag für Standzeit",
        Dimension.MIN_PRICE: "Mindestpreis",
        Dimension.MAX_PRICE: "Höchstpreis",
    }
    reasons = {
        **labels,
        Dimension.RESERVATION_FLAT: "Reservierungsgebühr, einmal je Reservierung",
        Dimension.RESERVATION_TIME: "Reservierung, reservierte Zeit",
        Dimension.FLAT: "Startgebühr, einmal je Ladevorgang",
        Dimension.PARKING_TIME: "Standzeit nach Ladeende",
        Dimension.PARKING_CAP: "Standzeit kostet nicht mehr als ihren Höchstbetrag",
        Dimension.MIN_PRICE: "Bis zum Mindestpreis eines Ladevorgangs",
        Dimension.MAX_PRICE: "Bis auf den Höchstpreis eines Ladevorgangs",
    }
    units = {
        Dimension.RESERVATION_FLAT: "je Reservierung",
        Dimension.RESERVATION_TIME: "pro min",
        Dimension.FLAT: "je Ladevorgang",
        Dimension.ENERGY: "pro kWh",
        Dimension.TIME: "pro min",
        Dimension.PARKING_TIME: "pro min",
    }
    units_alone = {
        **units,
        Dimension.RESERVATION_TIME: "pro min Reservierung",
        Dimension.TIME: "pro min Ladezeit",
        Dimension.PARKING_TIME: "pro min Standzeit",
    }
    per_hour = "pro Stunde"
    per_hour_alone = {
        Dimension.RESERVATION_TIME: "pro Stunde Reservierung",
        Dimension.TIME: "pro Stunde Ladezeit",
        Dimension.PARKING_TIME: "pro Stunde Standzeit",
    }
    free = "kostenlos"
    otherwise = "sonst"
    free_of_charge = "Laden ist kostenlos."
    net, gross = "ohne Steuer", "inkl. Steuer"
    never = "an keinem Tag"
    lapsed = "wenn die Reservierung ungenutzt verfällt"
    reserved = "für eine Reservierung"

    def about(self, minute_price: str) -> str:
        return f"rund {minute_price} pro min"

    def day(self, day: date) -> str:
        return f"{day.day}. {self.months[day.month - 1]} {day.year}"

    def duration(self, seconds: int) -> str:
        hours, rest = divmod(seconds, 3600)
        if hours and not rest:
            return "1 Stunde" if hours == 1 else f"{hours} Stunden"
        if rest % 60:
            return f"{seconds} s"
        return f"{hours} Std. {rest // 60} min" if hours else f"{rest // 60} min"

    def first(self, seconds: int) -> str:
        return "in der ersten Stunde" if seconds == 3600 else f"in den ersten {self.duration(seconds)}"

    def window(self, start: int, end: int) -> str:
        if start % 60 or end % 60:
            return f"{start // 60}:{start % 60:02}–{end // 60}:{end % 60:02} Uhr"
        return f"{start // 60}–{end // 60} Uhr"

    def dates(self, start: date | None, end: date | None) -> str:
        if end is None:
            return f"ab {self.day(start)}" if start else ""
        if start and self.day(start) == self.last_day(end):
            return f"am {self.day(start)}"
        return f"{self.day(start)} bis {self.last_day(end)}" if start else f"bis {self.last_day(end)}"

    def energy(self, low: Decimal | None, high: Decimal | None) -> str:
        if high is None:
            return f"nach den ersten {self.number(low)} kWh" if low else ""
        return f"zwischen {self.number(low)} und {self.number(high)} kWh" if low else f"für die ersten {self.number(high)} kWh"

    def elapsed(self, low: int | None, high: int | None) -> str:
        if high is None:
            return f"nach {self.duration(low)}" if low else ""
        if low:
            return f"zwischen {self.duration(low)} und {self.duration(high)} nach Beginn"
        return self.first(high)

    def measured(self, low: Decimal | None, high: Decimal | None, unit: str) -> str:
        if high is None:
            return f"ab {self.number(low)} {unit} gemessen" if low is not None else ""
        if low is None:
            return f"unter {self.number(high)} {unit} gemessen"
        return f"ab {self.number(low)} bis unter {self.number(high)} {unit} gemessen"

    def step(self, dimension: Dimension, size: int) -> str:
        if size == 1:
            return "abgerechnet je Wh" if dimension is Dimension.ENERGY else "abgerechnet je Sekunde"
        if dimension is Dimension.ENERGY:
            kwh, rest = divmod(size, 1000)
            return f"abgerechnet je angefangene {f'{size} Wh' if rest else 'kWh' if kwh == 1 else f'{kwh} kWh'}"
        return f"abgerechnet je angefangene {({60: 'Minute', 3600: 'Stunde'}).get(size) or self.duration(size)}"

    def tax_rate(self, percent: Decimal, *, included: bool) -> str:
        return f"{'inkl.' if included else 'zzgl.'} {self.number(percent)} % Steuer"

    def tax(self, *, included: bool, rate: Decimal | None, known: bool, without: bool) -> str:
        if without:
            return "Preise ohne Steuer; welche anfällt, kann ein Tarif dieser Art nicht sagen."
        if rate is not None:
            end = "." if known else "; weitere Steuer ist nicht genannt."
            return f"Preise {'inkl.' if included else 'zzgl.'} {self.number(rate)} % Steuer{end}"
        return f"Preise {'inkl.' if included else 'ohne'} Steuer{'.' if known else '; der Satz ist nicht genannt.'}"

    def minimum(self, amounts: str) -> str:
        return f"Mindestens {amounts} je Ladevorgang."

    def maximum(self, amounts: str) -> str:
        return f"Höchstens {amounts} je Ladevorgang."

    def both(self, one: str, other: str) -> str:
        return f"{one} und {other}"

    def grace(self, seconds: int) -> str:
        return f"Standzeit ist {self.first(seconds)} kostenlos."

    def cap(self, amount: str) -> str:
        return f"Standzeit kostet höchstens {amount} je Ladevorgang."

    def validity(self, start: datetime | None, end: datetime | None) -> str:
        bounds = [f"ab {self.moment(start)}" if start else "", f"bis {self.moment(end)}" if end else ""]
        return f"Gültig {' '.join(bound for bound in bounds if bound)}."
