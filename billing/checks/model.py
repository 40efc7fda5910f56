"""What a check takes and gives: frozen plain values. Energy in kWh, power in kW, time in seconds, moments aware UTC."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from billing.checks.record import NOTHING_KNOWN, Record

ZERO = Decimal(0)
Figures = Mapping[str, str]


class Verdict(StrEnum):
    """NO_DATA: what the check needs is not there. It never holds a session and never counts as a pass."""

    PASS = "PASS"
    FAIL = "FAIL"
    NO_DATA = "NO_DATA"


class Way(StrEnum):
    """What a person can do about a session: the first four while it is held, all of them about what was billed.

    RELEASE: it is right as it is, or nothing of the money changes. REPRICE: a new price by what should have applied.
    CREDIT: what stands on documents too much is taken back. REFUND: money goes back and the bill stays.
    """

    RELEASE = "RELEASE"
    READING = "READING"
    WAIVE = "WAIVE"
    DROP = "DROP"
    REPRICE = "REPRICE"
    CREDIT = "CREDIT"
    REFUND = "REFUND"


class Part(StrEnum):
    """A part of a price that can be waived."""

    FLAT = "FLAT"
    ENERGY = "ENERGY"
    TIME = "TIME"
    PARKING_TIME = "PARKING_TIME"
    RESERVATION = "RESERVATION"


# Which import brings the data a check lacks.
METER_VALUES = "meter values"
SESSIONS_WITH_METER = "sessions with meter start and stop"
SESSIONS_WITH_STOP_REASON = "sessions with stop reason"
SESSIONS_WITH_CHARGING_TIME = "sessions with charging time"
SESSIONS_WITH_TOKEN = "sessions with token"
SESSIONS_WITH_CONNECTOR = "sessions with connector"
CONNECTORS = "connectors with rated power"
TARIFFS = "a tariff with its parts"
TARIFFS_ANNOUNCED = "authorizations with the price shown, or sessions with the announced tariff"
TAX_RULES = "a tax rule for the place and the day"
SIGNED_READINGS = "signed meter readings (OCMF)"
PLANS = "memberships with their benefits"
STATUSES = "connector status"
AUTHORIZATIONS = "authorizations"
TOKENS = "tokens"
DOCUMENTS = "documents"
PAYMENTS = "payments with their time"
CARD_PAYMENTS = "payments by card"
PRE_AUTHORIZATIONS = "pre-authorizations of a card gateway"
PARTNER_CDRS = "CDRs of roaming partners"
CASES = "cases of the dispute desk"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From when on something is doubted; every entity may set its own."""

    overlap_s: int = 60
    token_apart_s: int = 300
    backwards_kwh: Decimal = Decimal("0.001")
    meter_kwh: Decimal = Decimal("0.01")
    meter_percent: Decimal = Decimal("0.5")
    power_factor: Decimal = Decimal("1.05")
    unrated_kw: Decimal = Decimal(500)
    unrated_kwh: Decimal = Decimal(400)
    step_factor: Decimal = Decimal("1.1")
    gap_factor: Decimal = Decimal(2)
    clock_drift_s: int = 60
    idle_kw: Decimal = Decimal("0.5")
    small_kwh: Decimal = Decimal("0.1")
    short_s: int = 120
    connected_s: int = 86_400
    payments_apart_s: int = 600
    authorization_s: int = 900
    evse_cases: int = 3
    evse_days: int = 30


@dataclass(frozen=True, slots=True)
class Reading:
    """The energy register at a moment, in kWh."""

    at: datetime
    kwh: Decimal


@dataclass(frozen=True, slots=True)
class Other:
    """Another session this one is held against."""

    id: int
    number: str
    start: datetime
    end: datetime
    place: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A session as it is about to be billed. ``energy_kwh`` is what is priced.

    ``neighbours`` are on the same connector at the same time, ``elsewhere`` of the same token at another place,
    ``same_reference`` carry the same external reference. ``prices`` are the rounded parts of the price, None where only
    a total is known; ``announced_fee`` is the start fee a driver was told of. ``zone_stated``: whether the source says
    the zone of its times; None: not known. ``connector_named``: whether it tells the connectors of a station apart.
    ``record`` is what an investigation knows beside; the gate knows nothing of it.
    """

    start: datetime
    end: datetime
    energy_kwh: Decimal
    time_zone: str
    charging_s: int | None = None
    meter_start_kwh: Decimal | None = None
    meter_stop_kwh: Decimal | None = None
    token: str = ""
    stop_reason: str = ""
    rated_kw: Decimal | None = None
    readings: tuple[Reading, ...] = ()
    neighbours: tuple[Other, ...] = ()
    elsewhere: tuple[Other, ...] = ()
    same_reference: tuple[Other, ...] = ()
    zone_stated: bool | None = True
    connector_named: bool = True
    currency: str = ""
    total: Decimal = ZERO
    prices: Mapping[Part, Decimal] | None = None
    announced_fee: Decimal = ZERO
    record: Record = NOTHING_KNOWN

    @property
    def duration_s(self) -> int:
        return int((self.end - self.start).total_seconds())

    def part(self, part: Part) -> Decimal:
        """What a part costs; the whole total where the parts are not known."""
        return self.total if self.prices is None else self.prices.get(part, ZERO)


@dataclass(frozen=True, slots=True)
class Remedy:
    """What would put it right, and how much less the session would cost then, in its currency; of a REFUND what goes back.

    ``energy_kwh`` is the other reading's.
    """

    way: Way
    amount: Decimal
    part: Part | None = None
    energy_kwh: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check says about a snapshot: for staff in words, for the customer, and what would put it right.

    ``others`` are the ids of the sessions it is held against; ``supplied_by`` names the import that brings missing data.
    """

    check: str
    version: int
    verdict: Verdict
    figures: Figures = field(default_factory=dict)
    staff: str = ""
    customer: str = ""
    remedy: Remedy | None = None
    others: tuple[int, ...] = ()
    supplied_by: str = ""

    @property
    def key(self) -> str:
        """The same for the same doubt: a decision about it holds as long as this stays."""
        return f"{self.check}.{self.version}" + "".join(f":{pk}" for pk in sorted(self.others))


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its code and version, a title for a group of sessions, and the function that looks."""

    code: str
    version: int
    title: str
    look: Callable[["Check", Snapshot, Thresholds], Finding]

    def passed(self, **figures: str) -> Finding:
        return Finding(self.code, self.version, Verdict.PASS, figures)

    def no_data(self, supplied_by: str) -> Finding:
        return Finding(self.code, self.version, Verdict.NO_DATA, supplied_by=supplied_by)

    def failed(self, figures: Figures, staff: str, customer: str, remedy: Remedy, others: tuple[int, ...] = ()) -> Finding:
        return Finding(self.code, self.version, Verdict.FAIL, figures, staff, customer, remedy, others)

    def found(self, figures: Figures, staff: str, remedy: Remedy) -> Finding:
        """Fails in an investigation; what the driver reads then stands in billing/checks/driver.py."""
        return Finding(self.code, self.version, Verdict.FAIL, figures, staff, remedy=remedy)
