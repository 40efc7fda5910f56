"""Cuts entries into files a target takes: never through an entry, and an entry too long for a file made shorter."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from billing.exports.model import Account, Entry, Line


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


def files_of(entries: Iterable[Entry], most: int) -> Iterator[list[Entry]]:
    """Entries in their order, as many to a file as have at most ``most`` lines together."""
    held: list[Entry] = []
    count = 0
    for entry in entries:
        if held and count + len(entry.lines) > most:
            yield held
            held, count = [], 0
        held.append(entry)
        count += len(entry.lines)
    if held:
        yield held


def numbered(name: str, number: int, count: int) -> str:
    """``name`` with which of several files it is: name_02.csv; as it is where there is one."""
    if count == 1:
        return name
    body, _, ending = name.rpartition(".")
    return f"{body}_{number:0{max(2, len(str(count)))}d}.{ending}"


def paired(lines: Sequence[Line]) -> Iterator[tuple[Line, Line, Decimal]]:
    """Debits and credits of an entry, taken from each other in their order: (debit, credit, amount) rows.

    They add up to every line exactly, and there are fewer of them than lines. For targets that know only an account and
    the one against it.
    """
    debits = [(line, line.debit) for line in lines if line.debit > 0]
    credits = [(line, line.credit) for line in lines if line.credit > 0]
    while debits and credits:
        (debit, owed), (credit, given) = debits[0], credits[0]
        amount = min(owed, given)
        yield debit, credit, amount
        debits[0], credits[0] = (debit, owed - amount), (credit, given - amount)
        if debits[0][1] == 0:
            debits.pop(0)
        if credits[0][1] == 0:
            credits.pop(0)
