"""An outside request in a browser: from the case to the answer, by keyboard; every page on every screen."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from playwright.sync_api import Page, expect

from disputes.operations.outside_answers import close_request, make_pack
from disputes.outside_models import OutsideRequest
from tests.browser.conftest import every_look
from tests.disputes.conftest import opened
from tests.disputes.test_outside_requests import AT, answered, came, case
from tests.documents.conftest import Operator, month, operator
from tests.payments.conftest import billed

__all__ = ["Operator", "billed", "case", "month", "operator"]
LIST = "/disputes/outsiderequest/"


@every_look
def test_the_pages_are_accessible(page: Page, sign_in: Any, check_access: Any, case: Any) -> None:
    sign_in("Administrator")
    page.goto(LIST)
    expect(page.get_by_role("heading", name="No outside requests yet")).to_be_visible()
    check_access()
    request = came(case, opened("M2"))
    pack = make_pack(request=request, actor=None, at=AT)
    sent, given_up = came(case, reference="OFG-119"), came(reference="OFG-120")
    answered(sent, make_pack(request=sent, actor=None, at=AT))
    close_request(request=given_up, reason="They withdrew it.", actor=None, at=AT)
    assert pack.sha256
    for url in (
        LIST, f"{LIST}{request.pk}/change/", f"{LIST}{sent.pk}/change/", f"{LIST}{given_up.pk}/change/",
        f"/disputes/outside/new/?case={opened('B1').pk}", f"/disputes/case/{case.pk}/change/",
    ):  # fmt: skip
        page.goto(url)
        check_access()


def test_a_request_is_entered_and_answered(page: Page, sign_in: Any, check_access: Any, case: Any) -> None:
    sign_in("Dispute supervisor")
    page.goto(f"/disputes/case/{case.pk}/change/")
    page.get_by_role("link", name="Somebody asks about this case").press("Enter")
    page.get_by_role("button", name="Keep the request").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Nothing was changed.")
    check_access()
    today = timezone.now().date()
    page.get_by_label("Who asks").fill("Ofgem")
    page.get_by_label("Kind of body").select_option(label="Regulator")
    page.get_by_label("Their reference").fill("OFG-118")
    page.get_by_label("It came on").fill(f"{today}")
    page.get_by_label("Last day for an answer").fill(f"{today + timedelta(days=14)}")
    page.get_by_label("What they ask").fill("Why was the driver charged?")
    page.get_by_role("button", name="Keep the request").press("Enter")
    expect(page.get_by_text("While it is open no clock closes the cases it is about.")).to_be_visible()
    page.get_by_role("button", name="Make the pack").press("Enter")
    expect(page.get_by_text("The pack of 1 case is there")).to_be_visible()
    with page.expect_download() as file:
        page.get_by_role("link", name="Pack of").press("Enter")
    assert file.value.suggested_filename.startswith("outside-request-")
    page.get_by_label("What was answered").fill("The meter was wrong.")
    page.get_by_role("button", name="Keep the answer").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Say how it was sent")
    check_access()
    page.get_by_label("How", exact=True).fill("by e-mail")
    page.get_by_role("button", name="Keep the answer").press("Enter")
    expect(page.get_by_text("sent with the answer")).to_be_visible()
    check_access()
    found = OutsideRequest.objects.get()
    assert (found.state, found.answer, found.pack) == ("ANSWERED", "The meter was wrong.", found.packs.get())
