"""Random receipts, matches and reversals against a plain adder that knows nothing of the books or the tables."""

import random
from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from billing import payments
from billing.document_models import Document
from billing.journal_models import Posting
from billing.models import Payment, PaymentAllocation
from billing.operations.payment_entries import Part
from billing.operations.payment_reversals import take_back_match, take_back_payment
from billing.operations.payments import match_payment
from chargebill.core.errors import UserError
from tests.documents.conftest import AT, Operator, session
from tests.payments.conftest import received


class Adder:
    """What is owed, held and credited, in whole pennies, from the deeds alone."""

    def __init__(self, owed: dict[int, int]) -> None:
        self.owed, self.received = dict(owed), 0
        self.left: dict[int, int] = {}
        self.credit: dict[int, int] = defaultdict(int)
        self.parts: dict[int, tuple[int, int | None, int | None, int]] = {}

    def take(self, payment: int, pennies: int) -> None:
        self.received += pennies
        self.left[payment] = pennies

    def allocate(self, allocation: PaymentAllocation, pennies: int) -> None:
        document, customer = allocation.document_id, allocation.customer_id
        self.left[allocation.payment_id] -= pennies
        if document:
            self.owed[document] -= pennies
        else:
            self.credit[customer or 0] += pennies
        self.parts[allocation.pk] = (allocation.payment_id, document, customer, pennies)

    def back(self, allocation: int) -> None:
        payment, document, customer, pennies = self.parts.pop(allocation)
        self.left[payment] += pennies
        if document:
            self.owed[document] += pennies
        else:
            self.credit[customer or 0] -= pennies

    def forget(self, payment: int) -> None:
        for allocation in [pk for pk, part in self.parts.items() if part[0] == payment]:
            self.back(allocation)
        self.received -= self.left.pop(payment)


def books() -> dict[str, Fraction]:
    found: dict[str, Fraction] = defaultdict(Fraction)
    for code, debit, credit in Posting.objects.values_list("account__code", "debit", "credit"):
        found[code] += Fraction(debit) - Fraction(credit)
    return found


def held(adder: Adder) -> None:
    """The books, and every reading of them, say what the adder says."""
    said = books()
    assert said["1000"] * 100 == adder.received
    assert said["1100"] * 100 == sum(adder.owed.values())
    assert -said["2090"] * 100 == sum(adder.left.values())
    assert -said["2000"] * 100 == sum(adder.credit.values())
    assert {pk: int(amount * 100) for pk, amount in payments.open_amounts(adder.owed).items()} == adder.owed
    shown = {d.pk: round(d.open_amount * 100) for d in payments.open_documents(None)}  # type: ignore[attr-defined]
    assert shown == {pk: pennies for pk, pennies in adder.owed.items() if pennies}
    rows = {p.pk: round(p.unmatched * 100) for p in payments.with_unmatched(Payment.objects.all())}  # type: ignore[attr-defined]
    assert {pk: pennies for pk, pennies in rows.items() if pennies} == {pk: n for pk, n in adder.left.items() if n}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_random_deeds_add_up_as_an_independent_adder_says(operator: Operator, full_size: bool, seed: int) -> None:
    dice = random.Random(seed)
    rows = [session(f"S{n}", energy_kwh=f"{dice.randrange(1, 6000) / 100}") for n in range(12)]
    rows += [session(f"M{n}", token="T-Ada", energy_kwh=f"{dice.randrange(1, 6000) / 100}") for n in range(3)]
    rows += [session(f"B{n}", token="T-Brewery", energy_kwh=f"{dice.randrange(1, 6000) / 100}") for n in range(3)]
    operator.bring(*rows)
    operator.issue()
    documents = list(Document.objects.select_related("customer"))
    adder = Adder({d.pk: int(d.gross_amount * 100) for d in documents if d.gross_amount})
    done = defaultdict(int)
    for step in range(4000 if full_size else 60):
        deed = dice.choice([_receive, _receive, _match, _match, _match, _unmatch, _forget])
        try:
            done[deed.__name__, deed(operator, documents, adder, dice)] += 1
        except UserError:
            # Refused: the adder was not told, and the books say the same as before.
            done[deed.__name__, False] += 1
        if step % 20 == 19:
            held(adder)
    held(adder)
    assert all(done[name, True] for name in ("_receive", "_match", "_unmatch"))
    assert any(not went for _, went in done)


def _parts(documents: list[Document], dice: random.Random, most: int) -> list[tuple[Part, int]]:
    """Parts that may well be too much."""
    parts = []
    for document in dice.sample(documents, dice.randrange(0, 3)):
        pennies = dice.randrange(1, max(2, most))
        parts.append((Part(Decimal(pennies) / 100, document=document), pennies))
    if dice.random() < 0.3 and (customer := dice.choice(documents).customer):
        pennies = dice.randrange(1, 500)
        parts.append((Part(Decimal(pennies) / 100, customer=customer), pennies))
    return parts


def _told(adder: Adder, payment: Payment, parts: list[tuple[Part, int]]) -> None:
    rows = PaymentAllocation.objects.filter(payment=payment).order_by("-pk")[: len(parts)]
    for allocation, (_, pennies) in zip(reversed(list(rows)), parts, strict=True):
        adder.allocate(allocation, pennies)


def _receive(operator: Operator, documents: list[Document], adder: Adder, dice: random.Random) -> bool:
    pennies = dice.randrange(1, 6000)
    parts = _parts(documents, dice, pennies)
    payment = received(operator, Decimal(pennies) / 100, parts=[part for part, _ in parts], method=dice.choice(["BANK", "CASH"]))
    adder.take(payment.pk, pennies)
    _told(adder, payment, parts)
    return True


def _match(operator: Operator, documents: list[Document], adder: Adder, dice: random.Random) -> bool:
    if not adder.left:
        return False
    payment = Payment.objects.get(pk=dice.choice(list(adder.left)))
    parts = _parts(documents, dice, adder.left[payment.pk] + 50)
    key: Any = f"m{dice.random()}"
    match_payment(payment=payment, key=key, parts=[part for part, _ in parts], actor=None, at=AT)
    _told(adder, payment, parts)
    return True


def _unmatch(operator: Operator, documents: list[Document], adder: Adder, dice: random.Random) -> bool:
    if not adder.parts:
        return False
    pk = dice.choice(list(adder.parts))
    take_back_match(allocation=PaymentAllocation.objects.get(pk=pk), reason="dice", actor=None, at=AT)
    adder.back(pk)
    return True


def _forget(operator: Operator, documents: list[Document], adder: Adder, dice: random.Random) -> bool:
    if len(adder.left) < 4 or dice.random() < 0.5:
        return False
    pk = dice.choice(list(adder.left))
    take_back_payment(payment=Payment.objects.get(pk=pk), reason="dice", actor=None, at=AT)
    adder.forget(pk)
    return True
