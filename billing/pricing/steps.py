"""Rounds up to step sizes: once per session and dimension, on the sum, by the last component used (docs/pricing.md, Steps)."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from billing.pricing.model import Dimension
from billing.pricing.selection import Entry

_ONE = Decimal(1)
_WH_PER_KWH = 1000


def round_up(entries: Iterable[Entry]) -> None:
    """Adds to the last entry of each rounded dimension what its step lacks; for each tariff of the session on its own.

    Charging and idle time are rounded once together: idle time where any was billed, else charging time. Reserved time
    has a rounding of its own. What is not priced is not among the entries and counts for nothing.
    """
    by_tariff: dict[int, dict[Dimension, list[Entry]]] = {}
    for entry in entries:
        by_tariff.setdefault(id(entry.rate.tariff), {}).setdefault(entry.rate.dimension, []).append(entry)
    for used in by_tariff.values():
        if energy := used.get(Dimension.ENERGY):
            _energy(energy)
        if reserved := used.get(Dimension.RESERVATION_TIME):
            _time(reserved)
        parking = used.get(Dimension.PARKING_TIME)
        if parking and any(entry.quantity for entry in parking):
            _time(parking)
        elif charging := used.get(Dimension.TIME):
            _time(charging)


def _energy(entries: list[Entry]) -> None:
    last = entries[-1]
    if step := last.rate.component.step_size:
        watt_hours = Decimal(sum(entry.quantity for entry in entries)) * _WH_PER_KWH
        if surplus := -watt_hours % step:
            last.quantity = last.quantity + (surplus + step if surplus < 0 else surplus) / _WH_PER_KWH


def _time(entries: list[Entry]) -> None:
    """Hours of four decimals are too coarse to be rounded up, so each period counts in whole seconds."""
    last = entries[-1]
    step = last.rate.component.step_size
    if not step:
        return
    total = 0
    for entry in entries:
        if type(entry.quantity) is not int:
            entry.quantity = int(Decimal(entry.quantity).quantize(_ONE, ROUND_HALF_UP))
        total += entry.quantity
    last.quantity += -total % step
