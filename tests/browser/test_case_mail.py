"""Mail of a case in a browser: what nobody could place is put into its thread, with the keyboard; the thread says how it came."""

from typing import Any

from playwright.sync_api import Page, expect

from chargebill.core.roles import DISPUTE_AGENT
from tests.browser.conftest import every_look
from tests.disputes.conftest import billed, month, operator
from tests.disputes.odd_mails import eml
from tests.disputes.test_incoming_mail import came, case, desk

__all__ = ["billed", "case", "desk", "month", "operator"]


@every_look
def test_an_agent_puts_a_mail_into_its_thread(page: Page, sign_in: Any, check_access: Any, case: Any) -> None:
    came(eml("It was 6 kWh.\n", to="disputes@tay.example", subject="Too much", sender="Eve <eve@example.org>"))
    sign_in(DISPUTE_AGENT)
    page.goto("/disputes/mail/")
    expect(page.get_by_text("It was sent to no case’s address.")).to_be_visible()
    check_access()
    page.get_by_label("Number of the case").fill("D-99999")
    page.get_by_role("button", name="Put it into the thread").press("Enter")
    expect(page.get_by_role("alert")).to_have_text("There is no case 'D-99999'. Nothing was changed.")
    expect(page.get_by_label("Number of the case")).to_have_value("D-99999")
    check_access()
    page.get_by_label("Number of the case").fill(case.number)
    page.get_by_label("Number of the case").press("Enter")
    expect(page.get_by_role("heading", name="Nothing to look at")).to_be_visible()
    check_access()
    page.get_by_role("link", name="Everything that came").press("Enter")
    page.get_by_role("link", name=f"case {case.number}").press("Enter")
    expect(page.get_by_text("written from another address")).to_be_visible()
    check_access()
    with page.expect_download() as file:
        page.get_by_role("link", name="The whole e-mail").press("Enter")
    assert file.value.suggested_filename.endswith(".eml")
