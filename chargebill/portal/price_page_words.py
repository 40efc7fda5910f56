"""What the pages for drivers say, in their language."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.utils.translation.trans_real import parse_accept_lang_header

from billing.ad_hoc import Missing
from billing.pricing.text import LANGUAGES, Language, words

NAMES: Mapping[Language, str] = {"en": "English", "de": "Deutsch"}

PHRASES: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "title": "Charging price",
        "language": "Language",
        "evse": "EVSE",
        "evse_unnamed": "Charging point",
        "connector": "Connector",
        "no_connectors": "Connectors not known",
        "power_unknown": "power not known",
        "now": "Price now, without a contract",
        "at": "as of",
        "no_zone": "The local time of this place is not known, so all prices are shown with their times.",
        "next": "What changes next",
        "no_change": "The price stays the same for the next 24 hours.",
        "new_sessions": "for charging that starts from then on",
        "examples": "What charging costs, started now",
        "examples_note": "Computed with the prices above, including tax.",
        "whole": "The whole tariff, for any time",
        "tariff": "Tariff",
        "operator": "Operator",
        "find": "Something wrong with a charge here? Find it",
        "demo": "This is a demonstration. The prices are made up.",
        "unpriced": "No price shown",
        "unknown_title": "No such charging point",
        "unknown": "Nothing is known here by “{evse}”.",
        "unknown_advice": "Compare the address with the label on the charging point, or scan its code again. "
        "If it is right, ask the operator whose name is on the charging point.",
        "unknown_price": "No price is shown, because it might be another one's.",
        Missing.NO_TARIFF: "No price for charging without a contract is set here. "
        "Ask the operator what it costs before you charge.",
        Missing.CONFLICT: "Two prices contradict each other here, so none is shown. "
        "Ask the operator what it costs before you charge.",
        Missing.NO_TAX: "The price including tax is not known here. Ask the operator what it costs before you charge.",
    },
    "de": {
        "title": "Ladepreis",
        "language": "Sprache",
        "evse": "EVSE",
        "evse_unnamed": "Ladepunkt",
        "connector": "Anschluss",
        "no_connectors": "Anschlüsse nicht bekannt",
        "power_unknown": "Leistung nicht bekannt",
        "now": "Preis jetzt, ohne Vertrag",
        "at": "Stand",
        "no_zone": "Die Ortszeit dieses Standorts ist nicht bekannt; darum stehen hier alle Preise mit ihren Zeiten.",
        "next": "Was sich als Nächstes ändert",
        "no_change": "Der Preis bleibt in den nächsten 24 Stunden gleich.",
        "new_sessions": "für Ladevorgänge, die ab dann beginnen",
        "examples": "Was Laden kostet, wenn es jetzt beginnt",
        "examples_note": "Berechnet mit den Preisen oben, inkl. Steuer.",
        "whole": "Der ganze Tarif, für jede Zeit",
        "tariff": "Tarif",
        "operator": "Betreiber",
        "find": "Stimmte hier ein Ladevorgang nicht? Finden Sie ihn",
        "demo": "Dies ist eine Vorführung. Die Preise sind erfunden.",
        "unpriced": "Kein Preis angezeigt",
        "unknown_title": "Diesen Ladepunkt gibt es nicht",
        "unknown": "Unter „{evse}“ ist hier nichts bekannt.",
        "unknown_advice": "Vergleichen Sie die Adresse mit dem Aufkleber am Ladepunkt oder scannen Sie den Code noch einmal. "
        "Stimmt sie, fragen Sie den Betreiber, dessen Name am Ladepunkt steht.",
        "unknown_price": "Es wird kein Preis angezeigt, denn es könnte der eines anderen sein.",
        Missing.NO_TARIFF: "Für das Laden ohne Vertrag ist hier kein Preis festgelegt. "
        "Fragen Sie den Betreiber nach dem Preis, bevor Sie laden.",
        Missing.CONFLICT: "Hier widersprechen sich zwei Preise, darum wird keiner angezeigt. "
        "Fragen Sie den Betreiber nach dem Preis, bevor Sie laden.",
        Missing.NO_TAX: "Der Preis inkl. Steuer ist hier nicht bekannt. "
        "Fragen Sie den Betreiber nach dem Preis, bevor Sie laden.",
    },
}


def language_of(*, asked: str, accepted: str, default: str) -> Language:
    """The language somebody chose, else the first their browser accepts, else the operator's."""
    wanted = [asked, *(code.partition("-")[0] for code, _ in parse_accept_lang_header(accepted)), default, "en"]
    return next(language for word in wanted for language in LANGUAGES if word == language)


def moment(local: datetime, language: Language) -> str:
    """26 Nov 2026, 14:05 GMT."""
    day, clock = words(language).day(local.date()), f"{local:%H:%M}"
    return f"{day}, {clock} Uhr {local:%Z}" if language == "de" else f"{day}, {clock} {local:%Z}"


def from_then(local: datetime, *, now: datetime, language: Language) -> str:
    """When a price begins, seen from ``now``: "From 22:00", "From 07:00 tomorrow"."""
    today = local.date() == now.date()
    # In the night the clocks are set back an hour comes twice: the abbreviation tells which.
    zone = f" {local:%Z}" if local.utcoffset() != now.utcoffset() else ""
    if language == "de":
        return f"Ab {local:%H:%M} Uhr{zone}{'' if today else ' morgen'}"
    return f"From {local:%H:%M}{zone}{'' if today else ' tomorrow'}"


def typical(energy_kwh: Decimal, charging_s: int, idle_s: int, language: Language) -> str:
    """A session in words: "11 kWh in 1 hour, then 30 min idle"."""
    said = words(language)
    charging = f"{said.number(energy_kwh)} kWh in {said.duration(charging_s)}"
    if not idle_s:
        return charging
    idle = said.duration(idle_s)
    return f"{charging}, danach {idle} angeschlossen" if language == "de" else f"{charging}, then {idle} connected"
