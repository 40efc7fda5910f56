"""Corrections, refunds and matches taken back at the same moment: never more given back than was received, books clean."""

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from billing.book_checks import check_books
from billing.credits import lines_left, money_left
from billing.document_models import Document
from billing.models import PaymentAllocation, Refund, RefundDue
from billing.operations.credits import correct
from billing.operations.payment_reversals import take_back_match
from billing.operations.refund_moves import pay_by_hand
from tests.at_once import AtOnce
from tests.documents.conftest import AT, make_operator, session
from tests.payments.conftest import received

ROUNDS = 1000 if os.environ.get("CHARGEBILL_PROVE") else 3
WAYS = {"part": 12, "whole": 8, "refund": 8, "unmatch": 4}

pytestmark = [pytest.mark.postgresql, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def deeds(document: Document, allocation: PaymentAllocation) -> list[Callable[[], object]]:
    """Thirty-two of them, each with a key of its own; refunds take whatever is owed when they come to it."""
    line = document.lines.get()

    def credit(key: str, amount: str) -> Callable[[], object]:
        given = {line.pk: Decimal(amount)} if amount else None
        return lambda: correct(
            document=document, key=key, amounts=given, reason="At once", returned_to="REFUND", actor=None, at=AT
        )

    def refund(key: str) -> Callable[[], object]:
        def pay() -> None:
            for due in RefundDue.objects.filter(document=document).order_by("pk"):
                pay_by_hand(due=due, key=key, amount=due.amount, method="CASH", paid_on=AT.date(), actor=None, at=AT)

        return pay

    def unmatch() -> None:
        take_back_match(allocation=allocation, reason="At once", actor=None, at=AT)

    return [
        *[credit(f"part:{n}", "0.50") for n in range(WAYS["part"])],
        *[credit(f"whole:{n}", "") for n in range(WAYS["whole"])],
        *[refund(f"refund:{n}") for n in range(WAYS["refund"])],
        *[unmatch] * WAYS["unmatch"],
    ]


def test_refund_against_correction_gives_back_no_more_than_was_received(at_once: AtOnce, tmp_path: Path) -> None:
    operator = make_operator(tmp_path)
    operator.bring(*[session(f"A{n}") for n in range(ROUNDS)])
    operator.issue()
    ends = set()
    for document in Document.objects.order_by("pk"):
        (allocation,) = received(operator, "4.00", (document, "4.00")).allocations.all()
        said = at_once(*deeds(document, allocation))
        assert set(said) <= {"done", "over_line", "nothing_left", "over_due", "given_back", "already_taken_back"}
        # Whole corrections leave nothing; of the money nothing is missing and nothing came from nowhere.
        assert [one.left_on("GROSS") for one in lines_left(document)] == [0]
        money = money_left(document)
        notes = sum(document.credit_notes.values_list("gross_amount", flat=True))
        returned = sum(document.corrections.values_list("returned_amount", flat=True))
        owed = sum(RefundDue.objects.filter(document=document).values_list("amount", flat=True))
        refunded = sum(Refund.objects.filter(due__document=document).values_list("amount", flat=True))
        assert (money.open, money.kept, notes) == (0, 0, 4)
        assert refunded <= owed == returned <= 4
        ends.add(returned)
    assert [(one.check, one.message) for one in check_books().breaks] == []
    # Both orders happened: money that went back, and matches taken back before anything did.
    assert ROUNDS < 1000 or ends >= {Decimal(0), Decimal(4)}
