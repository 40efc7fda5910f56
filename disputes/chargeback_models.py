"""Chargebacks: a cardholder's bank asks an acquirer for money back, and the acquirer writes. Child of a case.

Writes are disputes/operations/chargebacks.py. What the acquirer takes and gives back stands in billing/chargeback_models.py.
"""

from decimal import Decimal

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from billing.chargeback_models import ChargebackFunds
from billing.document_models import Document
from billing.fields import amount_field
from chargebill.core.frozen import Frozen
from chargebill.core.models import LegalEntity, User
from disputes.chargebacks import WORDS, Status

STATUSES = [(status.value, WORDS[status]) for status in Status]


class Chargeback(models.Model):
    """One letter of an acquirer about one charge, and where it stands. What the letter said never changes.

    Only a merge gives it another ``case``. ``status`` and ``asks_finance`` follow from the newest event (check_cases
    compares). ``due_by`` is the acquirer's; the case is due 48 hours before while an answer is owed: not any more once an
    inquiry ``is_answered``. ``asks_finance``: won late, after a credit, so a person decides.
    """

    case = models.ForeignKey("disputes.Case", on_delete=models.PROTECT, related_name="chargebacks")
    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="chargebacks")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="chargebacks")
    acquirer = models.CharField(max_length=60)
    reference = models.CharField("the acquirer’s reference", max_length=60)
    reason_code = models.CharField("reason code of the scheme", max_length=20)
    reason = models.CharField("reason in the letter’s words", max_length=500, blank=True)
    card_last4 = models.CharField(
        "last four digits", max_length=4, blank=True, validators=[RegexValidator(r"\A[0-9]{4}\Z", "Four digits.")]
    )
    amount = amount_field()
    currency = models.CharField(max_length=3)
    received_on = models.DateField()
    due_by = models.DateTimeField()
    status = models.CharField(max_length=14, choices=STATUSES)
    is_answered = models.BooleanField(default=False)
    asks_finance = models.BooleanField(default=False)
    funds = models.OneToOneField(ChargebackFunds, null=True, on_delete=models.PROTECT, related_name="chargeback")
    made_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    frozen = [
        Frozen(but=("case", "status", "is_answered", "asks_finance", "funds")),
        Frozen(fields=("funds",), once="OLD.funds_id IS NOT NULL", stays=False),
    ]

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["entity", "acquirer", "reference"], name="chargeback_reference_once"),
            models.CheckConstraint(condition=Q(amount__gt=Decimal(0)), name="chargeback_above_zero"),
        ]
        indexes = [models.Index(fields=["status", "due_by"])]

    def __str__(self) -> str:
        return f"{self.acquirer} {self.reference}"


class ChargebackEvent(models.Model):
    """One thing that happened to a chargeback: it moved, it was answered, money was taken back, Finance decided. Never changes.

    ``from_status`` is "" for the letter itself; both are empty where it stayed where it was.
    """

    class Kind(models.TextChoices):
        MOVED = "MOVED", "Moved"
        TAKEN = "TAKEN", "Money taken back"
        DECIDED = "DECIDED", "Finance decided"
        STAGED = "STAGED", "Answer staged"
        ANSWERED = "ANSWERED", "Answer submitted"

    chargeback = models.ForeignKey(Chargeback, on_delete=models.PROTECT, related_name="events", db_index=False)
    seq = models.PositiveIntegerField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=8, choices=Kind)
    from_status = models.CharField(max_length=14, blank=True)
    to_status = models.CharField(max_length=14, blank=True)
    asks_finance = models.BooleanField(default=False)
    text = models.CharField(max_length=1000, blank=True)
    actor = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    frozen = [Frozen()]

    class Meta:
        ordering = ["chargeback_id", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["chargeback", "seq"], name="chargeback_event_seq_once"),
            models.CheckConstraint(condition=Q(kind="MOVED") ^ Q(to_status=""), name="chargeback_event_moves_somewhere"),
        ]

    def __str__(self) -> str:
        return f"{self.chargeback_id}:{self.seq} {self.kind}"
