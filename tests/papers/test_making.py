"""PDFs of issued documents: what they say is what the rows say, they are kept, and never become others."""

import hashlib
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from billing.document_models import Document
from billing.operations import papers
from billing.operations.credits import correct
from billing.operations.document_settings import change_document_settings
from billing.operations.papers import make_papers, of_month, paper_of, paper_path, start_papers, without_paper
from billing.paper_models import DocumentPaper
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent, Job, LegalEntity
from memberships.models import Customer
from tests.documents.conftest import AT, SEPTEMBER, Operator, month, operator, session
from tests.papers.papers import text_of

__all__ = ["month", "operator"]


def day(of: date) -> str:
    return f"{of.day} {of:%b %Y}"


def said(document: Document) -> str:
    return text_of(paper_of(document=document, at=AT))


def test_a_pdf_says_what_the_rows_say(month: Operator) -> None:
    change_document_settings(
        entity=month.entity, values={"contact_email": "help@tay.example", "iban": "GB33BUKB20201555555555"}, actor=None, at=AT
    )
    month.bring(session("M9", token="T-Ada", meter_start_kwh="100", meter_stop_kwh="110"))
    month.issue()

    assert Document.objects.count() == 5
    for document in Document.objects.prefetch_related("lines", "taxes"):
        text = said(document)
        title = {"RECEIPT": "Receipt", "INVOICE": "Invoice"}[document.kind]
        assert f"{title} {document.number}" in text
        assert f"{document.gross_amount:.2f} GBP" in text
        for expected in (
            "Tayside Charging Ltd",
            "Dock Road 1",
            "DD1 1AA Dundee, GB",
            "VAT id GB123456789",
            day(document.issue_date),
        ):
            assert expected in text
        assert "help@tay.example" in text
        assert "VAT Act 1994, standard rate." in text
        for tax in document.taxes.all():
            assert f"20 % {tax.net_amount:.2f} {tax.tax_amount:.2f} {tax.gross_amount:.2f}" in text
        for line in document.lines.all():
            fixed = line.net_amount if document.anchor == "NET" else line.gross_amount
            assert f"{line.place}, {line.country} EVSE {line.evse} · " in text
            assert f" 20 % {fixed:.2f} " in text
            assert f"Charge {line.session_number} · {line.energy_kwh:.3f} kWh" in text
            assert f"Energy {line.energy_kwh:.3f} kWh 0.40 / kWh" in text
    ada = said(Document.objects.get(customer__name="Ada"))
    assert "Charge M9 · 10.000 kWh, meter 100.000 to 110.000 kWh" in ada
    due = day(document.issue_date + timedelta(days=14))
    assert f"Please pay 9.07 GBP by {due} to IBAN GB33 BUKB 2020 1555 5555 55, stating INV-000001." in ada
    assert "Hub 3 22.670 kWh 9.07" in ada


def test_when_it_is_to_be_paid_follows_the_customer_then_the_company(month: Operator) -> None:
    change_document_settings(entity=month.entity, values={"payment_days": 10}, actor=None, at=AT)
    Customer.objects.filter(name="Brewery").update(payment_days=0)
    month.bring(session("C1", amount="5.00", currency="GBP"), mode="collected")
    month.issue()
    days = {
        document.buyer.get("name", document.is_collected): document.due_date and (document.due_date - document.issue_date).days
        for document in Document.objects.all()
    }

    assert days == {"Ada": 10, "Roamer": 10, "Brewery": 0, False: 0, True: None}
    assert "Paid. The money was taken when you charged" in said(Document.objects.get(is_collected=True))


def test_a_customer_reads_their_own_language(month: Operator) -> None:
    Customer.objects.filter(name="Ada").update(language="de")
    month.issue()

    assert "Rechnung INV-000001" in said(Document.objects.get(customer__name="Ada"))
    assert "Invoice INV-000002" in said(Document.objects.get(customer__name="Brewery"))


def test_it_is_made_once_and_stays_whatever_the_company_says_later(month: Operator) -> None:
    month.issue()
    document = Document.objects.get(customer__name="Ada")
    first = paper_of(document=document, at=AT)
    LegalEntity.objects.update(legal_name="Other Ltd", street="Elsewhere 9")
    change_document_settings(entity=month.entity, values={"contact_email": "new@tay.example"}, actor=None, at=AT)
    row = DocumentPaper.objects.get()

    assert (row.sha256, row.size) == (hashlib.sha256(first).hexdigest(), len(first))
    assert paper_of(document=document, at=AT) == first
    paper_path(row.sha256).unlink()
    assert paper_of(document=document, at=AT) == first
    paper_path(row.sha256).write_bytes(first[:-1])
    assert paper_of(document=document, at=AT) == first
    assert paper_path(row.sha256).read_bytes() == first
    assert DocumentPaper.objects.count() == 1


def test_a_lost_file_that_would_become_another_is_asked_for(month: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    month.issue()
    document = Document.objects.first()
    paper_of(document=document, at=AT)
    row = DocumentPaper.objects.get()
    paper_path(row.sha256).unlink()
    monkeypatch.setattr(papers, "printed", lambda content, at: b"%PDF other")

    with pytest.raises(UserError) as refused:
        paper_of(document=document, at=AT)
    assert refused.value.code == "paper_changed"
    assert not paper_path(row.sha256).exists()
    assert DocumentPaper.objects.get().sha256 == row.sha256


def test_the_database_keeps_what_was_made(month: Operator) -> None:
    month.issue()
    make_papers(documents=[Document.objects.first()], at=AT)

    for statement in ("UPDATE billing_documentpaper SET sha256 = 'x'", "DELETE FROM billing_documentpaper"):
        with pytest.raises(DatabaseError, match="never"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_many_papers_take_few_queries(month: Operator) -> None:
    month.issue()
    documents = list(Document.objects.order_by("pk"))

    def queries(number: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            make_papers(documents=documents[:number], at=AT)
        return len(captured)

    assert queries(1) == queries(5)


@pytest.mark.django_db(transaction=True)
def test_a_months_papers_are_made_in_the_background_and_taken_up_where_they_stopped(
    month: Operator, run_jobs: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    month.issue()
    monkeypatch.setattr(papers, "CHUNK", 2)
    make_papers(documents=[Document.objects.first()], at=AT)
    for _ in range(2):
        job = start_papers(entity=month.entity, first_day=SEPTEMBER, actor=None, at=AT, key="k")
    run_jobs()
    job.refresh_from_db()

    assert Job.objects.filter(kind="make_papers").count() == 1
    assert (job.state, job.done, job.total, job.result) == ("DONE", 4, 4, {"papers": 4})
    assert not without_paper(month.entity, SEPTEMBER).exists()
    assert AuditEvent.objects.filter(action="papers.make").count() == 1
    with pytest.raises(UserError, match="Every document of this month has its PDF"):
        start_papers(entity=month.entity, first_day=SEPTEMBER, actor=None, at=AT, key="another")


def test_settings_that_cannot_be_are_refused_and_change_nothing(month: Operator) -> None:
    for name, value in (("iban", "GB33BUKB20201555555556"), ("contact_email", "nobody"), ("payment_days", 400), ("bic", "X")):
        with pytest.raises(UserError) as refused:
            change_document_settings(entity=month.entity, values={name: value}, actor=None, at=AT)
        assert (refused.value.code, refused.value.where) == (name, name)
    assert not AuditEvent.objects.filter(action="document_settings.change").exists()


def test_changed_settings_are_in_the_audit_trail(month: Operator) -> None:
    for _ in range(2):
        change_document_settings(entity=month.entity, values={"payment_days": 30}, actor=None, at=AT)

    assert AuditEvent.objects.get(action="document_settings.change").changes == {"days to pay": [14, 30]}


def test_a_credit_note_is_printed_with_what_it_corrects_and_stands_in_the_month_it_was_issued(month: Operator) -> None:
    month.issue()
    ada = Document.objects.get(customer__name="Ada")
    note = correct(document=ada, key="k", amounts=None, reason="Wrong meter", actor=None, at=AT).credit_note
    text = said(note)

    assert "Credit note CN-000001" in text
    assert "Corrects INV-000001" in text
    assert "5.07 GBP is taken off INV-000001. What you have paid too much you get back." in text
    assert "Wrong meter" not in text
    assert note in of_month(month.entity, date(2018, 10, 1))
    assert note not in of_month(month.entity, SEPTEMBER)
