"""A CSV of another system as lines of named cells, and what its cells say: amounts, currencies, days."""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from billing.takeover.model import Problem
from chargebill.core.errors import UserError
from chargebill.core.money import minor_digits, round_money

LARGEST = Decimal(10) ** 12
FIRST_DAY = date(2000, 1, 1)
_PLAIN = re.compile(r"\A-?\d{1,15}(?:[.,]\d{1,6})?\Z", re.ASCII)
_CURRENCY = re.compile(r"\A[A-Z]{3}\Z")
# Between thousands, where nothing else can be meant.
_SPACES = str.maketrans("", "", "'\u2019\u00a0\u202f ")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SheetLine:
    """A line as it stands: ``number`` is where it ends in the file, ``cells`` have every column, empty where it has none."""

    number: int
    cells: Mapping[str, str]
    problem: str = ""


def read_sheet(text: str, *, columns: Sequence[str], needed: Sequence[str], most: int, code: str) -> list[SheetLine]:
    """Reads a CSV (comma, semicolon or tab) whose first line names columns, in any order.

    Raises UserError for a file that can't be read at all: CODE_empty, CODE_columns, CODE_too_long.
    """
    text = text.lstrip("\ufeff")
    first = text.splitlines()[:1]
    if not first or not first[0].strip():
        raise UserError(
            f"{code}_empty", "The file is empty. Take the template, fill it in and choose it again. Nothing was changed."
        )
    delimiter = max(",;\t", key=first[0].count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = [cell.strip().lower() for cell in next(rows)]
        body = [(rows.line_num, row) for row in rows if any(cell.strip() for cell in row)]
    except csv.Error as problem:
        raise UserError(f"{code}_columns", f"The file can't be read as CSV: {problem}. Nothing was changed.") from None
    unknown = [name for name in header if name not in columns]
    missing = [name for name in needed if name not in header]
    if unknown or missing or len(set(header)) < len(header):
        wrong = f"{', '.join(missing)} missing" if missing else f"{', '.join(unknown) or 'a column'} not known or there twice"
        raise UserError(
            f"{code}_columns", f"The first line names the columns {', '.join(columns)}: {wrong}. Nothing was changed.", "line 1"
        )
    if not body:
        raise UserError(f"{code}_empty", "The file has no line below its header. Nothing was changed.", "line 2")
    if len(body) > most:
        raise UserError(
            f"{code}_too_long", f"The file has {len(body):,} lines; {most:,} are the most. Split it. Nothing was changed."
        )
    return [_line(number, header, row, columns) for number, row in body]


def _line(number: int, header: list[str], row: list[str], columns: Sequence[str]) -> SheetLine:
    cells = {**dict.fromkeys(columns, ""), **dict(zip(header, (cell.strip() for cell in row), strict=False))}
    if len(row) > len(header):
        return SheetLine(number, cells, f"It has {len(row)} cells, the header names {len(header)} columns.")
    if any("\x00" in cell for cell in cells.values()):
        return SheetLine(number, cells, "It holds a character that can't be stored (NUL). Save the file as text anew.")
    return SheetLine(number, cells)


class Checked:
    """Reads the cells of one line and keeps what is wrong, all of it and not only the first."""

    def __init__(self, line: SheetLine) -> None:
        self.cells = line.cells
        self.problems = [Problem("", line.problem)] if line.problem else []

    def of(self, column: str, read: Callable[[str], T]) -> T | None:
        """The cell as ``read`` reads it; None where it raises ValueError with what is wrong and what to do."""
        try:
            return read(self.cells[column])
        except ValueError as problem:
            self.problems.append(Problem(column, str(problem)))
            return None

    def wrong(self, column: str, message: str) -> None:
        self.problems.append(Problem(column, message))


def words(column: str) -> str:
    return column.replace("_", " ").capitalize()


def amount_in(column: str, cell: str, currency: str) -> Decimal:
    """An amount of a currency, zero where the cell is empty. Raises ValueError."""
    plain, said = cell.translate(_SPACES), words(column)
    if not plain:
        return Decimal(0)
    if not _PLAIN.match(plain):
        raise ValueError(f"{said} {cell!r} is no amount. Write it like 1234.56, without a sign between thousands.")
    digits = minor_digits(currency)
    behind = re.split("[.,]", plain)[1:]
    # 1,234 may be a thousand and more, or one and a bit: nobody guesses about money.
    if behind and len(behind[0]) == 3 and digits < 3:
        raise ValueError(f"{said} {cell!r} can be read in two ways. Write it like 1234.00 or 1.23.")
    try:
        amount = Decimal(plain.replace(",", "."))
    except InvalidOperation:
        raise ValueError(f"{said} {cell!r} is no amount. Write it like 1234.56.") from None
    if abs(amount) >= LARGEST or amount != round_money(amount, currency):
        raise ValueError(f"{said} {cell!r} has more digits than {currency} has: {digits} behind the point.")
    return amount


def currency_in(cell: str, default: str) -> str:
    """A currency's code, the company's where the cell is empty. Raises ValueError."""
    money = cell.upper() or default
    if not _CURRENCY.match(money):
        raise ValueError(f"{money!r} is no currency such as EUR." if money else "Name the currency, such as EUR.")
    return money


def day_in(column: str, cell: str) -> date:
    """A day written 2026-03-31 or 31.03.2026; a slash would leave it open which is the month. Raises ValueError."""
    if not cell:
        raise ValueError(f"{words(column)} is missing. Write a day like 2026-03-31.")
    found = re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", cell, re.ASCII)
    plain = f"{found[3]}-{int(found[2]):02}-{int(found[1]):02}" if found else cell
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", plain, re.ASCII):
            raise ValueError
        day = date.fromisoformat(plain)
    except ValueError:
        raise ValueError(f"{words(column)} {cell[:20]!r} is no day. Write it like 2026-03-31.") from None
    if day < FIRST_DAY:
        raise ValueError(f"{words(column)} {cell} is before the year 2000. Look whether it is right.")
    return day


def customer_in(cell: str, customers: Mapping[str, tuple[int, str]]) -> tuple[int, str]:
    """The customer with a number, as (key, name). Raises ValueError."""
    if not cell:
        raise ValueError("Say whose it is: the customer’s number.")
    if cell not in customers:
        raise ValueError(f"There is no customer with the number {cell[:40]!r}. Enter or import the customer first.")
    return customers[cell]
