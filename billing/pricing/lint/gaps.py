"""What is free: quantities no element prices, never or at some times only."""

from collections.abc import Iterator
from datetime import date

from billing.pricing.lint.findings import Finding, Severity, finding
from billing.pricing.lint.reach import Layout
from billing.pricing.lint.space import (
    CURRENT_HIGH,
    CURRENT_LOW,
    DATE,
    DAY,
    KWH,
    MINUTE,
    POWER_HIGH,
    POWER_LOW,
    SECONDS,
    Axis,
    cells,
)
from billing.pricing.lint.words import NAMES, amounts, dates, element_at, sentence, week, where_it_applies
from billing.pricing.model import ZERO, Dimension, Tariff

METERED = (Dimension.ENERGY, Dimension.TIME, Dimension.PARKING_TIME)
_ADD_LAST = "If that is not meant, add an element without restrictions at the end that prices it, if need be at 0."


def never_priced(tariff: Tariff) -> Iterator[Finding]:
    """Dimensions without a price above 0 in sessions."""
    priced = {
        component.dimension
        for element in tariff.elements
        if not element.restrictions.reservation
        for component in element.components
        if component.price > ZERO
    }
    if not priced:
        yield finding(
            "everything_free",
            "",
            "A session costs nothing, whatever is used.",
            "Leave it so for a free tariff; else add a price.",
        )
        return
    if Dimension.ENERGY not in priced:
        by = [NAMES[d] for d in (Dimension.FLAT, Dimension.TIME) if d in priced]
        yield finding(
            "energy_free",
            "",
            f"Energy has no price: a session pays {' and '.join(by)} only."
            if by
            else "Charging is free: only idle time has a price.",
            "Leave it so if that is the offer; else add a price per kWh.",
            Severity.INFO if by else Severity.WARNING,
        )
    if Dimension.PARKING_TIME not in priced:
        by_time = Dimension.TIME in priced
        yield finding(
            "idle_free",
            "",
            "Charging time has a price and idle time has none: once full, a car may stay for nothing."
            if by_time
            else "Idle time has no price: a car may stay connected for nothing once it is full.",
            "Add a price for idle time, if need be the one of charging time."
            if by_time
            else "Leave it so if places are plenty; else add a price for idle time.",
            Severity.WARNING if by_time else Severity.INFO,
        )


def sometimes_priced(layout: Layout, day: date | None) -> Iterator[Finding]:
    """Dimensions priced at some times or amounts and not at others. Raises TooComplex."""
    for dimension in (Dimension.FLAT, *METERED):
        pricing = layout.pricing(dimension)
        if not pricing:
            continue
        found = [*_date_gaps(layout, dimension, pricing, day), *_week_gaps(layout, dimension, pricing, day)]
        if dimension is Dimension.ENERGY:
            found += _range_gaps(layout, dimension, pricing, KWH)
        elif dimension is not Dimension.FLAT:
            found += _range_gaps(layout, dimension, pricing, SECONDS)
        found += _unmeasured(layout, dimension, pricing)
        yield from found or _any_hole(layout, dimension, pricing)


def _other_price(layout: Layout, dimension: Dimension) -> bool:
    """Something else is paid for in a session, so a gap here need not be a mistake."""
    others = {Dimension.ENERGY, Dimension.TIME} - {dimension}
    return dimension in (Dimension.FLAT, Dimension.PARKING_TIME) or any(layout.pricing(other) for other in others)


def _date_gaps(layout: Layout, dimension: Dimension, pricing: list[int], day: date | None) -> Iterator[Finding]:
    axis = layout.space.dates
    covered = 0
    for i in pricing:
        covered |= layout.boxes[i][DATE]
    gap = axis.all & ~covered & ~_gone_by(axis, day)
    if gap:
        yield finding(
            "date_gap",
            element_at(pricing[0]),
            f"{sentence(NAMES[dimension])} has no price {dates(axis.spans(gap))}.",
            _ADD_LAST,
        )


def _gone_by(axis: Axis, day: date | None) -> int:
    """The cells of dates that lie before ``day``."""
    return sum(1 << cell for cell in cells(axis.all) if day and (end := axis.span(cell)[1]) and end <= day)


def _week_gaps(layout: Layout, dimension: Dimension, pricing: list[int], day: date | None) -> Iterator[Finding]:
    """The times of the week that no element prices, for each stretch of dates in which the week looks the same."""
    space = layout.space
    stretches: dict[tuple[int, ...], int] = {}
    for cell in cells(space.dates.all & ~_gone_by(space.dates, day)):
        there = [layout.boxes[i] for i in pricing if layout.boxes[i][DATE] >> cell & 1]
        minutes = [0] * 7
        for box in there:
            for weekday in cells(box[DAY]):
                minutes[weekday] |= box[MINUTE]
        exists = space.weekdays[cell]
        gap = tuple(space.minutes.all & ~minutes[weekday] if exists >> weekday & 1 else 0 for weekday in range(7))
        if there and any(gap):
            stretches[gap] = stretches.get(gap, 0) | 1 << cell
    for gap, when in stretches.items():
        during = "" if when == space.dates.all else f" ({dates(space.dates.spans(when))})"
        yield finding(
            "week_gap",
            element_at(pricing[0]),
            f"{sentence(NAMES[dimension])} has no price at these times: {week(space, gap)}{during}.",
            _ADD_LAST,
            Severity.INFO if _other_price(layout, dimension) else Severity.WARNING,
        )


def _range_gaps(layout: Layout, dimension: Dimension, pricing: list[int], axis_number: int) -> Iterator[Finding]:
    """Amounts of energy, or stretches of a session, that no element prices: at first, in between, at last."""
    axis, unit = (layout.space.kwh, "kWh") if axis_number == KWH else (layout.space.seconds, "s")
    covered = 0
    for i in pricing:
        covered |= layout.boxes[i][axis_number]
    name, where = sentence(NAMES[dimension]), element_at(pricing[0])
    lowest = (covered & -covered).bit_length() - 1
    highest = covered.bit_length()
    first, last = (1 << lowest) - 1, axis.all >> highest << highest
    of_session = "energy so far" if unit == "kWh" else "time since start"
    if between := axis.all & ~covered & ~first & ~last:
        yield finding(
            "range_gap",
            where,
            f"{name} has no price in between, {of_session} {amounts(axis.spans(between), unit)}.",
            "Let one element end where the next begins; lower bounds belong to an element, upper ones don't.",
        )
    if first:
        yield finding(
            "range_start_free",
            where,
            f"{name} is free at first, {of_session} {amounts(axis.spans(first), unit)}.",
            "Leave it so if that is the offer; else remove the lower bound.",
        )
    if last:
        yield finding(
            "range_end_free",
            where,
            f"{name} is free at last, {of_session} {amounts(axis.spans(last), unit)}.",
            "If that is not meant, remove the upper bound of the last element, or add one that goes on from there.",
            Severity.WARNING if dimension is Dimension.ENERGY else Severity.INFO,
        )


def _unmeasured(layout: Layout, dimension: Dimension, pricing: list[int]) -> Iterator[Finding]:
    boxes = [layout.boxes[i] for i in pricing]
    for low, high, what in ((POWER_LOW, POWER_HIGH, "power"), (CURRENT_LOW, CURRENT_HIGH, "current")):
        if not any(box[low] & box[high] & 1 for box in boxes):
            yield finding(
                "measurement_needed",
                element_at(pricing[0]),
                f"{sentence(NAMES[dimension])} has a price only where {what} is measured: a session without such a reading "
                "pays nothing for it.",
                f"Add an element without a restriction on {what} at the end.",
            )


def _any_hole(layout: Layout, dimension: Dimension, pricing: list[int]) -> Iterator[Finding]:
    """Each time and each amount has its price, but not every combination."""
    space = layout.space
    hole = space.left(space.all, [layout.boxes[i] for i in pricing])
    if hole is not None:
        yield finding(
            "sometimes_free",
            element_at(pricing[0]),
            f"{sentence(NAMES[dimension])} has no price in some cases, such as {where_it_applies(space, hole)}.",
            _ADD_LAST,
            Severity.INFO if _other_price(layout, dimension) else Severity.WARNING,
        )
