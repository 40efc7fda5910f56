"""How a company's desk works: when it changes, the clocks of its open cases are computed anew in the same transaction."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from chargebill.core import bulk, events
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User
from disputes.chargebacks.fields import EACH
from disputes.clocks import CACHED, cached, histories
from disputes.desk import desk_of, settings_of
from disputes.mail.addresses import LONGEST_MAILBOX, fits
from disputes.models import Case
from disputes.settings_models import DisputeSettings, Holiday
from disputes.workflow.calendars import Calendar
from disputes.workflow.durations import DEFAULTS
from disputes.workflow.states import ENDED, Clock, State

SETTABLE = (
    "hours",
    "durations",
    "reminder_days",
    "reopening_days",
    "outside_bodies",
    "reply_mailbox",
    "refund_policy_en",
    "refund_policy_de",
)
LONGEST = 400
MOST_HOLIDAYS = 400
# What a field of an answer to a chargeback takes.
MOST_POLICY = EACH
# Clocks of cases in these may still run.
LIVE = [state.value for state in State if state not in ENDED or state is State.RESOLVED]


def change_dispute_settings(
    *, entity: LegalEntity, values: Mapping[str, Any], holidays: Iterable[tuple[date, str]], actor: User | None, at: datetime
) -> DisputeSettings:
    """``values``: any of SETTABLE; ``holidays`` all of them, with their names.

    Raises UserError, changing nothing, with the name of the first thing that can't be so.
    """
    days = dict(holidays)
    with transaction.atomic():
        bulk.lock_alone(LegalEntity, entity.pk)
        settings = settings_of(entity)
        there = dict(Holiday.objects.filter(entity=entity).values_list("day", "name"))
        changes = {name: [getattr(settings, name), new] for name, new in values.items() if getattr(settings, name) != new}
        if there != days:
            changes["holidays"] = [_written(there), _written(days)]
        if not changes:
            return settings
        for name in values:
            setattr(settings, name, values[name])
        _check(settings, days)
        settings.save()
        Holiday.objects.filter(entity=entity, day__in=there.keys() - days.keys()).delete()
        Holiday.objects.bulk_create(
            [Holiday(entity=entity, day=day, name=name) for day, name in days.items()],
            update_conflicts=True, unique_fields=["entity", "day"], update_fields=["name"],
        )  # fmt: skip
        recompute(entity)
        events.record(
            action="dispute_settings.change",
            subject=entity,
            summary=f"How disputes of {entity} are handled changed",
            actor=actor,
            at=at,
            entity=entity,
            changes=changes,
        )
    return settings


def recompute(entity: LegalEntity) -> int:
    """The clocks of a company's cases that may still run, as its desk is now; returns how many changed. In a transaction."""
    desk = desk_of(entity)
    pks = list(Case.objects.filter(entity=entity, state__in=LIVE).order_by("pk").values_list("pk", flat=True))
    bulk.lock_alone(Case, *pks)
    changed = []
    logs = histories(pks)
    for case in Case.objects.filter(pk__in=pks).order_by("pk"):
        wanted = cached(logs[case.pk], desk)
        if any(getattr(case, name) != value for name, value in wanted.items()):
            for name, value in wanted.items():
                setattr(case, name, value)
            changed.append(case)
    Case.objects.bulk_update(changed, list(CACHED), batch_size=200)
    return len(changed)


def _written(days: Mapping[date, str]) -> dict[str, str]:
    return {day.isoformat(): name for day, name in sorted(days.items())}


def _check(settings: DisputeSettings, days: Mapping[date, str]) -> None:
    """Raises UserError with the name of what can't be so."""
    for clock, length in settings.durations.items():
        if clock not in DEFAULTS or not isinstance(length, int) or not 1 <= length <= LONGEST:
            raise UserError(clock, f"A deadline is 1 to {LONGEST} long. Nothing was changed.", clock)
    if settings.reminder_days >= settings.durations.get(Clock.AWAITING_CUSTOMER, DEFAULTS[Clock.AWAITING_CUSTOMER]):
        problem = "The driver is reminded before the time to answer is over. Nothing was changed."
        raise UserError("reminder_days", problem, "reminder_days")
    if len(days) > MOST_HOLIDAYS:
        raise UserError("holidays", f"Name at most {MOST_HOLIDAYS} holidays. Nothing was changed.", "holidays")
    for name, language in (("refund_policy_en", "English"), ("refund_policy_de", "German")):
        if len(getattr(settings, name)) > MOST_POLICY:
            problem = f"The refund policy in {language} has at most {MOST_POLICY:,} characters: acquirers take no more."
            raise UserError(name, f"{problem} Nothing was changed.", name)
    if settings.reply_mailbox and not fits(settings.reply_mailbox):
        problem = (
            f"Before the @ stand at most {LONGEST_MAILBOX} characters and no plus sign: each case adds its own part."
            " Nothing was changed."
        )
        raise UserError("reply_mailbox", problem, "reply_mailbox")
    try:
        settings.clean_fields()
        if settings.hours:
            Calendar(
                hours={int(day): (opens, closes) for day, (opens, closes) in settings.hours.items()}, holidays=frozenset(days)
            )
    except ValidationError as error:
        where, problems = next(iter(error.message_dict.items()))
        raise UserError(where, f"{problems[0]} Nothing was changed.", where) from error
    except ValueError as error:
        raise UserError("hours", f"{error} Nothing was changed.", "hours") from error
