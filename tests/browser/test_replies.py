"""Templates of replies in a browser: kept, put into the text with and without script; several cases noted about at once."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from disputes.models import CaseMessage
from disputes.template_models import ReplyTemplate
from tests.browser.conftest import every_look
from tests.disputes.conftest import opened
from tests.documents.conftest import Operator, month, operator
from tests.payments.conftest import billed

__all__ = ["billed", "month", "operator"]
LATELY = datetime.now(UTC) - timedelta(hours=1)


@every_look
def test_an_agent_keeps_and_uses_a_template(
    page: Page, sign_in: Any, check_access: Any, billed: Operator, browser: Browser, live_server: Any
) -> None:
    sign_in("Dispute agent")
    case = opened("M1", at=LATELY)
    page.goto("/disputes/replies/")
    check_access()
    page.get_by_label("Name").fill("We look into it")
    page.get_by_label("Text", exact=True).fill("Hello {nmae},")
    page.get_by_role("button", name="Keep it").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Nothing is known to fill in for {nmae}.")
    check_access()
    page.get_by_label("Text", exact=True).fill("Hello {driver}, we look into {case}.")
    page.get_by_role("button", name="Keep it").press("Enter")
    expect(page.get_by_text("“We look into it” is kept.")).to_be_visible()
    check_access()

    page.goto(f"/disputes/case/{case.pk}/change/")
    page.get_by_label("Text", exact=True).fill("Good morning.")
    page.get_by_label("Template").select_option(label="We look into it")
    page.get_by_role("button", name="Use").press("Enter")
    expect(page.get_by_label("Text", exact=True)).to_have_value("Good morning.\n\nHello Ada Lovelace, we look into D-00001.")
    expect(page.get_by_label("Text", exact=True)).to_be_focused()
    check_access()
    page.get_by_role("button", name="Add to the thread").press("Enter")
    expect(page.locator(".cb-said-to")).to_contain_text("we look into D-00001.")
    assert CaseMessage.objects.get().body.endswith("we look into D-00001.")

    plain = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    cookie = next(one for one in page.context.cookies() if one["name"] == settings.SESSION_COOKIE_NAME)
    plain.add_cookies([{"name": cookie["name"], "value": cookie["value"], "url": live_server.url}])
    without = plain.new_page()
    without.goto(f"/disputes/case/{case.pk}/change/")
    without.get_by_label("Template").select_option(label="We look into it")
    without.get_by_role("button", name="Use").click()
    expect(without.get_by_label("Text", exact=True)).to_have_value("Hello Ada Lovelace, we look into D-00001.")
    plain.close()
    assert ReplyTemplate.objects.count() == 1


@every_look
def test_several_cases_are_noted_about(page: Page, sign_in: Any, check_access: Any, billed: Operator) -> None:
    sign_in("Dispute agent")
    cases = [opened("M1", at=LATELY), opened("M2", at=LATELY)]
    page.goto("/disputes/case/")
    for case in cases:
        page.get_by_role("checkbox", name=f"Select this object for an action - {case.number}").check()
    page.select_option("select[name=action]", "note_many")
    page.get_by_role("button", name="Run").press("Enter")
    page.get_by_role("button", name="Note").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Write something first.")
    check_access()
    page.get_by_label("Internal note").fill("The hub had no power.")
    page.get_by_role("button", name="Note").press("Enter")
    expect(page.get_by_text("Noted in 2 cases.")).to_be_visible()
    page.goto(f"/disputes/many/?do=sort&cases={cases[0].pk}")
    check_access()
