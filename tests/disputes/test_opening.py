"""A case is about what was charged to one driver; its lines are held, and only they."""

from datetime import timedelta
from decimal import Decimal

import pytest

from billing.contest_models import ContestedLine
from billing.reminders import reminders
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent, User
from disputes.models import Case, CaseCounter, CaseEvent
from disputes.operations.contacts import Contact
from disputes.operations.moves import move
from disputes.subjects import subjects_of_session
from disputes.workflow.states import Role, State
from memberships.models import Customer
from stations.models import Session
from tests.disputes.conftest import OPENED, everything, line_of, opened
from tests.documents.conftest import Operator, session
from tests.papers.test_reminders import days_after_due
from tests.payments.conftest import of


def test_a_case_takes_the_next_number_and_says_what_it_is_about(billed: Operator, agent: User) -> None:
    first = opened("M1", actor=agent)
    second = opened("B1", actor=agent, claimed_amount=Decimal("1.00"))

    assert (first.number, second.number) == ("D-00001", "D-00002")
    assert (first.state, first.customer, first.currency, first.contested_amount) == (
        "NEW",
        billed.customers["Ada"],
        "GBP",
        Decimal("4.94"),
    )
    assert [(i.session.external_id, i.line, i.gross_amount, i.is_open) for i in first.items.all()] == [
        ("M1", line_of("M1"), Decimal("4.94"), True)
    ]
    assert (first.turn, first.next_clock, first.next_due_at) == ("us", "first_reply", OPENED.replace(hour=16) + timedelta(days=2))
    assert [(e.kind, e.rule, e.to_state, e.role, e.actor) for e in first.events.all()] == [
        ("moved", "T1", "NEW", "agent", agent),
        ("acknowledged", "", "", "agent", agent),
    ]
    assert AuditEvent.objects.filter(action="case.open").count() == 2


def test_a_number_that_is_rolled_back_is_free_again(billed: Operator) -> None:
    with pytest.raises(UserError):
        opened("M1", claimed_amount=Decimal("4.95"))
    opened("M1")

    assert Case.objects.get().number == "D-00001"
    assert CaseCounter.objects.get().next_number == 2


def test_a_driver_who_opens_it_is_owed_the_number_within_a_minute(billed: Operator) -> None:
    case = opened("M1", role=Role.CUSTOMER)

    assert (case.next_clock, case.next_due_at) == ("acknowledge", OPENED + timedelta(minutes=1))


def test_a_session_on_no_document_can_be_contested(billed: Operator) -> None:
    billed.bring(session("N1", token="T-Ada"))
    subjects = subjects_of_session(Session.objects.get(external_id="N1"))
    case = opened("M1", subjects=subjects)

    assert (case.contested_amount, case.items.get().line) == (Decimal("4.00"), None)
    assert not ContestedLine.objects.exists()


def test_a_session_nobody_pays_for_can_not_be_contested(billed: Operator) -> None:
    billed.bring(session("H1"), mode="history")
    with pytest.raises(UserError, match="Nothing is charged for this session"):
        subjects_of_session(Session.objects.get(external_id="H1"))


REFUSED = {
    "somebody else's": ({"customer": None}, "subject_is_theirs"),
    "no reason": ({"cause": "SPITE"}, "cause"),
    "no channel": ({"channel": "PIGEON"}, "channel"),
    "no words": ({"statement": " \x00 "}, "statement"),
    "no address": ({"contact": Contact("Ada", "ada@")}, "contact_email"),
    "more than was charged": ({"claimed_amount": Decimal("4.95")}, "claimed_amount"),
    "a fraction of a penny": ({"claimed_amount": Decimal("1.005")}, "claimed_amount"),
    "nothing": ({"claimed_amount": Decimal(0)}, "claimed_amount"),
    "no number": ({"claimed_amount": Decimal("NaN")}, "claimed_amount"),
    "nothing chosen": ({"subjects": []}, "no_subject"),
    "by Finance": ({"role": Role.FINANCE}, "not_in_table"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_can_not_be_opened_changes_nothing(billed: Operator, what: str) -> None:
    given, code = REFUSED[what]
    before = everything()
    with pytest.raises(UserError, match=r"Nothing was changed\.") as error:
        opened("M1", **given)

    assert error.value.code == code
    assert everything() == before


def test_an_item_is_in_one_open_case_at_a_time(billed: Operator) -> None:
    first = opened("M1")
    whole = subjects_of_session(Session.objects.get(external_id="M1"))
    before = everything()
    for subjects in ({}, {"subjects": whole}):
        with pytest.raises(UserError, match=f"Case {first.number} about it is open. Write there."):
            opened("M1", **subjects)
    assert everything() == before

    move(case=first, target=State.WITHDRAWN, role=Role.CUSTOMER, actor=None, at=OPENED)
    assert opened("M1").number == "D-00002"


def test_only_the_contested_line_is_held_from_reminders(billed: Operator) -> None:
    """Ada's invoice is 5.07: M1 4.94 and M2 0.13."""
    Customer.objects.filter(name="Ada").update(email="ada@example.com")
    case = opened("M1")
    due, _ = reminders(billed.entity, days_after_due(7))
    assert [(one.document.number, one.open_amount) for one in due] == [(of("Ada").number, Decimal("0.13"))]

    opened("M2")
    due, others = reminders(billed.entity, days_after_due(7))
    assert due == []
    assert {one.why for one in others if one.document == of("Ada")} == {"What is open on it is contested: D-00001, D-00002."}

    move(case=case, target=State.WITHDRAWN, role=Role.CUSTOMER, actor=None, at=OPENED)
    due, _ = reminders(billed.entity, days_after_due(7))
    assert [one.open_amount for one in due] == [Decimal("4.94")]
    assert CaseEvent.objects.filter(case=case).last().rule == "T22"  # type: ignore[union-attr]
