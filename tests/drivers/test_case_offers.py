"""An offer on the page of a case: accepted, declined, added to, and what it means in money."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from billing.document_models import Document
from chargebill import case_execution
from chargebill.core.models import User
from chargebill.portal.case_links import path_to
from disputes.models import Case
from disputes.offers import open_items
from disputes.operations.moves import move
from disputes.operations.offers import Terms, answer, confirm_offer
from disputes.operations.thread import assign
from disputes.outcome_models import ExecutionStep, Offer, PayoutAccount
from disputes.workflow.states import Role, State
from stations.corrections import Right
from tests.disputes.conftest import everything
from tests.documents.test_correcting import take_back
from tests.drivers.conftest import Operator, case_of, of, shown, words_of
from tests.payments.conftest import received

LETTER = "The meter does not show all of it."
SECRET = "he always complains"
IBAN = "GB33BUKB20201555555555"


def offered(client: Client, agent: User, document: Document, amount: str | None = "1.50", **more: Any) -> Case:
    """A driver complained; somebody looked into it and answers."""
    return again(investigated(client, agent, document), agent, amount, **more)


def investigated(client: Client, agent: User, document: Document) -> Case:
    case, _ = case_of(client, document)
    assign(cases=[case], assignee=agent, role=Role.AGENT, actor=agent, at=timezone.now())
    return move(case=case, target=State.INVESTIGATING, role=Role.AGENT, actor=agent, at=timezone.now())


def again(case: Case, agent: User, amount: str | None, **more: Any) -> Case:
    (first, *_) = open_items(case)
    amounts = {first.item.pk: Decimal(amount)} if amount else {}
    given: dict[str, Any] = {"kind": "OFFER", "amounts": amounts, "letter": LETTER, "reason": SECRET, **more}
    answer(case=case, terms=Terms(**given), role=Role.AGENT, actor=agent, at=timezone.now())
    return Case.objects.select_related("entity").get(pk=case.pk)


def sent(client: Client, case: Case, do: str, **more: str) -> Any:
    return client.post(f"{path_to(case)}?lang=en", {"do": do, **more})


def test_an_offer_says_what_it_means_and_by_when(client: Client, receipt: Document, agent: User) -> None:
    case = offered(client, agent, receipt)
    text = shown(client, path_to(case))

    assert "It is your turn This is what we decided. Please answer by" in text
    assert "We offer you 1.50 GBP The bill is corrected by that. If you have paid, you get it back." in text
    assert "Accept 1.50 GBP" in text
    assert text.count(LETTER) == 1
    assert SECRET not in text
    assert "Wir bieten Ihnen 1,50 GBP an" in shown(client, f"{path_to(case)}?lang=de")


def test_what_becomes_of_the_record_is_read_before_it_is_accepted(client: Client, receipt: Document, agent: User) -> None:
    (line,) = receipt.lines.all()
    right = Right(energy_kwh=Decimal("3.25"), ended_at=line.session.started_at + timedelta(minutes=30))
    case = offered(client, agent, receipt, records={line.session_id: right})
    second = User.objects.create_superuser("second")
    confirm_offer(offer=Offer.objects.get(), accepted=True, actor=second, at=timezone.now())
    end = (line.session.started_at + timedelta(minutes=30)).astimezone(ZoneInfo("Europe/London"))

    text = shown(client, path_to(case))
    assert f"Our record of the charge will say 3.250 kWh. Our record will say that it ended on {end:%-d %b %Y, %H:%M}." in text
    assert "stehen dann 3,250 kWh" in shown(client, f"{path_to(case)}?lang=de")


def test_accepted_it_is_agreed_once(client: Client, receipt: Document, agent: User) -> None:
    case = offered(client, agent, receipt)
    for _ in range(2):
        assert sent(client, case, "accept", version="1").status_code == 302
    case.refresh_from_db()

    assert case.state == "AGREED"
    assert case.events.filter(rule="T8", role="customer", actor=None).count() == 1
    assert ExecutionStep.objects.values("offer").distinct().count() == 1
    text = shown(client, path_to(case))
    assert "It is agreed, and about to be put right." in text
    assert "Agreed 1.50 GBP" in text
    assert "Accept 1.50 GBP" not in text


def test_another_version_than_the_one_read_is_not_accepted(client: Client, receipt: Document, agent: User) -> None:
    case = offered(client, agent, receipt)
    before = everything()
    for do, version in (("accept", "2"), ("accept", ""), ("accept", "x"), ("decline", "2")):
        page = sent(client, case, do, version=version)
        assert page.status_code == 400
        assert "We have made you another offer since. Nothing was changed" in words_of(page)
    assert everything() == before


def test_declined_it_is_a_deadlock_with_the_outside_bodies(client: Client, receipt: Document, agent: User) -> None:
    case = offered(client, agent, receipt)
    assert sent(client, case, "decline", version="1", text="Too little.").status_code == 302
    case.refresh_from_db()
    text = shown(client, path_to(case))

    assert case.state == "DEADLOCK"
    assert "We did not come to an agreement." in text
    assert "Too little." in text
    assert "Citizens Advice consumer service" in text


def test_a_decision_of_nothing_can_be_added_to_twice(client: Client, receipt: Document, agent: User) -> None:
    case = offered(client, agent, receipt, None)
    text = shown(client, path_to(case))
    assert "Our decision: we are not changing this bill" in text
    assert "Accept " not in text
    before = everything()
    assert "Write what we should look at. Nothing was sent." in words_of(sent(client, case, "add", text=" "))
    assert everything() == before
    for round_ in range(2):
        assert sent(client, case, "add", text=f"Here is photo {round_}.").status_code == 302
        case.refresh_from_db()
        assert case.state == "INVESTIGATING"
        case = again(case, agent, None)
    assert "We looked into it again twice already." in words_of(sent(client, case, "add", text="Once more."))


def test_a_decision_about_the_rest_says_what_was_taken_off_already(
    client: Client, receipt: Document, agent: User, client_of: Callable[[str], Client]
) -> None:
    case = investigated(client, agent, receipt)
    desk = f"/disputes/case/{case.pk}/change/"
    assert "We are not changing this bill, because" in client_of("Dispute agent").get(desk).content.decode()
    take_back(receipt, "0.75")
    assert "We have taken 0.75 GBP off this bill since." in words_of(client_of("Dispute agent").get(desk))
    again(case, agent, None)
    assert "We took 0.75 GBP off this bill already. Nothing more changes" in shown(client, path_to(case))
    assert "Wir haben diese Rechnung schon um 0,75 GBP gekürzt." in shown(client, f"{path_to(case)}?lang=de")


def test_a_roaming_drivers_offer_is_credited_to_the_partner(client: Client, receipt: Document, agent: User) -> None:
    case = offered(client, agent, of("Roamer"), given_as="CREDIT")
    text = shown(client, path_to(case))

    assert "It is credited to Roamer, your contract party, never to you; Roamer settles it with you." in text
    assert "you get it back" not in text


def test_money_that_has_no_way_back_asks_for_an_account(client: Client, billed: Operator, receipt: Document, agent: User) -> None:
    received(billed, receipt.gross_amount, (receipt, receipt.gross_amount))
    case = offered(client, agent, receipt)
    sent(client, case, "accept", version="1")
    assert "It is our turn" in shown(client, path_to(case))
    case_execution.execute(case=Case.objects.get(), at=timezone.now())
    text = shown(client, path_to(case))
    assert "Where shall the money go?" in text
    assert "It is your turn" in text
    for iban, name, said in ((f"{IBAN[:-1]}4", "Grace", "This is no IBAN"), (IBAN, " ", "Say whose account it is.")):
        page = sent(client, case, "account", name=name, iban=iban)
        assert (page.status_code, said in words_of(page)) == (400, True)
    assert not PayoutAccount.objects.exists()

    assert sent(client, case, "account", name="Grace Hopper", iban=IBAN).status_code == 302
    account = PayoutAccount.objects.get()
    assert account.ending == IBAN[-4:]
    text = shown(client, path_to(case))
    assert "It is our turn" in text
    assert "Where shall the money go?" not in text
    assert IBAN not in text


@pytest.mark.parametrize("do", ["accept", "decline", "add", "account"])
def test_where_nothing_is_offered_nothing_is_answered(client: Client, receipt: Document, do: str) -> None:
    case, _ = case_of(client, receipt)
    before = everything()
    page = sent(client, case, do, version="1", text="x", name="Grace", iban="DE02120300000000202051")

    assert page.status_code == 400
    assert everything() == before
    assert not Offer.objects.exists()
    assert not PayoutAccount.objects.exists()
