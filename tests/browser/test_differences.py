"""What changed after billing, in a browser: Finance credits a difference by keyboard; every page on every screen."""

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from billing.document_models import Document
from billing.models import CheckSettings
from chargebill.core.roles import FINANCE
from tests.browser.conftest import every_look
from tests.documents.conftest import Operator, month, operator, session
from tests.documents.test_difference_decisions import decide
from tests.journal.books import person
from tests.payments.conftest import billed

__all__ = ["billed", "month", "operator"]
LIST = "/billing/differences/"


@pytest.fixture
def changed(billed: Operator) -> Operator:
    billed.bring(
        session("A1", energy_kwh="9"),
        session("A2", day="2018-09-07", energy_kwh="12"),
        session("M1", token="T-Ada", energy_kwh="10"),
        session("B1", token="T-Brewery", energy_kwh="300"),
    )
    return billed


@every_look
def test_the_pages_are_accessible(page: Page, sign_in: Any, check_access: Any, changed: Operator, request: Any) -> None:
    CheckSettings.objects.create(entity=changed.entity, four_eyes_above="0.50")
    waits = decide(changed, "M1", actor=person("anna"))
    sign_in(FINANCE)
    done = decide(changed, "A1", key="k2")
    for name, url in (
        ("list", LIST), ("waits", f"{LIST}decisions/{waits.pk}/"), ("done", f"{LIST}decisions/{done.pk}/"),
        ("history", f"{LIST}history/"),
    ):  # fmt: skip
        page.goto(url)
        if folder := os.environ.get("LOOK"):
            page.screenshot(path=Path(folder) / f"{request.node.name}-{name}.png", full_page=True)
        check_access()


def test_finance_credits_a_difference_and_leaves_another(page: Page, sign_in: Any, check_access: Any, changed: Operator) -> None:
    sign_in(FINANCE)
    page.goto("/billing/month/?month=2018-09")
    page.get_by_role("link", name="Decide about them").press("Enter")
    expect(page.get_by_role("heading", name="Changed after billing")).to_be_visible()
    page.get_by_label("Session A1").check()
    page.get_by_label("Credit the difference only").check()
    page.get_by_label("Why").fill("The meter was read again")
    page.get_by_role("button", name="Decide").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Say where money goes that was paid")
    check_access()
    if folder := os.environ.get("LOOK"):
        page.screenshot(path=Path(folder) / "refused.png", full_page=True)
    expect(page.get_by_label("Session A1")).to_be_checked()
    page.locator("input[value=REFUND]").check()
    page.get_by_role("button", name="Decide").press("Enter")
    expect(page.get_by_role("link", name="CN-000001")).to_be_visible()
    assert Document.objects.get(number="CN-000001").gross_amount == Decimal("0.40")
    page.get_by_role("link", name="A1").click()
    expect(page.get_by_text("GBP 4.00 was left on R-000001")).to_be_visible()
    check_access()
