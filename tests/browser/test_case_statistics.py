"""Statistics of cases in a browser: every look, the way from a number to its cases and back, another time by keyboard."""

from random import Random
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import every_look
from tests.disputes.conftest import agent, supervisor
from tests.disputes.histories import lived, network
from tests.documents.conftest import Operator, operator

__all__ = ["agent", "operator", "supervisor"]

PAGE = "/disputes/statistics/"


@every_look
def test_the_pages_are_accessible(
    page: Page, sign_in: Any, check_access: Any, operator: Operator, agent: Any, supervisor: Any
) -> None:
    sign_in("Dispute supervisor")
    page.goto(PAGE)
    expect(page.get_by_role("heading", name="No case was opened in these days")).to_be_visible()
    check_access()
    lived(Random(21), operator, agent, supervisor, network(operator))
    for query in ("?period=2018", "?period=2018&by=place", "?period=2018&by=outcome", "?from=x&to=y", "?period=2018&by=agent"):
        page.goto(PAGE + query)
        page.get_by_text("What the figures mean").click()
        check_access()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_number_leads_to_its_cases_and_another_time_is_a_choice(
    page: Page, sign_in: Any, check_access: Any, operator: Operator, agent: Any, supervisor: Any
) -> None:
    sign_in("Dispute agent")
    lived(Random(21), operator, agent, supervisor, network(operator))
    page.goto(f"{PAGE}?period=2018")
    expect(page.get_by_role("link", name="Looked after by")).to_have_count(0)
    page.get_by_label("Opened in").select_option("")
    page.get_by_label("From", exact=True).fill("2018-12-31")
    page.get_by_label("To", exact=True).fill("2018-10-01")
    page.get_by_role("button", name="Show").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The time ends before it begins: exchange the two dates.")
    page.goto(f"{PAGE}?period=2018")
    page.get_by_role("link", name="How it came").press("Enter")
    expect(page.get_by_role("heading", name="Cases by how it came")).to_be_visible()
    shown = page.get_by_role("row", name="By phone").get_by_role("link", name="cases, By phone")
    count = (shown.text_content() or "").split()[0]
    shown.press("Enter")
    words = "Cases opened, Tayside Charging, 1 Jan – 31 Dec 2018, one row by how it came"
    expect(page.locator(".cb-head-sub")).to_contain_text(words)
    assert page.locator("#result_list tbody tr").count() == int(count)
    check_access()
    page.get_by_role("link", name="back to the statistics").press("Enter")
    expect(page.get_by_role("heading", name="Cases by how it came")).to_be_visible()
