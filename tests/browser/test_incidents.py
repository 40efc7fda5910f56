"""Incidents in a browser: chosen, looked at, proposed by one and agreed to by another; every page on every screen."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from playwright.sync_api import Page, expect

from chargebill.core.models import User
from chargebill.portal.case_links import path_to
from disputes.incident_models import Incident
from tests.browser.conftest import every_look
from tests.disputes.conftest import opened
from tests.disputes.incidents import approved, carried_out, of_percent, proposed
from tests.documents.conftest import Operator, month, operator, session
from tests.documents.test_correcting import take_back
from tests.payments.conftest import billed, of

__all__ = ["billed", "month", "operator"]

NEW = "/disputes/incidents/new/"
QUERY = "from=2018-09-01T00:00&until=2018-10-01T00:00"


@every_look
def test_the_pages_are_accessible(
    page: Page, sign_in: Any, check_access: Any, billed: Operator, staff: Callable[[str], User]
) -> None:
    supervisor, finance = sign_in("Dispute supervisor"), staff("Finance")
    page.goto("/disputes/incident/")
    expect(page.get_by_role("heading", name="No incidents yet")).to_be_visible()
    check_access()
    billed.bring(session("N1", day="2018-09-22"))
    opened("B1")
    take_back(of("Roamer"), "1.00")
    for query in ("", f"?{QUERY}&remedy=WHOLE", f"?{QUERY}&remedy=PART", f"?{QUERY}&remedy=PART&part=PARKING_TIME"):
        page.goto(f"{NEW}{query}")
        check_access()
    waits = proposed(billed, supervisor, of_percent("25"))
    running = approved(proposed(billed, supervisor, of_percent("10")), finance)
    opened("M2")
    # A twentieth of 4.00 is all of it: that one ends.
    ended = opened("A1", claimed_amount=Decimal("0.20"))
    done = carried_out(approved(proposed(billed, supervisor, of_percent("5")), finance))
    for incident in (waits, running, done):
        page.goto(f"/disputes/incident/{incident.pk}/change/")
        check_access()
    expect(page.get_by_role("region", name="Cases about them, table")).to_contain_text("ended it: it got all that is claimed")
    page.goto(f"/disputes/case/{ended.pk}/change/")
    expect(page.get_by_text("an incident, which gave back all that is claimed")).to_be_visible()
    check_access()
    page.goto(path_to(ended))
    expect(page.get_by_text("We found a fault that made this charge wrong")).to_be_visible()
    check_access()
    page.goto("/disputes/incident/")
    check_access()


def test_one_proposes_and_another_agrees(page: Page, sign_in: Any, check_access: Any, billed: Operator) -> None:
    sign_in("Dispute supervisor")
    page.goto("/disputes/incident/")
    page.get_by_role("link", name="New incident").press("Enter")
    page.get_by_label("Began from").fill("2018-09-01T00:00")
    page.get_by_label("Until, not included").fill("2018-10-01T00:00")
    page.get_by_label("Take back a percentage").check()
    page.get_by_label("How many percent").fill("120")
    page.get_by_role("button", name="Show what it comes to").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Say how many percent, above 0 and up to 100")
    check_access()
    page.get_by_label("How many percent").fill("50")
    page.get_by_role("button", name="Show what it comes to").press("Enter")
    expect(page.get_by_role("heading", name="What it comes to")).to_be_visible()
    page.get_by_label("The fault, in a few words").fill("Meters ran fast")
    page.get_by_label("Letter in English").fill("You get {sum}.")
    page.get_by_role("button", name="Propose it").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Say why.")
    page.get_by_label("Why, as it is kept with every credit note").fill("Counted twice")
    page.get_by_role("button", name="Propose it").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("{sum} stands for nothing.")
    page.get_by_label("Letter in English").fill("You get {amount}.")
    page.get_by_role("button", name="Propose it").press("Enter")
    expect(page.get_by_text("It waits for a second person. Nothing was taken back yet.")).to_be_visible()
    expect(page.get_by_role("button", name="Agree and carry it out")).to_have_count(0)
    address = page.url

    sign_in("Finance")
    page.goto(address)
    page.get_by_role("button", name="Agree and carry it out").press("Enter")
    expect(page.get_by_role("heading", name="Being carried out")).to_be_visible()
    page.get_by_role("button", name="Stop").press("Enter")
    expect(page.get_by_text("It stops after the documents it is at.")).to_be_visible()
    carried_out(Incident.objects.get())
    page.goto(address)
    page.get_by_role("button", name="Go on").press("Enter")
    carried_out(Incident.objects.get())
    page.goto(address)
    expect(page.get_by_role("heading", name="What came of it")).to_be_visible()
    assert Incident.objects.get().state == "done"
