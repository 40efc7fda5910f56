"""What goes into a file: entries with their lines; what comes out: files with what is in them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum


class Target(StrEnum):
    """The program a file is for."""

    GENERIC = "generic"
    QUICKBOOKS = "quickbooks"
    XERO = "xero"
    DATEV = "datev"


@dataclass(frozen=True, slots=True)
class Line:
    """A posting. ``account_code`` is what rules book on, number and name are the company's own.

    Exactly one of ``debit`` and ``credit`` is above zero; amounts are whole minor units of ``currency``.
    """

    line_no: int
    account_code: str
    account_number: str
    account_name: str
    debit: Decimal
    credit: Decimal
    currency: str
    tax_code: str = ""
    tax_rate: Decimal | None = None
    tax_amount: Decimal | None = None
    customer_ref: str = ""
    customer_name: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A posted, sealed entry; ``entry_no`` is its number in the chain, ``period`` its month as 2026-03.

    ``document_type`` is "receipt", "invoice" or another kind, "" without a document; ``is_closed``: its month was
    closed when the file was made; ``batch_id`` is the batch it goes out with, "" for none; ``due_date`` is its document's.
    """

    entry_no: int
    posted_at: datetime
    effective_date: date
    period: str
    description: str
    document_type: str
    document_no: str
    source_type: str
    source_id: str
    reverses_entry_no: int | None
    entry_hash: str
    is_closed: bool
    batch_id: str
    lines: tuple[Line, ...]
    due_date: date | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """What an account of ours is called in a target: number or name; ``tax_key`` is DATEV's BU-Schlüssel, "" for none."""

    name: str
    tax_key: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a target wants to know of a company besides its accounts. Each target reads its own.

    ``fiscal_month`` is the month a fiscal year begins with, 1 to 12. ``consultant``, ``client``, ``account_length`` and
    ``chart`` ("03", "04" or "") are DATEV's; ``tax_rate`` is the name of the rate that computes nothing in Xero, and on
    invoices outside the US in QuickBooks; ``walk_in`` is the customer for receivables of somebody unknown.
    ``as_invoices``: receipts and invoices go to QuickBooks and Xero as invoices instead of journals. ``country`` is the
    company's.
    """

    fiscal_month: int = 1
    consultant: int | None = None
    client: int | None = None
    account_length: int = 4
    chart: str = ""
    tax_rate: str = ""
    walk_in: str = ""
    as_invoices: bool = False
    country: str = ""


@dataclass(frozen=True, slots=True)
class OutFile:
    """A file. ``debit`` and ``credit`` are the sums of the lines it was made of; ``rows`` those it has besides its head.

    ``changed`` counts texts that hold another character than ours, because the target's alphabet lacks it.
    """

    name: str
    content: bytes
    currency: str
    entries: int
    rows: int
    debit: Decimal
    credit: Decimal
    changed: int = 0


def debits(lines: Iterable[Line]) -> Decimal:
    return sum((line.debit for line in lines), Decimal(0))


def credits(lines: Iterable[Line]) -> Decimal:
    return sum((line.credit for line in lines), Decimal(0))
