"""The books: accounts, entries with their legs, seals that chain them, and periods that are closed by two people.

What is posted never changes, whoever asks (docs/decisions/0011): legs go into an entry that is not posted yet, posting
it checks the balance, and nothing is added to it afterwards. The rules are billing/journal; writes are
billing/operations/journal*.py.
"""

from django.db import models
from django.db.models import Q

from billing.fields import amount_field
from billing.journal import Kind
from chargebill.core.frozen import Frozen, Refused
from chargebill.core.models import LegalEntity, User, validate_currency
from memberships.models import Customer

HASH_LENGTH = 64


class JournalBook(models.Model):
    """A company's books as a whole: the row that sealing, closing and beginning a period hold alone.

    Only ``accrues`` may change: whether closing a month books what was earned and not invoiced at its end.
    """

    entity = models.OneToOneField(
        LegalEntity, verbose_name="company", on_delete=models.PROTECT, primary_key=True, related_name="book"
    )
    accrues = models.BooleanField(default=False)

    frozen = [Frozen(but=("accrues",))]

    def __str__(self) -> str:
        return f"Books of {self.entity}"


class Account(models.Model):
    """An account of a company. ``code`` is what rules book on and stays; name and number are the company's to choose."""

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="accounts")
    code = models.CharField(max_length=40)
    number = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=[(kind.name, kind.value) for kind in Kind])

    frozen = [Frozen(fields=("entity", "code", "kind"))]

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["entity", "code"], name="account_code_once"),
            models.UniqueConstraint(fields=["entity", "number"], name="account_number_once"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


class AccountingPeriod(models.Model):
    """A month of a company's books, by its first day. Only its state changes; a closed one takes no posting."""

    class State(models.TextChoices):
        OPEN = "OPEN", "Open"
        CLOSED = "CLOSED", "Closed"

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="periods")
    first_day = models.DateField()
    state = models.CharField(max_length=6, choices=State, default=State.OPEN)

    frozen = [Frozen(but=("state",))]

    class Meta:
        ordering = ["entity_id", "-first_day"]
        constraints = [models.UniqueConstraint(fields=["entity", "first_day"], name="period_once")]

    def __str__(self) -> str:
        return f"{self.first_day:%Y-%m}"


class JournalEntry(models.Model):
    """One thing that happened to the money, with its legs. Written once, posted once (``posted_at``), then never changed.

    ``key`` is ``rule:source:version``: the same thing is never booked twice. ``content_hash`` is the SHA-256 of all it
    says (billing/journal/content.py). ``is_sealed`` follows when the sealer chains it, so that posting never waits.
    """

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="entries")
    period = models.ForeignKey(AccountingPeriod, on_delete=models.PROTECT, related_name="entries")
    key = models.CharField(max_length=160)
    effective_date = models.DateField()
    description = models.CharField(max_length=300)
    source_type = models.CharField(max_length=40)
    source_id = models.CharField(max_length=80)
    document_no = models.CharField(max_length=60, blank=True)
    reverses = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="reversed_by")
    content_hash = models.CharField(max_length=HASH_LENGTH)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    posted_at = models.DateTimeField(null=True)
    is_sealed = models.BooleanField(default=False)

    frozen = [
        Frozen(but=("posted_at", "is_sealed")),
        Frozen(fields=("posted_at",), once="OLD.posted_at IS NOT NULL", stays=False),
        Frozen(fields=("is_sealed",), once="OLD.is_sealed OR OLD.posted_at IS NULL", stays=False),
    ]
    # Sums are of whole thousandths: SQLite keeps amounts as floats, which can't be added exactly.
    refused = [
        Refused("INSERT", "NEW.posted_at IS NOT NULL OR NEW.is_sealed", "an entry is posted after its legs were written"),
        Refused(
            "UPDATE",
            "OLD.posted_at IS NULL AND NEW.posted_at IS NOT NULL"
            " AND (SELECT COUNT(*) FROM billing_posting p WHERE p.entry_id = NEW.id) < 2",
            "an entry has at least two legs",
        ),
        Refused(
            "UPDATE",
            "OLD.posted_at IS NULL AND NEW.posted_at IS NOT NULL"
            " AND EXISTS (SELECT 1 FROM billing_posting p WHERE p.entry_id = NEW.id GROUP BY p.currency"
            " HAVING SUM(CAST(ROUND(p.debit * 1000) AS BIGINT)) <> SUM(CAST(ROUND(p.credit * 1000) AS BIGINT)))",
            "an entry is posted when its debits and credits are equal in each currency",
        ),
        Refused(
            "UPDATE",
            "OLD.posted_at IS NULL AND NEW.posted_at IS NOT NULL"
            " AND EXISTS (SELECT 1 FROM billing_accountingperiod p WHERE p.id = NEW.period_id AND p.state = 'CLOSED')",
            "a closed period takes no posting",
            hold="SELECT 1 FROM billing_accountingperiod WHERE id = NEW.period_id FOR SHARE",
        ),
    ]

    class Meta:
        verbose_name_plural = "journal entries"
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["entity", "key"], name="journal_key_once")]
        indexes = [
            models.Index(fields=["entity", "id"], condition=Q(is_sealed=False), name="journal_unsealed"),
            models.Index(fields=["period", "id"], name="journal_of_period"),
            models.Index(fields=["entity", "document_no"], condition=~Q(document_no=""), name="journal_of_document"),
            models.Index(fields=["source_type", "source_id"], name="journal_of_source"),
        ]

    def __str__(self) -> str:
        return self.description


class Posting(models.Model):
    """A leg of an entry: an account debited or credited, in one currency. Never changes, moves or goes.

    ``tax_amount`` is the tax that belongs to the leg, for the tax report; it moves nothing.
    """

    entry = models.ForeignKey(JournalEntry, on_delete=models.PROTECT, related_name="postings")
    line_no = models.PositiveSmallIntegerField()
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="postings")
    debit = amount_field(default=0)
    credit = amount_field(default=0)
    currency = models.CharField(max_length=3, validators=[validate_currency])
    tax_code = models.CharField(max_length=20, blank=True)
    tax_rate = models.DecimalField(max_digits=6, decimal_places=3, null=True)
    tax_amount = amount_field(null=True)
    customer = models.ForeignKey(Customer, null=True, on_delete=models.PROTECT, related_name="postings")
    description = models.CharField(max_length=300, blank=True)

    frozen = [Frozen()]
    refused = [
        Refused(
            "INSERT",
            "EXISTS (SELECT 1 FROM billing_journalentry e WHERE e.id = NEW.entry_id AND e.posted_at IS NOT NULL)",
            "legs are never added to a posted entry",
            # Whoever posts the entry meanwhile waits, and then counts this leg, too.
            hold="SELECT 1 FROM billing_journalentry WHERE id = NEW.entry_id FOR SHARE",
        )
    ]

    class Meta:
        ordering = ["entry_id", "line_no"]
        constraints = [
            models.UniqueConstraint(fields=["entry", "line_no"], name="posting_line_once"),
            models.CheckConstraint(
                condition=Q(debit__gt=0, credit=0) | Q(debit=0, credit__gt=0), name="posting_is_debit_or_credit"
            ),
        ]
        indexes = [models.Index(fields=["account", "entry"], name="posting_of_account")]

    def __str__(self) -> str:
        return f"{self.account}: {self.debit} / {self.credit} {self.currency}"


class JournalSeal(models.Model):
    """An entry's place in its company's chain; ``seq`` counts from 1 and is the entry's number. Never changes."""

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    seq = models.PositiveBigIntegerField()
    entry = models.OneToOneField(JournalEntry, on_delete=models.PROTECT, related_name="seal")
    entry_hash = models.CharField(max_length=HASH_LENGTH)
    previous = models.CharField(max_length=HASH_LENGTH)
    chain = models.CharField(max_length=HASH_LENGTH)

    frozen = [Frozen()]

    class Meta:
        ordering = ["entity_id", "seq"]
        constraints = [models.UniqueConstraint(fields=["entity", "seq"], name="seal_seq_once")]

    def __str__(self) -> str:
        return str(self.seq)


class SigningKey(models.Model):
    """The public half of a key a company signs its closed periods with (Ed25519, 64 hexadecimal digits).

    ``fingerprint`` is the SHA-256 of the 32 bytes. The private half is a file. Only its end changes.
    """

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="signing_keys")
    fingerprint = models.CharField(max_length=HASH_LENGTH, unique=True)
    public_key = models.CharField(max_length=64)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    frozen = [
        Frozen(but=("retired_at",)),
        Frozen(fields=("retired_at",), once="OLD.retired_at IS NOT NULL", stays=False),
    ]

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["entity"], condition=Q(retired_at__isnull=True), name="one_signing_key_in_use")
        ]

    def __str__(self) -> str:
        return self.fingerprint[:16]


class PeriodChange(models.Model):
    """What one person asked for, closing or reopening a month, and what a second one said. Never changes once decided."""

    class Kind(models.TextChoices):
        CLOSE = "CLOSE", "Close"
        REOPEN = "REOPEN", "Reopen"

    period = models.ForeignKey(AccountingPeriod, on_delete=models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=6, choices=Kind)
    reason = models.CharField(max_length=300, blank=True)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    accepted = models.BooleanField(null=True)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)

    frozen = [
        Frozen(but=("accepted", "decided_by", "decided_at")),
        Frozen(once="OLD.decided_at IS NOT NULL", stays=False),
    ]

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["period"], condition=Q(decided_at__isnull=True), name="one_open_change_of_a_period"),
            models.CheckConstraint(
                condition=Q(accepted__isnull=True, decided_by__isnull=True, decided_at__isnull=True)
                | Q(accepted__isnull=False, decided_by__isnull=False, decided_at__isnull=False),
                name="period_change_decided_whole",
            ),
            models.CheckConstraint(
                # Taking one's own wish back needs nobody else; carrying it out does.
                condition=~Q(accepted=True) | ~Q(decided_by=models.F("asked_by")),
                name="period_change_by_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.period}"


class PeriodClosing(models.Model):
    """How a month stood when it was closed, signed: the end of the chain and what the month held. Never changes.

    ``statement`` is the text that was signed; ``signature`` is Ed25519, hexadecimal.
    """

    change = models.OneToOneField(PeriodChange, on_delete=models.PROTECT, primary_key=True, related_name="closing")
    period = models.ForeignKey(AccountingPeriod, on_delete=models.PROTECT, related_name="closings")
    head_seq = models.PositiveBigIntegerField()
    statement = models.TextField()
    key = models.ForeignKey(SigningKey, on_delete=models.PROTECT, related_name="+")
    signature = models.CharField(max_length=128)

    frozen = [Frozen()]

    class Meta:
        ordering = ["-change_id"]

    def __str__(self) -> str:
        return f"{self.period} up to entry {self.head_seq}"
