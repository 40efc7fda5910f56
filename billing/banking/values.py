"""Single values as bank files write them: amounts, days, accounts, text. Each raises UserError with its place."""

import re
import unicodedata
from datetime import date
from decimal import Decimal

from chargebill.core.errors import UserError
from chargebill.core.money import minor_digits, to_minor

CURRENCY = re.compile(r"\A[A-Z]{3}\Z")
# Twelve digits before the point: what the database keeps exactly on SQLite, too.
_AMOUNT = re.compile(r"\A\d{1,12}(?:\.\d{1,6})?\Z", re.ASCII)
_ACCOUNT = re.compile(r"\A[A-Z0-9]{4,34}\Z")
_IBAN = re.compile(r"\A[A-Z]{2}\d{2}[A-Z0-9]{9,30}\Z", re.ASCII)
_DAY = re.compile(r"\A(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}.*|Z|[+-]\d{2}:\d{2})?\Z", re.ASCII | re.DOTALL)
# What banks write where they have nothing to say.
_NO_REFERENCE = {"", "NONREF", "NOTPROVIDED", "NOREF", "N/A", "-"}


def refuse(code: str, message: str, where: str) -> UserError:
    return UserError(code, f"{message} Nothing was changed.", where)


def amount(text: str, currency: str, where: str) -> Decimal:
    """An amount without a sign, exactly as written; no more digits than the currency has, zeros at the end aside."""
    if not _AMOUNT.match(text):
        raise refuse(
            "amount", f"{text[:40]!r} is no amount. Write it with a point and without separators, such as 1234.50.", where
        )
    found = Decimal(text)
    try:
        to_minor(found, currency)
    except ValueError:
        digits = minor_digits(currency)
        raise refuse(
            "amount", f"{text} has more digits than {currency} is counted in ({digits} behind the point).", where
        ) from None
    return found


def signed_amount(text: str, currency: str, where: str) -> Decimal:
    """The same with a sign in front: a hyphen or the typographic minus for money that went out."""
    sign, rest = (text[:1], text[1:]) if text[:1] in ("+", "-", "\u2212") else ("", text)
    found = amount(rest, currency, where)
    return found if sign in ("", "+") else -found


def currency(text: str, where: str) -> str:
    if not CURRENCY.match(text):
        raise refuse("currency", f"{text[:10]!r} is no currency code such as EUR.", where)
    return text


def day(text: str, where: str) -> date:
    """The day of an ISO date or moment, as the bank's own clock wrote it."""
    found = _DAY.match(text)
    try:
        if found:
            return date.fromisoformat(found[1])
    except ValueError:
        pass
    raise refuse("day", f"{text[:30]!r} is no day. Write it as 2026-11-27.", where)


def account(text: str, where: str) -> str:
    """An IBAN, its check digits verified, or another account number; without spaces, in capitals."""
    found = re.sub(r"[\s-]", "", text).upper()
    if not _ACCOUNT.match(found):
        raise refuse("account", f"{text[:40]!r} is no account: an IBAN, or a number of 4 to 34 letters and digits.", where)
    if _IBAN.match(found) and not is_iban(found):
        raise refuse("account", f"{found} is no IBAN: its check digits are wrong. Compare it with what the bank wrote.", where)
    return found


def is_iban(text: str) -> bool:
    """ISO 13616: the number with its first four characters at the end, letters as 10 to 35, leaves 1 when divided by 97."""
    return bool(_IBAN.match(text)) and int("".join(str(int(c, 36)) for c in text[4:] + text[:4])) % 97 == 1


def words(text: str, longest: int = 1000) -> str:
    """Text on one line, without what can't be shown, cut where it is longer than any bank's."""
    shown = "".join(" " if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in text)
    return " ".join(shown.split())[:longest]


def reference(text: str) -> str:
    found = words(text, 140)
    return "" if found.upper() in _NO_REFERENCE else found
