"""What went to the accountant: batches with their files and entries, frozen; and what our accounts are called there.

An entry goes out with one batch for each target, whole. Its files and entries are written before the batch, in one
transaction: once it is there, none is added (docs/exports.md).
"""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from billing.fields import amount_field
from billing.journal_models import HASH_LENGTH, JournalEntry
from chargebill.core.frozen import Frozen, Refused
from chargebill.core.models import LegalEntity, User


class ExportTarget(models.TextChoices):
    GENERIC = "generic", "General ledger"
    QUICKBOOKS = "quickbooks", "QuickBooks Online"
    XERO = "xero", "Xero"
    DATEV = "datev", "DATEV"


# What a batch is called: GL-12.
PREFIX = {
    ExportTarget.GENERIC: "GL",
    ExportTarget.QUICKBOOKS: "QB",
    ExportTarget.XERO: "XR",
    ExportTarget.DATEV: "DV",
}


class ExportSettings(models.Model):
    """What a target wants to know of a company besides its accounts. May change; batches keep what they were made with.

    ``consultant``, ``client``, ``account_length`` and ``chart`` are DATEV's, ``tax_rate``, ``walk_in`` and
    ``as_invoices`` (receipts and invoices go out as such, not as journals) Xero's and QuickBooks'. The fiscal year is the
    company's.
    """

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="export_settings")
    target = models.CharField(max_length=12, choices=ExportTarget)
    consultant = models.PositiveIntegerField(null=True, validators=[MinValueValidator(1001), MaxValueValidator(9_999_999)])
    client = models.PositiveIntegerField(null=True, validators=[MinValueValidator(1), MaxValueValidator(99_999)])
    account_length = models.PositiveSmallIntegerField(default=4, validators=[MinValueValidator(4), MaxValueValidator(8)])
    chart = models.CharField(max_length=2, blank=True)
    tax_rate = models.CharField(max_length=50, blank=True)
    walk_in = models.CharField(max_length=100, blank=True)
    as_invoices = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "export settings"
        constraints = [models.UniqueConstraint(fields=["entity", "target"], name="export_settings_once")]

    def __str__(self) -> str:
        return f"{self.entity} {self.get_target_display()}"


class ExportAccount(models.Model):
    """What an account of a company is called in a target. May change; batches keep what they were made with.

    ``code`` is what rules book on: it may stand here before the first posting. ``tax_key`` is DATEV's BU-Schlüssel.
    """

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="export_accounts")
    target = models.CharField(max_length=12, choices=ExportTarget)
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=100)
    tax_key = models.CharField(max_length=4, blank=True)

    class Meta:
        ordering = ["entity_id", "target", "code"]
        constraints = [models.UniqueConstraint(fields=["entity", "target", "code"], name="export_account_once")]

    def __str__(self) -> str:
        return f"{self.code}: {self.name}"


class ExportBatch(models.Model):
    """Entries that went out to a target together. Never changes: it downloads again byte by byte.

    ``until`` is the last day that was asked for, ``first_day`` and ``last_day`` those of its entries. ``made_with`` is
    the mapping and the settings of that moment. ``key`` makes making it idempotent.
    """

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="export_batches")
    target = models.CharField(max_length=12, choices=ExportTarget)
    number = models.PositiveIntegerField()
    key = models.CharField(max_length=80)
    until = models.DateField()
    first_day = models.DateField()
    last_day = models.DateField()
    entries = models.PositiveIntegerField()
    postings = models.PositiveIntegerField()
    made_with = models.JSONField(default=dict)
    made_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    frozen = [Frozen()]

    class Meta:
        verbose_name_plural = "export batches"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["entity", "target", "number"], name="export_batch_number_once"),
            models.UniqueConstraint(fields=["entity", "key"], name="export_batch_key_once"),
        ]

    def __str__(self) -> str:
        return f"{PREFIX[ExportTarget(self.target)]}-{self.number}"


def _before_its_batch() -> Refused:
    return Refused(
        "INSERT",
        "EXISTS (SELECT 1 FROM billing_exportbatch b WHERE b.id = NEW.batch_id)",
        "a batch never changes: nothing is added to it",
    )


class ExportFile(models.Model):
    """A file of a batch. Never changes. ``packed`` is its content, packed with zlib; hash and size are of the content.

    ``debit`` and ``credit`` are the sums of the postings written into it.
    """

    batch = models.ForeignKey(ExportBatch, on_delete=models.PROTECT, related_name="files", db_index=False)
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=HASH_LENGTH)
    size = models.PositiveBigIntegerField()
    packed = models.BinaryField()
    currency = models.CharField(max_length=3)
    entries = models.PositiveIntegerField()
    rows = models.PositiveIntegerField()
    debit = amount_field()
    credit = amount_field()
    changed = models.PositiveIntegerField(default=0)

    frozen = [Frozen()]
    refused = [_before_its_batch()]

    class Meta:
        ordering = ["batch_id", "position"]
        constraints = [models.UniqueConstraint(fields=["batch", "position"], name="export_file_position_once")]

    def __str__(self) -> str:
        return self.name


class ExportedEntry(models.Model):
    """An entry that went out, all of its postings with it: once for each target. Never changes."""

    batch = models.ForeignKey(ExportBatch, on_delete=models.PROTECT, related_name="exported", db_index=False)
    target = models.CharField(max_length=12, choices=ExportTarget)
    entry = models.ForeignKey(JournalEntry, on_delete=models.PROTECT, related_name="exports", db_index=False)

    frozen = [Frozen()]
    refused = [
        _before_its_batch(),
        Refused(
            "INSERT",
            "EXISTS (SELECT 1 FROM billing_journalentry e WHERE e.id = NEW.entry_id AND NOT e.is_sealed)",
            "only sealed entries go out",
        ),
    ]

    class Meta:
        verbose_name_plural = "exported entries"
        constraints = [
            models.UniqueConstraint(fields=["entry", "target"], name="exported_entry_once"),
            models.CheckConstraint(condition=Q(target__in=ExportTarget.values), name="exported_entry_target"),
        ]
        indexes = [models.Index(fields=["batch", "entry"], name="exported_of_batch")]

    def __str__(self) -> str:
        return f"{self.entry_id} {self.target}"
