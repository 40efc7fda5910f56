"""Many people refund the same due at the same moment: never more goes back than is owed, and the books stay clean.

On PostgreSQL they run beside each other; on SQLite one writes at a time, in whatever order they come.
"""

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection

from billing.book_checks import check_books
from billing.models import Refund, RefundBankLine, RefundDue
from billing.operations.payment_refunds import give_back_unmatched
from billing.operations.payment_reversals import take_back_match
from billing.operations.refund_lines import confirm_refunds
from billing.operations.refund_moves import mark_failed, mark_paid, pay_by_hand
from chargebill.core.models import User
from tests.at_once import AtOnce
from tests.documents.conftest import AT, Operator, make_operator
from tests.payments.bank_text import row
from tests.payments.conftest import balance, bank, received
from tests.refunds.conftest import ADAS, listed, owed, sent

FULL = bool(os.environ.get("CHARGEBILL_PROVE"))
ON_SQLITE = connection.vendor == "sqlite"
ROUNDS = (100 if ON_SQLITE else 1000) if FULL else 5
# A thread and a connection each.
PEOPLE = 32 if FULL and not ON_SQLITE else 8

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def hand(due: RefundDue, key: str, amount: str) -> Callable[[], object]:
    given = {"method": "CASH", "paid_on": AT.date(), "actor": None, "at": AT}
    return lambda: pay_by_hand(due=due, key=key, amount=Decimal(amount), **given)


def clean() -> None:
    assert [(one.check, one.message) for one in check_books().breaks] == []


def given_back() -> Decimal:
    return sum(Refund.objects.filter(state="SUCCEEDED").values_list("amount", flat=True), Decimal(0))


def test_of_many_refunds_of_one_due_only_as_many_go_through_as_are_owed(at_once: AtOnce, tmp_path: Path) -> None:
    operator = make_operator(tmp_path)
    anna = User.objects.create(username="anna")
    for _ in range(ROUNDS):
        due = owed(operator, "5.00", document=None)
        # By hand and on lists, 2.00 each: two of them fit, whoever comes first.
        deeds = [
            hand(due, f"h{n}", "2.00") if n % 2 else lambda due=due: listed(operator, anna, (due, "2.00", "Ada", ADAS))
            for n in range(PEOPLE)
        ]
        said = at_once(*deeds)
        assert (said.count("done"), set(said)) == (2, {"done", "over_due"})
        live = due.refunds.exclude(state__in=("FAILED", "WITHDRAWN")).values_list("amount", flat=True)
        assert sum(live, Decimal(0)) == 4
    assert balance("1000") == -given_back()
    clean()


def test_the_same_refund_sent_twice_at_once_counts_once(at_once: AtOnce, tmp_path: Path) -> None:
    operator = make_operator(tmp_path)
    for number in range(ROUNDS):
        due = owed(operator, "1.00", document=None)
        assert at_once(*[hand(due, f"k{number}", "1.00")] * 2) == ["done"] * 2
    assert Refund.objects.count() == ROUNDS
    assert balance("1000") == -ROUNDS
    clean()


def test_paid_by_hand_and_by_the_bank_at_once_is_booked_once(at_once: AtOnce, tmp_path: Path) -> None:
    operator = make_operator(tmp_path)
    people = (User.objects.create(username="anna"), User.objects.create(username="ben"))
    for number in range(ROUNDS):
        (refund,) = sent(operator, people, (owed(operator, "1.00", document=None), "1.00", "Ada", ADAS))
        line = bank(operator, row("-1.00", f"payment {number}"))[-1]
        said = at_once(
            lambda refund=refund: mark_paid(refund=refund, paid_on=AT.date(), actor=None, at=AT),
            lambda refund=refund, line=line: confirm_refunds(line=line, refunds=[refund], actor=None, at=AT),
        )
        assert said == ["done"] * 2
    assert RefundBankLine.objects.count() == ROUNDS
    assert (balance("1000"), balance("2050")) == (-ROUNDS, 0)
    clean()


def test_failed_and_refunded_anew_at_once_never_gives_back_twice(at_once: AtOnce, tmp_path: Path) -> None:
    operator = make_operator(tmp_path)
    people = (User.objects.create(username="anna"), User.objects.create(username="ben"))
    for number in range(ROUNDS):
        due = owed(operator, "1.00", document=None)
        (refund,) = sent(operator, people, (due, "1.00", "Ada", ADAS))
        mark_paid(refund=refund, paid_on=AT.date(), actor=None, at=AT)
        said = at_once(
            lambda refund=refund: mark_failed(refund=refund, reason="sent back", actor=None, at=AT),
            *[hand(due, f"r{number}:{n}", "1.00") for n in range(2)],
        )
        # Whether the money was owed again before the others looked decides whether one of them gave it back.
        assert said in (["done", "done", "over_due"], ["done", "over_due", "over_due"])
    assert balance("1000") == -given_back()
    clean()


def test_owed_back_and_taken_back_at_once_leaves_one_of_them(at_once: AtOnce, tmp_path: Path) -> None:
    operator: Operator = make_operator(tmp_path)
    for number in range(ROUNDS):
        payment = received(operator, "1.00", method="CASH")
        due = give_back_unmatched(payment=payment, amount=Decimal(1), key="k", reason="twice", actor=None, at=AT)
        part = payment.allocations.get()
        said = at_once(
            hand(due, f"k{number}", "1.00"),
            lambda part=part: take_back_match(allocation=part, reason="he keeps it", actor=None, at=AT),
        )
        assert said in (["done", "goes_back"], ["done", "not_owed"])
    clean()
