"""What the gate keeps: a company's thresholds, the checks that fail, what people decided about held sessions."""

from decimal import Decimal

from django.db import models

from billing.four_eyes import Confirmation, by_somebody_else
from chargebill.core.frozen import Frozen
from chargebill.core.models import LegalEntity, User
from stations.models import Session


def _threshold(name: str, default: str, help_text: str) -> models.DecimalField:
    """A threshold with three decimals."""
    return models.DecimalField(name, max_digits=9, decimal_places=3, default=Decimal(default), help_text=help_text)


class CheckSettings(models.Model):
    """From when on a company doubts a session (docs/checks.md), and when two people decide. May change; no row: the defaults."""

    entity = models.OneToOneField(
        LegalEntity, verbose_name="company", on_delete=models.PROTECT, primary_key=True, related_name="check_settings"
    )
    four_eyes_above = models.DecimalField(
        "two people above", max_digits=12, decimal_places=2, null=True, blank=True,
        help_text="More money than this waits for a second person, in each currency. Empty: one person decides.",
    )  # fmt: skip
    overlap_s = models.PositiveIntegerField(
        "overlap, s", default=60, help_text="D3: sessions on one connector may overlap by this."
    )
    token_apart_s = models.PositiveIntegerField("token at two places, s", default=300, help_text="D4: closer starts are doubted.")
    backwards_kwh = _threshold("meter runs backwards, kWh", "0.001", "D5: more than this is doubted.")
    meter_kwh = _threshold("difference to the meter, kWh", "0.01", "D6: the larger of this and the percentage is allowed.")
    meter_percent = _threshold("difference to the meter, %", "0.5", "D6: of what the meter counted.")
    power_factor = _threshold("times the rated power", "1.05", "D7: average power may be this many times the connector's.")
    unrated_kw = _threshold("kW without a rated power", "500", "D7: the highest average where the connector's is not known.")
    unrated_kwh = _threshold("kWh without a rated power", "400", "D7: the most energy where the connector's power is unknown.")
    step_factor = _threshold("times the rated power, per step", "1.1", "D8: between two readings.")
    gap_factor = _threshold("times the interval", "2", "D9: a longer gap between readings is doubted.")
    clock_drift_s = models.PositiveIntegerField("clocks apart, s", default=60, help_text="D11: readings may lie so far outside.")
    idle_kw = _threshold("kW while idle", "0.5", "D20: more power than this is no idle time.")
    small_kwh = _threshold("hardly any energy, kWh", "0.1", "D21: below this only the start fee may be charged.")
    short_s = models.PositiveIntegerField("very short, s", default=120, help_text="D22: below this no start fee may be charged.")
    connected_s = models.PositiveIntegerField("connected, s", default=86_400, help_text="D31: longer than this is doubted.")
    payments_apart_s = models.PositiveIntegerField(
        "payments apart, s", default=600, help_text="D1b: two payments closer than this for one session are doubted."
    )
    authorization_s = models.PositiveIntegerField(
        "authorization to start, s", default=900, help_text="D23: an authorization farther from the start is for another session."
    )
    evse_cases = models.PositiveSmallIntegerField(
        "cases about one EVSE", default=3, help_text="D30: so many cases within the days below look like one fault."
    )
    evse_days = models.PositiveSmallIntegerField("days cases are counted in", default=30, help_text="D30: days looked back.")

    class Meta:
        verbose_name = "check settings"
        verbose_name_plural = "check settings"

    def __str__(self) -> str:
        return "checks"


class CheckFinding(models.Model):
    """A check that fails for a session as it was priced last; replaced when it is priced anew. What passes has no row.

    ``others``: ids of the sessions it is held against. ``remedy_amount``: how much less it would cost put right.
    """

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="findings")
    check_code = models.CharField(max_length=8)
    version = models.PositiveSmallIntegerField()
    rank = models.PositiveSmallIntegerField(help_text="The gravest first.")
    figures = models.JSONField(default=dict)
    staff = models.CharField(max_length=300)
    customer = models.CharField(max_length=300)
    remedy = models.CharField(max_length=8)
    remedy_part = models.CharField(max_length=12, blank=True)
    remedy_amount = models.DecimalField(max_digits=14, decimal_places=3)
    others = models.JSONField(default=list)

    class Meta:
        ordering = ["session_id", "rank"]
        constraints = [models.UniqueConstraint(fields=["session", "check_code"], name="finding_once_per_check")]
        indexes = [models.Index(fields=["check_code"])]

    def __str__(self) -> str:
        return f"{self.check_code} {self.staff}"

    @property
    def key(self) -> str:
        """The same doubt as billing.checks.Finding.key."""
        return f"{self.check_code}.{self.version}" + "".join(f":{pk}" for pk in sorted(self.others))


class HeldDecision(models.Model):
    """What a person decided about held sessions, and why. Never changes; ``needs_second``: it counts once confirmed.

    ``amounts`` is the money it was about, {currency: amount as text}.
    """

    class Way(models.TextChoices):
        RELEASE = "RELEASE", "Release"
        READING = "READING", "Use another reading"
        WAIVE = "WAIVE", "Waive"
        DROP = "DROP", "Drop"

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="+")
    way = models.CharField(max_length=8, choices=Way)
    part = models.CharField(max_length=12, blank=True, help_text="What is waived.")
    reason = models.CharField(max_length=300)
    held_for = models.CharField(max_length=40)
    count = models.PositiveIntegerField()
    amounts = models.JSONField(default=dict)
    needs_second = models.BooleanField()
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    frozen = [Frozen()]

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.get_way_display()}: {self.reason}"


class DecidedSession(models.Model):
    """One session of a decision, as it was decided: its revision and the doubts it was about. Never changes.

    ``energy_kwh``: the other reading, which is priced instead of the session's own energy.
    """

    decision = models.ForeignKey(HeldDecision, on_delete=models.PROTECT, related_name="decided")
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="decisions")
    session_revision = models.PositiveSmallIntegerField()
    doubts = models.JSONField(default=list)
    energy_kwh = models.DecimalField(max_digits=14, decimal_places=4, null=True)

    frozen = [Frozen()]

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["decision", "session"], name="session_once_per_decision")]

    def __str__(self) -> str:
        return f"{self.decision_id}: {self.session_id}"


class DecisionConfirmation(Confirmation):
    """What the second person said about a decision; never the one who decided."""

    decision = models.OneToOneField(HeldDecision, on_delete=models.PROTECT, primary_key=True, related_name="confirmation")

    refused = [by_somebody_else("billing_helddecision", "decision_id")]
