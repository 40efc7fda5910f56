"""The pages of PDFs: one document's, a month's, as ZIP; and what a company puts on its documents."""

import io
import zipfile
from collections.abc import Callable

import pytest
from django.test import Client

from billing.document_models import Document
from billing.paper_models import DocumentPaper, DocumentSettings
from chargebill.core.roles import ADMINISTRATOR, ROLES
from tests.documents.conftest import Operator, month, operator
from tests.papers.papers import text_of

__all__ = ["month", "operator"]
ClientOf = Callable[[str], Client]
# What the form of settings always sends.
DAYS = {"payment_days": "14", "first_reminder_days": "7", "next_reminder_days": "14"}
MONTH = "/billing/papers/?month=2018-09"


def shown(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def test_a_documents_page_leads_to_its_pdf(month: Operator, client_of: ClientOf) -> None:
    month.issue()
    clerk, document = client_of("Billing clerk"), Document.objects.get(customer__name="Ada")
    link = f"/billing/document/{document.pk}/pdf/"

    assert link in shown(clerk, f"/billing/document/{document.pk}/change/")
    response = clerk.get(link)
    assert (response["Content-Type"], response["Content-Disposition"]) == ("application/pdf", 'inline; filename="INV-000001.pdf"')
    assert "Invoice INV-000001" in text_of(response.content)
    assert clerk.get("/billing/document/999/pdf/").status_code == 404


def test_a_month_is_made_and_comes_as_one_file(month: Operator, client_of: ClientOf, run_jobs: Callable[[], None]) -> None:
    month.issue()
    clerk = client_of("Billing clerk")
    assert "Make 5 PDFs" in shown(clerk, MONTH)
    early = clerk.get("/billing/papers/month.zip?month=2018-09", follow=True)
    assert "Some documents of this month have no PDF yet" in early.content.decode()

    sent = {"entity": month.entity.pk, "month": "2018-09", "seen": "0"}
    assert "Look again" in clerk.post("/billing/papers/make/", sent, follow=True).content.decode()
    run_jobs()
    assert "5 of 5 made" in shown(clerk, MONTH)
    packed = b"".join(clerk.get("/billing/papers/month.zip?month=2018-09"))
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"{n}.pdf" for n in ("INV-000001", "INV-000002", "INV-000003", "R-000001", "R-000002")]
        assert "Receipt R-000002" in text_of(archive.read("R-000002.pdf"))
    assert packed == b"".join(clerk.get("/billing/papers/month.zip?month=2018-09"))


def test_a_month_without_documents_and_a_wrong_month_say_so(month: Operator, client_of: ClientOf) -> None:
    clerk = client_of("Billing clerk")

    assert "No document was issued for September 2018" in shown(clerk, MONTH)
    assert "is no month" in shown(clerk, "/billing/papers/?month=soon")
    wrong = clerk.post("/billing/papers/make/", {"entity": month.entity.pk, "month": "soon"}, follow=True)
    assert "is no month" in wrong.content.decode()
    assert clerk.post("/billing/papers/make/", {"entity": 999, "month": "2018-09"}).status_code == 404


@pytest.mark.parametrize("role", [ADMINISTRATOR, *ROLES])
def test_pages_are_for_the_roles_that_may(month: Operator, client_of: ClientOf, role: str) -> None:
    month.issue()
    client, document = client_of(role), Document.objects.first()
    reads, makes, sets = (
        role != "Analyst",
        role in (ADMINISTRATOR, "Billing clerk", "Finance"),
        role in (ADMINISTRATOR, "Finance"),
    )

    for url in (f"/billing/document/{document.pk}/pdf/", MONTH, "/billing/settings/"):
        assert client.get(url).status_code == (200 if reads else 403), url
    sent = {"entity": month.entity.pk, "month": "2018-09"}
    assert client.post("/billing/papers/make/", sent).status_code == (302 if makes else 403)
    settings = {"entity": month.entity.pk, **DAYS, "payment_days": "21"}
    assert client.post("/billing/settings/", settings).status_code == (302 if sets else 403)
    assert DocumentSettings.objects.filter(payment_days=21).exists() == sets
    assert DocumentPaper.objects.count() == (1 if reads else 0)


def test_strangers_are_asked_to_sign_in(month: Operator, client: Client) -> None:
    month.issue()

    for url in (
        f"/billing/document/{Document.objects.first().pk}/pdf/",
        MONTH,
        "/billing/papers/month.zip",
        "/billing/settings/",
    ):
        assert client.get(url)["Location"].startswith("/login/")


def test_settings_say_what_is_wrong_and_take_an_iban_as_the_bank_writes_it(month: Operator, client_of: ClientOf) -> None:
    finance = client_of("Finance")
    sent = {"entity": month.entity.pk, **DAYS, "iban": "GB33 BUKB 2020 1555 5555 56", "contact_email": "nobody"}
    wrong = finance.post("/billing/settings/", sent).content.decode()

    assert "its check digits are wrong" in wrong
    assert "valid email address" in wrong
    assert 'value="GB33BUKB20201555555556"' in wrong
    assert not DocumentSettings.objects.exists()
    right = {**sent, "iban": "gb33 BUKB 2020 1555 5555 55", "contact_email": "help@tay.example"}
    assert finance.post("/billing/settings/", right).status_code == 302
    assert DocumentSettings.objects.get().iban == "GB33BUKB20201555555555"


def test_without_a_company_the_pages_say_what_comes_first(client_of: ClientOf) -> None:
    finance = client_of("Finance")

    for url in ("/billing/papers/", "/billing/settings/"):
        assert "There is no company yet" in shown(finance, url)
