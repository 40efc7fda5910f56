"""What is owed goes back once: by hand, through a list, confirmed, failed and owed again; and what the books say of it."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from billing.book_checks import check_books
from billing.models import AccountingPeriod, JournalEntry, PayoutList, Refund, RefundDue, RefundEvent
from billing.operations.payouts import discard_payout_list, release_payout_list
from billing.operations.refund_moves import mark_failed, mark_paid, pay_by_hand, prepare_refund
from billing.refunds import left_of, with_state
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent, User
from tests.documents.conftest import AT, Operator, make_operator
from tests.payments.conftest import balance, legs, of
from tests.refunds.conftest import ADAS, listed, owed, own_account, sent

D = Decimal


def state(due: RefundDue) -> tuple[str, Decimal]:
    found = with_state(RefundDue.objects.filter(pk=due.pk)).get()
    assert abs(found.left - left_of([due.pk])[due.pk]) < D("0.0005")
    return found.state, left_of([due.pk])[due.pk]


def everything() -> list[object]:
    models = (Refund, RefundDue, RefundEvent, PayoutList, JournalEntry, AuditEvent)
    return [list(model.objects.order_by("pk").values()) for model in models]


def refused(code: str, does: Callable[[], object]) -> UserError:
    before = everything()
    with pytest.raises(UserError) as caught:
        does()
    assert (caught.value.code, everything()) == (code, before)
    return caught.value


def by_hand(due: RefundDue, amount: str, **more: object) -> Refund:
    given = {"due": due, "key": amount, "amount": D(amount), "method": "BANK", "paid_on": AT.date(), "actor": None, "at": AT}
    return pay_by_hand(**{**given, **more})  # type: ignore[arg-type]


def clean() -> None:
    assert [(one.check, one.message) for one in check_books().breaks] == []


def test_what_was_given_back_by_hand_is_booked_from_where_it_left(billed: Operator) -> None:
    due, who = owed(billed), billed.customers["Ada"].pk
    for amount, method in (("1", "BANK"), ("2", "CASH"), ("0.07", "TERMINAL")):
        by_hand(due, amount, method=method)
    assert legs("refund") == [
        [("2050", D(1), who), ("1000", D(-1), None)],
        [("2050", D(2), who), ("1000", D(-2), None)],
        [("2050", D("0.07"), who), ("1055", D("-0.07"), None)],
    ]
    assert state(due) == ("part", D(2))
    by_hand(due, "2.00", key="rest")
    assert (state(due), balance("2050")) == (("paid", 0), 0)
    clean()


def test_never_more_goes_back_than_is_owed(billed: Operator, people: tuple[User, User]) -> None:
    due = owed(billed)
    refused("over_due", lambda: by_hand(due, "5.08"))
    (refund,) = sent(billed, people, (due, "3"))
    refused("over_due", lambda: by_hand(due, "2.08"))
    refused("over_due", lambda: listed(billed, people[0], (due, "1"), (due, "1.08")))
    for amount in ("0", "-1", "1.005", "NaN"):
        refused("amount", lambda amount=amount: by_hand(due, amount))
    mark_failed(refund=refund, reason="account closed", actor=None, at=AT)
    assert state(due) == ("failed", D("5.07"))
    by_hand(due, "5.07")
    assert state(due) == ("paid", 0)


def test_the_same_intent_counts_once(billed: Operator, people: tuple[User, User]) -> None:
    due = owed(billed)
    assert by_hand(due, "2") == by_hand(due, "2")
    refused("refund_key_used", lambda: by_hand(due, "3", key="2"))
    one = listed(billed, people[0], (due, "1"), key="once")
    assert listed(billed, people[0], (due, "1"), key="once") == one
    for _ in range(2):
        release_payout_list(payout_list=one, actor=people[1], at=AT)
    refund = one.refunds.get()
    for _ in range(2):
        mark_paid(refund=refund, paid_on=AT.date(), actor=None, at=AT)
    for _ in range(2):
        mark_failed(refund=refund, reason="sent back", actor=None, at=AT)
    assert [event.state for event in refund.events.all()] == ["SENT", "SUCCEEDED", "FAILED"]
    assert (state(due), balance("2050"), balance("1000")) == (("part", D("3.07")), D("-3.07"), D(-2))
    clean()


def test_a_list_is_released_by_somebody_else_and_only_then_sent(billed: Operator, people: tuple[User, User]) -> None:
    anna, ben = people
    made = listed(billed, anna, (owed(billed),), (owed(billed, "1", who="Brewery"), "1", "Brewery", ADAS))
    assert (made.count, made.total, made.state, made.reference) == (2, D("6.07"), "PREPARED", f"CBL-{made.pk:06}")
    refused("same_person", lambda: release_payout_list(payout_list=made, actor=anna, at=AT))
    assert state(made.refunds.first().due) == ("listed", 0)
    release_payout_list(payout_list=made, actor=ben, at=AT)
    assert state(made.refunds.first().due) == ("sent", 0)
    refused("list_released", lambda: discard_payout_list(payout_list=made, actor=anna, at=AT))
    assert legs("refund") == []
    other = listed(billed, anna, (owed(billed),))
    with pytest.raises(IntegrityError, match="payout_list_by_two_people"), transaction.atomic():
        PayoutList.objects.filter(pk=other.pk).update(released_by=anna, released_at=AT)


def test_a_discarded_list_leaves_everything_owed(billed: Operator, people: tuple[User, User]) -> None:
    due = owed(billed)
    made = listed(billed, people[0], (due,))
    for _ in range(2):
        discard_payout_list(payout_list=made, actor=people[0], at=AT)
    assert state(due) == ("owed", D("5.07"))
    refused("list_discarded", lambda: release_payout_list(payout_list=made, actor=people[1], at=AT))
    assert listed(billed, people[0], (due,)).state == "PREPARED"


def test_a_list_says_what_is_wrong_with_it(billed: Operator, people: tuple[User, User], tmp_path) -> None:
    anna, due = people[0], owed(billed)
    refused("nothing_chosen", lambda: listed(billed, anna))
    refused("execution_on", lambda: listed(billed, anna, (due,), execution_on=AT.date() - timedelta(days=1)))
    refused("execution_on", lambda: listed(billed, anna, (due,), execution_on=AT.date() + timedelta(days=91)))
    refused("payout_account", lambda: listed(billed, anna, (due,), account=own_account(billed, "EUR", ADAS)))
    refused("payee_name", lambda: listed(billed, anna, (due, "1", "  ", ADAS)))
    refused("payee_name", lambda: listed(billed, anna, (due, "1", "a" * 71, ADAS)))
    refused("account", lambda: listed(billed, anna, (due, "1", "Ada", "DE03500105170137075030")))
    refused("account", lambda: listed(billed, anna, (due, "1", "Ada", "")))
    other = make_operator(tmp_path / "..", "Forth Charging")
    refused("payout_currency", lambda: listed(other, anna, (due,), account=None))


def test_what_failed_after_it_was_paid_is_taken_back_in_the_books_and_owed_again(
    billed: Operator, people: tuple[User, User]
) -> None:
    due = owed(billed)
    (refund,) = sent(billed, people, (due,))
    mark_paid(refund=refund, paid_on=date(2018, 10, 1), actor=None, at=AT)
    entry = JournalEntry.objects.get(source_type="refund")
    assert (entry.effective_date, entry.document_no) == (date(2018, 10, 1), of("Ada").number)
    refused("reason_missing", lambda: mark_failed(refund=refund, reason=" ", actor=None, at=AT))
    mark_failed(refund=refund, reason="account closed", actor=None, at=AT + timedelta(days=3))
    back = JournalEntry.objects.get(reverses=entry)
    assert (back.effective_date, balance("1000"), balance("2050")) == (date(2018, 10, 5), 0, -due.amount)
    assert state(due) == ("failed", D("5.07"))
    refused("refund_state", lambda: mark_paid(refund=refund, paid_on=AT.date(), actor=None, at=AT))
    clean()


def test_a_refund_of_a_closed_month_is_booked_today_and_none_on_a_day_to_come(billed: Operator) -> None:
    AccountingPeriod.objects.create(entity=billed.entity, first_day=date(2018, 9, 1), state="CLOSED")
    due = owed(billed)
    by_hand(due, "1", paid_on=date(2018, 9, 28))
    assert JournalEntry.objects.get(source_type="refund").effective_date == AT.date()
    refused("paid_on", lambda: by_hand(due, "2", paid_on=AT.date() + timedelta(days=1)))
    refused("refund_method", lambda: by_hand(due, "2", method="GATEWAY"))


def test_the_database_refuses_what_the_code_would(billed: Operator, people: tuple[User, User]) -> None:
    due = owed(billed)
    (refund,) = sent(billed, people, (due, "3"))
    columns = "due_id, key, amount, method, payee_name, payee_account, gateway, gateway_reference, state, made_at"

    def run(statement: str, *values: object) -> str:
        before = everything()
        with pytest.raises(IntegrityError) as caught, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)
        assert everything() == before
        return str(caught.value)

    def insert(amount: str, state: str = "PENDING", method: str = "BANK", gateway: str = "") -> str:
        return run(
            f"INSERT INTO billing_refund ({columns}) VALUES (%s, 'raw', {amount}, %s, '', '', %s, '', %s, %s)",
            due.pk, method, gateway, state, AT,
        )  # fmt: skip

    assert "more would go back than is owed" in insert("2.08")
    assert "prepared before" in insert("1", "SUCCEEDED")
    assert "refund_above_zero" in insert("0")
    assert "refund_gateway_named" in insert("1", method="GATEWAY")
    assert "than the gateway took" in insert("1", gateway="stripe")
    assert "follows from what happened" in run("UPDATE billing_refund SET state = 'SUCCEEDED'")
    assert "never change" in run("UPDATE billing_refund SET amount = 1")
    assert "never deleted" in run("DELETE FROM billing_refund")
    event = "INSERT INTO billing_refundevent (refund_id, state, reference, reason, made_at) VALUES (%s, %s, '', '', %s)"
    assert "does not go from" in run(event, refund.pk, "WITHDRAWN", AT)
    assert "does not go from" in run(event, refund.pk, "PENDING", AT)
    assert "never change" in run("UPDATE billing_refundevent SET state = 'FAILED'")
    reversal = "INSERT INTO billing_refundduereversal (due_id, booked_on, reason, made_at) VALUES (%s, %s, 'no', %s)"
    assert "stays owed" in run(reversal, due.pk, AT.date(), AT)
    assert "never change" in run("UPDATE billing_payoutlist SET total = 9")
    assert "never change" in run("UPDATE billing_payoutfile SET name = 'other'")


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_refunds_can_not_be_truncated(tmp_path) -> None:
    operator = make_operator(tmp_path)
    due = owed(operator, document=None)
    prepare_refund(due=due, key="1", amount=D(1), method="CASH", actor=None, at=AT)
    for table in ("billing_refunddue", "billing_refundevent", "billing_payoutfile", "billing_refundbankline"):
        with pytest.raises(IntegrityError, match="never deleted"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {table} CASCADE")
    assert Refund.objects.count() == 1


def test_a_refund_taken_back_behind_its_rows_is_found(billed: Operator) -> None:
    from billing.operations.journal import reverse

    by_hand(owed(billed), "5.07")
    reverse(entry=JournalEntry.objects.get(source_type="refund"), effective_date=AT.date(), reason="by hand", actor=None, at=AT)
    found = {(one.check, one.where): one.message for one in check_books().breaks}
    assert "a difference of 5.07" in found["refunds", "account 2050"]
    assert set(found) == {("refunds", "account 2050"), ("receipts", "account 1000")}
