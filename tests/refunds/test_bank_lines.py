"""What the bank says went out or came back confirms refunds once, by their references or by hand, and books nothing twice."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from billing import payments
from billing.bank_models import BankLine
from billing.banking import named_in
from billing.models import JournalEntry, Refund, RefundBankLine
from billing.operations.bank_files import take_in_bank_file, upload_bank_file
from billing.operations.refund_lines import confirm_refunds, return_refunds
from billing.operations.refund_moves import mark_failed, mark_paid
from billing.refund_lines import lines_for, unexplained_lines
from chargebill.core.models import User
from tests.documents.conftest import AT, Operator
from tests.payments.bank_text import camt, details, entry, row
from tests.payments.conftest import balance, bank, received
from tests.refunds.conftest import IBAN, owed, sent
from tests.refunds.test_refunding import clean, refused

GBP = {"currency": "GBP"}


def statement(operator: Operator, *entries: str) -> list[BankLine]:
    content = camt(*entries, account=IBAN, **GBP)
    file = upload_bank_file(entity=operator.entity, name="s.xml", content=content, actor=None, at=AT)
    take_in_bank_file(file=file, actor=None, at=AT)
    return list(BankLine.objects.filter(statement__file=file).order_by("pk"))


def states() -> list[str]:
    return list(Refund.objects.order_by("pk").values_list("state", flat=True))


@pytest.mark.parametrize(
    ("text", "refunds", "lists"),
    [
        ("CBR-000012", {12}, set()),
        ("refund cbr000012, CBR 13 and CBR-14.", {12, 13, 14}, set()),
        ("CBL-000003", set(), {3}),
        ("XCBR-000012", set(), set()),
        ("CBR-1234567", {1234567}, set()),
        ("RF18539007547034 CBR-", set(), set()),
        ("", set(), set()),
    ],
)
def test_references_are_read_however_a_bank_writes_them(text: str, refunds: set[int], lists: set[int]) -> None:
    assert (named_in(text).refunds, named_in(text).lists) == (refunds, lists)


def test_a_line_with_the_end_to_end_id_and_the_amount_pays_the_refund(billed: Operator, people: tuple[User, User]) -> None:
    (refund,) = sent(billed, people, (owed(billed),))
    line, _ = statement(
        billed,
        entry("5.07", details(end_to_end=refund.reference, name="Ada", party="Cdtr"), direction="DBIT", day="2018-10-01", **GBP),
        entry("700.00", details(purpose="rent"), direction="DBIT", day="2018-10-01", **GBP),
    )
    assert states() == ["SUCCEEDED"]
    assert JournalEntry.objects.get(source_type="refund").effective_date == date(2018, 10, 1)
    assert RefundBankLine.objects.get().bank_line == line
    assert (balance("2050"), balance("1000")) == (0, -refund.amount)
    assert not unexplained_lines(billed.entity)
    # The same again, and again from another window, changes nothing.
    confirm_refunds(line=line, refunds=[refund], actor=None, at=AT)
    clean()


def test_one_line_may_pay_a_whole_list(billed: Operator, people: tuple[User, User]) -> None:
    refunds = sent(billed, people, (owed(billed),), (owed(billed, "1"),))
    bank(billed, row("-6.07", f"SEPA batch {refunds[0].payout_list.reference}"))
    assert states() == ["SUCCEEDED", "SUCCEEDED"]
    assert balance("1000") == -refunds[0].amount - refunds[1].amount
    clean()


def test_what_a_person_said_was_paid_is_not_booked_again(billed: Operator, people: tuple[User, User]) -> None:
    (refund,) = sent(billed, people, (owed(billed),))
    mark_paid(refund=refund, paid_on=AT.date(), actor=None, at=AT)
    bank(billed, row("-5.07", refund.reference))
    assert RefundBankLine.objects.count() == JournalEntry.objects.filter(source_type="refund").count() == 1
    clean()


def test_another_amount_waits_for_a_person(billed: Operator, people: tuple[User, User]) -> None:
    (refund,) = sent(billed, people, (owed(billed),))
    (line,) = bank(billed, row("-5.00", refund.reference))
    assert states() == ["SENT"]
    assert list(unexplained_lines(billed.entity)) == [line]
    refused("line_amount", lambda: confirm_refunds(line=line, refunds=[refund], actor=None, at=AT))


def test_a_line_without_a_reference_is_chosen_by_hand_and_counts_once(billed: Operator, people: tuple[User, User]) -> None:
    one, two = sent(billed, people, (owed(billed),), (owed(billed),))
    (line,) = bank(billed, row("-5.07", "thank you"))
    assert states() == ["SENT", "SENT"]
    assert list(lines_for(one, came_back=False)) == [line]
    confirm_refunds(line=line, refunds=[one], actor=None, at=AT)
    assert list(lines_for(two, came_back=False)) == []
    refused("line_taken", lambda: confirm_refunds(line=line, refunds=[two], actor=None, at=AT))
    with pytest.raises(IntegrityError, match="no more than it says"), transaction.atomic():
        RefundBankLine.objects.create(refund=two, bank_line=line, kind="PAID", made_at=AT)


def test_money_the_bank_sends_back_is_owed_again_and_is_no_receipt(billed: Operator, people: tuple[User, User]) -> None:
    (refund,) = sent(billed, people, (owed(billed),))
    reference = refund.reference
    statement(
        billed,
        entry("5.07", details(end_to_end=reference), day="2018-10-02", more="<RvslInd>true</RvslInd>", reference="B", **GBP),
        entry("5.07", details(end_to_end=reference), direction="DBIT", day="2018-10-01", reference="A", **GBP),
    )
    assert states() == ["FAILED"]
    assert (balance("1000"), balance("2050")) == (0, -refund.amount)
    assert not payments.waiting_lines(billed.entity)
    line = BankLine.objects.get(amount__gt=0)
    refused("line_taken", lambda: received(billed, "5.07", bank_line=line, received_on=line.booked_on))
    clean()


def test_money_that_came_back_is_chosen_by_hand_also_after_a_person_said_it_failed(
    billed: Operator, people: tuple[User, User]
) -> None:
    (refund,) = sent(billed, people, (owed(billed),))
    mark_paid(refund=refund, paid_on=AT.date(), actor=None, at=AT)
    mark_failed(refund=refund, reason="the driver says so", actor=None, at=AT)
    (line,) = bank(billed, row("5.07", "account closed"))
    assert list(lines_for(refund, came_back=True)) == [line]
    return_refunds(line=line, refunds=[refund], actor=None, at=AT)
    assert not payments.waiting_lines(billed.entity)
    assert balance("1000") == 0
    clean()


def test_a_refund_that_never_went_out_does_not_come_back(billed: Operator, people: tuple[User, User]) -> None:
    (refund,) = sent(billed, people, (owed(billed),))
    mark_failed(refund=refund, reason="refused by the bank", actor=None, at=AT)
    (line,) = bank(billed, row("5.07", "a customer"))
    refused("refund_state", lambda: return_refunds(line=line, refunds=[refund], actor=None, at=AT))
    received(billed, "5.07", bank_line=line, received_on=line.booked_on)
    with pytest.raises(IntegrityError, match="counts once"), transaction.atomic():
        RefundBankLine.objects.create(refund=refund, bank_line=line, kind="RETURNED", made_at=AT)
