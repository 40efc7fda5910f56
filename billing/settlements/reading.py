"""A settlement file: CSV with what was taken, the fee, and what is paid out, a payout or a single transaction a line."""

import csv
import io
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.banking.values import currency, day, refuse, signed_amount, words

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
# What others call these columns, in small letters with underscores.
ALIASES = {
    "payout_id": "payout", "payout_reference": "payout", "settlement_reference": "payout", "settlement_id": "payout",
    "payout_date": "paid_on", "settlement_date": "paid_on", "value_date": "paid_on", "date": "paid_on",
    "gross_amount": "gross", "gross_credit": "gross", "fee_amount": "fee", "fees": "fee", "commission": "fee",
    "net_amount": "net", "net_credit": "net", "settlement_currency": "currency", "net_currency": "currency",
    "terminal_id": "terminal", "store": "terminal",
}  # fmt: skip
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


def read_settlement(content: bytes) -> list[Payout]:
    """The payouts of a file, in its order. Raises UserError with a code, words and a place for all it can't read.

    Codes: file_empty, file_too_large, encoding, nul, header, columns, missing, day, currency, amount, net, payout_day,
    payout_net.
    """
    rows, header = _rows(content)
    found: dict[tuple[str, str], list[tuple[date, Decimal, Decimal, Decimal, str]]] = {}
    for number, cells in enumerate(rows, 2):
        where = f"line {number}"
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise refuse("columns", f"This line has {len(cells)} cells, the header {len(header)}.", where)
        row = {name: cell.strip() for name, cell in zip(header, cells, strict=True) if name}
        for name in NEEDED:
            if not row[name]:
                raise refuse("missing", f"{name} is empty.", where)
        money = currency(row["currency"].upper(), where)
        gross, fee, net = (signed_amount(row[name], money, f"{where}, {name}") for name in ("gross", "fee", "net"))
        if gross - fee != net:
            raise refuse("net", f"{gross} less a fee of {fee} is {gross - fee}, but the line says {net}.", where)
        line = (day(row["paid_on"], where), gross, fee, net, words(row.get("terminal", ""), 60))
        found.setdefault((words(row["payout"], 100), money), []).append(line)
    if not found:
        raise refuse("file_empty", "The file holds no payout.", "")
    return [_payout(reference, money, lines) for (reference, money), lines in found.items()]


def _rows(content: bytes) -> tuple[list[list[str]], list[str]]:
    if not content.strip():
        raise refuse("file_empty", "The file is empty.", "")
    if len(content) > LARGEST_FILE:
        raise refuse("file_too_large", f"The file is larger than {LARGEST_FILE // 1024 // 1024} MB. Ask for shorter days.", "")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise refuse("encoding", "The file is not UTF-8. Save or request it as UTF-8.", f"byte {problem.start + 1}") from None
    if "\x00" in text:
        raise refuse("nul", "The file holds bytes that are no text.", f"byte {content.index(0) + 1}")
    first = text.split("\n", 1)[0]
    separator = ";" if first.count(";") > first.count(",") else ","
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as problem:
        raise refuse("header", f"The file is no CSV: {problem}.", "") from None
    header = []
    for cell in rows[0]:
        name = "_".join(cell.strip().lower().replace("-", " ").replace("_", " ").split())
        known = ALIASES.get(name, name)
        header.append(known if known in COLUMNS else "")
    missing = [name for name in NEEDED if name not in header]
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if missing or twice:
        said = f"The header lacks {', '.join(missing)}." if missing else f"The header has {', '.join(twice)} twice."
        raise refuse("header", f"{said} Take the template, or give the columns its names.", "line 1")
    return rows[1:], header


def _payout(reference: str, money: str, lines: list[tuple[date, Decimal, Decimal, Decimal, str]]) -> Payout:
    where = f"payout {reference}"
    days = {line[0] for line in lines}
    if len(days) > 1:
        raise refuse("payout_day", f"Its lines say different days: {min(days)} and {max(days)}.", where)
    gross, fee = sum((line[1] for line in lines), ZERO), sum((line[2] for line in lines), ZERO)
    net = sum((line[3] for line in lines), ZERO)
    if min(gross, net) <= 0 or fee < 0:
        raise refuse(
            "payout_net", f"{money} {gross} taken less a fee of {fee} pays nothing out. Book what is left by hand.", where
        )
    terminals = ", ".join(dict.fromkeys(line[4] for line in lines if line[4]))
    return Payout(reference, days.pop(), money, gross, fee, net, terminals[:200], len(lines))
