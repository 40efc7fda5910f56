"""API tokens and the API's documentation in a browser: made, copied, tried, revoked."""

import re

from django.urls import reverse

from chargebill.core.models import ApiToken
from tests import rows
from tests.browser.conftest import every_look


@every_look
def test_a_token_is_made_copied_and_revoked(page, sign_in, check_access):
    sign_in("Administrator")
    rows.company()
    page.goto(reverse("admin:core_apitoken_changelist"))
    page.get_by_text("No API tokens yet").wait_for()
    check_access()
    page.get_by_role("link", name="Add API token").first.click()
    page.get_by_role("button", name="Create the token").click()
    page.get_by_text("Choose at least one: a token without any can read nothing.").wait_for()
    check_access()

    page.get_by_label("Name").fill("Nightly report")
    page.get_by_role("checkbox", name="Sessions:").check()
    page.get_by_role("button", name="Create the token").click()
    page.get_by_role("heading", name="Copy the key now").wait_for()
    check_access()
    key = page.get_by_label("Key", exact=True).input_value()
    assert re.fullmatch(r"cb_[\w-]{43}", key)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").click()
    page.get_by_text("Copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == key

    page.get_by_role("link", name="I have it").click()
    page.get_by_role("link", name="Nightly report").click()
    page.locator("main").get_by_text("Works").first.wait_for()
    assert key not in page.content()
    check_access()
    page.get_by_role("link", name="Revoke this token").click()
    check_access()
    page.get_by_role("button", name="Revoke it").click()
    page.get_by_text("“Nightly report” is revoked").wait_for()
    check_access()
    assert ApiToken.objects.get().revoked_at is not None


def test_where_nothing_may_be_copied_the_key_is_selected(page, sign_in):
    sign_in("Administrator")
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined}); document.execCommand = () => false;")
    page.goto(reverse("admin:core_apitoken_add"))
    page.get_by_label("Name").fill("Nightly report")
    page.get_by_role("checkbox", name="Estimates:").check()
    page.get_by_role("button", name="Create the token").click()
    page.get_by_role("button", name="Copy").click()
    page.get_by_text("the key is selected, copy it by hand").wait_for()
    assert page.evaluate("getSelection().toString()") == page.get_by_label("Key", exact=True).input_value()


def test_the_documentation_is_drawn_and_tried_under_the_sites_policy(page, sign_in):
    """Console errors fail the test: nothing of it is blocked, and nothing is missing."""
    sign_in("Administrator")
    rows.sessions(1)
    page.goto(reverse("admin:core_apitoken_add"))
    page.get_by_label("Name").fill("Trial")
    page.get_by_role("checkbox", name="Sessions:").check()
    page.get_by_role("button", name="Create the token").click()
    key = page.get_by_label("Key", exact=True).input_value()

    page.goto(reverse("api:docs"))
    page.get_by_role("button", name="Authorize").first.click()
    page.locator(".auth-container input").fill(key)
    page.locator(".auth-btn-wrapper").get_by_role("button", name=re.compile("Apply|Authorize")).first.click()
    page.locator(".btn-done").click()
    page.locator("#operations-sessions-sessions_list").get_by_role("button").first.click()
    page.locator("#operations-sessions-sessions_list .execute").click()
    page.locator(".live-responses-table .highlight-code").get_by_text("S0").first.wait_for()
