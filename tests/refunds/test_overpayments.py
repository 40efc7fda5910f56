"""What was paid too much goes back: a receipt that is matched with nothing, and a customer's credit."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from billing import payments
from billing.models import Payment, PaymentAllocation, RefundDue
from billing.operations.payment_entries import Part
from billing.operations.payment_refunds import give_back_credit, give_back_unmatched
from billing.operations.payment_reversals import take_back_match, take_back_payment
from billing.refunds import payee_accounts
from chargebill.core.models import User
from tests.documents.conftest import AT, Operator
from tests.payments.bank_text import row
from tests.payments.conftest import ADA, balance, bank, legs, of, received
from tests.refunds.conftest import ADAS, owed, sent
from tests.refunds.test_refunding import by_hand, clean, refused

D = Decimal


def unmatched(payment: Payment, amount: str, key: str = "k", reason: str = "paid twice") -> RefundDue:
    return give_back_unmatched(payment=payment, amount=D(amount), key=key, reason=reason, actor=None, at=AT)


def credit(allocation: PaymentAllocation, amount: str, key: str = "k", reason: str = "wants it back") -> RefundDue:
    return give_back_credit(allocation=allocation, amount=D(amount), key=key, reason=reason, actor=None, at=AT)


def test_money_that_is_matched_with_nothing_is_owed_back(billed: Operator) -> None:
    payment = received(billed, "9", (of("Ada"), ADA))
    due = unmatched(payment, "3")
    assert unmatched(payment, "3") == due
    assert (due.amount, due.customer, due.document, due.source_type) == (3, None, None, "payment")
    assert legs()[1:] == [[("2090", D(3), None), ("2050", D(-3), None)]]
    assert payments.unmatched_of(payment) == D("0.93")
    refused("over_received", lambda: unmatched(payment, "0.94", key="more"))
    refused("due_key_used", lambda: unmatched(payment, "2"))
    refused("reason_missing", lambda: unmatched(payment, "0.1", key="x", reason=" "))
    by_hand(due, "3")
    assert (balance("2050"), balance("2090"), balance("1000")) == (0, D("-0.93"), 6)
    clean()


def test_a_part_of_a_customers_credit_is_owed_back_and_the_rest_stays(billed: Operator) -> None:
    ada = billed.customers["Ada"]
    payment = received(billed, "9", parts=[Part(ADA, document=of("Ada")), Part(D("3.93"), customer=ada)])
    allocation = payment.allocations.get(document=None)
    refused("over_received", lambda: credit(allocation, "3.94"))
    due = credit(allocation, "3")
    assert credit(allocation, "3") == due
    assert due.customer == ada
    assert legs()[1:] == [[("2000", D(3), ada.pk), ("2050", D(-3), ada.pk)]]
    refused("no_credit", lambda: credit(allocation, "0.5", key="again"))
    refused("no_credit", lambda: credit(payment.allocations.get(document=of("Ada")), "1", key="document"))
    rest = payment.allocations.get(amount=D("0.93"))
    credit(rest, "0.93", key="rest")
    assert (balance("2000"), balance("2050"), balance("2090")) == (0, D("-3.93"), 0)
    clean()


def test_what_is_owed_back_by_mistake_is_taken_back_until_it_is_on_its_way(billed: Operator, people: tuple[User, User]) -> None:
    payment = received(billed, "9", method="CASH")
    first, second = unmatched(payment, "4"), unmatched(payment, "5", key="second")
    part = payment.allocations.get(due=first)
    take_back_match(allocation=part, reason="he keeps it", actor=None, at=AT)
    assert (payments.unmatched_of(payment), balance("2050"), balance("2090")) == (4, -5, -4)
    refused("not_owed", lambda: by_hand(first, "4"))
    sent(billed, people, (second,))
    part = payment.allocations.get(due=second)
    refused("goes_back", lambda: take_back_match(allocation=part, reason="no", actor=None, at=AT))
    refused("goes_back", lambda: take_back_payment(payment=payment, reason="no", actor=None, at=AT))
    clean()


def test_the_database_refuses_what_the_code_would(billed: Operator) -> None:
    payment = received(billed, "9")
    due = unmatched(payment, "4")
    given = {"payment": payment, "amount": D(4), "booked_on": AT.date(), "made_at": AT, "due": due}
    with pytest.raises(IntegrityError, match="owed once, to the same amount"), transaction.atomic():
        PaymentAllocation.objects.create(key="raw", **given)
    mine = payment.allocations.get()
    with pytest.raises(IntegrityError, match="taken back before its match"), transaction.atomic():
        PaymentAllocation.objects.create(key="raw", reverses=mine, **{**given, "amount": D(-4)})
    with pytest.raises(IntegrityError, match="taken back whole"), transaction.atomic():
        PaymentAllocation.objects.create(
            key="raw", reverses=mine, **{**given, "amount": D(-4), "due": None, "customer": billed.customers["Ada"]}
        )


def test_the_payers_account_is_known_from_the_bank(billed: Operator) -> None:
    ada = of("Ada")
    one, two = bank(billed, row("5.07", name="A. Lovelace", counterparty=ADAS), row("9", counterparty="12345678"))
    received(billed, ADA, (ada, ADA), bank_line=one, received_on=one.booked_on, customer=ada.customer)
    payment = received(billed, "9", bank_line=two, received_on=two.booked_on)
    of_document, of_customer = owed(billed), owed(billed, document=None)
    of_payment, of_nobody = unmatched(payment, "2"), owed(billed, "1", who="Brewery")
    assert payee_accounts([of_document, of_customer, of_payment, of_nobody]) == {
        of_document.pk: ("A. Lovelace", ADAS),
        of_customer.pk: ("A. Lovelace", ADAS),
        of_payment.pk: ("", "12345678"),
    }
