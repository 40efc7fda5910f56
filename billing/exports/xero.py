"""Xero manual journals: a row for each posting, tax rows too, at a rate that computes nothing; above zero is a debit."""

from collections.abc import Mapping, Sequence

from billing.exports.model import Account, Entry, Line, OutFile, Settings
from billing.exports.parts import journal_files
from billing.exports.text import amount, safe_cell

HEADER = (
    "*Narration", "*Date", "Description", "*AccountCode", "*TaxRate", "*Amount", "TrackingName1", "TrackingOption1",
    "TrackingName2", "TrackingOption2",
)  # fmt: skip
MOST_ROWS = 300


def write(
    entries: Sequence[Entry], *, currency: str, stem: str, accounts: Mapping[str, Account], settings: Settings
) -> list[OutFile]:
    return journal_files(
        entries,
        currency=currency,
        name=f"xero-manual-journals_{stem}_{currency}.csv",
        header=HEADER,
        row=lambda entry, line: _row(entry, line, accounts, settings),
        most=MOST_ROWS,
        accounts=accounts,
    )


def _row(entry: Entry, line: Line, accounts: Mapping[str, Account], settings: Settings) -> list[str]:
    """Rows with the same narration and day are one journal to Xero, so the narration begins with the entry's number."""
    about = (line.description, line.customer_name, entry.document_no)
    return [
        safe_cell(f"CB-{entry.entry_no} {entry.description}"),
        f"{entry.effective_date:%d/%m/%Y}",
        safe_cell(" · ".join(filter(None, about))),
        safe_cell(accounts[line.account_code].name),
        safe_cell(settings.tax_rate),
        amount(line.debit - line.credit, line.currency),
        "",
        "",
        "",
        "",
    ]
