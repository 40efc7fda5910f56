"""Decides about held sessions: release, another reading, waive, drop; and the second person's word about it.

Writes what was decided. Prices and places follow when the sessions are priced anew in the same transaction, which the
pipeline does (chargebill.pipeline.decide).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from billing import chargeables
from billing.chargeables import Standing, State
from billing.checks import BY_CODE, Part, Way
from billing.decisions import SPANS_HELD
from billing.gate import PARTS
from billing.models import Cdr
from billing.operations import findings
from billing.operations.second_person import is_above_limit, keep_word
from billing.review_models import DecidedSession, DecisionConfirmation, HeldDecision
from billing.usage import readings_of
from chargebill.core import bulk, events
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User
from chargebill.core.money import round_money
from stations import facts as session_facts
from stations.facts import SessionFacts
from stations.models import Mode

ZERO = Decimal(0)
# Held for these, a person may say that it is right as it is: the rest lacks something that must come first.
RELEASABLE = {*BY_CODE, SPANS_HELD}


@dataclass(frozen=True, slots=True)
class Held:
    """A held session as a person decides about it. ``doubts`` are what a decision settles; ``other_kwh`` other readings."""

    fact: SessionFacts
    reason: str
    cdr: Cdr | None
    doubts: tuple[str, ...]
    other_kwh: Decimal | None

    def can(self, way: Way, part: Part | None = None) -> bool:
        """Whether this way is open for this session."""
        if way is Way.DROP:
            return True
        if self.cdr is None or self.reason not in RELEASABLE:
            return False
        if way is Way.RELEASE:
            return True
        if self.fact.mode == Mode.COLLECTED:
            return False
        if way is Way.READING:
            return self.other_kwh is not None
        return part is not None and getattr(self.cdr, PARTS[part]) != 0


def other_reading(fact: SessionFacts, readings: Sequence[tuple[datetime, Decimal]], priced_kwh: Decimal) -> Decimal | None:
    """Energy by the meter's ends, else by the readings; None where it says the same as what is priced, or less than nothing."""
    found = []
    if fact.meter_start_kwh is not None and fact.meter_stop_kwh is not None:
        found.append(fact.meter_stop_kwh - fact.meter_start_kwh)
    if len(readings) > 1:
        found.append(readings[-1][1] - readings[0][1])
    return next((kwh for kwh in found if kwh >= ZERO and kwh != priced_kwh), None)


def held_sessions(standings: Mapping[int, Standing]) -> list[Held]:
    """Those of these sessions that are held or have no price and that no decision is waiting for, in id order."""
    standings = {pk: s for pk, s in standings.items() if s.state in (State.HELD, State.UNPRICED)}
    waiting = pending_ids(standings)
    facts = [fact for fact in session_facts.load(standings) if fact.id not in waiting]
    cdrs = Cdr.objects.in_bulk([standings[f.id].cdr_id for f in facts if standings[f.id].cdr_id])
    stored, readings = findings.stored(f.id for f in facts), readings_of(facts)
    result = []
    for fact in facts:
        standing = standings[fact.id]
        cdr = cdrs.get(standing.cdr_id) if standing.cdr_id else None
        doubts = [row.key for row in stored.get(fact.id, ())]
        if standing.reason == SPANS_HELD:
            doubts.append(SPANS_HELD)
        priced_kwh = cdr.energy_kwh if cdr and cdr.energy_kwh is not None else fact.energy_kwh
        other = other_reading(fact, readings.get(fact.id, ()), priced_kwh)
        result.append(Held(fact, standing.reason, cdr, tuple(doubts), other))
    return result


def pending_ids(session_ids: Iterable[int]) -> set[int]:
    """Those of the sessions about which a decision waits for its second person."""
    rows = DecidedSession.objects.filter(
        session_id__in=list(session_ids), decision__needs_second=True, decision__confirmation__isnull=True
    )
    return set(rows.values_list("session_id", flat=True))


def amounts_of(held: Iterable[Held]) -> dict[str, Decimal]:
    """Money at stake by currency, tax included. Without a price it is not known and counts as nothing."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for one in held:
        if one.cdr is not None:
            found[one.cdr.currency] += one.cdr.gross_amount
    return dict(found)


def decide_held(
    *,
    entity: LegalEntity,
    session_ids: Sequence[int],
    way: Way,
    part: Part | None,
    reason: str,
    actor: User | None,
    at: datetime,
) -> HeldDecision:
    """Writes a decision about those of the sessions that are still held and that this way is open for; the rest stays.

    Above the entity's limit it waits for a second person. Raises UserError, changing nothing: reason_missing,
    part_missing, already_decided when none of them is held any more, way_closed when the way is open for none. Call
    inside a transaction that prices the sessions anew.
    """
    reason = reason.strip()
    if not reason:
        raise UserError("reason_missing", "Say why. Nothing was changed.", "reason")
    if len(reason) > 300:
        raise UserError("reason_too_long", "Say it in 300 characters or less. Nothing was changed.", "reason")
    if (way is Way.WAIVE) != (part is not None):
        raise UserError("part_missing", "Choose which part of the price is waived. Nothing was changed.", "part")
    bulk.lock_alone(LegalEntity, entity.pk)
    held = [one for one in held_sessions(chargeables.lock(session_ids)) if one.fact.entity_id == entity.pk]
    if not held:
        raise UserError("already_decided", "Somebody has decided about these sessions already. Nothing was changed.")
    open_to = [one for one in held if one.can(way, part)]
    if not open_to:
        raise UserError("way_closed", "This can't be done for any of these sessions. Choose another way. Nothing was changed.")
    amounts = amounts_of(open_to)
    decision = HeldDecision.objects.create(
        entity=entity,
        way=way.value,
        part=part.value if part else "",
        reason=reason,
        held_for=open_to[0].reason if len({one.reason for one in open_to}) == 1 else "",
        count=len(open_to),
        amounts={currency: f"{round_money(amount, currency):f}" for currency, amount in sorted(amounts.items())},
        needs_second=is_above_limit(entity, amounts.values()),
        decided_by=actor,
        decided_at=at,
    )
    DecidedSession.objects.bulk_create(
        DecidedSession(
            decision=decision,
            session_id=one.fact.id,
            session_revision=one.fact.revision,
            doubts=list(one.doubts),
            energy_kwh=one.other_kwh if way is Way.READING else None,
        )
        for one in open_to
    )
    waits = ", waits for a second person" if decision.needs_second else ""
    events.record(
        action="held.decide",
        subject=decision,
        summary=f"{decision.get_way_display()}: {decision.count} held session{'s' if decision.count > 1 else ''}{waits}",
        actor=actor,
        at=at,
        entity=entity,
        reason=reason,
        changes={"part": decision.part, "held_for": decision.held_for, "amounts": decision.amounts},
    )
    return decision


def confirm_decision(*, decision: HeldDecision, accepted: bool, actor: User, at: datetime) -> HeldDecision:
    """The second person's yes or no. Sessions whose facts changed since keep being held: the decision was not about them.

    Raises UserError, changing nothing: own_decision for whoever decided, already_confirmed, needs_no_second. Call inside
    a transaction that prices the sessions anew.
    """
    bulk.lock_alone(LegalEntity, decision.entity_id)
    with transaction.atomic():
        decision = HeldDecision.objects.select_related("entity").get(pk=decision.pk)
        keep_word(decision, DecisionConfirmation, accepted=accepted, actor=actor, at=at)
        events.record(
            action="held.confirm" if accepted else "held.refuse",
            subject=decision,
            summary=f"{'Confirmed' if accepted else 'Refused'}: {decision.get_way_display()}, {decision.count} sessions",
            actor=actor,
            at=at,
            entity=decision.entity,
        )
    return decision
