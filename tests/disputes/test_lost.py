"""A chargeback is lost: was the driver right, the bill is corrected against what the acquirer took; if not, it is a loss."""

from collections.abc import Callable
from decimal import Decimal as D
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from billing.chargeback_models import ChargebackEnd
from billing.credit_models import Correction
from billing.document_models import Document, DocumentKind
from billing.models import RefundDue
from billing.operations.credits import correct
from chargebill import case_execution
from chargebill.chargeback_losses import lose_chargeback
from chargebill.core.errors import UserError
from chargebill.core.models import User
from disputes.chargeback_models import Chargeback
from disputes.operations.offers import accept_offer, answer
from disputes.workflow.states import Role
from tests.disputes.conftest import line_of
from tests.disputes.test_chargebacks import ADA, AT, TODAY, S, ada, clean, moved, taken, written
from tests.disputes.test_offers import investigated, terms
from tests.payments.conftest import balance

__all__ = ["ada"]
M1, M2 = D("4.94"), D("0.13")


@pytest.fixture
def finance(staff: Callable[[str], User]) -> User:
    return staff("Finance")


def lost(chargeback: Chargeback, by: User, amounts: dict[str, D] | None = None, text: str = "The meter was wrong.") -> Chargeback:
    lines = {line_of(number).pk: amount for number, amount in (amounts or {}).items()}
    return lose_chargeback(chargeback=chargeback, amounts=lines, text=text, on=TODAY, actor=by, at=AT)


def books(*codes: str) -> dict[str, D]:
    return {code: balance(code) for code in codes}


def test_the_driver_was_right_all_of_it_is_credited_and_nothing_is_paid_twice(ada: Document, finance: User) -> None:
    before = books("4000", "1100")
    made = lost(taken(written(ada)), finance, {"M1": M1, "M2": M2})
    note = Document.objects.get(kind=DocumentKind.CREDIT_NOTE)
    assert (made.status, note.gross_amount, note.corrects) == ("LOST", ADA, ada)
    assert (note.correction.returned_to, note.correction.returned_amount) == ("TAKEN", ADA)
    # 5.07 at 20 %: 4.23 net of energy and 0.84 of tax go back; the fee of 15.00 stays a cost, nothing is a loss.
    assert balance("4000") - before["4000"] == D("4.23")
    assert books("1150", "2300", "6020", "2050", "6010") == {
        "1150": D(0), "2300": D(0), "6020": D(0), "2050": D(0), "6010": D("15.00"),
    }  # fmt: skip
    assert (balance("1100"), balance("1055")) == (before["1100"], D("-15.00"))
    assert not RefundDue.objects.exists()
    end = ChargebackEnd.objects.get()
    assert (end.kind, end.credited) == ("LOST", ADA)
    assert clean()


def test_the_driver_was_partly_right_and_the_rest_is_a_loss(ada: Document, finance: User) -> None:
    lost(taken(written(ada)), finance, {"M1": D("1.20")})
    assert books("1150", "2300", "6020", "2050") == {"1150": D(0), "2300": D(0), "6020": D("3.87"), "2050": D(0)}
    assert Document.objects.get(kind=DocumentKind.CREDIT_NOTE).gross_amount == D("1.20")
    assert ChargebackEnd.objects.get().credited == D("1.20")
    assert clean()


def test_the_driver_was_wrong_and_all_of_it_is_a_loss(ada: Document, finance: User) -> None:
    lost(taken(written(ada)), finance, text="")
    assert books("1150", "2300", "6020") == {"1150": D(0), "2300": D(0), "6020": ADA}
    assert not Correction.objects.exists()
    assert clean()


def test_what_came_back_after_it_was_credited_lies_in_clearing_until_finance_decides(ada: Document, finance: User) -> None:
    made = moved(lost(taken(written(ada), fee=D(0)), finance, {"M1": D("1.20")}), S.WON)
    assert made.asks_finance
    # Liabilities stand on the credit side.
    assert books("1150", "2300", "6020", "1055") == {"1150": D(0), "2300": D("-1.20"), "6020": D(0), "1055": ADA}
    assert [(end.kind, end.credited) for end in ChargebackEnd.objects.all()] == [("LOST", D("1.20")), ("RECOVERED", D("1.20"))]
    assert clean()


def test_no_more_is_credited_than_the_acquirer_took(ada: Document, finance: User) -> None:
    made = taken(written(ada, amount=D("1.00")), D("1.00"))
    with pytest.raises(UserError, match="acquirer took") as refused:
        lost(made, finance, {"M1": D("1.01")})
    made.refresh_from_db()
    assert (refused.value.code, made.status, Correction.objects.count(), ChargebackEnd.objects.count()) == (
        "over_taken", "NEEDS_RESPONSE", 0, 0,
    )  # fmt: skip
    with pytest.raises(UserError, match="Say what was wrong"):
        lost(made, finance, {"M1": D("1.00")}, text=" ")
    lost(made, finance, {"M1": D("1.00")})
    with pytest.raises(UserError, match="lost already"):
        lost(made, finance)
    # Nobody credits against an acquirer without one.
    line = line_of("M1")
    with pytest.raises(UserError, match=r"took GBP 0\.00"):
        correct(document=ada, key="x", amounts={line.pk: D("0.10")}, reason="x", returned_to="TAKEN", actor=None, at=AT)
    assert clean()


def test_what_was_agreed_is_done_by_the_credit_note_of_the_loss(ada: Document, agent: User, finance: User) -> None:
    case = investigated(agent, "M1")
    answer(case=case, terms=terms(case, "0.50"), role=Role.AGENT, actor=agent, at=AT)
    made = taken(written(ada))
    case = accept_offer(case=case, version=1, at=AT)
    assert case_execution.put_right() == 0
    for less in ({}, {"M2": D("0.10")}, {"M1": D("0.49")}):
        with pytest.raises(UserError, match=r"agreed to take GBP 0\.50 off"):
            lost(made, finance, less)
    lost(made, finance, {"M1": D("0.50")})
    assert case_execution.put_right() == 1
    case.refresh_from_db()
    note = Document.objects.get(kind=DocumentKind.CREDIT_NOTE)
    assert (case.state, note.gross_amount, RefundDue.objects.count()) == ("RESOLVED", D("0.50"), 0)
    last = case.messages.order_by("pk").last()
    assert last is not None
    assert note.number in last.body
    assert books("1150", "2300", "6020", "2050") == {"1150": D(0), "2300": D(0), "6020": D("4.57"), "2050": D(0)}
    assert clean()


def test_what_was_not_taken_is_not_lost_this_way(ada: Document, finance: User) -> None:
    with pytest.raises(UserError, match="Nothing was taken back"):
        lost(written(ada), finance)
    assert not ChargebackEnd.objects.exists()


def test_the_database_refuses_to_credit_more_than_was_taken(ada: Document, finance: User) -> None:
    made = taken(written(ada, amount=D("1.00")), D("1.00"))
    row: dict[str, Any] = {"funds": made.funds, "booked_on": TODAY, "made_at": AT}
    with pytest.raises(DatabaseError, match="no more is credited"), transaction.atomic():
        ChargebackEnd.objects.create(kind="LOST", credited=D("1.01"), **row)
    with pytest.raises(DatabaseError), transaction.atomic():
        ChargebackEnd.objects.create(kind="REINSTATED", credited=D("0.50"), **row)


def test_finance_says_on_the_page_whether_the_driver_was_right(ada: Document, client_of: Callable[[str], Client]) -> None:
    made = taken(written(ada))
    client, url = client_of("Finance"), f"/disputes/chargeback/{made.pk}/change/"
    page = client.get(url)
    assert [(row.session, row.left, row.value) for row in page.context["loss_rows"]] == [
        ("M1", "4.94", "4.94"), ("M2", "0.13", "0.13"),
    ]  # fmt: skip
    assert "LOST" not in dict(page.context["follow"])
    given = {"do": "lose", "on": f"{TODAY}", "text": "Meter", **{row.name: row.value for row in page.context["loss_rows"]}}
    for wrong, said in (
        ({}, "Say whether the driver was right"),
        ({"right": "yes", f"line-{line_of('M1').pk}": "", f"line-{line_of('M2').pk}": ""}, "on at least one line"),
        ({"right": "yes", f"line-{line_of('M1').pk}": "much"}, "is no amount"),
        ({"right": "yes", f"line-{line_of('M1').pk}": "4.95"}, "can be credited"),
        ({"right": "yes", "text": ""}, "Say what was wrong"),
    ):
        answered = client.post(url, {**given, **wrong}).content.decode()
        assert said in answered
    assert (
        "Say whether the driver was right, below"
        in client.post(url, {"do": "move", "target": "LOST", "on": f"{TODAY}"}).content.decode()
    )
    assert not ChargebackEnd.objects.exists()
    assert client_of("Dispute agent").post(url, {**given, "right": "no"}).status_code == 403
    assert "loss_rows" not in client_of("Dispute agent").get(url).context
    page = client.post(url, {**given, "right": "yes"}, follow=True).content.decode()
    assert ("nothing is paid a second time" in page, "of it credited: the driver was right" in page) == (True, True)
    assert ChargebackEnd.objects.get().credited == ADA
    assert clean()
