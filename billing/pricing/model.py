"""What goes into a price and what comes out: frozen values without a database.

Words and units are OCPI's: energy in kWh, time in seconds, prices per kWh and per hour, in the tariff's currency.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any


class Dimension(StrEnum):
    """OCPI TariffDimensionType, in the order a bill lists them."""

    FLAT = "FLAT"
    ENERGY = "ENERGY"
    TIME = "TIME"
    PARKING_TIME = "PARKING_TIME"


class Anchor(StrEnum):
    """The side of the total that is fixed and rounded once; the other follows from it."""

    GROSS = "GROSS"
    NET = "NET"


class TariffError(ValueError):
    """A tariff can't be used. ``code`` is stable, ``where`` a place in the document, the message says what to do."""

    def __init__(self, code: str, where: str, message: str) -> None:
        super().__init__(message)
        self.code, self.where, self.message = code, where, message


@dataclass(frozen=True, slots=True)
class Component:
    """Price of one dimension: per kWh, per hour, or once (FLAT). ``step_size`` 0: billed as measured."""

    dimension: Dimension
    price: Decimal
    step_size: int = 0


@dataclass(frozen=True, slots=True)
class Element:
    components: tuple[Component, ...]


@dataclass(frozen=True, slots=True)
class Tariff:
    """``name`` and ``version`` are what an explanation shows. ``tax_included``: the prices contain tax."""

    name: str
    version: int
    currency: str
    tax_included: bool
    elements: tuple[Element, ...]


@dataclass(frozen=True, slots=True)
class Tax:
    """One tax: percent, and the code documents and books know it by."""

    rate: Decimal
    code: str


Taxes = Mapping[Dimension, Tax]


@dataclass(frozen=True, slots=True)
class ChargingPeriod:
    """Part of a session in which nothing price-relevant changes; [start, end), UTC."""

    start: datetime
    end: datetime
    energy_kwh: Decimal = Decimal(0)
    charging_s: Decimal | int = 0
    parking_s: Decimal | int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """A session's quantities in time order. ``assumption`` says what was assumed to get them, "" if they were measured."""

    periods: tuple[ChargingPeriod, ...]
    time_zone: str = ""
    assumption: str = ""

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


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill. ``measured`` and ``billed`` in ``unit`` (kWh, s, session); ``unit_price`` as the tariff states
    it, per kWh, per minute or per session.

    ``element`` is the index of the tariff element that set the price; ``reason`` says why in words.
    """

    dimension: Dimension
    start: datetime
    end: datetime
    measured: Decimal
    billed: Decimal
    unit: str
    unit_price: Decimal
    net: Decimal
    tax_rate: Decimal
    tax_code: str
    tax: Decimal
    gross: Decimal
    element: int
    reason: str


@dataclass(frozen=True, slots=True)
class Result:
    """A price. Lines add up to net, tax and gross; the anchor's side was rounded once. ``exact_*`` are unrounded."""

    currency: str
    anchor: Anchor
    net: Decimal
    tax: Decimal
    gross: Decimal
    exact_net: Decimal
    exact_gross: Decimal
    lines: tuple[Line, ...]
    notes: tuple[str, ...]

    def amount(self, dimension: Dimension) -> Decimal:
        """What the dimension costs, on the anchor's side, rounded; the four add up to the total."""
        side = "gross" if self.anchor is Anchor.GROSS else "net"
        return sum((getattr(line, side) for line in self.lines if line.dimension is dimension), Decimal(0))


def tariff_from_elements(*, name: str, version: int, currency: str, tax_included: bool, elements: list[dict[str, Any]]) -> Tariff:
    """Reads OCPI TariffElements (prices as JSON strings or Decimals, never floats). Raises TariffError."""

    def parsed() -> Iterator[Element]:
        for i, element in enumerate(elements):
            components = []
            for j, component in enumerate(element.get("price_components", [])):
                where = f"elements[{i}].price_components[{j}]"
                try:
                    dimension = Dimension(component["type"])
                    price = Decimal(str(component["price"]))
                except (KeyError, ValueError, ArithmeticError) as error:
                    raise TariffError(
                        "component_unreadable", where, "Give a type (FLAT, ENERGY, TIME, PARKING_TIME) and a price."
                    ) from error
                if not price.is_finite():
                    raise TariffError("price_not_finite", where, "Give the price as a plain number.")
                components.append(Component(dimension, price, int(component.get("step_size", 0))))
            yield Element(tuple(components))

    return Tariff(name, version, currency, tax_included, tuple(parsed()))
