"""What was agreed is done: the bill corrected, the books booked, the money back, each once, and a stuck state for the rest."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing.book_checks import check_books
from billing.credit_models import Correction
from billing.document_models import Document, DocumentKind
from billing.goodwill_models import GoodwillGrant
from billing.models import Refund, RefundDue
from billing.operations.credits import correct
from billing.operations.refund_moves import mark_failed, mark_paid, pay_by_hand
from chargebill import case_execution
from chargebill.core.models import User
from chargebill.portal.payout_form import known_accounts
from disputes.clocks import check_all
from disputes.execution import progress_of
from disputes.models import Case
from disputes.operations.execution import paid_outside, try_again
from disputes.operations.offers import accept_offer, answer, confirm_offer
from disputes.operations.payout_accounts import account_wanted, give_account
from disputes.outcome_models import ExecutionStep, PayoutAccount
from disputes.workflow.states import Role
from tests.disputes.conftest import OPENED, Operator, line_of
from tests.disputes.test_offers import LATER, investigated, limit, offered, refused, terms
from tests.payments.conftest import received
from tests.refunds.conftest import sent

IBAN = "GB33BUKB20201555555555"


def agreed(agent: User, amount: str = "0.50", *, number: str = "A1", **more: Any) -> Case:
    case = investigated(agent, number)
    answer(case=case, terms=terms(case, amount, **more), role=Role.AGENT, actor=agent, at=LATER)
    return accept_offer(case=case, version=1, at=LATER)


def paid(operator: Operator, number: str = "A1") -> Document:
    document = line_of(number).document
    received(operator, document.gross_amount, (document, document.gross_amount))
    return document


def put_right(case: Case, **later: Any) -> Case:
    case_execution.execute(case=Case.objects.get(pk=case.pk), at=LATER + timedelta(**later))
    return Case.objects.select_related("entity").get(pk=case.pk)


def steps() -> list[tuple[str, str]]:
    return [(step.kind, step.state) for step in ExecutionStep.objects.order_by("seq")]


def clean() -> None:
    assert [(one.check, one.message) for one in check_books().breaks] == []
    assert check_all()[1] == []


def rules(case: Case) -> list[str]:
    return [event.rule for event in case.events.order_by("seq") if event.rule]


def test_what_was_not_paid_is_taken_off_and_the_case_is_resolved_at_once(billed: Operator, agent: User) -> None:
    case = put_right(agreed(agent))

    note = Document.objects.get(kind=DocumentKind.CREDIT_NOTE)
    assert (case.state, note.gross_amount, note.corrects) == ("RESOLVED", Decimal("0.50"), line_of("A1").document)
    assert steps() == [("CREDIT", "DONE"), ("RETURN", "DONE")]
    assert not RefundDue.objects.exists()
    assert rules(case)[-3:] == ["T8", "T17", "T18"]
    assert note.number in case.messages.order_by("pk").last().body
    assert not case.items.filter(is_open=True).exists()
    clean()


def test_money_that_was_paid_goes_back_before_the_case_is_resolved(billed: Operator, agent: User, supervisor: User) -> None:
    paid(billed)
    case = put_right(agreed(agent))
    due = RefundDue.objects.get()
    assert (case.state, due.amount, account_wanted(case, LATER)) == ("EXECUTING", Decimal("0.50"), True)

    give_account(case=case, name="Ada Lovelace", iban=IBAN, at=LATER)
    assert not account_wanted(case, LATER)
    assert IBAN not in PayoutAccount.objects.get().sealed
    assert known_accounts([due]) == {due.pk: ("Ada Lovelace", IBAN)}
    (refund,) = sent(billed, (agent, supervisor), (due, "0.50", "Ada Lovelace", IBAN))
    assert put_right(case).state == "EXECUTING"

    mark_paid(refund=refund, paid_on=OPENED.date(), actor=agent, at=LATER)
    case = put_right(case, days=3)
    assert (case.state, PayoutAccount.objects.get().sealed) == ("RESOLVED", "")
    assert "0.50 GBP" in case.messages.order_by("pk").last().body
    clean()


def test_a_refund_that_comes_back_is_stuck_until_finance_pays_again(billed: Operator, agent: User, staff: Any) -> None:
    paid(billed)
    case, finance = put_right(agreed(agent)), staff("Finance")
    due = RefundDue.objects.get()
    refund = pay_by_hand(due=due, key="1", amount=due.amount, method="CASH", paid_on=OPENED.date(), actor=finance, at=LATER)
    mark_failed(refund=refund, reason="wrong account", actor=finance, at=LATER)
    case = put_right(case)
    assert (case.state, case.turn, case.events.last().reason) == (
        "STUCK",
        "finance",
        "The refund of GBP 0.50 did not go through.",
    )

    with refused("reason"):
        try_again(case=case, reason=" ", actor=finance, at=LATER + timedelta(hours=1))
    try_again(case=case, reason="The driver gave another account.", actor=finance, at=LATER + timedelta(hours=1))
    assert put_right(case, hours=2).state == "EXECUTING"
    pay_by_hand(due=due, key="2", amount=due.amount, method="CASH", paid_on=OPENED.date(), actor=finance, at=LATER)
    assert put_right(case, hours=3).state == "RESOLVED"
    assert Correction.objects.count() == 1
    clean()


def test_paid_outside_is_booked_with_its_reference(billed: Operator, agent: User, staff: Any) -> None:
    document, finance = paid(billed), staff("Finance")
    case = agreed(agent, "3.50")
    # Somebody else took back more meanwhile than the agreement leaves.
    line = line_of("A1")
    correct(document=document, key="x", amounts={line.pk: Decimal(1)}, reason="x", returned_to="REFUND", actor=None, at=LATER)
    case = put_right(case)
    assert (case.state, steps()[0]) == ("STUCK", ("CREDIT", "FAILED"))
    outside = {"method": "BANK", "paid_on": OPENED.date(), "actor": finance, "at": LATER}
    with refused("has_outside_reference"):
        paid_outside(case=case, reference=" ", **outside)
    case = paid_outside(case=case, reference="transfer 42", **outside)
    assert (case.state, case.events.order_by("-seq")[0].rule, case.events.order_by("-seq")[0].reason) == (
        "RESOLVED", "T19b", "transfer 42",
    )  # fmt: skip
    clean()


def test_what_stuck_money_is_owed_is_booked_when_it_was_paid_outside(billed: Operator, agent: User, staff: Any) -> None:
    paid(billed)
    case, finance = put_right(agreed(agent)), staff("Finance")
    due = RefundDue.objects.get()
    refund = pay_by_hand(due=due, key="1", amount=due.amount, method="CASH", paid_on=OPENED.date(), actor=finance, at=LATER)
    mark_failed(refund=refund, reason="wrong account", actor=finance, at=LATER)
    put_right(case)
    paid_outside(case=case, reference="at the desk", method="CASH", paid_on=OPENED.date(), actor=finance, at=LATER)
    assert [(r.amount, r.state) for r in Refund.objects.order_by("pk")] == [
        (Decimal("0.50"), "FAILED"), (Decimal("0.50"), "SUCCEEDED"),
    ]  # fmt: skip
    clean()


def test_nothing_is_paid_outside_while_a_refund_could_still_arrive(
    billed: Operator, agent: User, supervisor: User, staff: Any
) -> None:
    paid(billed)
    case, finance = put_right(agreed(agent)), staff("Finance")
    due = RefundDue.objects.get()
    refund = pay_by_hand(due=due, key="1", amount=due.amount, method="CASH", paid_on=OPENED.date(), actor=finance, at=LATER)
    mark_failed(refund=refund, reason="wrong account", actor=finance, at=LATER)
    put_right(case)
    (second,) = sent(billed, (agent, supervisor), (due, "0.50", "Ada Lovelace", IBAN))
    outside = {"reference": "42", "method": "CASH", "paid_on": OPENED.date(), "actor": finance, "at": LATER}
    with refused("refund_under_way"):
        paid_outside(case=case, **outside)
    assert Case.objects.get(pk=case.pk).state == "STUCK"
    mark_failed(refund=second, reason="wrong again", actor=finance, at=LATER)
    assert paid_outside(case=case, **outside).state == "RESOLVED"
    clean()


def test_goodwill_leaves_the_bill_and_asks_no_second_person_twice(billed: Operator, agent: User, supervisor: User) -> None:
    limit(line_of("A1"), "0.40")
    case, offer = offered(agent, way="GOODWILL")
    confirm_offer(offer=offer, accepted=True, actor=supervisor, at=LATER)
    case = put_right(accept_offer(case=case, version=1, at=LATER))
    grant = GoodwillGrant.objects.get()
    assert (case.state, grant.state, grant.amount) == ("EXECUTING", "given", Decimal("0.50"))
    assert RefundDue.objects.get().amount == Decimal("0.50")
    assert not Document.objects.filter(kind=DocumentKind.CREDIT_NOTE).exists()
    clean()


def test_a_partner_gets_credit_and_the_driver_nothing(billed: Operator, agent: User) -> None:
    paid(billed, "P1")
    case = investigated(agent, "P1")
    with refused("given_as"):
        answer(case=case, terms=terms(case, "1.00"), role=Role.AGENT, actor=agent, at=LATER)
    answer(case=case, terms=terms(case, "1.00", given_as="CREDIT"), role=Role.AGENT, actor=agent, at=LATER)
    case = put_right(accept_offer(case=case, version=1, at=LATER))
    correction = Correction.objects.get()
    assert (case.state, correction.returned_to, RefundDue.objects.count()) == ("RESOLVED", "CREDIT", 0)
    clean()


def test_a_decision_of_zero_that_is_accepted_needs_nothing_done(billed: Operator, agent: User) -> None:
    case, _ = offered(agent, None)
    case = put_right(accept_offer(case=case, version=1, at=LATER))
    assert (case.state, steps()) == ("RESOLVED", [])


def test_done_twice_is_done_once(billed: Operator, agent: User) -> None:
    paid(billed)
    case = agreed(agent)
    for _ in range(3):
        put_right(case)
    assert Correction.objects.count() == 1
    assert RefundDue.objects.count() == 1
    assert [event.data["step"] for event in case.events.filter(kind="done")] == [1]


def test_a_step_not_done_after_a_day_is_stuck(billed: Operator, agent: User, monkeypatch: pytest.MonkeyPatch) -> None:
    case = agreed(agent)

    def breaks(*args: object, **more: object) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr(case_execution.pipeline, "correct", breaks)
    with pytest.raises(RuntimeError):
        put_right(case)
    assert Case.objects.get(pk=case.pk).state == "EXECUTING"
    progress = progress_of(Case.objects.get(pk=case.pk), LATER + timedelta(hours=25))
    assert progress.problem == "Credit note is not done after a day."


def test_the_worker_goes_on_with_what_can_go_on(billed: Operator, agent: User, django_assert_max_num_queries: Any) -> None:
    paid(billed)
    case = agreed(agent)
    assert case_execution.put_right() == 1
    assert Case.objects.get(pk=case.pk).state == "EXECUTING"
    # It waits for a payout: looked at, and left alone.
    with django_assert_max_num_queries(4):
        assert case_execution.put_right() == 0
    due = RefundDue.objects.get()
    pay_by_hand(due=due, key="1", amount=due.amount, method="CASH", paid_on=OPENED.date(), actor=agent, at=LATER)
    assert case_execution.put_right() == 1
    assert Case.objects.get(pk=case.pk).state == "RESOLVED"
