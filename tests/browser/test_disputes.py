"""The dispute desk in a browser: from a session to an investigated case, by keyboard; every page on every screen."""

from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Page, expect

from disputes.facts import Said
from disputes.models import Case, CaseMessage
from disputes.operations.moves import move
from disputes.operations.thread import add_message, assign
from disputes.workflow.states import Role, State
from stations.models import Session
from tests.browser.conftest import every_look
from tests.disputes.conftest import opened
from tests.documents.conftest import Operator, month, operator
from tests.payments.conftest import billed, of

__all__ = ["billed", "month", "operator"]


LATELY = datetime.now(UTC) - timedelta(hours=1)


@every_look
def test_the_pages_are_accessible(page: Page, sign_in: Any, check_access: Any, billed: Operator) -> None:
    supervisor = sign_in("Dispute supervisor")
    page.goto("/disputes/case/")
    expect(page.get_by_role("heading", name="No cases yet")).to_be_visible()
    check_access()
    new = opened("A1", at=LATELY)
    case = opened("M1", "M2", actor=supervisor, at=LATELY)
    for kind in CaseMessage.Kind:
        add_message(case=case, kind=kind, body="A word about it.", role=Role.SUPERVISOR, actor=supervisor, at=LATELY)
    assign(cases=[case], assignee=supervisor, role=Role.SUPERVISOR, actor=supervisor, at=LATELY)
    late = opened("B1", at=LATELY - timedelta(days=80))
    session = Session.objects.get(external_id="B2")
    for url in (
        "/disputes/case/", f"/disputes/case/{new.pk}/change/", f"/disputes/case/{case.pk}/change/",
        f"/disputes/case/{late.pk}/change/", f"/disputes/new/?session={session.pk}", f"/disputes/new/?document={of('Ada').pk}",
        f"/disputes/new/?document={of('Brewery').pk}", f"/disputes/give/?cases={new.pk},{case.pk}", "/disputes/give/",
        "/disputes/settings/", f"/stations/session/{case.items.first().session_id}/change/",
    ):  # fmt: skip
        page.goto(url)
        check_access()
    move(case=case, target=State.INVESTIGATING, role=Role.SUPERVISOR, actor=supervisor, at=LATELY)
    page.goto(f"/disputes/case/{case.pk}/change/")
    for summary in page.locator("summary").all():
        summary.click()
    check_access()
    said = Said(text="Which car was it?")
    move(case=case, target=State.AWAITING_CUSTOMER, role=Role.SUPERVISOR, actor=supervisor, at=LATELY, said=said)
    page.reload()
    check_access()


def test_an_agent_opens_sorts_and_asks(page: Page, sign_in: Any, check_access: Any, billed: Operator) -> None:
    sign_in("Dispute agent")
    page.goto(f"/stations/session/{Session.objects.get(external_id='M1').pk}/change/")
    page.get_by_role("link", name="Open a case").press("Enter")
    page.get_by_role("button", name="Open the case").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Choose what seems wrong")
    check_access()
    page.get_by_label("What seems wrong").select_option(label="More energy than the car took")
    page.get_by_label("How it reached you").select_option(label="By phone")
    page.get_by_label("In the driver’s words").fill("My Zoe holds 41 kWh.")
    page.get_by_label("Wants back").fill("5.00")
    page.get_by_role("button", name="Open the case").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("At most 4.94 GBP were charged.")
    expect(page.get_by_label("In the driver’s words")).to_have_value("My Zoe holds 41 kWh.")
    page.get_by_label("Wants back").fill("4.94")
    page.get_by_role("button", name="Open the case").press("Enter")
    expect(page.get_by_text("Case D-00001 is open. Tell the driver the number.")).to_be_visible()

    page.get_by_role("button", name="Take it").press("Enter")
    expect(page.get_by_text("It is yours.")).to_be_visible()
    page.get_by_role("button", name="Start the investigation").press("Enter")
    expect(page.get_by_text("The investigation begins.")).to_be_visible()
    page.get_by_role("button", name="Ask and wait").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Write the question the driver is to answer. Nothing was changed.")
    page.get_by_label("Question").fill("Which car was it?")
    page.get_by_role("button", name="Ask and wait").press("Enter")
    expect(page.get_by_role("strong").filter(has_text="Waiting for the driver by")).to_be_visible()
    page.get_by_label("What the driver said").fill("A Zoe.")
    page.get_by_role("button", name="Go on with the investigation").press("Enter")
    expect(page.get_by_text("Back in the investigation.")).to_be_visible()
    assert Case.objects.get().state == "INVESTIGATING"

    page.goto("/disputes/case/")
    page.get_by_role("checkbox", name="Select this object for an action - D-00001").check()
    page.select_option("select[name=action]", "give")
    page.get_by_role("button", name="Run").press("Enter")
    expect(page.get_by_role("heading", name="Give cases to somebody")).to_be_visible()
    page.get_by_role("button", name="Give").press("Enter")
    expect(page.get_by_text("0 of 1 cases given to dispute-agent.")).to_be_visible()
