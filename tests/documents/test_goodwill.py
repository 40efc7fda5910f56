"""Goodwill: 4900 without tax, as credit or owed back, with a second person above the limit; documents stay as they are."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from billing.book_checks import check_books
from billing.credit_models import Correction
from billing.document_models import Document
from billing.goodwill_models import GoodwillConfirmation, GoodwillGrant
from billing.journal_models import JournalEntry
from billing.models import CheckSettings
from billing.operations.goodwill import confirm_goodwill, grant_goodwill
from billing.operations.journal import reverse
from billing.refund_models import RefundDue
from chargebill.core.errors import UserError
from chargebill.core.roles import ADMINISTRATOR, ANALYST, FINANCE, ROLES
from tests.core.test_frozen import refused
from tests.documents.conftest import AT, Operator, month, operator  # noqa: F401
from tests.documents.test_correcting import clean
from tests.documents.test_frozen_documents import other
from tests.payments.conftest import balance, billed, legs, of  # noqa: F401

D = Decimal
MAY = {ADMINISTRATOR, FINANCE}


def grant(about: Document, amount: str = "3.00", **more: Any) -> GoodwillGrant:
    given = {
        "entity": about.entity, "key": "g", "customer": about.customer, "document": about, "amount": D(amount),
        "currency": about.currency, "given_as": "CREDIT", "reason": "Long wait", "letter": "Dear Ada, sorry.", "actor": None,
        "at": AT, **more,
    }  # fmt: skip
    return grant_goodwill(**given)


@pytest.fixture
def limited(billed: Operator) -> Operator:  # noqa: F811
    CheckSettings.objects.create(entity=billed.entity, four_eyes_above=D("10"))
    return billed


def test_as_credit_it_is_the_customers_and_the_document_stays(billed: Operator) -> None:  # noqa: F811
    ada = of("Ada")
    before = list(Document.objects.order_by("pk").values())
    grant(ada)
    assert legs("goodwill") == [[("4900", D("3.00"), None), ("2000", D("-3.00"), ada.customer_id)]]
    assert list(Document.objects.order_by("pk").values()) == before
    assert not Correction.objects.exists()
    assert not RefundDue.objects.exists()
    clean()


def test_as_a_refund_it_is_owed_back_to_somebody_unknown_too(billed: Operator) -> None:  # noqa: F811
    receipt = Document.objects.get(number="R-000001")
    made = grant(receipt, given_as="REFUND")
    due = RefundDue.objects.get()
    assert (due.amount, due.document, due.source_type, due.source_id) == (3, receipt, "goodwill", str(made.pk))
    assert (balance("4900"), balance("2050")) == (3, -3)
    clean()


def test_above_the_limit_a_second_person_decides(limited: Operator, staff: Any) -> None:
    petra, carl = staff(FINANCE), staff(ADMINISTRATOR)
    assert grant(of("Ada"), "10.00", actor=petra).state == "given"
    waits = grant(of("Brewery"), "10.01", key="h", actor=petra)
    assert (waits.state, balance("4900")) == ("waits", 10)
    clean()
    with pytest.raises(UserError) as error:
        confirm_goodwill(grant=waits, accepted=True, actor=petra, at=AT)
    assert error.value.code == "own_decision"
    given = confirm_goodwill(grant=waits, accepted=True, actor=carl, at=AT)
    assert (given.state, balance("4900")) == ("given", D("20.01"))
    with pytest.raises(UserError) as error:
        confirm_goodwill(grant=waits, accepted=False, actor=carl, at=AT)
    assert error.value.code == "already_confirmed"
    clean()


def test_refused_nothing_is_given(limited: Operator, staff: Any) -> None:
    waits = grant(of("Ada"), "11", actor=staff(FINANCE))
    assert confirm_goodwill(grant=waits, accepted=False, actor=staff(ADMINISTRATOR), at=AT).state == "refused"
    assert balance("4900") == 0
    clean()


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"amount": D("0")}, "amount"),
        ({"amount": D("1.005")}, "amount"),
        ({"given_as": ""}, "given_as"),
        ({"given_as": "CREDIT", "customer": None}, "given_as"),
        ({"reason": ""}, "reason_missing"),
        ({"letter": " "}, "letter"),
        ({"letter": "x" * 4001}, "letter"),
        ({"currency": "EUR"}, "goodwill_target"),
        ({"given_as": "REFUND", "customer": None, "document": None}, "goodwill_target"),
    ],
)
def test_what_can_not_be_given_changes_nothing(billed: Operator, more: dict[str, Any], code: str) -> None:  # noqa: F811
    with pytest.raises(UserError, match="Nothing was changed") as error:
        grant(of("Ada"), **more)
    assert error.value.code == code
    assert not GoodwillGrant.objects.exists()


def test_the_same_sent_twice_is_given_once(billed: Operator) -> None:  # noqa: F811
    ada = of("Ada")
    assert grant(ada) == grant(ada)
    with pytest.raises(UserError) as error:
        grant(ada, "3.01")
    assert error.value.code == "goodwill_key_used"
    assert balance("4900") == 3


def test_the_database_refuses_changes_and_a_second_person_who_is_the_first(limited: Operator, staff: Any) -> None:
    petra = staff(FINANCE)
    given, waits = grant(of("Ada"), actor=petra), grant(of("Brewery"), "11", key="h", actor=petra)
    for one, by in ((given, staff(ADMINISTRATOR)), (waits, petra)):
        with pytest.raises(IntegrityError, match="a second person confirms"), transaction.atomic():
            GoodwillConfirmation.objects.create(grant=one, accepted=True, by=by, at=AT)
    for field in GoodwillGrant._meta.concrete_fields:
        if not field.primary_key:
            with pytest.raises(IntegrityError), transaction.atomic():
                GoodwillGrant.objects.update(**{field.attname: other(field)})
    assert "never deleted" in refused("DELETE FROM billing_goodwillgrant")


def test_an_entry_taken_back_behind_goodwill_is_found(billed: Operator) -> None:  # noqa: F811
    grant(of("Ada"))
    entry = JournalEntry.objects.get(source_type="goodwill")
    reverse(entry=entry, effective_date=AT.date(), reason="by hand", actor=None, at=AT)
    found = {(one.check, one.where) for one in check_books().breaks}
    assert found == {("goodwill", "account 4900"), ("receipts", "account 2000")}


def test_finance_grants_it_on_a_page_and_the_administrator_confirms(limited: Operator, client_of: Any) -> None:
    ada, client = of("Ada"), client_of(FINANCE)
    url = f"/billing/documents/{ada.pk}/goodwill/"
    shown = client.get(url).content.decode()
    assert f"({ada.number})" in shown
    given = {"form_key": "f", "amount": "12", "given_as": "REFUND", "reason": "Long wait", "letter": "You get AMOUNT."}
    for wrong, said in (
        ({"amount": "12,0"}, "is no amount"),
        ({"given_as": ""}, "Say how"),
        ({"letter": ""}, "Write the letter"),
    ):
        shown = client.post(url, {**given, **wrong}).content.decode()
        assert said in shown
        assert "Long wait" in shown
    response = client.post(url, given, follow=True)
    assert "It waits for a second person." in response.content.decode()
    made = GoodwillGrant.objects.get()
    assert made.letter == "You get 12.00."
    confirm = f"/billing/goodwill/{made.pk}/confirm/"
    assert "You decided this yourself" in client.post(confirm, {"accepted": "1"}, follow=True).content.decode()
    other = client_of(ADMINISTRATOR)
    assert "Waits for a second person" in other.get("/billing/goodwill/").content.decode()
    assert "GBP 12.00 is given as goodwill." in other.post(confirm, {"accepted": "1"}, follow=True).content.decode()
    assert "GBP 12.00" in other.get(f"/billing/document/{ada.pk}/change/").content.decode()
    clean()


def test_who_may_open_and_do_what(limited: Operator, client_of: Any) -> None:
    ada = of("Ada")
    made = grant(ada, "11")
    for role in (ADMINISTRATOR, *ROLES):
        client = client_of(role)
        sees = 403 if role == ANALYST else 200
        assert client.get("/billing/goodwill/").status_code == client.get(f"/billing/goodwill/{made.pk}/").status_code == sees
        assert client.get(f"/billing/documents/{ada.pk}/goodwill/").status_code == (200 if role in MAY else 403)
        if role not in MAY:
            assert client.post(f"/billing/goodwill/{made.pk}/confirm/", {"accepted": "1"}).status_code == 403
            assert client.post(f"/billing/documents/{ada.pk}/goodwill/", {}).status_code == 403
    assert GoodwillGrant.objects.get().state == "waits"
    assert client_of(FINANCE).get("/billing/goodwill/999999/").status_code == 404


def test_the_list_takes_the_same_queries_at_any_length(
    billed: Operator,  # noqa: F811
    client_of: Any,
) -> None:
    client, counts = client_of(FINANCE), []
    for number in range(1, 12, 5):
        for one in range(number):
            grant(of("Ada"), key=f"{number}-{one}")
        with CaptureQueriesContext(connection) as seen:
            client.get("/billing/goodwill/")
        counts.append(len(seen))
    assert len(set(counts[1:])) == 1
