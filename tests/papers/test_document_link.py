"""The page behind a signed link: what it says to its driver, whom it lets in, and a receipt issued anew to a company."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.document_models import Document
from billing.operations.credits import correct
from billing.operations.document_settings import change_document_settings
from billing.operations.papers import paper_of
from chargebill.portal import document_links, driver_document
from chargebill.portal.document_links import Turnstile, path_to, token_of
from tests.documents.conftest import AT, Operator, month, operator, session
from tests.papers.papers import text_of

__all__ = ["month", "operator"]
COMPANY = {
    "company": "Bäckerei Ähre GmbH",
    "vat_id": "DE 136 695 976",
    "street": "Am Markt 1",
    "postal_code": "24103",
    "city": "Kiel",
    "country": "de",
}


@pytest.fixture(autouse=True)
def fresh_turnstiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_document, "_reading", Turnstile(60))
    monkeypatch.setattr(driver_document, "_writing", Turnstile(10))


@pytest.fixture
def receipt(month: Operator) -> Document:
    change_document_settings(
        entity=month.entity, values={"contact_email": "help@tay.example", "contact_phone": "01382 1"}, actor=None, at=AT
    )
    month.issue()
    return Document.objects.get(kind="RECEIPT", lines__session_number="A1")


def shown(client: Client, url: str, status: int = 200, **headers: str) -> str:
    response = client.get(url, headers=headers)
    assert response.status_code == status
    assert len(response.content) < 100_000
    assert (response["Cache-Control"], response["X-Robots-Tag"], response["Referrer-Policy"]) == (
        "no-store", "noindex, nofollow", "no-referrer",
    )  # fmt: skip
    assert not response.cookies
    words = unescape(re.sub(r"<[^>]*>", " ", response.content.decode()))
    return " ".join(words.split())


def test_a_receipt_says_line_by_line_what_it_costs_and_whom_to_ask(client: Client, receipt: Document) -> None:
    text = shown(client, path_to(receipt), accept_language="en-GB")

    assert "Receipt Number R-000001" in text
    assert "Total 4.00 GBP VAT 20 % (Net 3.33) 0.67" in text
    assert "Hub, GB 4.00 EVSE EA1 · 6 Sep 2018, 10:00 to 11:00 BST Charge A1 · 10.000 kWh Tariff Standard v1" in text
    assert "Energy: 10.000 kWh × 0.40 / kWh 4.00" in text
    assert "4.00 GBP is open, payable by" in text
    assert "Or write to us and name the number R-000001. We look at it and answer." in text
    page = client.get(path_to(receipt)).content.decode()
    assert 'href="mailto:help@tay.example?subject=R-000001"' in page
    assert "<script" not in page


def test_it_speaks_the_readers_language_not_the_documents(client: Client, receipt: Document) -> None:
    german = shown(client, path_to(receipt), accept_language="de-DE,de;q=0.9")

    assert "Beleg Nummer R-000001" in german
    assert "Energie: 10,000 kWh × 0,40 / kWh 4,00" in german
    assert "4,00 GBP sind offen, zahlbar bis" in german
    assert "Receipt" in shown(client, f"{path_to(receipt)}?lang=en", accept_language="de")


def test_what_is_paid_and_taken_off_stands_there(client: Client, operator: Operator) -> None:
    operator.bring(session("C1", amount="5.00", currency="GBP"), mode="collected")
    operator.bring(session("M1", token="T-Ada"))
    operator.issue()
    paid = Document.objects.get(is_collected=True)
    invoice = Document.objects.get(customer__name="Ada")
    note = correct(document=invoice, key="k", amounts=None, reason="Wrong meter", actor=None, at=AT).credit_note

    assert "Payment Paid. Nothing is open. Paid on" in shown(client, f"{path_to(paid)}?lang=en")
    text = shown(client, f"{path_to(invoice)}?lang=en")
    assert "Payment Nothing is open. Taken off by CN-000001 on 2 Oct 2018 4.00 GBP" in text
    text = shown(client, f"{path_to(note)}?lang=en")
    assert "Credit note Number CN-000001 Corrects INV-000001" in text
    assert "Wrong meter" not in text


def test_the_pdf_is_the_one_that_is_kept(client: Client, receipt: Document) -> None:
    response = client.get(f"{path_to(receipt)}/pdf")

    assert response["Content-Type"] == "application/pdf"
    assert response["Cache-Control"] == "no-store"
    assert response.content == paper_of(document=receipt, at=AT)


@pytest.mark.parametrize("part", ["", "/pdf", "/company", "/wrong", "/wrong/1"])
def test_a_forged_a_cut_and_an_ended_link_get_a_plain_page_without_a_query(
    client: Client, receipt: Document, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    token = token_of(receipt)
    other = token_of(Document.objects.exclude(pk=receipt.pk).first())
    swapped = f"{receipt.pk}.{other.split('.', 1)[1]}"
    for wrong in (token[:-1], token + "A", swapped, "1", "x" * 300, "\u00e4", "1.2.3", f"{receipt.pk}"):
        with CaptureQueriesContext(connection) as captured:
            text = shown(client, f"/d/{wrong}{part}", 404, accept_language="de")
        assert "Dieser Link funktioniert nicht" in text
        assert len(captured) == 0
    monkeypatch.setattr(document_links._links, "good_for", document_links.timedelta(seconds=-1))
    assert "This link does not work" in shown(client, f"/d/{token}{part}", 404)


def test_too_many_requests_are_asked_to_wait(client: Client, receipt: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    now = AT
    monkeypatch.setattr(driver_document, "_reading", Turnstile(3, lambda: now))
    answers = [client.get(path_to(receipt)) for _ in range(4)]
    other = client.get(path_to(Document.objects.exclude(pk=receipt.pk).first()))
    now += timedelta(minutes=1)

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[3]["Retry-After"] == "60"
    assert other.status_code == 200
    assert client.get(path_to(receipt)).status_code == 200


def test_a_long_invoice_comes_in_pages_that_a_phone_can_load(client: Client, operator: Operator) -> None:
    operator.bring(*(session(f"M{n:03}", token="T-Ada", day=f"2018-09-{n % 28 + 1:02}") for n in range(90)))
    operator.issue()
    invoice = Document.objects.get()

    first, last = shown(client, path_to(invoice)), shown(client, f"{path_to(invoice)}?p=3")
    assert first.count("10.000 kWh ×") == 40
    assert last.count("10.000 kWh ×") == 10
    assert "3 / 3" in last


def post(client: Client, receipt: Document, **more: str) -> Any:
    return client.post(f"{path_to(receipt)}/company?lang=de", {**COMPANY, **more})


def test_a_driver_adds_a_company_and_gets_the_new_receipt(receipt: Document) -> None:
    # As a browser without any cookie of ours sends it.
    client = Client(enforce_csrf_checks=True)
    assert "Firma und USt-IdNr. angeben" in shown(client, f"{path_to(receipt)}?lang=de")
    answer = post(client, receipt)
    made = Document.objects.get(replaces=receipt)

    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, path_to(made))
    assert made.buyer["vat_id"] == "DE136695976"
    text = shown(client, answer["Location"])
    assert "Hier ist Ihr neues Dokument." in text
    assert "Bäckerei Ähre GmbH" in text
    assert "Ausgestellt anstelle von R-000001" in text
    assert "Bäckerei Ähre GmbH Am Markt 1 24103 Kiel, DE" in text_of(client.get(f"{path_to(made)}/pdf").content)
    text = shown(client, f"{path_to(receipt)}?lang=de")
    assert f"neu auf eine Firma ausgestellt: Statt seiner gilt {made.number}" in text
    assert "Firma und USt-IdNr. angeben" not in text
    # Once: the form is gone, and sent again nothing more is issued.
    assert post(client, receipt, company="Other").status_code == 302
    assert Document.objects.filter(replaces=receipt).count() == 1


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("company", "  ", "Bitte füllen Sie das aus."),
        ("vat_id", "DE136695975", "Das ist keine USt-IdNr."),
        ("country", "Deutschland", "Schreiben Sie das Land mit zwei Buchstaben"),
        ("street", "x" * 201, "Das ist zu lang: höchstens 200 Zeichen."),
        ("city", "Kiel\u202e", "Das enthält Zeichen, die sich nicht drucken lassen."),
        ("city", "Kiel\x00", "Das enthält Zeichen, die sich nicht drucken lassen."),
    ],
)
def test_wrong_input_is_said_kept_and_changes_nothing(
    client: Client, receipt: Document, field: str, value: str, said: str
) -> None:
    answer = post(client, receipt, **{field: value})
    page = answer.content.decode()

    assert answer.status_code == 400
    assert "Bitte prüfen Sie Ihre Angaben. Es wurde nichts geändert." in page
    assert said in page
    assert "Bäckerei Ähre GmbH" in page or field == "company"
    assert not Document.objects.filter(replaces__isnull=False).exists()


def test_only_a_receipt_can_be_had_for_a_company_and_only_while_it_is_whole(client: Client, receipt: Document) -> None:
    invoice = Document.objects.get(customer__name="Ada")
    assert post(client, invoice).status_code == 302
    correct(document=receipt, key="k", amounts=None, reason="Wrong", actor=None, at=AT)

    assert post(client, receipt).status_code == 302
    assert not Document.objects.filter(replaces__isnull=False).exists()
    assert "Firma und USt-IdNr. angeben" not in shown(client, f"{path_to(receipt)}?lang=de")


def test_staff_find_the_link_on_the_documents_page(client_of: Any, receipt: Document) -> None:
    page = client_of("Billing clerk").get(f"/billing/document/{receipt.pk}/change/").content.decode()

    assert f'href="/d/{receipt.pk}.' in page
