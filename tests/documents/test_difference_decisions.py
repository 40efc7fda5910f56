"""What people decide about sessions that changed after they were billed: the difference, again, or as it is."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from billing.billed_differences import changed, waiting
from billing.bridge import bridge
from billing.difference_models import DecidedDifference, DifferenceConfirmation, DifferenceDecision, SettledDifference
from billing.document_models import BilledDifference, Document
from billing.journal_models import AccountingPeriod, JournalEntry
from billing.models import Cdr, Chargeable, CheckSettings, TaxRule
from billing.refund_models import RefundDue
from chargebill import pipeline
from chargebill.analytics import operations as analytics
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent
from chargebill.core.periods import days
from memberships.models import Customer, CustomerKind, Token
from stations.models import Session
from tests.core.test_frozen import refused
from tests.documents.conftest import AT, Operator, make_operator, month, operator, session  # noqa: F401
from tests.documents.test_billed_differences import differences, price_anew
from tests.documents.test_correcting import clean
from tests.journal.books import person
from tests.payments.conftest import billed, of, received  # noqa: F401

D = Decimal


def pk(number: str) -> int:
    return Session.objects.get(external_id=number).pk


def decide(operator: Operator, *sessions: str, **more: Any) -> DifferenceDecision:  # noqa: F811
    given = {
        "entity": operator.entity, "key": "k", "session_ids": [pk(one) for one in sessions], "way": "CREDIT",
        "returned_to": "REFUND", "reason": "The meter was read again", "actor": None, "at": AT, **more,
    }  # fmt: skip
    return pipeline.decide_differences(**given)


def right() -> None:
    """Books, bridge and rollups add up, each by its own check."""
    clean()
    assert analytics.differing() == 0
    for document in Document.objects.filter(corrects__isnull=True):
        found = bridge(entity=document.entity, period=days(date(2018, 9, 1), date(2018, 9, 30)), currency="GBP")
        assert found.breaks == []


def columns(note: Document) -> tuple[Decimal, Decimal, Decimal]:
    return note.net_amount, note.tax_amount, note.gross_amount


def test_the_difference_alone_is_credited_at_the_lines_own_rate(billed: Operator) -> None:  # noqa: F811
    billed.bring(session("A1", energy_kwh="9"))
    decision = decide(billed, "A1")
    note = SettledDifference.objects.get(decided__decision=decision).credit_note
    # 4.00 was billed with 0.67 tax, 3.60 it costs now: 0.40 goes back, and of the tax 0.67 * 0.40 / 4.00 = 0.067.
    assert columns(note) == (D("0.33"), D("0.07"), D("0.40"))
    assert (note.corrects.number, note.correction.reason) == ("R-000001", "The meter was read again")
    assert (note.correction.open_amount, note.correction.returned_amount) == (D("0.40"), 0)
    assert differences() == {}
    assert Chargeable.objects.get(pk=pk("A1")).state == "DOCUMENTED"
    right()
    # Priced anew, it is no difference any more: what is left on the document is what it costs.
    price_anew(billed)
    assert differences() == {}
    right()


def test_it_may_change_again_and_only_what_is_left_counts(billed: Operator) -> None:  # noqa: F811
    billed.bring(session("A1", energy_kwh="9"))
    decide(billed, "A1")
    billed.bring(session("A1", energy_kwh="8"))
    (one,) = changed(waiting(billed.entity))
    assert (one.left.gross, one.now, one.change) == (D("3.60"), D("3.20"), D("-0.40"))
    decision = decide(billed, "A1", key="k2")
    # Of 0.67 tax 0.67 * 0.80 / 4.00 = 0.134 went back by then, 0.07 of it before.
    assert columns(SettledDifference.objects.get(decided__decision=decision).credit_note) == (D("0.34"), D("0.06"), D("0.40"))
    right()
    # Back at its first price it costs more than what is left, though it is the price of its line.
    billed.bring(session("A1"))
    (one,) = changed(waiting(billed.entity))
    assert (one.left.gross, one.change, one.why_not("CREDIT")[:23]) == (D("3.20"), D("0.80"), "It would cost more now:")
    decide(billed, "A1", key="k3", way="AGAIN")
    billed.issue()
    again = Document.objects.get(number="R-000003")
    assert (again.gross_amount, again.lines.get().cdr.gross_amount) == (D("4.00"), D("4.00"))
    right()
    # What was credited before belongs to a document that is history now.
    price_anew(billed)
    assert differences() == {}


def test_what_was_paid_goes_back(billed: Operator) -> None:  # noqa: F811
    received(billed, "4.00", (Document.objects.get(number="R-000001"), "4.00"))
    billed.bring(session("A1", energy_kwh="9"))
    # A credit of nobody known is a refund.
    decide(billed, "A1", returned_to="CREDIT")
    due = RefundDue.objects.get()
    assert (due.amount, due.document.number) == (D("0.40"), "R-000001")
    right()


def test_of_a_business_the_net_is_what_differs(billed: Operator) -> None:  # noqa: F811
    # 3.31 kWh were 1.10 net; 3 kWh are 1.00.
    billed.bring(session("B1", token="T-Brewery", energy_kwh="3"))
    note = SettledDifference.objects.get(decided__decision=decide(billed, "B1")).credit_note
    assert (note.net_amount, note.tax_amount) == (D("0.10"), D("0.02"))
    right()


def test_a_group_goes_on_one_credit_note_for_each_document(billed: Operator) -> None:  # noqa: F811
    billed.bring(
        session("A1", energy_kwh="9"),
        session("M1", token="T-Ada", energy_kwh="10"),
        session("M2", day="2018-09-20", token="T-Ada", energy_kwh="0.20"),
        session("A2", day="2018-09-07", energy_kwh="12"),
    )
    decision = decide(billed, "A1", "A2", "M1", "M2")
    # 4.00 - 3.60; 4.94 - 4.00 and 0.13 - 0.08 are Ada's. A2 costs more now and stays.
    notes = {note.corrects.number: note.gross_amount for note in Document.objects.filter(kind="CREDIT_NOTE")}
    assert notes == {"R-000001": D("0.40"), of_ada().number: D("0.99")}
    assert (decision.count, decision.amounts) == (3, {"GBP": "1.39"})
    assert differences() == {"A2": (D("3.00"), D("4.80"))}
    event = AuditEvent.objects.get(action="difference.decide")
    assert (event.summary, event.reason) == (
        "Credit the difference: 3 sessions changed after billing",
        "The meter was read again",
    )
    right()


def of_ada() -> Document:
    return Document.objects.get(customer__name="Ada", kind="INVOICE")


def test_what_costs_more_is_only_billed_again_whole(billed: Operator) -> None:  # noqa: F811
    billed.bring(session("A1", energy_kwh="12"))
    before = Document.objects.count(), DifferenceDecision.objects.count()
    with pytest.raises(UserError, match="It would cost more now") as error:
        decide(billed, "A1")
    assert error.value.code == "way_closed"
    assert (Document.objects.count(), DifferenceDecision.objects.count()) == before

    decide(billed, "A1", way="AGAIN")
    assert Chargeable.objects.get(pk=pk("A1")).state == "READY"
    billed.issue()
    assert Document.objects.get(number="R-000003").gross_amount == D("4.80")
    right()


def test_left_as_it_is_it_is_no_difference_until_it_is_another(billed: Operator) -> None:  # noqa: F811
    billed.bring(session("A1", energy_kwh="12"))
    documents = list(Document.objects.order_by("pk").values())
    decide(billed, "A1", way="LEAVE", reason="Too little to ask for")
    assert differences() == {}
    price_anew(billed)
    assert differences() == {}
    assert list(Document.objects.order_by("pk").values()) == documents
    billed.bring(session("A1", energy_kwh="12.5"))
    assert differences() == {"A1": (D("4.00"), D("5.00"))}
    right()


def test_credited_to_nothing_it_is_credited_whole(billed: Operator) -> None:  # noqa: F811
    # 0.01 kWh cost 0.004, which is 0.00.
    billed.bring(session("M2", day="2018-09-20", token="T-Ada", energy_kwh="0.01"))
    (one,) = changed(waiting(billed.entity))
    assert (one.left.gross, one.now) == (D("0.13"), 0)
    decide(billed, "M2")
    assert Chargeable.objects.get(pk=pk("M2")).state == "CREDITED"
    price_anew(billed)
    assert differences() == {}
    right()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("customer", "It would be billed to somebody else."),
        ("rate", "Its tax rate is another one now"),
        ("no price", "It would have no price now"),
        ("held", "It would not be ready to bill now"),
        ("facts", "What is left on its document is what it would cost now."),
    ],
)
def test_where_a_difference_says_nothing_it_can_not_be_credited(billed: Operator, change: str, says: str) -> None:  # noqa: F811
    if change == "customer":
        Token.objects.create(
            entity=billed.entity,
            uid="T-New",
            customer=Customer.objects.create(entity=billed.entity, kind=CustomerKind.MEMBER, name="New", number="C-New"),
        )
        billed.bring(session("A1", token="T-New", energy_kwh="9"))
    elif change == "rate":
        TaxRule.objects.update(rate=10)
        price_anew(billed)
    elif change == "no price":
        TaxRule.objects.all().delete()
        price_anew(billed)
    elif change == "held":
        billed.bring(session("A1", energy_kwh="9", meter_start_kwh="10", meter_stop_kwh="12"))
    else:
        billed.bring(session("A1", energy_kwh="9"))
        billed.bring(session("A1"))
    before = Document.objects.count(), BilledDifference.objects.count()
    with pytest.raises(UserError) as error:
        decide(billed, "A1")
    assert (error.value.code, error.value.message[: len(says)]) == ("way_closed", says)
    assert (Document.objects.count(), BilledDifference.objects.count()) == before


def test_above_the_limit_a_second_person_confirms(billed: Operator) -> None:  # noqa: F811
    CheckSettings.objects.create(entity=billed.entity, four_eyes_above=D("0.50"))
    billed.bring(session("A1", energy_kwh="9"), session("A2", day="2018-09-07", energy_kwh="7"))
    anna, ben = person("anna"), person("ben")
    # 0.40 and 0.20 together are above 0.50.
    decision = decide(billed, "A1", "A2", actor=anna)
    assert (decision.needs_second, decision.state, Document.objects.filter(kind="CREDIT_NOTE").count()) == (True, "waits", 0)
    with pytest.raises(UserError) as error:
        decide(billed, "A1", key="k2", way="LEAVE")
    assert error.value.code == "already_decided"
    with pytest.raises(UserError) as error:
        pipeline.confirm_differences(decision=decision, accepted=True, actor=anna, at=AT)
    assert error.value.code == "own_decision"

    # A2 changed meanwhile: the decision was not about that.
    billed.bring(session("A2", day="2018-09-07", energy_kwh="6"))
    pipeline.confirm_differences(decision=decision, accepted=True, actor=ben, at=AT)
    assert [columns(note) for note in Document.objects.filter(kind="CREDIT_NOTE")] == [(D("0.33"), D("0.07"), D("0.40"))]
    assert differences() == {"A2": (D("3.00"), D("2.40"))}
    said = AuditEvent.objects.get(action="difference.confirm").summary
    assert said == "Confirmed: Credit the difference, 2 sessions, 1 of them left out: changed since"
    with pytest.raises(UserError) as error:
        pipeline.confirm_differences(decision=decision, accepted=True, actor=ben, at=AT)
    assert error.value.code == "already_confirmed"
    right()


def test_refused_by_the_second_person_it_waits_as_before(billed: Operator) -> None:  # noqa: F811
    CheckSettings.objects.create(entity=billed.entity, four_eyes_above=D("0.30"))
    billed.bring(session("A1", energy_kwh="9"))
    decision = decide(billed, "A1", way="LEAVE", actor=person("anna"))
    assert decision.needs_second
    pipeline.confirm_differences(decision=decision, accepted=False, actor=person("ben"), at=AT)
    assert list(waiting(billed.entity).values_list("pk", flat=True)) == [pk("A1")]
    assert DifferenceDecision.objects.get().state == "refused"
    # 0.40 is above the limit, 0.20 not.
    billed.bring(session("A1", energy_kwh="9.5"))
    assert not decide(billed, "A1", key="k2", way="LEAVE", actor=person("anna")).needs_second


def test_the_same_form_again_gives_the_same_decision(billed: Operator) -> None:  # noqa: F811
    billed.bring(session("A1", energy_kwh="9"))
    first = decide(billed, "A1")
    assert decide(billed, "A1") == first
    assert Document.objects.filter(kind="CREDIT_NOTE").count() == 1
    with pytest.raises(UserError) as error:
        decide(billed, "A1", reason="Another one")
    assert error.value.code == "decision_key_used"
    right()


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"reason": " "}, "reason_missing"),
        ({"reason": "x" * 301}, "reason_too_long"),
        ({"way": "CHARGE"}, "way_missing"),
        ({"returned_to": ""}, "returned_to"),
        ({"session_ids": []}, "already_decided"),
    ],
)
def test_wrong_input_changes_nothing(billed: Operator, more: dict[str, Any], code: str) -> None:  # noqa: F811
    billed.bring(session("A1", energy_kwh="9"))
    before = Document.objects.count(), Cdr.objects.count(), JournalEntry.objects.count()
    with pytest.raises(UserError) as error:
        decide(billed, "A1", **more)
    assert (error.value.code, error.value.message[-20:]) == (code, "Nothing was changed.")
    assert (Document.objects.count(), Cdr.objects.count(), JournalEntry.objects.count()) == before
    assert not DifferenceDecision.objects.exists()


def test_another_companys_differences_are_not_ours(billed: Operator, tmp_path: Path) -> None:  # noqa: F811
    billed.bring(session("A1", energy_kwh="9"))
    with pytest.raises(UserError) as error:
        decide(billed, "A1", entity=make_operator(tmp_path, "Other").entity)
    assert error.value.code == "already_decided"


def test_in_closed_books_all_of_it_is_refused(billed: Operator) -> None:  # noqa: F811
    billed.bring(session("A1", energy_kwh="9"))
    AccountingPeriod.objects.create(entity=billed.entity, first_day=date(2018, 10, 1), state="CLOSED")
    with pytest.raises(UserError) as error:
        decide(billed, "A1")
    assert error.value.code == "period_closed"
    assert not DifferenceDecision.objects.exists()
    assert differences() == {"A1": (D("4.00"), D("3.60"))}


def test_decisions_never_change_and_nothing_is_done_before_the_second_word(billed: Operator) -> None:  # noqa: F811
    CheckSettings.objects.create(entity=billed.entity, four_eyes_above=D("0.30"))
    billed.bring(session("A1", energy_kwh="9"))
    anna = person("anna")
    decision = decide(billed, "A1", actor=anna)
    (decided,) = DecidedDifference.objects.all()
    with pytest.raises(IntegrityError, match="once it is confirmed"), transaction.atomic():
        SettledDifference.objects.create(decided=decided, at=AT)
    with pytest.raises(IntegrityError, match="a second person"), transaction.atomic():
        DifferenceConfirmation.objects.create(decision=decision, accepted=True, by=anna, at=AT)
    assert "never change" in refused("UPDATE billing_differencedecision SET reason = 'x'")
    assert "never change" in refused("UPDATE billing_decideddifference SET left_amount = 1")
    assert "never deleted" in refused("DELETE FROM billing_decideddifference")


def test_reading_takes_as_many_queries_for_many_as_for_one(billed: Operator) -> None:  # noqa: F811
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert all(one.document for one in changed(waiting(billed.entity).select_related("session__chargeable")))
        return len(captured)

    billed.bring(session("A1", energy_kwh="9"))
    before = queries()
    TaxRule.objects.update(rate=10)
    price_anew(billed)
    assert (before, queries()) == (5, 5)
