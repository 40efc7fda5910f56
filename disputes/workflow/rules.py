"""The table of moves. What is not in it is refused.

``guard`` is what has to hold in the words of the specification; ``guards`` are the predicates that say so. A neutral has
to be appointed for T11, T13 and T25 although the table does not say it: without one there is nobody to move to. Nor does it
say that no clock closes a case while an outside request is open (T16, T20, T24); what the driver does goes on.
"""

from dataclasses import dataclass

from disputes.workflow import guards as g
from disputes.workflow.states import Role, State

CUSTOMER, AGENT, SUPERVISOR, SYSTEM = Role.CUSTOMER, Role.AGENT, Role.SUPERVISOR, Role.SYSTEM
MEDIATOR, ARBITRATOR, FINANCE = Role.MEDIATOR, Role.ARBITRATOR, Role.FINANCE
NEW, TRIAGE, INVESTIGATING, AWAITING, OFFERED = (
    State.NEW,
    State.TRIAGE,
    State.INVESTIGATING,
    State.AWAITING_CUSTOMER,
    State.OFFERED,
)
DEADLOCK, MEDIATION, ARBITRATION, AWARDED, AGREED = (
    State.DEADLOCK,
    State.MEDIATION,
    State.ARBITRATION,
    State.AWARDED,
    State.AGREED,
)
EXECUTING, STUCK, RESOLVED, CLOSED = State.EXECUTING, State.STUCK, State.RESOLVED, State.CLOSED


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the specification: from each of ``sources`` (None: a new case) to ``target`` by each of ``roles``."""

    name: str
    sources: tuple[State | None, ...]
    target: State
    roles: tuple[Role, ...]
    guard: str = ""
    guards: tuple[g.Guard, ...] = ()


_SECOND_TEXT = "the second acceptance of the same text"
_ITEM = (g.subject_is_theirs, g.item_is_free, g.no_declined_award)
_OFFER = (g.is_priced_again, g.fits_refundable, g.is_within_limit_or_confirmed)
_TO_ARBITRATION = (g.neutral_is_appointed, g.file_is_complete, g.neutral_is_fresh)
_REOPENED = (g.has_new_facts, g.is_within_reopening, g.is_not_reopened_often, g.no_declined_award, g.item_is_free)
_FINAL = (g.final_position_ran_out, g.no_valid_offer)
_BEFORE_POSITION = (NEW, TRIAGE, INVESTIGATING, AWAITING, OFFERED)

RULES = (
    Rule(
        "T1",
        (None,),
        NEW,
        (CUSTOMER, AGENT, SUPERVISOR, SYSTEM),
        "subject belongs to the customer; no open case on the item; none on it ended by T16",
        _ITEM,
    ),
    Rule("T2", (NEW,), TRIAGE, (AGENT, SUPERVISOR, SYSTEM), "assigned", (g.is_assigned,)),
    Rule("T3", (NEW, TRIAGE), State.INADMISSIBLE, (SUPERVISOR,), "reason code and text", (g.has_reason,)),
    Rule(
        "T4",
        (NEW, TRIAGE),
        State.MERGED,
        (AGENT, SUPERVISOR),
        "same customer; target open",
        (g.merges_one_customer, g.merges_into_open),
    ),
    Rule("T5", (TRIAGE,), INVESTIGATING, (AGENT, SUPERVISOR, SYSTEM), "checks done or timed out", (g.checks_are_done,)),
    Rule("T6", (INVESTIGATING,), AWAITING, (AGENT, SUPERVISOR), "public question", (g.has_question,)),
    Rule("T6", (AWAITING,), INVESTIGATING, (CUSTOMER, AGENT, SUPERVISOR)),
    Rule("T6", (AWAITING,), INVESTIGATING, (SYSTEM,), "14 calendar days", (g.customer_ran_out,)),
    Rule(
        "T7",
        (INVESTIGATING,),
        OFFERED,
        (AGENT, SUPERVISOR),
        "priced again; sum <= refundable; above the limit a second person",
        _OFFER,
    ),
    Rule("T8", (OFFERED,), AGREED, (CUSTOMER,), "not expired; version matches", (g.offer_is_valid, g.offer_version_matches)),
    Rule("T9", (OFFERED,), INVESTIGATING, (CUSTOMER, AGENT, SUPERVISOR), "at most 2 rounds", (g.has_rounds_left,)),
    Rule(
        "T9",
        (OFFERED,),
        INVESTIGATING,
        (SYSTEM,),
        "offer expired; if T10 is due too, T10 only",
        (g.offer_ran_out, g.no_deadlock_due),
    ),
    Rule("T10", (OFFERED,), DEADLOCK, (CUSTOMER, SUPERVISOR), "declined", (g.is_declined,)),
    Rule("T10", (INVESTIGATING,), DEADLOCK, (SUPERVISOR,), "final position stands", (g.has_final_position,)),
    Rule("T10", _BEFORE_POSITION, DEADLOCK, (SYSTEM,), "56 calendar days; a valid offer is waited for", _FINAL),
    Rule("T10b", (DEADLOCK,), OFFERED, (SUPERVISOR,), "once", (g.is_first_after_deadlock,)),
    Rule(
        "T11",
        (DEADLOCK,),
        MEDIATION,
        (CUSTOMER, SUPERVISOR),
        "neutral has no earlier event on the case",
        (g.neutral_is_appointed, g.neutral_is_fresh),
    ),
    Rule("T12", (MEDIATION,), AGREED, (CUSTOMER, SUPERVISOR), _SECOND_TEXT, (g.other_side_accepted,)),
    Rule(
        "T13",
        (MEDIATION,),
        ARBITRATION,
        (CUSTOMER,),
        "file complete; arbitrator not among agent, supervisor, mediator of the case",
        _TO_ARBITRATION,
    ),
    Rule("T13", (MEDIATION,), ARBITRATION, (MEDIATOR,), "customer's consent; as above", (g.has_consent, *_TO_ARBITRATION)),
    Rule("T14", (ARBITRATION,), AWARDED, (ARBITRATOR,), "every claim decided with reasons", (g.every_claim_is_decided,)),
    Rule("T14b", (ARBITRATION,), AGREED, (CUSTOMER, SUPERVISOR), _SECOND_TEXT, (g.other_side_accepted,)),
    Rule("T15", (AWARDED,), AGREED, (CUSTOMER,), "accepts", (g.accepts_award,)),
    Rule("T16", (AWARDED,), CLOSED, (CUSTOMER,), "declines", (g.declines_award,)),
    Rule("T16", (AWARDED,), CLOSED, (SYSTEM,), "28 calendar days", (g.award_answer_ran_out, g.no_outside_request)),
    Rule(
        "T17",
        (AGREED,),
        EXECUTING,
        (SYSTEM,),
        "plan is idempotent; while chargeback rule C3 blocks, finance is alerted and the customer told",
        (g.plan_is_ready, g.no_chargeback_blocks),
    ),
    Rule("T18", (EXECUTING,), RESOLVED, (SYSTEM,), "all steps confirmed", (g.every_step_is_confirmed,)),
    Rule("T19", (EXECUTING,), STUCK, (SYSTEM,), "a step failed or unknown > 24 h", (g.step_has_failed,)),
    Rule("T19", (STUCK,), EXECUTING, (FINANCE,), "first attempt proven dead", (g.attempt_is_dead,)),
    Rule("T19b", (STUCK,), RESOLVED, (FINANCE,), "paid outside, with reference", (g.has_outside_reference,)),
    Rule("T20", (RESOLVED,), CLOSED, (SYSTEM,), "14 calendar days of silence", (g.silence_ran_out, g.no_outside_request)),
    Rule(
        "T21",
        (RESOLVED, CLOSED),
        INVESTIGATING,
        (CUSTOMER, SUPERVISOR),
        "new facts; <= 30 calendar days since RESOLVED; at most twice; not after T16; no other open case on the item",
        _REOPENED,
    ),
    Rule("T22", (*_BEFORE_POSITION, DEADLOCK, MEDIATION, ARBITRATION, AWARDED), State.WITHDRAWN, (CUSTOMER,)),
    Rule(
        "T23",
        _BEFORE_POSITION,
        AGREED,
        (AGENT,),
        "concedes in full within the agent's limit; an amount is set",
        (g.has_amount, g.is_full, g.is_within_limit),
    ),
    Rule(
        "T23",
        (*_BEFORE_POSITION, DEADLOCK, AWARDED),
        AGREED,
        (SUPERVISOR,),
        "concedes in full; above the limit a second person; an amount is set",
        (g.has_amount, g.is_full, g.is_within_limit_or_confirmed),
    ),
    Rule("T24", (DEADLOCK,), CLOSED, (SYSTEM,), "no request in 28 calendar days", (g.deadlock_ran_out, g.no_outside_request)),
    Rule(
        "T24",
        (MEDIATION,),
        CLOSED,
        (SYSTEM,),
        "mediator reports failure or 30 calendar days; no consent to go on",
        (g.mediation_is_over, g.no_consent, g.no_outside_request),
    ),
    Rule(
        "T25",
        (DEADLOCK,),
        ARBITRATION,
        (CUSTOMER,),
        "both declined mediation, or after T24b; as T13",
        (g.mediation_is_out, *_TO_ARBITRATION),
    ),
    Rule("T24b", (ARBITRATION,), DEADLOCK, (SYSTEM,), "no award in 90 calendar days", (g.award_ran_out,)),
)
