"""Describing a layout in a browser: an unknown file, wrong answers first, then saved, recognized and imported."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from chargebill.core.models import LegalEntity
from chargebill.core.roles import AUDITOR, BILLING_CLERK
from stations.models import ImportBatch, ImportProfile, Session
from tests.browser.conftest import every_look
from tests.portal.test_import_layouts import HEADER, ROWS, TEXT


@pytest.fixture
def entity(db: None) -> LegalEntity:
    return LegalEntity.objects.create(
        name="Nordstrom Laden", country="DE", base_currency="EUR", time_zone="Europe/Berlin", billing_from="2026-01-01"
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "laden.csv"
    # A word the guess does not know: the person says what it means.
    path.write_text(TEXT.replace("Stecker", "Dose"), encoding="utf-8")
    return path


@every_look
def test_an_unknown_file_is_described_saved_and_imported(
    entity: LegalEntity,
    page: Page,
    sign_in: Callable[..., Any],
    check_access: Callable[..., None],
    file: Path,
    run_jobs: Callable[[], None],
) -> None:
    """By keyboard, as far as a file can be chosen by one; each step can be read by everybody."""
    sign_in(BILLING_CLERK)
    page.goto("/imports/new/")
    page.set_input_files("#id_file", file)
    page.get_by_role("radio", name="History").press("Space")
    page.get_by_role("button", name="Import", exact=True).press("Enter")
    expect(page.get_by_text("This layout is not known.")).to_be_visible()
    check_access()
    page.get_by_role("button", name="Describe this layout").press("Enter")
    page.wait_for_url(re.compile(r"/imports/layouts/build/"))

    # Wrong first: no start, and no name.
    start = page.get_by_label("What Beginn means")
    expect(start).to_have_value("start")
    start.select_option("")
    expect(page.get_by_text("No column says when a session began.")).to_be_visible()
    page.get_by_role("button", name="Save this layout").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("No column says when a session began. Nothing was saved.")
    check_access()
    page.get_by_label("What Beginn means").select_option("start")
    expect(page.get_by_text("2 of 3 first rows become sessions")).to_be_visible()
    page.get_by_label("What Dose means").select_option("connector")
    expect(page.get_by_role("cell", name="LS-1 · 2")).to_be_visible()
    page.get_by_role("button", name="Save this layout").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Give the layout a name")
    check_access()
    assert not ImportProfile.objects.exists()

    page.get_by_label("Name of the layout").fill("Hausladung")
    page.get_by_role("button", name="Save this layout").press("Enter")
    expect(page.get_by_text("“Hausladung” is saved as version 1.")).to_be_visible()
    check_access()
    page.set_input_files("#id_file", file)
    page.get_by_role("radio", name="History").press("Space")
    page.get_by_role("button", name="Import", exact=True).press("Enter")
    page.wait_for_url(re.compile(r"/imports/\d+/$"))
    run_jobs()
    expect(page.get_by_text("What became of its rows")).to_be_visible()
    check_access()
    expect(page.get_by_text("Hausladung, version 1", exact=True)).to_be_visible()
    assert (ImportBatch.objects.get().profile_version.number, Session.objects.count()) == (1, 2)


@every_look
def test_the_layout_pages_are_accessible(
    entity: LegalEntity, page: Page, sign_in: Callable[..., Any], check_access: Callable[..., None], file: Path
) -> None:
    sign_in(BILLING_CLERK)
    page.goto("/imports/layouts/")
    check_access()
    page.get_by_role("link", name="Describe a layout").click()
    page.get_by_role("button", name="Look at its columns").click()
    expect(page.get_by_text("Choose a file of this layout.")).to_be_visible()
    check_access()
    page.set_input_files("#id_file", file)
    page.get_by_role("button", name="Look at its columns").click()
    check_access()
    page.get_by_label("What Beginn means").select_option("")
    expect(page.get_by_text("Not readable yet.")).to_be_visible()
    page.get_by_role("button", name="Save this layout").click()
    check_access()
    page.get_by_label("What Beginn means").select_option("start")
    page.get_by_label("Name of the layout").fill("Hausladung")
    page.get_by_role("button", name="Save this layout").click()
    expect(page.get_by_text("“Hausladung” is saved")).to_be_visible()
    page.goto("/imports/layouts/")
    page.get_by_text("What version 1 says").click()
    check_access()
    page.get_by_role("button", name="Retire Hausladung").click()
    expect(page.get_by_text("“Hausladung” is retired")).to_be_visible()
    check_access()


def test_who_only_reads_sees_no_way_to_change(entity: LegalEntity, page: Page, sign_in: Callable[..., Any]) -> None:
    sign_in(AUDITOR)
    page.goto("/imports/layouts/")
    expect(page.get_by_text("No layout of your own yet")).to_be_visible()
    expect(page.get_by_role("link", name="Describe a layout")).to_have_count(0)


def test_many_columns_stay_usable(
    entity: LegalEntity, page: Page, sign_in: Callable[..., Any], tmp_path: Path, check_access: Callable[..., None]
) -> None:
    more = ";".join(f"Feld {number}" for number in range(70))
    path = tmp_path / "wide.csv"
    path.write_text("\n".join([f"{HEADER};{more}", *(row + ";" * 70 for row in ROWS)]), encoding="utf-8")
    sign_in(BILLING_CLERK)
    page.goto("/imports/layouts/new/")
    page.set_input_files("#id_file", path)
    page.get_by_role("button", name="Look at its columns").click()
    expect(page.get_by_text("The file has 18 more columns, which can't be used.")).to_be_visible()
    expect(page.get_by_text("2 of 3 first rows become sessions")).to_be_visible()
    check_access()
