"""A tariff as one moment sees it, and as somebody who pays with tax does: what a price shown at the pole is made of."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal, localcontext
from zoneinfo import ZoneInfo

from billing.pricing.clock import moments
from billing.pricing.model import (
    ALWAYS,
    COMPONENT_DIMENSIONS,
    ZERO,
    Component,
    Dimension,
    Element,
    Limit,
    Restrictions,
    Tariff,
    Taxes,
)

_DAY_MINUTES = 24 * 60


def at_local(tariff: Tariff, local: datetime) -> Tariff:
    """The tariff without the conditions on the clock and the calendar, as they stand at ``local`` (the place's time).

    What the tariff charges for at other times only is free in it, so that it can be said.
    """
    elements = [
        replace(element, restrictions=_without_clock(element.restrictions))
        for element in tariff.elements
        if element.restrictions.hold_at(local)
    ]
    gone = _priced(tariff.elements) - _priced(elements)
    if gone:
        free = tuple(Component(dimension, ZERO) for dimension in COMPONENT_DIMENSIONS if dimension in gone)
        elements.append(Element(free, ALWAYS))
    return replace(tariff, elements=tuple(elements))


def _priced(elements: Sequence[Element]) -> set[Dimension]:
    return {found.dimension for element in elements if not element.restrictions.reservation for found in element.components}


def _without_clock(restrictions: Restrictions) -> Restrictions:
    return replace(restrictions, start_minute=None, end_minute=None, start_date=None, end_date=None, days=None)


def possible_changes(tariffs: Sequence[Tariff], *, start: datetime, end: datetime, zone: ZoneInfo) -> list[datetime]:
    """Every moment in (start, end) at which a condition on the clock or the calendar may turn: more than do, none missing.

    Moments are UTC. Midnights are always among them.
    """
    minutes = {0}
    for tariff in tariffs:
        for element in tariff.elements:
            bounds = (element.restrictions.start_minute, element.restrictions.end_minute)
            minutes |= {bound % _DAY_MINUTES for bound in bounds if bound is not None}
    return sorted(at for at in set(moments(minutes, start, end, zone)) if start < at < end)


def including_tax(tariff: Tariff, taxes: Taxes) -> Tariff | None:
    """The same tariff with prices that include tax, each naming its rate; None where a tax it would need is not known.

    Exact: no price is rounded. Prices that include tax already stay what they are, also where their rate is not known.
    A limit on the total without tax stays one where the taxes differ: nobody can say it with tax.
    """
    known = {dimension: taxes[dimension].rate for dimension in tariff.priced if dimension in taxes}
    if not tariff.tax_included and len(known) < len(tariff.priced):
        return None
    with localcontext() as context:
        context.prec = 60

        def gross(price: Decimal, rate: Decimal | None) -> Decimal:
            return price if tariff.tax_included or rate is None else price * (100 + rate) / 100

        def limit(of: Limit | None) -> Limit | None:
            if of is None or of.gross is not None or of.net is None or len(set(known.values())) != 1:
                return of
            return Limit(gross=of.net * (100 + next(iter(known.values()))) / 100)

        def component(element: Element, of: Component) -> Component:
            dimension = element.dimension_of(of)
            rate = known.get(dimension) if dimension is not None else None
            return replace(of, price=gross(of.price, rate), vat=rate)

        cap = tariff.parking_cap
        return replace(
            tariff,
            tax_included=True,
            elements=tuple(
                replace(element, components=tuple(component(element, found) for found in element.components))
                for element in tariff.elements
            ),
            min_price=limit(tariff.min_price),
            max_price=limit(tariff.max_price),
            parking_cap=None if cap is None else gross(cap, known.get(Dimension.PARKING_TIME)),
        )
