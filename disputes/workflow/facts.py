"""What the guards of a move look at, gathered before it under the case's lock."""

from dataclasses import dataclass
from decimal import Decimal

from disputes.workflow.states import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Plain values. What nobody looked at has its default, and every default refuses. Amounts in the case's currency."""

    # Opening and reopening.
    subject_is_theirs: bool = False
    item_is_free: bool = False
    open_case: str = ""  # the number of the case that takes the item, to name it
    award_stands: bool = True  # a case on the item ended because an award was declined (T16)
    new_facts: str = ""
    within_reopening: bool = False
    reopened: int | None = None  # how often already

    # What the person who moves it says.
    assigned: bool = False
    reason_code: str = ""
    reason: str = ""
    question: str = ""
    merge_same_customer: bool = False
    merge_target_open: bool = False
    checks_done: bool = False  # or timed out

    # Offers.
    amount: Decimal | None = None
    refundable: Decimal | None = None
    claimed: Decimal | None = None
    priced_again: bool = False
    above_limit: bool = True
    second_person: bool = False
    offer_is_valid: bool = False
    offer_version_matches: bool = False
    offer_declined: bool = False
    rounds: int | None = None  # T9, how often already
    final_position: str = ""
    offered_after_deadlock: bool = True

    # Neutrals and awards.
    neutral_appointed: bool = False
    neutral_is_fresh: bool = False  # no earlier event on the case, not its agent, supervisor or mediator
    outside_bodies: tuple[str, ...] = ()
    file_complete: bool = False
    consent: bool = False  # the driver's, to arbitration
    both_declined_mediation: bool = False
    arbitration_timed_out: bool = False  # T24b
    mediation_failed: bool = False
    accepted_by_other: bool = False  # the same text
    every_claim_decided: bool = False
    award_answer: str = ""  # "accepts" or "declines"

    # Execution.
    plan_is_ready: bool = False
    chargeback_blocks: bool = True
    every_step_confirmed: bool = False
    step_failed: bool = False  # or unknown for more than a day
    attempt_is_dead: bool = False
    outside_reference: str = ""

    # Ending.
    outside_request: str | None = None  # the open request that keeps it open, to name it; "" when there is none

    # Clocks that have run out.
    ran_out: frozenset[Clock] = frozenset()
