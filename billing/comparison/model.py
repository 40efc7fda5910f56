"""What is compared and what comes out: two amounts of one session, and a cause.

All amounts include tax and are in one currency; its minor unit is given to the calls.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

ZERO = Decimal(0)


class Code(StrEnum):
    """Why their amount differs from our price, in the order the causes are tried."""

    EQUAL = "equal"
    ROUNDING = "rounding"
    FREE_THEIRS = "free_theirs"
    FREE_OURS = "free_ours"
    WITHOUT_TAX = "without_tax"
    TAX_TWICE = "tax_twice"
    NO_START_FEE = "no_start_fee"
    NO_IDLE = "no_idle"
    NO_CHARGING_TIME = "no_charging_time"
    NO_RESERVATION = "no_reservation"
    NO_MINIMUM = "no_minimum"
    NO_MAXIMUM = "no_maximum"
    ENERGY_ONLY = "energy_only"
    # These have a value, found in many sessions.
    START_FEE = "start_fee"
    ENERGY_PRICE = "energy_price"
    CHARGING_PRICE = "charging_price"
    IDLE_PRICE = "idle_price"
    ENERGY_ONLY_PRICE = "energy_only_price"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    STEPS = "steps"
    # What is left.
    SPANS_PRICE_CHANGE = "spans_price_change"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class Parts:
    """Our price by what it is for. They add up to it; ``limit`` is what a minimum adds or a maximum takes off."""

    start_fee: Decimal = ZERO
    energy: Decimal = ZERO
    charging: Decimal = ZERO
    idle: Decimal = ZERO
    reservation: Decimal = ZERO
    limit: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Pair:
    """One session's two amounts. ``net`` is ours without tax; ``parts`` None: not known.

    ``spans_price_change``: our price of it rests on an assumption about when the energy flowed.
    """

    ours: Decimal
    theirs: Decimal
    net: Decimal
    energy_kwh: Decimal
    charging_s: int
    idle_s: int
    parts: Parts | None = None
    spans_price_change: bool = False

    @property
    def difference(self) -> Decimal:
        """Ours less theirs: above 0, we would have charged more."""
        return self.ours - self.theirs


@dataclass(frozen=True, slots=True)
class Step:
    """A grid amounts may lie on: its ``amount``, exact, and what one step is: so many ``minutes``, kWh or neither."""

    amount: Decimal
    minutes: int = 0
    kwh: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Habit:
    """What the other system does in many sessions.

    ``value``: the fee, minimum, maximum, grid, or price per kWh or per minute; 0 for causes that have none.
    """

    code: Code
    value: Decimal = ZERO
    step: Step | None = None


@dataclass(frozen=True, slots=True)
class Cause:
    """Why two amounts differ, with the figure that explains it where there is one."""

    code: Code
    value: Decimal = ZERO
    step: Step | None = None
