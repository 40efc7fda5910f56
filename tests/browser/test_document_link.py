"""A driver opens the link of a document, without an account: reads it, adds a company, gets the new receipt."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from billing.document_models import Document
from billing.operations.document_settings import change_document_settings
from chargebill.portal.document_links import path_to
from tests.browser.conftest import every_look
from tests.documents.conftest import AT, Operator, month, operator

__all__ = ["month", "operator"]


@pytest.fixture
def receipt(month: Operator) -> Document:
    change_document_settings(entity=month.entity, values={"contact_email": "help@tay.example"}, actor=None, at=AT)
    month.issue()
    return Document.objects.get(kind="RECEIPT", lines__session_number="A1")


@every_look
def test_a_driver_opens_the_link_adds_a_company_and_gets_the_new_receipt(
    page: Page, check_access: Any, console_errors: list[str], receipt: Document, theme: str, viewport: str
) -> None:
    page.goto(f"{path_to(receipt)}?lang=en")
    expect(page.get_by_text("Energy: 10.000 kWh × 0.40 / kWh")).to_be_visible()
    check_access()
    page.get_by_role("link", name="Deutsch").click()
    expect(page.get_by_role("heading", name="Beleg")).to_be_visible()
    page.get_by_role("link", name="English").click()
    page.get_by_role("link", name="Add company and VAT id").click()
    check_access()
    page.get_by_label("Company").fill("Tay Bakery Ltd")
    page.get_by_label("VAT id").fill("GB 123 4567 89")
    page.get_by_role("button", name="Get the new receipt").click()
    expect(page.get_by_text("This is no VAT id")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was changed")
    check_access()
    page.get_by_label("VAT id").fill("GB 980 7806 84")
    page.get_by_label("Street and number").fill("Dock Road 2")
    page.get_by_label("Town").fill("Dundee")
    page.get_by_role("button", name="Get the new receipt").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Here is your new document")
    expect(page.get_by_text("Tay Bakery Ltd")).to_be_visible()
    expect(page.get_by_role("heading", name="Invoice")).to_be_visible()
    check_access()
    page.get_by_role("link", name="R-000001").click()
    expect(page.get_by_text("issued anew to a company")).to_be_visible()
    check_access()
    page.goto("/d/1.forged?lang=de")
    expect(page.get_by_role("heading", name="Dieser Link funktioniert nicht")).to_be_visible()
    check_access()
    # The browser complains of pages answered with 400 and 404.
    assert all("400" in error or "404" in error for error in console_errors)
    console_errors.clear()
