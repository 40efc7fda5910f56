"""Reads the books for exports: what has not gone out yet, entries as the writers take them, a batch's content."""

import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, Max, Min, OuterRef, QuerySet

from billing.document_models import Document, DocumentKind
from billing.export_models import ExportAccount, ExportBatch, ExportedEntry, ExportFile, ExportSettings, ExportTarget
from billing.exports import Account, Entry, Line, Problem, Settings, Target, mapping_problems, no_tax_rate, zip_of
from billing.journal_balances import Sums, sums_by_currency
from billing.journal_models import Account as JournalAccount
from billing.journal_models import AccountingPeriod, JournalEntry, Posting
from chargebill.core.models import LegalEntity

# What a receivable of an unknown driver goes on in QuickBooks, until a company says otherwise.
WALK_IN = "Ad hoc drivers"
CHUNK = 2000


def posted(entity: LegalEntity) -> QuerySet[JournalEntry]:
    return JournalEntry.objects.filter(entity=entity, posted_at__isnull=False)


def waiting(entity: LegalEntity, target: ExportTarget, until: date | None = None) -> QuerySet[JournalEntry]:
    """Posted entries that no batch of the target holds, up to a day, that included. Not all of them need be sealed."""
    out = ExportedEntry.objects.filter(entry=OuterRef("pk"), target=target)
    found = posted(entity).filter(~Exists(out))
    return found if until is None else found.filter(effective_date__lte=until)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What has not gone out to a target yet. Days are None where nothing waits; ``sums`` are by currency."""

    entries: int
    postings: int
    first_day: date | None
    last_day: date | None
    sums: dict[str, Sums]


def waiting_of(entity: LegalEntity, target: ExportTarget, until: date | None = None) -> Waiting:
    found = waiting(entity, target, until)
    seen = found.aggregate(entries=Count("pk"), first=Min("effective_date"), last=Max("effective_date"))
    if not seen["entries"]:
        return Waiting(0, 0, None, None, {})
    legs = Posting.objects.filter(entry__in=found)
    return Waiting(seen["entries"], legs.count(), seen["first"], seen["last"], sums_by_currency(legs))


def settings_of(entity: LegalEntity, target: ExportTarget) -> Settings:
    """What the target knows of the company; where nobody said anything yet, what is usual."""
    row = ExportSettings.objects.filter(entity=entity, target=target).first() or ExportSettings()
    return Settings(
        fiscal_month=entity.fiscal_year_start_month,
        consultant=row.consultant,
        client=row.client,
        account_length=row.account_length,
        chart=row.chart,
        tax_rate=row.tax_rate or no_tax_rate(Target(target), entity.country),
        walk_in=row.walk_in or WALK_IN,
        as_invoices=row.as_invoices,
        country=entity.country,
    )


def accounts_in(entity: LegalEntity, target: ExportTarget) -> dict[str, Account]:
    """What the company's accounts are called in the target, by code."""
    rows = ExportAccount.objects.filter(entity=entity, target=target).values_list("code", "name", "tax_key")
    return {code: Account(name, tax_key) for code, name, tax_key in rows}


_ENTRY = (
    "pk", "seal__seq", "posted_at", "effective_date", "period__first_day", "period__state", "description", "document_no",
    "source_type", "source_id", "reverses__seal__seq", "content_hash",
)  # fmt: skip
_LINE = (
    "entry_id", "line_no", "account__code", "account__number", "account__name", "debit", "credit", "currency", "tax_code",
    "tax_rate", "tax_amount", "customer_id", "customer__number", "customer__name", "description",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """Entries as the writers take them, with their keys, in the same order."""

    keys: list[int]
    entries: list[Entry]


def read_entries(entity: LegalEntity, entries: QuerySet[JournalEntry], batch_of: dict[int, str] | str = "") -> Found:
    """These entries of a company in the order of their numbers, sealed ones only.

    ``batch_of``: the batch that goes into them, for all or by key.
    """
    sealed = entries.filter(is_sealed=True, seal__isnull=False)
    heads = list(sealed.order_by("seal__seq").values_list(*_ENTRY))
    lines: dict[int, list[Line]] = defaultdict(list)
    # By key: asked anew, ``entries`` may leave out what went out meanwhile.
    for start in range(0, len(heads), CHUNK):
        legs = Posting.objects.filter(entry_id__in=[head[0] for head in heads[start : start + CHUNK]])
        for entry_id, *cells in legs.order_by("entry_id", "line_no").values_list(*_LINE):
            lines[entry_id].append(_line(*cells))
    kinds = _kinds(entity) if any(head[7] for head in heads) else {}
    return Found([head[0] for head in heads], [_entry(head, lines[head[0]], kinds, batch_of) for head in heads])


Kinds = dict[str, tuple[str, date | None]]


def _kinds(entity: LegalEntity) -> Kinds:
    """Kind and day to pay by of each document, by its number; ours, where one that was taken over has the same."""
    taken = Document.claims.filter(entity=entity, kind=DocumentKind.TAKEN_OVER)
    rows = (part.values_list("number", "kind", "due_date") for part in (taken, Document.objects.filter(entity=entity)))
    return {number: (kind, due) for part in rows for number, kind, due in part}


def _line(*cells: Any) -> Line:
    *leg, customer_id, number, name, description = cells
    ref = "" if customer_id is None else number or f"#{customer_id}"
    line_no, code, account_number, account_name, debit, credit, currency, tax_code, rate, tax = leg
    sides = {"debit": debit, "credit": credit, "currency": currency}
    taxed = {"tax_code": tax_code, "tax_rate": rate, "tax_amount": tax}
    whose = {"customer_ref": ref, "customer_name": name or "", "description": description}
    return Line(line_no, code, account_number, account_name, **sides, **taxed, **whose)


def _entry(head: tuple[Any, ...], lines: list[Line], kinds: Kinds, batch_of: dict[int, str] | str) -> Entry:
    pk, seq, posted_at, day, month, state, description, number, source_type, source_id, reverses, content_hash = head
    kind, due = kinds.get(number, ("", None))
    return Entry(
        entry_no=seq,
        posted_at=posted_at,
        effective_date=day,
        period=f"{month:%Y-%m}",
        description=description,
        document_type=kind.lower(),
        document_no=number,
        source_type=source_type,
        source_id=source_id,
        reverses_entry_no=reverses,
        entry_hash=content_hash,
        is_closed=state == AccountingPeriod.State.CLOSED,
        batch_id=batch_of if isinstance(batch_of, str) else batch_of.get(pk, ""),
        lines=tuple(lines),
        due_date=due,
    )


def batches(entity: LegalEntity, target: ExportTarget | None = None) -> QuerySet[ExportBatch]:
    """A company's batches, the newest first."""
    found = ExportBatch.objects.filter(entity=entity).select_related("made_by")
    return found if target is None else found.filter(target=target)


def content_of(file: ExportFile) -> bytes:
    """A file's content as it was made. Raises zlib.error where what is stored can't be unpacked."""
    return zlib.decompress(bytes(file.packed))


@dataclass(frozen=True, slots=True)
class Download:
    """What is handed out of a batch: its one file, or all of them as a ZIP."""

    name: str
    content: bytes


def download_of(batch: ExportBatch) -> Download:
    """The same bytes every time."""
    files = list(batch.files.order_by("position"))
    if len(files) == 1:
        return Download(files[0].name, content_of(files[0]))
    name = f"{Target(batch.target).value}_{batch}.zip"
    return Download(name, zip_of(((file.name, content_of(file)) for file in files), batch.made_at))


def ledger_sums(batch: ExportBatch) -> dict[str, Sums]:
    """What the books say a batch holds, by currency."""
    return sums_by_currency(Posting.objects.filter(entry__exports__batch=batch))


@dataclass(frozen=True, slots=True)
class Files:
    """How many files a batch has, and what they say they hold, by currency."""

    count: int
    sums: dict[str, Sums]


def files_of_batches(found: Iterable[ExportBatch]) -> dict[int, Files]:
    """The same for many batches, by key: one query."""
    keys = [batch.pk for batch in found]
    counts: dict[int, int] = dict.fromkeys(keys, 0)
    sums: dict[int, dict[str, Sums]] = {key: {} for key in keys}
    rows = ExportFile.objects.filter(batch_id__in=keys).order_by("currency")
    for key, currency, debit, credit in rows.values_list("batch_id", "currency", "debit", "credit"):
        counts[key] += 1
        old = sums[key].get(currency, Sums(Decimal(0), Decimal(0)))
        sums[key][currency] = Sums(old.debit + debit, old.credit + credit)
    return {key: Files(counts[key], sums[key]) for key in keys}


def file_sums(batch: ExportBatch) -> dict[str, Sums]:
    """What a batch's files say they hold, by currency."""
    return files_of_batches([batch])[batch.pk].sums


def batch_names(entity: LegalEntity, target: ExportTarget) -> Iterator[tuple[int, str]]:
    """(entry key, batch) of everything that went out to a target."""
    names = {batch.pk: str(batch) for batch in batches(entity, target)}
    rows = ExportedEntry.objects.filter(batch__entity=entity, target=target).values_list("entry_id", "batch_id")
    return ((entry_id, names[batch_id]) for entry_id, batch_id in rows.iterator(chunk_size=5000))


def used_accounts(entity: LegalEntity, entries: QuerySet[JournalEntry] | None = None) -> dict[str, str]:
    """The accounts that something is booked on, by code, with what the company calls them; of some entries, or of all."""
    legs = Posting.objects.filter(entry__in=posted(entity) if entries is None else entries)
    mine = JournalAccount.objects.filter(pk__in=legs.values("account_id").distinct())
    return {account.code: str(account) for account in mine}


def problems_before(entity: LegalEntity, target: ExportTarget, until: date | None = None) -> list[Problem]:
    """What must be entered before what waits can go out to a target. Single entries are looked at when it is made."""
    if target == ExportTarget.GENERIC:
        return []
    found = waiting(entity, target, until)
    currencies = Posting.objects.filter(entry__in=found).order_by().values_list("currency", flat=True).distinct()
    accounts, settings = accounts_in(entity, target), settings_of(entity, target)
    return mapping_problems(Target(target), used_accounts(entity, found), currencies, accounts, settings)
