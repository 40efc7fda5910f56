"""Takes over balances from another system: reads a file against a company's accounts and customers, then posts it."""

import hashlib
from datetime import date, datetime

from django.db import transaction

from billing.journal import CHART, chart_account
from billing.journal.opening import Opening, read_opening
from billing.journal_models import Account, JournalEntry
from billing.operations.journal import hold_book, post
from billing.operations.journal import reverse as take_back_entry
from billing.operations.opening_receivables import OPENING, take_out_listed
from chargebill.core import events
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User
from memberships.models import Customer


def read_balances(*, entity: LegalEntity, text: str) -> Opening:
    """What a file would post, and what is wrong with it line by line; changes nothing. Raises UserError (read_opening)."""
    by_number = dict(Account.objects.filter(entity=entity).values_list("number", "code"))
    customers = dict(Customer.objects.filter(entity=entity).exclude(number="").values_list("number", "pk"))

    def account(named: str) -> str:
        if code := by_number.get(named):
            return code
        if named in CHART:
            return named
        try:
            return chart_account(named).code
        except UserError:
            return ""

    return read_opening(text, currency=entity.base_currency, account=account, customer=customers.get)


def post_balances(*, entity: LegalEntity, text: str, effective_date: date, actor: User, at: datetime) -> JournalEntry:
    """Posts a file of opening balances as one entry; the same file for the same day again gives the entry that is there.

    What of its receivables is listed by open invoices that were taken over is not booked twice (opening_receivables.py).
    Raises UserError, changing nothing: opening_problems, what read_opening and post raise.
    """
    found = read_balances(entity=entity, text=text)
    if found.problems:
        raise UserError(
            "opening_problems",
            f"{len(found.problems)} lines of the file can't be taken. Put them right and choose it again. Nothing was changed.",
            f"line {found.problems[0].line}",
        )
    digest = hashlib.sha256(text.encode()).hexdigest()
    key = f"{OPENING}:{digest[:32]}:{effective_date.isoformat()}"
    with transaction.atomic():
        hold_book(entity)
        there = JournalEntry.objects.filter(entity=entity, key=key).exists()
        entry = post(
            entity=entity,
            key=key,
            effective_date=effective_date,
            legs=found.legs,
            description="Opening balances taken over",
            source_type=OPENING,
            source_id=digest[:32],
            actor=actor,
            at=at,
        )
        if not there:
            take_out_listed(entity=entity, effective_date=effective_date, actor=actor, at=at)
            events.record(
                action="journal.opening",
                subject=entry,
                summary=f"Took over opening balances of {entity}: {len(found.lines)} lines",
                actor=actor,
                at=at,
                entity=entity,
                changes={"sha256": digest, "effective_date": effective_date.isoformat()},
            )
    return entry


def take_back_balances(
    *, entry: JournalEntry, effective_date: date, reason: str, actor: User | None, at: datetime
) -> JournalEntry:
    """Takes opening balances back, and with them what of their receivables invoices list. Raises what reverse raises."""
    with transaction.atomic():
        hold_book(entry.entity)
        made = take_back_entry(entry=entry, effective_date=effective_date, reason=reason, actor=actor, at=at)
        take_out_listed(entity=entry.entity, effective_date=effective_date, actor=actor, at=at)
    return made
