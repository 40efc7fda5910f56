"""The pages about money received: who may open and do what, wrong input, and lists that take the same queries at any length."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.models import BankFile, BankLine, Payment, PaymentAllocation
from chargebill.core.roles import ADMINISTRATOR, ANALYST, AUDITOR, BILLING_CLERK, FINANCE, ROLES
from tests.documents.conftest import Operator
from tests.payments.bank_text import own, row
from tests.payments.conftest import ADA, bank, of, received

D = Decimal
EVERY_ROLE = (ADMINISTRATOR, *ROLES)
BANK = {ADMINISTRATOR, BILLING_CLERK, FINANCE, AUDITOR}


def opened(client_of: Any, url: str) -> set[str]:
    answers = {role: client_of(role).get(url).status_code for role in EVERY_ROLE}
    assert set(answers.values()) <= {200, 403}
    return {role for role, status in answers.items() if status == 200}


def said(response: Any) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def test_bank_pages_open_for_those_who_match_and_payments_for_all_but_the_analyst(billed: Operator, client_of: Any) -> None:
    (line,) = bank(billed, row("5.07"))
    payment = received(billed, "3", (of("Ada"), "3"))
    for url in ("/bank/files/", f"/bank/files/{BankFile.objects.get().pk}/", "/bank/matching/", f"/bank/matching/{line.pk}/"):
        assert opened(client_of, url) == BANK
    assert opened(client_of, "/bank/files/template.csv") == BANK
    everybody_else = set(EVERY_ROLE) - {ANALYST}
    for url in ("/payments/", f"/payments/{payment.pk}/", "/payments/payments.csv", "/open-documents/"):
        assert opened(client_of, url) == everybody_else
    assert opened(client_of, f"/open-documents/{of('Ada').pk}/") == everybody_else
    assert opened(client_of, "/open-documents/open-documents.csv") == everybody_else


def test_only_the_clerk_finance_and_the_administrator_change_anything(billed: Operator, client_of: Any) -> None:
    (line,) = bank(billed, row("5.07", of("Ada").number))
    payment = received(billed, "3", (of("Ada"), "3"), method="CASH")
    before = (Payment.objects.count(), PaymentAllocation.objects.count(), BankFile.objects.count())
    posts = {
        "/bank/files/": {},
        f"/bank/files/{line.statement.file_id}/take/": {},
        f"/bank/files/{line.statement.file_id}/discard/": {},
        "/bank/matching/confirm/": {"line": line.pk},
        f"/bank/matching/{line.pk}/": {"document": of("Ada").pk},
        f"/payments/{payment.pk}/take-back/": {"reason": "no"},
        f"/open-documents/{of('Ada').pk}/": {"amount": "1", "received_on": "2018-10-01", "method": "CASH"},
    }
    for role in sorted(set(EVERY_ROLE) - {ADMINISTRATOR, BILLING_CLERK, FINANCE}):
        for url, data in posts.items():
            assert client_of(role).post(url, data).status_code == 403, (role, url)
    assert (Payment.objects.count(), PaymentAllocation.objects.count(), BankFile.objects.count()) == before
    assert client_of(FINANCE).post("/bank/matching/confirm/", {"line": line.pk}).status_code == 302
    assert Payment.objects.get(bank_line=line).amount == ADA


@pytest.fixture
def clerk(client_of: Any) -> Client:
    return client_of(BILLING_CLERK)


def test_wrong_uploads_say_what_is_wrong_and_keep_nothing(operator: Operator, clerk: Client) -> None:
    def upload(content: bytes | None) -> str:
        data = {} if content is None else {"file": SimpleUploadedFile("b.csv", content)}
        response = clerk.post("/bank/files/", data)
        assert response.status_code == 200
        return response.context["refusal"].code

    assert upload(None) == "file_missing"
    assert upload(b" ") == "file_empty"
    assert upload(own(row("5.005"))) == "amount"
    assert upload(b"x" * (10 * 1024 * 1024 + 1)) == "file_too_large"
    assert not BankFile.objects.exists()


def test_the_preview_counts_what_is_new_and_known(billed: Operator, clerk: Client) -> None:
    bank(billed, row("5.07", "one"), row("-1.00", "fee"))
    content = own(row("5.07", "one"), row("-1.00", "fee"), row("4.55", "two", name="Brewery"))
    response = clerk.post("/bank/files/", {"file": SimpleUploadedFile("second.csv", content)}, follow=True)
    assert (response.context["new"], response.context["known"], response.context["receipts"]) == (1, 2, 1)
    ((line, proposed),) = response.context["proposed"]
    assert (line.purpose, proposed.proposal.certainty) == ("two", "likely")
    assert BankLine.objects.count() == 2


def test_all_certain_ones_are_confirmed_and_what_changed_meanwhile_is_said(billed: Operator, clerk: Client) -> None:
    ada, brewery = of("Ada"), of("Brewery")
    bank(billed, row("5.07", ada.number), row("4.55", brewery.number), row("1.00", "what is this"))
    page = clerk.get("/bank/matching/?entity=x")
    rows = page.context["rows"]
    assert page.context["certain"] == 2
    received(billed, "1", (brewery, "1"))
    sent = {"all": [f"{one.line.pk}:{one.value}" for one in rows if one.is_certain], "form_key": "k"}
    response = clerk.post("/bank/matching/confirm/", sent, follow=True)
    text = said(response)
    assert "GBP 5.07 is matched: payment" in text
    assert f"On {brewery.number} GBP 3.55 is open, less than GBP 4.55: somebody matched something meanwhile" in text
    assert [one.line.purpose for one in response.context["rows"]] == [brewery.number, "what is this"]
    # Sent twice, as by a double click: the same, once.
    again = said(clerk.post("/bank/matching/confirm/", sent, follow=True))
    assert "GBP 5.07 is matched: payment" in again
    assert Payment.objects.filter(bank_line__isnull=False).count() == 1


@pytest.mark.parametrize("parts", ["x", "1=NaN", "1=-5", "0=1", "99999999999999999999=1", "1=1e99", "1=", "=5", "12=1,12=1"])
def test_a_confirmation_that_was_tampered_with_changes_nothing(billed: Operator, clerk: Client, parts: str) -> None:
    (line,) = bank(billed, row("5.07"))
    response = clerk.post("/bank/matching/confirm/", {"line": line.pk, "parts": parts}, follow=True)
    assert "Nothing was changed." in said(response)
    assert not Payment.objects.exists()


def test_several_documents_are_paid_by_hand_the_oldest_first(billed: Operator, clerk: Client) -> None:
    (line,) = bank(billed, row("9.00", "both"))
    documents = sorted([of("Ada"), of("Brewery")], key=lambda document: document.pk)
    url = f"/bank/matching/{line.pk}/"
    response = clerk.post(url, {"document": [document.pk for document in documents]})
    assert response.status_code == 302
    amounts = list(PaymentAllocation.objects.order_by("pk").values_list("document", "amount"))
    assert amounts == [(documents[0].pk, ADA), (documents[1].pk, D("3.93"))]
    assert Payment.objects.get().customer is None
    # Somebody else had the page open.
    assert clerk.get(url, follow=True).redirect_chain == [(f"/payments/{Payment.objects.get().pk}/", 302)]


def test_too_much_for_one_customer_is_a_credit_or_waits(billed: Operator, clerk: Client) -> None:
    first, second = bank(billed, row("6.00", "a"), row("6.00", "b"))
    clerk.post(f"/bank/matching/{first.pk}/", {"document": of("Ada").pk, "surplus": "credit"})
    clerk.post(f"/bank/matching/{second.pk}/", {"document": of("Brewery").pk, "surplus": "wait"})
    parts = [(part.document and part.document.number, part.amount) for part in PaymentAllocation.objects.order_by("pk")]
    assert parts == [(of("Ada").number, ADA), (None, D("0.93")), (of("Brewery").number, D("4.55"))]
    response = clerk.get("/payments/?state=open")
    assert [payment.pk for payment, _ in response.context["rows"]] == [Payment.objects.get(bank_line=second).pk]


def test_money_by_hand_says_what_is_wrong_and_counts_once(billed: Operator, clerk: Client) -> None:
    url = f"/open-documents/{of('Ada').pk}/"
    good = {"method": "CASH", "amount": "5.07", "received_on": "2026-11-01", "reference": "till 3", "form_key": "f"}

    def refusal(**changed: str) -> str:
        return clerk.post(url, good | changed).context["refusal"].code

    assert refusal(amount="5,07") == refusal(amount="NaN") == refusal(amount="1e999999") == refusal(amount="-1") == "amount"
    assert refusal(received_on="") == refusal(received_on="2999-01-01") == "received_on"
    assert refusal(method="TERMINAL") == refusal(method="") == "method"
    assert not Payment.objects.exists()
    assert clerk.post(url, good).status_code == clerk.post(url, good).status_code == 302
    assert Payment.objects.get().amount == ADA
    assert clerk.get(url).context["paid"].state == "paid"


def test_lists_are_narrowed_and_exported_as_shown(billed: Operator, clerk: Client) -> None:
    bank(billed, row("5.07", "=cmd()", name="@Erika"))
    clerk.post("/bank/matching/confirm/", {"line": BankLine.objects.get().pk})
    received(billed, "3", (of("Ada"), "3"), method="CASH", customer=billed.customers["Ada"])

    def listed(query: str) -> list[dict[str, str]]:
        response = clerk.get(f"/payments/payments.csv?{query}")
        return list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))

    assert [one["amount"] for one in listed("")] == ["5.07", "3.00"]
    (cash,) = listed("method=CASH")
    assert (cash["documents"], cash["state"], cash["not_matched"]) == (of("Ada").number, "matched", "0.00")
    (erika,) = listed("q=erika&state=open&from=2018-10-20&to=2018-10-20")
    assert (erika["payer"], erika["reference"]) == ("'@Erika", "'=cmd()")
    assert listed(f"q={of('Ada').number}&entity={billed.entity.pk}") == [cash]
    assert len(listed("from=nonsense&state=nonsense&method=nonsense&entity=99999999999999999999")) == 2
    response = clerk.get("/open-documents/open-documents.csv?q=ada")
    (owed,) = csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode()))
    assert (owed["number"], owed["gross"], owed["open"]) == (of("Ada").number, "5.07", "2.07")
    assert clerk.get("/open-documents/?days=14").context["page"].paginator.count == 0
    assert clerk.get("/open-documents/?days=x&p=999").context["page"].paginator.count == 5


def test_lists_take_the_same_queries_for_few_rows_and_for_many(billed: Operator, clerk: Client) -> None:
    def queries(url: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            response = clerk.get(url)
        assert response.status_code == 200
        assert len(response.content) < 150_000
        return len(captured)

    urls = ("/bank/files/", "/bank/matching/", "/payments/", "/open-documents/")
    bank(billed, row("5.07", of("Ada").number, name="Ada"))
    received(billed, "1", (of("Brewery"), "1"))
    few = [queries(url) for url in urls]
    for number in range(3):
        bank(billed, *(row("5.07", f"{of('Ada').number} {number} {n}", name="Ada") for n in range(20)))
    for _ in range(20):
        received(billed, "0.10", (of("Brewery"), "0.10"))
    assert [queries(url) for url in urls] == few


@pytest.mark.parametrize("url", ["/bank/files/", "/bank/matching/", "/payments/", "/open-documents/"])
def test_a_database_with_nothing_in_it_says_what_comes_next(url: str, clerk: Client) -> None:
    assert b'class="cb-empty' in clerk.get(url).content


@pytest.mark.parametrize(
    "url", ["/bank/files/9/", "/bank/matching/9/", "/payments/9/", "/payments/9/match/", "/open-documents/9/"]
)
def test_what_is_not_there_is_not_found(url: str, clerk: Client) -> None:
    assert clerk.get(url).status_code == 404


def test_what_is_taken_back_needs_a_reason_and_shows_it(billed: Operator, clerk: Client) -> None:
    payment = received(billed, ADA, (of("Ada"), ADA), method="CASH")
    url = f"/payments/{payment.pk}/take-back/"
    allocation = payment.allocations.get()
    assert "Say why. Nothing was changed." in said(clerk.post(url, {"allocation": allocation.pk}, follow=True))
    assert clerk.post(url, {"allocation": "x", "reason": "r"}).status_code == 404
    page = clerk.post(url, {"allocation": allocation.pk, "reason": "not hers"}, follow=True)
    assert page.context["state"] == "open"
    assert b"taken back: not hers" in page.content
    page = clerk.post(url, {"reason": "a slip"}, follow=True)
    assert page.context["state"] == "taken_back"
    assert said(clerk.get(f"/payments/{payment.pk}/match/", follow=True)) == "Nothing of this payment is left to match."
