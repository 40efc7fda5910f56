"""From the demo to one's own company: one button, an empty database, the first account, the checklist, and back."""

import sqlite3
import urllib.request

import pytest

from chargebill.core import instances
from tests.browser.conftest import every_look
from tests.served import Served

pytestmark = pytest.mark.process
ACCOUNT = {"First name": "Maren", "Last name": "Ihnen", "E-mail": "maren@example.com", "Username": "maren"}
SECRET = "a-long-enough-secret"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with Served(tmp_path_factory.mktemp("company")) as served:
        yield served.wait_until_ready()


def sign_in(page, username, password):
    page.goto("/login/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/login/" not in url)


def fill_in_account(page):
    for label, value in ACCOUNT.items():
        page.get_by_label(label, exact=False).fill(value)
    page.get_by_label("Password", exact=True).fill(SECRET)
    page.get_by_label("Password confirmation").fill(SECRET)


def test_start_with_my_company_makes_an_empty_database_and_leads_to_the_checklist(served, page_at, console_errors):
    page = page_at(served.address)
    sign_in(page, "administrator", instances.DEMO_PASSWORD)
    page.get_by_role("link", name="Start with my company").click()
    page.get_by_role("button", name="Make the empty database").click()

    page.wait_for_url("**/setup/?token=*", timeout=60_000)
    link = page.url
    fill_in_account(page)
    page.get_by_role("button", name="Create the account").click()
    page.wait_for_url("**/checklist/")
    assert page.get_by_text("0 of 6 done. Next: your company.").is_visible()
    assert page.get_by_label("Demo", exact=True).count() == 0
    assert page.get_by_role("link", name="Enter your company").is_visible()

    # The link has done its work: it lets nobody else in.
    stranger = page_at(served.address)
    stranger.goto(link)
    assert "/login/" in stranger.url

    page.get_by_role("link", name="Back to the demo").click()
    page.get_by_role("button", name="Go to the demo").click()
    page.get_by_role("link", name="Go to my company").wait_for(timeout=60_000)
    # Each side kept its own sign-in.
    page.get_by_role("link", name="Go to my company").click()
    page.get_by_role("button", name="Go to my company").click()
    page.wait_for_url(served.address, timeout=60_000)
    assert page.get_by_label("Your account: Maren Ihnen").is_visible()

    folder = served.environment["CHARGEBILL_DATA"]
    with sqlite3.connect(f"{folder}/company.sqlite3") as company:
        assert company.execute("SELECT count(*) FROM stations_session").fetchone() == (0,)
        assert company.execute("SELECT username FROM core_user").fetchall() == [("maren",)]
        assert company.execute("SELECT is_demo FROM core_installation").fetchall() == [(0,)]
    company.close()
    # Requests met while the portal was started anew may have failed; the page asked again.
    console_errors.clear()


def test_a_company_without_an_account_prints_its_link_at_every_start(tmp_path, page_at):
    instances.want(tmp_path, instances.COMPANY)
    with Served(tmp_path) as served:
        served.wait_until_ready()
        link = next(word for word in served.output.split() if "/setup/?token=" in word)
        page = page_at(served.address)
        page.goto(link)
        fill_in_account(page)
        page.get_by_label("Password confirmation").fill("something-else")
        page.get_by_role("button", name="Create the account").click()
        page.get_by_role("alert").wait_for()
        assert page.get_by_text("The account was not created yet.").is_visible()
        page.get_by_label("Password", exact=True).fill(SECRET)
        page.get_by_label("Password confirmation").fill(SECRET)
        page.get_by_role("button", name="Create the account").click()
        page.wait_for_url("**/checklist/")


def test_a_company_that_can_not_be_made_leaves_the_demo_running(tmp_path, page_at, console_errors):
    with Served(tmp_path) as served:
        served.wait_until_ready()
        (tmp_path / "company.sqlite3").write_text("this is no database")
        page = page_at(served.address)
        sign_in(page, "administrator", instances.DEMO_PASSWORD)
        page.goto("/start-company/")
        page.get_by_role("button", name="Go to my company").click()
        page.get_by_text("The database could not be prepared. Nothing was changed.").wait_for(timeout=60_000)
        served.wait_for("Nothing was changed: the demo goes on")
        with urllib.request.urlopen(f"{served.address}healthz", timeout=10) as answer:
            assert b'"instance": "demo", "wanted": "demo"' in answer.read()


@every_look
@pytest.mark.parametrize("is_demo", [True, False])
def test_the_pages_on_the_way_are_accessible(page, sign_in, check_access, settings, tmp_path, is_demo):
    from chargebill.core.models import Installation

    Installation.objects.create(pk=1, is_demo=is_demo)
    settings.DATA_DIR = tmp_path
    settings.INSTANCE = "demo" if is_demo else "company"
    if not is_demo:
        page.goto(f"/setup/?token={instances.setup_token(tmp_path)}")
        page.get_by_role("button", name="Create the account").wait_for()
        check_access()
    sign_in("Administrator")
    for path, heading in [
        ("/start-company/", "Start with my company" if is_demo else "Back to the demo"),
        ("/checklist/", "Checklist"),
    ]:
        page.goto(path)
        assert page.get_by_role("heading", level=1).inner_text() == heading
        check_access()


@every_look
def test_the_waiting_page_is_accessible(page, check_access, settings, tmp_path, db):
    settings.DATA_DIR = tmp_path
    settings.INSTANCE = "demo"
    instances.want(tmp_path, instances.COMPANY)
    page.goto("/start-company/preparing/company/?token=x")
    assert page.get_by_role("heading", name="Preparing your database").is_visible()
    page.wait_for_timeout(100)
    check_access()
