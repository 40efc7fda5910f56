"""From the Overview to the connectors that say nothing, to their sessions, and back with the filters kept."""

import io
from datetime import timedelta
from typing import Any

from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import Page, expect

from chargebill.core.roles import BILLING_CLERK
from tests.browser.conftest import every_look
from tests.rows import company
from tests.test_silent_connectors import HOUR, charge, half_hours, plug


def bring_silence() -> None:
    """Three connectors at two places, in use until an hour ago, or until three days ago for two of them."""
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    starts = [now - n * 4 * HOUR for n in range(1, 200)]
    charge(plug("HH-01"), *half_hours(*starts))
    for name, zone, days in (("HH-02", "Europe/Berlin", 3), ("LDN-07", "Europe/London", 4)):
        charge(plug(name, zone=zone), *half_hours(*(start for start in starts if start < now - timedelta(days=days))))
    company("Tayside Charging")
    call_command("rebuild_rollups", stdout=io.StringIO())


@every_look
def test_silent_connectors_are_opened_from_the_overview_and_left_again(
    page: Page, sign_in: Any, check_access: Any, viewport: str
) -> None:
    bring_silence()
    sign_in(BILLING_CLERK)
    page.goto(f"/?entity={company().pk}&period=last_30_days")
    page.get_by_role("link", name="2 usually busy, silent 48 h").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Silent connectors")
    expect(page.locator("#silent-table tbody tr")).to_have_count(2)
    check_access()
    # One place, by keyboard.
    page.locator("#s-location").select_option("Europe/London")
    page.get_by_role("button", name="Show").press("Enter")
    expect(page.locator("#silent-table tbody tr")).to_have_count(1)
    listed = page.url
    page.get_by_role("link", name="LDN-07-1").press("Enter")
    expect(page.locator(".cb-chips")).to_contain_text("connector LDN-07-1")
    check_access()
    page.go_back()
    assert page.url == listed
    expect(page.locator("#s-location")).to_have_value(page.url.rpartition("location=")[2])
    page.get_by_label("Company").select_option("Tayside Charging")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".cb-empty h2")).to_have_text("No sessions yet")
    check_access()
    page.go_back()
    page.go_back()
    page.go_back()
    expect(page.get_by_label("Period")).to_have_value("last_30_days")
