"""What clocks do by themselves: escalations, reminders, the moves of a clock that has run out. Each happens once.

A worker looks at cases whose moment has come, one transaction a case. Killed at any moment it is taken up again: what was
done is an event with a key, and a move is made from where the case stands.
"""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from chargebill.core.chores import chore
from disputes.clocks import Ring, histories, rings, running_of
from disputes.desk import desk_of
from disputes.facts import Said, facts_of
from disputes.letters import deadlock_letter, no_request_letter, reminder_letter
from disputes.models import Case, CaseEvent, CaseMessage
from disputes.operations.events import notify, refresh, write
from disputes.operations.moves import lock_case, step
from disputes.outside_queries import let_go
from disputes.workflow.moves import refusal
from disputes.workflow.states import Role, State

AT_ONCE = 50
# Where a clock that has run out moves a case, the first that is allowed. Those of awards come with them.
BY_CLOCK: dict[State, tuple[State, ...]] = {
    State.NEW: (State.DEADLOCK,),
    State.TRIAGE: (State.DEADLOCK,),
    State.INVESTIGATING: (State.DEADLOCK,),
    State.AWAITING_CUSTOMER: (State.DEADLOCK, State.INVESTIGATING),
    State.OFFERED: (State.DEADLOCK, State.INVESTIGATING),
    State.DEADLOCK: (State.CLOSED,),
    State.RESOLVED: (State.CLOSED,),
}
# Where a clock closes a case, unless an outside request keeps it open.
CLOSED_FROM = tuple(state.value for state, targets in BY_CLOCK.items() if State.CLOSED in targets)


@chore
def run_clocks() -> int:
    """Does what is due; returns how many cases were looked at. Every worker does it every few seconds."""
    now = timezone.now()
    due = Case.objects.filter(wake_at__lte=now).order_by("wake_at", "pk")[:AT_ONCE]
    cases = list(due)
    for case in cases:
        ring_clocks(case=case, at=now)
    return len(cases)


@chore
def close_what_was_kept_open() -> int:
    """Moves cases whose clock ran out while an outside request was open, once none is; returns how many.

    Their clocks have nothing left to ring, so nothing looks at them in between.
    """
    now = timezone.now()
    cases = list(let_go(now, CLOSED_FROM)[:AT_ONCE])
    for case in cases:
        with transaction.atomic():
            case = lock_case(case)
            if case.wake_at is None:
                _move(case, now)
    return len(cases)


def ring_clocks(*, case: Case, at: datetime) -> Case:
    """Everything that is due on a case by then: escalations and reminders that were not said yet, then a move."""
    with transaction.atomic():
        case = lock_case(case)
        if case.wake_at is None or case.wake_at > at:
            return case
        history, desk = histories([case.pk])[case.pk], desk_of(case.entity)
        for ring in rings(running_of(history, desk), history.keys):
            if ring.at <= at:
                _ring(case, ring, at)
        refresh(case)
        _move(case, at)
    return case


def _ring(case: Case, ring: Ring, at: datetime) -> None:
    if ring.level:
        data = {"clock": ring.run.clock.value, "percent": ring.level, "since": ring.at.isoformat()}
        write(case=case, kind=CaseEvent.Kind.ESCALATED, role=Role.SYSTEM, actor=None, at=at, data=data, key=ring.key)
        return
    question = case.messages.filter(kind=CaseMessage.Kind.TO_DRIVER, event__kind=CaseEvent.Kind.REPLIED).last()
    notify(case=case, body=reminder_letter(case.language, case.number, question.body if question else ""), at=at, key=ring.key)


def _move(case: Case, at: datetime) -> None:
    """One move a clock makes; the next, if its time has come as well, is made at the next look."""
    desk = desk_of(case.entity)
    facts = facts_of(case=case, said=Said(), history=histories([case.pk])[case.pk], desk=desk, at=at)
    source = State(case.state)
    for target in BY_CLOCK.get(source, ()):
        if refusal(source, target, Role.SYSTEM, facts) is None:
            if target is State.DEADLOCK:
                notify(case=case, body=deadlock_letter(case.language, case.number, desk.outside_bodies), at=at)
            elif source is State.DEADLOCK:
                notify(case=case, body=no_request_letter(case.language, case.number, desk.outside_bodies), at=at)
            step(case=case, target=target, role=Role.SYSTEM, actor=None, at=at, said=Said())
            return
