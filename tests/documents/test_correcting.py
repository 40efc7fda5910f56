"""Credit notes: at the line's own rate, never more than the line or than was paid, and the books follow."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from billing import payments
from billing.book_checks import check_books
from billing.credit_models import Correction
from billing.credits import lines_left, money_left
from billing.document_models import Document
from billing.models import Chargeable
from billing.operations.credits import Corrected, correct
from billing.operations.payment_entries import Part
from billing.operations.payment_reversals import take_back_match
from billing.operations.payments import match_payment
from billing.refund_models import RefundDue
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent
from tests.documents.conftest import AT, Operator, month, numbers, operator  # noqa: F401
from tests.payments.conftest import ADA, balance, billed, legs, of, received  # noqa: F401

D = Decimal


def take_back(document: Document, *parts: str, key: str = "k", **more: Any) -> Corrected:
    """Credits these amounts of the document's lines, in their order; all that is left when none is said."""
    amounts: Mapping[int, Decimal] | None = None
    if parts:
        amounts = {line.pk: D(part) for line, part in zip(document.lines.all(), parts, strict=False) if part}
    return correct(document=document, key=key, amounts=amounts, **{"reason": "Wrong meter", "actor": None, "at": AT, **more})


def state(number: str) -> str:
    return Chargeable.objects.get(session__external_id=number).state


def columns(document: Document) -> tuple[Decimal, Decimal, Decimal]:
    return document.net_amount, document.tax_amount, document.gross_amount


def clean() -> None:
    assert [(one.check, one.message) for one in check_books().breaks] == []


def test_a_document_nobody_paid_is_credited_whole(billed: Operator) -> None:  # noqa: F811
    ada = of("Ada")
    note = take_back(ada).credit_note
    assert (note.number, note.kind, note.corrects, note.sign) == ("CN-000001", "CREDIT_NOTE", ada, -1)
    assert columns(note) == columns(ada) == (D("4.23"), D("0.84"), D("5.07"))
    assert [columns(line) for line in note.lines.all()] == [columns(line) for line in ada.lines.all()]
    assert [line.parts for line in note.lines.all()] == [line.parts for line in ada.lines.all()]
    assert [columns(tax) for tax in note.taxes.all()] == [columns(tax) for tax in ada.taxes.all()]
    assert (note.buyer, note.customer, note.anchor, note.run) == (ada.buyer, ada.customer, "GROSS", None)
    assert (note.supplied_from, note.supplied_until) == (ada.supplied_from, ada.supplied_until)
    # The same legs as the invoice's, on the other side.
    booked = legs("document")
    issued = next(entry for entry in booked if ("1100", D("5.07"), ada.customer_id) in entry)
    assert sorted(booked[-1]) == sorted((code, -amount, who) for code, amount, who in issued)
    assert (state("M1"), state("M2"), state("B1")) == ("CREDITED", "CREDITED", "DOCUMENTED")
    assert not RefundDue.objects.exists()
    assert ada not in payments.open_documents(billed.entity)
    clean()
    event = AuditEvent.objects.get(action="document.correct")
    assert (event.reason, event.changes["credit_note"]) == ("Wrong meter", "CN-000001")


def test_what_was_paid_is_owed_back(billed: Operator) -> None:  # noqa: F811
    ada = of("Ada")
    received(billed, ADA, (ada, ADA))
    # 4.94 and 0.13: a part of the first line, 1.00 * 0.82 / 4.94 = 0.166 tax.
    note = take_back(ada, "1.00", returned_to="REFUND").credit_note
    assert columns(note) == (D("0.83"), D("0.17"), D("1.00"))
    assert (note.correction.open_amount, note.correction.returned_amount) == (0, 1)
    due = RefundDue.objects.get()
    assert (due.amount, due.document, due.customer, due.source_id) == (1, ada, ada.customer, str(note.pk))
    assert legs("document")[-1] == [
        ("4000", D("0.83"), None), ("2100-GB-20", D("0.17"), None), ("2050", D("-1.00"), ada.customer_id),
    ]  # fmt: skip
    assert (state("M1"), note.lines.get().parts) == ("DOCUMENTED", [])
    assert (money_left(ada).open, money_left(ada).kept) == (0, D("4.07"))
    clean()


def test_what_is_open_is_taken_off_before_anything_is_given_back(billed: Operator) -> None:  # noqa: F811
    ada = of("Ada")
    received(billed, "3.07", (ada, "3.07"))
    note = take_back(ada, "2.50", returned_to="CREDIT").credit_note
    assert (note.correction.open_amount, note.correction.returned_amount) == (D("2.00"), D("0.50"))
    assert balance("2000") == D("-0.50")
    assert payments.open_amounts([ada.pk, note.pk]) == {ada.pk: 0, note.pk: 0}
    assert not RefundDue.objects.exists()
    clean()


def test_credits_in_many_pieces_end_at_zero_in_every_column_and_account(billed: Operator) -> None:  # noqa: F811
    ada = of("Ada")
    for number in range(493):
        take_back(ada, "0.01", key=f"k{number}")
    assert [one.left_on("GROSS") for one in lines_left(ada)] == [D("0.01"), D("0.13")]
    assert state("M1") == "DOCUMENTED"
    take_back(ada, key="rest")
    for one in lines_left(ada):
        assert (one.left.net, one.left.tax, one.left.gross) == (0, 0, 0)
        assert set(one.accounts.values()) == {0}
    assert (state("M1"), state("M2")) == ("CREDITED", "CREDITED")
    assert numbers("CREDIT_NOTE")[-1] == "CN-000494"
    who = ada.customer_id
    assert sum(amount for entry in legs("document") for code, amount, by in entry if code == "1100" and by == who) == 0
    clean()


def test_a_businesss_document_is_credited_by_its_net(billed: Operator) -> None:  # noqa: F811
    brewery = of("Brewery")
    # Lines of 1.10 and 2.69 net, 4.55 incl. VAT together.
    note = take_back(brewery, "1.00").credit_note
    assert columns(note) == (D("1.00"), D("0.20"), D("1.20"))
    clean()


@pytest.mark.parametrize(
    ("parts", "more", "code"),
    [
        (("4.95",), {}, "over_line"),
        (("0.001",), {}, "over_line"),
        (("-1",), {}, "over_line"),
        (("0",), {}, "over_line"),
        (("1.00",), {"reason": " "}, "reason_missing"),
        (("1.00",), {"reason": "x" * 301}, "reason_too_long"),
        (("1.00",), {"bill_again": True}, "bill_again_partly"),
    ],
)
def test_what_can_not_be_credited_changes_nothing(billed: Operator, parts: Any, more: Any, code: str) -> None:  # noqa: F811
    with pytest.raises(UserError, match="Nothing was changed") as error:
        take_back(of("Ada"), *parts, **more)
    assert error.value.code == code
    assert not Document.objects.filter(kind="CREDIT_NOTE").exists()
    assert not Correction.objects.exists()


def test_paid_money_needs_a_place_to_go(billed: Operator) -> None:  # noqa: F811
    receipt = Document.objects.get(number="R-000001")
    received(billed, "4.00", (receipt, "4.00"))
    for returned_to in ("", "CREDIT", "POCKET"):
        with pytest.raises(UserError) as error:
            take_back(receipt, returned_to=returned_to)
        assert error.value.code == "returned_to"
    assert take_back(receipt, returned_to="REFUND").credit_note.gross_amount == 4
    clean()


def test_nothing_is_credited_twice_nor_a_credit_note_itself(billed: Operator) -> None:  # noqa: F811
    ada = of("Ada")
    note = take_back(ada).credit_note
    for document, code in ((ada, "nothing_left"), (note, "is_credit_note")):
        with pytest.raises(UserError) as error:
            take_back(document, key="again")
        assert error.value.code == code


def test_lines_of_another_document_are_refused(billed: Operator) -> None:  # noqa: F811
    line = of("Brewery").lines.first()
    with pytest.raises(UserError) as error:
        correct(document=of("Ada"), key="k", amounts={line.pk: D(1)}, reason="No", actor=None, at=AT)
    assert error.value.code == "nothing_chosen"


def test_the_same_sent_twice_is_one_credit_note_and_another_is_refused(billed: Operator) -> None:  # noqa: F811
    ada = of("Ada")
    first = take_back(ada, "1.00").credit_note
    again = take_back(ada, "1.00")
    assert (again.credit_note, again.freed) == (first, ())
    with pytest.raises(UserError) as error:
        take_back(ada, "1.01")
    assert error.value.code == "correction_key_used"
    assert numbers("CREDIT_NOTE") == ["CN-000001"]


def test_money_that_was_given_back_is_not_matched_elsewhere(billed: Operator) -> None:  # noqa: F811
    ada = of("Ada")
    payment = received(billed, ADA, (ada, ADA))
    take_back(ada, "1.00", returned_to="REFUND")
    with pytest.raises(UserError, match=r"only GBP 4\.07 is left") as error:
        take_back_match(allocation=payment.allocations.get(), reason="wrong", actor=None, at=AT)
    assert error.value.code == "given_back"
    clean()


def test_a_credit_note_is_not_paid_nor_proposed(billed: Operator) -> None:  # noqa: F811
    note = take_back(of("Ada"), "1.00").credit_note
    payment = received(billed, "1.00")
    with pytest.raises(UserError) as error:
        match_payment(payment=payment, key="m", parts=[Part(D(1), document=note)], actor=None, at=AT)
    assert error.value.code == "over_open"
    assert note not in payments.open_documents(billed.entity)
