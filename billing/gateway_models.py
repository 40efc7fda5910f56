"""Attempts to take money through a gateway. A payment is only what has come in; the attempt is kept beside it."""

from decimal import Decimal

from django.db import models
from django.db.models import Q

from billing.document_models import Document
from billing.fields import amount_field
from billing.payment_models import Payment
from billing.takeover_models import TakeOver
from chargebill.core.frozen import Frozen
from chargebill.core.models import User
from memberships.models import Customer


class GatewayAttempt(models.Model):
    """One order to a gateway to take money for a document. Its outcome is written once; before that, one at a time.

    ``key`` makes it idempotent here, its primary key at the gateway. ``means`` is what the gateway calls the customer's
    means of payment, ``reference`` what it calls the money it took.
    """

    class State(models.TextChoices):
        SENT = "SENT", "Sent"
        UNKNOWN = "UNKNOWN", "Outcome not known"
        SUCCEEDED = "SUCCEEDED", "Collected"
        FAILED = "FAILED", "Failed"

    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="gateway_attempts")
    key = models.CharField(max_length=100)
    gateway = models.CharField(max_length=20)
    means = models.CharField(max_length=100)
    amount = amount_field()
    state = models.CharField(max_length=9, choices=State, default=State.SENT)
    reference = models.CharField(max_length=100, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    payment = models.OneToOneField(Payment, null=True, on_delete=models.PROTECT, related_name="gateway_attempt")
    made_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    frozen = [
        Frozen(but=("state", "reference", "reason", "payment")),
        Frozen(once="OLD.state IN ('SUCCEEDED', 'FAILED')", stays=False),
    ]

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["document", "key"], name="gateway_attempt_key_once"),
            models.UniqueConstraint(
                fields=["document"], condition=Q(state__in=["SENT", "UNKNOWN"]), name="gateway_attempt_one_at_a_time"
            ),
            models.CheckConstraint(condition=Q(amount__gt=Decimal(0)), name="gateway_attempt_above_zero"),
            models.CheckConstraint(
                condition=Q(state="SUCCEEDED", payment__isnull=False) | (~Q(state="SUCCEEDED") & Q(payment__isnull=True)),
                name="gateway_attempt_has_payment",
            ),
        ]
        indexes = [models.Index(fields=["state"], condition=Q(state__in=["SENT", "UNKNOWN"]), name="gateway_attempt_open")]

    def __str__(self) -> str:
        return f"{self.gateway} {self.pk}"

    @property
    def order_key(self) -> str:
        """What the gateway knows the order by."""
        return f"collect:{self.pk}"


class GatewayCustomer(models.Model):
    """What a gateway calls a customer, taken over with a file. Never changes; an order to collect begins with it."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="gateway_customers", db_index=False)
    gateway = models.CharField(max_length=20)
    reference = models.CharField(max_length=100)
    take_over = models.ForeignKey(TakeOver, on_delete=models.PROTECT, related_name="gateway_customers")

    frozen = [Frozen()]

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["customer", "gateway"], name="gateway_customer_once"),
            models.UniqueConstraint(fields=["gateway", "reference"], name="gateway_customer_reference_once"),
        ]

    def __str__(self) -> str:
        return f"{self.gateway} {self.reference}"
