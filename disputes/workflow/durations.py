"""How long each clock runs. A company may set its own; these are the defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from disputes.workflow.states import Clock, State


class Unit(StrEnum):
    MINUTES = "minutes"
    BUSINESS_DAYS = "business days"
    CALENDAR_DAYS = "calendar days"


M, B, K = Unit.MINUTES, Unit.BUSINESS_DAYS, Unit.CALENDAR_DAYS

UNITS: Mapping[Clock, Unit] = {
    Clock.ACKNOWLEDGE: M,
    Clock.FIRST_REPLY: B,
    Clock.INADMISSIBLE: K,
    Clock.TRIAGE: B,
    Clock.INVESTIGATE: B,
    Clock.FINAL_POSITION: K,
    Clock.AWAITING_CUSTOMER: K,
    Clock.OFFER: K,
    Clock.DEADLOCK: K,
    Clock.MEDIATION: K,
    Clock.EVIDENCE: K,
    Clock.AWARD: K,
    Clock.AWARD_ANSWER: K,
    Clock.EXECUTION: K,
    Clock.STUCK: B,
    Clock.SILENCE: K,
}
DEFAULTS: Mapping[Clock, int] = {
    Clock.ACKNOWLEDGE: 1,
    Clock.FIRST_REPLY: 2,
    Clock.INADMISSIBLE: 21,
    Clock.TRIAGE: 10,
    Clock.INVESTIGATE: 10,
    Clock.FINAL_POSITION: 56,
    Clock.AWAITING_CUSTOMER: 14,
    Clock.OFFER: 14,
    Clock.DEADLOCK: 28,
    Clock.MEDIATION: 30,
    Clock.EVIDENCE: 14,
    Clock.AWARD: 90,
    Clock.AWARD_ANSWER: 28,
    Clock.EXECUTION: 28,
    Clock.STUCK: 2,
    Clock.SILENCE: 14,
}
# What the driver is asked is repeated after so many calendar days; a resolved case can be reopened for so many.
REMINDER_DAYS, REOPENING_DAYS = 7, 30
# The clock that the driver runs down by not answering stops every one counted in business days.
PAUSED_IN = State.AWAITING_CUSTOMER


class Turn(StrEnum):
    """Who a case waits for."""

    US = "us"
    FINANCE = "finance"
    DRIVER = "driver"
    NEUTRAL = "neutral"
    NOBODY = "nobody"


TURNS: Mapping[State, Turn] = {
    State.NEW: Turn.US,
    State.TRIAGE: Turn.US,
    State.INVESTIGATING: Turn.US,
    State.AWAITING_CUSTOMER: Turn.DRIVER,
    State.OFFERED: Turn.DRIVER,
    State.DEADLOCK: Turn.DRIVER,
    State.AWARDED: Turn.DRIVER,
    State.MEDIATION: Turn.NEUTRAL,
    State.ARBITRATION: Turn.NEUTRAL,
    State.AGREED: Turn.US,
    State.EXECUTING: Turn.US,
    State.STUCK: Turn.FINANCE,
    **dict.fromkeys((State.RESOLVED, State.CLOSED, State.WITHDRAWN, State.INADMISSIBLE, State.MERGED), Turn.NOBODY),
}


@dataclass(frozen=True, slots=True)
class Durations:
    """``of``: clock -> its length in its unit, at least 1."""

    of: Mapping[Clock, int] = field(default_factory=lambda: dict(DEFAULTS))
    reminder_days: int = REMINDER_DAYS
    reopening_days: int = REOPENING_DAYS
