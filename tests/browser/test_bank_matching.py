"""A clerk matches a bank file: a wrong file first, then look at it, take it in, confirm, choose by hand, leave one."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from billing.document_models import Document
from billing.models import Payment
from chargebill.core.roles import BILLING_CLERK
from tests.browser.conftest import every_look
from tests.documents.conftest import make_operator, session
from tests.payments.bank_text import balance, camt, details, entry

GBP = {"currency": "GBP"}


def bank_file(folder: Path, numbers: dict[str, str]) -> Path:
    """Five receipts: Ada's exactly, the brewery by name, the partner with too much, coffee from nobody, and a fee."""
    receipts = [
        entry("5.07", details(name="Ada Lovelace", purpose=f"Invoice {numbers['Ada']}"), reference="T1", **GBP),
        entry("4.55", details(name="Brewery", purpose="thanks for the electricity"), reference="T2", **GBP),
        entry("20.00", details(name="Roamer B.V.", purpose="September, see letter"), reference="T3", **GBP),
        entry("3.20", details(purpose="coffee"), reference="T4", **GBP),
        entry("1.50", details(purpose="account fee"), direction="DBIT", reference="T5", **GBP),
    ]
    path = folder / "statement.xml"
    balances = (balance("OPBD", "100.00", **GBP), balance("CLBD", "131.32", **GBP))
    path.write_bytes(camt(balances[0], *receipts, balances[1], account="GB33BUKB20201555555555", **GBP))
    return path


@every_look
def test_a_clerk_matches_a_bank_file(page: Page, sign_in: Any, check_access: Any, tmp_path: Path) -> None:
    operator = make_operator(tmp_path)
    operator.bring(
        session("M1", token="T-Ada", energy_kwh="12.34"),
        session("M2", day="2018-09-20", token="T-Ada", energy_kwh="0.33"),
        session("B1", token="T-Brewery", energy_kwh="3.31"),
        session("B2", day="2018-09-21", token="T-Brewery", energy_kwh="8.07"),
        session("P1", token="X1", token_issuer="NL-RMR-C1-1", energy_kwh="20"),
    )
    operator.issue()
    numbers = dict(Document.objects.values_list("customer__name", "number"))
    sign_in(BILLING_CLERK)
    page.goto("/bank/files/")
    expect(page.locator(".cb-empty h2")).to_have_text("No bank file yet")
    check_access()
    # Not what the bank sends.
    wrong = tmp_path / "letter.xml"
    wrong.write_text("<letter/>")
    page.get_by_label("File from your bank").set_input_files(wrong)
    page.get_by_role("button", name="Upload and look at it").click()
    expect(page.get_by_role("alert")).to_contain_text("This file was not uploaded. This XML is no bank statement")
    check_access()
    page.get_by_label("File from your bank").set_input_files(bank_file(tmp_path, numbers))
    page.get_by_role("button", name="Upload and look at it").click()
    expect(page.locator(".cb-pay-take")).to_contain_text("5 lines are new, 4 of them money that came in.")
    check_access()
    page.get_by_role("button", name="Take in 5 new lines").click()
    expect(page.locator("#matching-table tbody tr")).to_have_count(4)
    check_access()
    page.get_by_role("button", name="Confirm the 1 certain one").click()
    expect(page.locator("#matching-table tbody tr")).to_have_count(3)
    page.get_by_role("button", name="Confirm GBP 4.55 of Brewery").press("Enter")
    expect(page.locator("#matching-table tbody tr")).to_have_count(2)
    # The partner pays too much and says no number.
    page.get_by_role("link", name="Choose for GBP 20.00 of Roamer B.V.").press("Enter")
    check_access()
    page.get_by_label("Document or customer").fill("nobody")
    page.get_by_role("button", name="Search").press("Enter")
    expect(page.locator(".cb-empty h2")).to_have_text("No open document for “nobody”")
    check_access()
    page.get_by_label("Document or customer").fill("roam")
    page.get_by_role("button", name="Search").press("Enter")
    page.get_by_role("button", name="Match GBP 20.00").click()
    expect(page.get_by_role("alert")).to_contain_text("Tick the documents it is for. Nothing was changed.")
    page.get_by_label(numbers["Roamer"]).check()
    page.get_by_role("button", name="Match GBP 20.00").click()
    page.get_by_role("button", name="Not matched for GBP 3.20").click()
    expect(page.locator(".cb-empty h2")).to_have_text("No receipt waits")
    check_access()
    page.goto("/payments/")
    expect(page.locator("tbody tr")).to_have_count(4)
    check_access()
    page.get_by_label("State").select_option("open")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.goto("/open-documents/")
    expect(page.locator(".cb-empty h2")).to_have_text("Nothing is open")
    check_access()
    roamer = Payment.objects.get(amount=20)
    page.goto(f"/payments/{roamer.pk}/")
    page.get_by_text("Take something back").click()
    check_access()
    page.get_by_label(f"not for {numbers['Roamer']}?").fill("another partner's money")
    page.get_by_role("button", name="Take this match back").first.click()
    expect(page.locator(".cb-timeline")).to_contain_text("taken back: another partner's money")
    check_access()
    # By hand on the document, wrong first.
    page.get_by_role("link", name=numbers["Roamer"]).first.click()
    page.get_by_label("Amount, GBP").fill("8,00")
    page.get_by_role("button", name="Record the payment").click()
    expect(page.get_by_role("alert")).to_contain_text("'8,00' is no amount. Write it like 149.90. Nothing was changed.")
    check_access()
    page.get_by_label("Amount, GBP").fill("6.00")
    page.get_by_label("Paid by").select_option("CASH")
    page.get_by_role("button", name="Record the payment").click()
    expect(page.locator(".cb-head-sub")).to_contain_text("Partly paid")
    check_access()
    page.goto("/open-documents/")
    expect(page.locator("tbody tr")).to_have_count(1)
    check_access()
