"""What goes into a price and what comes out: frozen values without a database.

Words and units are OCPI's: energy in kWh, power in kW, current in A, time in seconds, prices per kWh and per hour, in
the tariff's currency. Moments are aware and UTC; dates and times of day are the place's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

ZERO = Decimal(0)


class Dimension(StrEnum):
    """What a line of a bill is about, in the order a bill lists them.

    The first four are OCPI's TariffDimensionType as components name them. Inside an element for reservations FLAT and
    TIME become the two reservation dimensions. The rest are lines of their own that no component has: the cap on idle
    time and the limits on the total.
    """

    RESERVATION_FLAT = "RESERVATION_FLAT"
    RESERVATION_TIME = "RESERVATION_TIME"
    FLAT = "FLAT"
    ENERGY = "ENERGY"
    TIME = "TIME"
    PARKING_TIME = "PARKING_TIME"
    PARKING_CAP = "PARKING_CAP"
    MIN_PRICE = "MIN_PRICE"
    MAX_PRICE = "MAX_PRICE"


# What a PriceComponent may be about.
COMPONENT_DIMENSIONS = (Dimension.FLAT, Dimension.ENERGY, Dimension.TIME, Dimension.PARKING_TIME)
# What a tax must be known for: everything a component can become.
TAXED = (Dimension.RESERVATION_FLAT, Dimension.RESERVATION_TIME, *COMPONENT_DIMENSIONS)
LIMITS = (Dimension.MIN_PRICE, Dimension.MAX_PRICE)


class Anchor(StrEnum):
    """The side of the total that is fixed and rounded once; the other follows from it.

    OCPI: both sides are rounded from their own exact amounts, as a partner's CDR states them.
    """

    GROSS = "GROSS"
    NET = "NET"
    OCPI = "OCPI"


class Untaxed(StrEnum):
    """What it means that a component names no tax: none applies (after tax = before tax), or nobody knows it here."""

    NOT_APPLICABLE = "NOT_APPLICABLE"
    UNKNOWN = "UNKNOWN"


class PricingError(ValueError):
    """A document can't be used. ``code`` is stable, ``where`` a place in the document, the message says what to do."""

    def __init__(self, code: str, where: str, message: str) -> None:
        super().__init__(message)
        self.code, self.where, self.message = code, where, message


class TariffError(PricingError):
    """A tariff can't be used."""


class CdrError(PricingError):
    """A CDR, or the session it tells of, can't be priced."""


@dataclass(frozen=True, slots=True)
class Component:
    """Price of one dimension: per kWh, per hour, or once (FLAT). ``step_size`` in Wh or s; 0: billed as measured.

    ``vat`` in percent is a partner's own; None: the tariff's ``untaxed`` says what that means. Our own tariffs have
    none: their taxes are given to the call.
    """

    dimension: Dimension
    price: Decimal
    step_size: int = 0
    vat: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Restrictions:
    """When an element applies: all of them must hold. Lower bounds belong to it, upper ones do not; None: no bound.

    Times are minutes of the local day, both or neither (``end_minute`` 1440 is its end); a window whose end comes before
    its start runs past midnight. ``days`` are weekdays, Monday 0. ``reservation`` is "", RESERVATION or RESERVATION_EXPIRES.
    """

    start_minute: int | None = None
    end_minute: int | None = None
    start_date: date | None = None
    end_date: date | None = None
    min_kwh: Decimal | None = None
    max_kwh: Decimal | None = None
    min_current_a: Decimal | None = None
    max_current_a: Decimal | None = None
    min_power_kw: Decimal | None = None
    max_power_kw: Decimal | None = None
    min_duration_s: int | None = None
    max_duration_s: int | None = None
    days: frozenset[int] | None = None
    reservation: str = ""

    @property
    def needs_local_time(self) -> bool:
        return (
            self.start_minute is not None
            or self.end_minute is not None
            or self.days is not None
            or self.start_date is not None
            or self.end_date is not None
        )

    def hold_at(self, local: datetime) -> bool:
        """Whether those on the clock and the calendar hold at a moment of the place's own time."""
        if self.start_minute is not None and self.end_minute is not None:
            minute = local.hour * 60 + local.minute
            if self.start_minute < self.end_minute:
                if not self.start_minute <= minute < self.end_minute:
                    return False
            elif self.end_minute <= minute < self.start_minute:
                return False
        if self.days is not None and local.weekday() not in self.days:
            return False
        if self.start_date is not None and local.date() < self.start_date:
            return False
        return self.end_date is None or local.date() < self.end_date


ALWAYS = Restrictions()


_RESERVED = {Dimension.FLAT: Dimension.RESERVATION_FLAT, Dimension.TIME: Dimension.RESERVATION_TIME}


@dataclass(frozen=True, slots=True)
class Element:
    """Prices that apply together while the restrictions hold. Of two for one dimension the first counts."""

    components: tuple[Component, ...]
    restrictions: Restrictions = ALWAYS

    def dimension_of(self, component: Component) -> Dimension | None:
        """What one of its components is a price of; None: a reservation has a fee and a time, nothing else."""
        return _RESERVED.get(component.dimension) if self.restrictions.reservation else component.dimension


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound on the total before and after tax, each on its own; None: that side has none of its own."""

    net: Decimal | None = None
    gross: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Tariff:
    """``name`` and ``version`` are what an explanation shows. ``tax_included``: the prices contain tax.

    The first ``grace_s`` seconds of idle time are free, and all idle time together costs at most ``parking_cap``
    (on the side ``tax_included`` says): ChargeBill's own, OCPI can't say them. ``id``, ``type``, ``starts_at`` and
    ``ends_at`` (half-open) choose among several tariffs of one CDR. ``without_tax``: an OCPI 2.1.1 tariff, which knows no tax and
    whose total after tax is unknown whatever it costs.
    """

    name: str
    version: int
    currency: str
    tax_included: bool
    elements: tuple[Element, ...]
    untaxed: Untaxed = Untaxed.NOT_APPLICABLE
    min_price: Limit | None = None
    max_price: Limit | None = None
    grace_s: int = 0
    parking_cap: Decimal | None = None
    id: str = ""
    type: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    without_tax: bool = False

    @property
    def needs_local_time(self) -> bool:
        return any(element.restrictions.needs_local_time for element in self.elements)

    @property
    def priced(self) -> frozenset[Dimension]:
        """The dimensions it may charge for: those whose taxes must be known."""
        found = {element.dimension_of(component) for element in self.elements for component in element.components}
        return frozenset(dimension for dimension in found if dimension is not None)


@dataclass(frozen=True, slots=True)
class Tax:
    """One tax: percent, and the code documents and books know it by."""

    rate: Decimal
    code: str


# By every dimension of TAXED the tariff prices; limits and the cap follow from what they change.
Taxes = Mapping[Dimension, Tax]


@dataclass(frozen=True, slots=True)
class ChargingPeriod:
    """Part of a session in which nothing price-relevant changes; [start, end), UTC. Power and current None: not measured.

    ``tariff_id`` names one of several tariffs; "": the one active when the session started.
    """

    start: datetime
    end: datetime
    energy_kwh: Decimal = ZERO
    charging_s: Decimal | int = 0
    parking_s: Decimal | int = 0
    reserved_s: Decimal | int = 0
    min_power_kw: Decimal | None = None
    max_power_kw: Decimal | None = None
    min_current_a: Decimal | None = None
    max_current_a: Decimal | None = None
    tariff_id: str = ""

    @property
    def is_reservation(self) -> bool:
        """Only reserved: the session itself has not begun."""
        return bool(self.reserved_s) and not (self.energy_kwh or self.charging_s or self.parking_s)


@dataclass(frozen=True, slots=True)
class Usage:
    """A session's quantities in time order. ``assumption`` says what was assumed to get them, "" if they were measured.

    ``reservation_expired``: it was reserved and never used. ``ad_hoc``: whoever charged pays on the spot, or has a
    contract; None: not known.
    """

    periods: tuple[ChargingPeriod, ...]
    time_zone: str = ""
    assumption: str = ""
    reservation_expired: bool = False
    ad_hoc: bool | None = None

    @classmethod
    def from_totals(
        cls, *, start: datetime, end: datetime, energy_kwh: Decimal, charging_s: int | None, time_zone: str = ""
    ) -> "Usage":
        """Uniform use over the charging time, then parking; without a charging time all of it is charging."""
        duration_s = int((end - start).total_seconds())
        if charging_s is None or charging_s >= duration_s:
            whole = ChargingPeriod(start, end, energy_kwh, charging_s=duration_s)
            return cls((whole,), time_zone, "all_charging" if charging_s is None else "uniform")
        unplugged = start + timedelta(seconds=charging_s)
        return cls(
            (
                ChargingPeriod(start, unplugged, energy_kwh, charging_s=charging_s),
                ChargingPeriod(unplugged, end, parking_s=duration_s - charging_s),
            ),
            time_zone,
            "uniform_then_parking",
        )

    def with_periods(self, periods: tuple[ChargingPeriod, ...]) -> "Usage":
        return replace(self, periods=periods)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill. ``measured`` and ``billed`` in ``unit`` (kWh, s, session); ``unit_price`` as the tariff states
    it, per kWh, per minute or per session; a limit or a cap has none of them (0, "", None).

    ``element`` is the index of the tariff element that set the price, None for a limit or a cap; ``reason`` says why in
    words. Of net, tax and gross those are None that nobody can know (see Untaxed); the others add up.
    """

    dimension: Dimension
    start: datetime
    end: datetime
    measured: Decimal
    billed: Decimal
    unit: str
    unit_price: Decimal | None
    net: Decimal | None
    tax_rate: Decimal | None
    tax_code: str
    tax: Decimal | None
    gross: Decimal | None
    element: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Result:
    """A price that explains itself. The lines' net, tax and gross add up to the totals'; ``exact_*`` are unrounded.

    Amounts in ``currency``; None where nobody can know that side. ``notes`` are codes (see notes.py for their words).
    """

    currency: str
    anchor: Anchor
    net: Decimal | None
    tax: Decimal | None
    gross: Decimal | None
    exact_net: Decimal | None
    exact_gross: Decimal | None
    lines: tuple[Line, ...]
    notes: tuple[str, ...]

    def amount(self, *dimensions: Dimension) -> Decimal:
        """What the dimensions cost together, on the anchor's side (gross for OCPI), rounded; 0 where it is not known."""
        side = "net" if self.anchor is Anchor.NET else "gross"
        return sum((getattr(line, side) or ZERO for line in self.lines if line.dimension in dimensions), ZERO)
