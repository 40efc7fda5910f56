"""The parallel month in a browser: from a month to a cause to a session and back, on every screen."""

from typing import Any

from playwright.sync_api import Page, expect

from chargebill.core.roles import BILLING_CLERK
from tests.browser.conftest import every_look
from tests.portal.network import bring_in, company
from tests.portal.parallel_month import Reported, bring_amounts, reported

__all__ = ["bring_amounts", "bring_in", "company", "reported"]
SEPTEMBER = "from=2026-09-01&to=2026-09-30"


@every_look
def test_the_pages_are_accessible(page: Page, sign_in: Any, check_access: Any, reported: list[Reported]) -> None:
    sign_in(BILLING_CLERK)
    for url in (
        f"/parallel/?{SEPTEMBER}",
        "/parallel/?from=2026-01-01&to=2026-01-31&location=9",
        f"/parallel/sessions/?{SEPTEMBER}&cause=different",
        f"/parallel/sessions/?{SEPTEMBER}&cause=gone",
    ):
        page.goto(url)
        check_access()


def test_nothing_to_compare_offers_the_import(page: Page, sign_in: Any, check_access: Any, company: Any) -> None:
    sign_in(BILLING_CLERK)
    page.goto("/parallel/")
    check_access()
    page.get_by_role("link", name="Import sessions").click()
    page.wait_for_url("**/imports/**")


def test_a_cause_opens_its_sessions_and_each_its_page(page: Page, sign_in: Any, reported: list[Reported]) -> None:
    sign_in(BILLING_CLERK)
    page.goto("/")
    page.get_by_role("link", name="Parallel month").click()
    page.get_by_role("link", name="No idle time at theirs").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("No idle time at theirs")
    expect(page.locator(".cb-compared tbody tr")).to_have_count(4)
    page.get_by_role("link", name="R011").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Session R011")
    page.go_back()
    page.get_by_label("Breadcrumb").get_by_role("link", name="Parallel month").click()
    expect(page.get_by_text("All compared")).to_be_visible()


def test_a_place_is_chosen_by_keyboard(page: Page, sign_in: Any, reported: list[Reported]) -> None:
    sign_in(BILLING_CLERK)
    page.goto(f"/parallel/?{SEPTEMBER}")
    page.get_by_label("Place", exact=True).focus()
    page.keyboard.type("Harb")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Show", exact=True).press("Enter")
    page.wait_for_url("**location=*")
    expect(page.get_by_role("link", name="Not explained")).to_be_visible()
    expect(page.get_by_role("link", name="Equal")).to_have_count(0)
