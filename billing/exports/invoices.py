"""Receipts and invoices as sales invoices of QuickBooks Online and Xero; what is none there goes as a journal.

A row for each posting but the receivable, tax rows too, at a rate that computes nothing: what the other side adds up is
what the books hold, to the cent.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from billing.exports.model import Account, Entry, Line, OutFile, Settings, Target, credits, debits
from billing.exports.parts import numbered
from billing.exports.text import amount, csv_bytes, safe_cell
from chargebill.core.portions import in_portions

RECEIVABLES = "1100"
KINDS = ("receipt", "invoice")
QUICKBOOKS_HEADER = (
    "*InvoiceNo", "*Customer", "*InvoiceDate", "*DueDate", "Terms", "Location", "Memo", "Item(Product/Service)",
    "ItemDescription", "ItemQuantity", "ItemRate", "*ItemAmount", "Service Date",
)  # fmt: skip
# Outside the United States.
QUICKBOOKS_ABROAD = ("*ItemTaxCode", "ItemTaxAmount", "Currency")
XERO_HEADER = (
    "*ContactName", "EmailAddress", "POAddressLine1", "POAddressLine2", "POAddressLine3", "POAddressLine4", "POCity",
    "PORegion", "POPostalCode", "POCountry", "*InvoiceNumber", "Reference", "*InvoiceDate", "*DueDate", "InventoryItemCode",
    "*Description", "*Quantity", "*UnitAmount", "Discount", "*AccountCode", "*TaxType", "TrackingName1", "TrackingOption1",
    "TrackingName2", "TrackingOption2", "Currency", "BrandingTheme",
)  # fmt: skip
MOST_INVOICES = {Target.QUICKBOOKS: 100, Target.XERO: 500}
MOST_ROWS = {Target.QUICKBOOKS: 1000, Target.XERO: 10_000}
# Characters a number may have there.
LONGEST_NUMBER = {Target.QUICKBOOKS: 21, Target.XERO: 255}
TARGETS = tuple(MOST_INVOICES)


def is_invoice(target: Target, entry: Entry) -> bool:
    """Whether an entry can be an invoice there: a receipt or an invoice of ours, one customer's receivable against amounts
    above zero. Anything else (a credit note, a document without an amount, a number too long) is a journal."""
    owed = [line for line in entry.lines if line.account_code == RECEIVABLES]
    rest = [line for line in entry.lines if line.account_code != RECEIVABLES]
    return (
        entry.source_type == "document"
        and entry.document_type in KINDS
        and entry.reverses_entry_no is None
        and 0 < len(entry.document_no) <= LONGEST_NUMBER[target]
        and len(owed) == 1
        and owed[0].debit > 0
        and 0 < len(rest) <= MOST_ROWS[target]
        and all(line.credit > 0 for line in rest)
    )


def parted(target: Target, entries: Iterable[Entry], settings: Settings) -> tuple[list[Entry], list[Entry]]:
    """(invoices, journals): each entry in one of them, all in the second unless the company wants invoices."""
    invoices: list[Entry] = []
    journals: list[Entry] = []
    for entry in entries:
        wanted = settings.as_invoices and target in TARGETS and is_invoice(target, entry)
        (invoices if wanted else journals).append(entry)
    return invoices, journals


def write(
    target: Target,
    entries: Sequence[Entry],
    *,
    currency: str,
    stem: str,
    accounts: Mapping[str, Account],
    settings: Settings,
) -> list[OutFile]:
    """The files of these invoices; ``is_invoice`` holds of each."""
    abroad = target == Target.QUICKBOOKS and settings.country != "US"
    header = XERO_HEADER if target == Target.XERO else (*QUICKBOOKS_HEADER, *(QUICKBOOKS_ABROAD if abroad else ()))
    row: Callable[[Entry, Line, Line], list[str]] = (
        (lambda entry, owed, line: _xero(entry, owed, line, accounts, settings))
        if target == Target.XERO
        else (lambda entry, owed, line: _quickbooks(entry, owed, line, accounts, settings, abroad))
    )
    parts = list(_portions(target, entries))
    files = []
    for number, part in enumerate(parts, 1):
        rows = [row(entry, owed, line) for entry in part for owed, line in _rows(entry)]
        lines = [line for entry in part for line in entry.lines]
        name = numbered(f"{target.value}-invoices_{stem}_{currency}.csv", number, len(parts))
        files.append(OutFile(name, csv_bytes(header, rows), currency, len(part), len(rows), debits(lines), credits(lines)))
    return files


def _portions(target: Target, entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    for some in in_portions(entries, most=MOST_INVOICES[target], size=lambda entry: 1):
        yield from in_portions(some, most=MOST_ROWS[target], size=lambda entry: len(entry.lines) - 1)


def _rows(entry: Entry) -> Iterator[tuple[Line, Line]]:
    """The receivable with each of the other postings."""
    owed = next(line for line in entry.lines if line.account_code == RECEIVABLES)
    return ((owed, line) for line in entry.lines if line is not owed)


def _quickbooks(
    entry: Entry, owed: Line, line: Line, accounts: Mapping[str, Account], settings: Settings, abroad: bool
) -> list[str]:
    """The product or service is called what the account is: QuickBooks books it where that item books."""
    money = amount(line.credit, line.currency)
    cells = [
        safe_cell(entry.document_no),
        safe_cell(owed.customer_name or settings.walk_in),
        entry.effective_date.isoformat(),
        (entry.due_date or entry.effective_date).isoformat(),
        "",
        "",
        safe_cell(entry.description),
        safe_cell(accounts[line.account_code].name),
        safe_cell(line.description or line.account_name),
        "1",
        money,
        money,
        "",
    ]
    return [*cells, safe_cell(settings.tax_rate), amount(Decimal(0), line.currency), line.currency] if abroad else cells


def _xero(entry: Entry, owed: Line, line: Line, accounts: Mapping[str, Account], settings: Settings) -> list[str]:
    return [
        safe_cell(owed.customer_name or settings.walk_in),
        *[""] * 9,
        safe_cell(entry.document_no),
        f"CB-{entry.entry_no}",
        f"{entry.effective_date:%d/%m/%Y}",
        f"{entry.due_date or entry.effective_date:%d/%m/%Y}",
        "",
        safe_cell(line.description or line.account_name),
        "1",
        amount(line.credit, line.currency),
        "",
        safe_cell(accounts[line.account_code].name),
        safe_cell(settings.tax_rate),
        *[""] * 4,
        line.currency,
        "",
    ]
