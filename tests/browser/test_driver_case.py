"""A driver on a phone, without an account: from a receipt to a complaint, an answer, taking it back."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from billing.document_models import Document
from billing.operations.document_settings import change_document_settings
from chargebill.core.models import User
from chargebill.portal.document_links import path_to
from disputes.facts import Said
from disputes.models import Case
from disputes.operations.moves import move
from disputes.operations.thread import assign
from disputes.workflow.states import Role, State
from tests.browser.conftest import every_look
from tests.disputes.conftest import agent
from tests.documents.conftest import AT, Operator, month, operator

__all__ = ["agent", "month", "operator"]


@pytest.fixture
def receipt(month: Operator) -> Document:
    change_document_settings(entity=month.entity, values={"contact_email": "help@tay.example"}, actor=None, at=AT)
    month.issue()
    return Document.objects.get(kind="RECEIPT", lines__session_number="A1")


def asked(case: Case, agent: User, at: datetime) -> None:
    """Somebody took it up, looked into it, and asks the driver."""
    assign(cases=[case], assignee=agent, role=Role.AGENT, actor=agent, at=at)
    move(case=case, target=State.INVESTIGATING, role=Role.AGENT, actor=agent, at=at)
    said = Said(text="Which car was it?", reason="a known trouble-maker")
    move(case=case, target=State.AWAITING_CUSTOMER, role=Role.AGENT, actor=agent, at=at, said=said)


@every_look
def test_a_driver_complains_reads_answers_and_takes_it_back(
    page: Page, check_access: Any, console_errors: list[str], receipt: Document, agent: User, theme: str, viewport: str
) -> None:
    page.goto(f"{path_to(receipt)}?lang=en")
    page.get_by_role("link", name="Something wrong with this charge?").click()
    expect(page.get_by_role("heading", name="1. Your charge, line by line")).to_be_visible()
    check_access()
    page.get_by_label("What do you want back?").fill("9")
    page.get_by_role("button", name="Send the complaint").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was sent")
    expect(page.get_by_text("Choose what seems wrong; “Something else” will do.")).to_be_visible()
    expect(page.get_by_text("were charged. Write that or less")).to_be_visible()
    check_access()
    page.get_by_label("It is more energy than my car took").check()
    page.get_by_label("What happened?").fill("My Zoe took 6 kWh at most.")
    page.get_by_label("What do you want back?").fill("1.60")
    page.get_by_label("Your name").fill("Grace Hopper")
    page.get_by_label("Your e-mail address").fill("grace@example.com")
    page.get_by_role("button", name="Send the complaint").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Its number is D-00001")
    expect(page.get_by_text("It is our turn")).to_be_visible()
    check_access()

    asked(Case.objects.get(), agent, timezone.now() + timedelta(seconds=1))
    page.get_by_role("link", name="Deutsch").click()
    expect(page.get_by_text("Sie sind am Zug")).to_be_visible()
    expect(page.get_by_text("Which car was it?").first).to_be_visible()
    check_access()
    page.get_by_role("link", name="English").click()
    page.get_by_role("button", name="Send the answer").click()
    expect(page.get_by_role("alert")).to_contain_text("Write something first. Nothing was sent.")
    check_access()
    page.get_by_label("Your answer").fill("A Zoe of 2014.")
    page.get_by_role("button", name="Send the answer").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Sent.")
    expect(page.get_by_text("A Zoe of 2014.")).to_be_visible()
    expect(page.get_by_text("It is our turn")).to_be_visible()
    assert Case.objects.get().state == "INVESTIGATING"

    page.get_by_role("link", name="Take the complaint back").click()
    check_access()
    page.get_by_role("link", name="No, keep it").click()
    page.get_by_role("link", name="Take the complaint back").click()
    page.get_by_role("button", name="Yes, take it back").press("Enter")
    expect(page.get_by_text("You took this complaint back.")).to_be_visible()
    check_access()
    page.goto("/c/1.forged?lang=de")
    expect(page.get_by_role("heading", name="Dieser Link funktioniert nicht")).to_be_visible()
    check_access()
    # The browser complains of pages answered with 400 and 404.
    assert all("400" in error or "404" in error for error in console_errors)
    console_errors.clear()


def test_a_charge_that_is_in_a_case_says_so(page: Page, check_access: Any, console_errors: list[str], receipt: Document) -> None:
    for email in ("grace@example.com", "ada@example.com"):
        page.goto(f"{path_to(receipt)}/wrong/1?lang=de")
        if email.startswith("ada"):
            break
        page.get_by_label("Etwas anderes").check()
        page.get_by_label("Was ist passiert?").fill("Das Kabel ließ sich nicht lösen.")
        page.get_by_label("Ihr Name").fill("Grace Hopper")
        page.get_by_label("Ihre E-Mail-Adresse").fill(email)
        page.get_by_role("button", name="Beschwerde absenden").click()
        expect(page.get_by_role("status")).to_contain_text("Sie hat die Nummer D-00001")
    expect(page.get_by_role("heading", name="Zu diesem Ladevorgang gibt es schon eine Beschwerde")).to_be_visible()
    check_access()
    assert all("409" in error for error in console_errors)
    console_errors.clear()
