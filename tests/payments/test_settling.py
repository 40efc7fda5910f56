"""Many receipts that pay a document each, whole: as if recorded one by one, all or none, in a few statements."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from billing import payments
from billing.document_models import Document
from billing.journal_models import JournalEntry, Posting
from billing.models import Payment, PaymentAllocation
from billing.operations.payment_entries import Part
from billing.operations.payments import record_payment
from billing.operations.settling import Settled, settle
from billing.payment_models import PaymentMethod
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent
from tests.documents.conftest import AT, Operator, session
from tests.payments.bank_text import row
from tests.payments.conftest import bank, of, received


def one_by_one(operator: Operator, settled: Sequence[Settled]) -> list[Payment]:
    return [
        record_payment(
            entity=operator.entity, key=one.key, method=one.method, amount=one.document.gross_amount,
            currency=one.document.currency, received_on=one.received_on,
            parts=[Part(one.document.gross_amount, document=one.document)], customer=one.document.customer, payer=one.payer,
            reference=one.reference, bank_line=one.bank_line, book_on=one.book_on, actor=None, at=AT,
        )
        for one in settled
    ]  # fmt: skip


def together(operator: Operator, settled: Sequence[Settled]) -> list[Payment]:
    return settle(entity=operator.entity, settled=settled, actor=None, at=AT)


def stored() -> list[Any]:
    """Everything payments write, without keys of rows; what has such a key in it, without that."""
    allocations = PaymentAllocation.objects.order_by("key")
    return [
        list(Payment.objects.order_by("key").values("entity", "key", "method", "amount", "currency", "received_on", "booked_on",
             "customer", "payer", "reference", "bank_line", "made_by", "made_at")),
        list(allocations.values("payment__key", "key", "document", "customer", "amount", "booked_on", "made_by", "made_at")),
        list(JournalEntry.objects.filter(source_type="payment").order_by("description").values(
             "effective_date", "period__first_day", "description", "document_no", "posted_at", "created_by")),
        list(Posting.objects.filter(entry__source_type="payment").order_by("entry__description", "line_no").values(
             "line_no", "account", "debit", "credit", "currency", "customer", "description")),
        list(AuditEvent.objects.filter(action="payment.record").order_by("summary").values(
             "summary", "actor", "at", "entity", "changes", "object_type")),
    ]  # fmt: skip


@pytest.fixture
def settled(billed: Operator) -> list[Settled]:
    """Ada by bank, with her line; the receipts of nobody known at the terminal; the brewery in cash, booked later."""
    (line,) = bank(billed, row("5.07"))
    receipts = Document.objects.filter(kind="RECEIPT").order_by("pk")
    return [
        Settled(of("Ada"), "ada", PaymentMethod.BANK, line.booked_on, payer="A. Lovelace", reference="INV", bank_line=line),
        *(Settled(one, f"terminal:{one.pk}", PaymentMethod.TERMINAL, date(2018, 9, 8)) for one in receipts),
        Settled(of("Brewery"), "brewery", PaymentMethod.CASH, date(2018, 9, 30), book_on=AT.date()),
    ]


def test_they_are_stored_as_those_recorded_one_by_one(billed: Operator, settled: list[Settled]) -> None:
    seen = []
    for how in (one_by_one, together):
        with transaction.atomic():
            how(billed, settled)
            seen.append(stored())
            transaction.set_rollback(True)
    assert seen[0] == seen[1]
    assert len(seen[0][0]) == len(seen[0][1]) == 4


def test_the_same_again_finds_what_is_there(billed: Operator, settled: list[Settled]) -> None:
    first = together(billed, settled)
    before = stored()
    assert together(billed, settled) == first
    assert together(billed, settled[1:3]) == first[1:3]
    assert stored() == before


def test_some_that_are_there_leave_the_others_to_be_recorded(billed: Operator, settled: list[Settled]) -> None:
    (there,) = together(billed, settled[:1])
    assert together(billed, settled)[0] == there
    assert Payment.objects.count() == 4
    assert set(payments.open_amounts(one.document.pk for one in settled).values()) == {Decimal(0)}


def _paid_in_part(billed: Operator, settled: list[Settled]) -> list[Settled]:
    received(billed, "1", (settled[3].document, "1"))
    return settled


WRONG: dict[str, tuple[str, Callable[[Operator, list[Settled]], list[Settled]]]] = {
    "paid in part": ("over_open", _paid_in_part),
    "twice the same document": ("over_open", lambda _, s: [*s, replace(s[1], key="again")]),
    "a key of something else": ("payment_key_used", lambda _, s: [*s[:3], replace(s[3], key="ada")]),
    "a day to come": ("received_on", lambda _, s: [*s[:3], replace(s[3], received_on=AT.date() + timedelta(days=1))]),
    "a text too long": ("payment_text", lambda _, s: [*s[:3], replace(s[3], reference="x" * 201)]),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_stands_in_the_way_of_one_leaves_all_unrecorded(billed: Operator, settled: list[Settled], what: str) -> None:
    code, made = WRONG[what]
    settled = made(billed, settled)
    before = stored()
    with pytest.raises(UserError) as error:
        together(billed, settled)
    assert error.value.code == code
    assert stored() == before


def test_twenty_take_hardly_more_statements_than_two(billed: Operator) -> None:
    billed.bring(*(session(f"T{n}", day=f"2018-09-{n:02}") for n in range(1, 25)))
    billed.issue(at=AT + timedelta(hours=1))
    receipts = list(Document.objects.filter(kind="RECEIPT").order_by("-pk").select_related("customer"))
    rows = [Settled(one, f"t:{one.pk}", PaymentMethod.TERMINAL, date(2018, 9, 30)) for one in receipts]
    counts = []
    for some in (rows[:2], rows[2:22]):
        with CaptureQueriesContext(connection) as queries:
            together(billed, some)
        counts.append(len(queries))
    assert counts[1] < 1.5 * counts[0]


def test_nothing_is_recorded_of_none(billed: Operator) -> None:
    assert together(billed, []) == []
