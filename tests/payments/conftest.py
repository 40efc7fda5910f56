"""An operator whose month is issued: two receipts of nobody known, invoices of Ada, the brewery and the roaming partner."""

from collections.abc import Callable
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from billing.document_models import Document
from billing.journal_models import Posting
from billing.models import BankLine, Payment
from billing.operations.bank_files import take_in_bank_file, upload_bank_file
from billing.operations.payment_entries import Part
from billing.operations.payments import record_payment
from tests.documents.conftest import AT, Operator, make_operator, month, operator  # noqa: F401
from tests.payments.bank_text import own

_keys = count()
# Ada's invoice, and the brewery's (documents/test_issuing.py works them out).
ADA, BREWERY = Decimal("5.07"), Decimal("4.55")


@pytest.fixture
def billed(month: Operator) -> Operator:  # noqa: F811
    month.issue()
    return month


def of(who: str) -> Document:
    return Document.objects.select_related("customer").get(customer__name=who)


def received(operator: Operator, amount: str | Decimal, *documents: tuple[Document, str | Decimal], **more: Any) -> Payment:  # noqa: F811
    """Money by bank on 2 Oct 2018, with what it is for."""
    given = {
        "entity": operator.entity,
        "key": f"test:{next(_keys)}",
        "method": "BANK",
        "amount": Decimal(amount),
        "currency": "GBP",
        "received_on": AT.date(),
        "parts": [Part(Decimal(part), document=document) for document, part in documents],
        "actor": None,
        "at": AT,
        **more,
    }
    return record_payment(**given)


def bank(operator: Operator, *rows: str, at: Any = AT) -> list[BankLine]:  # noqa: F811
    """Takes these rows of our CSV in; all lines there are, in order."""
    content = own(*rows)
    take_in_bank_file(
        file=upload_bank_file(entity=operator.entity, name="bank.csv", content=content, actor=None, at=at), actor=None, at=at
    )
    return list(BankLine.objects.order_by("pk"))


def legs(source_type: str = "payment") -> list[list[tuple[str, Decimal, int | None]]]:
    """Debits less credits of each entry of a kind, with the customer, in the order they were booked."""
    entries: dict[int, list[tuple[str, Decimal, int | None]]] = {}
    rows = Posting.objects.filter(entry__source_type=source_type).order_by("entry_id", "line_no")
    for entry, code, debit, credit, who in rows.values_list("entry_id", "account__code", "debit", "credit", "customer_id"):
        entries.setdefault(entry, []).append((code, debit - credit, who))
    return list(entries.values())


def balance(code: str) -> Decimal:
    rows = Posting.objects.filter(account__code=code).values_list("debit", "credit")
    return sum((debit - credit for debit, credit in rows), Decimal(0))


Balance = Callable[[str], Decimal]
