"""A case's evidence in a browser: what the checks say beside the thread, look again, sign, download."""

from typing import Any

from playwright.sync_api import Page, expect

from chargebill.core.roles import DISPUTE_AGENT
from memberships.models import Token
from tests.browser.conftest import every_look
from tests.evidence.conftest import OPENED, billed, month, opened, operator

__all__ = ["billed", "month", "operator"]


@every_look
def test_an_agent_reads_what_is_wrong_signs_it_and_takes_it_along(
    page: Page, sign_in: Any, check_access: Any, billed: Any
) -> None:
    Token.objects.filter(uid="T-Ada").update(blocked_from=OPENED.replace(month=1), blocked_reason="lost")
    case = opened("M1", "M2")
    sign_in(DISPUTE_AGENT)
    page.goto(f"/disputes/case/{case.pk}/change/")
    expect(page.get_by_role("heading", name="What the checks say of session M1")).to_be_visible()
    expect(page.get_by_text("Take it back: GBP 4.94.")).to_be_visible()
    check_access()
    page.get_by_role("link", name="All checks and evidence").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Evidence of case {case.number}")
    check_access()
    page.get_by_role("button", name="Look again and sign").press("Enter")
    expect(page.get_by_text("Everything is signed as version 1.")).to_be_visible()
    check_access()
    with page.expect_download() as file:
        page.get_by_role("link", name="Download ZIP").press("Enter")
    assert file.value.suggested_filename == f"{case.number}.zip"
