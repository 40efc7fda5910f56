"""One fault, many bills: which lines are put right, by how much, who agreed, and what became of each.

What the second person agrees to is frozen: the lines with their amounts and the letter, proven by a hash.
"""

from decimal import Decimal

from django.db import models
from django.db.models import Q

from billing.document_models import Document, DocumentLine
from billing.fields import amount_field
from billing.four_eyes import Confirmation, by_somebody_else
from billing.mail_models import OutgoingMail
from chargebill.core.frozen import Frozen
from chargebill.core.models import Job, LegalEntity, User
from memberships.models import Customer

# How the keys of an incident's credit notes begin: what they took back is the incident's, whichever case it ended.
OF_INCIDENT = "incident:"
_PARTS = [
    ("FLAT", "Start fee"),
    ("ENERGY", "Energy"),
    ("TIME", "Charging time"),
    ("PARKING_TIME", "Idle time"),
    ("RESERVATION", "Reservation"),
]


class Incident(models.Model):
    """Bills that one fault made wrong, and what is taken back of them. Always waits for a second person.

    What was proposed never changes; ``job``, ``stop_asked_at`` and ``finished_at`` say how far it was carried out.
    ``selection`` is how the sessions were chosen, [what, words] each; ``figures`` what it came to when it was proposed;
    ``sha256`` that of its content (disputes/incident_lines.py), letters included. ``key`` is of the one form.
    """

    class Remedy(models.TextChoices):
        WHOLE = "WHOLE", "Take back everything"
        PART = "PART", "Take back a part of the price"
        PERCENT = "PERCENT", "Take back a percentage"

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="incidents")
    key = models.CharField(max_length=100)
    title = models.CharField(max_length=120)
    reason = models.CharField(max_length=300, help_text="Stands with every credit note.")
    selection = models.JSONField(default=list)
    remedy = models.CharField(max_length=8, choices=Remedy)
    part = models.CharField(max_length=12, choices=_PARTS, blank=True)
    percent = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    letter_en = models.TextField(max_length=4000)
    letter_de = models.TextField(max_length=4000)
    figures = models.JSONField(default=dict)
    sha256 = models.CharField(max_length=64)
    needs_second = models.BooleanField(default=True)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()
    job = models.ForeignKey(Job, null=True, on_delete=models.PROTECT, related_name="+")
    stop_asked_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    frozen = [Frozen(but=("job", "stop_asked_at", "finished_at"))]

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["entity", "key"], name="incident_key_once"),
            models.CheckConstraint(condition=Q(needs_second=True), name="incident_needs_two"),
            models.CheckConstraint(
                condition=Q(remedy="WHOLE", part="", percent__isnull=True)
                | (Q(remedy="PART", percent__isnull=True) & ~Q(part=""))
                | Q(remedy="PERCENT", part="", percent__gt=Decimal(0), percent__lte=Decimal(100)),
                name="incident_remedy",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def note_key(self, document_id: int) -> str:
        """Of its credit note for a document."""
        return f"{OF_INCIDENT}{self.pk}:{document_id}"

    @property
    def state(self) -> str:
        """waits, refused, running, stopped or done: a state of the glossary."""
        if not hasattr(self, "confirmation"):
            return "waits"
        if not self.confirmation.accepted:
            return "refused"
        if self.finished_at:
            return "done"
        return "running" if self.job and self.job.is_open else "stopped"

    @property
    def remedy_words(self) -> str:
        if self.remedy == self.Remedy.PART:
            return f"Take back what it costs for: {self.get_part_display().lower()}"
        if self.remedy == self.Remedy.PERCENT and self.percent is not None:
            return f"Take back {self.percent.normalize():f} %"
        return self.get_remedy_display()


class IncidentConfirmation(Confirmation):
    """What the second person said about an incident; never the one who proposed it."""

    incident = models.OneToOneField(Incident, on_delete=models.PROTECT, primary_key=True, related_name="confirmation")

    refused = [by_somebody_else("disputes_incident", "incident_id")]


class IncidentLine(models.Model):
    """A line of a receipt or an invoice of which an incident takes back. Never changes.

    ``amount`` is on the side the document fixes, ``gross_amount`` with tax; ``left_amount`` what was left of the line on
    the fixed side when it was proposed, ``case`` the open case about it then.
    """

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="lines", db_index=False)
    line = models.ForeignKey(DocumentLine, on_delete=models.PROTECT, related_name="incident_lines")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="incident_lines", db_index=False)
    case = models.ForeignKey("disputes.Case", null=True, on_delete=models.PROTECT, related_name="incident_lines")
    amount = amount_field()
    gross_amount = amount_field()
    left_amount = amount_field()

    frozen = [Frozen()]

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "line"], name="incident_line_once"),
            models.CheckConstraint(condition=Q(amount__gt=Decimal(0)), name="incident_line_takes_back"),
        ]
        indexes = [models.Index(fields=["incident", "document"])]

    def __str__(self) -> str:
        return f"{self.incident_id}: {self.line_id}"


class IncidentOutcome(models.Model):
    """What became of such a line: taken back on a credit note, or left alone and ``why``. Never changes."""

    line = models.OneToOneField(IncidentLine, on_delete=models.PROTECT, primary_key=True, related_name="outcome")
    credit_note = models.ForeignKey(Document, null=True, on_delete=models.PROTECT, related_name="incident_outcomes")
    why = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()

    frozen = [Frozen()]

    class Meta:
        ordering = ["line_id"]
        constraints = [
            models.CheckConstraint(condition=Q(credit_note__isnull=True) ^ Q(why=""), name="incident_outcome_says_why"),
        ]

    def __str__(self) -> str:
        return self.why or str(self.credit_note_id)


class IncidentLetter(models.Model):
    """What one driver is told of an incident, once. Never changes.

    Of a ``customer``, or of nobody known: then it is about one ``document``. ``case`` is where it was said instead of by
    mail, because a case about it was open. Without ``mail`` and without a case nobody could be told.
    """

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="letters")
    customer = models.ForeignKey(Customer, null=True, on_delete=models.PROTECT, related_name="+")
    document = models.ForeignKey(Document, null=True, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey("disputes.Case", null=True, on_delete=models.PROTECT, related_name="+")
    mail = models.OneToOneField(OutgoingMail, null=True, on_delete=models.PROTECT, related_name="incident_letter")
    language = models.CharField(max_length=5)
    subject = models.CharField(max_length=200)
    body = models.TextField(max_length=8000)
    made_at = models.DateTimeField()

    frozen = [Frozen()]

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(customer__isnull=True) ^ Q(document__isnull=True), name="incident_letter_of_one"),
            models.UniqueConstraint(
                fields=["incident", "customer"], condition=Q(customer__isnull=False), name="incident_letter_once_each"
            ),
            models.UniqueConstraint(
                fields=["incident", "document"], condition=Q(document__isnull=False), name="incident_letter_once_unknown"
            ),
        ]

    def __str__(self) -> str:
        return self.subject
