"""Mail that goes out, as an outbox: each row is one mail, and its own history."""

from django.db import models
from django.db.models import Q

from billing.document_models import Document
from billing.journal_models import PeriodClosing
from chargebill.core.frozen import Frozen
from chargebill.core.models import LegalEntity, User


class OutgoingMail(models.Model):
    """A mail to one address, about a document or a closed month, or a letter. ``key`` makes it one for each occasion.

    Only its state moves: a worker takes it when ``next_try_at`` has come, tries again later when that fails, and gives up
    after the last try; ``problem`` is why. One that was sent and came back is not sent. ``link`` is the document's page, or
    the one the letter is about, as it is reached from outside.

    A letter is whole here, since no lower app knows what it is about: ``subject``, ``body``, ``reply_to`` (empty: as always),
    ``thread`` (Message-IDs of what was written before, the one it answers last), ``is_automatic`` (nobody wrote it).
    """

    class State(models.TextChoices):
        QUEUED = "QUEUED", "Waiting"
        SENT = "SENT", "Sent"
        FAILED = "FAILED", "Not sent"

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=120, unique=True)
    document = models.ForeignKey(Document, null=True, on_delete=models.PROTECT, related_name="mails")
    closing = models.ForeignKey(PeriodClosing, null=True, on_delete=models.PROTECT, related_name="mails", db_index=False)
    level = models.PositiveSmallIntegerField(default=0, help_text="Which reminder it is, 1 to 3; 0: none.")
    to = models.EmailField()
    sender = models.EmailField()
    link = models.CharField(max_length=300, blank=True)
    subject = models.CharField(max_length=200, blank=True)
    body = models.TextField(blank=True)
    reply_to = models.EmailField(blank=True)
    thread = models.TextField(blank=True)
    is_automatic = models.BooleanField(default=True)
    state = models.CharField(max_length=6, choices=State, default=State.QUEUED)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    problem = models.CharField(max_length=300, blank=True)
    queued_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    queued_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    frozen = [Frozen(but=("state", "tries", "next_try_at", "problem", "sent_at"))]

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(document__isnull=False, closing__isnull=True, body="")
                | Q(document__isnull=True, closing__isnull=False, body="")
                | (Q(document__isnull=True, closing__isnull=True) & ~Q(body="") & ~Q(subject="")),
                name="outgoing_mail_about_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(level=0) | Q(level__lte=3, document__isnull=False), name="outgoing_mail_reminder_level"
            ),
            models.CheckConstraint(condition=Q(state="SENT") ^ Q(sent_at__isnull=True), name="outgoing_mail_sent_at"),
        ]
        indexes = [models.Index(fields=["next_try_at"], condition=Q(state="QUEUED"), name="outgoing_mail_waiting")]

    def __str__(self) -> str:
        return f"{self.to}: {self.get_state_display()}"

    @property
    def message_id(self) -> str:
        """The same at every try, so that a mail that goes out twice is shown once."""
        return f"<{self.key.replace(':', '.')}.{self.pk}@{self.sender.rpartition('@')[2]}>"
