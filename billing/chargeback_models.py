"""Money an acquirer took back of a charge because the cardholder's bank asked for it, and how that ended.

Rows are added and never changed. Whoever keeps the chargebacks themselves calls down (billing/operations/chargebacks.py).
"""

from decimal import Decimal

from django.db import models
from django.db.models import Q

from billing.document_models import Document
from billing.fields import amount_field, thousandths
from billing.payment_models import Payment
from chargebill.core.frozen import Frozen, Refused
from chargebill.core.models import LegalEntity, User, validate_currency

# What of the document's money is not here because of chargebacks: what the acquirer holds, and what was lost for good.
_GONE = (
    f"(SELECT COALESCE(SUM({thousandths('f.amount')}), 0) FROM billing_chargebackfunds f WHERE f.document_id = NEW.document_id"
    " AND NOT EXISTS (SELECT 1 FROM billing_chargebackend e WHERE e.funds_id = f.id AND e.kind IN ('REINSTATED', 'RECOVERED')))"
)
_REFUNDED = (
    f"(SELECT COALESCE(SUM({thousandths('r.amount')}), 0) FROM billing_refund r JOIN billing_refunddue d ON d.id = r.due_id"
    " WHERE d.document_id = NEW.document_id AND r.state NOT IN ('FAILED', 'WITHDRAWN'))"
)
_PAID = (
    f"(SELECT COALESCE(SUM({thousandths('a.amount')}), 0) FROM billing_paymentallocation a WHERE a.document_id = NEW.document_id)"
)


class ChargebackFunds(models.Model):
    """What an acquirer took back of what was paid on a document, and its fee. Never changes.

    ``payment`` is the one by card it was taken out of; ``reference`` says where the chargeback is dealt with, and ``key``
    makes it happen once. ``booked_on`` is the day in the books. Until there is an end the acquirer holds the money.
    """

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="chargeback_funds")
    key = models.CharField(max_length=100)
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="chargeback_funds")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="chargeback_funds")
    reference = models.CharField(max_length=60)
    amount = amount_field()
    fee = amount_field(default=Decimal(0))
    currency = models.CharField(max_length=3, validators=[validate_currency])
    booked_on = models.DateField()
    made_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    frozen = [Frozen()]
    refused = [
        Refused(
            "INSERT",
            f"{_GONE} + {_REFUNDED} + {thousandths('NEW.amount')} > {_PAID}",
            "refunds and chargebacks are at most what was paid",
            hold="SELECT 1 FROM billing_refunddue WHERE document_id = NEW.document_id ORDER BY id FOR NO KEY UPDATE",
        ),
        Refused(
            "INSERT",
            "NOT EXISTS (SELECT 1 FROM billing_document d, billing_payment p WHERE d.id = NEW.document_id"
            " AND p.id = NEW.payment_id AND d.entity_id = NEW.entity_id AND p.entity_id = NEW.entity_id"
            " AND d.currency = NEW.currency AND p.currency = NEW.currency AND p.method IN ('TERMINAL', 'GATEWAY'))",
            "an acquirer takes back what was paid by card, of one company and currency",
        ),
    ]

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "chargeback funds"
        constraints = [
            models.UniqueConstraint(fields=["entity", "key"], name="chargeback_funds_key_once"),
            models.CheckConstraint(condition=Q(amount__gt=Decimal(0), fee__gte=Decimal(0)), name="chargeback_funds_above_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.amount:f}"


class ChargebackEnd(models.Model):
    """The acquirer gave the money back, it was lost, or what was lost came back after all. Never changes.

    ``credited``: so much of what was lost was taken off the bill, because the driver was right; the rest is a loss. It says
    the same when that came back.
    """

    class Kind(models.TextChoices):
        REINSTATED = "REINSTATED", "Given back"
        LOST = "LOST", "Lost"
        RECOVERED = "RECOVERED", "Given back after it was lost"

    funds = models.ForeignKey(ChargebackFunds, on_delete=models.PROTECT, related_name="ends")
    kind = models.CharField(max_length=10, choices=Kind)
    credited = amount_field(default=Decimal(0))
    booked_on = models.DateField()
    made_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    frozen = [Frozen()]
    refused = [
        Refused(
            "INSERT",
            "NEW.kind = 'RECOVERED' AND NOT EXISTS"
            " (SELECT 1 FROM billing_chargebackend e WHERE e.funds_id = NEW.funds_id AND e.kind = 'LOST')",
            "only what was lost is recovered",
        ),
        Refused(
            "INSERT",
            f"{thousandths('NEW.credited')} > (SELECT {thousandths('f.amount')} FROM billing_chargebackfunds f"
            " WHERE f.id = NEW.funds_id)",
            "no more is credited than was taken back",
        ),
    ]

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["funds"], condition=~Q(kind="RECOVERED"), name="chargeback_ends_once"),
            models.UniqueConstraint(fields=["funds", "kind"], name="chargeback_end_kind_once"),
            models.CheckConstraint(
                condition=Q(credited__gte=Decimal(0)) & (Q(credited=Decimal(0)) | ~Q(kind="REINSTATED")),
                name="chargeback_end_credits_what_was_lost",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.funds_id} {self.kind}"
