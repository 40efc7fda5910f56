"""What a company offers, decides or concedes in a case, and what is done about it. Writes: disputes/operations/offers.py
and execution.py."""

from decimal import Decimal

from django.db import models
from django.db.models import Q

from billing.credit_models import Correction
from billing.document_models import Document, DocumentLine
from billing.fields import amount_field
from billing.four_eyes import Confirmation, by_somebody_else
from billing.goodwill_models import GoodwillGrant
from chargebill.core.frozen import Frozen, Refused
from chargebill.core.models import User
from disputes.workflow.states import ROLE_WORDS, Role
from stations.models import Session


class Offer(models.Model):
    """One answer of the company about money: an offer to accept or decline, a decision of zero, or a full concession.

    Never changes; a better one is the next ``version``. ``amount`` is gross in the case's currency, the sum of its parts.
    A correction takes it off the bill, goodwill leaves the bill as it is. ``given_as``: where money goes that was paid.
    ``letter`` is what the driver reads, ``reason`` stays here; ``sha256`` is of everything the driver accepts.
    ``needs_second``: it counts once a second person has agreed.
    """

    class Kind(models.TextChoices):
        OFFER = "OFFER", "Offer"
        CONCESSION = "CONCESSION", "Conceded in full"

    class Way(models.TextChoices):
        CORRECTION = "CORRECTION", "The bill is corrected"
        GOODWILL = "GOODWILL", "Goodwill, the bill stays"

    case = models.ForeignKey("disputes.Case", on_delete=models.PROTECT, related_name="offers", db_index=False)
    version = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10, choices=Kind)
    way = models.CharField(max_length=10, choices=Way)
    given_as = models.CharField(max_length=6, choices=Correction.ReturnedTo)
    amount = amount_field()
    letter = models.TextField(max_length=20_000)
    reason = models.CharField(max_length=300)
    sha256 = models.CharField(max_length=64)
    needs_second = models.BooleanField()
    role = models.CharField(max_length=10, choices=[(role.value, ROLE_WORDS[role]) for role in Role])
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    frozen = [Frozen()]

    class Meta:
        ordering = ["case_id", "version"]
        constraints = [
            models.UniqueConstraint(fields=["case", "version"], name="offer_version_once"),
            models.CheckConstraint(condition=Q(amount__gte=Decimal(0)), name="offer_not_negative"),
            models.CheckConstraint(condition=Q(amount__gt=Decimal(0)) | Q(kind="OFFER"), name="offer_concedes_something"),
        ]

    def __str__(self) -> str:
        return f"{self.case} v{self.version}"

    @property
    def is_decision(self) -> bool:
        """Nothing is given: the driver reads a decision."""
        return not self.amount

    @property
    def counts(self) -> bool:
        """Whether everybody who has to has agreed to it."""
        return not self.needs_second or (hasattr(self, "confirmation") and self.confirmation.accepted)

    @property
    def waits(self) -> bool:
        return self.needs_second and not hasattr(self, "confirmation")


class OfferPart(models.Model):
    """What an offer gives for one contested item. Never changes. ``fixed_amount`` is on the side the document fixes, and
    ``left_amount`` what was left on the line, gross, when it was priced. Without a line the session is on no document."""

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="parts")
    item = models.ForeignKey("disputes.ContestedItem", on_delete=models.PROTECT, related_name="offered")
    line = models.ForeignKey(DocumentLine, null=True, on_delete=models.PROTECT, related_name="+")
    fixed_amount = amount_field()
    gross_amount = amount_field()
    left_amount = amount_field()

    frozen = [Frozen()]

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["offer", "item"], name="offer_part_once"),
            models.CheckConstraint(
                condition=Q(fixed_amount__gt=Decimal(0), gross_amount__gt=Decimal(0)), name="offer_part_above_zero"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.offer_id}: {self.gross_amount:f}"


class OfferRecord(models.Model):
    """What an offer puts right about a contested session on record, with the money; null stays as it is. Never changes.

    ``session_revision`` are the facts it was said about: once the source says something else, that counts.
    """

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="records", db_index=False)
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="+")
    session_revision = models.PositiveSmallIntegerField()
    energy_kwh = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    ended_at = models.DateTimeField(null=True)

    frozen = [Frozen()]

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["offer", "session"], name="offer_record_once"),
            models.CheckConstraint(
                condition=Q(energy_kwh__isnull=False) | Q(ended_at__isnull=False), name="offer_record_says_something"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.offer_id}: {self.session_id}"


class OfferConfirmation(Confirmation):
    """What the second person said about an offer above the limit; never the one who made it."""

    offer = models.OneToOneField(Offer, on_delete=models.PROTECT, primary_key=True, related_name="confirmation")

    refused = [by_somebody_else("disputes_offer", "offer_id")]


class ExecutionStep(models.Model):
    """One thing to be done about an agreed outcome: written down before, done once, then confirmed.

    ``seq`` counts within the offer. CREDIT takes ``amounts`` (line key -> amount on the document's fixed side) off a
    document, GOODWILL gives the offer's amount, RECORD puts right what is on record about a session, RETURN waits until what
    is owed back has arrived. What a step came to stands in ``correction`` or ``grant``; ``problem`` says why it failed, or
    was not needed any more. The plan itself never changes.
    """

    class Kind(models.TextChoices):
        CREDIT = "CREDIT", "Credit note"
        GOODWILL = "GOODWILL", "Goodwill"
        RECORD = "RECORD", "Record put right"
        RETURN = "RETURN", "Money given back"

    class State(models.TextChoices):
        WAITING = "WAITING", "To be done"
        DONE = "DONE", "Done"
        FAILED = "FAILED", "Failed"

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="steps", db_index=False)
    seq = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=8, choices=Kind)
    document = models.ForeignKey(Document, null=True, on_delete=models.PROTECT, related_name="+")
    amounts = models.JSONField(default=dict)
    record = models.ForeignKey(OfferRecord, null=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    problem = models.CharField(max_length=300, blank=True)
    correction = models.ForeignKey(Correction, null=True, on_delete=models.PROTECT, related_name="+")
    grant = models.ForeignKey(GoodwillGrant, null=True, on_delete=models.PROTECT, related_name="+")
    planned_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    frozen = [
        Frozen(but=("state", "problem", "correction", "grant", "done_at")),
        # What is done stays done.
        Frozen(fields=("state", "correction", "grant", "done_at"), once="OLD.state = 'DONE'"),
    ]
    refused = [Refused("INSERT", "NEW.state <> 'WAITING'", "a step is written down before it is done")]

    class Meta:
        ordering = ["offer_id", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["offer", "seq"], name="execution_step_once"),
            models.CheckConstraint(condition=Q(state="DONE") ^ Q(done_at__isnull=True), name="execution_step_done_at"),
            models.CheckConstraint(condition=Q(kind="CREDIT") ^ Q(document__isnull=True), name="execution_step_document"),
            models.CheckConstraint(condition=Q(kind="RECORD") ^ Q(record__isnull=True), name="execution_step_record"),
        ]

    def __str__(self) -> str:
        return f"{self.offer_id}:{self.seq} {self.kind}"

    @property
    def key(self) -> str:
        """Of the one intent, whoever tries it again."""
        return f"case:{self.offer_id}:{self.seq}"


class PayoutAccount(models.Model):
    """Where a driver wants money back, where no card or account of theirs is known. ``sealed`` is the name and the account,
    encrypted; "" once the money has gone out."""

    case = models.OneToOneField("disputes.Case", on_delete=models.PROTECT, primary_key=True, related_name="payout_account")
    sealed = models.TextField(blank=True)
    ending = models.CharField(max_length=4, help_text="The last characters, to recognize it.")
    given_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(sealed="") ^ Q(deleted_at__isnull=True), name="payout_account_deleted")]

    def __str__(self) -> str:
        return f"…{self.ending}"
