"""Finance takes over open invoices: a wrong file first, then the report, the signature, and a transfer that pays one."""

import os
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from chargebill.core.roles import FINANCE
from tests.browser.conftest import every_look
from tests.documents.conftest import make_operator
from tests.takeover.conftest import INVOICES, opening

SHOTS = os.environ.get("SHOTS")


@every_look
def test_finance_takes_over_open_invoices(
    page: Page, sign_in: Any, check_access: Any, tmp_path: Path, viewport: str, theme: str
) -> None:
    def look(name: str) -> None:
        check_access()
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/{viewport}-{theme}-{name}.png", full_page=True)

    def choose(text: str) -> None:
        path = tmp_path / "open-invoices.csv"
        path.write_text(text)
        page.get_by_label("CSV file").set_input_files(path)
        page.get_by_role("button", name="Read the file").click()

    sign_in(FINANCE)
    page.goto("/take-over/")
    expect(page.locator(".cb-empty h2")).to_have_text("First, your company")
    operator = make_operator(tmp_path)
    opening(operator, "1000,12500,,", "1100,200.00,,")
    page.goto("/take-over/")
    expect(page.locator(".cb-empty h3")).to_have_text("Nothing was taken over yet")
    look("1-taking-over")
    page.get_by_role("link", name="Choose a file of open invoices").press("Enter")
    look("2-form")
    # Wrong first: no file, another file, then lines that can't be.
    page.get_by_role("button", name="Read the file").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was changed")
    choose("date,amount\n1,2\n")
    expect(page.locator(".cb-field-error")).to_contain_text("The first line names the columns")
    look("3-wrong-file")
    choose(INVOICES + "C-Nobody,RE-2018-0600,31.09.2018,2018-10-14,1.234,\nC-Ada,RE-2018-0417,2018-10-02,2018-09-01,-3,GBP\n")
    expect(page.get_by_role("alert")).to_contain_text("2 of 5 lines must be put right first")
    expect(page.get_by_role("button", name="Sign and take over")).to_have_count(0)
    look("4-wrong-lines")
    choose(INVOICES)
    expect(page.get_by_role("heading", name="This is what the file would do")).to_be_visible()
    look("5-report")
    page.get_by_role("button", name="Sign and take over").click()
    expect(page.locator("#signed-error")).to_contain_text("say that you stand for it")
    look("6-unsigned")
    page.get_by_label("I have looked at this report").check()
    page.get_by_role("button", name="Sign and take over").press("Enter")
    expect(page.get_by_role("heading", name="Signed by")).to_be_visible()
    look("7-taken-over")
    page.goto("/take-over/")
    expect(page.get_by_role("link", name="open-invoices.csv")).to_be_visible()
    look("8-taken-over-before")
    page.goto("/open-documents/")
    page.get_by_role("link", name="RE-2018-0417").click()
    expect(page.get_by_role("link", name="Taken over")).to_be_visible()
    look("9-open-invoice")
    page.goto("/opening-balances/")
    look("10-opening-balances")
