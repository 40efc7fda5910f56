"""The pages about refunds: who may open and do what, wrong input, downloads, and lists whose queries do not grow."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.models import PayoutList, Refund, RefundDue
from billing.operations.payment_entries import Part
from billing.operations.payouts import release_payout_list
from chargebill.core.models import User
from chargebill.core.roles import ADMINISTRATOR, ANALYST, AUDITOR, BILLING_CLERK, FINANCE, ROLES
from tests.documents.conftest import AT, Operator
from tests.payments.bank_text import row
from tests.payments.conftest import ADA, bank, of, received
from tests.payments.test_pages import opened, said
from tests.refunds.conftest import ADAS, listed, owed, sent

D = Decimal
EVERY_ROLE = (ADMINISTRATOR, *ROLES)
BANK = {ADMINISTRATOR, BILLING_CLERK, FINANCE, AUDITOR}
ACT = {ADMINISTRATOR, BILLING_CLERK, FINANCE}


@pytest.fixture
def clerk(client_of: Any) -> Client:
    return client_of(BILLING_CLERK)


def test_refunds_open_for_all_but_the_analyst_and_accounts_for_those_who_read_the_bank(
    billed: Operator, people: tuple[User, User], client_of: Any
) -> None:
    (refund,) = sent(billed, people, (owed(billed),))
    for url in ("/refunds/", f"/refunds/{refund.due_id}/", "/refunds/refunds.csv"):
        assert opened(client_of, url) == set(EVERY_ROLE) - {ANALYST}
    made = refund.payout_list
    for url in ("/payouts/", f"/payouts/{made.pk}/", f"/payouts/{made.pk}/csv/"):
        assert opened(client_of, url) == BANK
    assert opened(client_of, "/payouts/new/") == ACT
    shows = {
        role for role in set(EVERY_ROLE) - {ANALYST} if ADAS in client_of(role).get(f"/refunds/{refund.due_id}/").content.decode()
    }
    assert shows == BANK


def test_only_the_clerk_finance_and_the_administrator_change_anything(
    billed: Operator, people: tuple[User, User], client_of: Any
) -> None:
    payment = received(billed, "9", (of("Ada"), ADA))
    (refund,) = sent(billed, people, (owed(billed, "2"),))
    due, made = owed(billed), listed(billed, people[0], (owed(billed),))
    posts = {
        f"/refunds/{due.pk}/": {"amount": "1", "method": "CASH", "paid_on": "2018-10-01"},
        f"/refunds/{refund.due_id}/say/{refund.pk}/": {"what": "paid", "paid_on": "2018-10-01"},
        f"/payouts/{made.pk}/decide/": {"what": "release"},
        "/payouts/new/": {"due": due.pk},
        f"/payments/{payment.pk}/give-back/": {"amount": "1", "reason": "no"},
    }
    before = [list(model.objects.order_by("pk").values()) for model in (RefundDue, Refund, PayoutList)]
    for role in set(EVERY_ROLE) - ACT:
        for url, data in posts.items():
            assert client_of(role).post(url, data).status_code == 403, (role, url)
    assert before == [list(model.objects.order_by("pk").values()) for model in (RefundDue, Refund, PayoutList)]


def test_a_list_is_prepared_released_by_another_and_downloads_the_same_bytes_each_time(
    billed: Operator, people: tuple[User, User], client_of: Any
) -> None:
    (line,) = bank(billed, row("5.07", name="A. Lovelace", counterparty=ADAS))
    received(billed, ADA, (of("Ada"), ADA), bank_line=line, received_on=line.booked_on, customer=of("Ada").customer)
    due = owed(billed)
    clerk = client_of(BILLING_CLERK)
    page = clerk.get("/payouts/new/")
    (shown,) = page.context["rows"]
    assert (shown.is_ticked, shown.name, shown.account, shown.amount) == (True, "A. Lovelace", ADAS, "5.07")
    form = {
        "due": due.pk, f"amount-{due.pk}": "5.07", f"name-{due.pk}": "A. Lovelace", f"account-{due.pk}": "DE0050010517",
        "account": page.context["chosen_account"], "execution_on": page.context["execution_on"], "form_key": "one",
    }  # fmt: skip
    wrong = clerk.post("/payouts/new/", form)
    assert "is no whole IBAN" in str(wrong.context["refusal"].message)
    assert wrong.context["bad_due"] == due.pk
    assert wrong.context["rows"][0].account == "DE0050010517"
    form[f"account-{due.pk}"] = "de02 5001 0517 0137 0750 30"
    for _ in range(2):
        page = clerk.post("/payouts/new/", form, follow=True)
    made = PayoutList.objects.get()
    assert page.request["PATH_INFO"] == f"/payouts/{made.pk}/"
    assert "You prepared this list, so a colleague releases it." in page.content.decode()
    assert clerk.get(f"/payouts/{made.pk}/csv/").status_code == 404
    refusal = clerk.post(f"/payouts/{made.pk}/decide/", {"what": "release"}, follow=True)
    assert said(refusal).startswith("Whoever prepared a list does not release it")
    finance = client_of(FINANCE)
    assert "is released" in said(finance.post(f"/payouts/{made.pk}/decide/", {"what": "release"}, follow=True))
    first, second = (clerk.get(f"/payouts/{made.pk}/csv/") for _ in range(2))
    assert first.content == second.content == bytes(made.files.get().content)
    assert first["Content-Disposition"] == f'attachment; filename="{made.reference}.csv"'
    assert clerk.get(f"/payouts/{made.pk}/pain/").status_code == 404
    (cells,) = csv.DictReader(io.StringIO(first.content.decode()))
    assert (cells["account"], cells["amount"]) == (ADAS, "5.07")


def test_a_discarded_list_is_owed_again(billed: Operator, people: tuple[User, User], clerk: Client) -> None:
    made = listed(billed, people[0], (owed(billed),))
    page = clerk.post(f"/payouts/{made.pk}/decide/", {"what": "discard"}, follow=True)
    assert "is discarded" in said(page)
    assert clerk.get("/refunds/?state=owed").context["page"].paginator.count == 1
    assert "can't be read" in said(clerk.post(f"/payouts/{made.pk}/decide/", {"what": "x"}, follow=True))
    assert "was discarded" in said(clerk.post(f"/payouts/{made.pk}/decide/", {"what": "release"}, follow=True))


def test_what_was_given_back_by_hand_says_what_is_wrong_first(billed: Operator, clerk: Client) -> None:
    due = owed(billed)
    url = f"/refunds/{due.pk}/"
    form = {"method": "CASH", "amount": "5,07", "paid_on": "2018-10-01", "form_key": "k"}
    for change, words in (
        ({}, "&#x27;5,07&#x27; is no amount."),
        ({"amount": "5.08"}, "GBP 5.07 is left to refund"),
        ({"amount": "1", "paid_on": ""}, "Enter the day"),
        ({"amount": "1", "paid_on": "2999-01-01"}, "still to come"),
        ({"amount": "1", "method": "X"}, "Say how it was given back"),
    ):
        page = clerk.post(url, {**form, **change})
        assert words in page.content.decode()
    assert not Refund.objects.exists()
    for _ in range(2):
        clerk.post(url, {**form, "amount": "2"})
    assert Refund.objects.get().state == "SUCCEEDED"
    page = clerk.get(url)
    assert (page.context["left"], page.context["due"].state) == (D("3.07"), "part")


def test_a_person_says_what_became_of_a_refund(billed: Operator, people: tuple[User, User], clerk: Client) -> None:
    (refund,) = sent(billed, people, (owed(billed),))
    url = f"/refunds/{refund.due_id}/say/{refund.pk}/"
    assert "Say why" in said(clerk.post(url, {"what": "failed"}, follow=True))
    assert "Enter the day" in said(clerk.post(url, {"what": "paid"}, follow=True))
    assert "can't be read" in said(clerk.post(url, {}, follow=True))
    assert "something else by now" in said(clerk.post(url, {"what": "went_out", "line": "7"}, follow=True))
    (line,) = bank(billed, row("-5.07", "thank you"))
    page = clerk.get(f"/refunds/{refund.due_id}/")
    assert page.context["rows"][0]["went_out"] == [line]
    assert "is refund CBR-" in said(clerk.post(url, {"what": "went_out", "line": line.pk}, follow=True))
    page = clerk.post(url, {"what": "failed", "reason": "account closed"}, follow=True)
    assert page.context["due"].state == "failed"
    assert "Failed, still owed" in page.content.decode()
    assert clerk.post(f"/refunds/{refund.due_id}/say/999/", {"what": "paid"}).status_code == 404


def test_money_paid_too_much_is_given_back_from_its_payment(billed: Operator, clerk: Client) -> None:
    ada = of("Ada")
    payment = received(billed, "1009", parts=[Part(ADA, document=ada), Part(D("3.93"), customer=ada.customer)])
    page = clerk.get(f"/payments/{payment.pk}/")
    assert page.context["unmatched_plain"] == "1000.00"
    url = f"/payments/{payment.pk}/give-back/"
    assert "is no amount" in said(clerk.post(url, {"amount": "1,000", "reason": "x"}, follow=True))
    assert "Say why" in said(clerk.post(url, {"amount": "1", "reason": ""}, follow=True))
    page = clerk.post(url, {"amount": "1000.00", "reason": "twice", "form_key": "a"}, follow=True)
    assert "is owed back" in said(page)
    credit = payment.allocations.get(customer=ada.customer)
    clerk.post(url, {"amount": "3.93", "reason": "wants it", "allocation": credit.pk, "form_key": "b"})
    assert sorted(RefundDue.objects.values_list("amount", flat=True)) == [D("3.93"), D(1000)]
    assert clerk.post(url, {"amount": "1", "reason": "r", "allocation": "x"}).status_code == 404
    page = clerk.get(f"/payments/{payment.pk}/")
    assert (page.context["state"], page.context["credits"]) == ("matched", [])
    assert page.content.decode().count("To be given back") == 2


def test_a_document_shows_what_is_owed_back_of_it(billed: Operator, clerk: Client) -> None:
    due = owed(billed)
    page = clerk.get(f"/open-documents/{of('Ada').pk}/")
    assert f'href="/refunds/{due.pk}/"' in page.content.decode()


def test_money_that_went_out_and_fits_nothing_is_shown(billed: Operator, people: tuple[User, User], client_of: Any) -> None:
    (refund,) = sent(billed, people, (owed(billed),))
    bank(billed, row("-5.00", refund.reference, name="Ada"))
    assert "Money went out that nobody explained" in client_of(BILLING_CLERK).get("/refunds/").content.decode()
    assert "Money went out that nobody explained" not in client_of("Pricing manager").get("/refunds/").content.decode()


def test_the_list_is_filtered_and_exported_as_it_is_shown(billed: Operator, people: tuple[User, User], clerk: Client) -> None:
    (refund,) = sent(billed, people, (owed(billed),))
    owed(billed, "1", who="Brewery")
    for query, count in (
        ("", 2), ("?state=sent", 1), ("?state=owed", 1), ("?state=x", 2), ("?q=brew", 1), (f"?q={refund.reference}", 1),
        ("?q=nobody", 0), (f"?q={of('Ada').number}", 1), ("?entity=x&p=99", 2),
    ):  # fmt: skip
        assert clerk.get(f"/refunds/{query}").context["page"].paginator.count == count, query
    response = clerk.get("/refunds/refunds.csv?state=owed")
    (cells,) = csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode()))
    assert (cells["customer"], cells["amount"], cells["left"], cells["state"]) == ("Brewery", "1.00", "1.00", "owed")


def test_lists_take_the_same_queries_for_few_rows_and_for_many(
    billed: Operator, people: tuple[User, User], client_of: Any
) -> None:
    clerk = client_of(BILLING_CLERK)

    def queries(url: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            response = clerk.get(url)
        assert response.status_code == 200
        assert len(response.content) < 150_000
        return len(captured)

    def rows(count: int) -> str:
        for _ in range(count):
            owed(billed, "0.10")
            owed(billed, "0.10", who="Brewery", document=None)
        made = listed(billed, people[0], *((owed(billed, "0.10"),) for _ in range(count)))
        release_payout_list(payout_list=made, actor=people[1], at=AT)
        return f"/payouts/{made.pk}/"

    first = rows(2)
    urls = ("/refunds/", "/payouts/", "/payouts/new/")
    few = [queries(url) for url in (*urls, first)]
    second = rows(45)
    for _ in range(5):
        rows(1)
    assert [queries(url) for url in (*urls, second)] == few


@pytest.mark.parametrize("url", ["/refunds/", "/payouts/", "/payouts/new/"])
def test_a_database_with_nothing_in_it_says_what_comes_next(url: str, clerk: Client) -> None:
    assert b'class="cb-empty' in clerk.get(url).content


@pytest.mark.parametrize("url", ["/refunds/9/", "/payouts/9/", "/payouts/9/csv/", "/payouts/9/x/"])
def test_what_is_not_there_is_not_found(url: str, clerk: Client) -> None:
    assert clerk.get(url).status_code == 404
