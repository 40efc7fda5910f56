"""What the company answers about money: offered, agreed to by a second person, accepted or declined, conceded in full."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from billing.document_models import DocumentLine
from billing.review_models import CheckSettings
from chargebill.core.errors import UserError
from chargebill.core.models import User
from disputes.facts import Said
from disputes.models import Case
from disputes.offers import current_offer, offer_clock, open_items, waiting_offer
from disputes.operations.clock_steps import ring_clocks
from disputes.operations.contacts import Contact
from disputes.operations.moves import move
from disputes.operations.offers import Terms, accept_offer, answer, confirm_offer, decline_offer
from disputes.operations.opening import open_case
from disputes.operations.thread import assign
from disputes.outcome_models import ExecutionStep, Offer
from disputes.subjects import Subject, subjects_of_session
from disputes.workflow.states import Role, State
from stations.models import Session
from tests.disputes.conftest import OPENED, Operator, everything, line_of, opened

LATER = OPENED + timedelta(hours=3)


def investigated(agent: User, *numbers: str, **more: Any) -> Case:
    case = opened(*(numbers or ("A1",)), actor=agent, **more)
    assign(cases=[case], assignee=agent, role=Role.AGENT, actor=agent, at=OPENED)
    return move(case=case, target=State.INVESTIGATING, role=Role.AGENT, actor=agent, at=OPENED)


def opened_about(subjects: Sequence[Subject], agent: User) -> Case:
    """An investigated case about what may be on no document."""
    case = open_case(
        subjects=subjects, customer=subjects[0].customer, contact=Contact("Ada", "ada@example.com", "en"), channel="PHONE",
        cause="ENERGY", statement="Too much.", claimed_amount=None, role=Role.AGENT, actor=agent, at=OPENED,
    )  # fmt: skip
    assign(cases=[case], assignee=agent, role=Role.AGENT, actor=agent, at=OPENED)
    return move(case=case, target=State.INVESTIGATING, role=Role.AGENT, actor=agent, at=OPENED)


def terms(case: Case, amount: str | None = None, **more: Any) -> Terms:
    """The amount for the first item, or nothing."""
    (first, *_) = open_items(case)
    given: dict[str, Any] = {
        "kind": "OFFER", "amounts": {first.item.pk: Decimal(amount)} if amount else {},
        "letter": "We take off what the meter does not show.", "reason": "meter", **more,
    }  # fmt: skip
    return Terms(**given)


def offered(agent: User, amount: str | None = "0.50", **more: Any) -> tuple[Case, Offer]:
    case = investigated(agent)
    offer = answer(case=case, terms=terms(case, amount, **more), role=Role.AGENT, actor=agent, at=LATER)
    return Case.objects.get(pk=case.pk), offer


def refused(code: str) -> Any:
    return pytest.raises(UserError, check=lambda error: error.code == code)


def limit(case_or_line: Case | DocumentLine, amount: str) -> None:
    entity = case_or_line.entity_id if isinstance(case_or_line, Case) else case_or_line.document.entity_id
    CheckSettings.objects.update_or_create(entity_id=entity, defaults={"four_eyes_above": Decimal(amount)})


def test_an_offer_stands_in_the_thread_and_is_valid_for_fourteen_days(billed: Operator, agent: User) -> None:
    case, offer = offered(agent)

    assert (case.state, offer.version, offer.amount, offer.needs_second) == ("OFFERED", 1, Decimal("0.50"), False)
    assert case.messages.order_by("pk").last().body == "We take off what the meter does not show."
    assert case.next_clock == "offer"
    assert current_offer(case) == offer
    # Fourteen whole days after the ninth of October, which is not counted, in London.
    assert offer_clock(case) == datetime(2018, 10, 23, 23, tzinfo=UTC)


def test_nothing_more_than_what_is_left_is_given_and_nothing_of_others(billed: Operator, agent: User) -> None:
    case = investigated(agent)
    (one,) = open_items(case)
    before = everything()
    with refused("amount") as more:
        answer(case=case, terms=terms(case, f"{one.left_fixed + Decimal('0.01'):f}"), role=Role.AGENT, actor=agent, at=LATER)
    assert f"At most GBP {one.left_fixed:.2f}" in more.value.message
    with refused("amount"):
        answer(case=case, terms=terms(case, "0.005"), role=Role.AGENT, actor=agent, at=LATER)
    with refused("amount"):
        answer(case=case, terms=terms(case, amounts={99: Decimal(1)}), role=Role.AGENT, actor=agent, at=LATER)
    with refused("letter"):
        answer(case=case, terms=terms(case, "0.50", letter=" "), role=Role.AGENT, actor=agent, at=LATER)
    with refused("given_as"):
        answer(case=case, terms=terms(case, "0.50", given_as="CREDIT"), role=Role.AGENT, actor=agent, at=LATER)
    assert everything() == before
    assert not Offer.objects.exists()


def test_goodwill_for_what_is_on_no_document_is_whole_pennies(month: Operator, agent: User) -> None:
    case = opened_about(subjects_of_session(Session.objects.get(external_id="M1")), agent)
    with refused("not_billed"):
        answer(case=case, terms=terms(case, "1.00"), role=Role.AGENT, actor=agent, at=LATER)
    with refused("amount"):
        answer(case=case, terms=terms(case, "0.005", way="GOODWILL"), role=Role.AGENT, actor=agent, at=LATER)
    offer = answer(case=case, terms=terms(case, "1.00", way="GOODWILL"), role=Role.AGENT, actor=agent, at=LATER)
    assert (offer.amount, offer.parts.get().line) == (Decimal("1.00"), None)


def test_a_refusal_is_a_decision_of_zero(billed: Operator, agent: User) -> None:
    case, offer = offered(agent, None)
    assert (case.state, offer.amount, offer.is_decision) == ("OFFERED", 0, True)


def test_above_the_limit_nothing_moves_before_somebody_else_agrees(billed: Operator, agent: User, supervisor: User) -> None:
    limit(line_of("A1"), "0.40")
    case, offer = offered(agent)
    assert (case.state, offer.waits, waiting_offer(case), current_offer(case)) == ("INVESTIGATING", True, offer, None)
    with refused("offer_waits"):
        answer(case=case, terms=terms(case, "0.30"), role=Role.AGENT, actor=agent, at=LATER)
    with refused("own_decision"):
        confirm_offer(offer=offer, accepted=True, actor=agent, at=LATER)
    assert Case.objects.get(pk=case.pk).state == "INVESTIGATING"

    confirm_offer(offer=offer, accepted=True, actor=supervisor, at=LATER)
    case = Case.objects.get(pk=case.pk)
    assert (case.state, current_offer(case)) == ("OFFERED", offer)
    with refused("offer_outdated"):
        confirm_offer(offer=offer, accepted=True, actor=supervisor, at=LATER)


def test_what_a_second_person_refused_is_never_offered(billed: Operator, agent: User, supervisor: User) -> None:
    limit(line_of("A1"), "0.40")
    case, offer = offered(agent)
    confirm_offer(offer=offer, accepted=False, actor=supervisor, at=LATER)
    assert (Case.objects.get(pk=case.pk).state, waiting_offer(case), current_offer(case)) == ("INVESTIGATING", None, None)
    second = answer(case=case, terms=terms(case, "0.30"), role=Role.AGENT, actor=agent, at=LATER)
    assert second.version == 2


def test_what_was_prepared_before_the_case_moved_counts_no_more(billed: Operator, agent: User, supervisor: User) -> None:
    limit(line_of("A1"), "0.40")
    case, offer = offered(agent)
    move(case=case, target=State.WITHDRAWN, role=Role.CUSTOMER, actor=None, at=LATER)
    with refused("offer_outdated"):
        confirm_offer(offer=offer, accepted=True, actor=supervisor, at=LATER)


def test_the_driver_accepts_the_version_that_was_read_and_what_is_to_be_done_is_written_down(
    billed: Operator, agent: User
) -> None:
    case, _offer = offered(agent)
    with refused("offer_version_matches"):
        accept_offer(case=case, version=2, at=LATER)
    with refused("offer_is_valid"):
        accept_offer(case=case, version=1, at=LATER + timedelta(days=20))
    accept_offer(case=case, version=1, at=LATER)
    again = accept_offer(case=case, version=1, at=LATER)

    line = line_of("A1")
    steps = [(step.kind, step.document_id, step.amounts, step.state) for step in ExecutionStep.objects.all()]
    assert steps == [("CREDIT", line.document_id, {str(line.pk): "0.500"}, "WAITING"), ("RETURN", None, {}, "WAITING")]
    assert again.state == "AGREED"
    assert again.events.filter(rule="T8").count() == 1


def test_declined_it_is_a_deadlock_with_the_way_out(billed: Operator, agent: User) -> None:
    case, _ = offered(agent)
    with refused("offer_version_matches"):
        decline_offer(case=case, version=7, text="", at=LATER)
    case = decline_offer(case=case, version=1, text="That is not enough.", at=LATER)
    said = [(message.kind, message.body.split("\n")[0]) for message in case.messages.order_by("pk")]
    assert case.state == "DEADLOCK"
    assert said[-2:] == [("FROM_DRIVER", "That is not enough."), ("TO_DRIVER", "Hello,")]
    assert "Citizens Advice" in case.messages.order_by("pk").last().body


def test_it_goes_back_twice_with_something_to_add_and_no_third_time(billed: Operator, agent: User) -> None:
    case, _ = offered(agent)
    for round_no in (1, 2):
        said = Said(text=f"Something new, {round_no}.")
        case = move(case=case, target=State.INVESTIGATING, role=Role.CUSTOMER, actor=None, at=LATER, said=said)
        answer(case=case, terms=terms(case, "0.60"), role=Role.AGENT, actor=agent, at=LATER)
    with refused("has_rounds_left"):
        move(case=case, target=State.INVESTIGATING, role=Role.CUSTOMER, actor=None, at=LATER, said=Said(text="More."))


def test_an_offer_nobody_answers_comes_back_by_itself(billed: Operator, agent: User) -> None:
    case, _ = offered(agent)
    case = ring_clocks(case=case, at=LATER + timedelta(days=16))
    assert (case.state, case.events.order_by("-seq")[0].rule) == ("INVESTIGATING", "T9")


def test_out_of_a_deadlock_one_more_offer_is_made(billed: Operator, agent: User, supervisor: User) -> None:
    case, _ = offered(agent)
    decline_offer(case=case, version=1, text="", at=LATER)
    with refused("not_in_table"):
        answer(case=case, terms=terms(case, "0.60"), role=Role.AGENT, actor=agent, at=LATER)
    answer(case=case, terms=terms(case, "0.60"), role=Role.SUPERVISOR, actor=supervisor, at=LATER)
    decline_offer(case=case, version=2, text="", at=LATER)
    with refused("is_first_after_deadlock"):
        answer(case=case, terms=terms(case, "0.70"), role=Role.SUPERVISOR, actor=supervisor, at=LATER)


def test_an_agent_concedes_what_is_claimed_at_once_within_the_limit(billed: Operator, agent: User) -> None:
    case = investigated(agent, claimed_amount=Decimal("0.50"))
    concede = {"kind": "CONCESSION", "letter": "You are right.", "reason": "meter"}
    with refused("is_full"):
        answer(case=case, terms=terms(case, "0.40", **concede), role=Role.AGENT, actor=agent, at=LATER)
    limit(line_of("A1"), "0.40")
    with refused("is_within_limit"):
        answer(case=case, terms=terms(case, "0.50", **concede), role=Role.AGENT, actor=agent, at=LATER)
    limit(line_of("A1"), "0.50")
    answer(case=case, terms=terms(case, "0.50", **concede), role=Role.AGENT, actor=agent, at=LATER)
    case = Case.objects.get(pk=case.pk)
    assert (case.state, case.events.order_by("-seq")[0].rule) == ("AGREED", "T23")


def test_a_supervisor_concedes_above_the_limit_with_a_second_person(
    billed: Operator, agent: User, supervisor: User, staff: Callable[[str], User]
) -> None:
    limit(line_of("A1"), "0.40")
    case = investigated(agent, claimed_amount=Decimal("0.50"))
    concede = terms(case, "0.50", kind="CONCESSION", letter="You are right.", reason="meter")
    offer = answer(case=case, terms=concede, role=Role.SUPERVISOR, actor=supervisor, at=LATER)
    assert Case.objects.get(pk=case.pk).state == "INVESTIGATING"
    confirm_offer(offer=offer, accepted=True, actor=staff("Finance"), at=LATER)
    assert Case.objects.get(pk=case.pk).state == "AGREED"


def test_what_is_offered_never_changes(billed: Operator, agent: User) -> None:
    _, offer = offered(agent)
    for change in ({"amount": Decimal("9.00")}, {"letter": "x"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Offer.objects.filter(pk=offer.pk).update(**change)
