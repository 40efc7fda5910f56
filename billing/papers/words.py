"""What stands on paper, in English and German, and how numbers are written there."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from billing.pricing.text import Language, words
from chargebill.core.money import minor_digits, round_to

# Keeps an amount and its currency on one line.
NO_BREAK = "\u00a0"

PHRASES: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "RECEIPT": "Receipt",
        "INVOICE": "Invoice",
        "CREDIT_NOTE": "Credit note",
        "number": "Number",
        "corrects": "Corrects",
        "date": "Date",
        "supplied": "Supplied",
        "due": "Payable by",
        "customer": "Customer number",
        "buyer_vat": "Your VAT id",
        "vat_id": "VAT id",
        "page": "Page {page} of {pages}",
        "summary": "Summary",
        "place": "Place",
        "sessions": "Charges",
        "energy": "Energy",
        "lines": "Charge by charge",
        "line": "Your charge",
        "what": "What",
        "quantity": "Quantity",
        "price": "Unit price",
        "rate": "VAT",
        "amount": "Amount",
        "incl": "incl. VAT",
        "excl": "excl. VAT",
        "net": "Net",
        "tax": "VAT",
        "gross": "Incl. VAT",
        "total": "Total",
        "credited": "Credited",
        "session": "Charge {number}",
        "meter": "meter {start} to {stop} kWh",
        "energy_of": "{kwh} kWh",
        "card": "Card or contract {token}",
        "tariff": "Tariff {tariff}",
        "to": "to",
        "collected": "Paid. The money was taken when you charged; nothing is left to pay.",
        "nothing": "There is nothing to pay.",
        "what_is_open": "What was paid before counts for this document; only what is still open is to be paid.",
        "at_the_charger": "Paid at the charging point? Then nothing is left to pay. Otherwise:",
        "pay": "Please pay {amount} by {due}, stating {number}.",
        "pay_to": "Please pay {amount} by {due} to {account}, stating {number}.",
        "credit": "{amount} is taken off {corrects}. What you have paid too much you get back.",
        "payment": "Payment",
        "meter_data": "Meter data",
        "meter_said": "The readings at the start and the end stand beside each charge, where the meter gave them. "
        "Signed meter data: {where}.",
        "meter_ask": "ask {contact} and name the charge",
        "complain": "Something wrong?",
        "complain_to": "Write to {contact} and name the number {number}. We look at it and answer.",
        "at_address": "us at the address above",
        "or_call": "{email} or call {phone}",
        "person": "session",
        "free": "free",
    },
    "de": {
        "RECEIPT": "Beleg",
        "INVOICE": "Rechnung",
        "CREDIT_NOTE": "Rechnungskorrektur",
        "number": "Nummer",
        "corrects": "Korrigiert",
        "date": "Datum",
        "supplied": "Leistung",
        "due": "Zahlbar bis",
        "customer": "Kundennummer",
        "buyer_vat": "Ihre USt-IdNr.",
        "vat_id": "USt-IdNr.",
        "page": "Seite {page} von {pages}",
        "summary": "Zusammenfassung",
        "place": "Ort",
        "sessions": "Ladevorgänge",
        "energy": "Energie",
        "lines": "Ladevorgänge im Einzelnen",
        "line": "Ihr Ladevorgang",
        "what": "Leistung",
        "quantity": "Menge",
        "price": "Einzelpreis",
        "rate": "USt",
        "amount": "Betrag",
        "incl": "inkl. USt",
        "excl": "ohne USt",
        "net": "Netto",
        "tax": "USt",
        "gross": "Inkl. USt",
        "total": "Summe",
        "credited": "Korrekturbetrag",
        "session": "Ladevorgang {number}",
        "meter": "Zähler {start} bis {stop} kWh",
        "energy_of": "{kwh} kWh",
        "card": "Karte oder Vertrag {token}",
        "tariff": "Tarif {tariff}",
        "to": "bis",
        "collected": "Bezahlt. Der Betrag wurde beim Laden eingezogen; es ist nichts mehr offen.",
        "nothing": "Es ist nichts zu zahlen.",
        "what_is_open": "Was schon gezahlt wurde, zählt für dieses Dokument; zu zahlen ist nur, was noch offen ist.",
        "at_the_charger": "An der Ladestation gezahlt? Dann ist nichts mehr zu zahlen. Sonst:",
        "pay": "Bitte zahlen Sie {amount} bis zum {due} und nennen Sie dabei {number}.",
        "pay_to": "Bitte zahlen Sie {amount} bis zum {due} auf {account} und nennen Sie dabei {number}.",
        "credit": "{amount} werden von {corrects} abgezogen. Was Sie zu viel gezahlt haben, erhalten Sie zurück.",
        "payment": "Zahlung",
        "meter_data": "Messdaten",
        "meter_said": "Die Zählerstände zu Beginn und Ende stehen bei jedem Ladevorgang, wo der Zähler sie geliefert hat. "
        "Signierte Messdaten: {where}.",
        "meter_ask": "auf Anfrage an {contact} mit der Nummer des Ladevorgangs",
        "complain": "Stimmt etwas nicht?",
        "complain_to": "Schreiben Sie an {contact} und nennen Sie die Nummer {number}. Wir prüfen es und antworten.",
        "at_address": "uns unter der Anschrift oben",
        "or_call": "{email} oder rufen Sie {phone} an",
        "person": "Ladevorgang",
        "free": "kostenlos",
    },
}


def grouped(value: Decimal, digits: int, language: Language) -> str:
    """ "1,234.56", "1.234,56"; a real minus sign, so that no line breaks behind it."""
    text = f"{round_to(abs(value), digits):,.{digits}f}"
    if language == "de":
        text = text.translate(str.maketrans(",.", ".,"))
    return f"\u2212{text}" if value < 0 else text


def amount(value: Decimal, currency: str, language: Language) -> str:
    return grouped(value, minor_digits(currency), language)


def money(value: Decimal, currency: str, language: Language) -> str:
    return f"{amount(value, currency, language)}{NO_BREAK}{currency}"


def all_digits(value: Decimal, language: Language, at_least: int = 0) -> str:
    """A number with every digit it has, at least so many."""
    decimals = -int(value.normalize().as_tuple().exponent)
    return grouped(value, max(decimals, at_least), language)


def percent(rate: Decimal, language: Language) -> str:
    return f"{all_digits(rate, language)}{NO_BREAK}%"


def day(value: date, language: Language) -> str:
    return words(language).day(value)


def moment(at: datetime, zone: str, language: Language) -> str:
    local = at.astimezone(ZoneInfo(zone or "UTC"))
    return f"{day(local.date(), language)}, {local:%H:%M}"


def between(start: datetime, end: datetime, zone: str, language: Language) -> str:
    """ "6 Sep 2018, 23:55 to 7 Sep 2018, 07:03 BST": both on the place's clock; both zones where it was set meanwhile."""
    first, last = start.astimezone(ZoneInfo(zone or "UTC")), end.astimezone(ZoneInfo(zone or "UTC"))
    clock = " Uhr" if language == "de" else ""
    begins = moment(start, zone, language)
    if first.utcoffset() != last.utcoffset():
        begins = f"{begins}{clock} {first:%Z}"
    ends = f"{last:%H:%M}" if first.date() == last.date() else moment(end, zone, language)
    return f"{begins} {PHRASES[language]['to']} {ends}{clock} {last:%Z}"


def duration(seconds: Decimal, language: Language) -> str:
    """ "3 h 6 min 5 s", "3 Std. 6 min 5 s"."""
    whole = int(seconds)
    hours, minutes, left = whole // 3600, whole % 3600 // 60, whole % 60 + (seconds - whole)
    parts = [f"{hours} {'Std.' if language == 'de' else 'h'}"] if hours else []
    parts += [f"{minutes} min"] if minutes else []
    parts += [f"{all_digits(Decimal(left), language)} s"] if left or not parts else []
    return NO_BREAK.join(parts)
