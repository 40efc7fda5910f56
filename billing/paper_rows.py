"""Documents as paper needs them, read from their frozen rows and nothing else."""

from collections.abc import Iterable
from decimal import Decimal

from django.db.models import prefetch_related_objects

from billing.document_models import Document, DocumentLine
from billing.papers import Paper, PaperLine, PaperPart, PaperTax


def papers_of(documents: Iterable[Document]) -> list[Paper]:
    """In the same order; three queries at most, however many documents."""
    rows = list(documents)
    prefetch_related_objects(rows, "lines", "taxes", "corrects")
    return [_paper(row) for row in rows]


def _paper(row: Document) -> Paper:
    return Paper(
        kind=row.kind,
        number=row.number,
        language=row.language,
        currency=row.currency,
        anchor=row.anchor,
        seller=row.seller,
        buyer=row.buyer,
        issue_date=row.issue_date,
        issued_at=row.issued_at,
        supplied_from=row.supplied_from,
        supplied_until=row.supplied_until,
        due_date=row.due_date,
        is_collected=row.is_collected,
        corrects=row.corrects.number if row.corrects else "",
        net=row.net_amount,
        tax=row.tax_amount,
        gross=row.gross_amount,
        taxes=tuple(
            PaperTax(tax.tax_rate, tax.tax_code, tax.legal_sentence, tax.net_amount, tax.tax_amount, tax.gross_amount)
            for tax in row.taxes.all()
        ),
        lines=tuple(_line(line) for line in row.lines.all()),
    )


def _line(row: DocumentLine) -> PaperLine:
    return PaperLine(
        session_number=row.session_number,
        place=row.place,
        address=row.address,
        country=row.country,
        evse=row.evse,
        time_zone=row.time_zone,
        started_at=row.started_at,
        ended_at=row.ended_at,
        energy_kwh=row.energy_kwh,
        meter_start_kwh=row.meter_start_kwh,
        meter_stop_kwh=row.meter_stop_kwh,
        token=row.token,
        tariff=row.tariff,
        prices_include_tax=row.prices_include_tax,
        tax_rate=row.tax_rate,
        net=row.net_amount,
        tax=row.tax_amount,
        gross=row.gross_amount,
        parts=tuple(
            PaperPart(dimension, Decimal(billed), unit, Decimal(price) if price else None, Decimal(amount))
            for dimension, billed, unit, price, amount in row.parts
        ),
    )
