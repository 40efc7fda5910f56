"""What comes of a case, in a browser: offered at a desk, agreed by a second person, taken down, put right, cleared by Finance."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from playwright.sync_api import Page, expect

from billing.models import RefundDue
from billing.operations.refund_moves import mark_failed, pay_by_hand
from chargebill.case_execution import put_right
from disputes.models import Case
from disputes.operations.moves import move
from disputes.operations.thread import assign
from disputes.workflow.states import Role, State
from tests.browser.conftest import every_look
from tests.disputes.conftest import line_of, opened
from tests.disputes.test_offers import limit
from tests.documents.conftest import Operator, month, operator
from tests.payments.conftest import billed, received

__all__ = ["billed", "month", "operator"]

LATELY = datetime.now(UTC) - timedelta(hours=1)


@every_look
def test_from_an_offer_to_money_that_came_back(page: Page, sign_in: Any, check_access: Any, billed: Operator, staff: Any) -> None:
    document = line_of("A1").document
    received(billed, document.gross_amount, (document, document.gross_amount))
    limit(line_of("A1"), "1.00")
    agent = sign_in("Dispute agent")
    case = opened("A1", actor=agent, at=LATELY)
    assign(cases=[case], assignee=agent, role=Role.AGENT, actor=agent, at=LATELY)
    move(case=case, target=State.INVESTIGATING, role=Role.AGENT, actor=agent, at=LATELY)
    address = f"/disputes/case/{case.pk}/change/"

    page.goto(address)
    check_access()
    card = page.get_by_role("region", name="What comes of it")
    card.get_by_label("Session A1: give").fill("9")
    card.get_by_label("Why, for colleagues").first.fill("The meter says less.")
    card.get_by_role("button", name="Offer this").click()
    expect(page.get_by_role("alert")).to_contain_text("At most GBP 4.00 can be given for this. Nothing was changed.")
    expect(card.get_by_label("Session A1: give")).to_have_value("9")
    check_access()
    card.get_by_label("Session A1: give").fill("1.50")
    card.get_by_role("button", name="Offer this").click()
    expect(page.get_by_text("It waits for a second person.")).to_be_visible()
    expect(card.get_by_text("GBP 1.50 wait for a second person.")).to_be_visible()
    check_access()

    sign_in("Dispute supervisor")
    page.goto(address)
    card.get_by_role("button", name="Agree").click()
    expect(page.get_by_text("Agreed: it is done.")).to_be_visible()
    expect(page.get_by_text("We offer to take 1.50 GBP off your bill.").first).to_be_visible()
    check_access()
    card.get_by_role("button", name="Accepts").click()
    put_right()
    page.reload()
    expect(card.get_by_text("Waits for the money")).to_be_visible()
    check_access()

    finance = staff("Finance")
    due = RefundDue.objects.get()
    given = {"method": "CASH", "paid_on": due.entity.day_of(datetime.now(UTC)), "actor": finance, "at": datetime.now(UTC)}
    mark_failed(
        refund=pay_by_hand(due=due, key="1", amount=Decimal("1.50"), **given), reason="came back", actor=finance, at=given["at"]
    )
    put_right()
    sign_in("Finance")
    page.goto(address)
    expect(page.get_by_text("Finance has to act")).to_be_visible()
    check_access()
    card.get_by_role("button", name="Book it and resolve").click()
    expect(page.get_by_role("alert")).to_contain_text("Give the reference of the payment made outside.")
    card.get_by_label("Reference").fill("transfer 42")
    card.get_by_role("button", name="Book it and resolve").click()
    expect(page.get_by_text("Booked as paid, and resolved.")).to_be_visible()
    check_access()
    assert Case.objects.get(pk=case.pk).state == "RESOLVED"
