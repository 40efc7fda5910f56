"""Writes a credit note: its lines, tax sums and number. What it takes back and what that does is in credits.py."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from billing.credits import LineLeft
from billing.document_models import Document, DocumentKind, DocumentLine, DocumentTax
from billing.documents import Amounts, add_up
from billing.operations.documents import seller_of
from billing.operations.number_series import take_numbers
from chargebill.core import bulk
from chargebill.core.models import User

# What a line of a credit note says of the session is what the line it corrects says.
_SAME = (
    "session_id", "cdr_id", "tax_rate", "tax_code", "legal_sentence", "session_number", "place", "address", "country", "evse",
    "time_zone", "started_at", "ended_at", "energy_kwh", "meter_start_kwh", "meter_stop_kwh", "token", "tariff",
    "prices_include_tax",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Back:
    """What is taken back of one line, in all columns and by account."""

    of: LineLeft
    amounts: Amounts
    revenue: dict[str, Decimal]


def issue_credit_note(
    *, document: Document, backs: Sequence[Back], actor: User | None, at: datetime
) -> tuple[Document, list[DocumentLine]]:
    """Writes a credit note with its lines and tax sums. Call under the document's lock; books nothing."""
    today = document.entity.day_of(at)
    (pk,) = bulk.allocate_ids(Document, 1)
    lines = [
        DocumentLine(
            document_id=pk,
            position=position,
            corrects=back.of.line,
            **said_of_session(back.of.line),
            **columns(back.amounts),
            parts=back.of.line.parts if back.amounts.gross == back.of.line.gross_amount else [],
            revenue={account: str(net) for account, net in back.revenue.items()},
        )
        for position, back in enumerate(backs, 1)
    ]
    DocumentLine.objects.bulk_create(lines, batch_size=500)
    DocumentTax.objects.bulk_create(taxes_of(pk, lines), batch_size=500)
    ((sequence, number),) = take_numbers(entity=document.entity, kind=DocumentKind.CREDIT_NOTE, count=1, year=today.year)
    days = [line.ended_at.astimezone(ZoneInfo(line.time_zone)).date() for line in lines]
    copied = ("entity", "customer", "customer_kind", "buyer", "language", "currency", "anchor")
    note = Document.objects.create(
        pk=pk,
        kind=DocumentKind.CREDIT_NOTE,
        corrects=document,
        sequence=sequence,
        number=number,
        **{name: getattr(document, name) for name in copied},
        seller=seller_of(document.entity),
        issue_date=today,
        issued_at=at,
        issued_by=actor,
        supplied_from=min(days),
        supplied_until=max(days),
        is_collected=False,
        **columns(add_up(back.amounts for back in backs)),
    )
    return note, lines


def said_of_session(line: DocumentLine) -> dict[str, Any]:
    """All a line says but where it stands and its amounts."""
    return {name: getattr(line, name) for name in _SAME}


def columns(amounts: Amounts) -> dict[str, Decimal]:
    return {"net_amount": amounts.net, "tax_amount": amounts.tax, "gross_amount": amounts.gross}


def taxes_of(document_id: int, lines: Iterable[DocumentLine]) -> list[DocumentTax]:
    """The tax sums of lines, by rate and code."""
    found: dict[tuple[Decimal, str], list[DocumentLine]] = {}
    for line in lines:
        found.setdefault((line.tax_rate, line.tax_code), []).append(line)
    return [
        DocumentTax(
            document_id=document_id,
            tax_rate=rate,
            tax_code=code,
            legal_sentence=rows[0].legal_sentence,
            **columns(add_up(Amounts(row.net_amount, row.tax_amount, row.gross_amount) for row in rows)),
        )
        for (rate, code), rows in found.items()
    ]
