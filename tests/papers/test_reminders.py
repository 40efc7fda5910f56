"""Reminders: whom, when and why; three at most, sent by a person, never of what is paid or in doubt."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.document_models import Document
from billing.mail_models import OutgoingMail
from billing.operations.credits import correct
from billing.operations.document_settings import change_document_settings
from billing.operations.mail import send
from billing.operations.payment_entries import Part
from billing.operations.payments import record_payment
from billing.operations.reminders import send_reminders
from billing.payment_models import PaymentMethod
from billing.reminders import reminders
from chargebill.core.roles import ADMINISTRATOR, ROLES
from memberships.models import Customer
from tests.documents.conftest import AT, Operator, month, operator, session

__all__ = ["month", "operator"]
ClientOf = Callable[[str], Client]
LINK = "https://bill.example/d/x"


@pytest.fixture
def billed(month: Operator) -> Operator:
    """Invoices of Ada (5.07), the brewery (5.47... with tax) and the roamer, payable by 14 days after today."""
    Customer.objects.filter(name="Ada").update(email="ada@example.org")
    Customer.objects.filter(name="Roamer").update(email="roamer@example.org", language="de")
    change_document_settings(
        entity=month.entity, values={"contact_email": "help@tay.example", "iban": "GB33BUKB20201555555555"}, actor=None, at=AT
    )
    month.issue()
    return month


def of(name: str) -> Document:
    return Document.objects.select_related("customer", "entity").get(customer__name=name, kind="INVOICE")


def days_after_due(days: int) -> datetime:
    """Noon so many days after Ada's invoice was payable by."""
    due = of("Ada").due_date
    assert due is not None
    return datetime.combine(due + timedelta(days=days), time(12), tzinfo=AT.tzinfo)


def who(operator: Operator, days: int) -> dict[str, tuple[int, int]]:
    """Customer -> (which reminder, days since what it counts from)."""
    due, _ = reminders(operator.entity, days_after_due(days))
    return {one.document.buyer["name"]: (one.level, one.days) for one in due}


def why_not(operator: Operator, days: int) -> dict[str, str]:
    _, others = reminders(operator.entity, days_after_due(days))
    return {one.document.buyer["name"]: one.why for one in others}


def remind(operator: Operator, days: int, *only: Document) -> int:
    sent = send_reminders(
        entity=operator.entity, document_ids=[one.pk for one in only] or None, link_of=lambda one: LINK, actor=None,
        at=days_after_due(days),
    )  # fmt: skip
    for row in OutgoingMail.objects.filter(state="QUEUED"):
        send(mail_id=row.pk, at=days_after_due(days))
    return sent


def test_an_invoice_is_reminded_of_seven_days_after_its_day_then_twice_after_fourteen(billed: Operator) -> None:
    assert who(billed, 6) == {}
    assert why_not(billed, 0) == {}
    assert "The next one is for" in why_not(billed, 1)["Ada"]
    ada = of("Ada")
    sent = {}
    for day in (7, 20, 21, 34, 35, 49, 90):
        sent[day] = (who(billed, day).get("Ada"), remind(billed, day, ada))

    assert {day: found for day, found in sent.items() if found != (None, 0)} == {
        7: ((1, 7), 1),
        21: ((2, 14), 1),
        35: ((3, 14), 1),
    }
    assert why_not(billed, 90)["Ada"] == "It was reminded of three times: talk to them."
    assert [message.subject for message in mail.outbox] == ["Reminder: Invoice INV-000001 from Tayside Charging Ltd"] * 3
    assert "5.07 GBP is open" in mail.outbox[0].body
    assert "Please pay to IBAN GB33 BUKB 2020 1555 5555 55, stating INV-000001." in mail.outbox[0].body
    assert LINK in mail.outbox[0].body
    assert "third time" in mail.outbox[2].body
    assert mail.outbox[2].attachments[0][0] == "INV-000001.pdf"


def test_the_company_sets_the_days(billed: Operator) -> None:
    change_document_settings(entity=billed.entity, values={"first_reminder_days": 3, "next_reminder_days": 5}, actor=None, at=AT)
    assert (who(billed, 2), sorted(who(billed, 3))) == ({}, ["Ada", "Roamer"])
    remind(billed, 3)
    assert (who(billed, 7), who(billed, 8)["Ada"]) == ({}, (2, 5))


def test_a_customer_reads_it_in_their_language(billed: Operator) -> None:
    remind(billed, 7, of("Roamer"))

    assert mail.outbox[0].subject.startswith("Erinnerung: Rechnung INV-")
    assert "vielleicht ist es untergegangen" in mail.outbox[0].body


def test_nobody_is_reminded_of_what_is_paid_credited_or_without_an_address(billed: Operator) -> None:
    ada, roamer = of("Ada"), of("Roamer")
    line = roamer.lines.first()
    correct(document=roamer, key="k", amounts={line.pk: Decimal("1.00")}, reason="Wrong", actor=None, at=AT)
    assert sorted(who(billed, 7)) == ["Ada"]
    assert why_not(billed, 7) == {
        "Roamer": "A part of it was credited: look at it first.", "Brewery": "Its customer has no e-mail address.",
    }  # fmt: skip
    pay(billed, ada, "5.06")
    assert reminders(billed.entity, days_after_due(7))[0][0].open_amount == Decimal("0.01")
    pay(billed, ada, "0.01")
    assert (who(billed, 7), remind(billed, 7)) == ({}, 0)


def pay(operator: Operator, document: Document, amount: str) -> None:
    record_payment(
        entity=operator.entity, key=f"pay:{document.pk}:{amount}", method=PaymentMethod.CASH, amount=Decimal(amount),
        currency="GBP", received_on=document.issue_date, parts=[Part(Decimal(amount), document=document)], actor=None,
        at=document.issued_at,
    )  # fmt: skip


def test_what_is_paid_while_the_reminder_waits_is_not_sent(billed: Operator) -> None:
    ada = of("Ada")
    send_reminders(entity=billed.entity, document_ids=[ada.pk], link_of=str, actor=None, at=days_after_due(7))
    pay(billed, ada, "5.07")
    row = OutgoingMail.objects.get()
    assert not send(mail_id=row.pk, at=days_after_due(7))
    row.refresh_from_db()

    assert (row.state, row.problem) == ("FAILED", "It was paid, credited or contested before the reminder went out.")
    assert mail.outbox == []


def test_sent_twice_it_is_one_reminder(billed: Operator) -> None:
    counts = [
        send_reminders(entity=billed.entity, document_ids=None, link_of=str, actor=None, at=days_after_due(7)) for _ in range(2)
    ]

    assert counts == [2, 0]
    assert why_not(billed, 30)["Ada"] == "The reminder before is still waiting."


def test_many_invoices_take_the_same_queries(month: Operator) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            reminders(month.entity, datetime(2100, 1, 1, tzinfo=AT.tzinfo))
        return len(captured)

    month.issue()
    few = queries()
    month.bring(*(session(f"N{n}", token="T-Ada") for n in range(3)))
    month.issue()
    month.bring(session("N9", token="T-Brewery"))
    month.issue()
    assert queries() == few


def test_the_page_says_who_and_why_and_sends_one_or_all(
    billed: Operator, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    clerk = client_of("Billing clerk")
    assert "No invoice is past its day" in clerk.get("/billing/reminders/").content.decode()
    later = days_after_due(7)
    monkeypatch.setattr("chargebill.portal.reminders.timezone", SimpleNamespace(now=lambda: later))
    page = clerk.get("/billing/reminders/").content.decode()
    assert "Ada, ada@example.org" in page
    assert "7 days ago" in page
    assert "Its customer has no e-mail address." in page
    assert "Send all 2" in page

    one = {"entity": billed.entity.pk, "document": of("Ada").pk}
    assert "1 reminder sent in the background." in clerk.post("/billing/reminders/send/", one, follow=True).content.decode()
    again = clerk.post("/billing/reminders/send/", one, follow=True).content.decode()
    assert "There was none to send any more. Nothing was sent." in again
    clerk.post("/billing/reminders/send/", {"entity": billed.entity.pk})
    assert sorted(OutgoingMail.objects.values_list("to", flat=True)) == ["ada@example.org", "roamer@example.org"]
    assert f"http://testserver/d/{of('Ada').pk}." in OutgoingMail.objects.get(to="ada@example.org").link


@pytest.mark.parametrize("role", [ADMINISTRATOR, *ROLES])
def test_only_those_who_bill_remind(billed: Operator, client_of: ClientOf, role: str) -> None:
    client = client_of(role)

    assert client.get("/billing/reminders/").status_code == (403 if role == "Analyst" else 200)
    may = role in (ADMINISTRATOR, "Billing clerk", "Finance")
    assert client.post("/billing/reminders/send/", {"entity": billed.entity.pk}).status_code == (302 if may else 403)
