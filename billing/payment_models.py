"""Money received, and what it was for. Rows are added and never changed: what was wrong is taken back by another row.

What is owed on a document is its gross less its allocations and what credit notes took off it (billing/credit_models.py).
An attempt to collect whose outcome is not known is no
payment yet: a gateway keeps it in a row of its own, and records the payment, under its own key, when it knows.
"""

from decimal import Decimal

from django.db import models
from django.db.models import Q

from billing.bank_models import BankLine
from billing.document_models import Document
from billing.fields import amount_field, thousandths
from billing.refund_models import RefundDue
from chargebill.core.frozen import Frozen, Refused
from chargebill.core.models import LegalEntity, User, validate_currency
from memberships.models import Customer


def _allocated(of: str) -> str:
    return f"(SELECT COALESCE(SUM({thousandths('a.amount')}), 0) FROM billing_paymentallocation a WHERE a.{of}_id = NEW.{of}_id)"


def _credited(part: str) -> str:
    """What credit notes did to what is owed on the document."""
    amount = thousandths(f"c.{part}")
    return f"(SELECT COALESCE(SUM({amount}), 0) FROM billing_correction c WHERE c.document_id = NEW.document_id)"


_HOLD_DOCUMENT = "SELECT 1 FROM billing_document WHERE id = NEW.document_id FOR NO KEY UPDATE"


class PaymentMethod(models.TextChoices):
    BANK = "BANK", "Bank transfer"
    CASH = "CASH", "Cash"
    TERMINAL = "TERMINAL", "Terminal or other system"
    GATEWAY = "GATEWAY", "Payment gateway"


class Payment(models.Model):
    """Money a company received. Never changes. ``key`` makes recording it idempotent.

    ``received_on`` is the day by the company's clock; ``booked_on`` the day in the books: the same, or the day it was
    entered where that month was closed already. ``bank_line`` is empty where a person entered it. ``gateway`` took it and
    calls it ``gateway_reference``: text, so that nothing of theirs can take a payment away.
    """

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="payments")
    key = models.CharField(max_length=100)
    method = models.CharField(max_length=8, choices=PaymentMethod)
    amount = amount_field()
    currency = models.CharField(max_length=3, validators=[validate_currency])
    received_on = models.DateField()
    booked_on = models.DateField()
    customer = models.ForeignKey(Customer, null=True, on_delete=models.PROTECT, related_name="payments")
    payer = models.CharField(max_length=140, blank=True)
    reference = models.CharField(max_length=200, blank=True)
    bank_line = models.OneToOneField(BankLine, null=True, on_delete=models.PROTECT, related_name="payment")
    gateway = models.CharField(max_length=20, blank=True)
    gateway_reference = models.CharField(max_length=100, blank=True)
    made_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    frozen = [Frozen()]
    refused = [
        Refused(
            "INSERT",
            "NEW.bank_line_id IS NOT NULL"
            " AND (EXISTS (SELECT 1 FROM billing_refundbankline l WHERE l.bank_line_id = NEW.bank_line_id)"
            " OR EXISTS (SELECT 1 FROM billing_settlementpayout s WHERE s.bank_line_id = NEW.bank_line_id))",
            "a line of the bank counts once",
            hold="SELECT 1 FROM billing_bankline WHERE id = NEW.bank_line_id FOR NO KEY UPDATE",
        )
    ]

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["entity", "key"], name="payment_key_once"),
            models.CheckConstraint(condition=Q(amount__gt=Decimal(0)), name="payment_above_zero"),
            models.CheckConstraint(
                condition=(Q(method="GATEWAY") & ~Q(gateway="") & ~Q(gateway_reference=""))
                | (~Q(method="GATEWAY") & Q(gateway="", gateway_reference="")),
                name="payment_gateway_named",
            ),
            models.UniqueConstraint(
                fields=["gateway", "gateway_reference"], condition=~Q(gateway=""), name="payment_gateway_reference_once"
            ),
        ]
        indexes = [models.Index(fields=["entity", "received_on"])]

    def __str__(self) -> str:
        return f"{self.currency} {self.amount:f}"


class PaymentAllocation(models.Model):
    """A part of a payment and what it is for: a document, the credit of a customer, or to be given back (``due``).

    Never changes. Taken back by a row with the same amount below zero that ``reverses`` it.
    """

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="allocations", db_index=False)
    key = models.CharField(max_length=120)
    document = models.ForeignKey(Document, null=True, on_delete=models.PROTECT, related_name="allocations")
    customer = models.ForeignKey(Customer, null=True, on_delete=models.PROTECT, related_name="+")
    due = models.ForeignKey(RefundDue, null=True, on_delete=models.PROTECT, related_name="allocations")
    amount = amount_field()
    booked_on = models.DateField()
    reverses = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="reversed_by")
    reason = models.CharField(max_length=200, blank=True)
    made_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    frozen = [Frozen()]
    refused = [
        Refused(
            "INSERT",
            f"NEW.document_id IS NOT NULL AND {_allocated('document')} + {_credited('open_amount')} +"
            f" {thousandths('NEW.amount')} >"
            f" (SELECT {thousandths('d.gross_amount')} FROM billing_document d WHERE d.id = NEW.document_id)",
            "more would be allocated than is open on the document",
            hold=_HOLD_DOCUMENT,
        ),
        Refused(
            "INSERT",
            f"{_allocated('payment')} + {thousandths('NEW.amount')} >"
            f" (SELECT {thousandths('p.amount')} FROM billing_payment p WHERE p.id = NEW.payment_id)",
            "more would be allocated than was received",
            hold="SELECT 1 FROM billing_payment WHERE id = NEW.payment_id FOR NO KEY UPDATE",
        ),
        Refused(
            "INSERT",
            "NEW.document_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM billing_document d, billing_payment p"
            " WHERE d.id = NEW.document_id AND p.id = NEW.payment_id AND d.entity_id = p.entity_id AND d.currency = p.currency)",
            "a payment is allocated to documents of its own company and currency",
        ),
        Refused(
            "INSERT",
            "NEW.reverses_id IS NULL AND EXISTS (SELECT 1 FROM billing_paymentreversal r WHERE r.payment_id = NEW.payment_id)",
            "a payment that was taken back is not allocated",
        ),
        Refused(
            "INSERT",
            "NEW.reverses_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM billing_paymentallocation o"
            " WHERE o.id = NEW.reverses_id AND o.reverses_id IS NULL AND o.payment_id = NEW.payment_id"
            " AND COALESCE(o.document_id, 0) = COALESCE(NEW.document_id, 0)"
            " AND COALESCE(o.due_id, 0) = COALESCE(NEW.due_id, 0)"
            f" AND {thousandths('o.amount')} = -{thousandths('NEW.amount')})",
            "an allocation is taken back whole",
        ),
        Refused(
            "INSERT",
            "NEW.document_id IS NOT NULL AND EXISTS"
            " (SELECT 1 FROM billing_document d WHERE d.id = NEW.document_id AND d.corrects_id IS NOT NULL)",
            "a credit note is not paid",
        ),
        Refused(
            "INSERT",
            f"NEW.reverses_id IS NOT NULL AND NEW.document_id IS NOT NULL AND"
            f" {_allocated('document')} + {thousandths('NEW.amount')} < {_credited('returned_amount')}",
            "what was given back by a credit note stays paid",
            hold=_HOLD_DOCUMENT,
        ),
        Refused(
            "INSERT",
            "NEW.due_id IS NOT NULL AND NEW.reverses_id IS NULL AND (NEW.document_id IS NOT NULL"
            " OR EXISTS (SELECT 1 FROM billing_paymentallocation a WHERE a.due_id = NEW.due_id)"
            " OR NOT EXISTS (SELECT 1 FROM billing_refunddue d, billing_payment p WHERE d.id = NEW.due_id AND"
            " p.id = NEW.payment_id AND d.entity_id = p.entity_id AND d.currency = p.currency"
            f" AND {thousandths('d.amount')} = {thousandths('NEW.amount')}))",
            "what is given back of a payment is owed once, to the same amount",
        ),
        Refused(
            "INSERT",
            "NEW.due_id IS NOT NULL AND NEW.reverses_id IS NOT NULL"
            " AND NOT EXISTS (SELECT 1 FROM billing_refundduereversal r WHERE r.due_id = NEW.due_id)",
            "what is owed back of a payment is taken back before its match",
        ),
    ]

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["payment", "key"], name="payment_allocation_key_once"),
            models.CheckConstraint(
                condition=Q(reverses__isnull=True, amount__gt=Decimal(0)) | Q(reverses__isnull=False, amount__lt=Decimal(0)),
                name="payment_allocation_sign",
            ),
            models.CheckConstraint(
                condition=Q(document__isnull=False) | Q(customer__isnull=False) | Q(due__isnull=False),
                name="payment_allocation_has_target",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount:f} of {self.payment_id}"


class PaymentReversal(models.Model):
    """A payment that was entered by mistake and is taken back, after all its allocations were. Never changes."""

    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, primary_key=True, related_name="reversal")
    booked_on = models.DateField()
    reason = models.CharField(max_length=200)
    made_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    frozen = [Frozen()]
    refused = [
        Refused(
            "INSERT",
            f"{_allocated('payment')} <> 0",
            "a payment is taken back after its allocations",
            hold="SELECT 1 FROM billing_payment WHERE id = NEW.payment_id FOR NO KEY UPDATE",
        )
    ]

    def __str__(self) -> str:
        return f"{self.payment_id}: {self.reason}"
