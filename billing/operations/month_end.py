"""Closes a month of which it is known what is missing: the two people of journal_periods, behind the list of month_end."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from billing.journal_models import AccountingPeriod, PeriodChange
from billing.month_end import Item, items
from billing.operations.journal_periods import ask, confirm
from chargebill.core import events
from chargebill.core.errors import UserError
from chargebill.core.models import User


def ask_to_close(*, period: AccountingPeriod, reason: str, actor: User, at: datetime) -> PeriodChange:
    """One person asks for a month to be closed. What is missing and blocks nothing takes a reason, kept with what it was.

    Raises UserError, changing nothing: month_blocked, reason_missing, and what asking raises (not_now, change_waiting,
    reason_too_long).
    """
    found = items(period.entity, period.first_day, at)
    _refuse_blocked(period, found)
    missing = {one.code: one.count for one in found if one.is_missing}
    if missing and not reason.strip():
        raise UserError(
            "reason_missing", f"Something of {period} is missing: say why it is closed without. Nothing was changed.", "reason"
        )
    with transaction.atomic():
        change = ask(period=period, kind=PeriodChange.Kind.CLOSE, reason=reason, actor=actor, at=at)
        if missing:
            events.record(
                action="period.close_without",
                subject=change.period,
                summary=f"{period} of {period.entity} is to be closed without {len(missing)} of what it should have",
                actor=actor,
                at=at,
                entity=period.entity,
                reason=change.reason,
                changes={code: [None, count] for code, count in missing.items()},
            )
    return change


def confirm_close(*, change: PeriodChange, actor: User, at: datetime) -> PeriodChange:
    """The second person's yes, looked at once more: what blocks may have come since the first one asked.

    Raises UserError, changing nothing: month_blocked, and what confirming raises.
    """
    period = change.period
    if change.decided_at is None and change.asked_by_id != actor.pk:
        _refuse_blocked(period, items(period.entity, period.first_day, at))
    return confirm(change=change, actor=actor, at=at)


def _refuse_blocked(period: AccountingPeriod, found: Sequence[Item]) -> None:
    if any(one.is_blocking for one in found):
        raise UserError(
            "month_blocked",
            f"{period} can't be closed yet: the page “Close a month” says what comes first. Nothing was changed.",
        )
