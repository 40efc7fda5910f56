"""The price page and the labels in a browser: read on a phone at the pole, without a script, and printed."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from billing.models import Assignment
from chargebill.core.roles import BILLING_CLERK
from stations.models import Connector, Evse
from tests.browser.conftest import SIZES, every_look
from tests.portal.pole import charging_point, pole

__all__ = ["pole"]
URL = "/p/DE*SWN*E50914"
# Of paper, in the browser's pixels: 96 to the inch.
A4_WIDTH_PX = 794


@every_look
def test_the_price_page_is_accessible_in_both_languages(
    page: Page, check_access: Any, console_errors: list[str], pole: Evse
) -> None:
    Connector.objects.create(evse=pole, number="2", standard="IEC_62196_T2", power_type="AC", rated_kw=22)
    for url in (f"{URL}?lang=de", f"{URL}?lang=en", "/p/nobody?lang=de", "/p/nobody?lang=en"):
        response = page.goto(url)
        assert response is not None
        check_access()
        for summary in page.locator("summary").all():
            summary.click()
        check_access()
    Assignment.objects.all().delete()
    # Another address: the browser may keep the one before for a minute.
    page.goto("/p/50914?lang=en")
    expect(page.get_by_role("heading", name="No price shown")).to_be_visible()
    check_access()
    # The browser complains of pages answered with 404.
    assert all("404" in error for error in console_errors)
    console_errors.clear()


@pytest.mark.parametrize("viewport", ["phone"])
def test_a_driver_reads_the_price_and_switches_the_language(page: Page, pole: Evse) -> None:
    page.goto(URL)
    expect(page.get_by_text("0.49 EUR per kWh").first).to_be_in_viewport()
    page.get_by_role("link", name="Deutsch").click()
    expect(page).to_have_title("Ladepreis: Am Kai, DE*SWN*E50914")
    expect(page.get_by_text("0,49 EUR pro kWh").first).to_be_in_viewport()
    assert page.locator("html").get_attribute("lang") == "de"
    page.get_by_text("Der ganze Tarif, für jede Zeit").click()
    expect(page.get_by_text("0,384 EUR pro kWh, 22–7 Uhr; sonst 0,49 EUR pro kWh")).to_be_visible()


def test_the_price_page_needs_no_script(browser: Browser, live_server: Any, pole: Evse) -> None:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False, viewport=SIZES["phone"])
    page = context.new_page()
    page.goto(f"{URL}?lang=en")
    page.get_by_text("The whole tariff, for any time").click()
    assert "otherwise 0.49 EUR per kWh" in page.locator("details").inner_text()
    assert context.cookies() == []
    context.close()


@every_look
def test_labels_are_accessible(page: Page, sign_in: Any, check_access: Any, pole: Evse) -> None:
    sign_in(BILLING_CLERK)
    charging_point(pole.entity, uid="a-very-long-name-of-a-charging-point-without-an-id", evse_id="")
    page.goto(f"/stations/location/{pole.location.pk}/change/")
    page.get_by_role("link", name="Labels with price codes").click()
    expect(page.get_by_role("img", name="QR code of")).to_have_count(2)
    check_access()
    Connector.objects.all().delete()
    Evse.objects.all().delete()
    page.reload()
    check_access()


def test_a_sheet_prints_eight_labels_and_nothing_else(page: Page, sign_in: Any, pole: Evse) -> None:
    sign_in(BILLING_CLERK)
    for n in range(8):
        charging_point(pole.entity, uid=f"u{n}", evse_id=f"DE*SWN*E{n}")
    page.goto(f"/labels/?entity={pole.entity.pk}")
    expect(page.get_by_role("button", name="Print")).to_be_visible()
    page.emulate_media(media="print")
    page.set_viewport_size({"width": A4_WIDTH_PX - 76, "height": 1047})
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    expect(page.get_by_role("heading", name="Labels for")).to_be_hidden()
    boxes = [label.bounding_box() for label in page.locator(".cb-label").all()]
    rows = {round(box["y"]) for box in boxes if box}
    assert (len(boxes), len(rows)) == (9, 5)
    # Nine labels: a sheet of eight and a second one.
    pdf = page.pdf(prefer_css_page_size=True)
    assert pdf.count(b"/Type /Page\n") == 2
