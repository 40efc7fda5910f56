"""What a bill says to the driver who reads it, in English and German: whole phrases, no words of the trade."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from billing.pricing import Dimension
from billing.pricing.text import Language, words

PHRASES: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "title": "Your charge",
        "language": "Language",
        "tariff": "Tariff",
        "evse": "Charging point",
        "from": "From",
        "to": "To",
        "energy": "Energy charged",
        "charging": "Time charging",
        "idle": "Time connected afterwards",
        "connected": "Time connected",
        "reserved": "Time reserved",
        "costs": "What it costs",
        "total": "Total, incl. tax",
        "tax": "of which {rate} % tax: {tax} on {net} without tax",
        "untaxed": "{gross} of it without tax",
        "free": "What was not charged",
        "prices": "The prices that applied",
        "notes": "How it was computed",
        "whole": "All prices of this tariff",
        "operator": "Operator",
        "plus_tax": "plus {rate} % tax",
        "not_known": "not known",
        "of": "{billed} of {measured}",
        "rounded": "{billed} billed, {measured} used",
        "free_at": "{quantity} {label}, {when}: free.",
        "free_part": "{quantity} {label}: free.",
        "free_time": "The time spent charging ({quantity}) costs nothing extra.",
        "grace": "The first {grace} after charging are free: {free} of your {measured} were not charged.",
        "nothing": "This charge costs you nothing.",
        "no_price": "The price of this charge is not settled yet. Nothing has been taken for it.",
        "paid": "You have paid this already, where you charged. Its lines are with the system that took the money.",
        "history": "Another system billed this charge. This is what it costs by the prices shown here.",
        "waived": "You do not pay for this charge. This is what it would cost.",
        "unchecked": "The lines of this price are being checked, so only the total is shown.",
        "preview": "For staff: this is what a driver would read.",
        "back": "Back to the session",
    },
    "de": {
        "title": "Ihr Ladevorgang",
        "language": "Sprache",
        "tariff": "Tarif",
        "evse": "Ladepunkt",
        "from": "Von",
        "to": "Bis",
        "energy": "Geladene Energie",
        "charging": "Dauer des Ladens",
        "idle": "Danach noch angeschlossen",
        "connected": "Angeschlossen",
        "reserved": "Reserviert",
        "costs": "Was es kostet",
        "total": "Summe, inkl. Steuer",
        "tax": "darin {rate} % Steuer: {tax} auf {net} ohne Steuer",
        "untaxed": "davon {gross} ohne Steuer",
        "free": "Was nicht berechnet wurde",
        "prices": "Die Preise, die galten",
        "notes": "Wie gerechnet wurde",
        "whole": "Alle Preise dieses Tarifs",
        "operator": "Betreiber",
        "plus_tax": "zzgl. {rate} % Steuer",
        "not_known": "nicht bekannt",
        "of": "{billed} von {measured}",
        "rounded": "{billed} berechnet, {measured} genutzt",
        "free_at": "{quantity} {label}, {when}: kostenlos.",
        "free_part": "{quantity} {label}: kostenlos.",
        "free_time": "Die Zeit des Ladens ({quantity}) kostet nichts extra.",
        "grace": "{grace} nach dem Laden sind kostenlos: {free} von {measured} wurden nicht berechnet.",
        "nothing": "Dieser Ladevorgang kostet Sie nichts.",
        "no_price": "Der Preis dieses Ladevorgangs steht noch nicht fest. Es wurde nichts dafür abgebucht.",
        "paid": "Sie haben das schon bezahlt, dort wo Sie geladen haben. Die Einzelposten kennt das System, das abgerechnet hat.",
        "history": "Ein anderes System hat diesen Ladevorgang abgerechnet. So viel kostet er nach den Preisen, die hier stehen.",
        "waived": "Sie bezahlen diesen Ladevorgang nicht. So viel würde er kosten.",
        "unchecked": "Die Einzelposten dieses Preises werden geprüft; darum steht hier nur die Summe.",
        "preview": "Für Mitarbeitende: So liest es, wer geladen hat.",
        "back": "Zurück zum Ladevorgang",
    },
}

# What each line of a bill means.
MEANINGS: Mapping[Language, Mapping[Dimension, str]] = {
    "en": {
        Dimension.RESERVATION_FLAT: "For reserving the charging point, once.",
        Dimension.RESERVATION_TIME: "For the time it was kept for you.",
        Dimension.FLAT: "For starting, once.",
        Dimension.ENERGY: "For the energy your car took.",
        Dimension.TIME: "For the time your car was charging.",
        Dimension.PARKING_TIME: "For the time your car stayed connected after charging.",
        Dimension.PARKING_CAP: "Staying connected never costs more than a fixed amount; the rest is taken off.",
        Dimension.MIN_PRICE: "A charge costs at least a fixed amount; this is what was missing.",
        Dimension.MAX_PRICE: "A charge never costs more than a fixed amount; the rest is taken off.",
    },
    "de": {
        Dimension.RESERVATION_FLAT: "Für die Reservierung des Ladepunkts, einmal.",
        Dimension.RESERVATION_TIME: "Für die Zeit, in der er für Sie frei gehalten wurde.",
        Dimension.FLAT: "Für den Start, einmal.",
        Dimension.ENERGY: "Für die Energie, die Ihr Auto geladen hat.",
        Dimension.TIME: "Für die Zeit, in der Ihr Auto geladen hat.",
        Dimension.PARKING_TIME: "Für die Zeit, die Ihr Auto nach dem Laden angeschlossen blieb.",
        Dimension.PARKING_CAP: "Am Kabel zu bleiben kostet nie mehr als einen festen Betrag; was darüber lag, wird abgezogen.",
        Dimension.MIN_PRICE: "Ein Ladevorgang kostet mindestens einen festen Betrag; so viel fehlte daran.",
        Dimension.MAX_PRICE: "Ein Ladevorgang kostet nie mehr als einen festen Betrag; was darüber lag, wird abgezogen.",
    },
}

# What of a session nothing is asked for, behind its quantity.
FREE_OF: Mapping[Language, Mapping[Dimension, str]] = {
    "en": {
        Dimension.ENERGY: "of energy",
        Dimension.TIME: "of charging",
        Dimension.PARKING_TIME: "connected after charging",
        Dimension.RESERVATION_TIME: "of reservation",
    },
    "de": {
        Dimension.ENERGY: "Energie",
        Dimension.TIME: "Ladezeit",
        Dimension.PARKING_TIME: "angeschlossen nach dem Laden",
        Dimension.RESERVATION_TIME: "Reservierung",
    },
}

# The notes of a price that a driver should know; the others are about documents.
NOTES: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "all_charging": "When charging ended is not known, so the whole time connected counts as charging.",
        "uniform_then_parking": "Charging is taken to have come first, at an even rate, then the time your car only stood there.",
        "metered": "The energy is spread over time as the meter's readings say.",
        "metered_all_charging": "The energy is spread over time as the meter's readings say. When charging ended is not known, "
        "so the whole time connected counts as charging.",
        "period_spans_price_change": "The price changed while your car was connected; the price at the beginning counts.",
        "cheapest_price": "The price changed while your car was connected; the cheapest one counts.",
    },
    "de": {
        "all_charging": "Wann das Laden endete, ist nicht bekannt; darum zählt die ganze Zeit am Kabel als Laden.",
        "uniform_then_parking": "Angenommen ist: erst gleichmäßig geladen, danach nur noch angeschlossen.",
        "metered": "Die Energie ist so über die Zeit verteilt, wie der Zähler sie gemessen hat.",
        "metered_all_charging": "Die Energie ist so über die Zeit verteilt, wie der Zähler sie gemessen hat. Wann das Laden "
        "endete, ist nicht bekannt; darum zählt die ganze Zeit am Kabel als Laden.",
        "period_spans_price_change": "Der Preis änderte sich, während Ihr Auto angeschlossen war; es zählt der vom Beginn.",
        "cheapest_price": "Der Preis änderte sich, während Ihr Auto angeschlossen war; es zählt der günstigste.",
    },
}


def notes_in_words(codes: tuple[str, ...], language: Language) -> tuple[str, ...]:
    """The sentences a driver should read. Where the cheapest price counts, that it changed is said with it."""
    known = [code for code in codes if code in NOTES[language]]
    if "cheapest_price" in known and "period_spans_price_change" in known:
        known.remove("period_spans_price_change")
    return tuple(NOTES[language][code] for code in known)


def kwh(value: Decimal, language: Language) -> str:
    """Three digits, as a meter shows it."""
    return f"{value:.3f} kWh".replace(".", words(language).point)


def duration(seconds: Decimal | int, language: Language) -> str:
    """ "3 h 6 min 5 s", "3 Std. 6 min 5 s"."""
    whole = int(seconds)
    rest = Decimal(seconds) - whole
    hours, minutes, left = whole // 3600, whole % 3600 // 60, whole % 60 + rest
    parts = [f"{hours} {'Std.' if language == 'de' else 'h'}"] if hours else []
    parts += [f"{minutes} min"] if minutes else []
    parts += [f"{words(language).number(Decimal(left))} s"] if left or not parts else []
    return " ".join(parts)


def clock(local: datetime, language: Language) -> str:
    return f"{local:%H:%M} Uhr" if language == "de" else f"{local:%H:%M}"


def interval(start: datetime, end: datetime, language: Language) -> str:
    """A part of a charge on the place's clock: "22:00 to 07:00", with days where it is more than one."""
    between = "bis" if language == "de" else "to"
    if start.utcoffset() != end.utcoffset():
        # The clock was set while it lasted: without the zone the times would not tell how long it was.
        return f"{moment(start, language)} {between} {moment(end, language)}"
    if start.date() == end.date():
        return f"{start:%H:%M} {between} {clock(end, language)}"
    day = words(language).day
    return f"{day(start.date())}, {clock(start, language)} {between} {day(end.date())}, {clock(end, language)}"


def moment(local: datetime, language: Language) -> str:
    """6 Sep 2018, 23:55 BST."""
    return f"{words(language).day(local.date())}, {clock(local, language)} {local:%Z}"
