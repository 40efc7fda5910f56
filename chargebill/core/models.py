"""The ground everything stands on: people, legal entities, audit events, jobs."""

from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from chargebill.core.frozen import Frozen
from chargebill.core.list_models import ListChoice, SavedView  # noqa: F401

# Looked up on the disk each time otherwise: 10 ms, for every row of a table.
time_zones = cache(available_timezones)


def validate_time_zone(value: str) -> None:
    if value and value not in time_zones():
        raise ValidationError(f"{value!r} is no IANA time zone. Use a name such as Europe/Berlin or America/New_York.")


validate_currency = RegexValidator(r"\A[A-Z]{3}\Z", "Use a three-letter ISO 4217 code such as EUR.")
validate_country = RegexValidator(r"\A[A-Z]{2}\Z", "Use a two-letter ISO 3166 code such as DE.")


class User(AbstractUser):
    """One member of staff. What they may do comes from their roles (groups, see roles.py)."""

    class Meta(AbstractUser.Meta):
        verbose_name = "person"
        verbose_name_plural = "people"
        ordering = ["username"]


class Installation(models.Model):
    """One row: what this database is. Written when it is filled, never changed afterwards."""

    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="installation_is_one_row")]

    def __str__(self) -> str:
        return "demo" if self.is_demo else "company"


class SpanningPolicy(models.TextChoices):
    """What a session with totals only costs when its price changed while it lasted."""

    START = "START", "The price at its start"
    CHEAPEST = "CHEAPEST", "The cheapest price that applied while it lasted"
    SPLIT = "SPLIT", "Each part at its own price, as if it charged at an even rate"
    HELD = "HELD", "Wait for a person to decide"


class LegalEntity(models.Model):
    """A company that bills: every location, session, document and book belongs to exactly one. May change.

    ``billing_from`` is the first local day whose sessions may be billed; earlier ones are history, all while it is
    empty. A provisional entity was made by an import; nothing of it is billed until a person completed it.
    """

    name = models.CharField(max_length=120, unique=True)
    legal_name = models.CharField(max_length=200, blank=True)
    street = models.CharField(max_length=200, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    city = models.CharField(max_length=100, blank=True)
    country = models.CharField(
        max_length=2, blank=True, validators=[validate_country], help_text="ISO 3166 code of its seat, such as DE."
    )
    vat_ids = models.JSONField("VAT ids", default=dict, blank=True, help_text="VAT id by country of supply.")
    base_currency = models.CharField(
        max_length=3, blank=True, validators=[validate_currency], help_text="ISO 4217 code, such as EUR."
    )
    time_zone = models.CharField(
        max_length=64, blank=True, validators=[validate_time_zone], help_text="IANA name, such as Europe/Berlin."
    )
    language = models.CharField(max_length=5, default="en", choices=[("en", "English"), ("de", "Deutsch")])
    fiscal_year_start_month = models.PositiveSmallIntegerField(default=1)
    billing_from = models.DateField(
        null=True, blank=True, help_text="First day whose sessions may be billed. While empty, every session is history."
    )
    spanning_policy = models.CharField(
        "sessions across a price change",
        max_length=8,
        choices=SpanningPolicy,
        default=SpanningPolicy.START,
        help_text="For sessions of which only totals are known. Metered ones are split where the price changes.",
    )
    busy_per_week = models.PositiveSmallIntegerField(
        "usually busy from",
        default=17,
        validators=[MinValueValidator(1)],
        help_text="Sessions a week. A connector that usually has so many, but none for 48 hours, is listed as silent.",
    )
    is_provisional = models.BooleanField("needs review", default=False)

    class Meta:
        verbose_name = "company"
        verbose_name_plural = "companies"
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(fiscal_year_start_month__gte=1, fiscal_year_start_month__lte=12), name="legal_entity_fiscal_month"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def day_of(self, at: datetime) -> date:
        """The day that moment lies in by the company's own clock; by UTC while it has no time zone."""
        return at.astimezone(ZoneInfo(self.time_zone or "UTC")).date()

    @property
    def missing(self) -> list[str]:
        """The fields without which nothing of this entity can be billed, in words."""
        needed = {"country": "country", "base_currency": "currency", "time_zone": "time zone"}
        return [word for field, word in needed.items() if not getattr(self, field)]


class DataVersion(models.Model):
    """One row: how many changes this database has seen (data_version.py)."""

    version = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="data_version_is_one_row")]

    def __str__(self) -> str:
        return str(self.version)


class AuditEvent(models.Model):
    """One thing somebody did, with the reason and what changed. Never changes: written in the transaction of the deed."""

    at = models.DateTimeField(db_index=True)
    actor = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+", help_text="Empty: ChargeBill itself.")
    action = models.CharField(max_length=60)
    entity = models.ForeignKey(LegalEntity, verbose_name="company", null=True, on_delete=models.PROTECT, related_name="+")
    object_type = models.CharField(max_length=60, help_text="Model label, such as stations.session.")
    object_id = models.CharField(max_length=40)
    summary = models.CharField(max_length=300)
    reason = models.TextField(blank=True)
    changes = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["object_type", "object_id"])]

    def __str__(self) -> str:
        return self.summary


class Job(models.Model):
    """One piece of long work, with its progress; survives the worker that runs it.

    ``attempt`` is the fence: a worker that lost its job to another can't write any more, because every chunk's
    transaction moves the row on with its own attempt number. ``checkpoint`` says where the next attempt goes on.
    """

    class State(models.TextChoices):
        QUEUED = "QUEUED", "Waiting"
        RUNNING = "RUNNING", "Running"
        DONE = "DONE", "Done"
        FAILED = "FAILED", "Failed"

    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    idempotency_key = models.CharField(max_length=100, unique=True)
    params = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True, help_text="Empty while it is not known.")
    unit = models.CharField(max_length=20, default="rows")
    attempt = models.PositiveIntegerField(default=0)
    worker = models.CharField(max_length=120, blank=True, help_text="host:pid")
    heartbeat_at = models.DateTimeField(null=True)
    checkpoint = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    error = models.JSONField(default=dict, help_text="code, where, message")
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True, help_text="When its creator saw that it ended.")

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["state", "heartbeat_at"])]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        return self.state in (self.State.QUEUED, self.State.RUNNING)

    @property
    def percent(self) -> int | None:
        """Whole percent done, rounded down so that 100 means all; None while the total is not known."""
        return None if not self.total else min(100, self.done * 100 // self.total)

    def seconds_left(self, *, at) -> int | None:
        """Time left at this attempt's average speed, in seconds; None before there is anything to go by."""
        if self.state != self.State.RUNNING or not (self.total and self.done and self.started_at):
            return None
        here = self.done - self.checkpoint.get("done_before", 0)
        elapsed = (at - self.started_at).total_seconds()
        return round(elapsed / here * (self.total - self.done)) if here > 0 and elapsed >= 1 else None


class ApiToken(models.Model):
    """What a program signs in with. Only a hash of it is kept; ``prefix`` is its beginning, to tell tokens apart.

    ``scopes`` are values of chargebill.core.api_tokens.Scope. Without an entity it reads all of them. Never changes but
    for its end and its use: ``requests_in_minute`` counts those of the clock minute of ``last_used_at``.
    """

    name = models.CharField(max_length=120, help_text="Who uses it and for what.")
    prefix = models.CharField(max_length=12)
    key_hash = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    entity = models.ForeignKey(
        LegalEntity, verbose_name="company", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    requests_in_minute = models.PositiveIntegerField(default=0)

    frozen = [
        Frozen(but=("revoked_at", "last_used_at", "requests_in_minute")),
        # Revoked is for good.
        Frozen(fields=("revoked_at",), once="OLD.revoked_at IS NOT NULL", stays=False),
    ]

    class Meta:
        verbose_name = "API token"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
