"""Where a case can stand, who can move it, and the clocks that run on it."""

from enum import StrEnum


class State(StrEnum):
    NEW = "NEW"
    TRIAGE = "TRIAGE"
    INADMISSIBLE = "INADMISSIBLE"
    MERGED = "MERGED"
    INVESTIGATING = "INVESTIGATING"
    AWAITING_CUSTOMER = "AWAITING_CUSTOMER"
    OFFERED = "OFFERED"
    AGREED = "AGREED"
    DEADLOCK = "DEADLOCK"
    MEDIATION = "MEDIATION"
    ARBITRATION = "ARBITRATION"
    AWARDED = "AWARDED"
    EXECUTING = "EXECUTING"
    STUCK = "STUCK"
    RESOLVED = "RESOLVED"
    CLOSED = "CLOSED"
    WITHDRAWN = "WITHDRAWN"


class Role(StrEnum):
    CUSTOMER = "customer"
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    MEDIATOR = "mediator"
    ARBITRATOR = "arbitrator"
    FINANCE = "finance"
    SYSTEM = "system"


# One word for a state everywhere.
STATE_WORDS = {
    State.NEW: "new",
    State.TRIAGE: "being sorted",
    State.INADMISSIBLE: "not admissible",
    State.MERGED: "merged",
    State.INVESTIGATING: "being investigated",
    State.AWAITING_CUSTOMER: "waiting for the driver",
    State.OFFERED: "offered",
    State.AGREED: "agreed",
    State.DEADLOCK: "in deadlock",
    State.MEDIATION: "in mediation",
    State.ARBITRATION: "in arbitration",
    State.AWARDED: "awarded",
    State.EXECUTING: "being put right",
    State.STUCK: "stuck",
    State.RESOLVED: "resolved",
    State.CLOSED: "closed",
    State.WITHDRAWN: "withdrawn",
}
ROLE_WORDS = {
    Role.CUSTOMER: "the driver",
    Role.AGENT: "a dispute agent",
    Role.SUPERVISOR: "a dispute supervisor",
    Role.MEDIATOR: "the mediator",
    Role.ARBITRATOR: "the arbitrator",
    Role.FINANCE: "Finance",
    Role.SYSTEM: "ChargeBill itself",
}

# Entering one of these ends the hold on the contested items.
LIFTS_HOLD = frozenset({State.RESOLVED, State.CLOSED, State.WITHDRAWN, State.INADMISSIBLE})
# No case is open in these: another one on the same item may be opened. RESOLVED still waits for the driver's silence.
ENDED = frozenset({State.CLOSED, State.WITHDRAWN, State.INADMISSIBLE, State.MERGED, State.RESOLVED})
# From these a case can be taken up again (T21): what it is about is held anew.
REOPENED_FROM = frozenset({State.RESOLVED, State.CLOSED})


class Clock(StrEnum):
    """A deadline that runs while a case stands somewhere."""

    ACKNOWLEDGE = "acknowledge"
    FIRST_REPLY = "first_reply"
    INADMISSIBLE = "inadmissible"
    TRIAGE = "triage"
    INVESTIGATE = "investigate"
    FINAL_POSITION = "final_position"
    AWAITING_CUSTOMER = "awaiting_customer"
    OFFER = "offer"
    DEADLOCK = "deadlock"
    MEDIATION = "mediation"
    EVIDENCE = "evidence"
    AWARD = "award"
    AWARD_ANSWER = "award_answer"
    EXECUTION = "execution"
    STUCK = "stuck"
    SILENCE = "silence"
