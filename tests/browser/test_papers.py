"""PDFs in a browser: a clerk makes those of a month and takes them as one file; the pages on every screen."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from billing.document_models import Document
from billing.mail_models import OutgoingMail
from billing.operations.document_settings import change_document_settings
from billing.operations.mail import queue_document
from chargebill.core.roles import BILLING_CLERK, FINANCE
from memberships.models import Customer
from tests.browser.conftest import every_look
from tests.documents.conftest import AT, Operator, month, operator

__all__ = ["month", "operator"]


@every_look
def test_the_pages_are_accessible(page: Page, sign_in: Any, check_access: Any, month: Operator) -> None:
    Customer.objects.filter(name="Ada").update(email="ada@example.org")
    change_document_settings(entity=month.entity, values={"contact_email": "help@tay.example"}, actor=None, at=AT)
    month.issue()
    ada = Document.objects.select_related("customer").get(customer__name="Ada")
    mail = queue_document(document=ada, number=0, link="", actor=None, at=AT)
    OutgoingMail.objects.filter(pk=mail.pk).update(state="FAILED", problem="SMTPRecipientsRefused: unknown")
    sign_in(FINANCE)
    for url in (
        f"document/{ada.pk}/change/",
        "papers/?month=2018-09",
        "papers/?month=2018-08",
        "papers/?month=soon",
        "settings/",
    ):
        page.goto(f"/billing/{url}")
        check_access()
    page.get_by_label("IBAN").fill("GB33 BUKB 2020 1555 5555 56")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("its check digits are wrong")).to_be_visible()
    check_access()


@every_look
def test_reminders_are_accessible(
    page: Page, sign_in: Any, check_access: Any, month: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    Customer.objects.filter(name="Ada").update(email="ada@example.org")
    change_document_settings(entity=month.entity, values={"contact_email": "help@tay.example"}, actor=None, at=AT)
    month.issue()
    sign_in(BILLING_CLERK)
    page.goto("/billing/reminders/")
    expect(page.get_by_text("No invoice is past its day")).to_be_visible()
    check_access()
    later = timezone.now() + timedelta(days=30)
    monkeypatch.setattr("chargebill.portal.reminders.timezone", SimpleNamespace(now=lambda: later))
    page.goto("/billing/reminders/")
    expect(page.get_by_text("Its customer has no e-mail address.").first).to_be_visible()
    check_access()
    page.get_by_role("button", name="Send the reminder of INV-000001").press("Enter")
    expect(page.get_by_text("1 reminder sent in the background.")).to_be_visible()
    expect(page.get_by_text("The reminder before is still waiting.")).to_be_visible()


def test_a_clerk_makes_a_months_pdfs_and_takes_them_all(
    page: Page, sign_in: Any, check_access: Any, month: Operator, run_jobs: Any
) -> None:
    month.issue()
    sign_in(BILLING_CLERK)
    page.goto("/billing/month/?month=2018-09")
    page.get_by_role("link", name="their PDFs and mail").click()
    page.get_by_role("button", name="Make 5 PDFs").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    check_access()
    run_jobs()
    page.get_by_role("link", name="Look again").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="All as ZIP").click()
    assert download.value.suggested_filename.endswith("-2018-09.zip")
