"""A bank file is looked at, taken in once, and never counts a line twice, whatever files it comes in."""

import pytest
from django.db import IntegrityError, transaction

from billing import payments
from billing.models import BankAccount, BankFile, BankLine, BankStatement
from billing.operations.bank_files import discard_bank_file, take_in_bank_file, upload_bank_file
from chargebill.core.errors import UserError
from tests.documents.conftest import AT, Operator, make_operator
from tests.payments.bank_text import own, row
from tests.payments.conftest import bank, of, received


def upload(operator: Operator, content: bytes) -> BankFile:
    return upload_bank_file(entity=operator.entity, name="b.csv", content=content, actor=None, at=AT)


def test_nothing_counts_before_a_file_is_taken_in_and_once_it_is_the_same_again_changes_nothing(operator: Operator) -> None:
    file = upload(operator, own(row("5.00", "one"), row("-3.00", "two")))
    assert not BankLine.objects.exists()
    assert take_in_bank_file(file=file, actor=None, at=AT) == 2
    assert take_in_bank_file(file=file, actor=None, at=AT) == 0
    assert upload(operator, own(row("5.00", "one"), row("-3.00", "two"))) == file
    assert BankLine.objects.count() == 2
    assert [line.purpose for line in payments.waiting_lines(operator.entity)] == ["one"]


def test_files_that_overlap_keep_each_line_once(operator: Operator) -> None:
    bank(operator, row("5.00", "a", reference="R1"), row("5.00", "twin"), row("5.00", "twin"))
    bank(operator, row("5.00", "A.", reference="R1"), row("5.00", "twin"), row("5.00", "twin"), row("9.00", "b", reference="R2"))
    assert [(line.purpose, line.amount) for line in BankLine.objects.order_by("pk")] == [
        ("a", 5),
        ("twin", 5),
        ("twin", 5),
        ("b", 9),
    ]
    assert list(BankStatement.objects.values_list("lines_in_file", "lines_new")) == [(3, 3), (4, 1)]


def test_an_account_belongs_to_one_company(operator: Operator, tmp_path) -> None:
    bank(operator, row("5.00"))
    other = make_operator(tmp_path, "Forth Charging")
    with pytest.raises(UserError) as caught:
        upload(other, own(row("6.00")))
    assert caught.value.code == "account_of_another"
    assert BankAccount.objects.get().entity == operator.entity
    assert BankFile.objects.count() == 1


def test_a_file_is_discarded_before_it_is_taken_in_and_stays_afterwards(operator: Operator) -> None:
    file = upload(operator, own(row("5.00")))
    discard_bank_file(file=file, actor=None, at=AT)
    assert not BankFile.objects.exists()
    with pytest.raises(UserError) as caught:
        take_in_bank_file(file=file, actor=None, at=AT)
    assert caught.value.code == "file_gone"
    file = upload(operator, own(row("5.00")))
    take_in_bank_file(file=file, actor=None, at=AT)
    with pytest.raises(UserError) as caught:
        discard_bank_file(file=file, actor=None, at=AT)
    assert caught.value.code == "taken_in"
    for model in (BankFile, BankStatement, BankLine, BankAccount):
        with pytest.raises(IntegrityError), transaction.atomic():
            model.objects.all()._raw_delete("default")


def test_lines_are_proposed_for_what_they_name_or_for_their_payers_only_document(billed: Operator) -> None:
    number = of("Ada").number
    bank(
        billed,
        row("5.07", f"invoice {number.lower()}"),
        row("4.55", "thanks", name="BREWERY"),
        row("4.55", "thanks"),
        row("9.00", number),
    )
    lines = list(payments.waiting_lines(billed.entity))
    made = payments.proposals(billed.entity, lines)
    shown = [(str(made[line.pk].proposal.certainty), [(d.number, a) for d, a in made[line.pk].parts]) for line in lines]
    assert shown == [
        ("certain", [(number, lines[0].amount)]),
        ("likely", [(of("Brewery").number, lines[1].amount)]),
        ("none", []),
        ("likely", [(number, lines[0].amount)]),
    ]
    assert made[lines[3].pk].credit == lines[3].amount - lines[0].amount


def test_a_payers_account_is_known_once_it_paid(billed: Operator) -> None:
    first, second = bank(billed, row("1.00", name="B. Ltd", counterparty="X1"), row("3.55", name="Somebody", counterparty="X1"))
    received(
        billed, "1.00", (of("Brewery"), "1.00"), bank_line=first, received_on=first.booked_on, customer=of("Brewery").customer
    )
    made = payments.proposals(billed.entity, [second])[second.pk]
    assert [document.number for document, _ in made.parts] == [of("Brewery").number]
