"""Gathers what the guards of a move look at. Call with the case locked."""

from dataclasses import dataclass, field
from datetime import datetime

from disputes.clocks import History, running_of
from disputes.desk import Desk
from disputes.models import Case
from disputes.workflow.clocks import ran_out
from disputes.workflow.facts import Facts
from disputes.workflow.states import ENDED, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What whoever moves a case says: ``text`` the driver reads, ``reason`` stays here, ``code`` names a reason of a list.

    ``into`` is the case it is merged into, locked by the caller, too.
    """

    text: str = ""
    reason: str = ""
    code: str = ""
    into: Case | None = field(default=None)


def facts_of(*, case: Case, said: Said, history: History, desk: Desk, at: datetime) -> Facts:
    """Offers, neutrals, awards and execution have no records: their guards refuse."""
    into = said.into
    return Facts(
        assigned=case.assignee_id is not None,
        reason_code=said.code,
        reason=said.text,
        question=said.text,
        final_position=said.text,
        merge_same_customer=into is not None and are_one_customers(case, into),
        merge_target_open=into is not None and into.pk != case.pk and State(into.state) not in ENDED,
        # They run in the transaction that opens the case.
        checks_done=True,
        amount=case.claimed_amount,
        claimed=case.claimed_amount,
        outside_bodies=desk.outside_bodies,
        ran_out=ran_out(running_of(history, desk), at),
    )


def are_one_customers(one: Case, other: Case) -> bool:
    """Of one company, and billed to the same customer; drivers nobody knows are the same by their e-mail address."""
    if (one.entity_id, one.customer_id) != (other.entity_id, other.customer_id):
        return False
    known = one.customer_id is not None
    return known or bool(one.contact_email and one.contact_email.casefold() == other.contact_email.casefold())
