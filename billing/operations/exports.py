"""Makes batches for the accountant: what has not gone out yet becomes files that are stored and never change."""

import hashlib
import re
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date, datetime

from django.db import transaction

from billing.export_models import ExportBatch, ExportedEntry, ExportFile, ExportTarget
from billing.export_queries import accounts_in, batch_names, posted, read_entries, settings_of, waiting
from billing.exports import Account, Entry, OutFile, Settings, Target, problems_of, write
from billing.journal_balances import Sums, sums_by_currency
from billing.journal_models import Posting
from billing.operations.journal import hold_book
from billing.operations.journal_seals import seal
from chargebill.core import bulk, events
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User

# Postings a batch may have: what a process can hold at once. More are exported day by day.
MOST_POSTINGS = 500_000
# Somebody else makes a batch of the same while this one is written: begun anew with what is left then.
TRIES = 5
MOST_SAID = 8


def make_batch(
    *, entity: LegalEntity, target: ExportTarget, until: date, key: str, actor: User | None, at: datetime
) -> ExportBatch:
    """Everything up to ``until``, that day included, that has not gone out to the target, as a batch. Seals first.

    The same ``key`` gives the same batch. Entries are sealed and never change, so files are written before the short
    transaction that stores them; where somebody else was first, what is left is exported, and nothing twice. Raises
    UserError, changing nothing: nothing_to_export, not_mapped (with what is missing), too_many.
    """
    for _ in range(TRIES):
        if there := ExportBatch.objects.filter(entity=entity, key=key).first():
            return there
        seal(entity=entity)
        batch = _drafted(entity, target, until, key, actor, at)
        with transaction.atomic():
            hold_book(entity)
            # Whoever exports holds the book: no number was taken meanwhile, so nothing of this went out meanwhile.
            if not ExportBatch.objects.filter(entity=entity, target=target, number=batch.row.number).exists():
                return _stored(batch, actor, at)
    raise UserError("busy", "Somebody else is exporting the same at this moment. Look at the list, then try again.", "--until")


class _Drafted:
    """A batch with its files and entries before it is stored."""

    def __init__(self, row: ExportBatch, keys: Sequence[int], files: Sequence[OutFile]) -> None:
        self.row, self.keys, self.files = row, keys, files


def _drafted(entity: LegalEntity, target: ExportTarget, until: date, key: str, actor: User | None, at: datetime) -> _Drafted:
    found = waiting(entity, target, until).filter(is_sealed=True)
    count = Posting.objects.filter(entry__in=found).count()
    if not count:
        raise _nothing(entity, target, until)
    if count > MOST_POSTINGS:
        raise UserError(
            "too_many",
            f"{count:,} postings up to {until} are too many for one batch (at most {MOST_POSTINGS:,}). Choose an earlier day"
            " and export the rest after it. Nothing was exported.",
            "--until",
        )
    last = ExportBatch.objects.filter(entity=entity, target=target).order_by("-number").first()
    row = ExportBatch(entity=entity, target=target, number=last.number + 1 if last else 1, key=key, until=until)
    read = read_entries(entity, found, str(row))
    if not read.keys:
        # Somebody else exported it since it was counted.
        raise _nothing(entity, target, until)
    accounts, settings = accounts_in(entity, target), settings_of(entity, target)
    files = files_of(entity, target, read.entries, accounts, settings, stem=f"{slug(entity)}_{row}", label=f"{row}", at=at)
    days = [entry.effective_date for entry in read.entries]
    row.first_day, row.last_day, row.entries = min(days), max(days), len(days)
    row.postings = sum(len(entry.lines) for entry in read.entries)
    row.made_with = {
        "accounts": {code: [one.name, one.tax_key] for code, one in sorted(accounts.items())},
        "settings": asdict(settings),
    }
    row.made_by, row.made_at = actor, at
    made = _Drafted(row, read.keys, files)
    _check_sums(made)
    return made


def files_of(
    entity: LegalEntity,
    target: ExportTarget,
    entries: Sequence[Entry],
    accounts: dict[str, Account],
    settings: Settings,
    *,
    stem: str,
    label: str,
    at: datetime,
) -> list[OutFile]:
    """The files of these entries, refused where something is not mapped or their sums are not those of the entries."""
    if problems := problems_of(Target(target), entries, accounts, settings):
        said = " ".join(problem.message for problem in problems[:MOST_SAID])
        more = f" And {len(problems) - MOST_SAID} more." if len(problems) > MOST_SAID else ""
        raise UserError(
            "not_mapped",
            f"{target.label} can't take this yet. {said}{more} Accounting, Exports, Accounts is where. Nothing was exported.",
            "--target",
        )
    return write(Target(target), entries, stem=stem, label=label, accounts=accounts, settings=settings, made_at=at)


def _stored(made: _Drafted, actor: User | None, at: datetime) -> ExportBatch:
    row = made.row
    row.pk = next(iter(bulk.allocate_ids(ExportBatch, 1)))
    bulk.insert(ExportedEntry, ["batch_id", "target", "entry_id"], [(row.pk, row.target, key) for key in made.keys])
    ExportFile.objects.bulk_create(_files(row, made.files), batch_size=20)
    row.save(force_insert=True)
    events.record(
        action="export.make",
        subject=row,
        summary=f"{row} for {row.get_target_display()}: {row.entries} entries up to {row.until}",
        actor=actor,
        at=at,
        entity=row.entity,
        changes={
            "entries": [None, row.entries],
            "postings": [None, row.postings],
            "files": [None, [[file.name, hashlib.sha256(file.content).hexdigest()] for file in made.files[:20]]],
        },
    )
    return row


def _files(row: ExportBatch, files: Sequence[OutFile]) -> Iterator[ExportFile]:
    for position, file in enumerate(files, 1):
        yield ExportFile(
            batch_id=row.pk,
            position=position,
            name=file.name,
            sha256=hashlib.sha256(file.content).hexdigest(),
            size=len(file.content),
            packed=zlib.compress(file.content),
            currency=file.currency,
            entries=file.entries,
            rows=file.rows,
            debit=file.debit,
            credit=file.credit,
            changed=file.changed,
        )


def _check_sums(made: _Drafted) -> None:
    """What was written is what the books hold of these entries; anything else is a fault of ours and never goes out."""
    written: dict[str, Sums] = {}
    for file in made.files:
        old = written.get(file.currency)
        written[file.currency] = Sums(file.debit + (old.debit if old else 0), file.credit + (old.credit if old else 0))
    booked: dict[str, Sums] = {}
    for start in range(0, len(made.keys), 5000):
        for currency, sums in sums_by_currency(Posting.objects.filter(entry_id__in=made.keys[start : start + 5000])).items():
            old = booked.get(currency)
            booked[currency] = Sums(sums.debit + (old.debit if old else 0), sums.credit + (old.credit if old else 0))
    if written != booked:
        raise AssertionError(f"The files of {made.row} hold {written}, the books {booked}.")


def _nothing(entity: LegalEntity, target: ExportTarget, until: date) -> UserError:
    last = ExportBatch.objects.filter(entity=entity, target=target).order_by("-number").first()
    said = f" The last batch is {last}, of {last.made_at:%Y-%m-%d}." if last else " Nothing was posted up to then."
    return UserError(
        "nothing_to_export", f"Nothing up to {until} waits for {target.label}.{said} Nothing was changed.", "--until"
    )


def extract(*, entity: LegalEntity, target: ExportTarget, since: date, before: date, at: datetime) -> list[OutFile]:
    """Every posting from ``since`` to the day before ``before`` as files, whatever went out already. Makes no batch.

    Files with an open month say so in their names. Raises UserError not_mapped and too_many. Seals first.
    """
    seal(entity=entity)
    found = posted(entity).filter(effective_date__gte=since, effective_date__lt=before)
    if (count := Posting.objects.filter(entry__in=found).count()) > MOST_POSTINGS:
        raise UserError(
            "too_many", f"{count:,} postings are too many at once (at most {MOST_POSTINGS:,}). Choose fewer days.", "--to"
        )
    entries = read_entries(entity, found, dict(batch_names(entity, target))).entries
    draft = "" if all(entry.is_closed for entry in entries) else "_draft"
    stem = f"{slug(entity)}_{since}_{date.fromordinal(before.toordinal() - 1)}{draft}"
    label = "Entwurf" if draft else "ChargeBill"
    accounts, settings = accounts_in(entity, target), settings_of(entity, target)
    # The moment stands in DATEV's header: the same days, exported again, are the same bytes.
    moment = max((entry.posted_at for entry in entries), default=at)
    return files_of(entity, target, entries, accounts, settings, stem=stem, label=label, at=moment)


def slug(entity: LegalEntity) -> str:
    """A company's name as part of a file's."""
    plain = unicodedata.normalize("NFKD", entity.name.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40] or f"company-{entity.pk}"
