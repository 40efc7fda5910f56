"""A receipt is proposed for what its words name, or for the payer's only document of exactly its amount."""

from decimal import Decimal

import pytest

from billing.banking import Certainty, OpenDocument, Proposal, Receipt, proposal, sequences_in

D = Decimal
ADA, BOB = 1, 2
TEN = OpenDocument(10, "INV-2026-000123", ADA, D("149.90"))
PAID = OpenDocument(11, "INV-2026-000124", ADA, D(0))
SMALL = OpenDocument(12, "INV-2026-000125", ADA, D("20.10"))
OTHER = OpenDocument(13, "R-17", BOB, D("20.10"))
ALL = (TEN, PAID, SMALL, OTHER)


def of(amount: str, text: str, *customers: int) -> Proposal:
    return proposal(Receipt(D(amount), text, frozenset(customers)), ALL)


@pytest.mark.parametrize(
    "text",
    [
        "INV-2026-000123",
        "invoice inv 2026 000123 thanks",
        "INV2026000123",
        "Rg. inv/2026/000123, Erika",
        "EREF+X SVWZ+INV-2026-000123",
    ],
)
def test_a_number_is_found_however_it_is_written(text: str) -> None:
    assert of("149.90", text) == Proposal(
        Certainty.CERTAIN, ((10, D("149.90")),), "It names INV-2026-000123, open with exactly this amount."
    )
    assert 123 in sequences_in(text)


@pytest.mark.parametrize("text", ["", "000123", "INV-2026-0001234", "XINV-2026-000123", "2026-000123"])
def test_a_number_that_is_not_quite_it_is_none(text: str) -> None:
    assert of("149.90", text).certainty == Certainty.NONE


def test_two_numbers_with_their_sum_are_certain() -> None:
    made = of("170.00", "INV-2026-000123 and INV-2026-000125")
    assert (made.certainty, made.parts) == (Certainty.CERTAIN, ((10, D("149.90")), (12, D("20.10"))))


def test_another_amount_is_only_likely_and_never_takes_more_than_is_open() -> None:
    assert of("100.00", "INV-2026-000123").parts == ((10, D("100.00")),)
    assert of("200.00", "INV-2026-000123").parts == ((10, D("149.90")),)
    assert {of(amount, "INV-2026-000123").certainty for amount in ("100.00", "200.00")} == {Certainty.LIKELY}


def test_a_paid_document_is_not_proposed_again() -> None:
    assert of("149.90", "INV-2026-000124") == Proposal(
        Certainty.NONE, (), "It names INV-2026-000124, where nothing is open any more."
    )
    assert of("149.90", "INV-2026-000123, INV-2026-000124").certainty == Certainty.LIKELY


def test_an_amount_alone_is_no_evidence_but_with_the_customer_it_is_likely() -> None:
    assert of("20.10", "thanks").parts == ()
    made = of("20.10", "thanks", ADA)
    assert (made.certainty, made.parts) == (Certainty.LIKELY, ((12, D("20.10")),))
    assert of("20.10", "thanks", ADA, BOB).why == "2 documents of the payer are open with exactly this amount."


def test_the_longer_of_two_numbers_is_meant() -> None:
    both = (OpenDocument(1, "A-17", None, D(5)), OpenDocument(2, "A-17-2", None, D(5)))
    assert proposal(Receipt(D(5), "A-17-2"), both).parts == ((2, D(5)),)
