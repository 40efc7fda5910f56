"""Closing a month in a browser: with one thing missing at a time, what comes first, and the two people."""

from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from billing.models import AccountingPeriod, PeriodClosing
from chargebill.core.roles import ADMINISTRATOR, AUDITOR, FINANCE
from tests.browser.conftest import every_look
from tests.closing.conftest import LACKS, SEPTEMBER, complete, month, operator, session
from tests.documents.conftest import Operator

__all__ = ["complete", "month", "operator"]


@pytest.fixture(autouse=True)
def keys(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SIGNING_KEYS", tmp_path / "keys")


@every_look
def test_the_page_is_accessible_with_much_missing_and_with_nothing(
    page: Page, sign_in: Any, check_access: Any, complete: Operator
) -> None:
    sign_in(FINANCE)
    page.goto("/close/")
    expect(page.get_by_role("button", name="Ask to close 2018-09")).to_be_visible()
    check_access()
    for code in ("held", "ready", "no_tax_rule", "bank_lines", "bank_files", "books_checked"):
        LACKS[code].make(complete)
    page.goto("/close/?month=soon")
    check_access()
    LACKS["earlier"].make(complete)
    page.goto("/close/?month=2018-09")
    check_access()


@pytest.mark.parametrize("code", LACKS)
def test_a_month_with_one_thing_missing(page: Page, sign_in: Any, check_access: Any, complete: Operator, code: str) -> None:
    lack = LACKS[code]
    lack.make(complete)
    sign_in(FINANCE)
    page.goto("/close/?month=2018-09")
    row = page.locator(f"[data-item={code}]")
    expect(row).to_contain_text(lack.says)
    expect(row).to_contain_text("Comes first" if lack.blocks else "Missing")
    expect(page.locator("#complete-table .cb-state").filter(has_text="Comes first")).to_have_count(int(lack.blocks))
    expect(page.locator("#complete-table .cb-state").filter(has_text="Missing")).to_have_count(int(not lack.blocks))
    if lack.blocks:
        expect(page.get_by_role("button", name="Ask to close")).to_have_count(0)
        expect(page.get_by_text("Not yet: what is marked “Comes first” above is done before.")).to_be_visible()
    else:
        page.get_by_role("button", name="Ask to close 2018-09").click()
        # The browser itself asks for the reason.
        assert not page.get_by_label("Why it is closed without the 1 missing").evaluate("field => field.checkValidity()")
        page.get_by_label("Why it is closed without the 1 missing").fill("The accountant knows")
        page.get_by_role("button", name="Ask to close 2018-09").press("Enter")
        expect(page.get_by_text("asks to close it: The accountant knows.")).to_be_visible()
        sign_in(ADMINISTRATOR)
        page.reload()
        page.get_by_role("button", name="Close 2018-09").click()
        expect(page.get_by_text("Closed although something was missing: The accountant knows")).to_be_visible()
        assert PeriodClosing.objects.get().period.first_day == SEPTEMBER
    check_access()


def test_a_thing_is_repaired_by_way_of_its_link_and_the_month_is_closed(
    page: Page, sign_in: Any, complete: Operator, run_jobs: Any
) -> None:
    complete.bring(session("R1"))
    sign_in(FINANCE)
    page.goto("/close/?month=2018-09")
    page.get_by_role("link", name="Bill the month (Ready to bill)").press("Enter")
    page.get_by_role("button", name="Issue 1 document").click()
    run_jobs()
    page.goto("/close/?month=2018-09")
    expect(page.locator("[data-item=ready]")).to_contain_text("Done")
    page.get_by_role("button", name="Ask to close 2018-09").click()
    expect(page.get_by_text("Somebody else from Finance, or an Administrator, confirms it.")).to_be_visible()
    sign_in(ADMINISTRATOR)
    page.reload()
    page.get_by_role("button", name="Close 2018-09").click()
    expect(page.get_by_text("2018-09 is closed and signed.")).to_be_visible()
    sign_in(AUDITOR)
    page.reload()
    expect(page.get_by_role("link", name="signature of 2018-09")).to_be_visible()
    assert AccountingPeriod.objects.get(first_day=SEPTEMBER).state == "CLOSED"
