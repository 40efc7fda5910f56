"""The files of an audit pack but the ledger: documents, lines, taxes, numbers, changes, chain."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from billing.audit_pack.packing import MANIFEST
from billing.document_models import ISSUED_KINDS, Document, DocumentKind, DocumentLine
from billing.exports.text import csv_bytes, safe_cell
from billing.journal.content import canonical
from billing.journal_models import AccountingPeriod, JournalEntry, JournalSeal, PeriodClosing, Posting
from billing.journal_rows import contents
from chargebill.core.models import AuditEvent, LegalEntity
from chargebill.core.money import round_money

ZERO = Decimal(0)
DOCUMENT = (
    "number", "kind", "issue_date", "issued_at_utc", "corrects", "customer_number", "customer", "customer_kind", "vat_id",
    "supplied_from", "supplied_until", "currency", "net", "tax", "gross",
)  # fmt: skip
LINE = (
    "document", "line", "session", "place", "country", "evse", "started_utc", "ended_utc", "energy_kwh", "tariff", "net",
    "tax_rate", "tax_code", "tax", "gross", "currency",
)  # fmt: skip
TAX = ("account", "country", "rate", "currency", "documents_net", "documents_tax", "books_tax", "difference")
TAX_OTHER = ("entry_no", "date", "account", "currency", "tax", "description", "source_type", "source_id", "document_no")
NUMBERS = ("kind", "first", "last", "first_number", "last_number", "documents", "missing", "dated_outside")
CHANGES = ("at_utc", "who", "action", "what", "key", "summary", "reason", "changes")


@dataclass(frozen=True, slots=True)
class Months:
    """Whole months of a company: from ``since`` to the day before ``before``, by its clock."""

    entity: LegalEntity
    since: date
    before: date

    @property
    def moments(self) -> tuple[datetime, datetime]:
        zone = ZoneInfo(self.entity.time_zone or "UTC")
        return datetime.combine(self.since, time(), zone), datetime.combine(self.before, time(), zone)


def _documents(of: Months) -> Any:
    found = Document.objects.filter(entity=of.entity, issue_date__gte=of.since, issue_date__lt=of.before)
    return found.order_by("kind", "sequence")


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _plain(amount: Decimal, currency: str) -> str:
    return f"{round_money(amount, currency):f}"


def documents(of: Months) -> bytes:
    rows = [
        [
            safe_cell(one.number), one.kind, one.issue_date.isoformat(), _utc(one.issued_at),
            safe_cell(one.corrects.number if one.corrects else ""), safe_cell(one.buyer.get("number", "")),
            safe_cell(one.buyer.get("name", "")), one.customer_kind, safe_cell(one.buyer.get("vat_id", "")),
            one.supplied_from.isoformat(), one.supplied_until.isoformat(), one.currency,
            *(_plain(side, one.currency) for side in (one.net_amount, one.tax_amount, one.gross_amount)),
        ]
        for one in _documents(of).select_related("corrects")
    ]  # fmt: skip
    return csv_bytes(DOCUMENT, rows)


def lines(of: Months) -> bytes:
    found = DocumentLine.objects.filter(document__in=_documents(of).order_by().values("pk")).select_related("document")
    rows = [
        [
            safe_cell(one.document.number), str(one.position), safe_cell(one.session_number), safe_cell(one.place), one.country,
            safe_cell(one.evse), _utc(one.started_at), _utc(one.ended_at), f"{one.energy_kwh:f}", safe_cell(one.tariff),
            _plain(one.net_amount, one.document.currency), f"{one.tax_rate:f}", safe_cell(one.tax_code),
            _plain(one.tax_amount, one.document.currency), _plain(one.gross_amount, one.document.currency),
            one.document.currency,
        ]
        for one in found.order_by("document__kind", "document__sequence", "position").iterator(chunk_size=2000)
    ]  # fmt: skip
    return csv_bytes(LINE, rows)


def taxes(of: Months) -> tuple[bytes, bytes]:
    """Taxes of the documents against 2100 by country and rate; and every posting there that is of no document."""
    net: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    tax: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    rows = DocumentLine.objects.filter(document__in=_documents(of).order_by().values("pk")).order_by()
    names = ("document__kind", "document__currency", "country", "tax_rate", "net_amount", "tax_amount")
    for kind, currency, country, rate, net_amount, tax_amount in rows.values_list(*names).iterator(chunk_size=2000):
        sign = -1 if kind == DocumentKind.CREDIT_NOTE else 1
        key = (_account(country, rate), currency)
        net[key] += sign * net_amount
        tax[key] += sign * tax_amount
    books: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    others = []
    for one in _tax_postings(of):
        books[one.account.code, one.currency] += one.credit - one.debit
        if one.entry.source_type not in ("document", "credit_note"):
            others.append(one)
    table = []
    for key in sorted({*net, *tax, *books}):
        account, currency = key
        # An exempt or zero-rated supply has no tax account to be booked on, and none is booked.
        if not (net[key] or tax[key] or books[key]):
            continue
        country, _, rate = account.removeprefix("2100-").rpartition("-")
        amounts = (net[key], tax[key], books[key], books[key] - tax[key])
        table.append([account, country, rate, currency, *(_plain(amount, currency) for amount in amounts)])
    rest = [
        [
            str(one.entry.seal.seq), one.entry.effective_date.isoformat(), one.account.code, one.currency,
            _plain(one.credit - one.debit, one.currency), safe_cell(one.entry.description), one.entry.source_type,
            safe_cell(one.entry.source_id), safe_cell(one.entry.document_no),
        ]
        for one in others
    ]  # fmt: skip
    return csv_bytes(TAX, table), csv_bytes(TAX_OTHER, rest)


def _account(country: str, rate: Decimal) -> str:
    plain = f"{rate:f}"
    return f"2100-{country}-{plain.rstrip('0').rstrip('.') if '.' in plain else plain}"


def _tax_postings(of: Months) -> Iterator[Posting]:
    found = Posting.objects.filter(
        account__code__startswith="2100-", entry__entity=of.entity, entry__is_sealed=True,
        entry__effective_date__gte=of.since, entry__effective_date__lt=of.before,
    ).select_related("account", "entry__seal")  # fmt: skip
    return found.order_by("entry__seal__seq", "line_no").iterator(chunk_size=2000)


def numbers(of: Months) -> bytes:
    """Each series from its first to its last document of these months: how many, which are missing, which are dated outside."""
    rows = []
    for kind in (one.value for one in ISSUED_KINDS):
        mine = dict(_documents(of).filter(kind=kind).values_list("sequence", "number"))
        if not mine:
            rows.append([kind, "", "", "", "", "0", "", ""])
            continue
        first, last = min(mine), max(mine)
        there = Document.objects.filter(entity=of.entity, kind=kind, sequence__gte=first, sequence__lte=last)
        known = dict(there.values_list("sequence", "number"))
        missing = [str(number) for number in range(first, last + 1) if number not in known]
        outside = [number for sequence, number in sorted(known.items()) if sequence not in mine]
        named = (str(first), str(last), safe_cell(known[first]), safe_cell(known[last]), str(len(mine)))
        rows.append([kind, *named, " ".join(missing), safe_cell(" ".join(outside))])
    return csv_bytes(NUMBERS, rows)


def changes(of: Months) -> bytes:
    start, end = of.moments
    found = AuditEvent.objects.filter(entity=of.entity, at__gte=start, at__lt=end).select_related("actor").order_by("pk")
    rows = [
        [
            _utc(one.at), safe_cell(one.actor.username if one.actor else "ChargeBill"), one.action, one.object_type,
            safe_cell(one.object_id), safe_cell(one.summary), safe_cell(one.reason),
            safe_cell(json.dumps(one.changes, ensure_ascii=False, sort_keys=True)),
        ]
        for one in found.iterator(chunk_size=2000)
    ]  # fmt: skip
    return csv_bytes(CHANGES, rows)


def chain(of: Months) -> tuple[bytes, bytes]:
    """The seals and closings of these months; and each entry as the text whose SHA-256 was sealed, a line each."""
    entries = JournalEntry.objects.filter(
        entity=of.entity, is_sealed=True, effective_date__gte=of.since, effective_date__lt=of.before
    ).select_related("reverses", "period")
    ordered = list(entries.order_by("seal__seq"))
    seals = JournalSeal.objects.filter(entry__in=entries.order_by().values("pk")).order_by("seq")
    periods = {entry.pk: str(entry.period) for entry in ordered}
    said: dict[str, Any] = {
        "company": of.entity.name,
        "seals": [
            {
                "entry_no": one.seq,
                "period": periods[one.entry_id],
                "entry_hash": one.entry_hash,
                "previous": one.previous,
                "chain": one.chain,
            }
            for one in seals
        ],
        "closings": [_closing(one) for one in _closings(of)],
    }
    texts = [canonical(content, posted) for content, posted in contents(ordered)]
    document = json.dumps(said, indent=1, ensure_ascii=False) + "\n"
    return document.encode(), b"".join(text + b"\n" for text in texts)


def _closings(of: Months) -> Sequence[PeriodClosing]:
    """The last closing of each month that is closed."""
    closed = AccountingPeriod.State.CLOSED
    mine = {"period__entity": of.entity, "period__state": closed, "period__first_day__gte": of.since}
    rows = PeriodClosing.objects.filter(**mine, period__first_day__lt=of.before).select_related("period", "key").order_by("pk")
    return list({one.period_id: one for one in rows}.values())


def _closing(one: PeriodClosing) -> dict[str, str]:
    return {
        "period": str(one.period),
        "statement": one.statement,
        "signature": one.signature,
        "algorithm": "Ed25519",
        "public_key": one.key.public_key,
        "key_fingerprint": one.key.fingerprint,
    }


README = f"""How to check this pack without ChargeBill

{MANIFEST}         every file with its SHA-256
documents.csv         receipts, invoices and credit notes issued on these days; a credit note's amounts are taken off
lines.csv             their lines
general-ledger_*.csv  every posting of these days, a file for each currency
taxes.csv             taxes of the documents by country and rate against what is booked on 2100; the difference is
                      explained, posting by posting, by taxes-other.csv
numbers.csv           each series of numbers: first, last, how many; missing ones, and ones dated on other days
accrued-*.csv         of months closed with an accrual: the sessions behind account 1110 at their end
changes.csv           who changed what, when and why
entries.jsonl         each entry as the text that was hashed, a line each, in the order of their numbers
chain.json            seals and closings of these days
check_books.json      what ChargeBill's own check said of this company when the pack was made

1 Files: SHA-256 of each is the one in {MANIFEST}.
2 Entries: line n of entries.jsonl belongs to seal n of chain.json; SHA-256 of the line, without its line feed, is
  the seal's entry_hash. Each line says, in this order by name: description, document_no, effective_date, entity, key,
  legs, posted_at, posted_by, reverses, source, v. A leg is account, debit, credit, currency, tax code, tax rate,
  tax amount, customer, description. Debits equal credits in each entry and currency.
3 Seals: chain = SHA-256 of previous, line feed, entry_no, line feed, entry_hash, as text. Where two numbers follow
  each other, previous is the chain value before; numbers left out belong to other days.
4 Closings: the signature is Ed25519 over the statement's UTF-8 bytes. Its digest is SHA-256 of the month's entry
  hashes, each with a line feed, in the order of their numbers; head is the chain value of seal head_seq. Compare the
  public key with the one you were given, and the statement with the one that was kept elsewhere.

With ChargeBill, and without its database's data: manage.py audit_pack --verify FILE
"""
