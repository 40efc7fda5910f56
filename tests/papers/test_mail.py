"""Mail: a document goes to its customer once for each occasion, is tried again, and is never sent by accident."""

import io
import json
import smtplib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import DatabaseError, transaction
from django.test import Client

from billing.document_models import Document
from billing.journal_models import AccountingPeriod, PeriodClosing
from billing.mail_models import OutgoingMail
from billing.operations import mail as operations
from billing.operations.document_settings import change_document_settings
from billing.operations.mail import queue_closings, queue_document, queue_documents, send, send_waiting
from billing.operations.papers import of_month, paper_of
from billing.signing import is_signed
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent, Installation
from chargebill.core.roles import ADMINISTRATOR, ROLES
from memberships.models import Customer
from tests.documents.conftest import AT, SEPTEMBER, Operator, month, operator
from tests.journal.books import MARCH, closed, posted
from tests.rows import company

__all__ = ["month", "operator"]
LINK = "https://bill.example/d/x"
ClientOf = Callable[[str], Client]


@pytest.fixture
def ada(month: Operator) -> Document:
    Customer.objects.filter(name="Ada").update(email="ada@example.org", language="de")
    change_document_settings(entity=month.entity, values={"contact_email": "help@tay.example"}, actor=None, at=AT)
    month.issue()
    return Document.objects.select_related("customer", "entity").get(customer__name="Ada")


def queue(document: Document, number: int = 0, at: datetime = AT) -> OutgoingMail:
    return queue_document(document=document, number=number, link=LINK, actor=None, at=at)


def test_a_document_goes_to_its_customer_with_pdf_and_link(ada: Document) -> None:
    queue(ada)
    assert send_waiting() == 1
    (sent,) = mail.outbox

    assert sent.to == ["ada@example.org"]
    assert sent.from_email == "Tayside Charging Ltd <help@tay.example>"
    assert sent.reply_to == ["help@tay.example"]
    assert sent.subject == "Rechnung INV-000001 von Tayside Charging Ltd"
    assert "Guten Tag Ada," in sent.body
    assert ": 5,07 GBP." in sent.body
    assert f"{LINK}\n" in sent.body
    assert f"Hier können Sie es sagen:\n{LINK}/wrong\n\nOder antworten Sie auf diese E-Mail" in sent.body
    assert sent.attachments[0] == ("INV-000001.pdf", paper_of(document=ada, at=AT), "application/pdf")
    row = OutgoingMail.objects.get()
    assert (row.state, row.tries, row.problem) == ("SENT", 1, "")
    assert send_waiting() == 0


def test_one_mail_for_each_occasion_unless_a_person_sends_it_again(ada: Document) -> None:
    first = queue(ada)
    assert queue(ada) == first
    assert queue(ada, number=1) != first
    assert AuditEvent.objects.filter(action="document.mail").count() == 2
    send_waiting()

    assert len({message.extra_headers["Message-ID"] for message in mail.outbox}) == 2


def test_a_month_is_sent_once_and_says_what_cannot_be(month: Operator, ada: Document) -> None:
    def send_all() -> int:
        documents = of_month(month.entity, SEPTEMBER)
        return queue_documents(entity=month.entity, documents=documents, link_of=lambda one: LINK, actor=None, at=AT)

    assert (send_all(), send_all()) == (1, 0)
    Customer.objects.filter(name="Brewery").update(email="b@example.org")
    assert (send_all(), send_all()) == (1, 0)
    assert set(OutgoingMail.objects.values_list("to", flat=True)) == {"ada@example.org", "b@example.org"}


def test_without_an_address_or_a_sender_nothing_is_queued(month: Operator) -> None:
    month.issue()
    brewery = Document.objects.get(customer__name="Brewery")
    receipt = Document.objects.filter(kind="RECEIPT").first()
    for document in (brewery, receipt):
        with pytest.raises(UserError) as refused:
            queue(document)
        assert refused.value.code == "no_address"
    Customer.objects.update(email="b@example.org")
    with pytest.raises(UserError) as refused:
        queue(Document.objects.get(customer__name="Brewery"))
    assert refused.value.code == "no_sender"
    with pytest.raises(UserError, match="no address its mail comes from"):
        queue_documents(entity=month.entity, documents=Document.objects.all(), link_of=str, actor=None, at=AT)
    assert not OutgoingMail.objects.exists()


def _failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(self: Any, messages: Any) -> int:
        raise error

    monkeypatch.setattr(EmailBackend, "send_messages", fail)


def test_a_server_that_is_away_is_tried_again_later_and_later_and_then_given_up(
    ada: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = queue(ada)
    _failing(monkeypatch, ConnectionRefusedError("nobody there"))
    now, waits = AT, []
    while row.state == "QUEUED":
        assert not send(mail_id=row.pk, at=now)
        row.refresh_from_db()
        # Not due again before the wait is over.
        assert not send(mail_id=row.pk, at=row.next_try_at - timedelta(seconds=1))
        waits.append(row.next_try_at - now)
        now = row.next_try_at
        row.refresh_from_db()

    assert [wait.total_seconds() / 60 for wait in waits] == [10, 60, 240, 720, 1440]
    assert (row.state, row.tries, row.problem) == ("FAILED", 5, "ConnectionRefusedError: nobody there")
    monkeypatch.undo()
    assert not send(mail_id=row.pk, at=now)


def test_an_address_the_server_refuses_is_not_tried_again(ada: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    row = queue(ada)
    _failing(monkeypatch, smtplib.SMTPRecipientsRefused({"ada@example.org": (550, b"unknown")}))
    send(mail_id=row.pk, at=AT)
    row.refresh_from_db()

    assert (row.state, row.tries) == ("FAILED", 1)


def test_two_workers_at_one_mail_send_it_once(ada: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    row = queue(ada)
    real = operations._message

    def slow(taken: OutgoingMail, at: datetime) -> Any:
        # While this one is at it, another worker comes.
        assert not send(mail_id=row.pk, at=at)
        return real(taken, at)

    monkeypatch.setattr(operations, "_message", slow)
    assert send(mail_id=row.pk, at=AT)
    assert len(mail.outbox) == 1


def test_a_worker_that_died_leaves_the_mail_to_the_next_after_ten_minutes(ada: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    row = queue(ada)

    def die(taken: OutgoingMail, at: datetime) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(operations, "_message", die)
        with pytest.raises(KeyboardInterrupt):
            send(mail_id=row.pk, at=AT)
    assert not send(mail_id=row.pk, at=AT + timedelta(minutes=9))
    assert send(mail_id=row.pk, at=AT + timedelta(minutes=10))


def test_the_demo_never_sends(ada: Document, settings: Any, tmp_path: Path) -> None:
    Installation.objects.create(pk=1, is_demo=True)
    settings.DATA_DIR = tmp_path
    queue(ada)

    assert send_waiting() == 1
    assert mail.outbox == []
    (written,) = (tmp_path / "mail").iterdir()
    assert "To: ada@example.org" in written.read_text()


def test_a_name_with_a_line_break_adds_no_header(ada: Document) -> None:
    type(ada.entity).objects.update(legal_name="Tay\r\nBcc: all@example.org")
    queue(ada)
    send_waiting()

    assert "Bcc" not in dict(mail.outbox[0].message().items())
    assert mail.outbox[0].recipients() == ["ada@example.org"]


def test_what_was_sent_to_whom_cannot_be_changed(ada: Document) -> None:
    queue(ada)
    for change in (lambda: OutgoingMail.objects.update(to="x@example.org"), lambda: OutgoingMail.objects.all().delete()):
        with pytest.raises(DatabaseError, match="never"), transaction.atomic():
            change()


def test_a_closed_month_is_mailed_signed_to_each_address_once(db: None) -> None:
    values = {"contact_email": "help@nord.example", "closing_recipients": "auditor@example.org\nboard@example.org"}
    posted()
    closed(AccountingPeriod.objects.get(first_day=MARCH.replace(day=1)))
    assert queue_closings() == 0
    change_document_settings(entity=company(), values=values, actor=None, at=AT)

    assert (queue_closings(), queue_closings()) == (2, 0)
    assert send_waiting() == 2
    assert sorted(address for sent in mail.outbox for address in sent.to) == ["auditor@example.org", "board@example.org"]
    name, content, kind = mail.outbox[0].attachments[0]
    closing = PeriodClosing.objects.get()
    assert (name, kind) == (f"books-{closing.period}-signature.json", "application/json")
    told = json.load(io.StringIO(content if isinstance(content, str) else content.decode()))
    assert is_signed(told["public_key"], told["statement"], told["signature"])


def test_the_pages_send_and_say_what_became_of_it(ada: Document, client_of: ClientOf) -> None:
    clerk = client_of("Billing clerk")
    for _ in range(2):
        clerk.post(f"/billing/document/{ada.pk}/mail/", {"number": "0"})
    assert OutgoingMail.objects.count() == 1
    assert OutgoingMail.objects.get().link.startswith(f"http://testserver/d/{ada.pk}.")
    send_waiting()
    page = clerk.get(f"/billing/document/{ada.pk}/change/").content.decode()
    assert "Send again" in page
    assert "by billing-clerk" in page
    page = clerk.get("/billing/papers/?month=2018-09").content.decode()
    assert "1 sent, 2 could not be sent · 2 of nobody we know" in page
    assert page.count("Its customer has no e-mail address.") == 2
    Customer.objects.filter(name="Brewery").update(email="b@example.org")
    sent = clerk.post("/billing/papers/send/", {"entity": ada.entity_id, "month": "2018-09"}, follow=True)
    assert "1 documents are sent in the background." in sent.content.decode()


@pytest.mark.parametrize("role", [ADMINISTRATOR, *ROLES])
def test_only_those_who_bill_send(ada: Document, client_of: ClientOf, role: str) -> None:
    may, client = role in (ADMINISTRATOR, "Billing clerk", "Finance"), client_of(role)

    assert client.post(f"/billing/document/{ada.pk}/mail/", {"number": "0"}).status_code == (302 if may else 403)
    assert client.post("/billing/papers/send/", {"entity": ada.entity_id, "month": "2018-09"}).status_code == (
        302 if may else 403
    )
    assert OutgoingMail.objects.count() == (1 if may else 0)
