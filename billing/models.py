"""What a session costs: tariffs, tax rules, the priced record and where it stands."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import combinations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Abs
from django.db.models.lookups import LessThan

from billing.accrual_models import Accrual, AccruedSession  # noqa: F401
from billing.bank_models import BankAccount, BankFile, BankLine, BankStatement  # noqa: F401
from billing.chargeback_models import ChargebackEnd, ChargebackFunds  # noqa: F401
from billing.close_models import BooksCheck  # noqa: F401
from billing.contest_models import ContestedLine  # noqa: F401
from billing.credit_models import Correction  # noqa: F401
from billing.difference_models import (  # noqa: F401
    DecidedDifference,
    DifferenceConfirmation,
    DifferenceDecision,
    SettledDifference,
)
from billing.document_models import (  # noqa: F401
    BilledDifference,
    Document,
    DocumentLine,
    DocumentRun,
    DocumentTax,
    NumberSeries,
)
from billing.export_models import ExportAccount, ExportBatch, ExportedEntry, ExportFile, ExportSettings  # noqa: F401
from billing.gateway_models import GatewayAttempt, GatewayCustomer  # noqa: F401
from billing.goodwill_models import GoodwillConfirmation, GoodwillGrant  # noqa: F401
from billing.journal_models import (  # noqa: F401
    Account,
    AccountingPeriod,
    JournalBook,
    JournalEntry,
    JournalSeal,
    PeriodChange,
    PeriodClosing,
    Posting,
    SigningKey,
)
from billing.mail_models import OutgoingMail  # noqa: F401
from billing.paper_models import DocumentPaper, DocumentSettings  # noqa: F401
from billing.payment_models import Payment, PaymentAllocation, PaymentReversal  # noqa: F401
from billing.payout_models import PayoutFile, PayoutList  # noqa: F401
from billing.refund_models import (  # noqa: F401
    Refund,
    RefundBankLine,
    RefundDue,
    RefundDueReversal,
    RefundEvent,
)
from billing.review_models import (  # noqa: F401
    CheckFinding,
    CheckSettings,
    DecidedSession,
    DecisionConfirmation,
    HeldDecision,
)
from billing.settlement_models import SettlementFile, SettlementLayout, SettlementPayout  # noqa: F401
from billing.takeover_models import TakeOver  # noqa: F401
from chargebill.core.frozen import Frozen
from chargebill.core.models import LegalEntity, User, validate_country, validate_currency
from chargebill.core.periods import Period
from memberships.models import Customer, CustomerGroup, CustomerKind, Token
from stations.models import Connector, Evse, Location, Session

SINCE_EVER = datetime.min.replace(tzinfo=UTC)


class Tariff(models.Model):
    """A named price of an entity; what it says is in its versions, who pays it in assignments. Name and code may change.

    ``code`` is how imported files name it; it counts only for sources marked as trusted.
    """

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="tariffs")
    name = models.CharField(max_length=120)
    code = models.CharField(max_length=100, blank=True, help_text="How imported files name this tariff.")
    currency = models.CharField(max_length=3, validators=[validate_currency])

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["entity", "name"], name="tariff_name_once"),
            models.UniqueConstraint(fields=["entity", "code"], condition=~Q(code=""), name="tariff_code_once"),
        ]

    def __str__(self) -> str:
        return self.name


class TaxCategory(models.TextChoices):
    """What a tariff says about tax: a kind of rate, never the rate itself. The tax table turns it into one."""

    STANDARD = "STANDARD", "Standard rate"
    REDUCED = "REDUCED", "Reduced rate"
    ZERO = "ZERO", "Zero-rated"
    EXEMPT = "EXEMPT", "Exempt"


class TariffVersion(models.Model):
    """What a tariff says in a period. A draft may be edited and applies to nothing; an activated one never changes again.

    In force on the half-open [``valid_from``, ``valid_until``); ``valid_from`` empty: since ever. Versions of a tariff
    that are no drafts never overlap: activating one ends the one before, which is retired then. ``elements`` is the
    list of OCPI TariffElements (prices per kWh and per hour). Prices, limits and cap include tax or do not, as
    ``tax_included`` says. ``grace_minutes``: so many idle minutes are free; ``parking_cap``: idle time costs no more.
    """

    class State(models.TextChoices):
        DRAFT = "DRAFT", "Draft"
        ACTIVE = "ACTIVE", "Active"
        RETIRED = "RETIRED", "Retired"

    class TaxIncluded(models.TextChoices):
        YES = "YES", "Prices include tax"
        NO = "NO", "Tax is added"

    tariff = models.ForeignKey(Tariff, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=7, choices=State, default=State.DRAFT)
    valid_from = models.DateTimeField(null=True)
    valid_until = models.DateTimeField(null=True)
    tax_included = models.CharField(max_length=3, choices=TaxIncluded)
    tax_category = models.CharField(max_length=8, choices=TaxCategory, default=TaxCategory.STANDARD)
    elements = models.JSONField()
    min_price = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    max_price = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    grace_minutes = models.PositiveIntegerField(default=0)
    parking_cap = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    ocpi = models.JSONField(
        default=dict, help_text="What an imported document says beside: party, id, texts. Given back by export, prices nothing."
    )
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    activated_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    activated_at = models.DateTimeField(null=True)

    frozen = [
        Frozen(but=("state", "valid_from", "valid_until"), once="OLD.state <> 'DRAFT'"),
        # One that held since ever and was replaced since ever holds for no moment: it begins where it ends.
        Frozen(
            fields=("valid_from",),
            once="OLD.state <> 'DRAFT' AND (NEW.valid_from IS NULL OR NEW.valid_until IS NULL"
            " OR NEW.valid_from <> NEW.valid_until)",
            stays=False,
        ),
    ]

    class Meta:
        ordering = ["tariff_id", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["tariff", "number"], name="tariff_version_number_once"),
            models.UniqueConstraint(fields=["tariff"], condition=Q(state="DRAFT"), name="tariff_one_draft"),
            models.CheckConstraint(
                condition=Q(state="DRAFT", activated_at__isnull=True) | (~Q(state="DRAFT") & Q(activated_at__isnull=False)),
                name="tariff_version_activated",
            ),
            models.CheckConstraint(
                condition=~Q(state="ACTIVE") | Q(valid_until__isnull=True), name="tariff_version_active_is_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tariff.name} v{self.number}"

    @property
    def in_force(self) -> Period[datetime]:
        """Empty for a version that was replaced before it ever applied. A draft is in force at no time, whatever this says."""
        return Period(self.valid_from or SINCE_EVER, self.valid_until)


class Assignment(models.Model):
    """A tariff given to some of the sessions of an entity: at most one *who*, at most one *where*, a power band, dates.

    None of the who columns: everyone; none of the where columns: every place of the entity. The band [min_kw, max_kw)
    is of the connector's rated kW. Days are local to the place, half-open: ``valid_until`` is the first day after. Once
    a price refers to it only its end may change.
    """

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="assignments")
    tariff = models.ForeignKey(Tariff, on_delete=models.PROTECT, related_name="assignments")
    token = models.ForeignKey(Token, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    group = models.ForeignKey(CustomerGroup, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    customer_kind = models.CharField(max_length=10, choices=CustomerKind, blank=True)
    connector = models.ForeignKey(Connector, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    evse = models.ForeignKey(Evse, null=True, blank=True, verbose_name="EVSE", on_delete=models.PROTECT, related_name="+")
    location = models.ForeignKey(Location, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    min_kw = models.DecimalField("from kW", max_digits=7, decimal_places=2, null=True, blank=True)
    max_kw = models.DecimalField("below kW", max_digits=7, decimal_places=2, null=True, blank=True)
    valid_from = models.DateField(null=True, blank=True, help_text="First day. Empty: since ever.")
    valid_until = models.DateField(null=True, blank=True, help_text="First day after it. Empty: no end.")
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["entity", "pk"]
        constraints = [
            *(
                models.CheckConstraint(condition=~(one & other), name=f"assignment_one_who_{n}")
                for n, (one, other) in enumerate(
                    combinations(
                        [Q(token__isnull=False), Q(customer__isnull=False), Q(group__isnull=False), ~Q(customer_kind="")], 2
                    )
                )
            ),
            *(
                models.CheckConstraint(condition=~(one & other), name=f"assignment_one_where_{n}")
                for n, (one, other) in enumerate(
                    combinations([Q(connector__isnull=False), Q(evse__isnull=False), Q(location__isnull=False)], 2)
                )
            ),
            models.CheckConstraint(
                condition=Q(min_kw__isnull=True) | Q(max_kw__isnull=True) | Q(min_kw__lt=F("max_kw")), name="assignment_band"
            ),
            models.CheckConstraint(
                condition=Q(valid_from__isnull=True) | Q(valid_until__isnull=True) | Q(valid_from__lte=F("valid_until")),
                name="assignment_dates",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tariff} ({self.pk})"


class TaxComponent(models.TextChoices):
    """What a tax rule is about: the parts of a price that a country may tax differently."""

    FLAT = "FLAT", "Start fee"
    ENERGY = "ENERGY", "Energy"
    TIME = "TIME", "Charging time"
    PARKING_TIME = "PARKING_TIME", "Idle time"
    RESERVATION = "RESERVATION", "Reservation"


class TaxRule(models.Model):
    """The tax of a kind of supply from a day on, with where it comes from. Ends where the next of the same kind begins.

    Empty country, category, component and customer kind mean all; the rule that says most wins (billing.taxes).
    ``rate`` 0 with its code is a decision, too; where no rule fits, the session waits. May change until a document
    was taxed by it (billing.operations.taxes). It counts as soon as it is there; ``approved_by`` is the second person
    who looked at it, never the one who entered it, and every change takes the approval away.
    """

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="tax_rules")
    country = models.CharField("country of supply", max_length=2, blank=True, validators=[validate_country])
    category = models.CharField(max_length=8, choices=TaxCategory, blank=True)
    component = models.CharField(max_length=20, choices=TaxComponent, blank=True)
    customer_kind = models.CharField(max_length=10, choices=CustomerKind, blank=True)
    valid_from = models.DateField(null=True, blank=True, help_text="First day, local to the place. Empty: since ever.")
    rate = models.DecimalField("rate, %", max_digits=6, decimal_places=3)
    code = models.CharField(max_length=20)
    account = models.CharField(max_length=20, blank=True, help_text="Account the tax is booked on.")
    legal_sentence = models.CharField(max_length=300, blank=True, help_text="Printed on documents where the law asks for it.")
    source = models.CharField(max_length=200, blank=True, help_text="Where the rate comes from: law, adviser, date.")
    entered_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["entity", "country", "valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["entity", "country", "category", "component", "customer_kind", "valid_from"], name="tax_rule_once"
            ),
            models.UniqueConstraint(
                fields=["entity", "country", "category", "component", "customer_kind"],
                condition=Q(valid_from__isnull=True),
                name="tax_rule_since_ever_once",
            ),
            models.CheckConstraint(condition=Q(rate__gte=0, rate__lte=100), name="tax_rule_rate_percent"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.rate.normalize():f} %"


class AppliedTaxes(models.Model):
    """The taxes one price was computed with, by component. Never changes; Cdrs with the same taxes share a row.

    ``taxes`` is {dimension: [rate in percent as text, code]}; ``key`` is the same in one canonical line.
    """

    key = models.CharField(max_length=400, unique=True)
    taxes = models.JSONField()

    frozen = [Frozen()]

    class Meta:
        verbose_name_plural = "applied taxes"

    def __str__(self) -> str:
        return self.key


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
    assignment = models.ForeignKey(
        Assignment, null=True, on_delete=models.PROTECT, related_name="+", db_index=False, help_text="Why this tariff."
    )
    applied_taxes = models.ForeignKey(AppliedTaxes, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
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
    parking_amount = models.DecimalField(max_digits=14, decimal_places=3, help_text="Idle time, its cap included.")
    reservation_amount = models.DecimalField(max_digits=14, decimal_places=3, default=0)
    limit_amount = models.DecimalField(
        max_digits=14, decimal_places=3, default=0, help_text="What a minimum adds or a maximum takes off."
    )
    exact_net = models.DecimalField(max_digits=24, decimal_places=9)
    exact_gross = models.DecimalField(max_digits=24, decimal_places=9)
    priced_gross_amount = models.DecimalField(max_digits=14, decimal_places=3, null=True)
    assumption = models.CharField(max_length=40, blank=True)
    notes = models.CharField(max_length=120, blank=True, help_text="Codes of the pricing notes, with spaces between.")
    energy_kwh = models.DecimalField(
        max_digits=14,
        decimal_places=4,
        null=True,
        help_text="What a person had priced instead of the session's own energy.",
    )
    waived = models.CharField(max_length=60, blank=True, help_text="Parts a person took off, with spaces between.")
    engine = models.CharField(max_length=20)
    created_at = models.DateTimeField()

    frozen = [Frozen()]

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
                condition=Q(cdr__isnull=False) | Q(state__in=["UNPRICED", "HELD"]) | Q(state="DROPPED", reason="decided"),
                name="chargeable_has_price",
            ),
            models.CheckConstraint(
                condition=Q(state="READY") | ~Q(reason="") | Q(state__in=["DOCUMENTED", "CREDITED"]), name="chargeable_has_reason"
            ),
        ]
        indexes = [models.Index(fields=["state", "reason"])]

    def __str__(self) -> str:
        return f"{self.session_id} {self.state}"
