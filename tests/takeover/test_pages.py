"""The pages: who may open them, the report before anything happens, the signature, and wrong input."""

import csv
import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.document_models import Document
from billing.journal_models import JournalEntry
from billing.takeover_models import TakeOver, TakeOverKind
from chargebill.core.models import LegalEntity
from chargebill.core.roles import ADMINISTRATOR, AUDITOR, FINANCE, ROLES
from tests.documents.conftest import Operator
from tests.takeover.conftest import INVOICES, opening, taken

EVERY_ROLE = (ADMINISTRATOR, *ROLES)


def opened(client_of: Any, url: str) -> set[str]:
    return {role for role in EVERY_ROLE if client_of(role).get(url).status_code == 200}


def sent(client: Any, operator: Operator, text: str = INVOICES, kind: str = "open_invoices", **more: str) -> Any:
    file = SimpleUploadedFile("open.csv", text.encode())
    given = {"entity": operator.entity.pk, "day": "2018-09-30", "file": file, **more}
    return client.post(f"/take-over/{kind}/", given)


def rows(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(answer).decode())))


def said(page: Any) -> str:
    return " ".join(map(str, page.context["messages"]))


def test_finance_and_the_administrator_take_over_and_the_auditor_looks(tayside: Operator, client_of: Any) -> None:
    made = taken(tayside)
    assert opened(client_of, "/take-over/") == {ADMINISTRATOR, FINANCE, AUDITOR}
    assert opened(client_of, f"/taken-over/{made.pk}/") == {ADMINISTRATOR, FINANCE, AUDITOR}
    assert opened(client_of, f"/taken-over/{made.pk}/report.csv") == {ADMINISTRATOR, FINANCE, AUDITOR}
    for kind in TakeOverKind.values:
        assert opened(client_of, f"/take-over/{kind}/template.csv") == {ADMINISTRATOR, FINANCE, AUDITOR}
        assert opened(client_of, f"/take-over/{kind}/") == {ADMINISTRATOR, FINANCE}
    assert "Choose a file" not in client_of(AUDITOR).get("/take-over/").content.decode()


def test_what_is_not_there_is_not_found(tayside: Operator, client_of: Any) -> None:
    client = client_of(FINANCE)
    for url in ("/take-over/colors/", "/take-over/colors/template.csv", "/taken-over/1/", f"/taken-over/{2**70}/"):
        assert client.get(url).status_code == 404


def test_without_a_company_the_page_says_what_to_do_first(db: None, client_of: Any) -> None:
    LegalEntity.objects.all().delete()
    for url in ("/take-over/", "/take-over/open_invoices/"):
        assert "company" in client_of(FINANCE).get(url).content.decode()


def test_the_template_is_read_by_the_page_it_is_of(tayside: Operator, client_of: Any) -> None:
    client = client_of(FINANCE)
    text = client.get("/take-over/open_invoices/template.csv").content.decode().replace("C-1001", "C-Ada").replace("2026", "2018")
    assert sent(client, tayside, text.replace("EUR", "GBP")).context["problems"] == []


def test_a_file_is_reported_then_signed_then_taken_over(tayside: Operator, client_of: Any) -> None:
    opening(tayside, "1100,159.50,,")
    client = client_of(FINANCE)
    page = sent(client, tayside)
    html = page.content.decode()
    assert "This is what the file would do" in html
    assert "GBP 100.00 becomes open of Ada, due 2018-08-15." in html
    assert "They agree, and nothing is booked twice." in html
    assert not Document.claims.exists()
    ticket = page.context["ticket"]
    report = client.post("/take-over/open_invoices/", {"ticket": ticket, "report": "csv"})
    assert [row["line"] for row in rows(report)] == ["2", "3", "4"]
    unsigned = client.post("/take-over/open_invoices/", {"ticket": ticket})
    assert "say that you stand for it" in unsigned.content.decode()
    assert not Document.claims.exists()
    done = client.post("/take-over/open_invoices/", {"ticket": ticket, "signed": "on"}, follow=True)
    made = TakeOver.objects.get()
    assert said(done) == "Open invoices of Tayside Charging are taken over."
    assert f"Signed by {made.signed_as}" in done.content.decode()
    assert (made.signed_by.groups.get().name, made.name) == (FINANCE, "open.csv")
    assert rows(client.get(f"/taken-over/{made.pk}/report.csv"))[0]["report"] == "GBP 100.00 becomes open of Ada, due 2018-08-15."
    again = sent(client, tayside)
    assert again.url == f"/taken-over/{made.pk}/"


def test_wrong_lines_are_shown_and_can_not_be_signed(tayside: Operator, client_of: Any) -> None:
    client = client_of(FINANCE)
    page = sent(client, tayside, INVOICES + "=Nobody,RE-1,2018-09-20,2018-10-04,x,GBP\n")
    html = page.content.decode()
    assert "1 of 4 lines must be put right first" in html
    assert "Sign and take over" not in html
    report = client.post("/take-over/open_invoices/", {"ticket": page.context["ticket"], "report": "csv"})
    assert [(row["line"], row["column"]) for row in rows(report)[3:]] == [("5", "customer"), ("5", "open_amount")]
    forced = client.post("/take-over/open_invoices/", {"ticket": page.context["ticket"], "signed": "on"}, follow=True)
    assert "can’t be taken" in said(forced)
    assert not Document.claims.exists()


@pytest.mark.parametrize(
    ("text", "words"), [("", "The file is empty."), ("a,b\n1,2\n", "customer, number"), ("x" * 500_001, "bigger than 500 kB")]
)
def test_a_file_that_cant_be_read_is_said_beside_the_field(tayside: Operator, client_of: Any, text: str, words: str) -> None:
    page = sent(client_of(FINANCE), tayside, text)
    assert words in page.content.decode()
    assert page.context["form"].errors["file"]


def test_a_ticket_of_somebody_else_or_made_up_is_refused(tayside: Operator, client_of: Any) -> None:
    page = sent(client_of(FINANCE), tayside)
    for ticket in ("made-up", page.context["ticket"]):
        answer = client_of(ADMINISTRATOR).post("/take-over/open_invoices/", {"ticket": ticket, "signed": "on"}, follow=True)
        assert "out of date" in said(answer)
    assert not Document.claims.exists()


def test_what_changed_since_the_report_must_be_looked_at_again(tayside: Operator, client_of: Any) -> None:
    client = client_of(FINANCE)
    ticket = sent(client, tayside).context["ticket"]
    opening(tayside, "1100,159.50,,")
    answer = client.post("/take-over/open_invoices/", {"ticket": ticket, "signed": "on"}, follow=True)
    assert "Something changed since you looked at the report" in said(answer)
    assert not Document.claims.exists()


def test_an_open_invoice_has_the_page_of_a_document_that_is_open(tayside: Operator, client_of: Any) -> None:
    made = taken(tayside)
    item = Document.claims.get(number="RE-2018-0417")
    client = client_of(FINANCE)
    assert "RE-2018-0417" in client.get("/open-documents/").content.decode()
    assert client.get(f"/billing/document/{item.pk}/change/").url == f"/open-documents/{item.pk}/"
    html = client.get(f"/open-documents/{item.pk}/").content.decode()
    assert f"/taken-over/{made.pk}/" in html
    assert "Line by line" not in html
    form = {"method": "BANK", "amount": "100.00", "received_on": "2018-10-01", "form_key": "k1"}
    paid = client.post(f"/open-documents/{item.pk}/", form, follow=True)
    assert "is recorded" in said(paid)
    assert "RE-2018-0417" not in client.get("/open-documents/").content.decode()
    for url in (f"documents/{item.pk}/correct/", f"document/{item.pk}/pdf/", f"document/{item.pk}/lines.csv"):
        assert client.get(f"/billing/{url}").status_code in (302, 404)
    assert "RE-2018-0417" not in client.get("/billing/document/").content.decode()


def test_the_books_do_not_offer_to_take_its_entry_back(tayside: Operator, client_of: Any) -> None:
    opening(tayside, "1100,159.50,,")
    taken(tayside)
    client = client_of(FINANCE)
    for source, words in (
        ("open_invoice", "was taken over from another system"),
        ("opening_listed", "It goes with opening balances"),
    ):
        entry = JournalEntry.objects.filter(source_type=source).first()
        assert entry
        html = client.get(f"/journal/{entry.pk}/").content.decode()
        assert words in html
    balances = JournalEntry.objects.get(source_type="opening")
    done = client.post(f"/journal/{balances.pk}/", {"day": "2018-09-30", "reason": "wrong file"}, follow=True)
    assert "Taken back" in said(done)
    assert JournalEntry.objects.filter(source_type="opening_listed").count() == 2


def test_the_list_of_take_overs_takes_the_same_queries_at_any_length(
    tayside: Operator, client_of: Any, django_assert_num_queries: Any
) -> None:
    client, counts = client_of(FINANCE), []
    client.get("/take-over/")
    for number in range(3):
        taken(tayside, INVOICES.replace("RE-2018", f"RE-{number}"))
        with CaptureQueriesContext(connection) as queries:
            client.get("/take-over/")
        counts.append(len(queries))
    assert len(set(counts)) == 1
