"""Tariffs for lint: one with nothing to find, and what becomes of it when something changes."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from billing.pricing import Dimension, Tariff, tariff_from_elements
from billing.pricing.lint import Finding, Setting, lint

Brief = tuple[str, str, str]  # code, place, severity


def element(restrictions: Mapping[str, Any] | None = None, **prices: Any) -> dict[str, Any]:
    """An OCPI element: element({"min_kwh": 20}, ENERGY="0.40"). A list of prices is so many components."""
    components = []
    for kind, price in prices.items():
        for one in price if isinstance(price, list) else [price]:
            components.append({"type": kind, **(one if isinstance(one, dict) else {"price": one})})
    return {"price_components": components, **({"restrictions": dict(restrictions)} if restrictions else {})}


def own(*elements: dict[str, Any], grace_s: int = 600, **fields: Any) -> Tariff:
    """A tariff of ours, with tax, in euros, with ten minutes of grace. Without elements: energy and idle time."""
    given = elements or (element(ENERGY="0.40", PARKING_TIME="6"),)
    fields = {"name": "Test", "version": 1, "currency": "EUR", "tax_included": True, **fields}
    return tariff_from_elements(elements=given, grace_s=grace_s, **fields)


def brief(findings: tuple[Finding, ...]) -> list[Brief]:
    return [(finding.code, finding.where, str(finding.severity)) for finding in findings]


def found(*elements: dict[str, Any], setting: Setting | None = None, **fields: Any) -> list[Brief]:
    """All that lint says about ``own(...)``, in brief."""
    return brief(lint(own(*elements, **fields), setting=setting or Setting()))


def of(code: str, tariff: Tariff, setting: Setting | None = None) -> Finding:
    """The one finding with that code."""
    (one,) = [finding for finding in lint(tariff, setting=setting or Setting()) if finding.code == code]
    return one


IDLE = element(PARKING_TIME="6")
ALL_DIMENSIONS = (Dimension.FLAT, Dimension.ENERGY, Dimension.TIME, Dimension.PARKING_TIME)
KW = Decimal
