"""Chargebacks typed in by hand: the case that opens, where they stand, money taken and given back, what may not go out twice."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D
from itertools import product
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from billing.book_checks import check_books
from billing.chargeback_models import ChargebackEnd, ChargebackFunds
from billing.document_models import Document
from billing.operations.credits import correct
from billing.operations.refund_moves import prepare_refund
from billing.operations.refunds import owe
from billing.refund_models import Refund, RefundDue
from billing.refunds import refundable
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent, User
from disputes.chargeback_models import Chargeback, ChargebackEvent
from disputes.chargeback_queries import blocks, find_charges
from disputes.chargebacks import TABLE, Status
from disputes.clocks import check_all, histories
from disputes.desk import desk_of
from disputes.facts import Said, facts_of
from disputes.models import Case
from disputes.operations.chargeback_letters import Letter, record_letter
from disputes.operations.chargebacks import decide_late_win, end_refunded_inquiries, move_chargeback, take_money
from disputes.operations.thread import assign
from disputes.workflow.facts import Facts
from disputes.workflow.moves import refusal
from disputes.workflow.states import Role, State
from tests.disputes.conftest import Operator, line_of, opened
from tests.payments.conftest import balance, of, received

AT = datetime(2018, 11, 5, 12, tzinfo=UTC)
TODAY = AT.date()
ADA = D("5.07")
S = Status


def letter(**more: Any) -> Letter:
    given: dict[str, Any] = {
        "acquirer": "Worldline", "reference": "CB-1", "reason_code": "10.4", "reason": "Cardholder does not know it",
        "card_last4": "4242", "amount": ADA, "received_on": TODAY, "answer_by": TODAY + timedelta(days=10), "is_inquiry": False,
        **more,
    }  # fmt: skip
    return Letter(**given)


def written(document: Document, actor: User | None = None, **more: Any) -> Chargeback:
    return record_letter(document=document, letter=letter(**more), role=Role.AGENT, actor=actor, at=AT)[0]


def moved(chargeback: Chargeback, target: Status, text: str = "") -> Chargeback:
    return move_chargeback(chargeback=chargeback, target=target, text=text, on=TODAY, actor=None, at=AT)


def taken(chargeback: Chargeback, amount: D = ADA, fee: D = D("15.00")) -> Chargeback:
    return take_money(chargeback=chargeback, amount=amount, fee=fee, on=TODAY, actor=None, at=AT)


@pytest.fixture
def ada(billed: Operator) -> Document:
    """Her invoice of 5.07, paid by card at a terminal."""
    received(billed, ADA, (of("Ada"), ADA), method="TERMINAL")
    return of("Ada")


def clean() -> bool:
    assert check_all()[1] == []
    return check_books().breaks == []


def owed_back(document: Document, amount: D = D("1.00"), key: str = "d") -> RefundDue:
    """Booked by a credit note of a paid document."""
    line = document.lines.filter(corrects__isnull=True).order_by("-gross_amount").first()
    assert line is not None
    correct(document=document, key=key, amounts={line.pk: amount}, reason="x", returned_to="REFUND", actor=None, at=AT)
    return RefundDue.objects.latest("pk")


def refund(due: RefundDue, key: str = "r") -> Refund:
    return prepare_refund(due=due, key=key, amount=due.amount, method="CASH", actor=None, at=AT)


def test_a_letter_opens_a_case_due_48_hours_before_the_acquirers_date(ada: Document) -> None:
    made, is_new = record_letter(document=ada, letter=letter(), role=Role.AGENT, actor=None, at=AT)
    case = made.case
    assert is_new
    assert (case.channel, case.claimed_amount, case.contested_amount) == ("LETTER", ADA, ADA)
    assert case.statement == "Letter of the acquirer Worldline, reference CB-1, reason code 10.4: Cardholder does not know it"
    # The end of 15 November in London, and two days before.
    assert not case.mails.exists()
    assert made.due_by == datetime(2018, 11, 16, tzinfo=UTC)
    assert case.chargeback_due_at == datetime(2018, 11, 14, tzinfo=UTC)
    assert clean()


def test_a_letter_about_a_contested_charge_joins_its_case_and_the_earliest_date_counts(ada: Document, agent: User) -> None:
    case = opened(ada.lines.first().session_number)  # type: ignore[union-attr]
    first, is_new = record_letter(document=ada, letter=letter(), role=Role.AGENT, actor=None, at=AT)
    assert not is_new
    second = written(ada, reference="CB-2", answer_by=TODAY + timedelta(days=5))
    case.refresh_from_db()
    assert {first.case_id, second.case_id} == {case.pk}
    assert case.chargeback_due_at == datetime(2018, 11, 9, tzinfo=UTC)
    moved(second, S.UNDER_REVIEW)
    case.refresh_from_db()
    assert case.chargeback_due_at == datetime(2018, 11, 14, tzinfo=UTC)
    assign(cases=[case], assignee=agent, role=Role.AGENT, actor=None, at=AT)
    assert clean()
    Case.objects.update(chargeback_due_at=None)
    assert [list(columns) for _, columns in check_all()[1]] == [["chargeback_due_at"]]


def test_the_table_has_these_moves_and_no_others(ada: Document) -> None:
    allowed = {
        (None, S.INQUIRY), (None, S.NEEDS_RESPONSE), (S.INQUIRY, S.NEEDS_RESPONSE), (S.INQUIRY, S.PREVENTED),
        (S.INQUIRY, S.CLOSED_INQUIRY), (S.NEEDS_RESPONSE, S.UNDER_REVIEW), (S.NEEDS_RESPONSE, S.WON), (S.NEEDS_RESPONSE, S.LOST),
        (S.UNDER_REVIEW, S.WON), (S.UNDER_REVIEW, S.LOST), (S.LOST, S.WON),
    }  # fmt: skip
    assert {(now, then) for now, follow in TABLE.items() for then in follow} == allowed
    made = written(ada)
    for now, then in product(S, S):
        Chargeback.objects.update(status=now)
        before = ChargebackEvent.objects.count()
        if (now, then) in allowed:
            assert moved(made, then).status == then
            continue
        with pytest.raises(UserError, match="Nothing was changed"):
            moved(made, then)
        assert ChargebackEvent.objects.count() == before


def test_money_taken_and_given_back_is_booked_and_the_fee_stays(ada: Document) -> None:
    made = taken(written(ada))
    assert (balance("1150"), balance("6010"), balance("1055")) == (ADA, D("15.00"), D("-15.00"))
    assert blocks(made.case)
    assert clean()
    moved(moved(made, S.UNDER_REVIEW), S.WON, "They believed us")
    assert (balance("1150"), balance("6010"), balance("1055")) == (D(0), D("15.00"), ADA - D("15.00"))
    assert not blocks(made.case)
    assert clean()


def test_lost_is_a_loss_and_a_late_win_comes_back_out_of_it(ada: Document) -> None:
    made = moved(taken(written(ada), fee=D(0)), S.LOST)
    assert (balance("1150"), balance("6020"), balance("1055")) == (D(0), ADA, D(0))
    assert clean()
    assert not moved(made, S.WON).asks_finance
    assert (balance("6020"), balance("1055")) == (D(0), ADA)
    assert list(ChargebackEnd.objects.values_list("kind", flat=True)) == ["LOST", "RECOVERED"]
    assert clean()


def test_money_is_taken_once_and_at_most_what_the_letter_says(ada: Document) -> None:
    made = written(ada, amount=D("3.00"))
    with pytest.raises(UserError, match="more than the letter"):
        taken(made, D("3.01"))
    taken(made, D("3.00"))
    with pytest.raises(UserError, match="entered already"):
        taken(made, D("3.00"))
    inquiry = written(ada, reference="CB-2", is_inquiry=True)
    with pytest.raises(UserError, match="not for an inquiry"):
        taken(inquiry, D("1.00"))
    assert clean()


def test_nothing_is_refunded_while_the_acquirer_holds_the_money(ada: Document) -> None:
    due = owed_back(ada)
    assert list(refundable(None)) == [due]
    made = taken(written(ada, amount=D("4.00")), D("4.00"))
    assert list(refundable(None)) == []
    with pytest.raises(UserError, match=f"acquirer holds the money of {ada}") as refused:
        refund(due)
    assert refused.value.code == "acquirer_holds"
    with pytest.raises(DatabaseError, match="nothing of it is refunded"), transaction.atomic():
        Refund.objects.create(due=due, key="raw", amount=D("1.00"), method="CASH", made_at=AT)
    moved(made, S.LOST)
    assert refund(due).amount == D("1.00")


def test_what_was_agreed_is_not_begun_while_the_acquirer_holds_the_money(ada: Document) -> None:
    made = taken(written(ada))

    def looked_at() -> Facts:
        case = Case.objects.get()
        return facts_of(case=case, said=Said(), history=histories([case.pk])[case.pk], desk=desk_of(case.entity), at=AT)

    refused = refusal(State.AGREED, State.EXECUTING, Role.SYSTEM, replace(looked_at(), plan_is_ready=True))
    assert refused is not None
    assert refused.code == "no_chargeback_blocks"
    moved(made, S.WON)
    assert refusal(State.AGREED, State.EXECUTING, Role.SYSTEM, replace(looked_at(), plan_is_ready=True)) is None


def test_refunds_and_chargebacks_are_at_most_what_was_paid(ada: Document) -> None:
    """1.00 is being refunded of 5.07: 4.07 are left to take back, and after that nothing to refund."""
    refund(owed_back(ada))
    made = written(ada)
    with pytest.raises(UserError, match=r"4\.07 of what was paid") as refused:
        taken(made, ADA)
    assert refused.value.code == "over_captured"
    payment = ada.allocations.get().payment
    row = {"entity": ada.entity, "document": ada, "payment": payment, "currency": "GBP", "booked_on": TODAY, "made_at": AT}
    with pytest.raises(DatabaseError, match="at most what was paid"), transaction.atomic():
        ChargebackFunds.objects.create(key="raw", reference="x", amount=D("4.08"), **row)
    moved(taken(made, D("4.07")), S.LOST)
    due = owe(
        entity=ada.entity, customer=ada.customer, document=ada, amount=D("0.01"), currency="GBP", source_type="test",
        source_id="1", key="more", actor=None, at=AT,
    )  # fmt: skip
    with pytest.raises(UserError, match="a chargeback took the rest"):
        refund(due, "again")
    with pytest.raises(DatabaseError, match="at most what was paid"), transaction.atomic():
        Refund.objects.create(due=due, key="raw", amount=D("0.01"), method="CASH", made_at=AT)


def test_what_was_not_paid_by_card_is_not_taken_back(billed: Operator) -> None:
    received(billed, ADA, (of("Ada"), ADA))
    made = written(of("Ada"))
    with pytest.raises(UserError, match="No payment by card"):
        taken(made)
    assert not ChargebackFunds.objects.exists()


def test_a_full_refund_ends_an_inquiry_by_itself(ada: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    made = written(ada, is_inquiry=True, amount=D("1.00"))
    assert end_refunded_inquiries() == 0
    from billing.operations.refund_moves import locked, move

    pending = refund(owed_back(ada))
    assert end_refunded_inquiries() == 0
    with transaction.atomic():
        move(locked(pending), "SUCCEEDED", on=TODAY, actor=None, at=AT)
    assert (end_refunded_inquiries(), end_refunded_inquiries()) == (1, 0)
    made.refresh_from_db()
    made.case.refresh_from_db()
    assert (made.status, made.case.chargeback_due_at) == (S.CLOSED_INQUIRY, None)
    assert made.events.latest("seq").text == "Refunded in full."


def test_won_after_a_credit_finance_decides_and_nobody_is_debited(ada: Document, staff: Callable[[str], User]) -> None:
    made = moved(taken(written(ada, amount=D("4.00")), D("4.00"), D(0)), S.LOST)
    owed_back(ada)
    before = balance("1100")
    made = moved(made, S.WON)
    assert made.asks_finance
    assert balance("1100") == before
    finance = staff("Finance")
    with pytest.raises(UserError, match="Say what was decided"):
        decide_late_win(chargeback=made, text=" ", actor=finance, at=AT)
    made = decide_late_win(chargeback=made, text="We keep it: the credit was goodwill.", actor=finance, at=AT)
    assert not made.asks_finance
    with pytest.raises(UserError, match="nothing to decide"):
        decide_late_win(chargeback=made, text="Again", actor=finance, at=AT)
    assert AuditEvent.objects.filter(action="chargeback.decide", reason__startswith="We keep it").count() == 1
    assert clean()


WRONG = (
    ({"acquirer": " "}, "acquirer"), ({"reference": "x" * 61}, "reference"), ({"reason_code": ""}, "reason_code"),
    ({"card_last4": "42"}, "card_last4"), ({"card_last4": "٤٢٤٢"}, "card_last4"), ({"amount": D("5.08")}, "amount"),
    ({"amount": D("0.001")}, "amount"), ({"amount": D("-1")}, "amount"),
    ({"received_on": TODAY + timedelta(days=1)}, "received_on"), ({"received_on": date(1, 1, 1)}, "received_on"),
    ({"answer_by": TODAY - timedelta(days=1)}, "answer_by"), ({"answer_by": date(9999, 12, 31)}, "answer_by"),
    ({"reason": "x" * 501}, "reason"),
)  # fmt: skip


@pytest.mark.parametrize(("more", "where"), WRONG)
def test_a_wrong_letter_is_refused_and_nothing_changed(ada: Document, more: dict[str, Any], where: str) -> None:
    with pytest.raises(UserError, match="Nothing was changed") as refused:
        written(ada, **more)
    assert refused.value.where == where
    assert (Case.objects.count(), Chargeback.objects.count()) == (0, 0)


def test_the_same_letter_twice_is_refused(ada: Document) -> None:
    written(ada)
    with pytest.raises(UserError, match="entered before"):
        written(ada)
    assert (Case.objects.count(), Chargeback.objects.count()) == (1, 1)


def test_what_a_letter_said_never_changes(ada: Document) -> None:
    made = taken(written(ada))
    rows = (
        (Chargeback, {"amount": 1}),
        (Chargeback, {"funds": None}),
        (ChargebackEvent, {"text": "x"}),
        (ChargebackFunds, {"fee": 0}),
    )
    for model, change in rows:
        with pytest.raises(DatabaseError), transaction.atomic():
            model._default_manager.update(**change)  # type: ignore[attr-defined]
    assert made.pk


def test_a_charge_is_found_by_everything_given(ada: Document) -> None:
    session = line_of(ada.lines.first().session_number).session  # type: ignore[union-attr]
    type(session).objects.filter(pk=session.pk).update(card_last4="4242", payment_reference="PAY-9")

    def found(**given: Any) -> list[Document]:
        wanted = {"amount": None, "day": None, "last4": "", "reference": "", **given}
        return [charge.document for charge in find_charges(entity=ada.entity, **wanted)]

    day = session.local_end_date
    assert found() == []
    assert found(last4="4242") == found(reference="PAY-9") == found(reference=ada.number.lower()) == [ada]
    assert ada in found(amount=ADA)
    assert found(last4="4242", amount=ADA, day=day) == [ada]
    assert found(last4="4242", day=day + timedelta(days=1)) == [ada]
    assert found(last4="4242", amount=D("5.06")) == []
    assert found(last4="0000") == []
