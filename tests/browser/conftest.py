"""Browser tests: Chromium from PATH against a live server on 127.0.0.1, signed in by role, checked by axe.

A test asks for ``page`` and ``sign_in``; decorated with ``@every_look`` it runs on a light desk and on a dark phone, and
each page it checks has its contrast checked in the other theme, too.
An error in the browser's console (a blocked script, a missing file, an exception) fails the test at its end.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.conftest import PASSWORD, ROOT, chromium

# Playwright's own event loop runs in this thread; the ORM would refuse to work beside it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
os.environ["DJANGO_LIVE_TEST_SERVER_ADDRESS"] = "127.0.0.1"

SIZES = {"desk": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
SCREENSHOTS = ROOT / "tests" / "screenshots"
TIMEOUT_MS = 15_000
# What htmx says of a request that ends because its page was left; one that fails ends with htmx:sendError.
LEFT_ALONE = {"htmx:afterRequest", "htmx:sendAbort"}


def every_look(test: Callable[..., Any]) -> Callable[..., Any]:
    """Runs a test at desk and at phone width, one light and one dark: what a theme changes, ``check_access`` looks at in both."""
    return pytest.mark.parametrize(("theme", "viewport"), [("light", "desk"), ("dark", "phone")])(test)


@pytest.fixture
def theme() -> str:
    return "light"


@pytest.fixture
def viewport() -> str:
    return "desk"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(),
            # No sandbox: tests run as root in containers. No names resolve: a page loads nothing from elsewhere.
            args=["--no-sandbox", "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
        )
        yield browser
        browser.close()


@pytest.fixture
def console_errors() -> list[str]:
    """What the browser complained about. A test that provokes an error clears it."""
    return []


@pytest.fixture
def page_at(
    request: pytest.FixtureRequest, browser: Browser, theme: str, viewport: str, console_errors: list[str]
) -> Iterator[Callable[[str], Page]]:
    """Opens the page of a fresh browser, of the look the test asks for, with addresses relative to the one given."""
    pages: list[Page] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error" and message.text not in LEFT_ALONE:
            console_errors.append(f"{message.text} ({message.location.get('url')})")

    def open_page(base_url: str) -> Page:
        context = browser.new_context(
            base_url=base_url,
            viewport=SIZES[viewport],
            has_touch=viewport == "phone",
            color_scheme=theme,
            reduced_motion="reduce",
            locale="en-US",
            timezone_id="UTC",
        )
        context.set_default_timeout(TIMEOUT_MS)
        page = context.new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: console_errors.append(str(error)))
        pages.append(page)
        return page

    yield open_page
    failed = request.node.stash.get(FAILED, False)
    for page in pages:
        if failed:
            SCREENSHOTS.mkdir(exist_ok=True)
            page.screenshot(path=SCREENSHOTS / f"{request.node.name.replace('/', '-')}.png", full_page=True)
        page.context.close()
    if not failed:
        assert console_errors == []


@pytest.fixture
def page(page_at: Callable[[str], Page], live_server: Any) -> Page:
    """A page on the live server, which shares its database with the test."""
    return page_at(live_server.url)


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture
def sign_in(page: Page, staff: Callable[..., Any], live_server: Any) -> Callable[..., Any]:
    """Signs the page in as a role: ``sign_in("Billing clerk")``; returns the user. Through a session, not the form."""

    def sign_in(role: str) -> Any:
        user = staff(role)
        client = Client()
        client.force_login(user)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
        return user

    return sign_in


@pytest.fixture
def sign_in_by_form(page: Page, staff: Callable[..., Any]) -> Callable[..., Any]:
    """Signs in as a person does, with name and password."""

    def sign_in_by_form(role: str) -> Any:
        user = staff(role)
        page.goto("/login/")
        page.get_by_label("Username").fill(user.username)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/login/" not in url)
        return user

    return sign_in_by_form


@pytest.fixture
def check_access(page: Page, theme: str) -> Callable[..., None]:
    """Fails on any accessibility violation axe finds on the page, on contrast in the other theme, on a page wider than the
    screen."""

    def check_access(context: str | None = None) -> None:
        page.wait_for_load_state("networkidle")
        found = Axe().run(page, context).response["violations"]
        page.emulate_media(color_scheme="light" if theme == "dark" else "dark")
        found += Axe().run(page, context, {"runOnly": ["color-contrast"]}).response["violations"]
        page.emulate_media(color_scheme=theme)
        problems = [
            f"{rule['id']} ({rule['impact']}): {rule['help']}\n    "
            + "\n    ".join(f"{' '.join(map(str, node['target']))}: {node['failureSummary']}" for node in rule["nodes"][:5])
            for rule in found
        ]
        assert not problems, f"{page.url}\n" + "\n".join(problems)
        width, screen = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert width <= screen, f"{page.url} is {width} px wide on a screen of {screen} px"

    return check_access
