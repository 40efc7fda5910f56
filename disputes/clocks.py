"""The clocks of stored cases: their events as the pure clocks read them, and the columns that keep what comes out."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from chargebill.core.models import LegalEntity
from disputes.chargeback_queries import due_to_acquirers
from disputes.desk import Desk, desks_of
from disputes.models import Case, CaseEvent
from disputes.workflow.clocks import LEVELS, Running, next_due, running
from disputes.workflow.durations import TURNS
from disputes.workflow.log import Entry, Kind
from disputes.workflow.states import State

CHUNK = 500
_KINDS = {kind.value for kind in Kind}
CACHED = ("turn", "next_clock", "next_due_at", "escalation", "wake_at")


@dataclass(frozen=True, slots=True)
class History:
    """A case's events as far as clocks go, and the keys of what a worker has done already."""

    log: list[Entry]
    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class Ring:
    """A moment of a clock at which a worker does something once: a level in percent, or 0: the driver is reminded."""

    at: datetime
    run: Running
    level: int

    @property
    def key(self) -> str:
        return _key(self.run, self.level)


def _key(run: Running, level: int) -> str:
    return f"{run.clock}:{run.started_at.astimezone(UTC):%Y%m%dT%H%M%S.%f}:{level}"


def histories(case_ids: Iterable[int]) -> dict[int, History]:
    """By case. One query."""
    logs: dict[int, list[Entry]] = defaultdict(list)
    keys: dict[int, set[str]] = defaultdict(set)
    rows = CaseEvent.objects.filter(case__in=list(case_ids)).order_by("case_id", "seq")
    for case, at, kind, state, data, key in rows.values_list("case_id", "at", "kind", "to_state", "data", "key"):
        if kind in _KINDS:
            since = datetime.fromisoformat(data["since"]) if "since" in data else None
            logs[case].append(Entry(at, Kind(kind), State(state) if state else None, since))
        if key:
            keys[case].add(key)
    return {case: History(log, frozenset(keys[case])) for case, log in logs.items()}


def state_of(history: History) -> State:
    return next(entry.state for entry in reversed(history.log) if entry.state)


def running_of(history: History, desk: Desk) -> tuple[Running, ...]:
    return running(history.log, desk.calendar, desk.durations)


def rings(clocks: Iterable[Running], keys: frozenset[str]) -> list[Ring]:
    """What a worker has still to do for these clocks, whenever its moment comes; the earliest first."""
    found = [
        Ring(at, run, level)
        for run in clocks
        for level, at in ((0, run.reminder_at), *((level, run.levels[level]) for level in LEVELS))
        if at is not None
    ]
    return sorted((ring for ring in found if ring.key not in keys), key=lambda ring: (ring.at, ring.level))


def cached(history: History, desk: Desk) -> dict[str, object]:
    """What the columns CACHED of a case have to say."""
    clocks = running_of(history, desk)
    first, waits = next_due(clocks), rings(clocks, history.keys)
    return {
        "turn": TURNS[state_of(history)].value,
        "next_clock": first.clock.value if first else "",
        "next_due_at": first.due_at if first else None,
        "escalation": max((level for level in LEVELS if first and _key(first, level) in history.keys), default=0),
        "wake_at": waits[0].at if waits else None,
    }


Wrong = tuple[Case, dict[str, tuple[object, object]]]


def differing(cases: Iterable[Case], desks: Mapping[int, Desk]) -> list[Wrong]:
    """Cases whose state or columns are not what their events say: column -> (stored, computed). Two queries."""
    found: list[Wrong] = []
    rows = list(cases)
    logs = histories(case.pk for case in rows)
    answers = due_to_acquirers(case.pk for case in rows)
    for case in rows:
        history = logs.get(case.pk)
        if history is None or not history.log:
            found.append((case, {"state": (case.state, "no events")}))
            continue
        wanted: dict[str, object] = {"state": state_of(history).value, **cached(history, desks[case.entity_id])}
        wanted["chargeback_due_at"] = answers.get(case.pk)
        wrong = {name: (getattr(case, name), value) for name, value in wanted.items() if getattr(case, name) != value}
        if wrong:
            found.append((case, wrong))
    return found


def check_all() -> tuple[int, list[Wrong]]:
    """Every case: how many there are, and those that differ."""
    desks = desks_of(LegalEntity.objects.all())
    found: list[Wrong] = []
    looked_at = last = 0
    while chunk := list(Case.objects.select_related("entity").filter(pk__gt=last).order_by("pk")[:CHUNK]):
        last, looked_at = chunk[-1].pk, looked_at + len(chunk)
        found += differing(chunk, desks)
    return looked_at, found
