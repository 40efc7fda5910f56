"""What has to hold before a move: each guard answers "" when it does, and otherwise says what is missing and what to do."""

from collections.abc import Callable

from disputes.workflow.facts import Facts
from disputes.workflow.states import Clock

Guard = Callable[[Facts], str]

ROUNDS = 2
REOPENINGS = 2
NO_BODY = "the consumer body of the driver's country"


def _unless(holds: bool, refusal: str) -> str:
    return "" if holds else refusal


# Opening and reopening.
def subject_is_theirs(facts: Facts) -> str:
    return _unless(facts.subject_is_theirs, "This charge does not belong to that driver. Open the case for whoever was billed.")


def item_is_free(facts: Facts) -> str:
    other = f"Case {facts.open_case} about it" if facts.open_case else "Another case about it"
    return _unless(facts.item_is_free, f"{other} is open. Write there.")


def no_declined_award(facts: Facts) -> str:
    return _unless(not facts.award_stands, "An award about it was declined. ChargeBill can't open it again: a court can.")


def has_new_facts(facts: Facts) -> str:
    return _unless(bool(facts.new_facts.strip()), "Say what is new since the case was resolved.")


def is_within_reopening(facts: Facts) -> str:
    return _unless(facts.within_reopening, "The time to reopen it is over. Open a new case if there is something new.")


def is_not_reopened_often(facts: Facts) -> str:
    return _unless(facts.reopened is not None and facts.reopened < REOPENINGS, "It was reopened twice already.")


# What the person who moves it says.
def is_assigned(facts: Facts) -> str:
    return _unless(facts.assigned, "Nobody looks after this case yet. Assign it first.")


def has_reason(facts: Facts) -> str:
    given = bool(facts.reason_code and facts.reason.strip())
    return _unless(given, "Choose why it is not admissible, and write the reason the driver will read.")


def merges_one_customer(facts: Facts) -> str:
    return _unless(facts.merge_same_customer, "The other case is another customer's. Only cases of one customer are merged.")


def merges_into_open(facts: Facts) -> str:
    return _unless(facts.merge_target_open, "The other case is not open. Choose an open one.")


def checks_are_done(facts: Facts) -> str:
    return _unless(facts.checks_done, "The checks are still running. They take a few minutes at most: try again then.")


def has_question(facts: Facts) -> str:
    return _unless(bool(facts.question.strip()), "Write the question the driver is to answer.")


# Offers.
def is_priced_again(facts: Facts) -> str:
    return _unless(facts.priced_again, "The amount is from an older price. Have it priced again.")


def fits_refundable(facts: Facts) -> str:
    if facts.amount is None or facts.refundable is None:
        return "Name the amount."
    return _unless(facts.amount <= facts.refundable, f"No more than {facts.refundable} can be given back for this item.")


def is_within_limit_or_confirmed(facts: Facts) -> str:
    return _unless(not facts.above_limit or facts.second_person, "The amount is above the limit. A second person has to agree.")


def is_within_limit(facts: Facts) -> str:
    return _unless(not facts.above_limit, "The amount is above your limit. A supervisor can concede it.")


def is_full(facts: Facts) -> str:
    full = facts.amount is not None and facts.claimed is not None and facts.amount == facts.claimed
    return _unless(full, "This gives the driver all that was claimed. For another amount make an offer.")


def has_amount(facts: Facts) -> str:
    return _unless(facts.amount is not None, "Set the amount that is claimed first.")


def offer_is_valid(facts: Facts) -> str:
    return _unless(facts.offer_is_valid, "The offer is no longer valid.")


def offer_version_matches(facts: Facts) -> str:
    return _unless(facts.offer_version_matches, "The offer has changed since. Read the new one.")


def has_rounds_left(facts: Facts) -> str:
    left = facts.rounds is not None and facts.rounds < ROUNDS
    return _unless(left, "It went back to the investigation twice already. The offer is accepted or declined now.")


def offer_ran_out(facts: Facts) -> str:
    return _unless(Clock.OFFER in facts.ran_out, "The offer is still valid.")


def no_deadlock_due(facts: Facts) -> str:
    return _unless(Clock.FINAL_POSITION not in facts.ran_out, "The time for a final position is over: it goes to deadlock.")


def is_declined(facts: Facts) -> str:
    return _unless(facts.offer_declined, "The offer was not declined.")


def has_final_position(facts: Facts) -> str:
    return _unless(bool(facts.final_position.strip()), "Write the final position the driver will read.")


def final_position_ran_out(facts: Facts) -> str:
    return _unless(Clock.FINAL_POSITION in facts.ran_out, "There is still time for a final position.")


def no_valid_offer(facts: Facts) -> str:
    return _unless(not facts.offer_is_valid, "An offer is still valid; it is waited for.")


def is_first_after_deadlock(facts: Facts) -> str:
    return _unless(not facts.offered_after_deadlock, "An offer out of deadlock is made once, and it was made.")


# Neutrals and awards.
def neutral_is_appointed(facts: Facts) -> str:
    bodies = " or ".join(facts.outside_bodies) or NO_BODY
    return _unless(facts.neutral_appointed, f"No neutral person is appointed here. The driver can turn to {bodies}.")


def neutral_is_fresh(facts: Facts) -> str:
    return _unless(facts.neutral_is_fresh, "That person had to do with this case before. Choose somebody else.")


def file_is_complete(facts: Facts) -> str:
    return _unless(facts.file_complete, "The file is not complete yet. Add what is missing first.")


def has_consent(facts: Facts) -> str:
    return _unless(facts.consent, "The driver has not agreed to arbitration.")


def mediation_is_out(facts: Facts) -> str:
    out = facts.both_declined_mediation or facts.arbitration_timed_out
    return _unless(out, "Mediation comes first, unless both sides declined it.")


def other_side_accepted(facts: Facts) -> str:
    return _unless(facts.accepted_by_other, "The other side has not accepted this text. Your acceptance is kept.")


def every_claim_is_decided(facts: Facts) -> str:
    return _unless(facts.every_claim_decided, "Decide every claim, with reasons.")


def accepts_award(facts: Facts) -> str:
    return _unless(facts.award_answer == "accepts", "Say that the award is accepted.")


def declines_award(facts: Facts) -> str:
    return _unless(facts.award_answer == "declines", "Say that the award is declined.")


def award_answer_ran_out(facts: Facts) -> str:
    return _unless(Clock.AWARD_ANSWER in facts.ran_out, "The driver can still accept the award.")


def award_ran_out(facts: Facts) -> str:
    return _unless(Clock.AWARD in facts.ran_out, "There is still time for the award.")


def deadlock_ran_out(facts: Facts) -> str:
    return _unless(Clock.DEADLOCK in facts.ran_out, "The driver can still ask for an independent review.")


def mediation_is_over(facts: Facts) -> str:
    return _unless(facts.mediation_failed or Clock.MEDIATION in facts.ran_out, "The mediation is not over.")


def no_consent(facts: Facts) -> str:
    return _unless(not facts.consent, "The driver has agreed to arbitration: it goes on there.")


# Execution and the end.
def plan_is_ready(facts: Facts) -> str:
    return _unless(facts.plan_is_ready, "What is to be done is not written down yet, so it could be done twice.")


def no_chargeback_blocks(facts: Facts) -> str:
    blocked = "The card's bank has taken the money back: a refund would pay it twice. Finance decides how to go on."
    return _unless(not facts.chargeback_blocks, blocked)


def every_step_is_confirmed(facts: Facts) -> str:
    return _unless(facts.every_step_confirmed, "Not every step is confirmed.")


def step_has_failed(facts: Facts) -> str:
    return _unless(facts.step_failed, "No step has failed.")


def attempt_is_dead(facts: Facts) -> str:
    return _unless(facts.attempt_is_dead, "The first attempt may still arrive. Find out that it can't, then try again.")


def has_outside_reference(facts: Facts) -> str:
    return _unless(bool(facts.outside_reference.strip()), "Give the reference of the payment made outside.")


def customer_ran_out(facts: Facts) -> str:
    return _unless(Clock.AWAITING_CUSTOMER in facts.ran_out, "The driver can still answer.")


def no_outside_request(facts: Facts) -> str:
    who = facts.outside_request or "an outside request"
    return _unless(facts.outside_request == "", f"It stays open until {who} is answered.")


def silence_ran_out(facts: Facts) -> str:
    return _unless(Clock.SILENCE in facts.ran_out, "It is not quiet for long enough.")
