"""Importing in a browser: upload, leave, come back to its progress and its end; correct a quarantined row and retry it."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from playwright.sync_api import Page, expect

from chargebill import pipeline
from chargebill.core.models import LegalEntity
from chargebill.core.roles import ADMINISTRATOR, BILLING_CLERK
from stations.ingest.rows import Record
from stations.models import ImportBatch, QuarantinedRow, Session
from tests.browser.conftest import every_look
from tests.portal.import_files import HEADER, import_text, line, text_of

IMPORT = {"name": "Import", "exact": True}
ITS_PAGE = re.compile(r"/imports/\d+/$")


@pytest.fixture
def entity(db: None) -> LegalEntity:
    return LegalEntity.objects.create(
        name="Nordstrom Laden", country="DE", base_currency="EUR", time_zone="Europe/Berlin", billing_from="2026-01-01"
    )


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    """``file(line, ..., name=)`` writes a file in our own layout."""

    def write(*lines: str, name: str = "may.csv", header: str = HEADER, encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_text(text_of(*lines, header=header), encoding=encoding)
        return path

    return write


class SlowWorker:
    """Does the waiting jobs in a thread, two rows at a time, and stops before the last row until told to go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, run_jobs: Callable[[], None], rows: int) -> None:
        self.go_on, opened = threading.Event(), pipeline.opened

        @contextmanager
        def slowly(batch: ImportBatch, *, skip: int) -> Iterator[Iterator[Record]]:
            def wait_before_the_last(records: Iterator[Record]) -> Iterator[Record]:
                for number, record in enumerate(records, skip + 1):
                    if number == rows:
                        self.go_on.wait(30)
                    yield record

            with opened(batch, skip=skip) as records:
                yield wait_before_the_last(records)

        def work() -> None:
            run_jobs()
            connection.close()

        monkeypatch.setattr(pipeline, "CHUNK", 2)
        monkeypatch.setattr(pipeline, "opened", slowly)
        self.thread = threading.Thread(target=work)
        self.thread.start()

    def finish(self) -> None:
        self.go_on.set()
        self.thread.join(30)


def test_upload_leave_and_come_back_to_its_progress_and_its_end(
    entity: LegalEntity,
    page: Page,
    sign_in: Callable[..., Any],
    file: Callable[..., Path],
    run_jobs: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sign_in(BILLING_CLERK)
    page.goto("/stations/importbatch/")
    page.get_by_role("link", name="Import a file").click()
    page.set_input_files("#id_file", file(line("1"), line("2"), line("3"), line("4", end=""), line("5")))
    expect(page.get_by_text("may.csv")).to_be_visible()
    page.get_by_role("radio", name="History").check()
    page.get_by_role("button", **IMPORT).click()
    page.wait_for_url(ITS_PAGE)
    expect(page.get_by_text("waiting for a free worker")).to_be_visible()

    worker = SlowWorker(monkeypatch, run_jobs, rows=5)
    try:
        page.get_by_role("link", name="Sessions", exact=True).click()
        page.get_by_role("link", name="Jobs: 1 running").click()
        page.get_by_role("link", name="Import of may.csv").click()
        page.get_by_role("link", name="Open the import").click()
        expect(page.get_by_text("4 of 5 rows")).to_be_visible()
        assert page.get_by_role("progressbar", name="Rows imported").get_attribute("value") == "4"
        assert "read 4 = imported 3 + updated 0 + unchanged 0 + quarantined 1" in sum_of(page)
    finally:
        worker.finish()

    # Nobody reloads the page: it asked by itself.
    expect(page.get_by_text("What became of its rows")).to_be_visible()
    expect(page.locator("#import-live")).to_have_text("Import done: 5 rows read, 1 quarantined")
    assert "read 5 = imported 4 + updated 0 + unchanged 0 + quarantined 1" in sum_of(page)
    page.get_by_role("link", name="Imports", exact=True).first.click()
    page.get_by_role("link", name="may.csv").click()
    page.get_by_role("link", name="Sessions of this import").click()
    expect(page.get_by_text("4 sessions with these filters")).to_be_visible()


def sum_of(page: Page) -> str:
    return " ".join(page.locator(".cb-sum").inner_text().split())


def test_a_quarantined_row_is_corrected_and_retried(entity: LegalEntity, page: Page, sign_in: Callable[..., Any]) -> None:
    batch = import_text(entity, text_of(line("S1", kwh="-7.5"), line("S2")))
    sign_in(BILLING_CLERK)
    page.goto(f"/imports/{batch.pk}/")
    page.get_by_role("link", name="Look at 1 row in quarantine").click()
    page.get_by_role("link", name="Line 2").click()

    energy = page.get_by_label("energy_kwh")
    expect(energy).to_be_focused()
    energy.fill("lots")
    energy.press("Enter")
    expect(page.get_by_text("Still not right, nothing was stored.")).to_be_visible()
    expect(page.get_by_text("The energy “lots” can't be read. It is not a number.")).to_be_visible()
    expect(page.get_by_label("energy_kwh")).to_be_focused()
    assert Session.objects.count() == 1

    page.get_by_label("energy_kwh").fill("7.5")
    page.get_by_role("button", name="Correct and retry").click()
    page.get_by_role("link", name="session S1").click()
    expect(page.get_by_role("heading", name="Session S1")).to_be_visible()
    assert QuarantinedRow.objects.get().state == "RESOLVED"


def test_a_group_of_rows_is_dismissed_with_a_reason(entity: LegalEntity, page: Page, sign_in: Callable[..., Any]) -> None:
    import_text(entity, text_of(line("S1", end=""), line("S2", end=""), line("S3", kwh="-1")))
    sign_in(BILLING_CLERK)
    page.goto("/stations/quarantinedrow/")
    page.get_by_role("link", name="Dismiss all: No end time").click()
    expect(page.get_by_label("Why are they not needed?")).to_be_focused()
    page.get_by_label("Why are they not needed?").fill("Still running")
    page.get_by_role("button", name="Dismiss 2 rows").click()

    expect(page.get_by_text("2 rows dismissed.")).to_be_visible()
    expect(page.get_by_role("link", name="Dismissed 2")).to_be_visible()
    expect(page.get_by_role("link", name="Line 4")).to_be_visible()


def test_a_refused_file_stays_chosen_until_it_is_taken(
    entity: LegalEntity, page: Page, sign_in: Callable[..., Any], file: Callable[..., Path]
) -> None:
    LegalEntity.objects.update(time_zone="")
    sign_in(BILLING_CLERK)
    page.goto("/imports/new/")
    page.get_by_role("button", **IMPORT).click()
    expect(page.get_by_text("2 answers are missing or wrong")).to_be_visible()

    local = line("1", start="2026-05-01 10:00", end="2026-05-01 11:00").replace("hall", "hÄll")
    page.set_input_files("#id_file", file(local, encoding="cp1252"))
    page.get_by_role("radio", name="Bill").check()
    expect(page.get_by_text("bills from 1 Jan 2026")).to_be_visible()
    page.get_by_role("button", **IMPORT).click()
    expect(page.get_by_label("Encoding")).to_be_focused()
    page.get_by_label("Encoding").select_option("windows-1252")
    page.get_by_role("button", **IMPORT).click()
    expect(page.get_by_label("Time zone of the file")).to_be_focused()
    page.get_by_label("Time zone of the file").fill("Europe/Berlin")
    page.get_by_role("button", **IMPORT).click()

    page.wait_for_url(ITS_PAGE)
    assert (ImportBatch.objects.get().mode, ImportBatch.objects.get().encoding) == ("bill", "windows-1252")


def test_impatience_makes_one_import(
    entity: LegalEntity, page: Page, sign_in: Callable[..., Any], file: Callable[..., Path]
) -> None:
    sign_in(BILLING_CLERK)
    page.goto("/imports/new/")
    page.set_input_files("#id_file", file(line("1")))
    page.get_by_role("radio", name="History").check()
    page.get_by_role("button", **IMPORT).dblclick()
    page.wait_for_url(ITS_PAGE)

    assert ImportBatch.objects.count() == 1


def test_an_upload_that_breaks_off_says_so(
    entity: LegalEntity, page: Page, sign_in: Callable[..., Any], file: Callable[..., Path], console_errors: list[str]
) -> None:
    sign_in(BILLING_CLERK)
    page.goto("/imports/new/")
    page.set_input_files("#id_file", file(line("1")))
    page.get_by_role("radio", name="History").check()
    page.route("**/imports/new/", lambda route: route.abort())
    page.get_by_role("button", **IMPORT).click()
    expect(page.get_by_text("The upload broke off and nothing was imported.")).to_be_visible()
    console_errors.clear()

    page.unroute_all()
    page.get_by_role("button", **IMPORT).click()
    page.wait_for_url(ITS_PAGE)
    assert ImportBatch.objects.count() == 1


def test_the_upload_works_without_scripts(
    entity: LegalEntity, browser: Any, live_server: Any, page: Page, sign_in: Callable[..., Any], file: Callable[..., Path]
) -> None:
    sign_in(BILLING_CLERK)
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    context.add_cookies(page.context.cookies(live_server.url))
    plain = context.new_page()
    plain.goto("/imports/new/")
    plain.get_by_role("radio", name="Bill").check()
    expect(plain.get_by_text("bills from 1 Jan 2026")).to_be_visible()
    plain.get_by_label("Choose a file").set_input_files(file(line("1")))
    plain.get_by_role("button", **IMPORT).click()

    expect(plain.get_by_text("waiting for a free worker")).to_be_visible()
    assert ImportBatch.objects.count() == 1
    context.close()


@every_look
def test_the_import_pages_are_accessible(
    entity: LegalEntity, page: Page, sign_in: Callable[..., Any], check_access: Callable[..., None], file: Callable[..., Path]
) -> None:
    batch = import_text(entity, text_of(line("S1", kwh="-7.5"), line("S2", end=""), line("S3", token="CARD1")), mode="bill")
    sign_in(ADMINISTRATOR)
    page.goto("/imports/new/")
    check_access()
    page.set_input_files("#id_file", file("x", header="Created,Finished,Vehicle"))
    page.get_by_role("radio", name="Bill").check()
    page.get_by_role("button", **IMPORT).click()
    page.get_by_text("Layouts that are recognized").click()
    check_access()
    for url in ("/imports/formats/", "/stations/importbatch/", f"/imports/{batch.pk}/"):
        page.goto(url)
        check_access()
    ImportBatch.objects.filter(pk=batch.pk).update(rows_held=1)
    batch.job.state = "FAILED"
    batch.job.error = {"code": "file_gone", "where": "line 2", "message": "The stored file is gone."}
    batch.job.save()
    page.reload()
    check_access()


@every_look
def test_a_running_import_is_accessible(
    entity: LegalEntity, page: Page, sign_in: Callable[..., Any], check_access: Callable[..., None]
) -> None:
    batch = import_text(entity, text_of(line("1")), here=False)
    sign_in(BILLING_CLERK)
    page.goto(f"/imports/{batch.pk}/")
    expect(page.get_by_text("waiting for a free worker")).to_be_visible()
    check_access()


@every_look
def test_the_quarantine_pages_are_accessible(
    entity: LegalEntity, page: Page, sign_in: Callable[..., Any], check_access: Callable[..., None]
) -> None:
    LegalEntity.objects.create(name="Another company")
    import_text(entity, text_of(line("S1", kwh="-7.5"), line("S2", end=""), line("S3", end="")))
    rows = list(QuarantinedRow.objects.order_by("pk"))
    sign_in(BILLING_CLERK)
    for url in (
        "/stations/quarantinedrow/?code=end_missing",
        "/quarantine/dismiss/?code=end_missing",
        f"/quarantine/{rows[0].pk}/",
    ):
        page.goto(url)
        check_access()
    page.get_by_role("button", name="Correct and retry").click()
    check_access()
    page.get_by_role("button", name="Dismiss this row").click()
    expect(page.get_by_text("Nothing was changed.")).to_be_visible()
    check_access()
    page.get_by_label("energy_kwh").fill("7.5")
    page.get_by_role("button", name="Correct and retry").click()
    expect(page.get_by_text("Corrected and taken.")).to_be_visible()
    check_access()
    page.goto(f"/quarantine/{rows[1].pk}/")
    page.get_by_label("Why it is left out").fill("Still running")
    page.get_by_role("button", name="Dismiss this row").click()
    page.get_by_text("Correct it after all").click()
    check_access()
