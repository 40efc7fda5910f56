"""The explanation of a price in a browser: for staff and as its driver would read it, on every screen."""

from typing import Any

from playwright.sync_api import Page, expect

from chargebill.core.roles import BILLING_CLERK
from tests.browser.conftest import every_look
from tests.portal.network import bring_in, company
from tests.portal.night_owl import Night, night, tax_idle_time

__all__ = ["bring_in", "company", "night"]


@every_look
def test_the_explanation_is_accessible(page: Page, sign_in: Any, check_access: Any, night: Night, company: Any) -> None:
    tax_idle_time(company)
    session = night()
    sign_in(BILLING_CLERK)
    page.goto(f"/stations/session/{session.pk}/change/")
    check_access()
    page.locator("details.cb-behind > summary").click()
    check_access()
    for language in ("en", "de"):
        page.goto(f"/sessions/{session.pk}/driver/?lang={language}")
        page.locator("details > summary").click()
        check_access()


def test_a_clerk_reads_a_price_and_then_what_the_driver_would_read(page: Page, sign_in: Any, night: Night) -> None:
    session = night()
    sign_in(BILLING_CLERK)
    page.goto(f"/stations/session/{session.pk}/change/")
    expect(page.get_by_role("row", name="Energy 6 Sep 23:55")).to_contain_text("8.56")
    page.get_by_role("link", name="As the driver would read it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your charge")
    page.get_by_role("link", name="Deutsch").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ihr Ladevorgang")
    expect(page.get_by_text("Summe, inkl. Steuer")).to_be_visible()
    page.get_by_role("link", name="Zurück zum Ladevorgang").click()
    page.wait_for_url("**/change/")


def test_the_price_that_applied_is_read_with_the_power(page: Page, sign_in: Any, night: Night) -> None:
    session = night()
    sign_in(BILLING_CLERK)
    page.goto(f"/stations/session/{session.pk}/change/")
    chart = page.locator("[data-chart=power-data]")
    chart.focus()
    chart.press("End")
    expect(page.get_by_text("Power 0.00 kW, idle 0.04 EUR/min")).to_be_attached()
