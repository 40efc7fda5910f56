"""The pages of Billing: what is missing and what would be issued, issuing, a document line by line, lists, numbers."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from billing.document_models import Document, DocumentRun, NumberSeries
from billing.models import Chargeable
from billing.operations import start_issuing
from chargebill.core.models import LegalEntity
from chargebill.core.roles import ADMINISTRATOR, ROLES
from tests.documents.conftest import AT, SEPTEMBER, Operator, numbers, session

MONTH = "/billing/month/?month=2018-09"
ClientOf = Callable[[str], Client]


def text_of(client: Client, url: str, status: int = 200) -> str:
    response = client.get(url)
    assert response.status_code == status
    assert len(response.content) < 150_000
    return response.content.decode()


def issue(client: Client, entity: LegalEntity, **more: str) -> Any:
    return client.post("/billing/month/issue/", {"entity": entity.pk, "month": "2018-09", "seen": "1", **more}, follow=True)


def cells(client: Client, url: str) -> list[dict[str, str]]:
    body = b"".join(client.get(url)).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(body)))


def test_a_month_says_what_would_be_issued_and_what_is_not_ready(month: Operator, client_of: ClientOf) -> None:
    Chargeable.objects.filter(session__external_id="A2").update(state="HELD", reason="D7")
    shown = text_of(client_of("Billing clerk"), MONTH)

    assert "4 documents, 6 sessions · GBP 9.07 incl. VAT + GBP 10.46 excl. VAT" in shown
    assert "Issue 4 documents" in shown
    assert "reason=D7" in shown
    assert "GBP 3.00" in shown


def test_a_clerk_issues_a_month_and_finds_the_documents(
    month: Operator, client_of: ClientOf, run_jobs: Callable[[], None]
) -> None:
    clerk = client_of("Billing clerk")
    for _ in range(2):
        # Sent twice it is one run.
        assert "Stop" in issue(clerk, month.entity).content.decode()
    run_jobs()

    assert DocumentRun.objects.count() == 1
    assert (len(numbers("RECEIPT")), len(numbers("INVOICE"))) == (2, 3)
    assert Document.objects.first().issued_by.username == "billing-clerk"
    shown = text_of(clerk, MONTH)
    assert "5 documents of this month were issued" in shown
    assert "Nothing is ready to bill" in shown
    listed = text_of(clerk, "/billing/document/?q=INV-000001")
    assert "INV-000001" in listed
    assert "INV-000002" not in listed


def test_a_run_is_stopped_and_taken_up_again_from_the_page(
    month: Operator, client_of: ClientOf, run_jobs: Callable[[], None]
) -> None:
    clerk = client_of("Billing clerk")
    issue(clerk, month.entity)
    run = DocumentRun.objects.get()
    assert "It stops after" in clerk.post(f"/billing/runs/{run.pk}/stop/", follow=True).content.decode()
    run_jobs()
    assert not Document.objects.exists()
    assert "Go on" in text_of(clerk, MONTH)
    assert "is being issued" not in text_of(clerk, MONTH)
    clerk.post(f"/billing/runs/{run.pk}/resume/")
    run_jobs()
    assert Document.objects.count() == 5


@pytest.mark.parametrize("role", [ADMINISTRATOR, *ROLES])
def test_who_may_look_and_who_may_issue(month: Operator, client_of: ClientOf, role: str) -> None:
    client = client_of(role)
    run = start_issuing(entity=month.entity, first_day=SEPTEMBER, actor=None, at=AT, key="waits")
    may_look, may_issue = role != "Analyst", role in (ADMINISTRATOR, "Billing clerk", "Finance")
    assert client.get(MONTH).status_code == (200 if may_look else 403)
    assert client.get("/billing/numbers/").status_code == 200
    for url in ("/billing/month/issue/", f"/billing/runs/{run.pk}/stop/", f"/billing/runs/{run.pk}/resume/"):
        assert client.post(url, {"entity": month.entity.pk, "month": "2018-09"}).status_code == (302 if may_issue else 403)
        assert client.get(url).status_code == 405
    may_number = role in (ADMINISTRATOR, "Finance")
    sent = {"entity": month.entity.pk, "kind": "INVOICE", "INVOICE-prefix": "X-", "INVOICE-digits": 4, "INVOICE-next_number": 9}
    assert client.post("/billing/numbers/", sent).status_code == (302 if may_number else 403)
    assert NumberSeries.objects.filter(prefix="X-", next_number=9).exists() == may_number
    assert not Document.objects.exists()


def test_wrong_input_is_told_and_changes_nothing(month: Operator, client_of: ClientOf) -> None:
    clerk = client_of("Billing clerk")
    assert "is no month" in text_of(clerk, "/billing/month/?month=soon")
    assert text_of(clerk, "/billing/month/?entity=99999")
    assert "is no month" in issue(clerk, month.entity, month="soon").content.decode()
    assert "has not begun" in issue(clerk, month.entity, month="2999-01").content.decode()
    assert clerk.post("/billing/month/issue/", {"entity": "99999", "month": "2018-09"}).status_code == 404
    assert clerk.post("/billing/runs/99999/stop/").status_code == 404
    LegalEntity.objects.update(street="")
    shown = text_of(clerk, MONTH)
    assert "it lacks its street" in shown
    assert "Issue 5 documents" not in shown
    assert "lacks its street" in issue(clerk, month.entity).content.decode()
    assert not DocumentRun.objects.exists()


def test_a_document_is_shown_line_by_line_and_its_session_leads_to_it(month: Operator, client_of: ClientOf) -> None:
    month.issue()
    clerk = client_of("Billing clerk")
    document = Document.objects.get(customer__name="Ada")
    shown = text_of(clerk, f"/billing/document/{document.pk}/change/")
    for said in (
        "Invoice INV-000001",
        "GBP 5.07",
        "Dock Road 1",
        "GB123456789",
        "Energy: 12.340 kWh at 0.40 GBP/kWh = 4.94",
        "20 % GB20",
    ):
        assert said in shown
    assert "VAT Act 1994, standard rate." in shown
    line = document.lines.first()
    assert f"/stations/session/{line.session_id}/change/" in shown
    of_session = text_of(clerk, f"/stations/session/{line.session_id}/change/")
    assert f'href="/billing/document/{document.pk}/change/">INV-000001</a>' in of_session


def test_lines_and_lists_go_out_as_csv_that_runs_nothing(month: Operator, client_of: ClientOf) -> None:
    month.customers["Ada"].name = "=HYPERLINK(1)"
    month.customers["Ada"].save()
    month.issue()
    clerk = client_of("Billing clerk")
    document = Document.objects.get(customer__name="=HYPERLINK(1)")
    rows = cells(clerk, f"/billing/document/{document.pk}/lines.csv")
    assert [(row["session_id"], row["net"], row["vat"], row["gross"]) for row in rows] == [
        ("M1", "4.12", "0.82", "4.94"),
        ("M2", "0.11", "0.02", "0.13"),
    ]
    assert rows[0]["started_local"] == "2018-09-06 10:00:00"
    listed = cells(clerk, "/billing/document/export.csv?kind__exact=INVOICE")
    assert [row["customer"] for row in listed] == ["Roamer", "Brewery", "'=HYPERLINK(1)"]
    assert listed[2]["gross"] == "5.07"


def test_what_changed_after_billing_is_listed(month: Operator, client_of: ClientOf) -> None:
    month.issue()
    month.bring(session("A1", energy_kwh="9"))
    clerk = client_of("Billing clerk")
    shown = text_of(clerk, MONTH)
    assert "Changed after billing" in shown
    assert "An import corrected its facts." in shown
    assert "GBP 3.60" in shown
    pk = Chargeable.objects.get(session__external_id="A1").pk
    assert "It would cost GBP 3.60 incl. VAT now." in text_of(clerk, f"/stations/session/{pk}/change/")


def test_numbers_say_what_is_wrong_and_keep_what_was_typed(month: Operator, client_of: ClientOf) -> None:
    month.issue()
    finance = client_of("Finance")
    sent = {"entity": month.entity.pk, "kind": "INVOICE", "INVOICE-prefix": "R-", "INVOICE-digits": 6, "INVOICE-next_number": 4}
    assert "Another kind of document has the prefix" in finance.post("/billing/numbers/", sent).content.decode()
    assert (
        "stays 4"
        in finance.post("/billing/numbers/", {**sent, "INVOICE-prefix": "N-", "INVOICE-next_number": 7}).content.decode()
    )
    assert "INV-000004" in text_of(finance, "/billing/numbers/")
    assert finance.post("/billing/numbers/", {**sent, "INVOICE-prefix": "N-{year}-"}).status_code == 302
    assert NumberSeries.objects.get(kind="INVOICE").prefix == "N-{year}-"


def test_pages_without_a_company_say_what_comes_first(db: None, client_of: ClientOf) -> None:
    client = client_of(ADMINISTRATOR)
    for url in ("/billing/month/", "/billing/numbers/"):
        assert "There is no company yet" in text_of(client, url)
    assert "once a month has been billed" in text_of(client, "/billing/document/")


def test_a_month_takes_the_same_queries_for_few_and_for_many(month: Operator, client_of: ClientOf) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    clerk = client_of("Billing clerk")
    taken = []
    for more in range(2):
        if more:
            month.bring(*(session(f"X{n}", day="2018-09-11") for n in range(40)))
        with CaptureQueriesContext(connection) as captured:
            text_of(clerk, MONTH)
        taken.append(len(captured))
    assert taken[0] == taken[1]
