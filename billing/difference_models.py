"""What people decided about sessions that changed after they were billed. Rows are added and never change."""

from django.db import models
from django.db.models import Q

from billing.credit_models import Correction
from billing.document_models import Document
from billing.fields import amount_field
from billing.four_eyes import Confirmation, by_somebody_else
from chargebill.core.frozen import Frozen, Refused
from chargebill.core.models import LegalEntity, User
from memberships.models import Customer
from stations.models import Session


class DifferenceDecision(models.Model):
    """What a person decided about differences, and why. Never changes; ``needs_second``: it counts once confirmed.

    ``key`` makes deciding idempotent. ``amounts`` is the money it was about, tax included, {currency: amount as text}.
    ``returned_to`` says where money goes that was paid; empty where nothing is taken back.
    """

    class Way(models.TextChoices):
        CREDIT = "CREDIT", "Credit the difference"
        AGAIN = "AGAIN", "Credit and bill again"
        LEAVE = "LEAVE", "Leave it as it is"

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=100)
    way = models.CharField(max_length=6, choices=Way)
    reason = models.CharField(max_length=300)
    returned_to = models.CharField(max_length=6, choices=Correction.ReturnedTo, blank=True)
    count = models.PositiveIntegerField()
    amounts = models.JSONField(default=dict)
    needs_second = models.BooleanField()
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    frozen = [Frozen()]

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["entity", "key"], name="difference_decision_key_once"),
            models.CheckConstraint(
                condition=Q(way="LEAVE", returned_to="") | (~Q(way="LEAVE") & ~Q(returned_to="")),
                name="difference_decision_returns",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_way_display()}: {self.reason}"

    @property
    def state(self) -> str:
        """waits, done or refused: a state of the glossary."""
        if not self.needs_second:
            return "done"
        if not hasattr(self, "confirmation"):
            return "waits"
        return "done" if self.confirmation.accepted else "refused"


class DecidedDifference(models.Model):
    """One session of a decision, with the difference as it was decided about. Never changes.

    ``document`` held it, at the price ``cdr``; ``left_amount`` was left of its lines, incl. tax. The rest is what it would
    have been billed with: as in BilledDifference.
    """

    decision = models.ForeignKey(DifferenceDecision, on_delete=models.PROTECT, related_name="decided")
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="decided_differences")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="decided_differences")
    cdr = models.ForeignKey("billing.Cdr", on_delete=models.PROTECT, related_name="+", db_index=False)
    left_amount = amount_field()
    session_revision = models.PositiveSmallIntegerField()
    customer = models.ForeignKey(Customer, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    state = models.CharField(max_length=10)
    reason = models.CharField(max_length=40, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    net_amount = amount_field(null=True)
    tax_amount = amount_field(null=True)
    gross_amount = amount_field(null=True)

    frozen = [Frozen()]

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["decision", "session"], name="difference_once_per_decision")]

    def __str__(self) -> str:
        return f"{self.decision_id}: {self.session_id}"


class SettledDifference(models.Model):
    """A difference about which what was decided was done; ``credit_note`` where that took something back. Never changes.

    A decided session of a confirmed decision has none where it had changed meanwhile: it was left out.
    """

    decided = models.OneToOneField(DecidedDifference, on_delete=models.PROTECT, primary_key=True, related_name="settled")
    credit_note = models.ForeignKey(Document, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    frozen = [Frozen()]
    refused = [
        Refused(
            "INSERT",
            "NOT EXISTS (SELECT 1 FROM billing_decideddifference o JOIN billing_differencedecision d ON d.id = o.decision_id"
            " LEFT JOIN billing_differenceconfirmation c ON c.decision_id = d.id"
            " WHERE o.id = NEW.decided_id AND (NOT d.needs_second OR c.accepted))",
            "what needs a second person is done once it is confirmed",
        )
    ]

    def __str__(self) -> str:
        return f"{self.decided_id}"


class DifferenceConfirmation(Confirmation):
    """What the second person said about a decision above the limit; never the one who decided."""

    decision = models.OneToOneField(DifferenceDecision, on_delete=models.PROTECT, primary_key=True, related_name="confirmation")

    refused = [by_somebody_else("billing_differencedecision", "decision_id")]
