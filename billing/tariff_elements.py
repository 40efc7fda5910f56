"""OCPI tariff elements in the one form they are stored in: exact, comparable, without what says nothing. Pure.

Prices and quantities are texts ("0.5988"), steps and durations whole numbers, words upper case, times "HH:MM". A value
that is missing, null or empty is left out. Reading them as a tariff (billing.pricing) is the check; this only writes.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from billing.pricing.documents import as_number

Elements = list[dict[str, Any]]

COMPONENT_MEMBERS = ("type", "price", "step_size", "vat")
ELEMENT_MEMBERS = ("price_components", "restrictions")
NUMBERS = ("min_kwh", "max_kwh", "min_current", "max_current", "min_power", "max_power")
SECONDS = ("min_duration", "max_duration")


def plain(number: Decimal) -> str:
    """A number as it is stored and shown: every digit it has, none more, no exponent."""
    return f"{number.normalize() + 0:f}"


def stored(elements: Sequence[dict[str, Any]]) -> Elements:
    """Elements that were read without an error, as they are stored."""
    return [_element(element) for element in elements]


def _element(element: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"price_components": [_component(c) for c in element["price_components"]]}
    if restrictions := _restrictions(element.get("restrictions") or {}):
        found["restrictions"] = restrictions
    return found


def _component(component: dict[str, Any]) -> dict[str, Any]:
    step = _number(component.get("step_size")) or Decimal(0)
    found = {"type": component["type"].upper(), "price": plain(_exact(component["price"])), "step_size": int(step)}
    if (vat := _number(component.get("vat"))) is not None:
        found["vat"] = plain(vat)
    return found


def _restrictions(restrictions: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in restrictions.items():
        if value in (None, "", []):
            continue
        if key in NUMBERS:
            found[key] = plain(_exact(value))
        elif key in SECONDS:
            found[key] = int(_exact(value))
        elif key == "day_of_week":
            found[key] = [day.upper() for day in value]
        else:
            found[key] = value.upper() if key == "reservation" else value
    return found


def _number(value: Any) -> Decimal | None:
    return None if value is None else as_number(value)


def _exact(value: Any) -> Decimal:
    number = as_number(value)
    assert number is not None, value
    return number


def unknown_members(elements: Sequence[dict[str, Any]]) -> list[str]:
    """Names of members that storing leaves out, each once, as they come."""
    found: dict[str, None] = {}
    for element in elements:
        found |= dict.fromkeys(name for name in element if name not in ELEMENT_MEMBERS)
        for component in element["price_components"]:
            found |= dict.fromkeys(name for name in component if name not in COMPONENT_MEMBERS)
    return list(found)


def one_price(
    *,
    start_fee: Decimal | None = None,
    energy_per_kwh: Decimal | None = None,
    charging_per_minute: Decimal | None = None,
    idle_per_minute: Decimal | None = None,
) -> Elements:
    """Up to four prices that hold always, as one element; minute prices are stored per hour, exactly. None and 0: free."""
    prices = {
        "FLAT": start_fee,
        "ENERGY": energy_per_kwh,
        "TIME": None if charging_per_minute is None else charging_per_minute * 60,
        "PARKING_TIME": None if idle_per_minute is None else idle_per_minute * 60,
    }
    components = [{"type": kind, "price": plain(price), "step_size": 0} for kind, price in prices.items() if price]
    return [{"price_components": components}] if components else []
