"""Saved views and columns in a browser: kept, shared, found again after signing in anew; by keyboard, on every screen."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from chargebill.core.roles import BILLING_CLERK, FINANCE
from tests.browser.conftest import every_look
from tests.portal.network import Fact, bring_in, company, network
from tests.rows import locations

__all__ = ["bring_in", "company", "network"]


def open_menu(page: Page, title: str) -> None:
    page.locator("summary", has_text=title).press("Enter")


def test_a_view_and_its_columns_are_there_after_signing_in_anew(
    page: Page, sign_in_by_form: Callable[[str], Any], network: list[Fact]
) -> None:
    sign_in_by_form(BILLING_CLERK)
    page.goto("/stations/session/")
    page.get_by_role("combobox", name="Paid by").select_option("App")
    page.get_by_role("button", name="Apply").click()
    open_menu(page, "Columns")
    for column in ("Token", "EVSE"):
        page.get_by_role("checkbox", name=column).uncheck()
    page.get_by_role("checkbox", name="End").check()
    page.get_by_role("button", name="Show these").press("Enter")
    expect(page.get_by_role("columnheader", name="Token")).to_have_count(0)
    expect(page.get_by_role("columnheader", name="End")).to_be_visible()
    open_menu(page, "Save view")
    page.get_by_label("Name", exact=True).fill("Paid by app")
    page.get_by_label("Name", exact=True).press("Enter")
    expect(page.get_by_text("View “Paid by app” is saved")).to_be_visible()
    page.get_by_role("link", name="Edit view Paid by app").click()
    page.get_by_label("The list opens with it, for me").check()
    page.get_by_role("button", name="Save").click()

    page.context.clear_cookies()
    page.evaluate("localStorage.clear()")
    sign_in_by_form(BILLING_CLERK)
    page.goto("/stations/session/")
    apps = sum(fact.method == "APP" for fact in network)
    expect(page.get_by_text(f"{apps} sessions with these filters")).to_be_visible()
    expect(page.locator(".cb-view-tabs [aria-current]")).to_contain_text("Paid by app")
    expect(page.locator(".cb-view-tabs [aria-current]")).to_have_attribute("aria-current", "page")
    expect(page.get_by_role("columnheader", name="Token")).to_have_count(0)
    expect(page.get_by_role("columnheader", name="End")).to_be_visible()
    page.get_by_role("link", name="Whole list").click()
    expect(page.get_by_text(f"{len(network)} session")).to_be_visible()
    # A view sent to somebody who has none of it shows the same rows.
    page.go_back()
    url = page.url
    page.context.clear_cookies()
    sign_in_by_form(FINANCE)
    page.goto(url)
    expect(page.get_by_text(f"{apps} sessions with these filters")).to_be_visible()


@every_look
def test_views_are_saved_changed_and_deleted_on_every_screen(
    page: Page, sign_in: Any, check_access: Any, viewport: str, network: list[Fact]
) -> None:
    sign_in(BILLING_CLERK)
    page.goto("/stations/session/?method=APP")
    open_menu(page, "Columns")
    check_access()
    page.keyboard.press("Escape")
    open_menu(page, "Save view")
    page.get_by_label("Name", exact=True).fill("   ")
    page.get_by_label("For everybody who may see this list").check()
    check_access()
    page.locator("form.cb-view-form").get_by_role("button", name="Save", exact=True).press("Enter")
    # What was wrong stands at the field, which has the focus; what was chosen is still there.
    expect(page.get_by_text("Give the view a name")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    expect(page.get_by_label("For everybody who may see this list")).to_be_checked()
    check_access()
    page.get_by_label("Name", exact=True).fill("Paid by app")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Paid by app", exact=True)).to_have_attribute("aria-current", "page")
    page.goto(page.url.replace("APP", "RFID"))
    expect(page.locator(".cb-view-tabs")).to_contain_text("changed")
    check_access()
    page.get_by_role("button", name="Update view Paid by app").press("Enter")
    expect(page.get_by_text("View “Paid by app” now is what you see.")).to_be_visible()
    page.get_by_role("link", name="Edit view Paid by app").press("Enter")
    page.get_by_label("Name", exact=True).fill("Paid by card")
    check_access()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Paid by card", exact=True)).to_be_visible()
    page.get_by_role("link", name="Edit view Paid by card").press("Enter")
    page.get_by_role("button", name="Delete view").press("Enter")
    expect(page.get_by_text("View “Paid by card” is deleted")).to_be_visible()
    expect(page.locator(".cb-view-tabs")).to_have_count(0)


@every_look
def test_every_kind_of_list_has_them(page: Page, sign_in: Any, check_access: Any, company: Any) -> None:
    locations(12)
    sign_in(BILLING_CLERK)
    page.goto("/stations/location/?needs_review__exact=1")
    open_menu(page, "Columns")
    page.get_by_role("checkbox", name="Country").uncheck()
    page.get_by_role("button", name="Show these").press("Enter")
    expect(page.get_by_role("columnheader", name="Country")).to_have_count(0)
    open_menu(page, "Save view")
    page.get_by_label("Name", exact=True).fill("New places")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="New places", exact=True)).to_have_attribute("aria-current", "page")
    check_access()
    open_menu(page, "Columns")
    check_access()
    page.get_by_role("columnheader", name="Name").get_by_role("link").press("Enter")
    expect(page.locator(".cb-view-tabs")).to_contain_text("changed")
    expect(page.get_by_role("columnheader", name="Country")).to_have_count(0)
