"""Xero manual journals: a row for each posting, tax rows too, at a rate that computes nothing; above zero is a debit."""

from collections.abc import Mapping, Sequence

from billing.exports.model import Account, Entry, Line, OutFile, Settings, credits, debits
from billing.exports.parts import files_of, numbered, shortened
from billing.exports.text import amount, csv_bytes, safe_cell

HEADER = (
    "*Narration", "*Date", "Description", "*AccountCode", "*TaxRate", "*Amount", "TrackingName1", "TrackingOption1",
    "TrackingName2", "TrackingOption2",
)  # fmt: skip
MOST_ROWS = 300


def write(
    entries: Sequence[Entry], *, currency: str, stem: str, accounts: Mapping[str, Account], settings: Settings
) -> list[OutFile]:
    parts = list(files_of((shortened(entry, MOST_ROWS, accounts) for entry in entries), MOST_ROWS))
    files = []
    for number, part in enumerate(parts, 1):
        lines = [line for entry in part for line in entry.lines]
        rows = [_row(entry, line, accounts, settings) for entry in part for line in entry.lines]
        name = numbered(f"xero-manual-journals_{stem}_{currency}.csv", number, len(parts))
        files.append(OutFile(name, csv_bytes(HEADER, rows), currency, len(part), len(rows), debits(lines), credits(lines)))
    return files


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
