"""Gathers what the guards of a move look at. Call with the case locked."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from billing.operations.second_person import is_above_limit
from disputes.chargeback_queries import blocks
from disputes.clocks import History, running_of
from disputes.desk import Desk
from disputes.execution import progress_of
from disputes.models import Case, CaseEvent
from disputes.offers import Open, current_offer, open_items, rounds_of
from disputes.outcome_models import Offer, OfferPart
from disputes.outside_queries import keeping_open
from disputes.subjects import after_declined_award, are_about_the_same, taken
from disputes.workflow.clocks import ran_out
from disputes.workflow.facts import Facts
from disputes.workflow.log import stays
from disputes.workflow.states import ENDED, REOPENED_FROM, Clock, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What whoever moves a case says: ``text`` the driver reads, ``reason`` stays here, ``code`` names a reason of a list.

    ``into`` is the case it is merged into, locked by the caller, too. ``offer`` is the answer that is made or conceded;
    ``version`` the one the driver read who accepts, ``declines`` says no to it. ``reference`` is of a payment made outside.
    """

    text: str = ""
    reason: str = ""
    code: str = ""
    into: Case | None = field(default=None)
    offer: Offer | None = field(default=None)
    version: int | None = None
    declines: bool = False
    reference: str = ""


def facts_of(*, case: Case, said: Said, history: History, desk: Desk, at: datetime) -> Facts:
    """Neutrals and awards have no records: their guards refuse."""
    into, out = said.into, ran_out(running_of(history, desk), at)
    again = _reopening(case, said, history, desk, at) if State(case.state) in REOPENED_FROM else {}
    facts = Facts(
        assigned=case.assignee_id is not None,
        reason_code=said.code,
        reason=said.text,
        question=said.text,
        final_position=said.text,
        merge_same_customer=into is not None and are_one_customers(case, into),
        merge_target_open=into is not None and into.pk != case.pk and State(into.state) not in ENDED,
        # They run in the transaction that opens the case.
        checks_done=True,
        claimed=case.claimed_amount,
        outside_bodies=desk.outside_bodies,
        outside_request=next(map(str, keeping_open(case)), ""),
        ran_out=out,
        **again,
    )
    progress = progress_of(case, at)
    execution = {
        "plan_is_ready": progress.is_planned,
        "chargeback_blocks": blocks(case),
        "every_step_confirmed": progress.is_confirmed,
        "step_failed": bool(progress.problem),
        "attempt_is_dead": progress.is_dead,
        "outside_reference": said.reference,
    }
    return replace(facts, **_of_offers(case, said, out), **execution)  # type: ignore[arg-type]


def _of_offers(case: Case, said: Said, out: frozenset[Clock]) -> dict[str, Any]:
    """What guards of offers look at: the one that is made, and the one on the table."""
    found: dict[str, Any] = {
        "amount": case.claimed_amount,
        "offer_declined": said.declines,
        "rounds": rounds_of(case),
        "offered_after_deadlock": case.events.filter(kind=CaseEvent.Kind.MOVED, rule="T10b").exists(),
    }
    if case.state == State.OFFERED:
        current = current_offer(case)
        found["offer_is_valid"] = Clock.OFFER not in out
        found["offer_version_matches"] = current is not None and current.version == said.version
    if offer := said.offer:
        left = {one.item.pk: one for one in open_items(case)}
        parts = list(offer.parts.select_related("line"))
        found |= {
            "amount": offer.amount,
            "refundable": sum((one.left_gross for one in left.values()), Decimal(0)),
            "priced_again": all(_is_priced(part, left[part.item_id]) for part in parts),
            "above_limit": is_above_limit(case.entity, [offer.amount]),
            "second_person": offer.needs_second and offer.counts,
        }
    return found


def _is_priced(part: OfferPart, now: Open) -> bool:
    """Whether as much is left on the line as when the part was priced."""
    return part.line == now.line and part.left_amount == now.left_gross


def _reopening(case: Case, said: Said, history: History, desk: Desk, at: datetime) -> dict[str, Any]:
    """What reopening asks for. A case that was closed without ever being resolved has no time to be reopened in."""
    stood = stays(history.log)
    resolved = [stay.start for stay in stood if stay.state is State.RESOLVED]
    items = list(case.items.order_by("pk"))
    session_ids = [item.session_id for item in items]
    others = [other for other in taken(session_ids) if other.case_id != case.pk]
    blocking = next((other for item in items for other in others if are_about_the_same(item, other)), None)
    return {
        "new_facts": said.text,
        "within_reopening": bool(resolved) and at < desk.calendar.end_of_days(resolved[-1], desk.durations.reopening_days),
        "reopened": sum(before.state in REOPENED_FROM for before, _ in pairwise(stood)),
        "item_is_free": blocking is None,
        "open_case": blocking.case.number if blocking else "",
        "award_stands": Case.objects.filter(after_declined_award(session_ids)).exists(),
    }


def are_one_customers(one: Case, other: Case) -> bool:
    """Of one company, and billed to the same customer; drivers nobody knows are the same by their e-mail address."""
    if (one.entity_id, one.customer_id) != (other.entity_id, other.customer_id):
        return False
    known = one.customer_id is not None
    return known or bool(one.contact_email and one.contact_email.casefold() == other.contact_email.casefold())
