"""The pages about chargebacks: who may see and do what, a letter from the charge to the case, the queue, what is kept."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from billing.chargeback_models import ChargebackFunds
from billing.document_models import Document
from chargebill.core.roles import ADMINISTRATOR, ROLES
from disputes.chargeback_models import Chargeback
from disputes.models import Case
from disputes.operations.chargebacks import move_chargeback
from tests.disputes.conftest import opened
from tests.disputes.test_chargebacks import ADA, S, ada, written

__all__ = ["ada"]
Of = Callable[[str], Client]
AGENTS = ("Dispute agent", "Dispute supervisor", ADMINISTRATOR)


def form(document: Document, /, **more: str) -> dict[str, str]:
    today = document.entity.day_of(timezone.now())
    return {
        "document": str(document.pk), "kind": "claim", "acquirer": "Worldline", "reference": "CB-7", "reason_code": "10.4",
        "reason": "", "card_last4": "", "amount": "5.07", "received_on": f"{today}", "answer_by": f"{today + timedelta(days=9)}",
        **more,
    }  # fmt: skip


def url(chargeback: Chargeback) -> str:
    return f"/disputes/chargeback/{chargeback.pk}/change/"


@pytest.mark.parametrize("role", [ADMINISTRATOR, *ROLES])
def test_who_sees_chargebacks_and_who_does_what(ada: Document, client_of: Of, role: str) -> None:
    made = written(ada)
    client = client_of(role)
    asked = {
        "list": client.get("/disputes/chargeback/").status_code,
        "page": client.get(url(made)).status_code,
        "letter": client.get("/chargebacks/new/").status_code,
        "move": client.post(url(made), {"do": "move"}).status_code,
        "book": client.post(url(made), {"do": "take", "on": "2018-11-05", "amount": "x"}).status_code,
        "win": client.post(url(made), {"do": "move", "target": "WON", "on": "3000-01-01"}).status_code,
    }
    reads = 403 if role == "Analyst" else 200
    types = 200 if role in AGENTS else 403
    moves = 200 if role in (*AGENTS, "Finance") else 403
    books = 200 if role in ("Finance", ADMINISTRATOR) else 403
    assert asked == {"list": reads, "page": reads, "letter": types, "move": moves, "book": books, "win": books}
    made.refresh_from_db()
    assert (made.status, made.funds) == ("NEEDS_RESPONSE", None)


def test_a_letter_goes_from_what_it_names_to_a_case_in_the_queue(ada: Document, client_of: Of) -> None:
    client = client_of("Dispute agent")
    page = client.get("/chargebacks/new/", {"entity": ada.entity_id, "sum": "5.07", "number": ada.number})
    assert ("1 charge fits" in page.content.decode(), ada.number in page.content.decode()) == (True, True)
    where = f"/chargebacks/new/?sum=5.07&number={ada.number}"
    page = client.post(where, form(ada, acquirer="", reference="CB-7"))
    assert "Say which acquirer wrote" in page.content.decode()
    assert 'value="CB-7"' in page.content.decode()
    assert not Case.objects.exists()
    response = client.post(where, form(ada), follow=True)
    made = Chargeback.objects.get()
    assert f"Case {made.case.number} is open. Tell the driver the number." in response.content.decode()
    other = opened("B1", at=timezone.now())
    queue = list(client.get("/disputes/case/?turn=us").context["cl"].result_list)
    assert set(queue) == {other, made.case}
    Case.objects.update(turn="driver", next_due_at=timezone.now() + timedelta(days=1))
    assert [case.pk for case in client.get("/disputes/case/").context["cl"].result_list] == [made.case_id, other.pk]
    assert [case.pk for case in client.get("/disputes/case/?turn=us").context["cl"].result_list] == [made.case_id]
    Case.objects.filter(pk=made.case_id).update(chargeback_due_at=timezone.now() - timedelta(hours=1))
    page = client.get("/disputes/case/?deadline=over")
    assert [case.pk for case in page.context["cl"].result_list] == [made.case_id]
    assert "answer the acquirer" in page.content.decode()
    assert "Worldline CB-7" in client.get(f"/disputes/case/{made.case_id}/change/").content.decode()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"sum": "abc"}, "is no amount"),
        ({"day": "yesterday"}, "That is no day"),
        ({"number": "nothing"}, "No charge fits all of that"),
        ({"entity": "999", "last4": "42"}, "No charge fits all of that"),
    ],
)
def test_a_search_that_finds_nothing_says_why(ada: Document, client_of: Of, asked: dict[str, str], said: str) -> None:
    assert said in client_of("Dispute agent").get("/chargebacks/new/", asked).content.decode()


@pytest.mark.parametrize(
    "wrong", [{"document": ""}, {"document": "x"}, {"kind": "x"}, {"amount": "-"}, {"received_on": ""}, {"answer_by": "soon"}]
)
def test_a_wrong_letter_keeps_what_was_written(ada: Document, client_of: Of, wrong: dict[str, str]) -> None:
    where = f"/chargebacks/new/?number={ada.number}"
    page = client_of("Dispute agent").post(where, form(ada, reason="Not me", **wrong))
    assert page.context["refusal"] is not None
    assert ("Nothing was changed" in page.content.decode(), 'value="Not me"' in page.content.decode()) == (True, True)
    assert not Case.objects.exists()


def test_finance_books_what_was_taken_and_decides_after_a_late_win(ada: Document, client_of: Of) -> None:
    made = written(ada)
    client = client_of("Finance")
    given: dict[str, Any] = {"do": "take", "amount": "5.07", "fee": "15", "on": "2018-11-05"}
    assert "Write it like 149.90" in client.post(url(made), {**given, "fee": "much"}).content.decode()
    assert "Booked." in client.post(url(made), given, follow=True).content.decode()
    funds = ChargebackFunds.objects.get()
    assert (funds.amount, f"{funds.fee:.2f}") == (ADA, "15.00")
    assert "entered already" in client.post(url(made), given).content.decode()
    client.post(url(made), {"do": "lose", "right": "no", "on": "2018-11-06", "text": "Their word"})
    made.refresh_from_db()
    assert made.status == "LOST"
    Chargeback.objects.update(asks_finance=True)
    assert "Finance decides" in client.get("/disputes/chargeback/").content.decode()
    assert "Say what was decided" in client.post(url(made), {"do": "decide", "text": ""}).content.decode()
    client.post(url(made), {"do": "decide", "text": "Kept."})
    made.refresh_from_db()
    assert not made.asks_finance
    assert "Nothing was changed" in client.post(url(made), {"do": "x"}).content.decode()


def test_an_agent_sees_that_finance_enters_won_and_lost(ada: Document, client_of: Of) -> None:
    made = written(ada)
    page = client_of("Dispute agent").get(url(made))
    assert page.context["follow"] == [("UNDER_REVIEW", "Under review")]
    assert "Finance enters them" in page.content.decode()
    move_chargeback(
        chargeback=made, target=S.UNDER_REVIEW, text="", on=made.received_on, actor=None, at=timezone.now()
    )  # fmt: skip
    assert client_of("Finance").get(url(made)).context["follow"] == [("WON", "Won"), ("LOST", "Lost")]
