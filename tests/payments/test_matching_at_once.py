"""Clerks match the same receipt, or the same document, at the same moment: one wins, the other is told."""

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from billing import payments
from billing.document_models import Document
from billing.models import BankLine, Payment, PaymentAllocation
from billing.operations.bank_files import take_in_bank_file, upload_bank_file
from billing.operations.payment_entries import Part
from billing.operations.payments import match_payment
from tests.at_once import AtOnce
from tests.documents.conftest import AT, make_operator, session
from tests.payments.bank_text import own, row
from tests.payments.conftest import balance, of, received

ROUNDS = 1000 if os.environ.get("CHARGEBILL_PROVE") else 5
# Each match runs in a thread with a connection of its own.
CLERKS = 8

pytestmark = [pytest.mark.postgresql, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_of_two_clerks_with_one_receipt_one_is_told(at_once: AtOnce, tmp_path: Path) -> None:
    operator = make_operator(tmp_path)
    operator.bring(*large("Ada"), *large("Brewery"))
    operator.issue()
    content = own(*(row("0.50", f"{n}") for n in range(ROUNDS)))
    file = upload_bank_file(entity=operator.entity, name="b.csv", content=content, actor=None, at=AT)
    assert at_once(*[lambda: take_in_bank_file(file=file, actor=None, at=AT)] * 3) == ["done"] * 3
    assert BankLine.objects.count() == ROUNDS
    for line in BankLine.objects.select_related("account"):
        given = {"bank_line": line, "received_on": line.booked_on}
        said = at_once(
            lambda given=given: received(operator, "0.50", (of("Ada"), "0.50"), **given),
            lambda given=given: received(operator, "0.50", (of("Brewery"), "0.50"), **given),
        )
        assert said == ["done", "line_taken"]
    assert balance("1000") == Decimal("0.50") * ROUNDS == Decimal("0.50") * Payment.objects.count()


def test_many_at_once_never_allocate_more_than_is_open_or_came_in(at_once: AtOnce, tmp_path: Path) -> None:
    operator = make_operator(tmp_path)
    for number in range(ROUNDS if ROUNDS < 50 else 50):
        operator.bring(session(f"M{number}", token="T-Ada"), session(f"B{number}", token="T-Brewery"))
        operator.issue()
        ada, brewery = of_newest("Ada"), of_newest("Brewery")
        payment = received(operator, "6.00")

        def match(key: str, *documents: object, payment: Payment = payment) -> Callable[[], object]:
            parts = [Part(Decimal("1.50"), document=document) for document in documents]
            return lambda: match_payment(payment=payment, key=key, parts=parts, actor=None, at=AT)

        # Both orders, so that a lock taken in the wrong one would deadlock.
        said = at_once(*[match(f"k{n}", *((ada, brewery) if n % 2 else (brewery, ada))) for n in range(CLERKS)])
        # 4.00 is open on each: two of eight fit in it, and in the 6.00 that came in.
        assert said.count("done") == 2
        assert set(said) <= {"done", "over_open", "over_received"}
        assert payments.unmatched_of(Payment.objects.get(pk=payment.pk)) == 0
        assert payments.open_amounts([ada.pk, brewery.pk]) == {ada.pk: Decimal("1.00"), brewery.pk: Decimal("1.00")}
    assert balance("2090") == 0


def test_the_same_match_sent_twice_at_once_counts_once(at_once: AtOnce, tmp_path: Path) -> None:
    operator = make_operator(tmp_path)
    operator.bring(*large("Ada"))
    operator.issue()
    for number in range(ROUNDS):
        key = f"once:{number}"
        assert at_once(*[lambda key=key: received(operator, "0.25", (of("Ada"), "0.25"), key=key)] * 2) == ["done"] * 2
    assert Payment.objects.count() == PaymentAllocation.objects.count() == ROUNDS


def of_newest(who: str) -> Document:
    return Document.objects.select_related("customer").filter(customer__name=who).order_by("-pk").first()


def large(who: str) -> list[str]:
    """Sessions of 8.00 each, enough for an invoice that every round can take 0.50 of."""
    return [session(f"{who}{n}", token=f"T-{who}", energy_kwh="20") for n in range(ROUNDS // 15 + 1)]
