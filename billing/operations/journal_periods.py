"""Closes and reopens months: one person asks, a second one confirms. A closed month's end of the chain is signed."""

from datetime import date, datetime

from django.db import IntegrityError, transaction

from billing.journal import GENESIS, ClosingStatement, digest_of
from billing.journal_balances import plain, posted_legs, sums_by_currency
from billing.journal_models import AccountingPeriod, JournalSeal, PeriodChange, PeriodClosing, SigningKey
from billing.operations.accruals import accrue
from billing.operations.journal import hold_book
from billing.operations.journal_seals import last_link, seal
from billing.signing import current_key, make_key, sign
from chargebill.core import bulk, events
from chargebill.core.errors import UserError
from chargebill.core.models import User
from chargebill.core.periods import month_of

State, Kind = AccountingPeriod.State, PeriodChange.Kind


def why_not(period: AccountingPeriod, kind: PeriodChange.Kind, *, at: datetime) -> str:
    """Why a month can't be closed or reopened now, as a sentence; "" when it can."""
    others = AccountingPeriod.objects.filter(entity_id=period.entity_id)
    if kind == Kind.CLOSE:
        if period.state == State.CLOSED:
            return f"{period} is closed already."
        if period.entity.day_of(at) < (month_of(period.first_day).end or date.max):
            return f"{period} is not over yet."
        earlier = others.filter(first_day__lt=period.first_day, state=State.OPEN).order_by("first_day").first()
        return f"{earlier} is open: months are closed in their order." if earlier else ""
    if period.state == State.OPEN:
        return f"{period} is open already."
    later = others.filter(first_day__gt=period.first_day, state=State.CLOSED).order_by("-first_day").first()
    return f"{later} is closed: the last closed month is reopened first." if later else ""


def ask(*, period: AccountingPeriod, kind: PeriodChange.Kind, reason: str, actor: User, at: datetime) -> PeriodChange:
    """Asks for a month to be closed or reopened; nothing happens until somebody else confirms it.

    Raises UserError, changing nothing: reason_missing (reopening needs one), not_now, change_waiting.
    """
    reason = reason.strip()
    if kind == Kind.REOPEN and not reason:
        raise UserError("reason_missing", "Say why the month is opened again. Nothing was changed.", "reason")
    if len(reason) > 300:
        raise UserError("reason_too_long", "Say it in 300 characters or less. Nothing was changed.", "reason")
    with transaction.atomic():
        bulk.lock_alone(AccountingPeriod, period.pk)
        period = AccountingPeriod.objects.select_related("entity").get(pk=period.pk)
        _refuse_unless_possible(period, kind, at)
        try:
            with transaction.atomic():
                change = PeriodChange.objects.create(period=period, kind=kind, reason=reason, asked_by=actor, asked_at=at)
        except IntegrityError:
            raise UserError(
                "change_waiting", f"Something was asked about {period} already: decide about that first. Nothing was changed."
            ) from None
        _record(change, f"Asked to {kind.label.lower()} {period} of {period.entity}", actor, at)
    return change


def confirm(*, change: PeriodChange, actor: User, at: datetime) -> PeriodChange:
    """The second person's yes: closes or reopens the month. Closing seals what is posted and signs the end of the chain.

    Raises UserError, changing nothing: already_decided, second_person, not_now, signing_key_missing,
    signing_key_not_kept.
    """
    with transaction.atomic():
        change, period = _hold(change)
        if change.asked_by_id == actor.pk:
            raise UserError("second_person", "Somebody else confirms what you asked for. Nothing was changed.")
        kind = Kind(change.kind)
        _refuse_unless_possible(period, kind, at)
        change.accepted, change.decided_by, change.decided_at = True, actor, at
        if kind == Kind.CLOSE:
            _close(change, period)
        period.state = State.CLOSED if kind == Kind.CLOSE else State.OPEN
        period.save(update_fields=["state"])
        change.save(update_fields=["accepted", "decided_by", "decided_at"])
        done = "Closed" if kind == Kind.CLOSE else "Reopened"
        _record(change, f"{done} {period} of {period.entity}", actor, at)
    return change


def refuse(*, change: PeriodChange, actor: User, at: datetime) -> PeriodChange:
    """Takes a wish off the table: the second person's no, or one's own wish back. Raises UserError already_decided."""
    with transaction.atomic():
        change, period = _hold(change)
        change.accepted, change.decided_by, change.decided_at = False, actor, at
        change.save(update_fields=["accepted", "decided_by", "decided_at"])
        said = "Took back" if change.asked_by_id == actor.pk else "Refused"
        _record(change, f"{said} the wish to {Kind(change.kind).label.lower()} {period} of {period.entity}", actor, at)
    return change


def retire_key(*, key: SigningKey, reason: str, actor: User, at: datetime) -> None:
    """Ends the use of a signing key; what it signed stays valid, and the next closing makes a new one.

    Raises UserError, changing nothing: reason_missing, already_retired.
    """
    reason = reason.strip()
    if not reason:
        raise UserError("reason_missing", "Say why the key is no longer used. Nothing was changed.", "reason")
    with transaction.atomic():
        hold_book(key.entity)
        if not SigningKey.objects.filter(pk=key.pk, retired_at__isnull=True).update(retired_at=at):
            raise UserError("already_retired", "This key is not in use any more. Nothing was changed.")
        events.record(
            action="signing_key.retire",
            subject=key,
            summary=f"Retired the signing key {key} of {key.entity}",
            actor=actor,
            at=at,
            entity=key.entity,
            reason=reason,
        )


def _hold(change: PeriodChange) -> tuple[PeriodChange, AccountingPeriod]:
    """The book, then the month, then the wish, each alone: closing waits for who is posting and sees what they wrote."""
    hold_book(change.period.entity)
    bulk.lock_alone(AccountingPeriod, change.period_id)
    found = PeriodChange.objects.select_related("period__entity", "asked_by").get(pk=change.pk)
    if found.decided_at is not None:
        raise UserError("already_decided", "Somebody has decided about this already. Nothing was changed.")
    return found, found.period


def _refuse_unless_possible(period: AccountingPeriod, kind: PeriodChange.Kind, at: datetime) -> None:
    if sentence := why_not(period, kind, at=at):
        raise UserError("not_now", f"{sentence} Nothing was changed.")


def _close(change: PeriodChange, period: AccountingPeriod) -> None:
    entity, actor, at = period.entity, change.decided_by, change.decided_at
    assert actor is not None
    assert at is not None
    accrue(change=change, period=period, actor=actor, at=at)
    seal(entity=entity)
    key = current_key(entity) or make_key(entity=entity, actor=actor, at=at)
    head = last_link(entity)
    hashes = month_hashes(period, head.seq if head else 0)
    statement = ClosingStatement(
        company=entity.name,
        entity_id=entity.pk,
        period=str(period),
        head_seq=head.seq if head else 0,
        head=head.chain if head else GENESIS,
        entries=len(hashes),
        digest=digest_of(hashes),
        debits=plain(sums_by_currency(posted_legs(entity, since=period, until=period))),
        asked_by=change.asked_by.username,
        confirmed_by=actor.username,
        closed_at=at,
    ).text()
    PeriodClosing.objects.create(
        change=change,
        period=period,
        head_seq=head.seq if head else 0,
        statement=statement,
        key=key,
        signature=sign(key, statement),
    )


def month_hashes(period: AccountingPeriod, head_seq: int) -> list[str]:
    """The hashes of a month's entries up to a seal, in the order they are sealed in."""
    rows = JournalSeal.objects.filter(entry__period=period, seq__lte=head_seq).order_by("seq")
    return list(rows.values_list("entry_hash", flat=True))


def _record(change: PeriodChange, summary: str, actor: User, at: datetime) -> None:
    events.record(
        action=f"period.{change.kind.lower()}",
        subject=change.period,
        summary=summary,
        actor=actor,
        at=at,
        entity=change.period.entity,
        reason=change.reason,
    )
