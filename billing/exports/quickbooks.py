"""QuickBooks Online journals: a row for each posting, an entry's rows together under its number."""

from collections.abc import Mapping, Sequence

from billing.exports.model import Account, Entry, Line, OutFile, Settings
from billing.exports.parts import journal_files
from billing.exports.text import amount, safe_cell

HEADER = ("Journal No.", "Journal Date", "Account Name", "Description", "Debits", "Credits", "Name")
# Rows its import takes at a time.
MOST_ROWS = 1000
RECEIVABLES = "1100"


def write(
    entries: Sequence[Entry], *, currency: str, stem: str, accounts: Mapping[str, Account], settings: Settings
) -> list[OutFile]:
    return journal_files(
        entries,
        currency=currency,
        name=f"quickbooks-journals_{stem}_{currency}.csv",
        header=HEADER,
        row=lambda entry, line: _row(entry, line, accounts, settings),
        most=MOST_ROWS,
        accounts=accounts,
    )


def _row(entry: Entry, line: Line, accounts: Mapping[str, Account], settings: Settings) -> list[str]:
    """Days as 2026-03-31: the one way of writing them that a month can't be taken for a day in."""
    name = (line.customer_name or settings.walk_in) if line.account_code == RECEIVABLES else ""
    text = " · ".join(filter(None, (entry.description, line.description)))
    return [
        f"CB-{entry.entry_no}",
        entry.effective_date.isoformat(),
        safe_cell(accounts[line.account_code].name),
        safe_cell(text),
        amount(line.debit, line.currency) if line.debit else "",
        amount(line.credit, line.currency) if line.credit else "",
        safe_cell(name),
    ]
