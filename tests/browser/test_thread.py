"""The whole thread as a person walks it: prices into a form, a real month into the upload, figures off the Overview."""

import csv
import io
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from billing.operations import set_tax_rate
from chargebill.core.models import LegalEntity
from chargebill.core.roles import ADMINISTRATOR
from tests.pipeline.conftest import AT
from tests.pipeline.test_real_months import Expected, boulder, chargeplace

pytestmark = pytest.mark.shared
WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


@pytest.mark.parametrize(
    ("name", "read"), [("dundee-2018-06_2018-09.csv.gz", chargeplace), ("boulder-2018_2021.csv.gz", boulder)]
)
def test_a_real_file_through_the_portal_shows_the_figures_of_its_rows(
    name: str, read: Callable[[Path], Expected], page: Page, sign_in: Any, run_jobs: Callable[[], None], shared: Path
) -> None:
    expected = read(shared / "data" / name)
    entity = LegalEntity.objects.create(name="Trial", country="GB", base_currency="GBP", time_zone="Europe/London")
    set_tax_rate(entity=entity, rate=Decimal(20), code="T20", valid_from=None, source="test", actor=None, at=AT)
    sign_in(ADMINISTRATOR)

    page.goto("/billing/tariff/add/")
    page.get_by_role("link", name="Per kWh", exact=True).click()
    page.get_by_label("Name").fill("Standard")
    page.get_by_label("These prices include tax").check()
    for kind, price in (("FLAT", "0.35"), ("ENERGY", "0.43"), ("TIME", "0.012"), ("PARKING_TIME", "0.05")):
        page.locator(f"#id_rule-1-price_{kind}").fill(price)
    page.get_by_role("button", name="Save and activate").click()
    page.get_by_label("Since ever").check()
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_text("Standard v1 is in force.")).to_be_visible()
    run_jobs()

    page.goto("/imports/new/")
    page.set_input_files("#id_file", shared / "data" / name)
    page.get_by_role("radio", name="History").check()
    page.get_by_role("button", name="Import", exact=True).click()
    page.wait_for_url(re.compile(r"/imports/\d+/$"))
    run_jobs()
    page.reload()
    total = expected.good + expected.bad
    told = " ".join(page.locator(".cb-sum").inner_text().split()).replace(",", "")
    assert f"read {total} = imported {expected.good} + updated 0 + unchanged 0 + quarantined {expected.bad}" in told

    page.goto("/?period=all")
    tiles = " ".join(page.locator(".cb-tiles").inner_text().split())
    assert f"GBP {Decimal(expected.net_cents['all']) / 100:,.2f}" in tiles
    assert f"Sessions {expected.sessions['all']:,}" in tiles
    assert table(page, "durations", "sessions") == [expected.durations["all", i] for i in range(9)]
    hours = {(row["weekday"], int(row["hour"][:2])): int(row["sessions_started"]) for row in rows(page, "hours")}
    assert hours == {(WEEKDAYS[h // 24], h % 24): expected.hours["all", h] for h in range(168)}
    assert sum(Fraction(row["energy_kwh"]) for row in rows(page, "hours")) == expected.energy["all"]
    assert sum(Fraction(row["net"]) for row in rows(page, "revenue")) * 100 == expected.net_cents["all"]
    assert sorted(table(page, "methods", "sessions")) == sorted(expected.methods.values())


def rows(page: Page, chart: str) -> list[dict[str, str]]:
    """The table behind a chart, as its CSV link gives it."""
    response = page.request.get(f"/overview/{chart}.csv?period=all")
    assert response.ok, response.status
    return list(csv.DictReader(io.StringIO(response.text())))


def table(page: Page, chart: str, column: str) -> list[int]:
    return [int(row[column]) for row in rows(page, chart)]
