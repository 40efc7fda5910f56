"""What a company bills on: numbered documents with their lines, the counters behind them, and runs that issue a month.

An issued document never changes (docs/decisions/0011). Its lines and tax sums are written before it, in one transaction:
once it is there, none is added. What happens to it later (paid, sent, credited) stands in rows of their own.

A credit note is a document, too: it ``corrects`` one, and each of its lines the line it takes back of. Its amounts are
what is taken back, as numbers above zero: the kind says the direction, ``Document.sign`` gives it as a factor.

What another system had issued and nobody had paid yet is a row here, too, so that it is paid as ours are: of the kind
TAKEN_OVER, without lines, in no series. ``Document.objects`` leaves those out; ``Document.claims`` has them.
"""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Abs
from django.db.models.lookups import LessThan

from billing.document_refusals import (
    before_its_document,
    billed_once,
    credit_note_of_one_document,
    credits_stay_within_their_line,
)
from billing.documents import number_text
from billing.fields import amount_field
from billing.takeover_models import TakeOver
from chargebill.core.frozen import Frozen
from chargebill.core.models import Job, LegalEntity, User
from memberships.models import Customer, CustomerKind
from stations.models import Session


class DocumentKind(models.TextChoices):
    RECEIPT = "RECEIPT", "Receipt"
    INVOICE = "INVOICE", "Invoice"
    CREDIT_NOTE = "CREDIT_NOTE", "Credit note"
    TAKEN_OVER = "TAKEN_OVER", "Invoice taken over"


# Those we issue, each with a series of numbers.
ISSUED_KINDS = (DocumentKind.RECEIPT, DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE)


def _adds_up(name: str) -> models.CheckConstraint:
    # SQLite compares binary fractions: half of the smallest minor unit is as good as equal.
    apart = Abs(F("gross_amount") - F("net_amount") - F("tax_amount"))
    return models.CheckConstraint(condition=LessThan(apart, Decimal("0.0005")), name=name)


def _not_below_zero(name: str) -> models.CheckConstraint:
    """Of what takes back: below zero it would be a claim."""
    return models.CheckConstraint(
        condition=Q(corrects__isnull=True) | Q(net_amount__gte=0, tax_amount__gte=0, gross_amount__gte=0), name=name
    )


class NumberSeries(models.Model):
    """The numbers of one kind of document of a company. Only issuing takes ``next_number``, under a lock: no gap, ever.

    How numbers are written may change at any time, for documents still to come; ``next_number`` by a person only before
    the first one. ``prefix`` may say {year}: the count goes on over the years.
    """

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="number_series")
    kind = models.CharField(max_length=12, choices=[(kind.value, kind.label) for kind in ISSUED_KINDS])
    prefix = models.CharField(max_length=20)
    digits = models.PositiveSmallIntegerField(default=6)
    next_number = models.PositiveBigIntegerField(default=1)

    frozen = [Frozen(fields=("entity", "kind"))]

    class Meta:
        verbose_name_plural = "number series"
        ordering = ["entity", "kind"]
        constraints = [
            models.UniqueConstraint(fields=["entity", "kind"], name="number_series_once"),
            models.UniqueConstraint(fields=["entity", "prefix"], name="number_series_prefix_once"),
            models.CheckConstraint(condition=Q(digits__gte=1, digits__lte=12), name="number_series_digits"),
            models.CheckConstraint(condition=Q(next_number__gte=1), name="number_series_next"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.prefix}"

    def text(self, sequence: int, year: int) -> str:
        return number_text(self.prefix, self.digits, sequence, year)


class DocumentRun(models.Model):
    """Issuing a company's documents of a month, in the background. Stopped it can be taken up again, until it is finished.

    ``first_day`` is that of the month. ``left`` lists what could not be billed: [session id, why].
    """

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="document_runs")
    first_day = models.DateField()
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="+")
    started_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    stop_asked_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    left = models.JSONField(default=list)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["entity"], condition=Q(finished_at__isnull=True), name="document_run_one_at_a_time")
        ]

    def __str__(self) -> str:
        return f"{self.entity} {self.first_day:%Y-%m}"

    @property
    def is_stopped(self) -> bool:
        """Nobody works on it and it is not finished."""
        return self.finished_at is None and not self.job.is_open


class IssuedDocuments(models.Manager["Document"]):
    """What we issued: everything that counts, sends, prints or corrects documents asks here."""

    def get_queryset(self) -> models.QuerySet["Document"]:
        return super().get_queryset().exclude(kind=DocumentKind.TAKEN_OVER)


class Document(models.Model):
    """A receipt, an invoice or a credit note as it was issued. Never changes: whatever it says is a copy made then.

    ``anchor`` is the side its lines' amounts are fixed on. ``seller`` and ``buyer`` are names, address and tax ids, the
    seller's with how to reach and pay it; an unknown buyer's is empty. ``supplied_from`` and ``supplied_until`` are local
    days of the places, both included.
    ``corrects`` is what a credit note takes back of, None on all others; why and what became of the money is its
    ``correction``. ``replaces`` is the receipt, cancelled by a credit note, that was issued anew as this to a company.
    Documents of a ``run`` were billed with a month; the rest, credit notes too, one by one.

    Of a TAKEN_OVER one ``number`` and days are the other system's, ``sequence`` is the last count in its number, and all
    amounts are what was open: its tax was booked there, so ``tax_amount`` is zero here.
    """

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="documents")
    kind = models.CharField(max_length=12, choices=DocumentKind)
    sequence = models.PositiveBigIntegerField()
    number = models.CharField(max_length=40)
    run = models.ForeignKey(DocumentRun, null=True, on_delete=models.PROTECT, related_name="documents")
    corrects = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="credit_notes", db_index=False)
    replaces = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="replaced_by")
    customer = models.ForeignKey(Customer, null=True, on_delete=models.PROTECT, related_name="documents")
    customer_kind = models.CharField(max_length=10, choices=CustomerKind)
    seller = models.JSONField()
    buyer = models.JSONField(default=dict)
    language = models.CharField(max_length=5)
    currency = models.CharField(max_length=3)
    anchor = models.CharField(max_length=5, choices=[("GROSS", "incl. tax"), ("NET", "excl. tax")])
    issue_date = models.DateField(help_text="By the company's clock.")
    issued_at = models.DateTimeField()
    issued_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    supplied_from = models.DateField()
    supplied_until = models.DateField()
    is_collected = models.BooleanField(help_text="Another system had taken the money before.")
    due_date = models.DateField(null=True, help_text="By when it is to be paid. Empty: it was paid before, or says nothing.")
    net_amount = amount_field()
    tax_amount = amount_field()
    gross_amount = amount_field()
    take_over = models.ForeignKey(TakeOver, null=True, on_delete=models.PROTECT, related_name="documents", db_index=False)

    objects = IssuedDocuments()
    claims = models.Manager["Document"]()

    frozen = [Frozen()]
    refused = credit_note_of_one_document()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["entity", "kind", "sequence"], condition=~Q(kind="TAKEN_OVER"), name="document_sequence_once"
            ),
            # A number of the other system may come again as one of ours.
            models.UniqueConstraint(fields=["entity", "number"], condition=~Q(kind="TAKEN_OVER"), name="document_number_once"),
            models.UniqueConstraint(fields=["entity", "number"], condition=Q(kind="TAKEN_OVER"), name="document_taken_over_once"),
            models.CheckConstraint(
                condition=Q(kind="TAKEN_OVER", take_over__isnull=False, run__isnull=True, replaces__isnull=True, tax_amount=0)
                | (~Q(kind="TAKEN_OVER") & Q(take_over__isnull=True)),
                name="document_taken_over",
            ),
            _adds_up("document_adds_up"),
            models.CheckConstraint(
                condition=Q(kind="CREDIT_NOTE", corrects__isnull=False, run__isnull=True, replaces__isnull=True)
                | (~Q(kind="CREDIT_NOTE") & Q(corrects__isnull=True)),
                name="document_credit_notes_correct",
            ),
            _not_below_zero("document_credit_not_below_zero"),
        ]
        indexes = [
            models.Index(fields=["number"]),
            models.Index(fields=["entity", "issue_date"]),
            models.Index(fields=["corrects"], condition=Q(corrects__isnull=False), name="document_corrects"),
            models.Index(fields=["take_over"], condition=Q(take_over__isnull=False), name="document_taken_over_with"),
            models.Index(fields=["entity", "sequence"], condition=Q(kind="TAKEN_OVER"), name="document_taken_over_count"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_credit_note(self) -> bool:
        return self.kind == DocumentKind.CREDIT_NOTE

    @property
    def sign(self) -> int:
        """What its amounts count with in a sum over documents: -1 for a credit note."""
        return -1 if self.is_credit_note else 1


class DocumentLine(models.Model):
    """What one session, or its part at one tax rate, is billed with. Never changes; all it says was copied when issued.

    The lines of a session add up to its Cdr on the document's fixed side. ``parts`` are [dimension, billed, unit, unit
    price, amount on the fixed side], numbers as text; ``revenue`` is the net by account of the journal.

    On a credit note a line ``corrects`` another: it says the same of the session, its amounts and ``revenue`` are what is
    taken back, and ``parts`` are there only when the line was taken back whole and at once.
    """

    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="lines", db_index=False)
    position = models.PositiveIntegerField()
    corrects = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="credits", db_index=False)
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="document_lines")
    cdr = models.ForeignKey("billing.Cdr", on_delete=models.PROTECT, related_name="document_lines")
    net_amount = amount_field()
    tax_amount = amount_field()
    gross_amount = amount_field()
    tax_rate = models.DecimalField(max_digits=6, decimal_places=3)
    tax_code = models.CharField(max_length=20)
    legal_sentence = models.CharField(max_length=300, blank=True)
    session_number = models.CharField(max_length=80)
    place = models.CharField(max_length=200)
    address = models.CharField(max_length=330, blank=True)
    country = models.CharField(max_length=2)
    evse = models.CharField(max_length=100)
    time_zone = models.CharField(max_length=64)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    energy_kwh = models.DecimalField(max_digits=14, decimal_places=4)
    meter_start_kwh = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    meter_stop_kwh = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    token = models.CharField(max_length=64, blank=True)
    tariff = models.CharField(max_length=140, blank=True)
    prices_include_tax = models.BooleanField(null=True)
    parts = models.JSONField(default=list)
    revenue = models.JSONField(default=dict)

    frozen = [Frozen()]
    refused = [before_its_document(), *credits_stay_within_their_line(), billed_once()]

    class Meta:
        ordering = ["document_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["document", "position"], name="document_line_position_once"),
            _adds_up("document_line_adds_up"),
            _not_below_zero("document_line_credit_not_below_zero"),
        ]
        indexes = [models.Index(fields=["corrects"], condition=Q(corrects__isnull=False), name="document_line_corrects")]

    def __str__(self) -> str:
        return f"{self.document_id}:{self.position}"


class DocumentTax(models.Model):
    """What a document has at one tax rate and code: the sum of its lines. Never changes."""

    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="taxes", db_index=False)
    tax_rate = models.DecimalField(max_digits=6, decimal_places=3)
    tax_code = models.CharField(max_length=20)
    legal_sentence = models.CharField(max_length=300, blank=True)
    net_amount = amount_field()
    tax_amount = amount_field()
    gross_amount = amount_field()

    frozen = [Frozen()]
    refused = [before_its_document()]

    class Meta:
        verbose_name_plural = "document taxes"
        ordering = ["document_id", "-tax_rate", "tax_code"]
        constraints = [
            models.UniqueConstraint(fields=["document", "tax_rate", "tax_code"], name="document_tax_once"),
            _adds_up("document_tax_adds_up"),
        ]

    def __str__(self) -> str:
        return f"{self.tax_code} {self.tax_amount}"


class BilledDifference(models.Model):
    """A session on a document that would be billed differently now: its facts, its price or its customer changed.

    Written and taken away by pricing; the document stays as it is until a person decides. ``state`` and ``reason`` are
    where it would stand; amounts are empty where it would have no price. ``anchor`` and the tax are those of the price
    it would have; ``tax_rate`` is empty where its lines carry several.
    """

    session = models.OneToOneField(Session, on_delete=models.PROTECT, primary_key=True, related_name="billed_difference")
    session_revision = models.PositiveSmallIntegerField()
    customer = models.ForeignKey(Customer, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    state = models.CharField(max_length=10)
    reason = models.CharField(max_length=40, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    net_amount = amount_field(null=True)
    tax_amount = amount_field(null=True)
    gross_amount = amount_field(null=True)
    anchor = models.CharField(max_length=5, blank=True)
    tax_rate = models.DecimalField(max_digits=6, decimal_places=3, null=True)
    tax_code = models.CharField(max_length=20, blank=True)
    noticed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.session_id} {self.currency} {self.gross_amount}"
