"""The general ledger as a plain table: every posting, with all that is known of it."""

from collections.abc import Sequence
from datetime import UTC

from billing.exports.model import Entry, Line, OutFile, credits, debits
from billing.exports.text import amount, csv_bytes, safe_cell

HEADER = (
    "batch_id", "entry_no", "line_no", "posted_at_utc", "effective_date", "period", "account_code", "account_name", "debit",
    "credit", "currency", "tax_code", "tax_rate", "tax_amount", "document_type", "document_no", "customer_ref", "description",
    "source_type", "source_id", "reverses_entry_no", "entry_hash",
)  # fmt: skip


def write(entries: Sequence[Entry], *, currency: str, stem: str) -> list[OutFile]:
    """One file of any length. ``entries`` hold lines of ``currency`` only."""
    rows = [_row(entry, line) for entry in entries for line in entry.lines]
    lines = [line for entry in entries for line in entry.lines]
    name = f"general-ledger_{stem}_{currency}.csv"
    return [OutFile(name, csv_bytes(HEADER, rows), currency, len(entries), len(rows), debits(lines), credits(lines))]


def _row(entry: Entry, line: Line) -> list[str]:
    return [
        entry.batch_id,
        str(entry.entry_no),
        str(line.line_no),
        entry.posted_at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        entry.effective_date.isoformat(),
        entry.period,
        safe_cell(line.account_number),
        safe_cell(line.account_name),
        amount(line.debit, line.currency),
        amount(line.credit, line.currency),
        line.currency,
        safe_cell(line.tax_code),
        "" if line.tax_rate is None else f"{line.tax_rate.normalize():f}",
        "" if line.tax_amount is None else amount(line.tax_amount, line.currency),
        safe_cell(entry.document_type),
        safe_cell(entry.document_no),
        safe_cell(line.customer_ref),
        safe_cell(line.description or entry.description),
        safe_cell(entry.source_type),
        safe_cell(entry.source_id),
        "" if entry.reverses_entry_no is None else str(entry.reverses_entry_no),
        entry.entry_hash,
    ]
