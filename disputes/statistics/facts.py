"""What statistics know of one case: how long it took, whether it was late, what came of it, what was given back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from disputes.workflow.calendars import Calendar
from disputes.workflow.log import Kind, Log, Stay, stays
from disputes.workflow.states import ENDED, State

ZERO = Decimal(0)


class Outcome(StrEnum):
    """What came of a case, as it stands now. Only the first three were decided."""

    WHOLE = "whole"
    PART = "part"
    NOT = "not"
    WITHDRAWN = "withdrawn"
    INADMISSIBLE = "inadmissible"
    MERGED = "merged"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Given:
    """What a driver, or a roaming partner, has from a case, gross, in the case's currency. Each is money of its own.

    ``credited`` on credit notes of the case, taken off what was open or given back; ``goodwill``; ``incident`` what an
    incident took back of its lines; ``lost`` chargebacks lost and not recovered, what was credited because of them included.
    ``paid_back`` is no fifth one: what of the first two went out as a refund and arrived. Neither is ``right``: what of the
    chargebacks a credit note says the driver was right about.
    """

    credited: Decimal = ZERO
    goodwill: Decimal = ZERO
    incident: Decimal = ZERO
    lost: Decimal = ZERO
    paid_back: Decimal = ZERO
    right: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        return self.credited + self.goodwill + self.incident + self.lost

    def __add__(self, other: "Given") -> "Given":
        return Given(
            self.credited + other.credited,
            self.goodwill + other.goodwill,
            self.incident + other.incident,
            self.lost + other.lost,
            self.paid_back + other.paid_back,
            self.right + other.right,
        )


@dataclass(frozen=True, slots=True)
class Times:
    """How long a case took by its log; None while it did not happen, or does not count.

    ``reply`` and ``reply_days`` (business days) to the first answer; ``resolution`` until it was resolved or closed, for
    good as far as is known: a case that was reopened goes on from its opening. ``in_time``: within the days given.
    """

    reply: timedelta | None = None
    reply_days: Fraction | None = None
    resolution: timedelta | None = None
    ended_at: datetime | None = None
    in_time: bool = False


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """One case. ``keys`` are what it is grouped by: dimension -> (key, label)."""

    pk: int
    number: str
    opened_at: datetime
    channel: str
    cause: str
    customer_kind: str
    state: State
    currency: str
    times: Times
    first_late: bool
    final_late: bool
    outcome: Outcome
    given: Given
    keys: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def counts(self) -> bool:
        """A merged case is the same complaint as the one it went into: that one counts."""
        return self.outcome is not Outcome.MERGED

    @property
    def is_upheld(self) -> bool:
        return self.outcome in (Outcome.WHOLE, Outcome.PART)

    @property
    def is_decided(self) -> bool:
        return self.is_upheld or self.outcome is Outcome.NOT


def times_of(log: Log, calendar: Calendar, days: int) -> Times:
    """Of a case's log. Clocks begin with the case, or with the earliest one merged into it before; ``days``: calendar days
    a resolution may take, counted as the clocks do."""
    opened = log[0].at
    answered = next((place for place, entry in enumerate(log) if entry.kind is Kind.REPLIED), None)
    reply: timedelta | None = None
    reply_days: Fraction | None = None
    if answered is not None:
        start, at = _start(log[:answered], opened), log[answered].at
        reply, reply_days = at - start, calendar.business_days(start, at)
    stood = stays(log)
    if stood[-1].state not in (State.RESOLVED, State.CLOSED):
        return Times(reply, reply_days)
    start, ended = _start(log, opened), _ended(stood)
    return Times(reply, reply_days, ended - start, ended, ended < calendar.end_of_days(start, days))


def _start(log: Log, opened: datetime) -> datetime:
    return min([opened, *(entry.since for entry in log if entry.kind is Kind.TOOK_OVER and entry.since)])


def _ended(stood: Sequence[Stay]) -> datetime:
    """When it came to where it is: a case that was resolved and then closed ended when it was resolved."""
    first = len(stood) - 1
    while first and stood[first - 1].state in ENDED:
        first -= 1
    return stood[first].start


def outcome_of(state: State, asked: Decimal, given: Decimal) -> Outcome:
    """``asked`` is what was claimed, else contested; ``given`` what was agreed and what an incident took back."""
    ends = {State.MERGED: Outcome.MERGED, State.WITHDRAWN: Outcome.WITHDRAWN, State.INADMISSIBLE: Outcome.INADMISSIBLE}
    if state in ends:
        return ends[state]
    if state not in ENDED:
        return Outcome.OPEN
    if not given:
        return Outcome.NOT
    return Outcome.WHOLE if given >= asked else Outcome.PART
