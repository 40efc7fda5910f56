"""Entries to files of a target: split by currency, each writer splits further as its target wants it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from billing.exports import datev, generic, invoices, quickbooks, xero
from billing.exports.model import Account, Entry, Line, OutFile, Settings, Target


def write(
    target: Target,
    entries: Iterable[Entry],
    *,
    stem: str,
    label: str,
    accounts: Mapping[str, Account],
    settings: Settings,
    made_at: datetime,
) -> list[OutFile]:
    """The files of these entries, by currency. ``stem`` goes into their names, ``label`` into DATEV's header.

    Every account the entries are on is in ``accounts`` (the general ledger needs none), and problems_of found nothing.
    """
    files: list[OutFile] = []
    for currency, found in sorted(_by_currency(entries).items()):
        bills, journals = invoices.parted(target, found, settings)
        if bills:
            files += invoices.write(target, bills, currency=currency, stem=stem, accounts=accounts, settings=settings)
        match target:
            case Target.GENERIC:
                files += generic.write(found, currency=currency, stem=stem)
            case Target.QUICKBOOKS:
                files += quickbooks.write(journals, currency=currency, stem=stem, accounts=accounts, settings=settings)
            case Target.XERO:
                files += xero.write(journals, currency=currency, stem=stem, accounts=accounts, settings=settings)
            case Target.DATEV:
                files += datev.write(
                    found,
                    currency=currency,
                    stem=stem,
                    accounts=accounts,
                    settings=settings,
                    made_at=made_at,
                    label=label,
                )
    return files


def _by_currency(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """An entry balances in each of its currencies, so its legs of one are an entry of their own."""
    found: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        lines: dict[str, list[Line]] = defaultdict(list)
        for line in entry.lines:
            lines[line.currency].append(line)
        for currency, own in lines.items():
            found[currency].append(entry if len(lines) == 1 else replace(entry, lines=tuple(own)))
    return found
