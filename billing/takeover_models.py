"""What was taken over from another system: each file once, with the report somebody signed.

Files are read by billing/takeover; writes are billing/operations/takeover.py.
"""

from django.db import models

from chargebill.core.frozen import Frozen
from chargebill.core.models import LegalEntity, User


class TakeOverKind(models.TextChoices):
    OPEN_INVOICES = "open_invoices", "Open invoices"
    GATEWAY_CUSTOMERS = "gateway_customers", "Gateway customers"
    NEXT_NUMBERS = "next_numbers", "Next numbers"


class TakeOver(models.Model):
    """A file that was taken over, whole, and the report that was signed before. Never changes.

    ``sha256`` is of ``content``: the same file again is the same take-over. ``report`` has [line, what happened] of every
    line, ``totals`` are its sentences. ``signed_as`` says who looked at the report and stands for it: a person by name, or
    an account of the machine where a command was run (``signed_by`` is empty then). ``day`` is that of the balances.
    """

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="take_overs")
    kind = models.CharField(max_length=20, choices=TakeOverKind)
    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    report = models.JSONField()
    totals = models.JSONField(default=list)
    day = models.DateField(null=True)
    signed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    signed_as = models.CharField(max_length=200)
    signed_at = models.DateTimeField()

    frozen = [Frozen()]

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["entity", "kind", "sha256"], name="take_over_once")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.name}"
