"""A letter of an acquirer in a browser: from the charge to the case, by keyboard; every page on every screen."""

import json
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone
from playwright.sync_api import Page, expect

from disputes.chargeback_models import Chargeback
from tests.browser.conftest import every_look
from tests.disputes.test_chargeback_answers import media, say, staged
from tests.disputes.test_chargebacks import S, ada, moved, taken, written
from tests.documents.conftest import Operator, month, operator
from tests.payments.conftest import billed, of

__all__ = ["Operator", "ada", "billed", "media", "month", "operator"]


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


@every_look
def test_the_pages_of_an_answer_are_accessible(
    page: Page, sign_in: Any, check_access: Any, staff: Any, ada: Any, media: None
) -> None:
    sign_in("Administrator")
    made = written(ada)
    where = f"/chargebacks/{made.pk}/answer/"
    page.goto(where)
    expect(page.get_by_role("heading", name="No draft yet")).to_be_visible()
    check_access()
    staged(made, staff("Dispute agent"))
    for url in (where, f"/disputes/chargeback/{made.pk}/change/"):
        page.goto(url)
        check_access()
    page.goto(where)
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("alert")).to_contain_text("Say how it goes to the acquirer.")
    check_access()
    say(made, "FROM_DRIVER", "Wait.")
    page.goto(where)
    expect(page.get_by_text("Draft 1 is out of date.")).to_be_visible()
    check_access()
    page.goto("/disputes/settings/")
    check_access()


def test_a_draft_becomes_the_answer_by_a_second_person(page: Page, sign_in: Any, ada: Any, media: None, tmp_path: Path) -> None:
    sign_in("Dispute agent")
    made = written(ada)
    say(made, "FROM_DRIVER", "I was never there.")
    page.goto(f"/disputes/chargeback/{made.pk}/change/")
    page.get_by_role("link", name="Stage the answer").press("Enter")
    page.get_by_label("Our answer").fill("The token of the cardholder opened this session.")
    page.get_by_role("button", name="Stage").press("Enter")
    expect(page.get_by_text("Draft 1 is staged. Somebody else looks at it and submits it.")).to_be_visible()
    expect(page.get_by_role("button", name="Submit")).to_have_count(0)

    sign_in("Finance")
    page.goto(f"/chargebacks/{made.pk}/answer/")
    page.get_by_label("How it goes to the acquirer").select_option(label="Uploaded at the acquirer")
    page.get_by_label("To whom, or under which number").fill("Portal, no. 77")
    page.get_by_role("button", name="Submit").press("Enter")
    expect(page.get_by_text("Submitted. The ZIP stays as it is")).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download ZIP").first.click()
    path = tmp_path / saved.value.suggested_filename
    saved.value.save_as(path)
    assert path.name == "D-00001-answer-1.zip"
    # Info-ZIP and sha256sum know nothing of ours.
    subprocess.run(["unzip", "-q", str(path), "-d", str(tmp_path / "out")], check=True)
    index = json.loads((tmp_path / "out" / "index.json").read_text())
    listed = [index["cover_letter"], *[one for one in index["fields"] if "path" in one]]
    sums = "".join(f"{one['sha256']}  {one['path']}\n" for one in listed)
    checked = subprocess.run(
        ["sha256sum", "-c", "-"], input=sums, text=True, cwd=tmp_path / "out", capture_output=True, check=True
    )
    assert checked.stdout.count(": OK") == len(listed) == 7
    assert sorted(one.name for one in (tmp_path / "out").iterdir()) == sorted([*[one["path"] for one in listed], "index.json"])
    made.refresh_from_db()
    assert made.status == "UNDER_REVIEW"


@every_look
def test_finance_enters_a_loss_and_that_the_driver_was_right(page: Page, sign_in: Any, check_access: Any, ada: Any) -> None:
    sign_in("Finance")
    made = taken(written(ada))
    page.goto(f"/disputes/chargeback/{made.pk}/change/")
    check_access()
    page.get_by_role("button", name="Enter the loss").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Say whether the driver was right.")
    check_access()
    page.get_by_label("Yes").check()
    page.get_by_label("What was wrong, or why it is lost").fill("The meter was wrong.")
    first = page.get_by_label("Wrong on line 1")
    for wrong, said in (("1,00", "'1,00' is no amount."), ("99999", "GBP 4.94 can be credited incl. VAT, not 99999.")):
        first.fill(wrong)
        page.get_by_role("button", name="Enter the loss").press("Enter")
        expect(page.get_by_role("alert")).to_contain_text(said)
        expect(first).to_have_attribute("aria-invalid", "true")
        # Marked, too: on a phone the sentence stands screens above it.
        expect(first).not_to_have_css("box-shadow", "none")
        check_access()
    expect(page.get_by_label("Wrong on line 2")).to_have_css("box-shadow", "none")
    first.fill("4.94")
    page.get_by_role("button", name="Enter the loss").press("Enter")
    expect(page.get_by_text("of it credited: the driver was right")).to_be_visible()
    check_access()
    assert ada.credit_notes.get().gross_amount == made.amount
