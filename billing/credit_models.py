"""What was taken back of documents, and what a company gave of its own free will. Rows are added and never changed.

A correction takes back what should not have been billed: a credit note (billing/document_models.py) with its tax.
"""

from decimal import Decimal

from django.db import models
from django.db.models import Q

from billing.document_models import Document
from billing.fields import amount_field, thousandths
from chargebill.core.frozen import Frozen, Refused

_HOLD = "SELECT 1 FROM billing_document WHERE id = NEW.document_id FOR NO KEY UPDATE"
_ALLOCATED = (
    f"(SELECT COALESCE(SUM({thousandths('a.amount')}), 0) FROM billing_paymentallocation a WHERE a.document_id = NEW.document_id)"
)


# What became of what was paid, besides what a person chooses from: the acquirer took it back, and the driver was right.
TAKEN = "TAKEN"
_TAKEN_BACK = (
    f"(SELECT COALESCE(SUM({thousandths('f.amount')}), 0) FROM billing_chargebackfunds f WHERE f.document_id = NEW.document_id"
    " AND NOT EXISTS (SELECT 1 FROM billing_chargebackend e WHERE e.funds_id = f.id AND e.kind IN ('REINSTATED', 'RECOVERED')))"
)
_TAKEN_SO_FAR = (
    f"(SELECT COALESCE(SUM({thousandths('c.returned_amount')}), 0) FROM billing_correction c"
    f" WHERE c.document_id = NEW.document_id AND c.returned_to = '{TAKEN}') + {thousandths('NEW.returned_amount')}"
    # What came back after it was credited accounts for its own credit notes.
    f" - (SELECT COALESCE(SUM({thousandths('e.credited')}), 0) FROM billing_chargebackend e JOIN billing_chargebackfunds f"
    " ON f.id = e.funds_id WHERE f.document_id = NEW.document_id AND e.kind = 'RECOVERED')"
)


def _so_far(part: str) -> str:
    return (
        f"(SELECT COALESCE(SUM({thousandths(f'c.{part}')}), 0) FROM billing_correction c WHERE c.document_id = NEW.document_id)"
        f" + {thousandths(f'NEW.{part}')}"
    )


class Correction(models.Model):
    """Why a credit note was issued and what became of its gross. Never changes. ``key`` makes correcting idempotent.

    ``open_amount`` was taken off what was open on the ``document`` it corrects; ``returned_amount`` had been paid and goes
    back: into the customer's credit, or owed until it is refunded; TAKEN: an acquirer gave it back before. Both together are
    the credit note's gross. Never is more returned than was received for the document.
    """

    class ReturnedTo(models.TextChoices):
        REFUND = "REFUND", "Refund"
        CREDIT = "CREDIT", "Credit of the customer"

    credit_note = models.OneToOneField(Document, on_delete=models.PROTECT, primary_key=True, related_name="correction")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="corrections", db_index=False)
    key = models.CharField(max_length=100)
    reason = models.CharField(max_length=300)
    open_amount = amount_field()
    returned_amount = amount_field()
    returned_to = models.CharField(
        max_length=6, choices=[*ReturnedTo.choices, (TAKEN, "Taken back by the acquirer before")], blank=True
    )

    frozen = [Frozen()]
    refused = [
        Refused(
            "INSERT",
            f"{_so_far('open_amount')} + {_ALLOCATED} >"
            f" (SELECT {thousandths('d.gross_amount')} FROM billing_document d WHERE d.id = NEW.document_id)",
            "more would be taken off than is open on the document",
            hold=_HOLD,
        ),
        Refused(
            "INSERT",
            f"NEW.returned_amount > 0 AND {_so_far('returned_amount')} > {_ALLOCATED}",
            "more would be given back than was received for the document",
            hold=_HOLD,
        ),
        Refused(
            "INSERT",
            f"NEW.returned_to = '{TAKEN}' AND {_TAKEN_SO_FAR} > {_TAKEN_BACK}",
            "more would be credited against chargebacks than acquirers took back",
            hold=_HOLD,
        ),
        Refused(
            "INSERT",
            "NOT EXISTS (SELECT 1 FROM billing_document d WHERE d.id = NEW.credit_note_id AND d.corrects_id = NEW.document_id AND"
            f" {thousandths('d.gross_amount')} = {thousandths('NEW.open_amount')} + {thousandths('NEW.returned_amount')})",
            "a correction is of the document and the gross of its credit note",
        ),
    ]

    class Meta:
        ordering = ["credit_note_id"]
        constraints = [
            models.UniqueConstraint(fields=["document", "key"], name="correction_key_once"),
            models.CheckConstraint(
                condition=Q(open_amount__gte=Decimal(0), returned_amount__gte=Decimal(0)), name="correction_not_below_zero"
            ),
            models.CheckConstraint(
                condition=Q(returned_amount=Decimal(0), returned_to="")
                | (Q(returned_amount__gt=Decimal(0)) & ~Q(returned_to="")),
                name="correction_returned_somewhere",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.open_amount + self.returned_amount:f} of {self.document_id}"
