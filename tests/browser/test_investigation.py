"""An investigation in a browser: from a session's page to what is wrong, what it is worth, and what the driver reads."""

from typing import Any

from playwright.sync_api import Page, expect

from chargebill.core.roles import DISPUTE_AGENT
from tests.browser.conftest import every_look
from tests.investigation.conftest import Operator, bill_by_hand, dear, session

__all__ = ["dear"]


@every_look
def test_what_is_wrong_is_read_from_the_sessions_page(page: Page, sign_in: Any, check_access: Any, dear: Operator) -> None:
    billed = bill_by_hand(dear, session("1", end="10:03", energy_kwh="36.9", token="T-Ada"))
    sign_in(DISPUTE_AGENT)
    page.goto(f"/stations/session/{billed.pk}/change/")
    page.get_by_role("link", name="Investigate").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Investigate session 1")
    expect(page.get_by_text("The meter shows 738 kW on a 22 kW connector (36.9 kWh in 3 min).")).to_be_visible()
    expect(page.get_by_text("Waive energy: GBP 14.76 less.")).to_be_visible()
    page.locator("summary", has_text="about: More energy than the connector can give").press("Enter")
    expect(page.get_by_text("So viel Energie, wie berechnet wurde,")).to_be_visible()
    check_access()
    with page.expect_download() as file:
        page.get_by_role("link", name="What was looked at").press("Enter")
    assert file.value.suggested_filename == f"session-{billed.pk}.json"
