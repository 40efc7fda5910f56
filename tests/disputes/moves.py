"""The specification's table as it is written, and facts under which every guard holds."""

import csv
from decimal import Decimal
from pathlib import Path

from disputes.workflow.facts import Facts
from disputes.workflow.states import Clock

TABLE = Path(__file__).parent / "fixtures" / "transitions.csv"


def written() -> list[dict[str, str]]:
    with TABLE.open(newline="") as lines:
        return list(csv.DictReader(lines))


ALL_HOLDS = {
    "subject_is_theirs": True,
    "item_is_free": True,
    "award_stands": False,
    "new_facts": "The station's log shows a fault.",
    "within_reopening": True,
    "reopened": 0,
    "assigned": True,
    "reason_code": "not_ours",
    "reason": "The charge was another operator's.",
    "question": "Which car was it?",
    "merge_same_customer": True,
    "merge_target_open": True,
    "checks_done": True,
    "amount": Decimal("12.00"),
    "refundable": Decimal("12.00"),
    "claimed": Decimal("12.00"),
    "priced_again": True,
    "above_limit": False,
    "offer_version_matches": True,
    "offer_declined": True,
    "rounds": 1,
    "final_position": "We do not change this bill.",
    "offered_after_deadlock": False,
    "neutral_appointed": True,
    "neutral_is_fresh": True,
    "file_complete": True,
    "both_declined_mediation": True,
    "mediation_failed": True,
    "accepted_by_other": True,
    "every_claim_decided": True,
    "plan_is_ready": True,
    "chargeback_blocks": False,
    "every_step_confirmed": True,
    "step_failed": True,
    "attempt_is_dead": True,
    "outside_request": "",
    "outside_reference": "bank transfer 42",
    "ran_out": frozenset(Clock),
}
# Guards that contradict each other hold for different moves.
PER_RULE = {
    "T8": {"offer_is_valid": True},
    "T9": {"ran_out": frozenset(Clock) - {Clock.FINAL_POSITION}},
    "T13": {"consent": True},
    "T15": {"award_answer": "accepts"},
    "T16": {"award_answer": "declines"},
}


def holding(rule: str) -> Facts:
    return Facts(**{**ALL_HOLDS, **PER_RULE.get(rule, {})})  # type: ignore[arg-type]
