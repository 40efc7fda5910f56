"""The pages of the books: who may open them, what they show, what they do, and what they refuse."""

import csv
import io
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.models import Account, AccountingPeriod, JournalEntry, PeriodChange, PeriodClosing, SigningKey
from billing.operations.journal_seals import seal_all
from billing.signing import is_signed, key_file
from chargebill.core.models import AuditEvent, User
from chargebill.core.roles import ADMINISTRATOR, AUDITOR, FINANCE, ROLES
from tests.journal.books import closed, credit, debit, person, posted
from tests.rows import company, customers

pytestmark = pytest.mark.django_db
ClientOf = Callable[[str], Client]
PAGES = ("close_month", "journal", "journal_csv", "accounts", "accounts_csv", "periods")


@pytest.fixture(autouse=True)
def keys(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SIGNING_KEYS", tmp_path / "keys")


def said(page: Any) -> str:
    return " ".join(map(str, page.context["messages"]))


def rows(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(answer).decode())))


@pytest.mark.parametrize("name", PAGES)
def test_the_books_are_for_finance_the_auditor_and_the_administrator(client_of: ClientOf, name: str) -> None:
    posted(1)
    opened = {role for role in (ADMINISTRATOR, *ROLES) if client_of(role).get(reverse(f"admin:{name}")).status_code == 200}
    assert opened == {ADMINISTRATOR, FINANCE, AUDITOR}


def test_pages_with_a_key_ask_for_the_same(client_of: ClientOf) -> None:
    entry = posted(1)
    closed(entry.period)
    for address in (
        reverse("admin:journal_entry", args=[entry.pk]),
        reverse("admin:period_signature", args=[entry.period_id]),
    ):
        assert {r for r in (ADMINISTRATOR, *ROLES) if client_of(r).get(address).status_code == 200} == {
            ADMINISTRATOR,
            FINANCE,
            AUDITOR,
        }


def test_the_auditor_changes_nothing(client_of: ClientOf) -> None:
    entry = posted(1)
    change = PeriodChange.objects.create(period=entry.period, kind="CLOSE", asked_by=person("petra"), asked_at=entry.created_at)
    closed(posted(1, entity=company("Other")).period)
    auditor = client_of(AUDITOR)
    before = list(JournalEntry.objects.values()), list(PeriodChange.objects.values()), list(Account.objects.values())
    posts = {
        reverse("admin:journal_entry", args=[entry.pk]): {"day": "2026-03-31", "reason": "x"},
        reverse("admin:account_rename", args=[entry.entity_id, "4000"]): {"number": "1", "name": "x"},
        reverse("admin:period_ask", args=[entry.period_id]): {"kind": "CLOSE"},
        reverse("admin:period_decide", args=[change.pk]): {"answer": "confirm"},
        reverse("admin:opening_balances"): {"ticket": "x"},
        reverse("admin:signing_key_retire", args=[SigningKey.objects.get().pk]): {"reason": "x"},
    }
    assert {auditor.post(address, data).status_code for address, data in posts.items()} == {403}
    assert (list(JournalEntry.objects.values()), list(PeriodChange.objects.values()), list(Account.objects.values())) == before
    assert "Take back" not in auditor.get(reverse("admin:journal_entry", args=[entry.pk])).content.decode()


def test_without_a_company_or_an_entry_the_pages_say_what_comes_first(client_of: ClientOf) -> None:
    finance = client_of(FINANCE)
    for name in ("close_month", "journal", "accounts", "periods", "opening_balances"):
        assert "First, your company" in finance.get(reverse(f"admin:{name}")).content.decode()
    company()
    assert "The journal of Stadtwerke Nord is empty" in finance.get(reverse("admin:journal")).content.decode()
    assert "No month yet" in finance.get(reverse("admin:periods")).content.decode()
    assert "Nothing was posted yet" in finance.get(reverse("admin:accounts")).content.decode()


def test_the_csv_has_exactly_the_lines_the_list_shows(client_of: ClientOf) -> None:
    customer = customers(1)[0]
    posted(
        1, document_no="2026-1", legs=[debit("1100", "119", customer_id=customer.pk, description="=1+1"), credit("4000", "119")]
    )
    posted(2, day=date(2026, 2, 1), source_type="bank", description="Transfer")
    seal_all()
    finance = client_of(FINANCE)
    account = Account.objects.get(code="1100").pk
    expected = {
        "": 5,
        "period=2026-03": 2,
        f"account={account}": 2,
        "source=bank": 3,
        "q=2026-1": 2,
        "q=Customer+0": 1,
        "q=2": 5,
        f"period=2026-03&account={account}": 1,
        "q=nothing": 0,
        "period=2031-01": 5,
    }
    for query, count in expected.items():
        page = finance.get(f"{reverse('admin:journal')}?{query}")
        shown = [
            (str(row.entry.seal.seq), row.account.number, a.replace(",", ""), b.replace(",", ""))
            for row, _, a, b in page.context["rows"]
        ]
        found = [
            (r["entry_no"], r["account_number"], r["debit"], r["credit"])
            for r in rows(finance.get(f"{reverse('admin:journal_csv')}?{query}"))
        ]
        assert found == shown
        assert (query, len(found)) == (query, count) or query == "q=2"
    assert [r["text"] for r in rows(finance.get(f"{reverse('admin:journal_csv')}?q=2026-1"))] == ["'=1+1", ""]


def test_the_list_takes_the_same_queries_for_few_lines_and_many(client_of: ClientOf) -> None:
    finance = client_of(FINANCE)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert finance.get(reverse("admin:journal")).status_code == 200
        return len(captured)

    posted(1)
    finance.get(reverse("admin:journal"))
    few = queries()
    for number in range(2, 42):
        posted(number)
    assert queries() == few == 14


def test_balances_by_currency_and_month(client_of: ClientOf) -> None:
    posted(1, day=date(2026, 2, 1))
    posted(2)
    posted(3, legs=[debit("1000", "7", "JPY"), credit("1100", "7", "JPY")])
    finance = client_of(FINANCE)

    def of(code: str, query: str) -> list[tuple[str, str, str, str]]:
        found = rows(finance.get(f"{reverse('admin:accounts_csv')}?{query}"))
        return [(r["currency"], r["debit"], r["credit"], r["balance"]) for r in found if r["code"] == code]

    assert of("1100", "") == [("EUR", "238.00", "0.00", "238.00"), ("JPY", "0", "7", "-7")]
    assert of("1100", "period=2026-02") == [("EUR", "119.00", "0.00", "119.00")]
    assert of("1100", "period=2026-03") == [("EUR", "119.00", "0.00", "238.00"), ("JPY", "0", "7", "-7")]
    assert of("2100-DE-19", "period=2026-03") == [("EUR", "0.00", "19.00", "-38.00")]
    assert of("6030", "") == [("", "", "", "")]


def test_an_account_is_renamed_and_numbers_are_given_once(client_of: ClientOf) -> None:
    entity = company()
    finance = client_of(FINANCE)
    address = reverse("admin:account_rename", args=[entity.pk, "4000"])
    page = finance.post(address, {"number": "8400", "name": "Strom"}, follow=True)
    assert "The account is called 8400 Strom now." in said(page)
    assert AuditEvent.objects.get(action="account.rename").changes == {"number": ["4000", "8400"], "name": ["Energy", "Strom"]}
    for number, words in (("1100", "1100 is 1100 Receivables"), ("", "Give it a number."), ("4000", "")):
        page = finance.post(address, {"number": number, "name": "Strom"})
        assert words in str(page.context["form"].errors) if words else page.status_code == 302
    other = reverse("admin:account_rename", args=[entity.pk, "4010"])
    assert "4000 is 4000 Strom" in str(finance.post(other, {"number": "4000", "name": "x"}).context["form"].errors)
    for wrong in ("4444", "2100-DE-19"):
        assert finance.get(reverse("admin:account_rename", args=[entity.pk, wrong])).status_code == 404


def test_an_entry_shows_what_it_says_and_is_taken_back_once(client_of: ClientOf) -> None:
    entry = posted(1)
    finance = client_of(FINANCE)
    address = reverse("admin:journal_entry", args=[entry.pk])
    assert "Entry without a number yet" in finance.get(address).content.decode()
    seal_all()
    text = finance.get(address).content.decode()
    for words in (entry.content_hash, entry.seal.chain, "invoice:1:1", "1100 Receivables", "119.00", "19 %"):
        assert words in text
    assert "Say why." in str(finance.post(address, {"day": "2026-03-31", "reason": ""}).context["form"].errors)
    assert JournalEntry.objects.count() == 1
    finance.post(address, {"day": "2026-03-31", "reason": "Twice"})
    back = JournalEntry.objects.get(reverses=entry)
    assert f"/journal/{back.pk}/" in finance.get(address).content.decode()
    assert "It has been taken back already." in finance.get(address).content.decode()
    page = finance.post(address, {"day": "2026-03-31", "reason": "Again"}, follow=True)
    assert "It has been taken back already. Nothing was changed." in said(page)
    assert JournalEntry.objects.count() == 2


def test_an_entry_of_a_document_is_not_taken_back_here(client_of: ClientOf) -> None:
    entry = posted(1, document_no="2026-17")
    finance = client_of(FINANCE)
    address = reverse("admin:journal_entry", args=[entry.pk])
    assert "It belongs to document 2026-17: correct the document" in finance.get(address).content.decode()
    finance.post(address, {"day": "2026-03-31", "reason": "x"})
    assert JournalEntry.objects.count() == 1


def test_a_closed_month_is_said_beside_the_day(client_of: ClientOf) -> None:
    entry = posted(1)
    closed(entry.period)
    page = client_of(FINANCE).post(reverse("admin:journal_entry", args=[entry.pk]), {"day": "2026-03-30", "reason": "x"})
    assert "2026-03 is closed: its books take no posting." in str(page.context["form"].errors["day"])


def test_a_month_is_closed_by_two_people_on_the_page(client_of: ClientOf, staff: Callable[[str], User]) -> None:
    period = posted(1).period
    finance, administrator = client_of(FINANCE), client_of(ADMINISTRATOR)
    page = finance.post(reverse("admin:period_ask", args=[period.pk]), {"kind": "CLOSE"}, follow=True)
    assert "Something of 2026-03 is missing: say why it is closed without." in said(page)
    asked = {"kind": "CLOSE", "reason": "Not checked yet"}
    page = finance.post(reverse("admin:period_ask", args=[period.pk]), asked, follow=True)
    assert "2026-03 is closed as soon as a second person confirms it." in said(page)
    change = PeriodChange.objects.get()
    decide = reverse("admin:period_decide", args=[change.pk])
    assert "Somebody else confirms" in said(finance.post(decide, {"answer": "confirm"}, follow=True))
    assert "1 entry is not sealed yet" in finance.get(reverse("admin:periods")).content.decode()
    assert "2026-03 is closed and signed." in said(administrator.post(decide, {"answer": "confirm"}, follow=True))
    period.refresh_from_db()
    assert period.state == AccountingPeriod.State.CLOSED
    document = json.loads(finance.get(reverse("admin:period_signature", args=[period.pk])).content)
    assert is_signed(document["public_key"], document["statement"], document["signature"])
    assert document["public_key"] == PeriodClosing.objects.get().key.public_key
    assert (
        document["public_key"]
        in client_of(FINANCE).get(reverse("admin:core_legalentity_change", args=[period.entity_id])).content.decode()
    )
    page = finance.post(reverse("admin:period_ask", args=[period.pk]), {"kind": "REOPEN", "reason": ""}, follow=True)
    assert "Say why the month is opened again. Nothing was changed." in said(page)


def test_a_missing_key_is_said_and_the_administrator_retires_it(client_of: ClientOf) -> None:
    closed(posted(1).period)
    key = SigningKey.objects.get()
    key_file(key.fingerprint).unlink()
    finance, administrator = client_of(FINANCE), client_of(ADMINISTRATOR)
    assert "The private half is missing" in finance.get(reverse("admin:periods")).content.decode()
    address = reverse("admin:signing_key_retire", args=[key.pk])
    assert finance.post(address, {"reason": "Lost"}).status_code == 403
    assert "The key is retired." in said(administrator.post(address, {"reason": "Lost"}, follow=True))
    key.refresh_from_db()
    assert key.retired_at


def upload(text: str) -> dict[str, Any]:
    return {"entity": company().pk, "day": "2026-03-31", "file": SimpleUploadedFile("o.csv", text.encode())}


def test_opening_balances_are_shown_before_they_are_posted(client_of: ClientOf) -> None:
    company()
    finance, address = client_of(FINANCE), reverse("admin:opening_balances")
    page = finance.post(address, upload("account,debit,credit\n1000,12.50,\n4711,1,\n"))
    assert "There is no account &#x27;4711&#x27;. Use its number or its code." in page.content.decode()
    assert "ticket" not in page.context
    page = finance.post(address, upload("account,debit,credit\n1000,12.50,\n"))
    assert not JournalEntry.objects.exists()
    ticket = page.context["ticket"]
    assert "out of date" in said(client_of(ADMINISTRATOR).post(address, {"ticket": ticket}, follow=True))
    assert not JournalEntry.objects.exists()
    for _ in range(2):
        page = finance.post(address, {"ticket": ticket}, follow=True)
        assert "The opening balances of Stadtwerke Nord are in the books." in said(page)
    entry = JournalEntry.objects.get()
    assert list(entry.postings.values_list("account__code", flat=True)) == ["1000", "9000"]
    assert "Taken over before" in finance.get(address).content.decode()


def test_the_template_can_be_filled_in_as_it_is(client_of: ClientOf) -> None:
    finance = client_of(FINANCE)
    text = finance.get(reverse("admin:opening_template")).content.decode()
    page = finance.post(reverse("admin:opening_balances"), upload(text.replace("C-1001", "")))
    assert page.context["found"].problems == []
    assert [leg.account_code for leg in page.context["found"].legs] == ["1000", "1100", "2000", "9000"]
