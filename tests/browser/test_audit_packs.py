"""An auditor makes a pack and takes it away: a wrong month first, then the pack, on every screen."""

import zipfile
from typing import Any

from playwright.sync_api import Page, expect

from chargebill.core.roles import AUDITOR
from tests.browser.conftest import every_look
from tests.closing.conftest import complete, month, operator
from tests.documents.conftest import Operator

__all__ = ["complete", "month", "operator"]


@every_look
def test_an_auditor_makes_a_pack(page: Page, sign_in: Any, check_access: Any, complete: Operator, run_jobs: Any) -> None:
    sign_in(AUDITOR)
    page.goto("/audit-packs/")
    expect(page.locator(".cb-empty h2")).to_have_text("No pack yet")
    check_access()
    page.get_by_label("First month").fill("2018-09")
    page.get_by_label("Last month").fill("2018-08")
    page.get_by_role("button", name="Make the pack").click()
    expect(page.get_by_text("A pack is of 1 to 24 months, the earlier one first. Nothing was made.")).to_be_visible()
    check_access()
    page.get_by_label("Last month").fill("")
    page.get_by_role("button", name="Make the pack").press("Enter")
    expect(page.get_by_role("link", name="Look again")).to_be_visible()
    run_jobs()
    page.get_by_role("link", name="Look again").click()
    check_access()
    with page.expect_download() as taken:
        page.get_by_role("link", name="Download Audit pack of Tayside Charging, 2018-09").click()
    assert "manifest.json" in zipfile.ZipFile(taken.value.path()).namelist()
