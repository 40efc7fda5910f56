"""Invoices another system issued and nobody has paid yet: what a line of their file says."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.takeover.model import Column, Line, Report
from billing.takeover.sheet import Checked, SheetLine, amount_in, currency_in, customer_in, day_in, read_sheet
from chargebill.core.money import Money

COLUMNS = (
    Column("customer", "the customer’s number here", "C-1001"),
    Column("number", "the invoice’s number in the other system", "RE-2026-0417"),
    Column("issued_on", "the day it was issued, 2026-02-14 or 14.02.2026", "2026-02-14"),
    Column("due_on", "the day it is to be paid by", "2026-02-28"),
    Column("open_amount", "what is still owed, tax included", "119.00"),
    Column("currency", "such as EUR; the company’s where it is empty", "EUR", needed=False),
)
MOST_LINES = 5000
LONGEST_NUMBER = 40
LONGEST_COUNT = 12


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """What becomes an open item: ``open_amount`` is above zero and incl. tax."""

    customer_id: int
    customer: str
    number: str
    issued_on: date
    due_on: date
    open_amount: Decimal
    currency: str


def read_open_invoices(
    text: str,
    *,
    currency: str,
    day: date,
    customers: Mapping[str, tuple[int, str]],
    taken: Mapping[str, tuple[int | None, Decimal]],
    ours: frozenset[str],
) -> Report:
    """``day`` is that of the balances; ``customers`` are (key, name) by number; ``taken`` those taken over before, by their
    number, as (customer, amount); ``ours`` the numbers of our own documents. Raises UserError as read_sheet does."""
    names = [column.name for column in COLUMNS]
    needed = [column.name for column in COLUMNS if column.needed]
    lines = read_sheet(text, columns=names, needed=needed, most=MOST_LINES, code="take_over")
    seen: dict[str, int] = {}
    found: list[Line] = []
    for line in lines:
        checked = Checked(line)
        invoice = _invoice(checked, currency, day, customers)
        number = line.cells["number"]
        if number and number in seen:
            checked.wrong("number", f"Line {seen[number]} has {number} already. Leave one of them out.")
        seen.setdefault(number, line.number)
        if number in ours:
            checked.wrong("number", f"{number} is the number of a document of ours. Look whether it belongs in this file.")
        found.append(_line(line, checked, invoice, taken.get(number)))
    return Report(tuple(found), _totals(found))


def _line(line: SheetLine, checked: Checked, invoice: OpenInvoice | None, before: tuple[int | None, Decimal] | None) -> Line:
    if before is not None and invoice is not None and before != (invoice.customer_id, invoice.open_amount):
        checked.wrong("number", f"{invoice.number} was taken over before, with another customer or amount. Leave this line out.")
    if checked.problems or invoice is None:
        return Line(line.number, line.cells, tuple(checked.problems))
    if before is not None:
        return Line(line.number, line.cells, will="Was taken over before: nothing happens.", value=invoice, is_known=True)
    will = f"{Money(invoice.open_amount, invoice.currency)} becomes open of {invoice.customer}, due {invoice.due_on}."
    return Line(line.number, line.cells, will=will, value=invoice)


def _invoice(checked: Checked, currency: str, day: date, customers: Mapping[str, tuple[int, str]]) -> OpenInvoice | None:
    who = checked.of("customer", lambda cell: customer_in(cell, customers))
    number = checked.of("number", _number)
    issued = checked.of("issued_on", lambda cell: _issued(day_in("issued_on", cell), day))
    due = checked.of("due_on", lambda cell: _due(day_in("due_on", cell), issued))
    money = checked.of("currency", lambda cell: currency_in(cell, currency))
    amount = checked.of("open_amount", lambda cell: _amount(cell, money)) if money else None
    if who is None or number is None or issued is None or due is None or money is None or amount is None:
        return None
    return OpenInvoice(who[0], who[1], number, issued, due, amount, money)


def _number(cell: str) -> str:
    if not cell:
        raise ValueError("The invoice’s number is missing: transfers are matched by it.")
    if len(cell) > LONGEST_NUMBER or not cell.isprintable():
        raise ValueError(f"A number has at most {LONGEST_NUMBER} characters.")
    return cell


def _issued(issued: date, day: date) -> date:
    if issued > day:
        raise ValueError(f"It was issued after {day}, the day of the balances. Leave it out, or choose a later day.")
    return issued


def _due(due: date, issued: date | None) -> date:
    if issued and due < issued:
        raise ValueError("It is due before it was issued. Look which of the days is wrong.")
    if issued and due.year > issued.year + 5:
        raise ValueError("It is due more than five years after it was issued. Look which of the days is wrong.")
    return due


def _amount(cell: str, currency: str) -> Decimal:
    amount = amount_in("open_amount", cell, currency)
    if not cell or not amount:
        raise ValueError("Nothing is open on it. Write what is still owed, or leave the line out.")
    if amount < 0:
        raise ValueError("What a customer has too much is no open invoice: put it on account 2000 of the opening balances.")
    return amount


def _totals(lines: list[Line]) -> tuple[str, ...]:
    sums: dict[str, list[Decimal]] = defaultdict(list)
    for line in lines:
        if not line.problems and not line.is_known:
            sums[line.value.currency].append(line.value.open_amount)
    return tuple(
        f"{len(amounts):,} open invoice{'' if len(amounts) == 1 else 's'}, {Money(sum(amounts, Decimal(0)), currency)}"
        for currency, amounts in sorted(sums.items())
    )


def last_count(number: str) -> int:
    """The last run of digits of a number, at most twelve of them: what a bank's text is searched for. 0 without one."""
    runs = re.findall(r"[0-9]+", number)
    return int(runs[-1][-LONGEST_COUNT:]) if runs else 0
