"""What a session costs: tariffs, tax rules, the priced record and where it stands."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Abs
from django.db.models.lookups import LessThan

from chargebill.core.models import LegalEntity, User, validate_country, validate_currency
from memberships.models import Customer, CustomerKind
from stations.models import Session


class Tariff(models.Model):
    """A named price of an entity; what it says is in its versions."""

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="tariffs")
    name = models.CharField(max_length=120)
    currency = models.CharField(max_length=3, validators=[validate_currency])

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["entity", "name"], name="tariff_name_once")]

    def __str__(self) -> str:
        return self.name


class TariffVersion(models.Model):
    """What a tariff says from a moment on. Never changes: a new price is a new version.

    ``elements`` is the list of OCPI TariffElements (prices per kWh and per hour). ``valid_from`` empty: since ever.
    The version in force at a moment is the one with the latest ``valid_from`` not after it.
    """

    class TaxIncluded(models.TextChoices):
        YES = "YES", "Prices include tax"
        NO = "NO", "Tax is added"

    tariff = models.ForeignKey(Tariff, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    valid_from = models.DateTimeField(null=True)
    tax_included = models.CharField(max_length=3, choices=TaxIncluded)
    elements = models.JSONField()
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["tariff_id", "-number"]
        constraints = [models.UniqueConstraint(fields=["tariff", "number"], name="tariff_version_number_once")]

    def __str__(self) -> str:
        return f"{self.tariff.name} v{self.number}"


class TaxRule(models.Model):
    """The tax of a kind of supply from a day on, with where it comes from. Ends where the next begins.

    The seed of the dated table: empty country, component and customer kind mean all.
    """

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="tax_rules")
    country = models.CharField("country of supply", max_length=2, blank=True, validators=[validate_country])
    component = models.CharField(max_length=20, blank=True)
    customer_kind = models.CharField(max_length=10, choices=CustomerKind, blank=True)
    valid_from = models.DateField(null=True, blank=True, help_text="First day, local to the place. Empty: since ever.")
    rate = models.DecimalField("rate, %", max_digits=6, decimal_places=3)
    code = models.CharField(max_length=20)
    source = models.CharField(max_length=200, blank=True, help_text="Where the rate comes from: law, adviser, date.")

    class Meta:
        ordering = ["entity", "valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["entity", "country", "component", "customer_kind", "valid_from"], name="tax_rule_once"
            ),
            models.UniqueConstraint(
                fields=["entity", "country", "component", "customer_kind"],
                condition=Q(valid_from__isnull=True),
                name="tax_rule_since_ever_once",
            ),
            models.CheckConstraint(condition=Q(rate__gte=0, rate__lte=100), name="tax_rule_rate_percent"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.rate.normalize():f} %"


class Anchor(models.TextChoices):
    """Which side of the total is fixed and rounded once; the other follows."""

    GROSS = "GROSS", "incl. tax"
    NET = "NET", "excl. tax"


class Cdr(models.Model):
    """One price of one session (revision). Never changes: a new price supersedes it with the next version.

    ``fixed`` by ``anchor``: gross for ad hoc and members, net for businesses and partners. Part amounts are on the
    anchor's side, rounded, and add up to it. ``exact_*`` are before rounding. In mode collected the total is what was
    reported; ``priced_gross_amount`` keeps our own price beside it. All amounts in ``currency``.
    """

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="cdrs", db_index=False)
    version = models.PositiveSmallIntegerField()
    session_revision = models.PositiveSmallIntegerField()
    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="+", db_index=False)
    tariff_version = models.ForeignKey(TariffVersion, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    customer = models.ForeignKey(Customer, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    customer_kind = models.CharField(max_length=10, choices=CustomerKind)
    currency = models.CharField(max_length=3)
    anchor = models.CharField(max_length=5, choices=Anchor)
    net_amount = models.DecimalField(max_digits=14, decimal_places=3)
    tax_amount = models.DecimalField(max_digits=14, decimal_places=3)
    gross_amount = models.DecimalField(max_digits=14, decimal_places=3)
    tax_rate = models.DecimalField(
        max_digits=6, decimal_places=3, null=True, help_text="Percent. Empty where its lines carry several rates."
    )
    tax_code = models.CharField(max_length=20)
    fixed_amount = models.DecimalField(max_digits=14, decimal_places=3, help_text="Start fee.")
    energy_amount = models.DecimalField(max_digits=14, decimal_places=3)
    time_amount = models.DecimalField(max_digits=14, decimal_places=3)
    parking_amount = models.DecimalField(max_digits=14, decimal_places=3)
    exact_net = models.DecimalField(max_digits=24, decimal_places=9)
    exact_gross = models.DecimalField(max_digits=24, decimal_places=9)
    priced_gross_amount = models.DecimalField(max_digits=14, decimal_places=3, null=True)
    assumption = models.CharField(max_length=40, blank=True)
    engine = models.CharField(max_length=20)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "CDR"
        ordering = ["session_id", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["session", "version"], name="cdr_version_once"),
            # SQLite compares binary fractions: half of the smallest minor unit is as good as equal.
            models.CheckConstraint(
                condition=LessThan(Abs(F("gross_amount") - F("net_amount") - F("tax_amount")), Decimal("0.0005")),
                name="cdr_adds_up",
            ),
        ]
        indexes = [models.Index(fields=["customer"], condition=Q(customer__isnull=False), name="cdr_customer")]

    def __str__(self) -> str:
        return f"{self.currency} {self.gross_amount}"


class Chargeable(models.Model):
    """Where one session stands on its way to a document: the only mutable row about its price.

    Moves only through billing.chargeables; ``reason`` says why it is held, dropped or without a price.
    """

    class State(models.TextChoices):
        UNPRICED = "UNPRICED", "No price"
        HELD = "HELD", "Held"
        READY = "READY", "Ready to bill"
        DROPPED = "DROPPED", "Not billed"
        DOCUMENTED = "DOCUMENTED", "Billed"
        CREDITED = "CREDITED", "Credited"

    session = models.OneToOneField(Session, on_delete=models.PROTECT, primary_key=True, related_name="chargeable")
    cdr = models.ForeignKey(Cdr, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    state = models.CharField(max_length=10, choices=State)
    reason = models.CharField(max_length=40, blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(cdr__isnull=False) | Q(state__in=["UNPRICED", "HELD"]), name="chargeable_has_price"
            ),
            models.CheckConstraint(
                condition=Q(state="READY") | ~Q(reason="") | Q(state__in=["DOCUMENTED", "CREDITED"]), name="chargeable_has_reason"
            ),
        ]
        indexes = [models.Index(fields=["state", "reason"])]

    def __str__(self) -> str:
        return f"{self.session_id} {self.state}"
