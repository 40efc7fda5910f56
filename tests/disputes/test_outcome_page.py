"""What comes of a case, at the desk: an offer, the second person's word, the driver's answer, what Finance clears."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from billing.document_models import Document
from chargebill import case_execution
from chargebill.core.models import User
from disputes.models import Case
from disputes.operations.moves import move
from disputes.operations.offers import accept_offer
from disputes.outcome_models import Offer
from disputes.workflow.states import Role, State
from tests.disputes.conftest import Operator, line_of, opened
from tests.disputes.test_offers import LATER, investigated, limit, offered

ADDRESS = "/disputes/case/{}/change/"


@pytest.fixture
def desk(client: Client, agent: User) -> Client:
    client.force_login(agent)
    return client


def post(client: Client, case: Case, do: str, **given: Any) -> Any:
    return client.post(ADDRESS.format(case.pk), {"do": do, **given}, follow=True)


def said(response: Any) -> str:
    return response.content.decode()


def amounts(case: Case, amount: str) -> dict[str, str]:
    return {f"amount-{case.items.get().pk}": amount, "given_as": "REFUND", "way": "CORRECTION"}


def test_an_agent_offers_with_the_sum_in_the_letter(billed: Operator, agent: User, desk: Client) -> None:
    case = investigated(agent)
    page = said(desk.get(ADDRESS.format(case.pk)))
    assert "What comes of it" in page
    assert "4.00 GBP are left" in page
    response = post(desk, case, "offer", letter="We give AMOUNT GBP.", reason="meter", **amounts(case, "0.50"))
    case.refresh_from_db()
    assert "Offered. It waits for the driver." in said(response)
    assert (case.state, case.messages.order_by("pk").last().body) == ("OFFERED", "We give 0.50 GBP.")


@pytest.mark.parametrize(
    ("amount", "letter", "reason", "problem"),
    [
        ("9.99", "Letter", "meter", "At most GBP 4.00 can be given for this."),
        ("abc", "Letter", "meter", "is no amount"),
        ("", "Letter", "meter", "Say what is given for which charge"),
        ("0.50", " ", "meter", "Write what the driver is to read."),
        ("0.50", "Letter", " ", "Say why."),
    ],
)
def test_wrong_input_is_named_and_what_was_typed_is_kept(
    billed: Operator, agent: User, desk: Client, amount: str, letter: str, reason: str, problem: str
) -> None:
    case = investigated(agent)
    page = said(post(desk, case, "offer", letter=letter, reason=reason, **amounts(case, amount)))
    assert problem in page
    assert f'value="{amount}"' in page
    assert not Offer.objects.exists()


def test_conceding_in_full_says_what_is_claimed_where_nobody_knew_it(billed: Operator, agent: User, desk: Client) -> None:
    case = investigated(agent)
    post(desk, case, "concede", letter="You are right: AMOUNT.", reason="meter", claimed_amount="1.20", given_as="REFUND")
    case.refresh_from_db()
    assert (case.state, case.claimed_amount) == ("AGREED", Decimal("1.20"))
    assert "You are right: 1.20." in [message.body for message in case.messages.all()]
    case_execution.execute(case=case, at=case.opened_at)
    assert Document.objects.get(kind="CREDIT_NOTE").gross_amount == Decimal("1.20")


def test_a_concession_of_a_business_gives_back_the_gross_that_is_claimed(billed: Operator, agent: User, desk: Client) -> None:
    case = investigated(agent, "B2")
    gross = line_of("B2").gross_amount
    given = {"letter": "You are right.", "reason": "meter", "given_as": "REFUND"}
    post(desk, case, "concede", claimed_amount=f"{gross:.2f}", **given)
    assert Offer.objects.get().amount == gross


def test_the_second_person_is_another_one(
    billed: Operator, agent: User, supervisor: User, staff: Callable[[str], User], desk: Client
) -> None:
    limit(line_of("A1"), "0.40")
    case, _ = offered(agent)
    page = said(desk.get(ADDRESS.format(case.pk)))
    assert "wait for a second person" in page
    assert ">Agree<" not in page
    assert post(desk, case, "second", accepted="1").status_code == 403

    client = Client()
    client.force_login(staff("Finance"))
    assert ">Agree<" in said(client.get(ADDRESS.format(case.pk)))
    assert "Agreed: it is done." in said(post(client, case, "second", accepted="1"))
    case.refresh_from_db()
    assert case.state == "OFFERED"


def test_what_the_driver_answers_is_taken_down(
    billed: Operator, agent: User, desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, _ = offered(agent)
    assert "The offer is no longer valid." in said(post(desk, case, "driver_accepts", version="1"))
    monkeypatch.setattr("django.utils.timezone.now", lambda: LATER)
    assert "Write what the driver added." in said(post(desk, case, "driver_adds", version="1", text=" "))
    assert "The offer has changed since." in said(post(desk, case, "driver_accepts", version="x"))
    assert "Agreed." in said(post(desk, case, "driver_accepts", version="1"))
    case.refresh_from_db()
    accepted = case.events.get(rule="T8")
    assert (case.state, accepted.role, accepted.actor) == ("AGREED", "customer", agent)


@pytest.mark.parametrize("do", ["try_again", "paid_outside"])
def test_only_finance_clears_what_is_stuck(billed: Operator, agent: User, desk: Client, do: str) -> None:
    case, _ = offered(agent)
    assert post(desk, case, do, reason="x", reference="x", paid_on="2018-10-10", method="BANK").status_code == 403


@pytest.mark.parametrize("do", ["offer", "concede", "driver_accepts", "second"])
def test_an_auditor_reads_and_does_nothing(
    billed: Operator, agent: User, staff: Callable[[str], User], client: Client, do: str
) -> None:
    case, _ = offered(agent)
    client.force_login(staff("Auditor"))
    page = said(client.get(ADDRESS.format(case.pk)))
    assert "What comes of it" in page
    assert 'value="driver_accepts"' not in page
    assert post(client, case, do, version="1").status_code == 403


def test_a_supervisor_reopens_what_was_resolved_unless_another_case_is_about_it(
    billed: Operator, agent: User, supervisor: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, _ = offered(agent)
    accept_offer(case=case, version=1, at=LATER)
    case_execution.execute(case=case, at=LATER)
    client.force_login(supervisor)
    monkeypatch.setattr("django.utils.timezone.now", lambda: LATER + timedelta(days=2))
    assert "Say what is new since the case was resolved." in said(post(client, case, "reopen", text=" "))

    other = opened("A1", actor=agent, at=LATER + timedelta(days=1))
    assert f"Case {other.number} about it is open." in said(post(client, case, "reopen", text="The log shows a fault."))
    move(case=other, target=State.WITHDRAWN, role=Role.CUSTOMER, actor=None, at=LATER + timedelta(days=1))

    assert "Reopened." in said(post(client, case, "reopen", text="The log shows a fault."))
    case.refresh_from_db()
    assert (case.state, case.events.order_by("-seq").filter(kind="moved")[0].rule) == ("INVESTIGATING", "T21")
    assert case.items.get().is_open
    # What was agreed before is not what is agreed next.
    assert "Offered." in said(post(client, case, "offer", letter="AMOUNT more.", reason="log", **amounts(case, "0.25")))
    accept_offer(case=Case.objects.get(pk=case.pk), version=2, at=LATER + timedelta(days=2))
    assert case_execution.execute(case=Case.objects.get(pk=case.pk), at=LATER + timedelta(days=2)).state == "RESOLVED"
    notes = Document.objects.filter(kind="CREDIT_NOTE").values_list("gross_amount", flat=True)
    assert sorted(notes) == [Decimal("0.25"), Decimal("0.50")]
