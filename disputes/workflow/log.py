"""The event log of a case as the clocks read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from disputes.workflow.states import State


class Kind(StrEnum):
    """What happened: only these mean something to a clock."""

    MOVED = "moved"
    ACKNOWLEDGED = "acknowledged"
    REPLIED = "replied"  # staff, publicly
    WROTE = "wrote"  # the driver
    TOOK_OVER = "took_over"  # a merged case's clocks
    EVIDENCE_CLOSED = "evidence_closed"


@dataclass(frozen=True, slots=True)
class Entry:
    """One event; ``state`` is where a move led, ``since`` when a taken-over case was opened."""

    at: datetime
    kind: Kind
    state: State | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Stay:
    """A state and the time a case stood in it: [start, end), end None while it does; ``entry`` is the place in the log.

    Two entries may have the same moment: what came before and after is told by their places, never by their times.
    """

    state: State
    start: datetime
    end: datetime | None
    entry: int


# In order of time; the first entry opens the case.
Log = Sequence[Entry]


def stays(log: Log) -> list[Stay]:
    moves = [(place, entry.at, entry.state) for place, entry in enumerate(log) if entry.kind is Kind.MOVED and entry.state]
    ends = [at for _, at, _ in moves[1:]]
    return [Stay(state, at, end, place) for (place, at, state), end in zip(moves, [*ends, None], strict=True)]
