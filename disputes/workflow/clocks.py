"""The clocks that run on a case, computed from its event log alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from disputes.workflow.calendars import Calendar
from disputes.workflow.durations import PAUSED_IN, UNITS, Durations, Unit
from disputes.workflow.log import Kind, Log, Stay, stays
from disputes.workflow.states import ENDED, Clock, State

# Escalations in percent of a clock. At the last one it is breached.
LEVELS = (50, 75, 100)
BREACH = 100

_BEFORE_OFFER = frozenset({State.NEW, State.TRIAGE, State.INVESTIGATING, State.AWAITING_CUSTOMER})
# Clocks from the opening (or reopening): where they run, and which events stop them.
_FROM_OPENING: Mapping[Clock, tuple[frozenset[State], frozenset[Kind]]] = {
    Clock.ACKNOWLEDGE: (_BEFORE_OFFER, frozenset({Kind.ACKNOWLEDGED, Kind.REPLIED})),
    Clock.FIRST_REPLY: (_BEFORE_OFFER, frozenset({Kind.REPLIED})),
    Clock.INADMISSIBLE: (frozenset({State.NEW, State.TRIAGE}), frozenset()),
    # Goes on where an offer out of deadlock comes back to the investigation.
    Clock.FINAL_POSITION: (_BEFORE_OFFER | {State.OFFERED}, frozenset()),
}
# Clocks of a stay: from entering these states until they are left, or an event stops them.
_OF_STAY: Mapping[Clock, frozenset[State]] = {
    Clock.TRIAGE: frozenset({State.TRIAGE}),
    Clock.INVESTIGATE: frozenset({State.INVESTIGATING, State.AWAITING_CUSTOMER}),
    Clock.AWAITING_CUSTOMER: frozenset({State.AWAITING_CUSTOMER}),
    Clock.OFFER: frozenset({State.OFFERED}),
    Clock.DEADLOCK: frozenset({State.DEADLOCK}),
    Clock.MEDIATION: frozenset({State.MEDIATION}),
    Clock.EVIDENCE: frozenset({State.ARBITRATION}),
    Clock.AWARD: frozenset({State.ARBITRATION}),
    Clock.AWARD_ANSWER: frozenset({State.AWARDED}),
    Clock.EXECUTION: frozenset({State.AGREED, State.EXECUTING, State.STUCK}),
    Clock.STUCK: frozenset({State.STUCK}),
    Clock.SILENCE: frozenset({State.RESOLVED}),
}
_STOPS_STAY: Mapping[Clock, Kind] = {Clock.EVIDENCE: Kind.EVIDENCE_CLOSED}


@dataclass(frozen=True, slots=True)
class Running:
    """A clock that runs. ``due_at`` and moments of ``levels`` are None where a pause keeps them from being known."""

    clock: Clock
    started_at: datetime
    due_at: datetime | None
    levels: Mapping[int, datetime | None]
    reminder_at: datetime | None = None

    @property
    def is_paused(self) -> bool:
        return self.due_at is None


def running(log: Log, calendar: Calendar, durations: Durations) -> tuple[Running, ...]:
    """Every clock that runs after the last entry, in the order of Clock."""
    stood = stays(log)
    state = stood[-1].state
    starts: dict[Clock, datetime] = {}
    opened = _opened(stood)
    since = log[opened.entry :]
    for clock, (lasts, stops) in _FROM_OPENING.items():
        if state in lasts and not any(entry.kind in stops for entry in since):
            # The earliest clock is kept: of the case and of those merged into it.
            starts[clock] = min([opened.start, *(e.since for e in since if e.kind is Kind.TOOK_OVER and e.since)])
    for clock, lasts in _OF_STAY.items():
        if state in lasts and not any(entry.kind is _STOPS_STAY.get(clock) for entry in log[stood[-1].entry :]):
            starts[clock] = _entered(stood, lasts)
    if Clock.SILENCE in starts:
        starts[Clock.SILENCE] = max([starts[Clock.SILENCE], *(e.at for e in log if e.kind in (Kind.WROTE, Kind.REPLIED))])
    return tuple(_run(clock, starts[clock], stood, calendar, durations) for clock in Clock if clock in starts)


def ran_out(clocks: tuple[Running, ...], at: datetime) -> frozenset[Clock]:
    """Those whose time is over at that moment."""
    return frozenset(run.clock for run in clocks if run.due_at is not None and run.due_at <= at)


def next_due(clocks: tuple[Running, ...]) -> Running | None:
    """The clock that is due first; None when none is, or all are paused."""
    known = [run for run in clocks if run.due_at is not None]
    return min(known, key=lambda run: (run.due_at, run.clock), default=None)


def _opened(stood: list[Stay]) -> Stay:
    """The stay it was opened, or reopened last, with."""
    return next((later for earlier, later in reversed(list(pairwise(stood))) if earlier.state in ENDED), stood[0])


def _entered(stood: list[Stay], lasts: frozenset[State]) -> datetime:
    first = len(stood) - 1
    while first and stood[first - 1].state in lasts:
        first -= 1
    return stood[first].start


def _run(clock: Clock, start: datetime, stood: list[Stay], calendar: Calendar, durations: Durations) -> Running:
    length = durations.of[clock]
    if UNITS[clock] is Unit.BUSINESS_DAYS:
        spans = _spans(start, stood)
        early = {level: _reached(calendar, spans, Fraction(length * level, 100)) for level in LEVELS if level != BREACH}
        due = _due(calendar, spans, Fraction(length))
        return Running(clock, start, due, {**early, BREACH: due})
    due = start + timedelta(minutes=length) if UNITS[clock] is Unit.MINUTES else calendar.end_of_days(start, length)
    reminder = calendar.end_of_days(start, durations.reminder_days) if clock is Clock.AWAITING_CUSTOMER else None
    return Running(clock, start, due, {level: start + (due - start) * level / 100 for level in LEVELS}, reminder)


# [start, end) of the times a clock in business days runs; the last may have no end.
Spans = list[tuple[datetime, datetime | None]]


def _spans(start: datetime, stood: list[Stay]) -> Spans:
    left = [stay for stay in stood if stay.end is None or stay.end > start]
    # What a merged case waited before this one was opened counts, too.
    whole = [Stay(left[0].state, start, left[0].end, left[0].entry), *left[1:]]
    return [(stay.start, stay.end) for stay in whole if stay.state is not PAUSED_IN]


def _reached(calendar: Calendar, spans: Spans, count: Fraction) -> datetime | None:
    """When ``count`` business days have run; None while a pause lasts before that."""
    for start, end in spans:
        moment, _ = calendar.after(start, count)
        if end is None or moment <= end:
            return moment
        count -= calendar.business_days(start, end)
    return None


def _due(calendar: Calendar, spans: Spans, count: Fraction) -> datetime | None:
    """The first closing, while it runs, at which ``count`` business days have run."""
    for start, end in spans:
        close = calendar.after(start, count)[1] if count > 0 else calendar.close(start)
        if end is None or close <= end:
            return close
        count = max(Fraction(0), count - calendar.business_days(start, end))
    return None
