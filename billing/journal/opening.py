"""Opening balances from a file: what each line says, what is wrong with it, and the legs they make."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from billing.journal.balance import imbalances
from billing.journal.chart import OPENING
from billing.journal.model import ZERO, Leg
from billing.takeover.sheet import SheetLine, amount_in, currency_in, read_sheet

COLUMNS = ("account", "debit", "credit", "currency", "customer", "description")
NEEDED = ("account", "debit", "credit")
MOST_LINES = 5000


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
    lines = read_sheet(text, columns=COLUMNS, needed=NEEDED, most=MOST_LINES, code="opening")
    return Opening(tuple(_line(line, currency, account, customer) for line in lines))


def _line(line: SheetLine, currency: str, account: Callable[[str], str], customer: Callable[[str], int | None]) -> OpeningLine:
    if line.problem:
        return OpeningLine(line.number, line.cells, None, line.problem)
    try:
        leg = _leg(line.cells, currency, account, customer)
    except ValueError as problem:
        return OpeningLine(line.number, line.cells, None, str(problem))
    return OpeningLine(line.number, line.cells, leg)


def _leg(cells: Mapping[str, str], currency: str, account: Callable[[str], str], customer: Callable[[str], int | None]) -> Leg:
    named = cells["account"]
    code = account(named)
    if not code:
        raise ValueError(f"There is no account {named!r}. Use its number or its code." if named else "The account is missing.")
    if code == OPENING:
        raise ValueError("The account for opening balances is filled in by itself: leave this line out.")
    money = currency_in(cells["currency"], currency)
    debit, credit = (_amount(name, cells[name], money) for name in ("debit", "credit"))
    if (debit == ZERO) == (credit == ZERO):
        raise ValueError("Fill in either debit or credit, not both and not none.")
    who = cells["customer"]
    customer_id = customer(who) if who else None
    if who and customer_id is None:
        raise ValueError(f"There is no customer with the number {who!r}. Enter the customer first.")
    description = cells["description"]
    if len(description) > 300:
        raise ValueError("The description has at most 300 characters.")
    return Leg(code, debit, credit, money, customer_id=customer_id, description=description)


def _amount(name: str, cell: str, currency: str) -> Decimal:
    amount = amount_in(name, cell, currency)
    if amount < 0:
        raise ValueError(f"{name.capitalize()} is below zero: write the amount in the other column.")
    return amount
