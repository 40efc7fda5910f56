"""What a session costs: pure, exact, explained. See docs/pricing.md for every reading of an unclear rule."""

from billing.pricing.engine import ENGINE, price
from billing.pricing.model import (
    Anchor,
    ChargingPeriod,
    Component,
    Dimension,
    Element,
    Line,
    Result,
    Tariff,
    TariffError,
    Tax,
    Usage,
    tariff_from_elements,
)

__all__ = [
    "ENGINE",
    "Anchor",
    "ChargingPeriod",
    "Component",
    "Dimension",
    "Element",
    "Line",
    "Result",
    "Tariff",
    "TariffError",
    "Tax",
    "Usage",
    "price",
    "tariff_from_elements",
]
