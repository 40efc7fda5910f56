"""Money a company owes back, and how it went back.

A due says what is owed and why; it never changes. Whoever makes one books 2050 on the credit side in the same
transaction. Writes are billing/operations/refunds.py.
"""

from decimal import Decimal

from django.db import models
from django.db.models import Q

from billing.document_models import Document
from billing.fields import amount_field
from chargebill.core.frozen import Frozen, Refused
from chargebill.core.models import LegalEntity, User, validate_currency
from memberships.models import Customer


class RefundDue(models.Model):
    """What a company owes back for one reason. Never changes. ``key`` makes owing it idempotent.

    ``document`` is the one the money was paid for, where there is one; ``source_type`` and ``source_id`` say what the debt
    comes from, as in the journal.
    """

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="refund_dues")
    key = models.CharField(max_length=100)
    customer = models.ForeignKey(Customer, null=True, on_delete=models.PROTECT, related_name="refund_dues")
    document = models.ForeignKey(Document, null=True, on_delete=models.PROTECT, related_name="refund_dues")
    source_type = models.CharField(max_length=40)
    source_id = models.CharField(max_length=80)
    amount = amount_field()
    currency = models.CharField(max_length=3, validators=[validate_currency])
    made_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    frozen = [Frozen()]
    refused = [
        Refused(
            "INSERT",
            "(NEW.document_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM billing_document d"
            " WHERE d.id = NEW.document_id AND d.entity_id = NEW.entity_id AND d.currency = NEW.currency))"
            " OR (NEW.customer_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM memberships_customer c"
            " WHERE c.id = NEW.customer_id AND c.entity_id = NEW.entity_id))",
            "what is owed back is of one company and one currency",
        )
    ]

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["entity", "key"], name="refund_due_key_once"),
            models.CheckConstraint(condition=Q(amount__gt=Decimal(0)), name="refund_due_above_zero"),
        ]
        indexes = [models.Index(fields=["source_type", "source_id"], name="refund_due_of_source")]

    def __str__(self) -> str:
        return f"{self.currency} {self.amount:f}"
