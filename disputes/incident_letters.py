"""What drivers read when one fault is put right for many, in English and German. No Django."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.papers import words
from billing.pricing.text import Language
from chargebill.core.errors import UserError

LONGEST = 4000
MOST_PLACES = 3
# What stands in braces in a letter, and what it becomes.
PLACEHOLDERS: Mapping[str, str] = {
    "name": "whom it is to",
    "amount": "what is taken back, incl. VAT",
    "date": "when that was: on a day, or between two",
    "place": "where they were",
    "money": "what becomes of the amount, as a sentence",
    "documents": "the numbers of the credit notes",
    "company": "who writes",
}
_FOUND = re.compile(r"\{([^{}]*)\}")
ENGLISH = (
    "Hello{name},\n\nyou charged at {place} {date}. Something was wrong there on our side, so you were charged too much."
    " You need not do anything: we take back {amount} (credit note {documents}).\n\n{money}\n\nWe are sorry.\n\n{company}"
)
GERMAN = (
    "Guten Tag{name},\n\nSie haben {date} hier geladen: {place}. Dabei ist bei uns etwas schiefgegangen, und Ihnen wurde zu"
    " viel berechnet. Sie müssen nichts tun: Wir nehmen {amount} zurück (Rechnungskorrektur {documents}).\n\n{money}\n\nEs tut"
    " uns leid.\n\n{company}"
)
_SUBJECT = {"en": "We put right what we charged you: {amount}", "de": "Wir korrigieren Ihre Abrechnung: {amount}"}
_OFF = {
    "en": "{amount} is taken off what you still owe us.",
    "de": "{amount} ziehen wir von dem ab, was noch offen ist.",
}
_BACK = {
    "en": "{amount} you have paid goes back to you. If we need your account for that, we ask you for it.",
    "de": "{amount}, die Sie bezahlt haben, erhalten Sie zurück. Brauchen wir dafür Ihr Konto, fragen wir Sie danach.",
}
_CREDIT = {
    "en": "{amount} you have paid is your credit with us.",
    "de": "{amount}, die Sie bezahlt haben, sind Ihr Guthaben bei uns.",
}
_PARTNER = {
    "en": "It is credited to {partner}, your contract party, who settles it with you.",
    "de": "Es wird {partner}, Ihrem Vertragspartner, gutgeschrieben; dort wird es mit Ihnen abgerechnet.",
}
_DAY = {"en": "on {first}", "de": "am {first}"}
_DAYS = {"en": "between {first} and {last}", "de": "zwischen dem {first} und dem {last}"}
_MORE = {"en": " and {count} more places", "de": " und {count} weitere Orte"}


@dataclass(frozen=True, slots=True)
class Told:
    """What one driver is told: amounts incl. VAT by currency; ``off`` was still open, ``back`` had been paid.

    ``as_credit``: what was paid becomes credit. ``partner``: the name of the contract party that settles it, "" where the driver
    is ours.
    """

    name: str
    language: str
    company: str
    amounts: Mapping[str, Decimal]
    off: Mapping[str, Decimal]
    back: Mapping[str, Decimal]
    days: Sequence[date]
    places: Sequence[str]
    documents: Sequence[str]
    as_credit: bool = False
    partner: str = ""


def check_letter(text: str, where: str) -> str:
    """A letter as it is kept. Raises UserError letter: empty, too long, without the amount, or with braces nobody fills."""
    text = text.replace("\x00", "").replace("\r\n", "\n").strip()
    if not text or len(text) > LONGEST:
        raise UserError("letter", f"Write the letter, in {LONGEST:,} characters or less. Nothing was changed.", where)
    unknown = [name for name in _FOUND.findall(text) if name not in PLACEHOLDERS]
    if unknown or "{" in _FOUND.sub("", text) or "}" in _FOUND.sub("", text):
        named = f"{{{unknown[0][:40]}}}" if unknown else "A single brace"
        raise UserError(
            "letter",
            f"{named} stands for nothing. Use {', '.join(f'{{{name}}}' for name in PLACEHOLDERS)}. Nothing was changed.",
            where,
        )  # fmt: skip
    if "{amount}" not in text:
        raise UserError("letter", "Say {amount}: what the driver gets. Nothing was changed.", where)
    return text


def written(text: str, told: Told) -> tuple[str, str]:
    """Subject and body of one driver's letter."""
    language = language_of(told.language)
    said = {
        "name": f" {told.name}" if told.name else "",
        "amount": money(told.amounts, language),
        "date": _days(told.days, language),
        "place": _places(told.places, language),
        "money": " ".join(_moved(told, language)),
        "documents": ", ".join(told.documents),
        "company": told.company,
    }
    body = _FOUND.sub(lambda match: said[match[1]], text)
    return " ".join(_SUBJECT[language].format(amount=said["amount"]).split())[:200], body


def language_of(raw: str) -> str:
    return "de" if raw.startswith("de") else "en"


def money(amounts: Mapping[str, Decimal], language: str) -> str:
    found = [words.money(amount, code, _known(language)) for code, amount in sorted(amounts.items()) if amount]
    return " + ".join(found).replace("\u00a0", " ")


def _known(language: str) -> Language:
    return "de" if language == "de" else "en"


def _days(days: Sequence[date], language: str) -> str:
    first, last = words.day(min(days), _known(language)), words.day(max(days), _known(language))
    return (_DAY if first == last else _DAYS)[language].format(first=first, last=last)


def _places(places: Sequence[str], language: str) -> str:
    found = list(dict.fromkeys(places))
    more = _MORE[language].format(count=len(found) - MOST_PLACES) if len(found) > MOST_PLACES else ""
    return ", ".join(found[:MOST_PLACES]) + more


def _moved(told: Told, language: str) -> list[str]:
    if told.partner:
        return [_PARTNER[language].format(partner=told.partner)]
    said = []
    if any(told.off.values()):
        said.append(_OFF[language].format(amount=money(told.off, language)))
    if any(told.back.values()):
        frame = _CREDIT if told.as_credit else _BACK
        said.append(frame[language].format(amount=money(told.back, language)))
    return said
