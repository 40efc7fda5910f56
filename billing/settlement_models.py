"""What acquirers pay out of the terminals' takings: the files that say so, and each payout once.

A payout is in transit (1060) until the line of the bank that brings it is known. Writes are billing/operations/settlements.py.
"""

from decimal import Decimal

from django.db import models
from django.db.models import Q

from billing.bank_models import BankLine, ReceivedFile
from billing.fields import amount_field, thousandths
from chargebill.core.frozen import Frozen, Refused
from chargebill.core.models import LegalEntity, User, validate_currency


class SettlementLayout(models.Model):
    """What the columns of an acquirer's file mean (billing/settlements/layout.py). Never changes: files are read with it.

    Of one ``title`` the highest ``number`` counts for new files.
    """

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="settlement_layouts")
    title = models.CharField(max_length=100)
    number = models.PositiveIntegerField()
    definition = models.JSONField()
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    frozen = [Frozen()]

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["entity", "title", "number"], name="settlement_layout_version_once")]

    def __str__(self) -> str:
        return f"{self.title}, version {self.number}"


class SettlementFile(ReceivedFile):
    """A file of the acquirer. ``layout``: what its columns mean, empty where they are our template's."""

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="settlement_files")
    layout = models.ForeignKey(SettlementLayout, null=True, on_delete=models.PROTECT, related_name="files")

    frozen = [
        Frozen(but=("taken_in_by", "taken_in_at", "layout"), stays=False),
        Frozen(once="OLD.taken_in_at IS NOT NULL"),
    ]

    class Meta(ReceivedFile.Meta):
        constraints = [models.UniqueConstraint(fields=["entity", "sha256"], name="settlement_file_once")]


class SettlementPayout(models.Model):
    """What an acquirer paid out: takings less its fee. Never changes, but for the line of the bank that brought it, once."""

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="settlement_payouts")
    file = models.ForeignKey(SettlementFile, on_delete=models.PROTECT, related_name="payouts")
    reference = models.CharField(max_length=100)
    paid_on = models.DateField()
    booked_on = models.DateField()
    currency = models.CharField(max_length=3, validators=[validate_currency])
    gross_amount = amount_field()
    fee_amount = amount_field()
    net_amount = amount_field()
    terminals = models.CharField(max_length=200, blank=True)
    bank_line = models.OneToOneField(BankLine, null=True, on_delete=models.PROTECT, related_name="settlement")

    frozen = [
        Frozen(but=("bank_line",)),
        Frozen(fields=("bank_line",), once="OLD.bank_line_id IS NOT NULL", stays=False),
    ]
    refused = [
        Refused("INSERT", "NEW.bank_line_id IS NOT NULL", "a payout is in transit before the bank says that it came"),
        Refused(
            "UPDATE",
            "NEW.bank_line_id IS NOT NULL AND OLD.bank_line_id IS NULL"
            " AND (EXISTS (SELECT 1 FROM billing_payment p WHERE p.bank_line_id = NEW.bank_line_id)"
            " OR EXISTS (SELECT 1 FROM billing_refundbankline l WHERE l.bank_line_id = NEW.bank_line_id)"
            " OR NOT EXISTS (SELECT 1 FROM billing_bankline b, billing_bankaccount a WHERE b.id = NEW.bank_line_id"
            " AND a.id = b.account_id AND a.entity_id = NEW.entity_id AND b.currency = NEW.currency"
            f" AND {thousandths('b.amount')} = {thousandths('NEW.net_amount')}))",
            "a payout came with a line of the bank of exactly its amount, which is for nothing else",
            hold="SELECT 1 FROM billing_bankline WHERE id = NEW.bank_line_id FOR NO KEY UPDATE",
        ),
    ]

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["entity", "reference", "currency"], name="settlement_payout_once"),
            models.CheckConstraint(
                condition=Q(gross_amount__gt=Decimal(0), fee_amount__gte=Decimal(0), net_amount__gt=Decimal(0)),
                name="settlement_payout_above_zero",
            ),
        ]
        indexes = [
            models.Index(fields=["entity", "net_amount"], condition=Q(bank_line__isnull=True), name="settlement_in_transit")
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def state(self) -> str:
        return "IN_TRANSIT" if self.bank_line_id is None else "ARRIVED"
