"""The review queue in a browser: find a held session, decide it by keyboard, see it go; on every screen."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from billing.models import Chargeable
from chargebill.core.models import LegalEntity
from chargebill.core.roles import BILLING_CLERK
from tests.browser.conftest import every_look
from tests.gate.conftest import bring, entity, import_rows, own, priced_entity

__all__ = ["bring", "entity", "import_rows", "priced_entity"]


@pytest.fixture
def held(priced_entity: LegalEntity, bring: Any) -> LegalEntity:
    bring(
        own("S-wrong", end="10:03", energy_kwh="36.9"),
        own("S-again", day="07", end="10:03", energy_kwh="36.9"),
        own("S-meter", day="08", meter_start_kwh="100", meter_stop_kwh="104.5"),
        own("S-good", day="09"),
    )
    return priced_entity


@every_look
def test_the_pages_are_accessible(page: Page, sign_in: Any, check_access: Any, held: LegalEntity) -> None:
    sign_in(BILLING_CLERK)
    group = f"/review/group/?entity={held.pk}&state=HELD&reason="
    for url in ("/review/", f"{group}D7", f"{group}D31", "/review/history/"):
        page.goto(url)
        check_access()


@every_look
def test_held_sessions_are_found_and_decided_by_keyboard(page: Page, sign_in: Any, check_access: Any, held: LegalEntity) -> None:
    sign_in(BILLING_CLERK)
    page.goto("/")
    page.locator(".cb-needs").get_by_role("link", name="3 held").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Review queue")
    check_access()
    page.get_by_role("link", name="More energy than the connector can give").press("Enter")
    expect(page.get_by_text("The meter shows 738 kW on a 22 kW connector").first).to_be_visible()
    check_access()
    # Nothing has to be pushed aside to read what is wrong and what it would cost.
    frame = page.get_by_role("region", name="Sessions, table")
    assert frame.evaluate("frame => frame.scrollWidth - frame.clientWidth") <= 0
    # Wrong first: no session ticked.
    page.get_by_label("Release").press("Space")
    page.get_by_label("Why").fill("The meter was exchanged")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Tick the sessions it is about, or choose the whole group. Nothing was changed.")).to_be_visible()
    # What was written is still there.
    expect(page.get_by_label("Release")).to_be_checked()
    expect(page.get_by_label("Why")).to_have_value("The meter was exchanged")
    check_access()
    page.get_by_label("Session S-wrong").press("Space")
    page.get_by_label("Why").press("Enter")
    expect(page.get_by_text("Release: 1 session decided.")).to_be_visible()
    check_access()
    assert dict(Chargeable.objects.values_list("session__external_id", "state")) == {
        "S-wrong": "READY",
        "S-again": "HELD",
        "S-meter": "HELD",
        "S-good": "READY",
    }
    page.get_by_role("link", name="Decisions").click()
    expect(page.get_by_text("The meter was exchanged")).to_be_visible()
    check_access()


def test_one_session_is_decided_from_its_own_page(page: Page, sign_in: Any, check_access: Any, held: LegalEntity) -> None:
    sign_in(BILLING_CLERK)
    page.goto(f"/review/group/?entity={held.pk}&state=HELD&reason=D6")
    page.get_by_role("link", name="S-meter").click()
    check_access()
    page.get_by_role("link", name="Decide about it").click()
    check_access()
    page.get_by_label("Use another reading").check()
    page.get_by_label("Why").fill("The register is right")
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Session S-meter")
    # 4.5 * 0.40 + 0.60
    expect(page.locator(".cb-big-number")).to_contain_text("GBP 2.40")
    expect(page.get_by_role("heading", name="What people decided")).to_be_visible()
