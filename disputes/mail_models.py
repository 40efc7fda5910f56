"""Mail about cases, out and in. Writes: disputes/operations/case_mail.py, incoming_mail.py."""

from django.db import models
from django.db.models import Q

from billing.mail_models import OutgoingMail
from chargebill.core.frozen import Frozen
from chargebill.core.models import User


class CaseMail(models.Model):
    """A mail to the driver about a case: a message of the thread or, without one, that we have the complaint.

    Only ``is_noted`` changes: once the mail was sent, the case's log has that the driver knows the number.
    """

    case = models.ForeignKey("disputes.Case", on_delete=models.PROTECT, related_name="mails")
    message = models.ForeignKey("disputes.CaseMessage", null=True, on_delete=models.PROTECT, related_name="mails")
    mail = models.OneToOneField(OutgoingMail, on_delete=models.PROTECT, related_name="case_mail")
    is_noted = models.BooleanField(default=False)

    frozen = [Frozen(but=("is_noted",))]

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["mail"], condition=Q(message__isnull=True, is_noted=False), name="case_mail_to_note"),
        ]

    def __str__(self) -> str:
        return str(self.mail)


class IncomingMail(models.Model):
    """A mail that came in, as it came, and what became of it. What came never changes.

    ``key`` takes each mail once, by its Message-ID. ``raw`` is all of it, or its beginning where it ``is_cut`` because it was
    too large. ``text`` is what was newly written. ``wants_look``: a person has to decide, or at least to see it.
    ``is_from_elsewhere``: not from the address of the case. ``left_out`` attachments were not taken into the case.
    """

    class State(models.TextChoices):
        PLACED = "PLACED", "In a thread"
        WAITING = "WAITING", "Nobody could place it"
        AUTOMATIC = "AUTOMATIC", "Automatic"
        RETURNED = "RETURNED", "Came back"
        PUT_AWAY = "PUT_AWAY", "Put away"

    class Why(models.TextChoices):
        NO_TOKEN = "no_token", "It was sent to no case’s address."
        FORGED = "forged", "The address looks like a case’s, and is none."
        OURS = "ours", "It was sent from one of our own addresses."
        TOO_MANY = "too_many", "So many came for this case within a day that a person looks first."
        EMPTY = "empty", "Nothing is written in it."
        UNREADABLE = "unreadable", "It can’t be read."
        SAME_ID = "same_id", "An earlier mail has the same Message-ID and says something else."
        NOT_OURS = "not_ours", "It says that a mail came back, and names none of ours."
        ENDED = "ended", "The case has ended: it stands in its thread, and nothing else happens by itself."

    key = models.CharField(max_length=64, unique=True)
    received_at = models.DateTimeField()
    header_id = models.CharField(max_length=260, blank=True)
    sender = models.CharField(max_length=254, blank=True)
    sender_name = models.CharField(max_length=200, blank=True)
    subject = models.CharField(max_length=300, blank=True)
    recipients = models.TextField(blank=True)
    text = models.TextField(blank=True)
    attachments = models.PositiveSmallIntegerField(default=0)
    size = models.PositiveBigIntegerField(help_text="Bytes of all of it.")
    raw = models.BinaryField()
    is_cut = models.BooleanField(default=False)
    body_sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=9, choices=State)
    why = models.CharField(max_length=10, choices=Why, blank=True)
    problem = models.CharField(max_length=300, blank=True)
    case = models.ForeignKey("disputes.Case", null=True, on_delete=models.PROTECT, related_name="incoming_mails")
    message = models.OneToOneField("disputes.CaseMessage", null=True, on_delete=models.PROTECT, related_name="incoming_mail")
    mail = models.ForeignKey(OutgoingMail, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    is_from_elsewhere = models.BooleanField(default=False)
    left_out = models.PositiveSmallIntegerField(default=0)
    wants_look = models.BooleanField(default=False)
    looked_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    looked_at = models.DateTimeField(null=True)

    frozen = [
        Frozen(
            but=(
                "state", "why", "problem", "case", "message", "mail", "is_from_elsewhere", "left_out", "wants_look", "looked_by",
                "looked_at",
            )
        )
    ]  # fmt: skip

    class Meta:
        verbose_name = "incoming mail"
        verbose_name_plural = "incoming mail"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(message__isnull=True) ^ Q(state="PLACED"), name="incoming_mail_placed_in_a_thread"
            ),
            models.CheckConstraint(condition=~Q(state="WAITING") | Q(wants_look=True), name="incoming_mail_waits_for_a_look"),
        ]
        indexes = [models.Index(fields=["-id"], condition=Q(wants_look=True), name="incoming_mail_to_look_at")]

    def __str__(self) -> str:
        return self.subject or self.sender or "no subject"
