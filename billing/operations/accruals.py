"""Accrues what a month earned and did not invoice: 1110 against revenue on its last day, taken back on the next one.

Part of closing, off unless the company wants it. The entry of a document stays as it is: by then the accrual is taken
back. A month that was reopened and is closed again books what differs from what it has: an entry never changes.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from billing.accrual_models import Accrual, AccruedSession
from billing.accruals import AT_ONCE, Earned, by_account, earned, last_day_of
from billing.journal import Leg, reversed_legs
from billing.journal_models import AccountingPeriod, JournalBook, PeriodChange, Posting
from billing.month_end import ACCRUAL
from billing.operations.journal import hold_book, post
from chargebill.core import events
from chargebill.core.models import LegalEntity, User

ACCRUED = "1110"
ZERO = Decimal(0)


def is_accruing(entity: LegalEntity) -> bool:
    """Whether closing a month of this company accrues."""
    return JournalBook.objects.filter(pk=entity.pk, accrues=True).exists()


def set_accruing(*, entity: LegalEntity, accrues: bool, actor: User | None, at: datetime) -> None:
    """Switches accrual on or off, for months closed from now on. The same again changes nothing."""
    with transaction.atomic():
        hold_book(entity)
        if JournalBook.objects.filter(pk=entity.pk).exclude(accrues=accrues).update(accrues=accrues):
            events.record(
                action="books.accrual",
                subject=JournalBook.objects.get(pk=entity.pk),
                summary=f"Accrual of {entity} switched {'on' if accrues else 'off'}",
                actor=actor,
                at=at,
                entity=entity,
                changes={"accrues": [not accrues, accrues]},
            )


def accrue(*, change: PeriodChange, period: AccountingPeriod, actor: User, at: datetime) -> Accrual | None:
    """Books a month's accrual while it is being closed, and takes it back on the first day of the next month.

    One entry for each account of revenue and currency, each with its reversal, of what differs from what earlier closings
    of the month booked. None where nothing is accrued and nothing was. Call while the book is held and the month is open.
    """
    entity = period.entity
    accrues = is_accruing(entity)
    if not accrues and not Accrual.objects.filter(period=period).exists():
        return None
    found = earned(entity, period.first_day) if accrues else []
    wanted, booked = by_account(found), booked_in(period)
    made = _keep(change, period, found)
    for currency, account in sorted({*wanted, *booked}):
        more = wanted.get((currency, account), ZERO) - booked.get((currency, account), ZERO)
        if more:
            _post(made, currency, account, more, actor, at)
    events.record(
        action="period.accrue",
        subject=period,
        summary=f"Accrued {made.sessions} session{'' if made.sessions == 1 else 's'} of {period} of {entity}",
        actor=actor,
        at=at,
        entity=entity,
        changes={"amounts": made.amounts},
    )
    return made


def _keep(change: PeriodChange, period: AccountingPeriod, found: list[Earned]) -> Accrual:
    amounts: dict[str, dict[str, str]] = defaultdict(dict)
    for (currency, account), net in sorted(by_account(found).items()):
        amounts[currency][account] = f"{net:f}"
    made = Accrual.objects.create(change=change, period=period, sessions=len(found), amounts=dict(amounts))
    AccruedSession.objects.bulk_create(
        (
            AccruedSession(
                accrual=made,
                session_id=one.session_id,
                cdr_id=one.cdr_id,
                currency=one.currency,
                net_amount=one.net,
                revenue={account: f"{net:f}" for account, net in one.revenue.items()},
            )
            for one in found
        ),
        batch_size=AT_ONCE,
    )
    return made


def booked_in(period: AccountingPeriod) -> dict[tuple[str, str], Decimal]:
    """What the month's accruals credited on accounts of revenue, by (currency, account)."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    legs = Posting.objects.filter(
        entry__period=period, entry__source_type=ACCRUAL, entry__source_id=str(period.pk), entry__reverses__isnull=True
    ).exclude(account__code=ACCRUED)
    for currency, account, debit, credit in legs.order_by().values_list("currency", "account__code", "debit", "credit"):
        sums[currency, account] += credit - debit
    return dict(sums)


def _post(made: Accrual, currency: str, account: str, more: Decimal, actor: User, at: datetime) -> None:
    """``more`` than is booked, below zero where it is less; and the same taken back on the next month's first day."""
    period = made.period
    last_day, whole = last_day_of(period.first_day), abs(more)
    legs = [Leg(ACCRUED, whole, ZERO, currency), Leg(account, ZERO, whole, currency)]
    said = f"earned and not invoiced at the end of {period}, account {account}"
    entry = post(
        entity=period.entity,
        key=f"accrual:{period.pk}-{account}-{currency}:{made.pk}",
        effective_date=last_day,
        legs=legs if more > 0 else reversed_legs(legs),
        description=f"Accrued: {said}",
        source_type=ACCRUAL,
        source_id=str(period.pk),
        actor=actor,
        at=at,
    )
    post(
        entity=period.entity,
        key=f"accrual_taken_back:{entry.pk}:1",
        effective_date=last_day + timedelta(days=1),
        legs=reversed_legs(legs) if more > 0 else legs,
        description=f"Taken back: {said}",
        source_type=ACCRUAL,
        source_id=str(period.pk),
        reverses=entry,
        actor=actor,
        at=at,
    )
