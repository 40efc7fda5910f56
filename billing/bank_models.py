"""What the bank says: a company's accounts, the files that came from the bank, and each movement once.

Lines never change; what a receipt was for stands in rows of their own (payment_models.py). Files are read by
billing/banking; writes are billing/operations/bank_files.py.
"""

from django.db import models
from django.db.models import Q

from billing.fields import amount_field
from chargebill.core.frozen import Frozen
from chargebill.core.models import LegalEntity, User, validate_currency


class BankAccount(models.Model):
    """An account of a company, made by the first file about it. ``number`` is an IBAN or what the bank has instead."""

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="bank_accounts")
    number = models.CharField(max_length=34)
    currency = models.CharField(max_length=3, validators=[validate_currency])

    frozen = [Frozen()]

    class Meta:
        ordering = ["number", "currency"]
        constraints = [models.UniqueConstraint(fields=["number", "currency"], name="bank_account_once")]

    def __str__(self) -> str:
        number = self.number
        return " ".join(number[at : at + 4] for at in range(0, len(number), 4))


class ReceivedFile(models.Model):
    """A file as somebody sent it. Looked at first; once it is taken in it stays and never changes.

    ``sha256`` is of ``content``: the same bytes are the same file.
    """

    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    uploaded_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField()
    taken_in_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    taken_in_at = models.DateTimeField(null=True)

    frozen = [
        Frozen(but=("taken_in_by", "taken_in_at"), stays=False),
        Frozen(once="OLD.taken_in_at IS NOT NULL"),
    ]

    class Meta:
        abstract = True
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name


class BankFile(ReceivedFile):
    """A file of the bank."""

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="bank_files")
    kind = models.CharField(max_length=40)

    class Meta(ReceivedFile.Meta):
        constraints = [models.UniqueConstraint(fields=["entity", "sha256"], name="bank_file_once")]


class BankStatement(models.Model):
    """What one file says about one account: its balances, and how many of its lines were new. Never changes."""

    file = models.ForeignKey(BankFile, on_delete=models.PROTECT, related_name="statements")
    account = models.ForeignKey(BankAccount, on_delete=models.PROTECT, related_name="statements")
    number = models.CharField(max_length=40, blank=True)
    opening = amount_field(null=True)
    closing = amount_field(null=True)
    lines_in_file = models.PositiveIntegerField()
    lines_new = models.PositiveIntegerField()

    frozen = [Frozen()]

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.account} {self.number}".strip()


class BankLine(models.Model):
    """One movement on an account, kept once whatever files it comes in. Never changes. ``amount`` above zero came in.

    ``key`` says what makes it the same line (billing/banking/line_keys.py).
    """

    statement = models.ForeignKey(BankStatement, on_delete=models.PROTECT, related_name="lines")
    account = models.ForeignKey(BankAccount, on_delete=models.PROTECT, related_name="lines", db_index=False)
    key = models.CharField(max_length=64)
    booked_on = models.DateField()
    value_on = models.DateField(null=True)
    amount = amount_field()
    currency = models.CharField(max_length=3)
    name = models.CharField(max_length=140, blank=True)
    counterparty = models.CharField(max_length=34, blank=True)
    purpose = models.CharField(max_length=1000, blank=True)
    reference = models.CharField(max_length=140, blank=True)
    end_to_end = models.CharField(max_length=35, blank=True)
    is_reversal = models.BooleanField(default=False)

    frozen = [Frozen()]

    class Meta:
        ordering = ["booked_on", "id"]
        constraints = [models.UniqueConstraint(fields=["account", "key"], name="bank_line_once")]
        indexes = [
            models.Index(fields=["account", "booked_on"], condition=Q(amount__gt=0), name="bank_line_received"),
            models.Index(fields=["counterparty"], condition=~Q(counterparty=""), name="bank_line_counterparty"),
        ]

    def __str__(self) -> str:
        return f"{self.booked_on} {self.currency} {self.amount}"
