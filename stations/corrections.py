"""Puts right what a source recorded wrongly about a session. The facts as they came stay, as the revision before."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from chargebill.core import events
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User
from stations.facts import SessionFacts
from stations.models import Session, SessionCorrection
from stations.session_rows import keep_revisions, local_columns

MOST_KWH = Decimal(10) ** 10
_STEP = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Right:
    """What the record is to say; None: that stays as it is. ``energy_kwh`` to four digits."""

    energy_kwh: Decimal | None = None
    ended_at: datetime | None = None


def corrected(fact: SessionFacts, right: Right, *, at: datetime) -> SessionFacts:
    """The facts with this put right. Raises UserError: record_energy, record_end, record_same (they say so already)."""
    kwh, end = right.energy_kwh, right.ended_at
    if kwh is not None and not (kwh.is_finite() and 0 <= kwh < MOST_KWH and kwh % _STEP == 0):
        raise UserError(
            "record_energy", "Enter the energy in kWh, zero or more, with at most four decimals. Nothing was changed.", "record"
        )
    if end is not None and end <= fact.started_at:
        raise UserError("record_end", "It can’t have ended before it began. Nothing was changed.", "record")
    if end is not None and end > at:
        raise UserError("record_end", "It can’t have ended in the future. Nothing was changed.", "record")
    if end is not None and fact.charging_s is not None and fact.charging_s > (end - fact.started_at).total_seconds():
        raise UserError(
            "record_end",
            f"On record it charged for {fact.charging_s} seconds: it can’t have ended before that. Nothing was changed.",
            "record",
        )
    kwh, end = fact.energy_kwh if kwh is None else kwh.quantize(_STEP), end or fact.ended_at
    if (kwh, end) == (fact.energy_kwh, fact.ended_at):
        raise UserError("record_same", "The record says so already: leave it out. Nothing was changed.", "record")
    end_date, _ = local_columns(fact.started_at, end, ZoneInfo(fact.time_zone))
    return replace(
        fact, energy_kwh=kwh, ended_at=end, local_end_date=end_date, duration_s=int((end - fact.started_at).total_seconds()),
        revision=fact.revision + 1,
    )  # fmt: skip


def correct_session(*, fact: SessionFacts, right: Right, key: str, reason: str, actor: User, at: datetime) -> SessionFacts:
    """Stores the facts put right as the next revision, in the caller's transaction, which holds the source and counts it.

    ``fact`` is as stored now. Raises UserError as ``corrected`` does, changing nothing.
    """
    now = corrected(fact, right, at=at)
    keep_revisions([fact.id], at)
    columns = ("energy_kwh", "ended_at", "local_end_date", "duration_s", "revision")
    Session.objects.filter(pk=fact.id).update(**{name: getattr(now, name) for name in columns})
    SessionCorrection.objects.create(
        session_id=fact.id, revision=now.revision, key=key, reason=reason, made_by=actor, made_at=at
    )  # fmt: skip
    events.record(
        action="session.correct",
        subject=Session.objects.get(pk=fact.id),
        summary=f"Record of session {fact.external_id} put right",
        actor=actor,
        at=at,
        entity=LegalEntity.objects.get(pk=fact.entity_id),
        reason=reason,
        changes={
            name: [str(getattr(fact, name)), str(getattr(now, name))]
            for name in ("energy_kwh", "ended_at")
            if getattr(fact, name) != getattr(now, name)
        },
    )
    return now
