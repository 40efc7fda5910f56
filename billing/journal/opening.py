"""Opening balances from a file: what each line says, what is wrong with it, and the legs they make."""

import csv
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from billing.journal.balance import LARGEST, imbalances
from billing.journal.chart import OPENING
from billing.journal.model import ZERO, Leg
from chargebill.core.errors import UserError
from chargebill.core.money import minor_digits, round_money

COLUMNS = ("account", "debit", "credit", "currency", "customer", "description")
NEEDED = ("account", "debit", "credit")
MOST_LINES = 5000
_PLAIN = re.compile(r"\A-?\d{1,15}(?:[.,]\d{1,6})?\Z", re.ASCII)
_CURRENCY = re.compile(r"\A[A-Z]{3}\Z")


@dataclass(frozen=True, slots=True)
class OpeningLine:
    """A line of the file. ``problem`` says what is wrong and what to do; then there is no leg."""

    line: int
    cells: Mapping[str, str]
    leg: Leg | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Opening:
    """A file as it was read. ``legs`` hold the lines and, last, what balances them on the opening account."""

    lines: tuple[OpeningLine, ...]

    @property
    def problems(self) -> list[OpeningLine]:
        return [line for line in self.lines if line.problem]

    @property
    def legs(self) -> list[Leg]:
        found = [line.leg for line in self.lines if line.leg is not None]
        for currency, apart in imbalances(found).items():
            found.append(Leg(OPENING, max(-apart, ZERO), max(apart, ZERO), currency, description="Balances what was taken over"))
        return found


def read_opening(text: str, *, currency: str, account: Callable[[str], str], customer: Callable[[str], int | None]) -> Opening:
    """Reads a CSV (comma, semicolon or tab) with a header of COLUMNS.

    ``currency`` stands where a line names none; ``account`` gives the code of what a line calls an account, "" for
    unknown; ``customer`` the key of a customer number, None for unknown. Raises UserError for a file that can't be read
    at all: opening_empty, opening_columns, opening_too_long.
    """
    first = text.lstrip("\ufeff").splitlines()[:1]
    if not first or not first[0].strip():
        raise UserError(
            "opening_empty", "The file is empty. Take the template, fill it in and choose it again. Nothing was changed."
        )
    delimiter = max(",;\t", key=first[0].count)
    rows = csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""), delimiter=delimiter)
    try:
        header = [cell.strip().lower() for cell in next(rows)]
        body = [(rows.line_num, row) for row in rows if any(cell.strip() for cell in row)]
    except csv.Error as problem:
        raise UserError("opening_columns", f"The file can't be read as CSV: {problem}. Nothing was changed.") from None
    unknown = [name for name in header if name not in COLUMNS]
    missing = [name for name in NEEDED if name not in header]
    if unknown or missing or len(set(header)) < len(header):
        wrong = f"{', '.join(missing)} missing" if missing else f"{', '.join(unknown) or 'a column'} not known or there twice"
        raise UserError(
            "opening_columns", f"The first line names the columns {', '.join(COLUMNS)}: {wrong}. Nothing was changed.", "line 1"
        )
    if not body:
        raise UserError("opening_empty", "The file has no line below its header. Nothing was changed.", "line 2")
    if len(body) > MOST_LINES:
        raise UserError(
            "opening_too_long", f"The file has {len(body):,} lines; {MOST_LINES:,} are the most. Split it. Nothing was changed."
        )
    return Opening(tuple(_line(number, header, row, currency, account, customer) for number, row in body))


def _line(
    number: int,
    header: list[str],
    row: list[str],
    currency: str,
    account: Callable[[str], str],
    customer: Callable[[str], int | None],
) -> OpeningLine:
    cells = {**dict.fromkeys(COLUMNS, ""), **dict(zip(header, (cell.strip() for cell in row), strict=False))}
    try:
        if len(row) > len(header):
            raise ValueError(f"It has {len(row)} cells, the header names {len(header)} columns.")
        leg = _leg(cells, currency, account, customer)
    except ValueError as problem:
        return OpeningLine(number, cells, None, str(problem))
    return OpeningLine(number, cells, leg)


def _leg(cells: Mapping[str, str], currency: str, account: Callable[[str], str], customer: Callable[[str], int | None]) -> Leg:
    named = cells["account"]
    code = account(named)
    if not code:
        raise ValueError(f"There is no account {named!r}. Use its number or its code." if named else "The account is missing.")
    if code == OPENING:
        raise ValueError("The account for opening balances is filled in by itself: leave this line out.")
    money = cells["currency"].upper() or currency
    if not _CURRENCY.match(money):
        raise ValueError(f"{money!r} is no currency such as EUR." if money else "Name the currency, such as EUR.")
    debit, credit = (_amount(name, cells[name], money) for name in ("debit", "credit"))
    if (debit == ZERO) == (credit == ZERO):
        raise ValueError("Fill in either debit or credit, not both and not none.")
    who = cells["customer"]
    customer_id = customer(who) if who else None
    if who and customer_id is None:
        raise ValueError(f"There is no customer with the number {who!r}. Enter the customer first.")
    description = cells["description"]
    if len(description) > 300 or "\x00" in description:
        raise ValueError("The description has at most 300 characters.")
    return Leg(code, debit, credit, money, customer_id=customer_id, description=description)


def _amount(name: str, cell: str, currency: str) -> Decimal:
    plain = cell.replace("'", "").replace("\u2019", "").replace("\u00a0", "").replace("\u202f", "").replace(" ", "")
    if not plain:
        return ZERO
    if not _PLAIN.match(plain):
        raise ValueError(f"{name.capitalize()} {cell!r} is no amount. Write it like 1234.56, without a sign between thousands.")
    digits = minor_digits(currency)
    behind = re.split("[.,]", plain)[1:]
    # 1,234 may be a thousand and more, or one and a bit: nobody guesses about money.
    if behind and len(behind[0]) == 3 and digits < 3:
        raise ValueError(f"{name.capitalize()} {cell!r} can be read in two ways. Write it like 1234.00 or 1.23.")
    try:
        amount = Decimal(plain.replace(",", "."))
    except InvalidOperation:
        raise ValueError(f"{name.capitalize()} {cell!r} is no amount. Write it like 1234.56.") from None
    if amount < 0:
        raise ValueError(f"{name.capitalize()} is below zero: write the amount in the other column.")
    if amount >= LARGEST or amount != round_money(amount, currency):
        raise ValueError(f"{name.capitalize()} {cell!r} has more digits than {currency} has: {digits} behind the point.")
    return amount
