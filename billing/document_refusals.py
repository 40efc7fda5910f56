"""What the database refuses about documents beside changing them: additions, credits that exceed their line, billing twice."""

from billing.fields import thousandths
from chargebill.core.frozen import Refused


def before_its_document() -> Refused:
    return Refused(
        "INSERT",
        "EXISTS (SELECT 1 FROM billing_document d WHERE d.id = NEW.document_id)",
        "an issued document never changes: nothing is added to it",
    )


def credit_note_of_one_document() -> list[Refused]:
    return [
        Refused(
            "INSERT",
            "NEW.corrects_id IS NOT NULL AND (NOT EXISTS (SELECT 1 FROM billing_document d WHERE d.id = NEW.corrects_id"
            " AND d.corrects_id IS NULL AND d.entity_id = NEW.entity_id AND d.currency = NEW.currency AND d.anchor = NEW.anchor)"
            " OR EXISTS (SELECT 1 FROM billing_documentline c LEFT JOIN billing_documentline l ON l.id = c.corrects_id"
            " WHERE c.document_id = NEW.id AND (l.id IS NULL OR l.document_id <> NEW.corrects_id)))",
            "a credit note takes back lines of the one document it corrects",
        ),
        Refused(
            "INSERT",
            "NEW.corrects_id IS NULL AND EXISTS"
            " (SELECT 1 FROM billing_documentline c WHERE c.document_id = NEW.id AND c.corrects_id IS NOT NULL)",
            "only a credit note takes back lines",
        ),
        Refused(
            "INSERT",
            "NEW.replaces_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM billing_document d WHERE d.id = NEW.replaces_id"
            " AND d.kind = 'RECEIPT' AND d.entity_id = NEW.entity_id AND d.currency = NEW.currency"
            f" AND {thousandths('d.gross_amount')} = {thousandths('NEW.gross_amount')})",
            "a document replaces a receipt of the same amount",
        ),
    ]


def _over_the_line(column: str) -> str:
    """Whether one more credit takes back more of a line than it has, in one column."""
    credits = "FROM billing_documentline c WHERE c.corrects_id = NEW.corrects_id"
    return (
        f"(SELECT COALESCE(SUM({thousandths(f'c.{column}')}), 0) {credits}) + {thousandths(f'NEW.{column}')} >"
        f" (SELECT {thousandths(f'l.{column}')} FROM billing_documentline l WHERE l.id = NEW.corrects_id)"
    )


def credits_stay_within_their_line() -> list[Refused]:
    return [
        Refused(
            "INSERT",
            "NEW.corrects_id IS NOT NULL AND ("
            + " OR ".join(_over_the_line(column) for column in ("net_amount", "tax_amount", "gross_amount"))
            + ")",
            "more would be credited than the line has",
            hold="SELECT 1 FROM billing_documentline WHERE id = NEW.corrects_id FOR NO KEY UPDATE",
        ),
        Refused(
            "INSERT",
            "NEW.corrects_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM billing_documentline l WHERE l.id = NEW.corrects_id"
            " AND l.corrects_id IS NULL AND l.session_id = NEW.session_id AND l.tax_code = NEW.tax_code"
            f" AND {thousandths('l.tax_rate')} = {thousandths('NEW.tax_rate')})",
            "a credit is of the session, rate and code of its line",
        ),
    ]


def billed_once() -> Refused:
    return Refused(
        "INSERT",
        "NEW.corrects_id IS NULL AND EXISTS (SELECT 1 FROM billing_documentline l WHERE l.session_id = NEW.session_id"
        f" AND l.corrects_id IS NULL AND l.document_id <> NEW.document_id AND {thousandths('l.gross_amount')} >"
        f" (SELECT COALESCE(SUM({thousandths('c.gross_amount')}), 0) FROM billing_documentline c WHERE c.corrects_id = l.id))",
        "a session is billed once, until its line was credited whole",
        hold="SELECT 1 FROM billing_chargeable WHERE session_id = NEW.session_id FOR NO KEY UPDATE",
    )
