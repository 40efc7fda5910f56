"""Changed after billing in the portal: the list with its form, decisions with what was done, the second person, who may."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.difference_models import DifferenceDecision
from billing.document_models import Document
from billing.models import CheckSettings, TaxRule
from chargebill.core.models import User
from chargebill.core.roles import ADMINISTRATOR, ANALYST, AUDITOR, BILLING_CLERK, FINANCE, ROLES
from tests.documents.conftest import Operator, month, operator, session  # noqa: F401
from tests.documents.test_billed_differences import differences, price_anew
from tests.documents.test_difference_decisions import decide, pk, right
from tests.payments.conftest import billed  # noqa: F401
from tests.portal.test_parallel_month import words

LIST, HISTORY = "/billing/differences/", "/billing/differences/history/"


@pytest.fixture
def signed(staff: Callable[[str], User]) -> Callable[[str], Client]:
    def of(role: str) -> Client:
        client = Client()
        client.force_login(staff(role))
        return client

    return of


def text(client: Client, url: str = LIST) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return words(response.content.decode())


def send(client: Client, url: str = LIST, **more: Any) -> Any:
    data = {"form_key": "f1", "way": "CREDIT", "returned_to": "REFUND", "reason": "Read again", **more}
    return client.post(url, data, follow=True)


def test_nothing_changed_and_nothing_decided_say_so(billed: Operator, signed: Any) -> None:  # noqa: F811
    assert "Nothing changed after it was billed" in text(signed(FINANCE))
    assert "Nothing was decided yet" in text(signed(FINANCE), HISTORY)
    # A foreign or broken key is no way in.
    assert "Nothing changed after it was billed" in text(signed(FINANCE), f"{LIST}?entity=²&session=9999&page=x")
    assert signed(FINANCE).get("/billing/differences/decisions/99/").status_code == 404


def test_it_says_what_differs_and_why_something_is_not_possible(billed: Operator, signed: Any) -> None:  # noqa: F811
    billed.bring(session("A1", energy_kwh="9"), session("A2", day="2018-09-07", energy_kwh="12"))
    shown = text(signed(FINANCE))
    assert "2 sessions on documents would be billed differently now" in shown
    assert "A1 Hub R-000001 An import corrected its facts. GBP 4.00 GBP 3.60 GBP -0.40 –" in shown.replace("−", "-")
    assert "GBP 3.00 GBP 4.80 GBP 1.80 It would cost more now: that is billed again whole, never as a difference." in shown
    assert "Why is more not charged as a difference?" in shown
    assert "Possible for 1 on this page." in shown
    # The month, the session and closing lead here.
    assert f"{LIST}?entity={billed.entity.pk}" in signed(FINANCE).get("/billing/month/?month=2018-09").content.decode()
    page = signed(FINANCE).get(f"/stations/session/{pk('A1')}/change/").content.decode()
    assert f"{LIST}?entity={billed.entity.pk}&amp;session={pk('A1')}" in page


def test_a_ticked_session_is_decided_and_its_page_tells(billed: Operator, signed: Any) -> None:  # noqa: F811
    billed.bring(session("A1", energy_kwh="9"), session("A2", day="2018-09-07", energy_kwh="12"))
    answer = send(signed(FINANCE), session_id=[pk("A1")])
    assert [str(one) for one in answer.context["messages"]] == ["Credit the difference: 1 session decided. 1 still waits."]
    shown = words(answer.content.decode())
    assert "A1 R-000001 GBP 4.00 GBP 3.60 credit note CN-000001" in shown
    assert "Second person not needed" in shown
    assert "GBP 0.40 Read again finance" in text(signed(AUDITOR), HISTORY)
    page = text(signed(FINANCE), f"/stations/session/{pk('A1')}/change/")
    assert "GBP 4.00 was left on R-000001, it would have been GBP 3.60" in page
    # The same form again is answered with the same decision.
    assert send(signed(FINANCE), session_id=[pk("A1")]).redirect_chain == answer.redirect_chain
    assert DifferenceDecision.objects.count() == 1
    right()


def test_all_are_decided_as_they_were_shown(billed: Operator, signed: Any) -> None:  # noqa: F811
    billed.bring(session("A1", energy_kwh="9"))
    finance = signed(FINANCE)
    sign = finance.get(LIST).context["sign"]
    billed.bring(session("A2", day="2018-09-07", energy_kwh="7"))
    refused = send(finance, scope="all", sign=sign)
    assert "The list changed since you opened it" in words(refused.content.decode())
    assert len(differences()) == 2
    send(finance, scope="all", sign=finance.get(LIST).context["sign"], way="LEAVE", returned_to="")
    assert differences() == {}
    assert "stays as it is" in text(finance, f"/billing/differences/decisions/{DifferenceDecision.objects.get().pk}/")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"session_id": []}, "Tick the sessions it is about"),
        ({"session_id": ["x"]}, "Tick the sessions it is about"),
        ({"way": ""}, "Choose what to do"),
        ({"way": "CHARGE"}, "Choose what to do"),
        ({"returned_to": ""}, "Say where money goes that was paid"),
        ({"reason": " "}, "Say why"),
        ({"session_id": ["999999"]}, "Nothing about these sessions waits any more"),
    ],
)
def test_wrong_input_is_told_and_kept(billed: Operator, signed: Any, more: dict[str, Any], says: str) -> None:  # noqa: F811
    billed.bring(session("A1", energy_kwh="9"))
    answer = send(signed(FINANCE), **{"session_id": [pk("A1")], "reason": "<b>Read again", **more})
    html = answer.content.decode()
    assert says in html
    assert "Nothing was changed." in html
    assert ("&lt;b&gt;Read again" in html) == (more.get("reason") is None)
    assert ('aria-label="Session A1" checked' in html) == ("session_id" not in more)
    assert not DifferenceDecision.objects.exists()


def test_above_the_limit_somebody_else_confirms_on_its_page(billed: Operator, signed: Any) -> None:  # noqa: F811
    CheckSettings.objects.create(entity=billed.entity, four_eyes_above=Decimal("0.10"))
    billed.bring(session("A1", energy_kwh="9"))
    anna = signed(FINANCE)
    shown = words(send(anna, session_id=[pk("A1")]).content.decode())
    assert "That much money takes a second person" in shown
    assert "You decided this yourself" in shown
    decision = DifferenceDecision.objects.get()
    assert "Waiting for a second person" in text(anna)
    url = f"/billing/differences/decisions/{decision.pk}/confirm/"
    assert "You decided this yourself" in words(anna.post(url, {"answer": "confirm"}, follow=True).content.decode())
    assert signed(BILLING_CLERK).post(url, {"answer": "confirm"}).status_code == 403
    assert Document.objects.filter(kind="CREDIT_NOTE").count() == 0
    done = words(signed(ADMINISTRATOR).post(url, {"answer": "confirm"}, follow=True).content.decode())
    assert "credit note CN-000001" in done
    assert "confirmed by administrator" in done
    right()


@pytest.mark.parametrize("role", ROLES)
def test_who_may_read_and_who_decides(billed: Operator, signed: Any, role: str) -> None:  # noqa: F811
    billed.bring(session("A1", energy_kwh="9"))
    client, reads = signed(role), role != ANALYST
    assert client.get(LIST).status_code == (200 if reads else 403)
    assert client.get(HISTORY).status_code == (200 if reads else 403)
    decides = role in (ADMINISTRATOR, FINANCE)
    if reads:
        assert ("Where money goes" in text(client)) == decides
    assert send(client, session_id=[pk("A1")]).status_code == (200 if decides else 403)
    assert (DifferenceDecision.objects.count() == 1) == decides


def test_the_list_takes_as_many_queries_for_many_as_for_one(billed: Operator, signed: Any) -> None:  # noqa: F811
    client = signed(FINANCE)

    def queries(url: str) -> int:
        client.get(url)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url).status_code == 200
        return len(captured)

    billed.bring(session("A1", energy_kwh="9"))
    one = queries(LIST)
    TaxRule.objects.update(rate=10)
    price_anew(billed)
    assert len(differences()) == 7
    assert queries(LIST) == one
    decided = decide(billed, "A1", way="LEAVE")
    one = queries(f"/billing/differences/decisions/{decided.pk}/")
    decided = decide(billed, "A2", "B1", "B2", key="k2", way="LEAVE")
    assert queries(f"/billing/differences/decisions/{decided.pk}/") == one
