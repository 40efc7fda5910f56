"""Answers to acquirers: drafts somebody staged, and the one that somebody else submitted. Rows are added and never change.

Writes are disputes/operations/chargeback_answers.py.
"""

from django.db import models
from django.db.models import Q

from chargebill.core.frozen import Frozen, Refused
from chargebill.core.models import User
from disputes.chargeback_models import STATUSES, Chargeback
from disputes.chargebacks import Status
from disputes.chargebacks.fields import REASON_WORDS, Reason
from disputes.evidence_models import EvidenceManifest

REASONS = [(reason.value, REASON_WORDS[reason]) for reason in Reason]


class ChargebackAnswer(models.Model):
    """A draft as it was staged: the whole ZIP, made from a signed version of the evidence. Never changes; the next is a version
    of its own.

    ``typed`` is what a person wrote, by field; ``policy`` the refund policy as it stood. ``index`` is what is in the ZIP.
    """

    chargeback = models.ForeignKey(Chargeback, on_delete=models.PROTECT, related_name="answers", db_index=False)
    version = models.PositiveIntegerField()
    reason = models.CharField(max_length=24, choices=REASONS)
    typed = models.JSONField(default=dict)
    policy = models.TextField(blank=True)
    manifest = models.ForeignKey(EvidenceManifest, on_delete=models.PROTECT, related_name="+")
    index = models.JSONField()
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    frozen = [Frozen()]

    class Meta:
        ordering = ["chargeback_id", "version"]
        constraints = [models.UniqueConstraint(fields=["chargeback", "version"], name="chargeback_answer_version_once")]

    def __str__(self) -> str:
        return f"{self.chargeback_id} v{self.version}"


class ChargebackSubmission(models.Model):
    """A second person's word: this draft is the answer, and how it goes to the acquirer. Never changes.

    One for an inquiry, and one for the claim it may become: ``answered`` is what the acquirer waited with.
    """

    class Way(models.TextChoices):
        PORTAL = "PORTAL", "Uploaded at the acquirer"
        EMAIL = "EMAIL", "By e-mail"
        LETTER = "LETTER", "By letter"
        FAX = "FAX", "By fax"

    chargeback = models.ForeignKey(Chargeback, on_delete=models.PROTECT, related_name="submissions", db_index=False)
    answered = models.CharField(max_length=14, choices=STATUSES)
    answer = models.OneToOneField(ChargebackAnswer, on_delete=models.PROTECT, related_name="submission")
    way = models.CharField("how it is sent", max_length=6, choices=Way)
    sent_note = models.CharField(max_length=300, blank=True)
    submitted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField()

    frozen = [Frozen()]
    refused = [
        Refused(
            "INSERT",
            "NOT EXISTS (SELECT 1 FROM disputes_chargebackanswer a WHERE a.id = NEW.answer_id"
            " AND a.chargeback_id = NEW.chargeback_id AND a.made_by_id <> NEW.submitted_by_id)",
            "an answer is submitted by somebody else than who made the draft",
        )
    ]

    class Meta:
        ordering = ["chargeback_id", "id"]
        constraints = [
            models.UniqueConstraint(fields=["chargeback", "answered"], name="chargeback_answered_once"),
            models.CheckConstraint(
                condition=Q(answered__in=[Status.INQUIRY.value, Status.NEEDS_RESPONSE.value]), name="chargeback_answer_was_owed"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.chargeback_id} {self.answered}"
