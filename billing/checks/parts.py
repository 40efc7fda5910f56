"""The parts of a price: what each is made of, and a tariff or a session without some of it."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from billing.checks.model import Part
from billing.pricing import Dimension, Element, Result, Tariff, Usage

ZERO = Decimal(0)
# The dimensions of a price that a waived part takes away.
DIMENSIONS: dict[Part, Dimension] = {
    Part.FLAT: Dimension.FLAT,
    Part.ENERGY: Dimension.ENERGY,
    Part.TIME: Dimension.TIME,
    Part.PARKING_TIME: Dimension.PARKING_TIME,
}
# What the stored amount of a part adds up.
MADE_OF: dict[Part, tuple[Dimension, ...]] = {
    **{part: (dimension,) for part, dimension in DIMENSIONS.items()},
    Part.PARKING_TIME: (Dimension.PARKING_TIME, Dimension.PARKING_CAP),
    Part.RESERVATION: (Dimension.RESERVATION_FLAT, Dimension.RESERVATION_TIME),
}


def without(tariff: Tariff, waived: Iterable[Part]) -> Tariff:
    """A tariff that asks nothing for these parts. Its minimum goes too: it would charge what was just taken off."""
    parts = set(waived)
    if not parts:
        return tariff
    dimensions = {DIMENSIONS[part] for part in parts if part in DIMENSIONS}
    elements = []
    for element in tariff.elements:
        if element.restrictions.reservation:
            if Part.RESERVATION not in parts:
                elements.append(element)
            continue
        kept = tuple(component for component in element.components if component.dimension not in dimensions)
        if kept:
            elements.append(Element(kept, element.restrictions))
    return replace(tariff, elements=tuple(elements), min_price=None)


def with_energy(usage: Usage, energy_kwh: Decimal) -> Usage:
    """The same session with another energy, spread over it as before; the last part takes what rounding leaves."""
    before = sum((period.energy_kwh for period in usage.periods), ZERO)
    charged = [n for n, period in enumerate(usage.periods) if period.energy_kwh]
    if not before or not charged:
        return usage
    periods, left = list(usage.periods), energy_kwh
    for n in charged:
        share = left if n == charged[-1] else periods[n].energy_kwh * energy_kwh / before
        periods[n] = replace(periods[n], energy_kwh=share)
        left -= share
    return usage.with_periods(tuple(periods))


def cost_of(result: Result, part: Part) -> Decimal:
    """What a part costs in a result, on its anchor's side, rounded."""
    return result.amount(*MADE_OF[part])
