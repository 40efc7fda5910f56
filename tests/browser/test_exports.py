"""An accountant names the accounts, looks at what would go out, makes a batch and downloads it twice: the same bytes."""

import os
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from billing.operations.journal_seals import seal_all
from chargebill.core.roles import FINANCE
from tests.browser.conftest import every_look
from tests.documents.conftest import make_operator, session
from tests.exports.books import busy_books
from tests.exports.readers import datev_lines

SHOTS = os.environ.get("SHOTS")


@every_look
def test_an_accountant_exports_and_downloads_again(
    page: Page, sign_in: Any, check_access: Any, tmp_path: Path, viewport: str, theme: str
) -> None:
    def look(name: str) -> None:
        check_access()
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/{viewport}-{theme}-{name}.png", full_page=True)

    sign_in(FINANCE)
    page.goto("/exports/")
    expect(page.locator(".cb-empty h2")).to_have_text("First, your company")
    busy_books()
    seal_all()
    page.goto("/exports/")
    expect(page.locator(".cb-empty h2")).to_have_text("No batch yet")
    look("1-exports")
    page.get_by_role("link", name="name the accounts for DATEV").press("Enter")
    look("2-accounts-empty")
    page.get_by_role("link", name="SKR03").click()
    expect(page.get_by_role("status")).to_contain_text("Nothing is saved yet")
    # Wrong first: a number DATEV has no room for, and no consultant.
    page.get_by_label("Account number of 1000 Bank").fill("12 00")
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Look at the marked fields. Nothing was changed.")
    expect(page.locator("#wrong-1000")).to_have_text("A DATEV account has up to 4 digits, one of a person 5.")
    look("3-accounts-wrong")
    page.get_by_label("Account number of 1000 Bank").fill("1200")
    page.get_by_label("Consultant number").fill("1234567")
    page.get_by_label("Client number").fill("42")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text("Accounts in DATEV are saved.")
    day = page.get_by_label("Up to which day for DATEV")
    day.fill("2025-01-31")
    page.get_by_role("button", name="Look at it for DATEV").click()
    expect(page.locator(".cb-empty h2")).to_have_text("Nothing waits up to 31 Jan 2025")
    look("4-nothing")
    page.get_by_role("link", name="Back to the exports").click()
    page.get_by_label("Up to which day for DATEV").fill("2026-03-31")
    page.get_by_role("button", name="Look at it for DATEV").press("Enter")
    expect(page.locator(".cb-export-sample").first).to_contain_text("Receipt R-000001 Köln")
    look("5-preview")
    page.get_by_role("button", name="Make the batch").click()
    expect(page.locator("h1")).to_have_text("Batch DV-1")
    look("6-batch")
    contents = []
    for number in range(2):
        with page.expect_download() as download:
            page.get_by_role("link", name="EXTF_stadtwerke-nord_DV-1_EUR_2026.csv").click()
        download.value.save_as(tmp_path / f"{number}.csv")
        contents.append((tmp_path / f"{number}.csv").read_bytes())
    assert contents[0] == contents[1]
    # Two heads; 2 + 3 + 1 + 2 + 2 + 2 pairs.
    assert len(datev_lines(contents[0])) == 14
    page.goto("/exports/")
    expect(page.locator("#batches tbody tr")).to_have_count(1)
    look("7-exports")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download DV-1").click()
    assert download.value.suggested_filename == "datev_DV-1.zip"
    # Invoices instead of journals: wrong first, nobody for unknown drivers.
    page.goto("/exports/accounts/quickbooks/?preset=QuickBooks")
    page.get_by_label("Receipts and invoices go out").select_option(label="as invoices")
    page.get_by_label("Customer for unknown drivers").fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was changed.")
    expect(page.locator(".cb-field-error")).to_have_text("Say who stands for drivers nobody knows.")
    look("9-invoices-wrong")
    page.get_by_label("Customer for unknown drivers").fill("Drivers")
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.locator("main")).to_contain_text("Accounts in QuickBooks Online are saved.")
    page.goto("/exports/accounts/quickbooks/")
    expect(page.get_by_label("Receipts and invoices go out")).to_have_value("True")
    look("10-invoices")


@every_look
def test_somebody_chooses_the_columns_of_an_export(
    page: Page, sign_in: Any, check_access: Any, tmp_path: Path, viewport: str, theme: str
) -> None:
    operator = make_operator(tmp_path)
    operator.bring(session("A1"), session("A2", day="2018-09-07"))
    sign_in(FINANCE)
    page.goto("/stations/session/export/?q=nobody")
    expect(page.locator(".cb-empty h2")).to_have_text("No session matches")
    page.goto("/stations/session/?q=A1")
    page.get_by_role("link", name="Choose columns").press("Enter")
    expect(page.locator(".cb-head-sub")).to_contain_text("1 session")
    check_access()
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{viewport}-{theme}-8-register.png", full_page=True)
    for box in page.get_by_role("checkbox").all():
        box.uncheck()
    page.get_by_label("session_id").check()
    page.get_by_label("gross", exact=True).check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").press("Enter")
    download.value.save_as(tmp_path / "sessions.csv")
    assert (tmp_path / "sessions.csv").read_bytes() == b"session_id,gross\r\nA1,4.00\r\n"
