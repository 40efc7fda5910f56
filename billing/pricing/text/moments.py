"""A tariff as one moment sees it, and as somebody who pays with tax does: what a price shown at the pole is made of."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, localcontext
from zoneinfo import ZoneInfo

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
_RESERVED = {Dimension.FLAT: Dimension.RESERVATION_FLAT, Dimension.TIME: Dimension.RESERVATION_TIME}


def at_local(tariff: Tariff, local: datetime) -> Tariff:
    """The tariff without the conditions on the clock and the calendar, as they stand at ``local`` (the place's time).

    What the tariff charges for at other times only is free in it, so that it can be said.
    """
    elements = [
        replace(element, restrictions=_without_clock(element.restrictions))
        for element in tariff.elements
        if _clock_holds(element.restrictions, local)
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


def _clock_holds(r: Restrictions, local: datetime) -> bool:
    minute, start, end = local.hour * 60 + local.minute, r.start_minute or 0, r.end_minute or _DAY_MINUTES
    if start < end:
        inside = start <= minute < end
    else:
        inside = start == end or minute >= start or minute < end
    return (
        inside
        and (r.days is None or local.weekday() in r.days)
        and (r.start_date is None or local.date() >= r.start_date)
        and (r.end_date is None or local.date() < r.end_date)
    )


def possible_changes(tariffs: Sequence[Tariff], *, start: datetime, end: datetime, zone: ZoneInfo) -> list[datetime]:
    """Every moment in (start, end) at which a condition on the clock or the calendar may turn: more than do, none missing.

    Moments are UTC. Midnights are always among them.
    """
    minutes = {0}
    for tariff in tariffs:
        for element in tariff.elements:
            bounds = (element.restrictions.start_minute, element.restrictions.end_minute)
            minutes |= {bound % _DAY_MINUTES for bound in bounds if bound is not None}
    return sorted(at for at in set(_moments(minutes, start, end, zone)) if start < at < end)


def _moments(minutes: set[int], start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    day, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    while day <= last:
        for minute in minutes:
            naive = datetime.combine(day, time(minute // 60, minute % 60), zone)
            # An hour that comes twice has both; one that is skipped has neither, the jump below stands for it.
            yield naive.astimezone(UTC)
            yield naive.replace(fold=1).astimezone(UTC)
        yield from _jump(day, zone)
        day += timedelta(days=1)


def _jump(day: date, zone: ZoneInfo) -> Iterator[datetime]:
    """The minute of the day at which the clocks are changed, if they are."""
    low = datetime.combine(day, time(), zone).astimezone(UTC)
    high = datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
    before = low.astimezone(zone).utcoffset()
    if before == high.astimezone(zone).utcoffset():
        return
    while high - low > timedelta(minutes=1):
        middle = low + timedelta(minutes=(high - low) // timedelta(minutes=2))
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    yield high


def including_tax(tariff: Tariff, taxes: Taxes) -> Tariff | None:
    """The same tariff with prices that include tax, each naming its rate; None where a tax it would need is not known.

    Exact: no price is rounded. Prices that include tax already stay what they are, also where their rate is not known.
    A limit on the total without tax stays one where the taxes differ: nobody can say it with tax.
    """
    rates = {_dimension(element, component) for element in tariff.elements for component in element.components} - {None}
    known = {dimension: taxes[dimension].rate for dimension in rates if dimension is not None and dimension in taxes}
    if not tariff.tax_included and len(known) < len(rates):
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
            dimension = _dimension(element, of)
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


def _dimension(element: Element, component: Component) -> Dimension | None:
    """What the component is a price of; None: inside a reservation element neither energy nor idle time has one."""
    return _RESERVED.get(component.dimension) if element.restrictions.reservation else component.dimension
