"""What credit notes, and documents issued anew, do to the books: revenue and output tax against what is owed or goes back."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from billing.credit_models import TAKEN, Correction
from billing.document_models import Document, DocumentLine
from billing.journal import Leg, output_tax_code, reversed_legs
from billing.operations.journal import post
from chargebill.core.models import User

ZERO = Decimal(0)
RECEIVABLES, CREDIT, REFUNDS_PAYABLE, CLEARING = "1100", "2000", "2050", "2300"
ACCOUNT_OF = {Correction.ReturnedTo.CREDIT: CREDIT, Correction.ReturnedTo.REFUND: REFUNDS_PAYABLE}


def post_credit_note(
    note: Document, lines: Sequence[DocumentLine], correction: Correction, actor: User | None, at: datetime
) -> None:
    """Each line's own accounts and rate, on the other side. Nothing is booked where nothing was taken back."""
    legs = _legs(note, lines, correction)
    if legs:
        post(
            entity=note.entity,
            key=f"credit_note_issued:{note.pk}:1",
            effective_date=note.issue_date,
            legs=legs,
            description=f"Credit note {note.number} of {correction.document.number}: {correction.reason}"[:300],
            source_type="document",
            source_id=str(note.pk),
            document_no=note.number,
            actor=actor,
            at=at,
        )


def post_reissued(document: Document, lines: Sequence[DocumentLine], actor: User | None, at: datetime) -> None:
    """A document that replaces another: its lines' own accounts, as when they were billed first."""
    legs = _of_lines(lines, document.currency)
    whole = Leg(RECEIVABLES, document.gross_amount, ZERO, document.currency, customer_id=document.customer_id)
    legs = [leg for leg in (whole, *reversed_legs(legs)) if leg.debit or leg.credit]
    if legs:
        post(
            entity=document.entity,
            key=f"document_issued:{document.pk}:1",
            effective_date=document.issue_date,
            legs=legs,
            description=f"{document.get_kind_display()} {document.number}",
            source_type="document",
            source_id=str(document.pk),
            document_no=document.number,
            actor=actor,
            at=at,
        )


def _legs(note: Document, lines: Sequence[DocumentLine], correction: Correction) -> list[Leg]:
    legs = _of_lines(lines, note.currency)
    whose = correction.document.customer_id
    legs.append(Leg(RECEIVABLES, ZERO, correction.open_amount, note.currency, customer_id=whose))
    if correction.returned_amount:
        if correction.returned_to == TAKEN:
            # The end of the chargeback takes it off again.
            legs.append(Leg(CLEARING, ZERO, correction.returned_amount, note.currency))
        else:
            account = ACCOUNT_OF[Correction.ReturnedTo(correction.returned_to)]
            legs.append(Leg(account, ZERO, correction.returned_amount, note.currency, customer_id=whose))
    return [leg for leg in legs if leg.debit or leg.credit]


def _of_lines(lines: Sequence[DocumentLine], currency: str) -> list[Leg]:
    """Revenue and output tax of lines, debited."""
    earned: dict[tuple[str, Decimal, str], Decimal] = defaultdict(Decimal)
    owed: dict[tuple[str, Decimal, str], Decimal] = defaultdict(Decimal)
    for line in lines:
        for account, net in line.revenue.items():
            earned[account, line.tax_rate, line.tax_code] += Decimal(net)
        if line.tax_amount:
            owed[output_tax_code(line.country, line.tax_rate), line.tax_rate, line.tax_code] += line.tax_amount
    legs = [
        Leg(account, net, ZERO, currency, tax_code=code, tax_rate=rate) for (account, rate, code), net in sorted(earned.items())
    ]
    return legs + [
        Leg(account, tax, ZERO, currency, tax_code=code, tax_rate=rate, tax_amount=-tax)
        for (account, rate, code), tax in sorted(owed.items())
    ]
