"""Billing in a browser: a clerk issues a month and opens a document; every page on every screen."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from billing.document_models import Document
from chargebill.core.roles import BILLING_CLERK, FINANCE
from tests.browser.conftest import every_look
from tests.documents.conftest import Operator, month, operator, session

__all__ = ["month", "operator"]


@pytest.fixture
def billed(month: Operator) -> Operator:
    month.issue()
    month.bring(session("A1", energy_kwh="9"), session("late", token="T-Ada"), session("wrong", end="10:03", energy_kwh="90"))
    return month


@every_look
def test_the_pages_are_accessible(page: Page, sign_in: Any, check_access: Any, billed: Operator) -> None:
    sign_in(FINANCE)
    document = Document.objects.get(customer__name="Ada")
    pages = ("month/?month=2018-09", "month/?month=soon", "document/", f"document/{document.pk}/change/", "numbers/")
    for url in pages:
        page.goto(f"/billing/{url}")
        check_access()


def test_a_clerk_issues_a_month(page: Page, sign_in: Any, check_access: Any, month: Operator, run_jobs: Any) -> None:
    sign_in(BILLING_CLERK)
    page.goto("/")
    page.get_by_role("link", name="Bill a month").click()
    page.get_by_label("Month", exact=True).fill("2018-09")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("button", name="Issue 5 documents").press("Enter")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    check_access()
    run_jobs()
    page.get_by_role("link", name="Look again").click()
    expect(page.get_by_text("5 documents of this month were issued")).to_be_visible()
    page.get_by_role("link", name="Look at the documents").click()
    page.get_by_role("link", name="INV-000001").click()
    expect(page.get_by_text("Energy: 12.340 kWh at 0.40 GBP/kWh = 4.94")).to_be_visible()
    page.get_by_role("link", name="M1").click()
    expect(page.get_by_role("link", name="INV-000001")).to_be_visible()
