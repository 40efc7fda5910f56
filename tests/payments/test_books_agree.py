"""check_books compares what is open, held and credited with the documents and payments themselves."""

from decimal import Decimal

import pytest

from billing.book_checks import check_books
from billing.journal_models import JournalEntry
from billing.operations.journal import reverse
from billing.operations.payment_entries import Part
from billing.operations.payment_reversals import take_back_match, take_back_payment
from tests.documents.conftest import AT, Operator, session
from tests.payments.conftest import ADA, of, received


def test_books_with_payments_of_every_kind_are_clean(billed: Operator) -> None:
    ada = of("Ada")
    billed.bring(session("T1", amount="6.30", currency="GBP"), mode="collected")
    billed.issue()
    first = received(billed, "10", parts=[Part(ADA, document=ada), Part(Decimal(2), customer=ada.customer)])
    received(billed, "3", (of("Brewery"), "3"), method="CASH")
    take_back_match(allocation=first.allocations.get(document=ada), reason="no", actor=None, at=AT)
    take_back_payment(payment=received(billed, "8", (ada, ADA)), reason="no", actor=None, at=AT)
    report = check_books()
    assert [(one.check, one.message) for one in report.breaks] == []
    assert (report.looked_at["receivables"], report.looked_at["receipts"]) == (1, 4)


@pytest.mark.parametrize(
    ("source", "check", "account"), [("document", "receivables", "account 1100"), ("payment", "receipts", "account 1000")]
)
def test_an_entry_taken_back_behind_its_payment_or_document_is_found(
    billed: Operator, source: str, check: str, account: str
) -> None:
    received(billed, ADA, (of("Ada"), ADA))
    document = of("Ada")
    entry = JournalEntry.objects.get(source_type=source, document_no=document.number)
    reverse(entry=entry, effective_date=AT.date(), reason="by hand", actor=None, at=AT)
    found = {(one.check, one.where): one.message for one in check_books().breaks}
    assert (check, account) in found
    assert "a difference of -5.07" in found[check, account]
