"""A clerk takes an acquirer's settlement: a wrong file first, then look at it, book it, say with which line it arrived."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from billing.operations.bank_files import take_in_bank_file, upload_bank_file
from chargebill.core.roles import BILLING_CLERK
from tests.browser.conftest import every_look
from tests.documents.conftest import AT, make_operator
from tests.payments.bank_text import own, row

HEADER = "payout,paid_on,currency,gross,fee,net,terminal\n"


@every_look
def test_a_clerk_takes_a_settlement(page: Page, sign_in: Any, check_access: Any, tmp_path: Path) -> None:
    operator = make_operator(tmp_path)
    file = upload_bank_file(
        entity=operator.entity, name="b.csv", content=own(row("118.20", "card money", name="Acquirer Ltd")), actor=None, at=AT
    )
    take_in_bank_file(file=file, actor=None, at=AT)
    sign_in(BILLING_CLERK)
    page.goto("/settlements/")
    expect(page.locator(".cb-empty h2")).to_have_text("No payout yet")
    check_access()
    settlement = tmp_path / "settlement.csv"
    settlement.write_text(HEADER + "PO-1,2018-10-19,GBP,120.00,1.80,118.00,T-0001\n")
    page.get_by_label("File from your acquirer").set_input_files(settlement)
    page.get_by_role("button", name="Upload and look at it").click()
    expect(page.get_by_role("alert")).to_contain_text("120.00 less a fee of 1.80 is 118.20, but the line says 118.00.")
    check_access()
    page.get_by_role("button", name="Discard the file").click()
    settlement.write_text("Referenz;Datum;Brutto;Gebühr;Netto\nPO-1;19.10.2018;120,00;1,80;118,20\n")
    page.get_by_label("File from your acquirer").set_input_files(settlement)
    page.get_by_role("button", name="Upload and look at it").click()
    expect(page.get_by_role("alert")).to_contain_text("The header lacks")
    expect(page.get_by_label("What Gebühr means")).to_have_value("fee")
    page.get_by_label("Name of the layout").fill("Concardis")
    page.get_by_label("Decimals").select_option("point")
    page.get_by_role("button", name="Read it this way").click()
    expect(page.get_by_role("alert")).to_contain_text("'120,00' is no amount")
    check_access()
    page.get_by_label("Decimals").select_option("comma")
    page.get_by_role("button", name="Read it this way").click()
    expect(page.locator(".cb-note").first).to_contain_text("1 payout is new.")
    check_access()
    page.get_by_role("button", name="Discard the file").click()
    settlement.write_text(HEADER + "PO-1,2018-10-19,GBP,120.00,1.80,118.20,T-0001\n")
    page.get_by_label("File from your acquirer").set_input_files(settlement)
    page.get_by_role("button", name="Upload and look at it").click()
    expect(page.locator(".cb-note").first).to_contain_text("1 payout is new.")
    check_access()
    page.get_by_role("button", name="Book 1 payout").press("Enter")
    expect(page.locator("tbody tr").last).to_contain_text("In transit")
    check_access()
    page.get_by_role("link", name="PO-1").click()
    check_access()
    page.get_by_role("button", name="It arrived with this line").click()
    expect(page.locator(".cb-head-sub")).to_contain_text("Arrived")
    check_access()
