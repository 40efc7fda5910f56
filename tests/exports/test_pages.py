"""The pages of exports: who may open them, what they show, what they do, and what they refuse."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.export_models import ExportAccount, ExportBatch, ExportedEntry, ExportSettings, ExportTarget
from billing.operations.export_settings import map_by_preset
from billing.operations.exports import make_batch
from chargebill.core.models import AuditEvent
from chargebill.core.roles import ADMINISTRATOR, AUDITOR, FINANCE, ROLES
from tests.exports.books import FEBRUARY, MARCH, busy_books, mapped
from tests.exports.test_batches import NOW, made
from tests.journal.books import posted
from tests.rows import company

pytestmark = pytest.mark.django_db
ClientOf = Callable[[str], Client]


def said(page: Any) -> str:
    return " ".join(map(str, page.context["messages"]))


def preview(target: str = "generic", until: str = "2026-03-31") -> str:
    return f"{reverse('admin:export_preview')}?target={target}&until={until}"


def addresses(batch: ExportBatch) -> list[str]:
    return [
        reverse("admin:exports"),
        preview(),
        reverse("admin:export_accounts", args=["datev"]),
        reverse("admin:export_batch", args=[batch.pk]),
        reverse("admin:export_download", args=[batch.pk]),
        reverse("admin:export_file", args=[batch.files.first().pk]),
    ]


def test_exports_are_for_finance_the_auditor_and_the_administrator(client_of: ClientOf) -> None:
    busy_books()
    batch = made()
    for address in addresses(batch):
        opened = {role for role in (ADMINISTRATOR, *ROLES) if client_of(role).get(address).status_code == 200}
        assert opened == {ADMINISTRATOR, FINANCE, AUDITOR}, address


def test_the_auditor_reads_and_makes_nothing(client_of: ClientOf) -> None:
    entity = busy_books()
    auditor = client_of(AUDITOR)
    data = {"entity": entity.pk, "target": "generic", "until": "2026-03-31", "key": "k"}
    assert auditor.post(reverse("admin:export_make"), data).status_code == 403
    names = {"consultant": 1001, "client": 1, "account_length": 4, "name-1000": "1200"}
    assert auditor.post(reverse("admin:export_accounts", args=["datev"]), names).status_code == 403
    assert not ExportBatch.objects.exists()
    assert not ExportAccount.objects.exists()
    assert "Make the batch" not in auditor.get(preview()).content.decode()
    assert "Finance or an Administrator makes the batch." in auditor.get(preview()).content.decode()


def test_without_a_company_the_pages_say_what_comes_first(client_of: ClientOf) -> None:
    for address in (reverse("admin:exports"), preview(), reverse("admin:export_accounts", args=["xero"])):
        assert "First, your company" in client_of(FINANCE).get(address).content.decode()


def test_a_look_shows_totals_and_first_lines_and_stores_nothing(client_of: ClientOf) -> None:
    busy_books()
    page = client_of(FINANCE).get(preview())
    text = page.content.decode()
    for words in ("7 with 20 postings", "EUR 599.80, JPY 700", "2026-02, 2026-03 are still open", "&#x27;=HYPERLINK(1)"):
        assert words in text
    assert not ExportedEntry.objects.exists()
    assert "Nothing waits up to 1 Jan 2025" in client_of(FINANCE).get(preview(until="2025-01-01")).content.decode()
    page = client_of(FINANCE).get(preview(until="soon"), follow=True)
    assert "Choose the last day that goes out" in said(page)
    assert client_of(FINANCE).get(preview("sap")).status_code == 404


def test_making_a_batch_leads_to_it_and_twice_the_same_form_makes_one(client_of: ClientOf) -> None:
    entity = busy_books()
    finance = client_of(FINANCE)
    data = {"entity": entity.pk, "target": "generic", "until": "2026-03-31", "key": "page:1"}
    pages = [finance.post(reverse("admin:export_make"), data, follow=True) for _ in range(2)]
    assert "GL-1 is made: 7 entries." in said(pages[0])
    assert ExportBatch.objects.get().made_by.username == "finance"
    again = finance.post(reverse("admin:export_make"), {**data, "key": "page:2"}, follow=True)
    assert "Nothing up to 2026-03-31 waits for General ledger. The last batch is GL-1" in said(again)
    for wrong in ({**data, "entity": "²"}, {**data, "until": "x"}, {}):
        assert "This preview can't be read any more" in said(finance.post(reverse("admin:export_make"), wrong, follow=True))
    assert ExportBatch.objects.count() == 1


def test_downloads_are_the_same_bytes_every_time(client_of: ClientOf) -> None:
    busy_books()
    batch = made()
    finance = client_of(FINANCE)
    whole = reverse("admin:export_download", args=[batch.pk])
    first, second = finance.get(whole), finance.get(whole)
    assert first.content == second.content
    assert first["Content-Disposition"] == 'attachment; filename="generic_GL-1.zip"'
    file = batch.files.order_by("position").first()
    one = finance.get(reverse("admin:export_file", args=[file.pk]))
    assert (one["Content-Type"], len(one.content)) == ("text/csv", file.size)
    assert "599.80" in finance.get(reverse("admin:export_batch", args=[batch.pk])).content.decode()
    for name in ("export_batch", "export_download", "export_file"):
        assert finance.get(reverse(f"admin:{name}", args=[999])).status_code == 404


def test_what_is_missing_stands_on_the_page_with_what_to_do(client_of: ClientOf) -> None:
    entity = busy_books()
    finance = client_of(FINANCE)
    text = finance.get(preview("xero")).content.decode()
    assert "This can’t go out yet." in text
    assert "1000 Bank has no account in this target yet: enter it." in text
    assert "Make the batch" not in text
    page = finance.post(reverse("admin:export_make"), {"entity": entity.pk, "target": "xero", "until": "2026-03-31"}, follow=True)
    assert "Xero can't take this yet." in said(page)
    assert not ExportBatch.objects.exists()


def test_accounts_are_named_with_an_event_and_a_preset_is_only_proposed(client_of: ClientOf) -> None:
    entity = busy_books()
    finance = client_of(FINANCE)
    address = reverse("admin:export_accounts", args=["datev"])
    page = finance.get(f"{address}?preset=SKR04")
    rows = {row["code"]: row["name"] for row in page.context["rows"]}
    assert (rows["1000"], rows["4000"], rows["2100-DE-19"]) == ("1800", "4200", "3806")
    assert not ExportAccount.objects.exists()
    data = {"consultant": 1234567, "client": 42, "account_length": 4, "chart": "04"}
    data |= {f"name-{code}": name for code, name in rows.items()}
    assert "Accounts in DATEV are saved." in said(finance.post(address, data, follow=True))
    assert ExportSettings.objects.get().consultant == 1234567
    assert ExportAccount.objects.count() == len(rows)
    finance.post(address, {**data, "name-4000": "4400", "key-4000": "40", "name-9990": ""})
    event = AuditEvent.objects.filter(action="export.accounts").first()
    assert event.changes == {"4000": ["4200", "4400 BU 40"], "9990": ["6300", None]}
    before = AuditEvent.objects.count()
    finance.post(address, {**data, "name-4000": "4400", "key-4000": "40", "name-9990": ""})
    assert AuditEvent.objects.count() == before
    assert make_batch(entity=entity, target=ExportTarget.DATEV, until=MARCH, key="d", actor=None, at=NOW).entries == 7


@pytest.mark.parametrize(
    ("target", "change", "words"),
    [
        ("datev", {"name-1000": "12 00"}, "A DATEV account has up to 4 digits"),
        ("datev", {"name-1000": "１２００"}, "A DATEV account has up to 4 digits"),
        ("datev", {"name-1000": "123456"}, "A DATEV account has up to 4 digits"),
        ("datev", {"key-1000": "4x"}, "A BU-Schlüssel has one to four digits."),
        ("datev", {"consultant": "12"}, "greater than or equal to 1001"),
        ("datev", {"client": ""}, "Enter the DATEV client number"),
        ("datev", {"account_length": "9"}, "less than or equal to 8"),
        ("xero", {"name-1000": "0123456789A"}, "up to 10 letters"),
        ("xero", {"name-1000": "=1"}, "up to 10 letters"),
        ("xero", {"tax_rate": " "}, "This field is required"),
        ("quickbooks", {"name-1000": "Bank::Main"}, "a sub-account is written Parent:Sub"),
        ("quickbooks", {"name-1000": "x" * 101}, "up to 100 characters"),
    ],
)
def test_names_a_target_does_not_take_are_said_and_nothing_is_saved(
    client_of: ClientOf, target: str, change: dict[str, str], words: str
) -> None:
    busy_books()
    good = {"consultant": "1001", "client": "1", "account_length": "4", "chart": "", "tax_rate": "No VAT", "walk_in": "Drivers"}
    page = client_of(FINANCE).post(reverse("admin:export_accounts", args=[target]), {**good, "name-1000": "1200", **change})
    assert page.status_code == 200
    assert words in page.content.decode()
    assert not ExportAccount.objects.exists()
    assert not ExportSettings.objects.exists()
    assert not AuditEvent.objects.filter(action="export.accounts").exists()


def test_batches_keep_what_they_were_made_with(client_of: ClientOf) -> None:
    entity = busy_books()
    mapped(entity, "xero")
    batch = made(target="xero")
    map_by_preset(entity=entity, preset="Xero", settings={"tax_rate": "No VAT"}, actor=None, at=NOW)
    ExportAccount.objects.filter(code="1000").update(name="090")
    assert ExportBatch.objects.get(pk=batch.pk).made_with["accounts"]["1000"] == ["1000", ""]
    assert batch.made_with["settings"]["tax_rate"] == "Tax Exempt"


def test_the_list_takes_the_same_queries_for_few_batches_and_many(client_of: ClientOf) -> None:
    busy_books()
    made(FEBRUARY)
    finance = client_of(FINANCE)
    address = reverse("admin:exports")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert finance.get(address).status_code == 200
        return len(captured)

    finance.get(address)
    few = queries()
    for number in range(20, 32):
        posted(number)
        made(MARCH, key=str(number))
    posted(99)
    assert queries() == few == 41
    assert finance.get(f"{address}?target=xero").context["page"].paginator.count == 0
    assert len(finance.get(f"{address}?target=generic").context["rows"]) == 13
    assert "There is no such export: the list shows all." in finance.get(f"{address}?target=sap").content.decode()


def test_another_companys_postings_stay_apart(client_of: ClientOf) -> None:
    busy_books()
    other = company("Other")
    posted(1, entity=other)
    page = client_of(FINANCE).get(f"{reverse('admin:exports')}?entity={other.pk}")
    assert [card.waiting.entries for card in page.context["cards"]] == [1, 1, 1, 1]
