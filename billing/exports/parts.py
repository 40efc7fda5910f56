"""Cuts entries into files a target takes: never through an entry, and an entry too long for a file made shorter."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from billing.exports.model import Account, Entry, Line, OutFile, credits, debits
from billing.exports.text import csv_bytes
from chargebill.core.portions import in_portions


def shortened(entry: Entry, most: int, accounts: Mapping[str, Account]) -> Entry:
    """An entry whose lines on the same account of the target, side, tax and customer are one, where it has more than ``most``.

    Where that is not enough, customers are put together, too: the sums of accounts are the ledger's all the same, and who
    is behind them stands in the journal. Only opening balances are that long.
    """
    for with_customers in (True, False):
        if len(entry.lines) <= most:
            break
        entry = replace(entry, lines=_put_together(entry.lines, accounts, with_customers))
    return entry


def _put_together(lines: Sequence[Line], accounts: Mapping[str, Account], with_customers: bool) -> tuple[Line, ...]:
    found: dict[tuple[Any, ...], Line] = {}
    for line in lines:
        customer = line.customer_ref if with_customers else ""
        key = (accounts[line.account_code], line.debit > 0, line.tax_code, line.tax_rate, customer)
        there = found.get(key)
        if there is None:
            name = line.customer_name if with_customers else ""
            found[key] = replace(line, description="", customer_ref=customer, customer_name=name)
        else:
            found[key] = replace(there, debit=there.debit + line.debit, credit=there.credit + line.credit)
    return tuple(found.values())


def numbered(name: str, number: int, count: int) -> str:
    """``name`` with which of several files it is: name_02.csv; as it is where there is one."""
    if count == 1:
        return name
    body, _, ending = name.rpartition(".")
    return f"{body}_{number:0{max(2, len(str(count)))}d}.{ending}"


def journal_files(
    entries: Iterable[Entry],
    *,
    currency: str,
    name: str,
    header: Sequence[str],
    row: Callable[[Entry, Line], list[str]],
    most: int,
    accounts: Mapping[str, Account],
) -> list[OutFile]:
    """CSV files with a row for each posting, at most ``most`` in each; ``name`` is what one is called, with its ending."""
    parts = list(
        in_portions((shortened(entry, most, accounts) for entry in entries), most=most, size=lambda entry: len(entry.lines))
    )
    files = []
    for number, part in enumerate(parts, 1):
        lines = [line for entry in part for line in entry.lines]
        content = csv_bytes(header, [row(entry, line) for entry in part for line in entry.lines])
        files.append(
            OutFile(numbered(name, number, len(parts)), content, currency, len(part), len(lines), debits(lines), credits(lines))
        )
    return files


def paired(lines: Sequence[Line]) -> Iterator[tuple[Line, Line, Decimal]]:
    """Debits and credits of an entry, taken from each other in their order: (debit, credit, amount) rows.

    They add up to every line exactly, and there are fewer of them than lines. For targets that know only an account and
    the one against it.
    """
    owing = [(line, line.debit) for line in lines if line.debit > 0]
    giving = [(line, line.credit) for line in lines if line.credit > 0]
    while owing and giving:
        (debit, owed), (credit, given) = owing[0], giving[0]
        amount = min(owed, given)
        yield debit, credit, amount
        owing[0], giving[0] = (debit, owed - amount), (credit, given - amount)
        if owing[0][1] == 0:
            owing.pop(0)
        if giving[0][1] == 0:
            giving.pop(0)
