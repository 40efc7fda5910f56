"""What a month's closing booked as earned and not invoiced, session by session. Rows are added and never change."""

from django.db import models

from billing.fields import amount_field
from billing.journal_models import AccountingPeriod, PeriodChange
from chargebill.core.frozen import Frozen
from stations.models import Session


class Accrual(models.Model):
    """What was ready and on no document at a month's end, as its closing found it. Never changes.

    A month that is reopened and closed again has one for each closing; the last one says what the books hold.
    ``amounts``: {currency: {account of revenue: net as text}}.
    """

    change = models.OneToOneField(PeriodChange, on_delete=models.PROTECT, primary_key=True, related_name="accrual")
    period = models.ForeignKey(AccountingPeriod, on_delete=models.PROTECT, related_name="accruals")
    sessions = models.PositiveIntegerField()
    amounts = models.JSONField(default=dict)

    frozen = [Frozen()]

    class Meta:
        ordering = ["-change_id"]

    def __str__(self) -> str:
        return f"{self.period}: {self.sessions}"


class AccruedSession(models.Model):
    """One session of an accrual at the price it had then: its net, and that by account of revenue. Never changes."""

    accrual = models.ForeignKey(Accrual, on_delete=models.PROTECT, related_name="accrued")
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="+", db_index=False)
    cdr = models.ForeignKey("billing.Cdr", on_delete=models.PROTECT, related_name="+", db_index=False)
    currency = models.CharField(max_length=3)
    net_amount = amount_field()
    revenue = models.JSONField(default=dict)

    frozen = [Frozen()]

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["accrual", "session"], name="session_once_per_accrual")]

    def __str__(self) -> str:
        return f"{self.session_id}: {self.net_amount} {self.currency}"
