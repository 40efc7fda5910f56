"""Where energy flows: places, EVSEs, connectors and what happened on them."""

from django.db import models
from django.db.models import Q

from chargebill.core.frozen import Frozen
from chargebill.core.models import Job, LegalEntity, User, validate_country, validate_currency, validate_time_zone

# Sessions that last longer are few and found by themselves: whoever looks for what overlaps looks back no further.
DAY_S = 86_400


class Location(models.Model):
    """A place with EVSEs (OCPI Location), belonging to one legal entity. May change.

    ``code`` is how files name it: the partner's id, or the name where there is none. Its zone decides local time; an
    import that knew only an offset leaves the zone empty and the place marked for review.
    """

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="locations")
    code = models.CharField(max_length=200, help_text="How imported files name this place.")
    name = models.CharField(max_length=200)
    address = models.CharField(max_length=200, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    city = models.CharField(max_length=100, blank=True)
    country = models.CharField(max_length=2, blank=True, validators=[validate_country], help_text="ISO 3166 code, such as DE.")
    latitude = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    time_zone = models.CharField(
        max_length=64, blank=True, validators=[validate_time_zone], help_text="IANA name, such as Europe/Berlin."
    )
    needs_review = models.BooleanField(default=False, help_text="Made by an import; nobody has looked at it yet.")

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["entity", "code"], name="location_code_once_per_entity")]

    def __str__(self) -> str:
        return self.name


class Evse(models.Model):
    """One unit that charges one vehicle at a time (OCPI EVSE); ``uid`` is how files name it. May change."""

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="+")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="evses")
    uid = models.CharField("UID", max_length=100, help_text="How imported files name this EVSE.")
    evse_id = models.CharField("EVSE id", max_length=48, blank=True, help_text="eMI3 id, such as DE*ABC*E12345.")
    model = models.CharField(max_length=100, blank=True)
    needs_review = models.BooleanField(default=False, help_text="Made by an import; nobody has looked at it yet.")

    class Meta:
        verbose_name = "EVSE"
        verbose_name_plural = "EVSEs"
        ordering = ["uid"]
        constraints = [models.UniqueConstraint(fields=["entity", "uid"], name="evse_uid_once_per_entity")]

    def __str__(self) -> str:
        return self.uid


class PowerType(models.TextChoices):
    AC = "AC", "AC"
    DC = "DC", "DC"


class ConnectorStandard(models.TextChoices):
    """OCPI ConnectorType, the ones met in practice."""

    IEC_62196_T1 = "IEC_62196_T1", "Type 1 (J1772)"
    IEC_62196_T2 = "IEC_62196_T2", "Type 2"
    IEC_62196_T1_COMBO = "IEC_62196_T1_COMBO", "CCS1"
    IEC_62196_T2_COMBO = "IEC_62196_T2_COMBO", "CCS2"
    CHADEMO = "CHADEMO", "CHAdeMO"
    NACS = "SAE_J3400", "NACS"
    DOMESTIC_F = "DOMESTIC_F", "Schuko"
    DOMESTIC_G = "DOMESTIC_G", "BS 1363"
    OTHER = "OTHER", "Other"


class Connector(models.Model):
    """One plug or socket of an EVSE (OCPI Connector). May change. Rated power in kW, empty while not known."""

    evse = models.ForeignKey(Evse, on_delete=models.PROTECT, related_name="connectors")
    number = models.CharField(max_length=36, help_text="How imported files name it, usually 1 or 2.")
    standard = models.CharField(max_length=20, choices=ConnectorStandard, blank=True)
    power_type = models.CharField(max_length=2, choices=PowerType, blank=True)
    rated_kw = models.DecimalField("rated kW", max_digits=7, decimal_places=2, null=True, blank=True)
    needs_review = models.BooleanField(default=False, help_text="Made by an import; nobody has looked at it yet.")

    class Meta:
        ordering = ["evse__uid", "number"]
        constraints = [
            models.UniqueConstraint(fields=["evse", "number"], name="connector_number_once_per_evse"),
            models.CheckConstraint(condition=Q(rated_kw__isnull=True) | Q(rated_kw__gt=0), name="connector_rated_kw_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.evse.uid}-{self.number}"


class ImportProfile(models.Model):
    """A layout of session files a company described itself. Its name never changes, for sources are told apart by it.

    What it says stands in its versions; the newest counts for new imports. A retired one is recognized no longer.
    """

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="import_profiles")
    name = models.SlugField(max_length=60)
    title = models.CharField(max_length=100)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "layout"
        ordering = ["title", "id"]
        constraints = [models.UniqueConstraint(fields=["entity", "name"], name="import_profile_once_per_entity")]

    def __str__(self) -> str:
        return self.title


class ImportProfileVersion(models.Model):
    """What a company's layout said from a moment on (stations/ingest/definitions.py). Never changes: imports point at it.

    ``header`` are the columns of the file it was made from, ``encoding`` how that was written ("" where it said so itself).
    """

    profile = models.ForeignKey(ImportProfile, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    definition = models.JSONField()
    header = models.JSONField()
    encoding = models.CharField(max_length=20, blank=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    frozen = [Frozen()]

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["profile", "number"], name="import_profile_version_once")]

    def __str__(self) -> str:
        return f"{self.profile.title}, version {self.number}"


class Source(models.Model):
    """Where imported rows come from: an entity and a profile. An external id is unique within one."""

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="sources")
    profile = models.CharField(max_length=60)
    trusted_tariffs = models.BooleanField(
        "tariff ids are trusted", default=False, help_text="A tariff a file names is the one its sessions are priced with."
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entity", "profile"], name="source_once")]

    def __str__(self) -> str:
        return f"{self.entity.name} · {self.profile}"


class Mode(models.TextChoices):
    """What an imported session is for (see docs/glossary.md)."""

    BILL = "bill", "Bill: ChargeBill prices and bills these sessions"
    COLLECTED = "collected", "Collected: another system already took the money"
    HISTORY = "history", "History: count and price for comparison, never bill"


class ImportBatch(models.Model):
    """One file somebody imported, what it was asked to be, and what became of its rows.

    read = imported + updated + unchanged + quarantined, once its job is done. The counts move on with every chunk.
    """

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="batches")
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="batch")
    file = models.CharField(max_length=200, help_text="Path in the media store, named after its content.")
    file_name = models.CharField(max_length=255)
    file_sha256 = models.CharField(max_length=64, db_index=True)
    mode = models.CharField(max_length=10, choices=Mode, default=Mode.HISTORY)
    time_zone = models.CharField(max_length=64, blank=True, validators=[validate_time_zone])
    encoding = models.CharField(max_length=20, blank=True)
    profile_version = models.ForeignKey(
        ImportProfileVersion,
        null=True,
        on_delete=models.PROTECT,
        related_name="batches",
        help_text="What the file, and corrections of its rows, are read with; empty for a built-in layout.",
    )
    header = models.JSONField(default=list)
    rows_read = models.BigIntegerField(default=0)
    rows_imported = models.BigIntegerField(default=0)
    rows_updated = models.BigIntegerField(default=0)
    rows_unchanged = models.BigIntegerField(default=0)
    rows_quarantined = models.BigIntegerField(default=0)
    rows_held = models.BigIntegerField(default=0, help_text="Imported or updated sessions that wait for a person.")
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "import"
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.file_name


class TokenType(models.TextChoices):
    """OCPI TokenType."""

    AD_HOC_USER = "AD_HOC_USER", "Ad hoc"
    APP_USER = "APP_USER", "App"
    EMAID = "EMAID", "Plug & Charge"
    RFID = "RFID", "RFID card"
    OTHER = "OTHER", "Other"


class PaymentMethod(models.TextChoices):
    """How the driver paid or identified to pay, as far as the file says."""

    CARD = "CARD", "Payment card"
    APP = "APP", "App"
    RFID = "RFID", "Charge card (RFID)"
    PLUG_AND_CHARGE = "PLUG_AND_CHARGE", "Plug & Charge"
    ROAMING = "ROAMING", "Roaming partner"
    CASH = "CASH", "Cash"
    INVOICE = "INVOICE", "Invoice"
    FREE = "FREE", "Free of charge"
    UNKNOWN = "UNKNOWN", "Not stated"


class Session(models.Model):
    """One charging session as its source reported it: facts, no customer and no price.

    Identified by (source, external_id). Facts change through an import that says something else, or a person's
    SessionCorrection; both keep the old facts as a SessionRevision. ``charging_s`` is empty where the source knows no charging
    time. The two local columns are the place's own clock: the date it ended, and the minute of the week it started in (0 =
    Monday 00:00).
    """

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="sessions", db_index=False)
    external_id = models.CharField(max_length=80)
    entity = models.ForeignKey(
        LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="sessions", db_index=False
    )
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="sessions", db_index=False)
    connector = models.ForeignKey(Connector, on_delete=models.PROTECT, related_name="sessions", db_index=False)
    mode = models.CharField(max_length=10, choices=Mode)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    local_end_date = models.DateField()
    local_start_minute = models.PositiveSmallIntegerField()
    duration_s = models.IntegerField()
    charging_s = models.IntegerField(null=True)
    energy_kwh = models.DecimalField(max_digits=14, decimal_places=4)
    meter_start_kwh = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    meter_stop_kwh = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    token_uid = models.CharField(max_length=64, blank=True)
    token_type = models.CharField(max_length=12, choices=TokenType, blank=True)
    token_issuer = models.CharField(max_length=64, blank=True, help_text="Contract id, or who issued the token.")
    payment_method = models.CharField(max_length=20, choices=PaymentMethod, default=PaymentMethod.UNKNOWN)
    reported_amount = models.DecimalField(
        max_digits=14, decimal_places=4, null=True, help_text="What the other system charged, tax included."
    )
    reported_currency = models.CharField(max_length=3, blank=True, validators=[validate_currency])
    card_last4 = models.CharField(max_length=4, blank=True)
    payment_reference = models.CharField(max_length=100, blank=True)
    announced_tariff = models.CharField(max_length=100, blank=True)
    stop_reason = models.CharField(max_length=60, blank=True)
    batch = models.ForeignKey(ImportBatch, on_delete=models.PROTECT, related_name="+", db_index=False)
    line_no = models.BigIntegerField(help_text="Line of the file its row begins on; record number in JSON.")
    content_hash = models.CharField(max_length=40)
    revision = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering = ["-started_at"]
        constraints = [models.UniqueConstraint(fields=["source", "external_id"], name="session_once_per_source")]
        # Each index costs every imported row; the composite ones serve their first column too, so foreign keys have none.
        indexes = [
            models.Index(fields=["location", "local_end_date"]),
            models.Index(fields=["entity", "local_end_date"]),
            models.Index(fields=["connector", "started_at"]),
            models.Index(fields=["started_at"]),
            models.Index(fields=["token_uid", "started_at"], condition=~Q(token_uid=""), name="session_token_start"),
            models.Index(fields=["payment_reference"], condition=~Q(payment_reference=""), name="session_payment_reference"),
            models.Index(fields=["batch", "line_no"]),
            models.Index(fields=["connector", "started_at"], condition=Q(duration_s__gt=DAY_S), name="session_longer_than_a_day"),
        ]

    def __str__(self) -> str:
        return f"Session {self.external_id}"


class SessionRevision(models.Model):
    """The facts a session had before an import or a person said something else. Never changes."""

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="revisions")
    revision = models.PositiveSmallIntegerField()
    content_hash = models.CharField(max_length=40)
    facts = models.JSONField()
    batch = models.ForeignKey(ImportBatch, on_delete=models.PROTECT, related_name="+")
    line_no = models.BigIntegerField()
    replaced_at = models.DateTimeField()

    class Meta:
        ordering = ["-revision"]
        constraints = [models.UniqueConstraint(fields=["session", "revision"], name="session_revision_once")]

    def __str__(self) -> str:
        return f"{self.session_id} r{self.revision}"


class SessionCorrection(models.Model):
    """A person put right what a source had recorded: made ``revision`` of the facts. Never changes.

    ``key`` is of the one intent. The row of the file stays the session's: sent again it says nothing new, and one that says
    something else counts over the correction.
    """

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="corrections", db_index=False)
    revision = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=100, unique=True)
    reason = models.CharField(max_length=300)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    frozen = [Frozen()]

    class Meta:
        ordering = ["session_id", "revision"]
        constraints = [models.UniqueConstraint(fields=["session", "revision"], name="session_correction_once")]

    def __str__(self) -> str:
        return f"{self.session_id} r{self.revision}"


class ChargingPeriod(models.Model):
    """One OCPI ChargingPeriod of a session, as the partner sent it. Ends where the next starts, the last with the session.

    Times in seconds, power in kW, current in A; empty = not measured.
    """

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="periods")
    started_at = models.DateTimeField()
    energy_kwh = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    charging_s = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    parking_s = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    reserved_s = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    min_power_kw = models.DecimalField(max_digits=9, decimal_places=4, null=True)
    max_power_kw = models.DecimalField(max_digits=9, decimal_places=4, null=True)
    min_current_a = models.DecimalField(max_digits=9, decimal_places=4, null=True)
    max_current_a = models.DecimalField(max_digits=9, decimal_places=4, null=True)
    tariff_id = models.CharField(max_length=36, blank=True)

    class Meta:
        ordering = ["session_id", "started_at", "id"]

    def __str__(self) -> str:
        return f"{self.session_id} {self.started_at:%H:%M}"


class ConnectorStatus(models.Model):
    """A connector said, at a moment, that it is in a state. Never changes."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="+", db_index=False)
    external_id = models.CharField(max_length=80)
    connector = models.ForeignKey(Connector, on_delete=models.PROTECT, related_name="statuses", db_index=False)
    at = models.DateTimeField()
    status = models.CharField(max_length=30)
    error_code = models.CharField(max_length=60, blank=True)
    firmware = models.CharField(max_length=60, blank=True)
    batch = models.ForeignKey(ImportBatch, on_delete=models.PROTECT, related_name="+")
    line_no = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "connector status"
        ordering = ["-at", "-id"]
        constraints = [models.UniqueConstraint(fields=["source", "external_id"], name="status_once_per_source")]
        indexes = [models.Index(fields=["connector", "at"])]

    def __str__(self) -> str:
        return f"{self.status} {self.at:%Y-%m-%d %H:%M}"


class Authorization(models.Model):
    """A token asked to charge, and what it was told. Never changes. ``price_shown`` is the text the driver saw."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="+", db_index=False)
    external_id = models.CharField(max_length=80)
    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="+", db_index=False)
    token_uid = models.CharField(max_length=64)
    at = models.DateTimeField()
    method = models.CharField(max_length=30, blank=True)
    result = models.CharField(max_length=30)
    price_shown = models.CharField(max_length=200, blank=True)
    batch = models.ForeignKey(ImportBatch, on_delete=models.PROTECT, related_name="+")
    line_no = models.BigIntegerField()

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [models.UniqueConstraint(fields=["source", "external_id"], name="authorization_once_per_source")]
        indexes = [models.Index(fields=["token_uid", "at"])]

    def __str__(self) -> str:
        return f"{self.token_uid} {self.result}"


class MeterValue(models.Model):
    """One reading during a session. Never changes. ``value`` is in ``unit`` as received (Wh, kWh, W, kW, A, V, Percent).

    Belongs to every session of the entity with this external id: readings may come before their session.
    """

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="+", db_index=False)
    external_id = models.CharField(max_length=80)
    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="+", db_index=False)
    session_external_id = models.CharField(max_length=80)
    at = models.DateTimeField()
    register = models.CharField(max_length=60)
    value = models.DecimalField(max_digits=16, decimal_places=4)
    unit = models.CharField(max_length=10)
    batch = models.ForeignKey(ImportBatch, on_delete=models.PROTECT, related_name="+")
    line_no = models.BigIntegerField()

    class Meta:
        ordering = ["at", "id"]
        constraints = [models.UniqueConstraint(fields=["source", "external_id"], name="meter_value_once_per_source")]
        indexes = [models.Index(fields=["entity", "session_external_id", "at"])]

    def __str__(self) -> str:
        return f"{self.register} {self.value} {self.unit}"


class QuarantinedRow(models.Model):
    """A row of a file that could not be taken, with its raw text and the reason. Loses nothing.

    Keyed by (source, hash of the raw row, which repetition of it in its file), so importing again adds none.
    """

    class State(models.TextChoices):
        WAITING = "WAITING", "Waiting"
        RESOLVED = "RESOLVED", "Corrected"
        DISMISSED = "DISMISSED", "Dismissed"

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="quarantine")
    row_hash = models.CharField(max_length=40)
    occurrence = models.PositiveIntegerField()
    raw = models.TextField()
    header = models.JSONField(default=list)
    batch = models.ForeignKey(ImportBatch, on_delete=models.PROTECT, related_name="+", help_text="The import that met it first.")
    line_no = models.BigIntegerField()
    code = models.CharField(max_length=40)
    field = models.CharField(max_length=60, blank=True)
    message = models.CharField(max_length=300)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    corrected = models.JSONField(default=dict, help_text="Values a person put in, by column.")
    session = models.ForeignKey(Session, null=True, on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = "quarantined row"
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["source", "row_hash", "occurrence"], name="quarantined_row_once"),
            models.CheckConstraint(
                condition=Q(state="WAITING", decided_at__isnull=True) | (~Q(state="WAITING") & Q(decided_at__isnull=False)),
                name="quarantined_row_decided",
            ),
        ]
        indexes = [models.Index(fields=["state", "code"])]

    def __str__(self) -> str:
        return f"line {self.line_no}: {self.message}"


class QuarantineSighting(models.Model):
    """An import met a quarantined row on this line: what makes a batch's count add up, also the second time."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.PROTECT, related_name="sightings")
    row = models.ForeignKey(QuarantinedRow, on_delete=models.PROTECT, related_name="sightings")
    line_no = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "line_no"], name="sighting_once_per_line")]

    def __str__(self) -> str:
        return f"{self.batch_id}:{self.line_no}"
