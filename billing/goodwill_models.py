"""What a company gives of its own free will: no correction of a document, no tax of its own, a letter and an account."""

from decimal import Decimal

from django.db import models
from django.db.models import Q

from billing.credit_models import Correction
from billing.document_models import Document
from billing.fields import amount_field
from billing.four_eyes import Confirmation, by_somebody_else
from chargebill.core.frozen import Frozen, Refused
from chargebill.core.models import LegalEntity, User
from memberships.models import Customer


class GoodwillGrant(models.Model):
    """Money given without owing it, and the letter that says so. Never changes. ``key`` makes granting idempotent.

    ``given_as`` a refund, owed until it is paid out, or the customer's credit. ``document`` is what it is about, where
    there is one. ``needs_second``: it counts once a second person has confirmed it. ``reason`` is for colleagues,
    ``letter`` for the customer.
    """

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="goodwill")
    key = models.CharField(max_length=100)
    customer = models.ForeignKey(Customer, null=True, on_delete=models.PROTECT, related_name="goodwill")
    document = models.ForeignKey(Document, null=True, on_delete=models.PROTECT, related_name="goodwill")
    amount = amount_field()
    currency = models.CharField(max_length=3)
    given_as = models.CharField(max_length=6, choices=Correction.ReturnedTo)
    reason = models.CharField(max_length=300)
    letter = models.TextField(max_length=4000)
    needs_second = models.BooleanField()
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    frozen = [Frozen()]
    refused = [
        Refused(
            "INSERT",
            "(NEW.document_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM billing_document d WHERE d.id = NEW.document_id"
            " AND d.entity_id = NEW.entity_id AND d.currency = NEW.currency))"
            " OR (NEW.customer_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM memberships_customer c"
            " WHERE c.id = NEW.customer_id AND c.entity_id = NEW.entity_id))",
            "goodwill is of one company and one currency",
        )
    ]

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["entity", "key"], name="goodwill_key_once"),
            models.CheckConstraint(condition=Q(amount__gt=Decimal(0)), name="goodwill_above_zero"),
            models.CheckConstraint(condition=Q(document__isnull=False) | Q(customer__isnull=False), name="goodwill_for_somebody"),
            models.CheckConstraint(condition=Q(given_as="REFUND") | Q(customer__isnull=False), name="goodwill_credit_of_one"),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.amount:f}"

    @property
    def state(self) -> str:
        """waits, given or refused: a state of the glossary."""
        if not self.needs_second:
            return "given"
        if not hasattr(self, "confirmation"):
            return "waits"
        return "given" if self.confirmation.accepted else "refused"


class GoodwillConfirmation(Confirmation):
    """What the second person said about goodwill above the limit; never the one who granted it."""

    grant = models.OneToOneField(GoodwillGrant, on_delete=models.PROTECT, primary_key=True, related_name="confirmation")

    refused = [by_somebody_else("billing_goodwillgrant", "grant_id")]
