"""A month that is issued, collected and closed: commands for tests/proofs/every_commit.py."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.proofs.commits import count_commits

CUSTOMERS, STRANGERS = 8, 12
# Documents of so many sessions are a transaction, so that a small month has many.
CHUNK = 3
CLOSED_AT = datetime(2018, 12, 1, tzinfo=UTC)


def prepare(folder: str) -> None:
    """Customers with two sessions each in September, and strangers with one; nothing is billed yet."""
    from memberships.models import Customer, CustomerKind, Token
    from tests.documents.conftest import make_operator, session

    operator = make_operator(Path(folder))
    rows = [session(f"S{n}", energy_kwh=f"{3 + n}.25") for n in range(STRANGERS)]
    for n in range(CUSTOMERS):
        member = Customer.objects.create(
            entity=operator.entity, kind=CustomerKind.MEMBER, name=f"Member {n}", number=f"M{n}", city="Dundee", country="GB"
        )
        Token.objects.create(entity=operator.entity, uid=f"U{n}", customer=member)
        rows += [session(f"M{n}-{day}", token=f"U{n}", day=f"2018-09-1{day}", energy_kwh=f"{5 + n}.5") for day in range(2)]
    operator.bring(*rows)


def work(kill_at: str = "0", moment: str = "") -> None:
    """Issues, collects and closes the month, going on where it was killed. Prints how many commits this took.

    Killed at the commit of this number, ``moment`` "before" or "after" it.
    """
    commits = count_commits(int(kill_at), moment)
    from billing.operations import document_runs
    from chargebill.core.models import LegalEntity

    document_runs.CHUNK_SESSIONS = CHUNK
    entity = LegalEntity.objects.get()
    _issue(entity)
    _collect(entity)
    _close()
    print(json.dumps({"commits": commits()}))  # noqa: T201


def _issue(entity: Any) -> None:
    """As the button does, and then a worker; after a kill the job is taken over."""
    from django.core.management import call_command

    from billing.models import DocumentRun
    from billing.operations import start_issuing
    from tests.documents.conftest import AT, SEPTEMBER

    start_issuing(entity=entity, first_day=SEPTEMBER, actor=None, at=AT, key="september")
    while not DocumentRun.objects.filter(finished_at__isnull=False).exists():
        call_command("worker", once=True, verbosity=0)


def _collect(entity: Any) -> None:
    """The bank's file: invoices paid with their number, one of them too much, one unknown; receipts paid in cash."""
    from billing.models import BankLine, Document
    from billing.operations.bank_files import take_in_bank_file, upload_bank_file
    from billing.operations.payment_entries import Part
    from billing.operations.payments import record_payment
    from tests.documents.conftest import AT
    from tests.payments.bank_text import own, row

    invoices = list(Document.objects.filter(kind="INVOICE").order_by("pk"))
    rows = [row(f"{one.gross_amount + (n == 0)}", str(one.number), name=f"Member {n}") for n, one in enumerate(invoices)]
    file = upload_bank_file(
        entity=entity, name="bank.csv", content=own(*rows, row("7.00", "hello")), actor=None, at=CLOSED_AT
    )  # fmt: skip
    take_in_bank_file(file=file, actor=None, at=CLOSED_AT)
    numbered = {one.number: one for one in Document.objects.select_related("customer")}
    for line in BankLine.objects.order_by("pk"):
        named = numbered.get(line.purpose)
        parts = [Part(named.gross_amount, document=named)] if named else []
        if named and line.amount > named.gross_amount:
            parts.append(Part(line.amount - named.gross_amount, customer=named.customer))
        _receive(record_payment, entity, f"line:{line.pk}", "BANK", line.amount, line.booked_on, parts, bank_line=line)
    for receipt in Document.objects.filter(kind="RECEIPT").order_by("pk"):
        part = Part(receipt.gross_amount, document=receipt)
        _receive(record_payment, entity, f"cash:{receipt.pk}", "CASH", receipt.gross_amount, AT.date(), [part])


def _receive(record: Any, entity: Any, key: str, method: str, amount: Decimal, day: Any, parts: list[Any], **more: Any) -> None:
    record(
        entity=entity, key=key, method=method, amount=amount, currency="GBP", received_on=day, parts=parts, actor=None,
        at=CLOSED_AT, **more,
    )  # fmt: skip


def _close() -> None:
    from billing.models import AccountingPeriod, PeriodChange
    from billing.operations.journal_seals import seal_all
    from billing.operations.month_end import ask_to_close, confirm_close
    from tests.journal.books import person

    seal_all()
    for period in AccountingPeriod.objects.filter(state="OPEN", first_day__lt=CLOSED_AT.date()).order_by("first_day"):
        change = PeriodChange.objects.filter(period=period, decided_at__isnull=True).first()
        if change is None:
            change = ask_to_close(period=period, reason="proof", actor=person("petra"), at=CLOSED_AT)
        confirm_close(change=change, actor=person("carl"), at=CLOSED_AT)


def dump() -> None:
    """What there is in the end, whatever keys and clocks, and what check_books says of it."""
    from django.db.models import Count, Sum

    from billing.book_checks import check_books
    from billing.models import AccountingPeriod, Document, DocumentLine, JournalSeal, Payment, PaymentAllocation, Posting

    def rows(found: Any) -> list[list[str]]:
        return sorted([str(cell) for cell in one] for one in found)

    booked = Posting.objects.order_by().values_list("account__code").annotate(Sum("debit"), Sum("credit"), Count("pk"))
    shown = {
        "documents": rows(Document.objects.order_by().values_list("kind", "sequence", "number", "gross_amount")),
        "lines": rows(DocumentLine.objects.order_by().values_list("document__number", "session_number", "gross_amount")),
        "payments": rows(Payment.objects.order_by().values_list("method", "amount", "reference")),
        "parts": rows(PaymentAllocation.objects.order_by().values_list("document__number", "customer__number", "amount")),
        "booked": rows((code, f"{debit:.2f}", f"{credit:.2f}", count) for code, debit, credit, count in booked),
        "seals": JournalSeal.objects.count(),
        "closed": rows(AccountingPeriod.objects.filter(state="CLOSED").values_list("first_day")),
        "breaks": [[one.check, one.message] for one in check_books().breaks],
    }
    print(json.dumps(shown))  # noqa: T201


COMMANDS = {"prepare": prepare, "work": work, "dump": dump}
