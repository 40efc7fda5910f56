"""Lists of refunds that go to the bank, and the files made of them. Writes are billing/operations/payouts.py."""

from decimal import Decimal

from django.db import models
from django.db.models import Q

from billing.bank_models import BankAccount
from billing.fields import amount_field
from chargebill.core.frozen import Frozen
from chargebill.core.models import LegalEntity, User, validate_currency


def list_reference(pk: int) -> str:
    return f"CBL-{pk:06}"


class PayoutList(models.Model):
    """Refunds that go out together from one account, prepared by one person and released by another.

    ``account`` is the company's own, empty where none is known: then there is no pain.001. Only who released or discarded
    it, and when, is written later; once.
    """

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="payout_lists")
    key = models.CharField(max_length=100)
    account = models.ForeignKey(BankAccount, null=True, on_delete=models.PROTECT, related_name="payout_lists")
    currency = models.CharField(max_length=3, validators=[validate_currency])
    execution_on = models.DateField()
    count = models.PositiveIntegerField()
    total = amount_field()
    prepared_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    prepared_at = models.DateTimeField()
    released_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    released_at = models.DateTimeField(null=True)
    discarded_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    discarded_at = models.DateTimeField(null=True)

    frozen = [
        Frozen(but=("released_by", "released_at", "discarded_by", "discarded_at")),
        Frozen(once="OLD.released_at IS NOT NULL OR OLD.discarded_at IS NOT NULL", stays=False),
    ]

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["entity", "key"], name="payout_list_key_once"),
            models.CheckConstraint(condition=Q(total__gt=Decimal(0), count__gt=0), name="payout_list_above_zero"),
            models.CheckConstraint(
                condition=Q(released_by__isnull=True, released_at__isnull=True)
                | (Q(released_by__isnull=False, released_at__isnull=False, discarded_at__isnull=True)),
                name="payout_list_released_whole",
            ),
            models.CheckConstraint(
                condition=Q(released_by__isnull=True) | ~Q(released_by=models.F("prepared_by")), name="payout_list_by_two_people"
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """What the bank is told the list is called, and says back."""
        return list_reference(self.pk)

    @property
    def state(self) -> str:
        return "RELEASED" if self.released_at else "DISCARDED" if self.discarded_at else "PREPARED"


class PayoutFile(models.Model):
    """A list as a file, made when it was prepared: what the second person releases is what is downloaded. Never changes."""

    class Kind(models.TextChoices):
        CSV = "CSV", "CSV"
        PAIN = "PAIN", "SEPA credit transfer (pain.001.001.09)"

    payout_list = models.ForeignKey(PayoutList, on_delete=models.PROTECT, related_name="files", db_index=False)
    kind = models.CharField(max_length=4, choices=Kind)
    name = models.CharField(max_length=80)
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()

    frozen = [Frozen()]

    class Meta:
        ordering = ["payout_list_id", "kind"]
        constraints = [models.UniqueConstraint(fields=["payout_list", "kind"], name="payout_file_once")]

    def __str__(self) -> str:
        return self.name
