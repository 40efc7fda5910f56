"""The one pricing call: a session's quantities and a tariff in, a price that explains itself out.

Rounding comes last and once. Amounts are carried as exact numerators over a common denominator (seconds of an hour
times the tax factors), so that one division per total is all that can be inexact, and a half cent is a half cent.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal, localcontext

from billing.pricing.model import Anchor, Component, Dimension, Line, Result, Tariff, Taxes, Usage
from chargebill.core.money import minor_digits, round_money, split_exactly

ENGINE = "reference-1"
EXACT = Context(prec=60)
ZERO, HUNDRED, HOUR_S = Decimal(0), Decimal(100), Decimal(3600)
DIMENSIONS = (Dimension.FLAT, Dimension.ENERGY, Dimension.TIME, Dimension.PARKING_TIME)

NOTES = {
    "all_charging": "The source gives no charging time: the whole time connected counts as charging.",
    "uniform": "The source gives totals only: charging lasted as long as the car was connected.",
    "uniform_then_parking": "The source gives totals only: charging came first, then the car stood idle.",
}


@dataclass(slots=True)
class _Part:
    """What one component adds up to, before tax is looked at. ``numerator`` / 3600 is the amount, exactly."""

    dimension: Dimension
    component: Component
    element: int
    start: datetime
    end: datetime
    quantity: Decimal

    @property
    def numerator(self) -> Decimal:
        per_hour = self.dimension in (Dimension.TIME, Dimension.PARKING_TIME)
        return self.quantity * self.component.price * (1 if per_hour else HOUR_S)


def price(usage: Usage, tariff: Tariff, *, taxes: Taxes, anchor: Anchor, benefits: Sequence[object] = ()) -> Result:
    """What ``usage`` costs under ``tariff``.

    The total's ``anchor`` side is rounded once, half away from zero, to the currency's minor unit; the other side is
    taken out of it, and the lines are split by largest remainder. ``benefits`` are a plan's, none exist yet.
    Raises ValueError when ``taxes`` lacks a dimension the tariff prices.
    """
    if benefits:
        raise ValueError("Membership benefits can't be priced yet.")
    with localcontext(EXACT):
        parts = _measure(usage, tariff)
        for part in parts:
            if part.dimension not in taxes:
                raise ValueError(f"No tax is given for {part.dimension}.")
        return _total(parts, usage, tariff, taxes, anchor)


def _measure(usage: Usage, tariff: Tariff) -> list[_Part]:
    """Quantities by component. Per dimension the first element that prices it decides."""
    chosen: dict[Dimension, tuple[int, Component]] = {}
    for index, element in enumerate(tariff.elements):
        for component in element.components:
            chosen.setdefault(component.dimension, (index, component))
    parts: dict[Dimension, _Part] = {}

    def add(dimension: Dimension, quantity: Decimal | int, start: datetime, end: datetime) -> None:
        if dimension not in chosen:
            return
        if part := parts.get(dimension):
            part.quantity += quantity
            part.end = end
        else:
            index, component = chosen[dimension]
            parts[dimension] = _Part(dimension, component, index, start, end, Decimal(quantity))

    first, last = usage.periods[0], usage.periods[-1]
    add(Dimension.FLAT, 1, first.start, last.end)
    for period in usage.periods:
        if period.energy_kwh:
            add(Dimension.ENERGY, period.energy_kwh, period.start, period.end)
        if period.charging_s:
            add(Dimension.TIME, period.charging_s, period.start, period.end)
        if period.parking_s:
            add(Dimension.PARKING_TIME, period.parking_s, period.start, period.end)
    return [parts[dimension] for dimension in DIMENSIONS if dimension in parts]


def _total(parts: list[_Part], usage: Usage, tariff: Tariff, taxes: Taxes, anchor: Anchor) -> Result:
    currency = tariff.currency
    rates = {taxes[part.dimension].rate for part in parts}
    # Both sides of every part over one denominator: 3600 * 100 * the factors (100 + rate) that taking tax out divides by.
    below = HUNDRED * HOUR_S
    if tariff.tax_included:
        for rate in rates:
            below *= HUNDRED + rate
    stated = [part.numerator * below / HOUR_S for part in parts]
    factors = [HUNDRED + taxes[part.dimension].rate for part in parts]
    if tariff.tax_included:
        gross_above = stated
        net_above = [above * HUNDRED / factor for above, factor in zip(stated, factors, strict=True)]
    else:
        net_above = stated
        gross_above = [above * factor / HUNDRED for above, factor in zip(stated, factors, strict=True)]
    exact_net, exact_gross = sum(net_above, ZERO) / below, sum(gross_above, ZERO) / below

    # Tax is taken out of, or put on, the rounded side: per rate, never by rebuilding it from the other side.
    if anchor is Anchor.GROSS:
        gross = round_money(exact_gross, currency)
        grosses = split_exactly(gross, [above / below for above in gross_above], currency)
        net = sum((round_money(g * HUNDRED / factor, currency) for factor, g in _by_rate(grosses, factors)), ZERO)
        nets = split_exactly(net, [g * HUNDRED / factor for g, factor in zip(grosses, factors, strict=True)], currency)
    else:
        net = round_money(exact_net, currency)
        nets = split_exactly(net, [above / below for above in net_above], currency)
        gross = net + sum(
            (round_money(n * (factor - HUNDRED) / HUNDRED, currency) for factor, n in _by_rate(nets, factors)), ZERO
        )
        grosses = split_exactly(gross, [n * factor / HUNDRED for n, factor in zip(nets, factors, strict=True)], currency)
    lines = tuple(
        _line(part, taxes, net_part, gross_part) for part, net_part, gross_part in zip(parts, nets, grosses, strict=True)
    )
    zero = Decimal(0).scaleb(-minor_digits(currency))
    net, gross = net + zero, gross + zero
    notes = (NOTES[usage.assumption],) if usage.assumption in NOTES else ()
    return Result(currency, anchor, net, gross - net, gross, exact_net, exact_gross, lines, notes)


def _by_rate(amounts: list[Decimal], factors: list[Decimal]) -> Iterable[tuple[Decimal, Decimal]]:
    """(factor, sum of the amounts with it): tax is computed once for each rate."""
    sums: dict[Decimal, Decimal] = {}
    for amount, factor in zip(amounts, factors, strict=True):
        sums[factor] = sums.get(factor, ZERO) + amount
    return sums.items()


UNITS = {
    Dimension.FLAT: ("session", "Start fee, once per session."),
    Dimension.ENERGY: ("kWh", "Energy, the same price at any time."),
    Dimension.TIME: ("s", "Charging time, the same price at any time."),
    Dimension.PARKING_TIME: ("s", "Time connected after charging ended."),
}


def _line(part: _Part, taxes: Taxes, net: Decimal, gross: Decimal) -> Line:
    unit, reason = UNITS[part.dimension]
    # People think in minutes, OCPI states hours.
    unit_price = part.component.price / 60 if unit == "s" else part.component.price
    tax = taxes[part.dimension]
    return Line(
        dimension=part.dimension,
        start=part.start,
        end=part.end,
        measured=part.quantity,
        billed=part.quantity,
        unit=unit,
        unit_price=unit_price,
        net=net,
        tax_rate=tax.rate,
        tax_code=tax.code,
        tax=gross - net,
        gross=gross,
        element=part.element,
        reason=reason,
    )
