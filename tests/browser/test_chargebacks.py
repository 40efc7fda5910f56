"""A letter of an acquirer in a browser: from the charge to the case, by keyboard; every page on every screen."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from playwright.sync_api import Page, expect

from disputes.chargeback_models import Chargeback
from tests.browser.conftest import every_look
from tests.disputes.test_chargebacks import S, ada, moved, taken, written
from tests.documents.conftest import Operator, month, operator
from tests.payments.conftest import billed, of

__all__ = ["Operator", "ada", "billed", "month", "operator"]


@every_look
def test_the_pages_are_accessible(page: Page, sign_in: Any, check_access: Any, ada: Any) -> None:
    sign_in("Administrator")
    page.goto("/disputes/chargeback/")
    expect(page.get_by_role("heading", name="No chargebacks yet")).to_be_visible()
    check_access()
    page.goto("/chargebacks/new/?number=nothing")
    expect(page.get_by_role("heading", name="No charge fits all of that")).to_be_visible()
    check_access()
    made = taken(written(ada))
    for url in (
        "/disputes/chargeback/", f"/disputes/chargeback/{made.pk}/change/", f"/chargebacks/new/?number={ada.number}",
        "/chargebacks/new/?sum=x", "/disputes/case/", f"/disputes/case/{made.case_id}/change/",
    ):  # fmt: skip
        page.goto(url)
        check_access()
    moved(made, S.LOST)
    Chargeback.objects.update(asks_finance=True)
    page.goto(f"/disputes/chargeback/{made.pk}/change/")
    check_access()


def test_a_letter_is_typed_in(page: Page, sign_in: Any, check_access: Any, ada: Any) -> None:
    sign_in("Dispute agent")
    page.goto("/disputes/chargeback/")
    page.get_by_role("link", name="A letter came").press("Enter")
    page.get_by_label("Amount charged").fill("5.07")
    page.get_by_label("Reference of the payment").fill(ada.number)
    page.get_by_role("button", name="Find").press("Enter")
    expect(page.get_by_role("heading", name="1 charge fits")).to_be_visible()
    page.get_by_role("button", name="Keep the letter").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Enter a day. Nothing was changed.")
    check_access()
    today = timezone.now().date()
    page.get_by_label("Acquirer", exact=True).fill("Worldline")
    page.get_by_label("Its reference").fill("CB-1")
    page.get_by_label("Reason code").fill("10.4")
    page.get_by_label("The letter came on").fill(f"{today}")
    page.get_by_label("Last day for an answer").fill(f"{today + timedelta(days=9)}")
    page.get_by_role("button", name="Keep the letter").press("Enter")
    expect(page.get_by_text("Case D-00001 is open. Tell the driver the number.")).to_be_visible()
    expect(page.get_by_text("Answer the acquirer by")).to_be_visible()
    page.get_by_label("Status").select_option(label="Under review")
    page.get_by_label("What was said or sent").fill("Sent the dossier.")
    page.get_by_role("button", name="Keep it").press("Enter")
    expect(page.get_by_text("It stands at “Under review” now.")).to_be_visible()
    assert of("Ada").chargebacks.get().status == "UNDER_REVIEW"
