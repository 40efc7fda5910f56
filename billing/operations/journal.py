"""Posts entries and takes them back. Nothing else writes to the journal; sealing and closing are beside this."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction

from billing.journal import CHART, EntryContent, Leg, Posted, chart_account, check_legs, entry_hash, reversed_legs
from billing.journal_models import Account, AccountingPeriod, JournalBook, JournalEntry, Posting
from billing.journal_rows import contents, legs_of
from chargebill.core import bulk, events
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User
from memberships.models import Customer

FIRST_DAY = date(2000, 1, 1)
# A later day is a slip of the pen, and would begin every month up to it.
DAYS_AHEAD = 366
REVERSAL = "reversal"
# Rows in one statement: SQLite takes 32,766 values at most.
AT_ONCE = 500
_LONGEST = {"key": 160, "description": 300, "source_type": 40, "source_id": 80, "document_no": 60}


def post(
    *,
    entity: LegalEntity,
    key: str,
    effective_date: date,
    legs: Sequence[Leg],
    description: str,
    source_type: str,
    source_id: str,
    document_no: str = "",
    reverses: JournalEntry | None = None,
    actor: User | None,
    at: datetime,
) -> JournalEntry:
    """Posts an entry; ``key`` is ``rule:source:version``. The same key with the same content gives the entry that is there.

    ``legs`` balance in each currency; ``effective_date`` is a day of the company's time zone and decides the period. The
    caller writes the audit event of what it books. Raises UserError, changing nothing: what check_legs raises,
    entry_text, effective_date, unknown_customer, key_used (the key is there with other content), period_closed,
    already_reversed.
    """
    content = EntryContent(
        entity_id=entity.pk,
        key=key,
        effective_date=effective_date,
        description=description,
        source_type=source_type,
        source_id=source_id,
        document_no=document_no,
        reverses=reverses.key if reverses else "",
        legs=tuple(legs),
    )
    return _post(entity, [content], reverses, actor, at)[0]


def post_all(*, entity: LegalEntity, entries: Sequence[EntryContent], actor: User | None, at: datetime) -> list[JournalEntry]:
    """Posts many entries as ``post`` does each, all or none of them, in as many statements as one. None is a reversal."""
    return _post(entity, entries, None, actor, at) if entries else []


def _post(
    entity: LegalEntity, entries: Sequence[EntryContent], reverses: JournalEntry | None, actor: User | None, at: datetime
) -> list[JournalEntry]:
    wanted = {content.key: content for content in entries}
    for content in entries:
        check_legs(content.legs)
        _check_texts(content)
        if wanted[content.key] != content:
            raise _key_used(content.key)
    with transaction.atomic():
        there = _found(entity, wanted)
        while new := [content for key, content in wanted.items() if key not in there]:
            for day in {content.effective_date for content in new}:
                if day < FIRST_DAY or day > at.date() + timedelta(days=DAYS_AHEAD):
                    raise UserError(
                        "effective_date",
                        f"{day} is no day for an entry: choose one from {FIRST_DAY} to a year ahead. Nothing was changed.",
                        "effective_date",
                    )
            _check_customers(entity, (leg for content in new for leg in content.legs))
            try:
                with transaction.atomic():
                    made = _insert(entity, new, reverses, actor, at)
            except IntegrityError:
                # Somebody else posted one of them meanwhile, or took the same entry back under another key.
                since = _found(entity, {content.key: content for content in new})
                if not since and reverses is not None and JournalEntry.objects.filter(reverses=reverses).exists():
                    raise _already_reversed() from None
                if not since:
                    raise
                there |= since
            else:
                _write_legs(entity, new, made, at)
                there |= made
        return [there[content.key] for content in entries]


def _insert(
    entity: LegalEntity, new: Sequence[EntryContent], reverses: JournalEntry | None, actor: User | None, at: datetime
) -> dict[str, JournalEntry]:
    """The entries by key, not posted yet. Raises UserError period_closed and IntegrityError."""
    periods = {day: open_period(entity, day) for day in sorted({content.effective_date.replace(day=1) for content in new})}
    made = [
        JournalEntry(
            pk=pk,
            entity=entity,
            period=periods[content.effective_date.replace(day=1)],
            key=content.key,
            effective_date=content.effective_date,
            description=content.description,
            source_type=content.source_type,
            source_id=content.source_id,
            document_no=content.document_no,
            reverses=reverses,
            content_hash=entry_hash(content, Posted(at, actor.pk if actor else None)),
            created_by=actor,
            created_at=at,
        )
        for pk, content in zip(bulk.allocate_ids(JournalEntry, len(new)), new, strict=True)
    ]
    JournalEntry.objects.bulk_create(made, batch_size=AT_ONCE)
    return {entry.key: entry for entry in made}


def _write_legs(entity: LegalEntity, new: Sequence[EntryContent], made: Mapping[str, JournalEntry], at: datetime) -> None:
    """Their legs, and then that they are posted."""
    accounts = accounts_of(entity, {leg.account_code for content in new for leg in content.legs})
    Posting.objects.bulk_create(
        (
            Posting(
                entry=made[content.key],
                line_no=number,
                account_id=accounts[leg.account_code],
                debit=leg.debit,
                credit=leg.credit,
                currency=leg.currency,
                tax_code=leg.tax_code,
                tax_rate=leg.tax_rate,
                tax_amount=leg.tax_amount,
                customer_id=leg.customer_id,
                description=leg.description,
            )
            for content in new
            for number, leg in enumerate(content.legs, 1)
        ),
        batch_size=AT_ONCE,
    )
    JournalEntry.objects.filter(pk__in=[entry.pk for entry in made.values()]).update(posted_at=at)
    for entry in made.values():
        entry.posted_at = at


def reverse(*, entry: JournalEntry, effective_date: date, reason: str, actor: User | None, at: datetime) -> JournalEntry:
    """Takes an entry back: the same legs with the sides swapped, on another day if its own period is closed.

    Raises UserError, changing nothing: reason_missing, already_reversed, and what post raises.
    """
    reason = reason.strip()
    if not reason:
        raise UserError("reason_missing", "Say why. Nothing was changed.", "reason")
    if len(reason) > 200:
        raise UserError("reason_too_long", "Say it in 200 characters or less. Nothing was changed.", "reason")
    with transaction.atomic():
        bulk.lock_alone(JournalEntry, entry.pk)
        if JournalEntry.objects.filter(reverses=entry).exists():
            raise _already_reversed()
        taken_back = post(
            entity=entry.entity,
            key=f"{REVERSAL}:{entry.pk}:1",
            effective_date=effective_date,
            legs=reversed_legs(legs_of([entry.pk])[entry.pk]),
            description=f"Reversal: {reason}",
            source_type=REVERSAL,
            source_id=str(entry.pk),
            document_no=entry.document_no,
            reverses=entry,
            actor=actor,
            at=at,
        )
        events.record(
            action="journal.reverse",
            subject=taken_back,
            summary=f"Took back: {entry.description}",
            actor=actor,
            at=at,
            entity=entry.entity,
            reason=reason,
            changes={"entry": entry.key, "effective_date": effective_date.isoformat()},
        )
    return taken_back


def _already_reversed() -> UserError:
    return UserError("already_reversed", "This entry has been taken back already. Nothing was changed.")


def _check_texts(content: EntryContent) -> None:
    for name, longest in _LONGEST.items():
        text = getattr(content, name)
        if len(text) > longest or (name != "document_no" and not text.strip()):
            raise UserError("entry_text", f"{name} has 1 to {longest} characters. Nothing was changed.", name)
        if "\x00" in text:
            raise UserError("entry_text", f"{name} holds a character that can't be stored. Nothing was changed.", name)


def _check_customers(entity: LegalEntity, legs: Iterable[Leg]) -> None:
    wanted = {leg.customer_id for leg in legs if leg.customer_id is not None}
    if wanted and Customer.objects.filter(pk__in=wanted, entity=entity).count() != len(wanted):
        raise UserError("unknown_customer", f"A leg names a customer {entity} doesn't have. Nothing was changed.", "customer_id")


def _found(entity: LegalEntity, wanted: Mapping[str, EntryContent]) -> dict[str, JournalEntry]:
    """The entries that are there, of these by key; raises UserError when one says something else."""
    there = list(JournalEntry.objects.select_related("reverses").filter(entity=entity, key__in=list(wanted)))
    for content, _ in contents(there):
        if content != wanted[content.key]:
            raise _key_used(content.key)
    return {entry.key: entry for entry in there}


def _key_used(key: str) -> UserError:
    return UserError(
        "key_used",
        f"The journal has an entry {key} already, and it says something else. Take that one back, or book under"
        " another version. Nothing was changed.",
        "key",
    )


def hold_book(entity: LegalEntity) -> None:
    """Holds a company's books alone until the transaction ends: for sealing, closing, and beginning a period."""
    JournalBook.objects.bulk_create([JournalBook(entity=entity)], ignore_conflicts=True)
    if bulk.is_postgresql():
        JournalBook.objects.select_for_update(no_key=True).get(pk=entity.pk)


def open_period(entity: LegalEntity, day: date) -> AccountingPeriod:
    """The month of a day, held against closing until the transaction ends. Raises UserError period_closed."""
    first_day = day.replace(day=1)
    mine = AccountingPeriod.objects.filter(entity=entity, first_day=first_day)
    pk = mine.values_list("pk", flat=True).first() or _begin(entity, first_day)
    bulk.lock_shared(AccountingPeriod, pk)
    period = mine.get()
    if period.state == AccountingPeriod.State.CLOSED:
        raise _closed(f"{period}")
    return period


def _closed(month: str) -> UserError:
    return UserError(
        "period_closed",
        f"{month} is closed: its books take no posting. Choose a day of an open month, or have it reopened. Nothing was changed.",
        "effective_date",
    )


def _begin(entity: LegalEntity, first_day: date) -> int:
    """Begins a month and those between it and the ones that are there, so that closing them in order leaves none out."""
    hold_book(entity)
    there = AccountingPeriod.objects.filter(entity=entity)
    if there.filter(first_day__gt=first_day, state=AccountingPeriod.State.CLOSED).exists():
        raise _closed(f"{first_day:%Y-%m}, before the first month of the books,")
    days = set(there.values_list("first_day", flat=True)) | {first_day}
    month, missing = min(days), []
    while month <= max(days):
        if month not in days or month == first_day:
            missing.append(AccountingPeriod(entity=entity, first_day=month))
        month = (month + timedelta(days=31)).replace(day=1)
    AccountingPeriod.objects.bulk_create(missing, ignore_conflicts=True)
    return there.get(first_day=first_day).pk


def accounts_of(entity: LegalEntity, codes: Iterable[str]) -> dict[str, int]:
    """The keys of a company's accounts by code; those it lacks are made from the chart. Raises UserError unknown_account."""
    wanted = set(codes)
    mine = Account.objects.filter(entity=entity, code__in=wanted)
    found = dict(mine.values_list("code", "pk"))
    if len(found) < len(wanted):
        chart = sorted({*CHART, *wanted})
        made = [chart_account(code) for code in chart]
        Account.objects.bulk_create(
            [Account(entity=entity, code=a.code, number=a.number, name=a.name, kind=a.kind.name) for a in made],
            ignore_conflicts=True,
        )
        found = dict(mine.values_list("code", "pk"))
    return found
