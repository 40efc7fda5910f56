"""Cases: what is contested, what happened to it, what was said. A case moves only through disputes/operations/moves.py."""

from django.db import models
from django.db.models import Q

from billing.document_models import DocumentLine
from billing.fields import amount_field
from chargebill.core.frozen import Frozen
from chargebill.core.models import LegalEntity, User
from disputes.answer_models import ChargebackAnswer, ChargebackSubmission  # noqa: F401
from disputes.chargeback_models import Chargeback, ChargebackEvent  # noqa: F401
from disputes.evidence_models import EvidenceItem, EvidenceManifest  # noqa: F401
from disputes.file_models import CaseFile  # noqa: F401
from disputes.incident_models import (  # noqa: F401
    Incident,
    IncidentConfirmation,
    IncidentLetter,
    IncidentLine,
    IncidentOutcome,
)
from disputes.mail_models import CaseMail, IncomingMail  # noqa: F401
from disputes.outcome_models import (  # noqa: F401
    ExecutionStep,
    Offer,
    OfferConfirmation,
    OfferPart,
    PayoutAccount,
)
from disputes.outside_models import OutsideLink, OutsidePack, OutsideRequest  # noqa: F401
from disputes.settings_models import CaseCounter, DisputeSettings, Holiday  # noqa: F401
from disputes.template_models import ReplyTemplate  # noqa: F401
from disputes.workflow.durations import Turn
from disputes.workflow.states import ROLE_WORDS, STATE_WORDS, Clock, Role, State
from memberships.models import Customer, CustomerKind
from stations.models import Session

STATES = [(state.value, STATE_WORDS[state].capitalize()) for state in State]
ROLES = [(role.value, ROLE_WORDS[role]) for role in Role]


class Cause(models.TextChoices):
    """What seems wrong, in the eight plain reasons a driver is asked."""

    ENERGY = "ENERGY", "More energy than the car took"
    BROKEN = "BROKEN", "Charged while it did not work"
    IDLE = "IDLE", "Idle or parking fee unfair"
    TWICE = "TWICE", "Charged twice"
    NOT_ME = "NOT_ME", "Not me"
    BENEFIT = "BENEFIT", "Plan or discount missing"
    PRICE = "PRICE", "Price not as shown"
    OTHER = "OTHER", "Something else"


class Channel(models.TextChoices):
    """How a case reached the company."""

    PHONE = "PHONE", "By phone"
    EMAIL = "EMAIL", "By e-mail"
    LETTER = "LETTER", "By letter"
    PERSON = "PERSON", "In person"
    WEB = "WEB", "Online"


# What a colleague who takes a complaint down chooses from: the driver's own form says the rest by itself.
TAKEN_DOWN = [(channel.value, channel.label) for channel in Channel if channel is not Channel.WEB]


class Case(models.Model):
    """One complaint of one driver about what was charged. Its number, company and currency never change.

    ``customer`` is who was billed, None for a driver nobody knows; name, address and language are whom to write to. What it
    is about stands in ``items``. Amounts are gross: ``contested_amount`` what the items were billed with,
    ``claimed_amount`` what the driver wants back, None until it is known.

    ``turn``, ``next_clock``, ``next_due_at``, ``escalation`` and ``wake_at`` are computed from the events
    (disputes/clocks.py) and stored with each of them; ``wake_at`` is when a worker next has something to do.
    ``chargeback_due_at`` is when an acquirer must be answered at the latest, computed from the case's chargebacks.
    The command check_cases compares.
    """

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="cases")
    sequence = models.PositiveBigIntegerField()
    number = models.CharField(max_length=40)
    customer = models.ForeignKey(Customer, null=True, on_delete=models.PROTECT, related_name="cases")
    customer_kind = models.CharField(max_length=10, choices=CustomerKind)
    contact_name = models.CharField("name", max_length=200, blank=True)
    contact_email = models.EmailField("e-mail", blank=True)
    language = models.CharField(max_length=5, default="en", choices=[("en", "English"), ("de", "Deutsch")])
    channel = models.CharField(max_length=8, choices=Channel)
    cause = models.CharField("what seems wrong", max_length=8, choices=Cause)
    statement = models.TextField("in the driver's words", max_length=10_000)
    currency = models.CharField(max_length=3)
    contested_amount = amount_field()
    claimed_amount = amount_field(null=True)
    state = models.CharField(max_length=20, choices=STATES)
    assignee = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="cases")
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="merged_cases")
    opened_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    turn = models.CharField(max_length=8, choices=[(turn.value, turn.value) for turn in Turn])
    next_clock = models.CharField(max_length=20, choices=[(clock.value, clock.value) for clock in Clock], blank=True)
    next_due_at = models.DateTimeField(null=True)
    escalation = models.PositiveSmallIntegerField(default=0, help_text="Percent of the next clock: 0, 50, 75, 100.")
    wake_at = models.DateTimeField(null=True)
    chargeback_due_at = models.DateTimeField(null=True)

    frozen = [
        Frozen(fields=("entity", "sequence", "number", "customer", "currency", "channel", "statement", "opened_by", "opened_at"))
    ]

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["entity", "sequence"], name="case_sequence_once"),
            models.UniqueConstraint(fields=["entity", "number"], name="case_number_once"),
            models.CheckConstraint(condition=Q(merged_into__isnull=True) ^ Q(state=State.MERGED), name="case_merged_somewhere"),
            models.CheckConstraint(condition=Q(next_due_at__isnull=True) ^ ~Q(next_clock=""), name="case_clock_is_due"),
            models.CheckConstraint(
                condition=Q(claimed_amount__isnull=True) | Q(claimed_amount__gt=0), name="case_claims_something"
            ),
        ]
        indexes = [
            models.Index(fields=["number"]),
            models.Index(fields=["turn", "next_due_at"]),
            models.Index(fields=["entity", "state"]),
            models.Index(
                fields=["chargeback_due_at"], condition=Q(chargeback_due_at__isnull=False), name="case_owes_an_acquirer"
            ),
            models.Index(fields=["wake_at"], condition=Q(wake_at__isnull=False), name="case_wakes"),
        ]

    def __str__(self) -> str:
        return self.number


class ContestedItem(models.Model):
    """What a case is about: a line of a document, or a session that is on none. One open case at a time has it.

    Only ``is_open`` changes: it ends with the case, or goes over to the one it is merged into. ``gross_amount`` is what the
    line, or the session's price, said when the case was opened.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="items")
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="contested_items")
    line = models.ForeignKey(DocumentLine, null=True, on_delete=models.PROTECT, related_name="contested_items")
    gross_amount = amount_field()
    is_open = models.BooleanField(default=True)

    frozen = [Frozen(but=("is_open",))]

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "session"], condition=Q(line__isnull=True), name="item_session_once_per_case"
            ),
            models.UniqueConstraint(fields=["case", "line"], name="item_line_once_per_case"),
            models.UniqueConstraint(
                fields=["session"], condition=Q(is_open=True, line__isnull=True), name="item_session_in_one_open_case"
            ),
            models.UniqueConstraint(fields=["line"], condition=Q(is_open=True), name="item_line_in_one_open_case"),
        ]

    def __str__(self) -> str:
        return f"{self.session_id} {self.line_id or ''}".strip()


class CaseEvent(models.Model):
    """One thing that happened to a case: a move, a message, a note, an escalation. Never changes.

    ``seq`` counts within the case. Moves have ``rule``, ``from_state`` ("" for the opening) and ``to_state``; ``reason`` is
    the actor's. ``key`` makes what a worker does happen once. Which kinds mean something to a clock: disputes/workflow/log.py.
    """

    class Kind(models.TextChoices):
        MOVED = "moved", "Moved"
        ACKNOWLEDGED = "acknowledged", "The driver has the number"
        REPLIED = "replied", "We wrote"
        WROTE = "wrote", "The driver wrote"
        TOOK_OVER = "took_over", "Took over a merged case"
        EVIDENCE_CLOSED = "evidence_closed", "Evidence closed"
        NOTED = "noted", "Internal note"
        ASSIGNED = "assigned", "Assigned"
        SORTED = "sorted", "Sorted"
        CONTACT = "contact", "Written to elsewhere"
        NOTIFIED = "notified", "ChargeBill wrote"
        ESCALATED = "escalated", "Escalated"
        # Outcomes: what waits for a second person, and its word; what was done about an agreement.
        PREPARED = "prepared", "Waits for a second person"
        SECONDED = "seconded", "A second person looked at it"
        DONE = "done", "Put right"
        # Somebody outside asks about it, asks no more, or has an answer.
        OUTSIDE = "outside", "Outside request"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="events", db_index=False)
    seq = models.PositiveIntegerField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=16, choices=Kind)
    role = models.CharField(max_length=10, choices=ROLES)
    actor = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    rule = models.CharField(max_length=4, blank=True)
    from_state = models.CharField(max_length=20, blank=True)
    to_state = models.CharField(max_length=20, blank=True)
    reason = models.TextField(blank=True)
    data = models.JSONField(default=dict)
    key = models.CharField(max_length=80, blank=True)

    frozen = [Frozen()]

    class Meta:
        ordering = ["case_id", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["case", "seq"], name="case_event_seq_once"),
            models.UniqueConstraint(fields=["case", "key"], condition=~Q(key=""), name="case_event_key_once"),
            models.CheckConstraint(
                condition=Q(kind="moved") ^ Q(rule="", from_state="", to_state=""), name="case_event_moves_somewhere"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id}:{self.seq} {self.kind}"


class CaseMessage(models.Model):
    """What was said: to the driver, by the driver, or among colleagues. Never changes.

    ``author`` is the colleague who wrote it, or who took down what the driver said; None: ChargeBill itself, or the driver.
    """

    class Kind(models.TextChoices):
        TO_DRIVER = "TO_DRIVER", "To the driver"
        FROM_DRIVER = "FROM_DRIVER", "From the driver"
        INTERNAL = "INTERNAL", "Internal note"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="messages")
    event = models.OneToOneField(CaseEvent, on_delete=models.PROTECT, related_name="message")
    kind = models.CharField(max_length=12, choices=Kind)
    author = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    body = models.TextField(max_length=20_000)
    at = models.DateTimeField()

    frozen = [Frozen()]

    class Meta:
        ordering = ["case_id", "id"]

    def __str__(self) -> str:
        return self.body[:60]
