"""Accrual in a browser: Finance switches it on, sees what closing would book, closes with a colleague, gets the list."""

import os
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from chargebill.core.roles import FINANCE
from tests.browser.conftest import every_look
from tests.closing.test_accruals import begun, change, month, operator
from tests.documents.conftest import Operator

__all__ = ["begun", "month", "operator"]


@pytest.fixture(autouse=True)
def keys(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SIGNING_KEYS", tmp_path / "keys")


@every_look
def test_it_is_switched_on_and_told(page: Page, sign_in: Any, check_access: Any, begun: Operator, request: Any) -> None:
    def look(name: str) -> None:
        if folder := os.environ.get("LOOK"):
            page.screenshot(path=Path(folder) / f"{request.node.name}-{name}.png", full_page=True)
        check_access()

    sign_in(FINANCE)
    page.goto("/periods/")
    look("off")
    page.get_by_role("button", name="Switch accrual on").press("Enter")
    expect(page.get_by_text("Months are closed with an accrual from now on.")).to_be_visible()
    page.goto("/close/?month=2018-09")
    expect(page.get_by_text("7 sessions, GBP 20.52 excl. VAT, as things stand now")).to_be_visible()
    look("close")
    change("CLOSE")
    page.goto("/periods/")
    look("closed")
    with page.expect_download() as download:
        page.get_by_role("link", name="list (CSV) of 2018-09").click()
    assert download.value.suggested_filename == "accrued-2018-09.csv"
