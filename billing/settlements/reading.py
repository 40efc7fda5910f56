"""A settlement file: CSV with what was taken, the fee, and what is paid out, a payout or a single transaction a line.

Read by our template's columns and their usual names, or by a layout somebody described.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.banking.values import currency, refuse, signed_amount, words
from billing.settlements.layout import ALIASES, Layout, plain

# Name -> what it holds, for people.
COLUMNS = {
    "payout": "the acquirer’s reference of the payout, as your bank says it too; several lines may belong to one",
    "paid_on": "day the payout leaves the acquirer, 2026-11-27",
    "currency": "its currency, such as EUR",
    "gross": "what the terminals took, with a point and no separators; a minus for money given back there",
    "fee": "what the acquirer keeps of it",
    "net": "what is paid out: gross less fee",
    "terminal": "which terminal or site, may be empty",
}
NEEDED = tuple(name for name in COLUMNS if name != "terminal")
LARGEST_FILE = 10 * 1024 * 1024
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Payout:
    """One payout, its lines added up: gross less fee is net, above zero. ``terminals`` are those its lines name."""

    reference: str
    paid_on: date
    currency: str
    gross: Decimal
    fee: Decimal
    net: Decimal
    terminals: str
    lines: int


def template() -> str:
    example = "PO-20261127-1,2026-11-27,EUR,120.00,1.80,118.20,T-0001"
    return f"{','.join(COLUMNS)}\r\n{example}\r\n"


def read_settlement(content: bytes, layout: Layout | None = None) -> list[Payout]:
    """The payouts of a file, in its order. Raises UserError with a code, words and a place for all it can't read.

    Codes: file_empty, file_too_large, encoding, nul, csv, header, columns, missing, day, currency, amount, net, payout_day,
    payout_net.
    """
    table = read_table(content)
    if layout is None:
        layout = _usual(table.header)
    elif not layout.fits(table.header):
        lacking = ", ".join(sorted(set(layout.columns) - {plain(cell) for cell in table.header}))
        raise refuse("header", f"The header lacks {lacking or 'a column'}, or has one twice.", "line 1")
    meanings = layout.meanings(table.header)
    found: dict[tuple[str, str], list[_Line]] = {}
    for number, cells in table.rows:
        where = f"line {number}"
        if len(cells) != len(meanings):
            raise refuse("columns", f"This line has {len(cells)} cells, the header {len(meanings)}.", where)
        row: dict[str, str] = {}
        fees = []
        for meaning, cell in zip(meanings, cells, strict=True):
            row[meaning] = cell.strip()
            if meaning == "fee":
                fees.append(cell.strip())
        line = _line(row, fees, layout, where)
        found.setdefault((words(row["payout"], 100), line.currency), []).append(line)
    if not found:
        raise refuse("file_empty", "The file holds no payout.", "")
    return [_payout(reference, money, lines) for (reference, money), lines in found.items()]


@dataclass(frozen=True, slots=True)
class Table:
    """A file's header, and its lines that are not blank with their number."""

    header: list[str]
    rows: list[tuple[int, list[str]]]


@dataclass(frozen=True, slots=True)
class _Line:
    paid_on: date
    currency: str
    gross: Decimal
    fee: Decimal
    net: Decimal
    terminal: str


def _line(row: dict[str, str], fees: Sequence[str], layout: Layout, where: str) -> _Line:
    for name in ("payout", "paid_on", "currency"):
        if not row.get(name, layout.currency):
            raise refuse("missing", f"{name} is empty.", where)
    money = currency(row.get("currency", layout.currency).upper(), where)

    def amount(name: str, text: str) -> Decimal:
        place = f"{where}, {name}"
        return signed_amount(layout.amount(text, place), money, place)

    def sides(name: str) -> Decimal | None:
        """The amount of a column, less that of the column for what counts minus; None where the file has no such column."""
        if name not in row:
            return None
        debit = row.get(f"{name}_debit", "")
        if not row[name] and not debit:
            raise refuse("missing", f"{name} is empty.", where)
        return (amount(name, row[name]) if row[name] else ZERO) - (amount(f"{name}_debit", debit) if debit else ZERO)

    gross, net = sides("gross"), sides("net")
    if fees and not any(fees):
        raise refuse("missing", "fee is empty.", where)
    fee = sum((amount("fee", text) for text in fees if text), ZERO) * (-1 if layout.fee_is_minus else 1) if fees else None
    if fee is None:
        fee = (gross or ZERO) - (net or ZERO)
    gross = (net or ZERO) + fee if gross is None else gross
    net = gross - fee if net is None else net
    if gross - fee != net:
        raise refuse("net", f"{gross} less a fee of {fee} is {gross - fee}, but the line says {net}.", where)
    return _Line(layout.day(row["paid_on"], where), money, gross, fee, net, words(row.get("terminal", ""), 60))


def read_table(content: bytes) -> Table:
    """The cells of a file. Raises UserError file_empty, file_too_large, encoding, nul, csv.

    UTF-8, or else Windows-1252, which German acquirers write: a word may look wrong, an amount can't.
    """
    if not content.strip():
        raise refuse("file_empty", "The file is empty.", "")
    if len(content) > LARGEST_FILE:
        raise refuse("file_too_large", f"The file is larger than {LARGEST_FILE // 1024 // 1024} MB. Ask for shorter days.", "")
    if b"\x00" in content:
        raise refuse("nul", "The file holds bytes that are no text. Save or request it as UTF-8.", f"byte {content.index(0) + 1}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        try:
            text = content.decode("cp1252")
        except UnicodeDecodeError:
            raise refuse("encoding", "The file is not UTF-8. Save or request it as UTF-8.", f"byte {problem.start + 1}") from None
    first = text.lstrip().split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        lines = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as problem:
        raise refuse("csv", f"The file is no CSV: {problem}.", "") from None
    return Table(lines[0][1], lines[1:])


def _usual(header: Sequence[str]) -> Layout:
    """Our template's columns under their usual names. Raises UserError header."""
    names = [plain(cell) for cell in header]
    known = [ALIASES.get(name, name) for name in names]
    missing = [name for name in NEEDED if name not in known]
    twice = sorted({name for name in known if name in COLUMNS and known.count(name) > 1})
    if missing or twice:
        said = f"The header lacks {', '.join(missing)}." if missing else f"The header has {', '.join(twice)} twice."
        raise refuse("header", f"{said} Take the template, give the columns its names, or say what they mean.", "line 1")
    return Layout({name: meaning for name, meaning in zip(names, known, strict=True) if meaning in COLUMNS})


def _payout(reference: str, money: str, lines: Sequence[_Line]) -> Payout:
    where = f"payout {reference}"
    days = {line.paid_on for line in lines}
    if len(days) > 1:
        raise refuse("payout_day", f"Its lines say different days: {min(days)} and {max(days)}.", where)
    gross, fee = sum((line.gross for line in lines), ZERO), sum((line.fee for line in lines), ZERO)
    net = sum((line.net for line in lines), ZERO)
    if min(gross, net) <= 0 or fee < 0:
        raise refuse(
            "payout_net", f"{money} {gross} taken less a fee of {fee} pays nothing out. Book what is left by hand.", where
        )
    terminals = ", ".join(dict.fromkeys(line.terminal for line in lines if line.terminal))
    return Payout(reference, days.pop(), money, gross, fee, net, terminals[:200], len(lines))
