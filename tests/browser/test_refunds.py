"""A refund from what is owed to the bank's word: listed by one person, released by another, confirmed by a bank file."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from billing.document_models import Document
from billing.models import Refund
from billing.operations.bank_files import take_in_bank_file, upload_bank_file
from billing.operations.payment_entries import Part
from billing.operations.payments import record_payment
from chargebill.core.roles import BILLING_CLERK, FINANCE
from tests.browser.conftest import every_look
from tests.documents.conftest import AT, make_operator, session
from tests.payments.bank_text import camt, details, entry, own, row
from tests.payments.conftest import BankLine

GBP = {"currency": "GBP"}
IBAN = "GB33BUKB20201555555555"
ADAS = "DE02500105170137075030"


def overpaid(folder: Path) -> None:
    """Ada owes GBP 5.07 and has transferred GBP 9.00: GBP 3.93 are her credit, GBP 0.00 is open."""
    operator = make_operator(folder)
    operator.bring(session("M1", token="T-Ada", energy_kwh="12.34"), session("M2", token="T-Ada", energy_kwh="0.33"))
    operator.issue()
    ada = Document.objects.get()
    content = own(row("9.00", ada.number, name="Ada Lovelace", counterparty=ADAS))
    file = upload_bank_file(entity=operator.entity, name="b.csv", content=content, actor=None, at=AT)
    take_in_bank_file(file=file, actor=None, at=AT)
    line = BankLine.objects.get()
    parts = [Part(ada.gross_amount, document=ada), Part(Decimal(9) - ada.gross_amount, customer=ada.customer)]
    record_payment(
        entity=operator.entity, key="one", method="BANK", amount=Decimal(9), currency="GBP", received_on=line.booked_on,
        parts=parts, customer=ada.customer, bank_line=line, payer=line.name, actor=None, at=AT,
    )  # fmt: skip


@every_look
def test_a_refund_from_due_to_the_banks_word(page: Page, sign_in: Any, check_access: Any, tmp_path: Path) -> None:
    overpaid(tmp_path)
    sign_in(BILLING_CLERK)
    for url, words in (("/refunds/", "Nothing was ever owed back"), ("/payouts/", "No payout list yet")):
        page.goto(url)
        expect(page.locator(".cb-empty h2")).to_have_text(words)
        check_access()
    page.goto("/payouts/new/")
    expect(page.locator(".cb-empty h2")).to_have_text("Nothing is left to give back")
    check_access()
    page.goto("/payments/")
    page.locator("tbody a").first.click()
    page.get_by_text("Give something back").click()
    page.get_by_label("How much of the GBP 3.93 credit of Ada, GBP").fill("4")
    page.get_by_label("Why is this credit given back?").fill("moved away")
    page.get_by_role("button", name="Owe this credit back").click()
    expect(page.locator("body")).to_contain_text("GBP 3.93 can be given back")
    page.get_by_text("Give something back").click()
    check_access()
    page.get_by_label("Why is this credit given back?").fill("moved away")
    page.get_by_role("button", name="Owe this credit back").click()
    expect(page.locator(".cb-head-sub")).to_contain_text("Owed")
    check_access()
    page.get_by_label("Amount, GBP").fill("3,93")
    page.get_by_role("button", name="Book it as given back").click()
    expect(page.get_by_role("alert")).to_contain_text("'3,93' is no amount")
    check_access()
    page.get_by_role("link", name="Put on a payout list").click()
    expect(page.get_by_label("Account of Ada, GBP 3.93", exact=True)).to_have_value(ADAS)
    check_access()
    page.get_by_label("Account of Ada, GBP 3.93", exact=True).fill("DE03500105170137075030")
    page.get_by_role("button", name="Prepare the list").click()
    expect(page.get_by_role("alert")).to_contain_text("its check digits are wrong")
    check_access()
    page.get_by_label("Account of Ada, GBP 3.93", exact=True).fill(ADAS)
    page.get_by_role("button", name="Prepare the list").press("Enter")
    expect(page.locator(".cb-note").first).to_contain_text("a colleague releases it")
    check_access()
    address = page.url
    sign_in(FINANCE)
    page.goto(address)
    page.get_by_role("button", name="Release the list").click()
    expect(page.locator(".cb-head-sub")).to_contain_text("Released")
    check_access()
    with page.expect_download() as downloaded:
        page.get_by_role("link", name="CSV").click()
    reference = Refund.objects.get().reference
    assert reference in Path(downloaded.value.path()).read_text()
    page.goto("/refunds/")
    expect(page.locator("tbody tr")).to_contain_text("Sent")
    check_access()
    # The bank's file of the next day.
    statement = tmp_path / "statement.xml"
    paid = entry("3.93", details(name="Ada Lovelace", end_to_end=reference, party="Cdtr"), direction="DBIT", **GBP)
    statement.write_bytes(camt(paid, account=IBAN, **GBP))
    page.goto("/bank/files/")
    page.get_by_label("File from your bank").set_input_files(statement)
    page.get_by_role("button", name="Upload and look at it").click()
    page.get_by_role("button", name="Take in 1 new line").click()
    expect(page.locator("body")).to_contain_text("1 refund is confirmed by it")
    page.goto("/refunds/")
    expect(page.locator("tbody tr")).to_contain_text("Paid back")
    page.locator("tbody a").first.click()
    expect(page.locator(".cb-refund")).to_contain_text("Went out: the bank says so")
    check_access()
    page.get_by_text("Say what became of").click()
    page.get_by_label("Why did it fail?").fill("account closed")
    page.get_by_role("button", name="It failed").click()
    expect(page.locator(".cb-head-sub")).to_contain_text("Failed, still owed")
    check_access()
    page.goto("/payouts/")
    expect(page.locator("tbody tr")).to_have_count(1)
    check_access()
