"""What the columns of an acquirer's file mean and how its values are written, where they are not our template's."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from billing.banking.values import CURRENCY, day, refuse

# What a column may hold, in words. Several columns may hold fees: they are added up.
MEANINGS = {
    "payout": "reference of the payout",
    "paid_on": "day it is paid",
    "currency": "currency",
    "gross": "taken",
    "gross_debit": "taken: given back, counts minus",
    "fee": "fee",
    "net": "paid out",
    "net_debit": "paid out: counts minus",
    "terminal": "terminal or site",
}
DATE_ORDERS = ("YMD", "DMY", "MDY")
# What others call these columns, in small letters with underscores. In English and German.
ALIASES = {
    "payout_id": "payout", "payout_reference": "payout", "settlement_reference": "payout", "settlement_id": "payout",
    "payout_date": "paid_on", "settlement_date": "paid_on", "value_date": "paid_on", "date": "paid_on",
    "gross_amount": "gross", "gross_credit": "gross", "fee_amount": "fee", "fees": "fee", "commission": "fee",
    "net_amount": "net", "net_credit": "net", "settlement_currency": "currency", "net_currency": "currency",
    "terminal_id": "terminal", "store": "terminal",
}  # fmt: skip
# Guessed for a person to check; never read without being asked.
GUESSES = {
    **ALIASES, "gross_debit": "gross_debit", "net_debit": "net_debit", "gross_debit_gc": "gross_debit",
    "gross_credit_gc": "gross", "net_debit_nc": "net_debit", "net_credit_nc": "net", "commission_nc": "fee", "markup_nc": "fee",
    "scheme_fees_nc": "fee", "interchange_nc": "fee", "batch_number": "payout", "auszahlung": "payout",
    "auszahlungsnummer": "payout", "referenz": "payout", "abrechnungsnummer": "payout", "auszahlungsdatum": "paid_on",
    "datum": "paid_on", "valuta": "paid_on", "buchungstag": "paid_on", "waehrung": "currency", "währung": "currency",
    "umsatz": "gross", "brutto": "gross", "bruttobetrag": "gross", "gebühr": "fee", "gebühren": "fee", "gebuehr": "fee",
    "gebuehren": "fee", "entgelt": "fee", "disagio": "fee", "netto": "net", "nettobetrag": "net",
    "auszahlungsbetrag": "net", "terminal": "terminal", "terminal_nr": "terminal", "filiale": "terminal",
}  # fmt: skip
_DAY = re.compile(r"\A(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})(?:[ T].*)?\Z", re.ASCII | re.DOTALL)
# "1,234" alone may be either: it is refused.
_POINT = re.compile(r"\A\d{1,3}(?:[,' \u00a0\u202f]\d{3})+\.\d+\Z", re.ASCII)
_COMMA = re.compile(r"\A(?:\d+|\d{1,3}(?:[.' \u00a0\u202f]\d{3})+)(?:,\d*)?\Z", re.ASCII)
_MINUS = ("-", "\u2212")


@dataclass(frozen=True, slots=True)
class Layout:
    """``columns``: header as ``plain`` writes it -> a key of MEANINGS. ``currency``: of every line, where no column says it."""

    columns: Mapping[str, str]
    date_order: str = "YMD"
    decimal_comma: bool = False
    fee_is_minus: bool = False
    currency: str = ""

    def definition(self) -> dict[str, Any]:
        """As it is kept; Layout(**definition) is the same again."""
        return asdict(self)

    def holds(self, meaning: str) -> bool:
        return meaning in self.columns.values()

    def fits(self, header: Sequence[str]) -> bool:
        """Whether a file with this header has each column of the layout, once."""
        names = [plain(cell) for cell in header]
        return all(names.count(name) == 1 for name in self.columns)

    def meanings(self, header: Sequence[str]) -> list[str]:
        return [self.columns.get(plain(cell), "") for cell in header]

    def day(self, text: str, where: str) -> date:
        """Raises UserError day."""
        found = _DAY.match(text)
        if not found:
            return day(text, where)
        parts = dict(zip(self.date_order, (found[1], found[3], found[4]), strict=True))
        try:
            if len(parts["Y"]) == 4:
                return date(int(parts["Y"]), int(parts["M"]), int(parts["D"]))
        except ValueError:
            pass
        order = {"Y": "year", "M": "month", "D": "day"}
        raise refuse("day", f"{text[:30]!r} is no day written {', '.join(order[one] for one in self.date_order)}.", where)

    def amount(self, text: str, where: str) -> str:
        """An amount as a sign, digits and a point. Raises UserError amount for one with separators that say two things."""
        bare = text.strip()
        sign = "-" if bare[:1] in _MINUS or bare[-1:] in _MINUS else ""
        bare = bare.strip("+-\u2212 \u00a0")
        if not self.decimal_comma:
            return sign + (re.sub(r"[^\d.]", "", bare) if _POINT.match(bare) else bare)
        if not _COMMA.match(bare):
            raise refuse("amount", f"{text[:40]!r} is no amount with a decimal comma, such as 1.234,50.", where)
        return sign + re.sub(r"[^\d,]", "", bare).replace(",", ".").rstrip(".")


def plain(cell: str) -> str:
    """A header as it is compared: small letters, words joined by underscores."""
    return "_".join(re.sub(r"[-_()]+", " ", cell.strip().lower()).split())


def check(layout: Layout) -> None:
    """Raises UserError layout with ``where``, for what no file could be read with."""
    taken = list(layout.columns.values())
    for meaning in sorted(set(taken) - {"fee"}):
        if taken.count(meaning) > 1:
            raise refuse("layout", f"Two columns hold “{MEANINGS[meaning]}”. Choose one of them.", "columns")
    for meaning in ("payout", "paid_on"):
        if not layout.holds(meaning):
            raise refuse("layout", f"Say which column holds “{MEANINGS[meaning]}”.", "columns")
    if sum(layout.holds(meaning) for meaning in ("gross", "fee", "net")) < 2:
        raise refuse("layout", "Say which columns hold two of: what was taken, the fee, what is paid out.", "columns")
    for debit in ("gross_debit", "net_debit"):
        if layout.holds(debit) and not layout.holds(debit[:-6]):
            raise refuse("layout", f"“{MEANINGS[debit]}” needs the column for “{MEANINGS[debit[:-6]]}”.", "columns")
    if layout.holds("currency") == bool(layout.currency):
        raise refuse("layout", "Say the currency once: choose its column, or write the one of every line.", "currency")
    if layout.currency and not CURRENCY.match(layout.currency):
        raise refuse("layout", f"{layout.currency[:10]!r} is no currency code such as EUR.", "currency")


def guess(header: Sequence[str], rows: Sequence[Sequence[str]], *, currency: str) -> Layout:
    """What a file's columns may mean, for a person to check. ``currency`` where none of them names one."""
    columns: dict[str, str] = {}
    for cell in header:
        name = plain(cell)
        meaning = name if name in MEANINGS else GUESSES.get(name, "")
        if meaning and (meaning == "fee" or meaning not in columns.values()):
            columns[name] = meaning
    cells = {
        meaning: [row[at].strip() for row in rows if at < len(row) and row[at].strip()]
        for at, cell in enumerate(header)
        if (meaning := columns.get(plain(cell), ""))
    }
    amounts = [text for meaning in ("gross", "fee", "net") for text in cells.get(meaning, [])]
    return Layout(
        columns=columns,
        date_order=_order(cells.get("paid_on", [])),
        decimal_comma=any(re.search(r",\d{1,2}[-\u2212]?\Z", text) for text in amounts),
        fee_is_minus=any("-" in text for text in cells.get("fee", [])),
        currency="" if "currency" in columns.values() else currency,
    )


def _order(days: Sequence[str]) -> str:
    """Of days that can be read in two ways, day first: the form shows the first of them beside the choice."""
    parts = [(found[1], found[3]) for text in days if (found := _DAY.match(text))]
    if all(len(first) == 4 for first, _ in parts):
        return "YMD"
    return "MDY" if any(int(second) > 12 for _, second in parts) else "DMY"
