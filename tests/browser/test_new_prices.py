"""New prices as one person brings them in: day and night with an idle fee, and only sessions after them cost otherwise."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from billing.models import Chargeable, Tariff
from stations.models import Session
from tests.portal.network import Fact, Network, bring_in, company

__all__ = ["bring_in", "company"]

BERLIN = ZoneInfo("Europe/Berlin")


def fact(number: str, start: str, *, idle_min: int = 0) -> Fact:
    """10 kWh in an hour from a local time on, then idle."""
    began = datetime.fromisoformat(start).replace(tzinfo=BERLIN)
    return Fact(number, "Am Kai", began, began + timedelta(minutes=60 + idle_min), Decimal(10), 3600)


# Begun before the new prices; by day and then idle; at night; begun before and ended after they began.
BEFORE, DAY, NIGHT, ACROSS = (
    fact("B100", "2024-03-09 10:00"),
    fact("D100", "2024-03-10 10:00", idle_min=30),
    fact("N100", "2024-03-11 22:30"),
    fact("A100", "2024-03-09 23:30"),
)


@pytest.fixture
def prices(bring_in: Network) -> Callable[[], dict[str, Decimal]]:
    """Imports the sessions; asks for the price of each by its number."""
    bring_in([replace(one) for one in (BEFORE, DAY, NIGHT, ACROSS)])

    def asked() -> dict[str, Decimal]:
        rows = Chargeable.objects.values_list("session__external_id", "cdr__gross_amount")
        return dict(rows)

    return asked


def test_only_sessions_that_start_after_the_new_prices_cost_otherwise(
    page: Page, sign_in: Any, run_jobs: Callable[[], None], prices: Callable[[], dict[str, Decimal]], check_access: Any
) -> None:
    # 10 kWh at 0.49, and 30 idle minutes at 0.02.
    old = {"B100": Decimal("4.90"), "D100": Decimal("5.50"), "N100": Decimal("4.90"), "A100": Decimal("4.90")}
    assert prices() == old
    sign_in("Pricing manager")
    page.goto(reverse("admin:billing_tariff_changelist"))
    page.get_by_role("link", name="Standard").click()
    page.get_by_role("link", name="Change prices").click()

    day = page.get_by_role("group", name="Rule 1")
    day.get_by_label("Energy", exact=True).fill("0.59")
    day.get_by_label("Idle time, connected after charging", exact=True).fill("0.10")
    page.get_by_label("Free idle time").fill("15")
    page.get_by_role("button", name="Add a rule").click()
    night = page.get_by_role("group", name="Rule 2")
    night.get_by_label("Energy", exact=True).fill("0.39")
    night.get_by_text("When").click()
    night.get_by_label("from: Time of day").fill("22")
    night.get_by_label("until: Time of day").fill("6")
    # After a rule that always fits it never counts: the finding says so, and moving it up puts it right.
    side = page.locator("#side")
    expect(side.get_by_text("element_unreachable")).to_be_visible()
    night.get_by_role("button", name="Move rule up").click()
    expect(side.get_by_text("element_unreachable")).to_have_count(0)
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_text("Checked: nothing keeps it from being activated.").wait_for()
    check_access()

    page.get_by_role("button", name="Save and activate").click()
    page.get_by_label("From a day on").check()
    page.get_by_label("Day", exact=True).fill("2024-03-10")
    expect(page.locator(".cb-differences")).to_contain_text("22:00-06:00")
    page.get_by_role("button", name="Activate").click()
    page.get_by_text("Standard v2 is in force.").wait_for()
    expect(page.get_by_text("Everyone at every place of Stadtwerke Nord")).to_be_visible()
    assert prices() == old
    run_jobs()

    # 5.90 and 15 of the 30 idle minutes; 3.90; the price at its start, whatever came at midnight.
    new = {**old, "D100": Decimal("7.40"), "N100": Decimal("3.90")}
    assert prices() == new
    versions = {v.number: (v.state, v.valid_until) for v in Tariff.objects.get().versions.all()}
    assert versions[1] == ("RETIRED", datetime(2024, 3, 10, tzinfo=BERLIN))
    for number, amount in new.items():
        page.goto(reverse("admin:stations_session_change", args=[Session.objects.get(external_id=number).pk]))
        expect(page.locator(".cb-big-number")).to_contain_text(f"EUR {amount}")
    page.goto(reverse("admin:billing_tariff_change", args=[Tariff.objects.get().pk]))
    expect(page.locator("[hx-get] .cb-facts")).to_contain_text("2 sessions")
