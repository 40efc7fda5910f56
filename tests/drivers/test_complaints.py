"""A complaint from the page of a document: the bill first, one case however often it is sent, and nothing of another's."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.contest_models import ContestedLine
from billing.document_models import Document
from billing.models import TaxRule
from billing.operations import set_tariff
from billing.operations.credits import correct
from billing.pricing.text import LANGUAGES
from chargebill.portal.document_links import path_to
from chargebill.portal.driver_case_words import BY_WHEN, STANDS, TURNS
from chargebill.portal.driver_complaint_form import amount_written
from chargebill.portal.driver_complaint_words import PHRASES, REASONS
from disputes.models import Case, Cause
from disputes.operations.moves import move
from disputes.workflow.durations import Turn
from disputes.workflow.states import Clock, Role, State
from tests.disputes.conftest import everything, opened
from tests.documents.conftest import session
from tests.drivers.conftest import AT, Operator, assert_private, case_of, complained, of, shown, words_of


def test_every_charge_of_a_document_leads_to_its_form(client: Client, billed: Operator) -> None:
    invoice = of("Ada")
    path = path_to(invoice)
    page = client.get(f"{path}?lang=en").content.decode()

    assert [f'href="{path}/wrong/{line}?lang=en"' in page for line in (1, 2, 3)] == [True, True, False]
    first, second = (shown(client, f"{path_to(invoice)}/wrong/{line}?lang=en") for line in (1, 2))
    assert "12.340 kWh" in first
    assert "0.330 kWh" in second


def test_the_form_explains_the_bill_before_it_asks(client: Client, receipt: Document) -> None:
    text = shown(client, f"{path_to(receipt)}/wrong/1", accept_language="en")

    bill = "Energy 4.00 GBP For the energy your car took. 10.000 kWh × 0.40 GBP per kWh Total, incl. tax 4.00 GBP"
    assert bill in text
    assert text.index(bill) < text.index("2. What seems wrong?") < text.index("3. Tell us")
    assert all(reason in text for reason in REASONS["en"].values())
    path = path_to(receipt)
    assert f'href="{path}/company?lang=en">get it here</a>' in client.get(f"{path}/wrong/1?lang=en").content.decode()
    german = shown(client, f"{path_to(receipt)}/wrong/1?lang=de")
    assert all(reason in german for reason in REASONS["de"].values())
    assert "10,000 kWh × 0,40 GBP" in german


def test_a_complaint_becomes_a_case_with_number_link_and_deadline(client: Client, receipt: Document) -> None:
    case, path = case_of(client, receipt, claimed_amount="2,50")

    assert (case.number, case.state, case.channel, case.opened_by, case.customer) == ("D-00001", "NEW", "WEB", None, None)
    assert (case.cause, case.statement, case.language) == ("ENERGY", "My Zoe took 6 kWh at most.\nI looked.", "en")
    assert (case.contact_name, case.contact_email) == ("Grace Hopper", "Grace@example.com")
    assert (case.contested_amount, case.claimed_amount) == (Decimal(4), Decimal("2.5"))
    assert ContestedLine.objects.get(lifted_at__isnull=True).reference == "D-00001"
    # The answer is the number: nobody has to be told it within a minute any more.
    assert list(case.events.values_list("kind", "role")) == [("moved", "customer"), ("acknowledged", "customer")]
    assert case.next_clock == "first_reply"
    text = shown(client, f"{path}?new=1")
    assert "We have your complaint. Its number is D-00001." in text
    assert "your private link" in text
    assert "write to Grace@example.com" in text
    assert "It is our turn" in text
    assert "You get a first answer by" in text
    assert "You have our decision by" in text


def test_sent_twice_it_is_one_case_and_other_words_do_not_reach_it(client: Client, receipt: Document) -> None:
    case, _ = case_of(client, receipt)
    again = complained(client, receipt)
    before = everything()
    other = complained(client, receipt, contact_email="mallory@example.com")
    blank = client.get(f"{path_to(receipt)}/wrong/1?lang=en")

    assert again.status_code == 302
    assert "Its number is D-00001." in shown(client, again["Location"])
    for answer in (other, blank):
        assert answer.status_code == 409
        assert_private(answer)
        text = words_of(answer)
        assert "There is a complaint about this charge already Its number is D-00001." in text
        assert "/c/" not in answer.content.decode()
        assert "Zoe" not in text
        assert "Grace" not in text
    assert everything() == before
    assert Case.objects.get() == case


def test_a_charge_can_be_complained_about_again_once_its_case_has_ended(client: Client, receipt: Document) -> None:
    case, _ = case_of(client, receipt)
    move(case=case, target=State.WITHDRAWN, role=Role.CUSTOMER, actor=None, at=datetime.now(UTC))

    assert case_of(client, receipt)[0].number == "D-00002"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("cause", "", "Wählen Sie, was nicht stimmt"),
        ("cause", "MALICE", "Wählen Sie, was nicht stimmt"),
        ("statement", "  ", "Bitte füllen Sie das aus."),
        ("statement", "x" * 10_001, "Das ist zu lang: höchstens 10000 Zeichen."),
        ("statement", "a\x00b", "Das enthält Zeichen, die sich nicht lesen lassen."),
        ("claimed_amount", "alles", "Schreiben Sie einen Betrag wie 2,00 GBP, oder lassen Sie es leer."),
        ("claimed_amount", "4,01", "Berechnet wurden höchstens 4,00 GBP."),
        ("claimed_amount", "0", "Berechnet wurden höchstens 4,00 GBP."),
        ("contact_name", "", "Bitte füllen Sie das aus."),
        ("contact_name", "x" * 201, "Das ist zu lang: höchstens 200 Zeichen."),
        ("contact_email", "grace", "Das ist keine E-Mail-Adresse"),
    ],
)  # fmt: skip
def test_wrong_input_is_said_kept_and_opens_nothing(client: Client, receipt: Document, field: str, value: str, said: str) -> None:
    answer = complained(client, receipt, lang="de", **{field: value})

    assert answer.status_code == 400
    assert_private(answer)
    text = words_of(answer)
    assert "Bitte prüfen Sie Ihre Angaben. Es wurde nichts abgesendet." in text
    assert said in text
    assert "I looked." in text or field == "statement"
    assert not Case.objects.exists()


@pytest.mark.parametrize(
    ("raw", "amount"),
    [
        ("4.94", "4.94"), ("4,94", "4.94"), ("4,94 €", "4.94"), ("GBP 12", "12"), ("gbp 3.5", "3.5"), ("1.234,50", "1234.50"),
        ("1,234.50", "1234.50"), ("1.234", "1234"), ("12,345,678.9", "12345678.9"), ("-4", None), ("4.945", "4945"),
        ("1e3", None),
        ("4,9,4", None), ("", None), ("²", None), ("NaN", None), ("1234.567", None),
    ],
)  # fmt: skip
def test_amounts_are_read_as_people_write_them(raw: str, amount: str | None) -> None:
    assert amount_written(raw, "GBP") == (None if amount is None else Decimal(amount))


def test_what_was_given_back_already_is_no_longer_contested(client: Client, receipt: Document) -> None:
    line = receipt.lines.get()
    correct(document=receipt, key="part", amounts={line.pk: Decimal("1.50")}, reason="Meter", actor=None, at=AT)
    text = shown(client, f"{path_to(receipt)}/wrong/1?lang=en")
    assert "1.50 GBP of it was given back already: this is about the 2.50 GBP that are left." in text
    assert "at most 2.50 GBP" in text
    assert case_of(client, receipt)[0].contested_amount == Decimal("2.50")


def test_what_was_taken_back_whole_and_what_takes_back_have_no_form(client: Client, receipt: Document) -> None:
    note = correct(document=receipt, key="all", amounts=None, reason="Meter", actor=None, at=AT).credit_note

    assert "All of this charge was taken back already." in shown(client, f"{path_to(receipt)}/wrong/1?lang=en", 404)
    assert client.get(f"{path_to(note)}/wrong/1").status_code == 302
    page = client.get(path_to(note)).content.decode()
    assert "/wrong" not in page
    complained(client, note)
    complained(client, receipt)
    assert not Case.objects.exists()


def test_a_roaming_driver_is_told_whom_the_contract_is_with(client: Client, billed: Operator) -> None:
    invoice = of("Roamer")
    text = shown(client, f"{path_to(invoice)}/wrong/1?lang=en")
    assert "You charged with Roamer: it is your contract party" in text
    assert "we credit it to Roamer, never to you" in text
    assert "You can complain here all the same" in text
    case, _ = case_of(client, invoice)
    assert (case.customer, case.customer_kind) == (invoice.customer, "PARTNER")


def test_a_charge_with_two_tax_rates_is_one_charge(client: Client, operator: Operator) -> None:
    TaxRule.objects.create(entity=operator.entity, country="GB", component="ENERGY", rate=5, code="GB05")
    with_start_fee(operator)
    operator.bring(session("T1"))
    operator.issue()
    document = Document.objects.get()
    assert document.lines.count() == 2
    case, _ = case_of(client, document)

    assert (case.items.count(), case.contested_amount) == (2, document.gross_amount)
    for line in (1, 2):
        assert client.get(f"{path_to(document)}/wrong/{line}").status_code == 409


def with_start_fee(operator: Operator) -> None:
    """A start fee beside the energy, so that a session has two rates."""
    set_tariff(
        entity=operator.entity, name="Standard", currency="GBP", tax_included=True, start_fee=Decimal(1),
        energy_per_kwh=Decimal("0.40"), charging_per_minute=None, idle_per_minute=None, valid_from=None, actor=None, at=AT,
    )  # fmt: skip


def test_the_way_from_a_document_goes_to_its_only_charge_or_to_all_of_them(client: Client, receipt: Document) -> None:
    one, many = client.get(f"{path_to(receipt)}/wrong?lang=de"), client.get(f"{path_to(of('Ada'))}/wrong")

    assert one["Location"].endswith("/wrong/1?lang=de")
    assert many["Location"].endswith("?lang=en#lines")
    for line in ("0", "3", "99999999"):
        assert client.get(f"{path_to(receipt)}/wrong/{line}").status_code == 302


def test_a_case_by_phone_is_in_the_way_of_the_form_too(client: Client, billed: Operator) -> None:
    opened("M1")
    answer = complained(client, of("Ada"), 1)
    assert answer.status_code == 409
    assert complained(client, of("Ada"), 2).status_code == 302
    assert Case.objects.count() == 2


def test_too_many_complaints_are_asked_to_wait(client: Client, receipt: Document) -> None:
    answers = [complained(client, receipt, statement="") for _ in range(11)]

    assert [answer.status_code for answer in answers] == [400] * 10 + [429]
    assert answers[-1]["Retry-After"] == "60"


def test_no_cookie_and_no_account_are_needed_to_complain(receipt: Document) -> None:
    client = Client(enforce_csrf_checks=True)
    assert complained(client, receipt).status_code == 302
    assert not client.cookies


def test_the_form_takes_as_many_queries_for_a_long_invoice(client: Client, operator: Operator) -> None:
    operator.bring(*(session(f"M{n:03}", token="T-Ada", day=f"2018-09-{n % 28 + 1:02}") for n in range(40)))
    operator.issue()
    with CaptureQueriesContext(connection) as captured:
        shown(client, f"{path_to(Document.objects.get())}/wrong/40")
    assert len(captured) == 14


def test_everything_is_said_in_both_languages() -> None:
    for language in LANGUAGES:
        assert set(REASONS[language]) == set(Cause)
        assert set(STANDS[language]) == set(State)
        assert set(TURNS[language]) == set(Turn)
        assert set(Clock) - set(BY_WHEN[language]) == {Clock.ACKNOWLEDGE, Clock.INADMISSIBLE, Clock.TRIAGE, Clock.STUCK}
    assert set(PHRASES["en"]) == set(PHRASES["de"])
