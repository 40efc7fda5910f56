"""A receipt becomes a company's invoice once: same sessions, same amounts, as paid as before, books clean."""

from typing import Any

import pytest

from billing import payments
from billing.document_models import Document
from billing.models import Chargeable, PaymentAllocation
from billing.operations.reissue import reissue_to_company
from billing.refund_models import RefundDue
from chargebill.core.errors import UserError
from tests.documents.conftest import AT, Operator, month, numbers, operator, session  # noqa: F401
from tests.documents.test_correcting import clean, columns, take_back
from tests.payments.conftest import balance, billed, received  # noqa: F401

COMPANY = {
    "company": "Lochee Bakers Ltd", "tax_id": "gb 123 456 789", "street": "High Street 2", "postal_code": "DD2 3AB",
    "city": "Dundee", "country": "gb",
}  # fmt: skip


def receipt(number: str = "R-000001") -> Document:
    return Document.objects.get(number=number)


def anew(document: Document, **more: Any) -> Document:
    return reissue_to_company(document=document, **{**COMPANY, "actor": None, "at": AT, **more})


def test_a_receipt_nobody_paid_is_owed_by_the_company(billed: Operator) -> None:  # noqa: F811
    old = receipt()
    new = anew(old)
    assert (new.number, new.kind, new.replaces, new.gross_amount) == ("INV-000004", "INVOICE", old, 4)
    assert (new.buyer["name"], new.buyer["company"], new.buyer["vat_id"], new.buyer["country"]) == (
        "Lochee Bakers Ltd", "Lochee Bakers Ltd", "GB123456789", "GB",
    )  # fmt: skip
    assert [(columns(line), line.parts, line.session_number) for line in new.lines.all()] == [
        (columns(line), line.parts, line.session_number) for line in old.lines.all()
    ]
    note = Document.objects.get(kind="CREDIT_NOTE")
    assert (note.corrects, columns(note)) == (old, columns(old))
    assert payments.open_amounts([old.pk, new.pk]) == {old.pk: 0, new.pk: 4}
    assert Chargeable.objects.get(session__external_id="A1").state == "DOCUMENTED"
    assert balance("1100") == sum(payments.open_amounts(Document.objects.values_list("pk", flat=True)).values())
    clean()


def test_what_was_paid_on_it_is_paid_on_the_invoice(billed: Operator) -> None:  # noqa: F811
    old = receipt()
    first = received(billed, "1.50", (old, "1.50"))
    received(billed, "5.00", (old, "2.00"))
    before = balance("1000"), balance("2090"), balance("1100")
    new = anew(old)
    assert payments.open_amounts([old.pk, new.pk]) == {old.pk: 0, new.pk: new.gross_amount - first.amount - 2}
    assert (balance("1000"), balance("2090"), balance("1100")) == before
    assert not RefundDue.objects.exists()
    clean()


def test_money_another_system_took_is_counted_once(operator: Operator) -> None:  # noqa: F811
    operator.bring(session("T1", amount="6.30", currency="GBP"), mode="collected")
    operator.issue()
    new = anew(receipt())
    assert (new.is_collected, payments.open_amounts([new.pk])[new.pk]) == (True, 0)
    assert balance("1055") == new.gross_amount
    clean()


def test_it_happens_once_and_the_same_again_is_the_same_invoice(billed: Operator) -> None:  # noqa: F811
    old = receipt()
    received(billed, "4.00", (old, "4.00"))
    new = anew(old)
    counts = Document.objects.count(), PaymentAllocation.objects.count()
    assert anew(old) == new
    with pytest.raises(UserError, match="INV-000004") as error:
        anew(old, company="Another Ltd")
    assert error.value.code == "already_reissued"
    with pytest.raises(UserError) as error:
        anew(new)
    assert error.value.code == "not_a_receipt"
    assert (Document.objects.count(), PaymentAllocation.objects.count()) == counts
    assert (numbers("INVOICE")[-1], numbers("CREDIT_NOTE")) == ("INV-000004", ["CN-000001"])


def test_a_receipt_credited_in_part_stays(billed: Operator) -> None:  # noqa: F811
    take_back(receipt(), "1.00")
    with pytest.raises(UserError) as error:
        anew(receipt())
    assert error.value.code == "already_credited"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("company", " ", "company"),
        ("company", "x" * 201, "company"),
        ("street", "", "street"),
        ("city", "a\x00b", "city"),
        ("tax_id", "123", "vat_id"),
        ("tax_id", "", "vat_id"),
        ("country", "Scotland", "country"),
        ("country", "1!", "country"),
    ],
)
def test_a_company_is_named_whole_or_nothing_changes(billed: Operator, field: str, value: str, code: str) -> None:  # noqa: F811
    with pytest.raises(UserError, match="Nothing was changed") as error:
        anew(receipt(), **{field: value})
    assert (error.value.code, error.value.where) == (code, code)
    assert not Document.objects.filter(kind="CREDIT_NOTE").exists()
