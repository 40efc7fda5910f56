"""The portal in a browser: read by everybody on every screen, driven by keyboard, with numbers that open."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from chargebill.core.models import Job
from chargebill.core.roles import ADMINISTRATOR, ROLES
from stations.models import Session
from tests.browser.conftest import every_look
from tests.portal.import_files import import_text, line, text_of
from tests.portal.network import MEMBER_TOKEN, Fact, bring_in, company, network
from tests.portal.test_session_page import _readings as add_readings

__all__ = ["bring_in", "company", "network"]
SEPTEMBER = "from=2026-09-01&to=2026-09-30"


def session_url(number: str) -> str:
    return f"/stations/session/{Session.objects.get(external_id=number).pk}/change/"


def job(owner: Any, **fields: Any) -> Job:
    now = timezone.now()
    return Job.objects.create(
        **{
            "kind": "import",
            "title": "Import of october.csv",
            "idempotency_key": f"job-{Job.objects.count()}",
            "created_by": owner,
            "state": Job.State.RUNNING,
            "done": 30,
            "total": 100,
            "attempt": 1,
            "started_at": now - timedelta(seconds=30),
            "heartbeat_at": now,
            **fields,
        }
    )


@every_look
def test_the_pages_are_accessible(page: Page, sign_in: Any, check_access: Any, network: list[Fact]) -> None:
    user = sign_in(ADMINISTRATOR)
    running = job(user)
    failed = job(user, state=Job.State.FAILED, error={"code": "file_gone", "where": "", "message": "The file is gone."})
    add_readings(Session.objects.get(external_id="900001"), (0, "1000", "Wh"), (30, "6000", "Wh"), (60, "6500", "Wh"))
    for url in (
        f"/?{SEPTEMBER}",
        f"/?{SEPTEMBER}&heat=occupied&long=idle",
        "/?from=2020-01-01&to=2020-01-02",
        "/stations/session/",
        f"/stations/session/?{SEPTEMBER}&method=APP&hour=20",
        session_url("900001"),
        "/find/?q=7751",
        "/find/?q=nothing-like-it",
        "/jobs/",
        f"/jobs/{running.pk}/",
        f"/jobs/{failed.pk}/",
        "/password_change/",
    ):
        page.goto(url)
        check_access()
    for summary in page.get_by_role("main").locator("details > summary").all():
        summary.click()
    check_access()


@every_look
def test_what_opens_on_a_page_is_accessible_too(
    page: Page, sign_in: Any, check_access: Any, network: list[Fact], viewport: str
) -> None:
    sign_in(ADMINISTRATOR)
    page.goto(f"/?{SEPTEMBER}")
    for summary in page.locator("details.cb-behind > summary").all():
        summary.click()
    page.get_by_label(re.compile("Your account")).click()
    check_access()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Log out")).to_be_hidden()
    if viewport == "phone":
        page.get_by_role("button", name="Menu", exact=True).click()
        expect(page.get_by_role("link", name="Locations")).to_be_visible()
        check_access()
        page.keyboard.press("Escape")
        expect(page.get_by_role("link", name="Locations")).to_be_hidden()
    page.goto(session_url("900001"))
    page.get_by_role("link", name="Show the line of the file").click()
    expect(page.get_by_text("900001,Am Kai,E-Am,1")).to_be_visible()
    assert page.url.endswith("/change/")
    check_access()


@pytest.mark.parametrize("role", [ADMINISTRATOR, *ROLES])
def test_every_role_sees_the_business(role: str, page: Page, sign_in: Any, network: list[Fact]) -> None:
    sign_in(role)
    page.goto(f"/?{SEPTEMBER}")
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
    expect(page.locator(".cb-chart canvas")).to_have_count(3)


def test_a_session_is_found_from_any_page_by_keyboard(page: Page, sign_in: Any, network: list[Fact]) -> None:
    sign_in("Billing clerk")
    page.goto("/stations/location/")
    page.keyboard.press("/")
    expect(page.locator("#cb-search")).to_be_focused()
    page.keyboard.type("900001")
    page.keyboard.press("Enter")
    page.wait_for_url("**/change/")
    expect(page.get_by_role("heading", name="Session 900001", level=1)).to_be_visible()

    page.keyboard.press("/")
    page.keyboard.type(MEMBER_TOKEN)
    page.keyboard.press("Enter")
    page.get_by_role("link", name=f"RFID card {MEMBER_TOKEN}").click()
    page.wait_for_url("**/memberships/token/**")


def test_a_slash_inside_a_field_is_just_a_slash(page: Page, sign_in: Any, network: list[Fact]) -> None:
    sign_in("Billing clerk")
    page.goto("/stations/session/")
    page.get_by_label("Number or token").fill("")
    page.get_by_label("Number or token").press("/")
    expect(page.get_by_label("Number or token")).to_have_value("/")


def test_a_bar_is_read_and_opened_by_keyboard(page: Page, sign_in: Any, network: list[Fact]) -> None:
    sign_in("Analyst")
    page.goto(f"/?{SEPTEMBER}")
    chart = page.get_by_role("group", name=re.compile("^Revenue by day"))
    chart.focus()
    chart.press("ArrowRight")
    chart.press("ArrowRight")
    expect(page.get_by_text(re.compile(r"^Wed 2 Sep 2026: Revenue, net EUR"))).to_be_attached()
    chart.press("Enter")
    page.wait_for_url("**/stations/session/?*from=2026-09-02&to=2026-09-02")
    expected = sum(fact.local_end.date().isoformat() == "2026-09-02" for fact in network)
    expect(page.get_by_text(f"{expected} sessions with these filters")).to_be_visible()


def test_an_hour_of_the_week_opens_its_sessions_and_the_way_back_keeps_the_view(
    page: Page, sign_in: Any, network: list[Fact]
) -> None:
    sign_in("Analyst")
    page.goto(f"/?{SEPTEMBER}")
    cell = page.get_by_role("cell").get_by_role("link").first
    words = cell.get_attribute("aria-label") or ""
    cell.click()
    page.wait_for_url("**/stations/session/?*hour=*")
    count = int(re.search(r": (\d+) session", words).group(1))  # type: ignore[union-attr]
    expect(page.locator("#sessions-table tbody tr")).to_have_count(count)
    chips = page.get_by_role("main").get_by_text(re.compile("started (Mon|Tue|Wed|Thu|Fri|Sat|Sun) "))
    expect(chips).to_be_visible()
    page.locator("#sessions-table tbody th a").first.click()
    page.wait_for_url("**/change/?*")
    page.get_by_role("navigation", name="Breadcrumb").get_by_role("link", name="Sessions").click()
    page.wait_for_url("**/stations/session/?*hour=*")
    expect(page.locator("#sessions-table tbody tr")).to_have_count(count)
    expect(chips).to_be_visible()
    page.get_by_role("navigation", name="Breadcrumb").get_by_role("link", name="Overview").click()
    page.wait_for_url(re.compile(r"/\?entity=\d+&from=2026-09-01&to=2026-09-30$"))
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def test_the_table_behind_a_chart_holds_its_values(page: Page, sign_in: Any, network: list[Fact]) -> None:
    sign_in("Analyst")
    page.goto(f"/?{SEPTEMBER}")
    card = page.get_by_role("region", name="Payment methods", exact=True)
    card.get_by_text("Table behind this chart").click()
    cards = sum(fact.method == "CARD" and fact.local_end.date().isoformat() <= "2026-09-30" for fact in network)
    row = card.get_by_role("row", name=re.compile("^Payment card"))
    expect(row.get_by_role("cell").first).to_have_text(str(cards))
    row.get_by_role("link").click()
    page.wait_for_url("**/stations/session/?*method=CARD")
    expect(page.get_by_text(f"{cards} sessions with these filters")).to_be_visible()


@pytest.mark.parametrize("model", ["session", "importbatch", "quarantinedrow"])
def test_on_a_small_desk_no_column_is_out_of_sight(
    model: str, page: Page, sign_in: Any, network: list[Fact], company: Any
) -> None:
    sign_in(ADMINISTRATOR)
    import_text(company, text_of(line("1"), line("2", end="")), name="sessions-of-the-whole-network-2026-05.csv")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"/stations/{model}/")
    frame = page.locator(".cb-table-wrap")
    expect(frame).to_be_visible()
    assert frame.evaluate("frame => frame.scrollWidth - frame.clientWidth") == 0
    # Nor is a name broken up into letters.
    for name in page.locator(".cb-file-name").all():
        box = name.bounding_box()
        assert box
        assert box["width"] >= 120


def test_filters_narrow_the_list_and_are_taken_away_one_by_one(page: Page, sign_in: Any, network: list[Fact]) -> None:
    sign_in("Billing clerk")
    page.goto("/stations/session/")
    page.get_by_label("Ended", exact=True).select_option("Dates:")
    page.get_by_label("From").fill("2026-09-01")
    page.get_by_label("To", exact=True).fill("2026-09-30")
    page.get_by_role("combobox", name="Paid by").select_option("App")
    page.get_by_role("button", name="Apply").click()
    both = [fact for fact in network if fact.local_end.date().isoformat() <= "2026-09-30" and fact.method == "APP"]
    expect(page.get_by_text(f"{len(both)} sessions with these filters")).to_be_visible()

    page.get_by_role("link", name="Remove filter: 1–30 Sep 2026").click()
    apps = sum(fact.method == "APP" for fact in network)
    expect(page.get_by_text(f"{apps} sessions with these filters")).to_be_visible()


def test_a_time_tells_utc_on_focus(page: Page, sign_in: Any, network: list[Fact]) -> None:
    sign_in("Auditor")
    page.goto(session_url("900001"))
    utc = page.get_by_text("25 Oct 2026 00:30:00 UTC").first
    expect(utc).to_be_hidden()
    page.locator("time.cb-when[tabindex]").first.focus()
    expect(utc).to_be_visible()


def test_dark_and_light_are_switched_and_kept(page: Page, sign_in: Any, network: list[Fact]) -> None:
    sign_in("Analyst")
    page.goto(f"/?{SEPTEMBER}")
    page.get_by_role("button", name="Switch between light and dark").click()
    expect(page.locator("html")).to_have_class(re.compile(r"\bdark\b"))
    page.reload()
    expect(page.locator("html")).to_have_class(re.compile(r"\bdark\b"))


def test_a_job_can_be_watched_to_its_end(page: Page, sign_in: Any, network: list[Fact]) -> None:
    user = sign_in("Billing clerk")
    running = job(user)
    page.goto("/")
    page.get_by_label(re.compile("^Jobs: 1 running")).click()
    page.get_by_role("link", name="Import of october.csv").click()
    expect(page.get_by_text("30 %")).to_be_visible()
    Job.objects.filter(pk=running.pk).update(done=60)
    expect(page.get_by_text("60 %")).to_be_visible()
    Job.objects.filter(pk=running.pk).update(done=100, state=Job.State.DONE, finished_at=timezone.now())
    expect(page.locator("#progress .cb-state")).to_contain_text("Done")
    running.refresh_from_db()
    assert running.seen_at is not None
