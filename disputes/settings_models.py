"""What a company's dispute desk goes by: opening hours, holidays, lengths of its clocks, numbers, outside bodies."""

from django.core.validators import MinValueValidator
from django.db import models

from chargebill.core.models import LegalEntity
from disputes.workflow.durations import REMINDER_DAYS, REOPENING_DAYS


class DisputeSettings(models.Model):
    """How long a company's clocks run and when its desk is open. May change; no row: the defaults.

    ``hours``: weekday ("0" is Monday) -> [minutes after midnight of opening, of closing]; empty: Monday to Friday, 9 to 17.
    ``durations``: clock -> its length in its unit, where it is not the default (disputes/workflow/durations.py).
    """

    entity = models.OneToOneField(
        LegalEntity, verbose_name="company", on_delete=models.PROTECT, primary_key=True, related_name="dispute_settings"
    )
    hours = models.JSONField(default=dict, blank=True)
    durations = models.JSONField(default=dict, blank=True)
    reminder_days = models.PositiveSmallIntegerField(
        "reminder after, days", default=REMINDER_DAYS, validators=[MinValueValidator(1)],
        help_text="A question to the driver is repeated after so many calendar days.",
    )  # fmt: skip
    reopening_days = models.PositiveSmallIntegerField(
        "reopened within, days", default=REOPENING_DAYS, validators=[MinValueValidator(1)],
        help_text="With new facts, after it was resolved.",
    )  # fmt: skip
    reply_mailbox = models.EmailField(
        "answers by e-mail go to", blank=True,
        help_text="A mailbox ChargeBill reads, such as disputes@charging.example. Empty: the e-mail for questions.",
    )  # fmt: skip
    outside_bodies = models.TextField(
        blank=True, help_text="Whom drivers can turn to outside, one a line. Empty: the known body of the company's country."
    )

    refund_policy_en = models.TextField(
        "refund policy, English", max_length=20_000, blank=True,
        help_text="As drivers are shown it. Goes to acquirers with the answer to a chargeback.",
    )  # fmt: skip
    refund_policy_de = models.TextField("refund policy, German", max_length=20_000, blank=True)

    class Meta:
        verbose_name = "dispute settings"
        verbose_name_plural = "dispute settings"

    def __str__(self) -> str:
        return "disputes"


class Holiday(models.Model):
    """A day a company's desk is closed. May change; clocks that still run are computed anew."""

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="holidays")
    day = models.DateField()
    name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["day"]
        constraints = [models.UniqueConstraint(fields=["entity", "day"], name="holiday_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.name}".strip()


class CaseCounter(models.Model):
    """The next number of a company's cases. Taken under a lock; a number that is rolled back is free again."""

    entity = models.OneToOneField(
        LegalEntity, verbose_name="company", on_delete=models.PROTECT, primary_key=True, related_name="case_counter"
    )
    next_number = models.PositiveBigIntegerField(default=1)

    def __str__(self) -> str:
        return str(self.next_number)
