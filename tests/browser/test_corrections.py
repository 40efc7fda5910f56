"""Correcting in a browser: Finance takes a part of a line back, by keyboard; every page on every screen."""

from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from billing.document_models import Document
from chargebill.core.roles import FINANCE
from tests.browser.conftest import every_look
from tests.documents.conftest import Operator, month, operator
from tests.documents.test_correcting import take_back
from tests.documents.test_goodwill import grant
from tests.payments.conftest import billed, of, received

__all__ = ["billed", "month", "operator"]


@pytest.fixture
def paid(billed: Operator) -> Operator:
    received(billed, "5.00", (of("Ada"), "5.00"))
    return billed


@every_look
def test_the_pages_are_accessible(page: Page, sign_in: Any, check_access: Any, paid: Operator) -> None:
    sign_in(FINANCE)
    ada, brewery = of("Ada"), of("Brewery")
    receipt = Document.objects.get(number="R-000001")
    note = take_back(ada, "1.00", returned_to="REFUND").credit_note
    take_back(brewery)
    for url in (
        f"documents/{ada.pk}/correct/", f"documents/{brewery.pk}/correct/", f"documents/{receipt.pk}/to-company/",
        f"documents/{ada.pk}/to-company/", f"document/{note.pk}/change/", f"document/{ada.pk}/change/",
    ):  # fmt: skip
        page.goto(f"/billing/{url}")
        check_access()
    given = grant(ada)
    for url in ("goodwill/", f"goodwill/{given.pk}/", f"documents/{ada.pk}/goodwill/", f"document/{ada.pk}/change/"):
        page.goto(f"/billing/{url}")
        check_access()
    page.goto(f"/open-documents/{ada.pk}/")
    check_access()


def test_finance_takes_a_part_of_a_line_back(page: Page, sign_in: Any, check_access: Any, paid: Operator) -> None:
    ada = of("Ada")
    sign_in(FINANCE)
    page.goto(f"/billing/document/{ada.pk}/change/")
    page.get_by_role("link", name="Correct").press("Enter")
    page.get_by_label("Taken back of session M1").fill("9.99")
    page.get_by_label("Reason").fill("The meter ran fast")
    page.get_by_role("button", name="See the amounts").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("GBP 4.94 can be credited")
    check_access()
    page.get_by_label("Taken back of session M1").fill("1.00")
    page.get_by_label("Refund").check()
    page.get_by_role("button", name="See the amounts").press("Enter")
    expect(page.get_by_role("heading", name="What the credit note will say")).to_be_visible()
    check_access()
    assert not Document.objects.filter(kind="CREDIT_NOTE").exists()
    page.get_by_role("button", name="Issue the credit note").press("Enter")
    expect(page.get_by_text("CN-000001 is issued: GBP 1.00 taken back.")).to_be_visible()
    page.get_by_role("link", name=ada.number).first.click()
    expect(page.get_by_role("link", name="CN-000001")).to_be_visible()
    assert Document.objects.get(kind="CREDIT_NOTE").gross_amount == Decimal("1.00")
