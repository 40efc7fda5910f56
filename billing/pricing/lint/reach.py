"""Elements that can't apply, or whose prices never count because others come first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from billing.pricing.lint.findings import Finding, Setting, finding
from billing.pricing.lint.space import EVERY_DAY, KWH, SECONDS, Box, Space, meet, weekdays, window
from billing.pricing.lint.words import (
    NAMES,
    clock,
    component_at,
    day_names,
    element_at,
    elements_named,
    joined,
    plain,
    restriction_at,
    sentence,
    where_it_applies,
)
from billing.pricing.model import Dimension, Element, Restrictions, Tariff

# AC charging ends at 43 kW.
LEAST_DC_KW = Decimal(50)
# No battery on the road takes so much in one session; a bound beyond it is a wrong unit.
LARGEST_BATTERY_KWH = Decimal(2000)
RESERVABLE = (Dimension.FLAT, Dimension.TIME)
_BOUNDS = (
    ("min_kwh", "max_kwh", "min_kwh", "max_kwh", "kWh"),
    ("min_duration", "max_duration", "min_duration_s", "max_duration_s", "s"),
    ("min_power", "max_power", "min_power_kw", "max_power_kw", "kW"),
    ("min_current", "max_current", "min_current_a", "max_current_a", "A"),
)


@dataclass(frozen=True)
class Layout:
    """A tariff's elements laid out as boxes. Three kinds never meet: for sessions, reservations, and lapsed ones."""

    tariff: Tariff
    setting: Setting

    @cached_property
    def space(self) -> Space:
        return Space([element.restrictions for element in self.tariff.elements], self.setting.rated_kw[1])

    @cached_property
    def boxes(self) -> list[Box]:
        return [self.space.box(element.restrictions) for element in self.tariff.elements]

    def prices(self, index: int) -> set[Dimension]:
        """What an element can price at all."""
        element = self.tariff.elements[index]
        found = {component.dimension for component in element.components}
        return found & set(RESERVABLE) if element.restrictions.reservation else found

    def pricing(self, dimension: Dimension, kind: str = "", *, before: int | None = None) -> list[int]:
        """The elements of a kind that price ``dimension``, in order, those that can't apply left out."""
        elements = self.tariff.elements[:before]
        return [
            i
            for i, element in enumerate(elements)
            if element.restrictions.reservation == kind and dimension in self.prices(i) and not self.space.is_empty(self.boxes[i])
        ]


def contradictions(index: int, of: Restrictions, setting: Setting) -> Iterator[Finding]:
    """Restrictions that exclude each other, seen in one element alone."""
    found = False
    for low_key, high_key, low_name, high_name, unit in _BOUNDS:
        low, high = getattr(of, low_name), getattr(of, high_name)
        if high is not None and high <= 0:
            yield _never(index, high_key, f"it asks for less than {plain(high)} {unit}")
            found = True
        elif low is not None and high is not None and low >= high:
            yield _never(index, low_key, f"{plain(low)} {unit} is not below the upper bound of {plain(high)} {unit}")
            found = True
    if of.start_date and of.end_date and of.start_date >= of.end_date:
        yield finding(
            "dates_contradict",
            restriction_at(index, "end_date"),
            f"Element {index + 1} never applies: it ends before {of.end_date}, which is not after its start on {of.start_date}.",
            "The end date is the first day it no longer applies: set it at least one day after the start, or remove one.",
        )
        found = True
    elif of.days is not None and not weekdays(of.start_date, of.end_date) & sum(1 << day for day in of.days):
        yield finding(
            "never_applies",
            restriction_at(index, "day_of_week"),
            f"Element {index + 1} never applies: none of its weekdays lies between its dates.",
            "Correct the weekdays or the dates, or remove the element.",
        )
        found = True
    if not found:
        yield from _out_of_reach(index, of, setting)


def _never(index: int, key: str, why: str) -> Finding:
    return finding(
        "bounds_contradict",
        restriction_at(index, key),
        f"Element {index + 1} never applies: {why}.",
        "Lower bounds belong to it, upper ones don't: make the upper one larger, or remove one of them.",
    )


def _out_of_reach(index: int, of: Restrictions, setting: Setting) -> Iterator[Finding]:
    least, most = setting.rated_kw
    if of.min_kwh and (why := _too_much_energy(of, most)):
        yield finding(
            "min_kwh_unreachable",
            restriction_at(index, "min_kwh"),
            f"Element {index + 1} will not apply: {why}.",
            "Lower the bound, or remove the element.",
        )
    beyond = most is not None and of.min_power_kw is not None
    if beyond and (of.min_power_kw > most or (of.min_power_kw == most and least != most)):  # type: ignore[operator]
        yield finding(
            "min_power_unreachable",
            restriction_at(index, "min_power"),
            f"Element {index + 1} will not apply: it asks for {plain(of.min_power_kw or 0)} kW, "
            f"and the connectors give at most {plain(most or 0)} kW.",
            "Lower the bound, or remove the element.",
        )


def _too_much_energy(of: Restrictions, most_kw: Decimal | None) -> str:
    assert of.min_kwh is not None
    if of.reservation:
        return "no energy flows while an EVSE is only reserved"
    if of.min_kwh >= LARGEST_BATTERY_KWH:
        return f"no vehicle takes {plain(of.min_kwh)} kWh in one session"
    if most_kw is not None and of.max_duration_s is not None and of.min_kwh * 3600 >= most_kw * of.max_duration_s:
        return f"{plain(of.min_kwh)} kWh take longer than its maximum duration at {plain(most_kw)} kW"
    return ""


def past(index: int, of: Restrictions, day: date | None) -> Iterator[Finding]:
    if day and of.end_date and of.end_date <= day and (of.start_date is None or of.start_date < of.end_date):
        yield finding(
            "dates_past",
            restriction_at(index, "end_date"),
            f"Element {index + 1} no longer applies: it ended before {of.end_date}.",
            "Remove the element, or give it new dates.",
        )


def hidden(layout: Layout) -> Iterator[Finding]:
    """Prices that never count, and parts of prices that earlier elements take. Raises TooComplex."""
    space, boxes = layout.space, layout.boxes
    for index, element in enumerate(layout.tariff.elements):
        box, kind = boxes[index], element.restrictions.reservation
        if space.is_empty(box):
            continue
        gone: dict[Dimension, list[int]] = {}
        taken: dict[int, list[Dimension]] = {}
        for dimension in sorted(layout.prices(index)):
            earlier = layout.pricing(dimension, kind, before=index)
            if earlier and space.left(box, [boxes[i] for i in earlier]) is None:
                gone[dimension] = _needed(space, box, boxes, earlier)
            elif dimension is not Dimension.FLAT:
                for n, i in enumerate(earlier):
                    if _overlaps(space, boxes, i, index, earlier[:n]):
                        taken.setdefault(i, []).append(dimension)
        yield from _hidden(layout, index, gone)
        for i, dimensions in taken.items():
            yield finding(
                "overlap",
                element_at(index),
                f"Elements {i + 1} and {index + 1} both price {joined([NAMES[d] for d in dimensions])} at "
                f"{where_it_applies(space, meet(boxes[i], box))}. There element {i + 1} counts, as it comes first.",
                "If the other one should count there, move it up or narrow the restrictions.",
            )


def _needed(space: Space, box: Box, boxes: Sequence[Box], earlier: list[int]) -> list[int]:
    """The elements that hide ``box``: one alone if one does."""
    for i in earlier:
        if space.left(box, [boxes[i]]) is None:
            return [i]
    return [i for i in earlier if not space.is_empty(meet(box, boxes[i]))]


def _overlaps(space: Space, boxes: Sequence[Box], one: int, other: int, before: list[int]) -> bool:
    """They share some place that nothing before takes, and the earlier one is no special case of the later."""
    return space.left(boxes[one], [boxes[other]]) is not None and (
        space.left(meet(boxes[one], boxes[other]), [boxes[i] for i in before]) is not None
    )


def _hidden(layout: Layout, index: int, gone: dict[Dimension, list[int]]) -> Iterator[Finding]:
    if not gone:
        return
    if set(gone) == layout.prices(index):
        takers = sorted({i for those in gone.values() for i in those})
        covers = "cover" if len(takers) > 1 else "covers"
        yield finding(
            "element_unreachable",
            element_at(index),
            f"Element {index + 1} never counts: {elements_named(takers)} before it {covers} all that it is for.",
            "Move it above them, narrow them, or remove it.",
        )
        return
    for dimension, those in gone.items():
        components = layout.tariff.elements[index].components
        place = next(n for n, component in enumerate(components) if component.dimension is dimension)
        yield finding(
            "price_unreachable",
            component_at(index, place),
            f"Its price for {NAMES[dimension]} never counts: before it, {elements_named(those)} already set one for all of it.",
            "Move the element up, narrow the ones before it, or remove the price.",
        )


def flats(layout: Layout) -> Iterator[Finding]:
    """Several start fees: a session pays the first that becomes active. Raises TooComplex."""
    fees = layout.pricing(Dimension.FLAT)
    if len(fees) < 2:
        return
    yield finding(
        "flat_several",
        element_at(fees[1]),
        f"{sentence(elements_named(fees))} have a start fee. A session pays one: the first that applies to it.",
        "Leave it so if the fee differs by time of day or the like; else keep one.",
    )
    space, boxes = layout.space, layout.boxes
    start = [*space.all]
    start[KWH] = start[SECONDS] = 1
    # Whenever a session starts, one of the fees is due at once: those that begin later come too late for any session.
    if space.left(tuple(start), [boxes[i] for i in fees]) is None:
        for i in fees:
            if space.is_empty(meet(tuple(start), boxes[i])):
                yield finding(
                    "flat_too_late",
                    element_at(i),
                    f"The start fee of element {i + 1} is never charged: another one is always due at the start of the session.",
                    "Remove one of the two fees.",
                )


def elements_alone(index: int, element: Element, setting: Setting) -> Iterator[Finding]:
    """What an element says that is rarely meant."""
    of = element.restrictions
    yield from contradictions(index, of, setting)
    yield from past(index, of, setting.day)
    seen: set[Dimension] = set()
    for n, component in enumerate(element.components):
        if component.dimension in seen:
            yield finding(
                "component_twice",
                component_at(index, n),
                f"Element {index + 1} has a second price for {NAMES[component.dimension]}; only the first counts.",
                "Remove one of them, or put it into an element of its own with its own restrictions.",
            )
        seen.add(component.dimension)
        if of.reservation and component.dimension not in RESERVABLE:
            yield finding(
                "reservation_price",
                component_at(index, n),
                f"Element {index + 1} is for reservations, so its price for {NAMES[component.dimension]} is never used.",
                "Put it into an element without the reservation restriction; reservations have a fee and a price for time.",
            )
    yield from _overnight(index, of)
    for key, bound in (("min_current", of.min_current_a), ("max_current", of.max_current_a)):
        if bound is not None and _is_dc(setting):
            yield finding(
                "current_on_dc",
                restriction_at(index, key),
                f"Element {index + 1} is restricted by current, but the connectors are DC: there the current follows the "
                "vehicle's battery voltage, so two cars at the same power may pay different prices.",
                "Restrict by power instead.",
            )


def _is_dc(setting: Setting) -> bool:
    return setting.all_from(LEAST_DC_KW) if setting.dc is None else setting.dc


def _overnight(index: int, of: Restrictions) -> Iterator[Finding]:
    """Weekdays with a window past midnight: the weekday is that of the moment, not of the window's start."""
    pair = window(of)
    if pair is None or pair[0] < pair[1] or of.days is None or len(of.days) in (0, 7):
        return
    start, end = clock(pair[0]), clock(pair[1])
    mask = sum(1 << day for day in of.days)
    after = (mask << 1 | mask >> 6) & EVERY_DAY
    lost, gained = after & ~mask, mask & ~after
    yield finding(
        "weekday_overnight",
        restriction_at(index, "day_of_week"),
        f"Element {index + 1} runs past midnight ({start}–{end}) on some weekdays only. The weekday is that of each moment: "
        f"it applies {day_names(gained)} 00:00–{end}, and not {day_names(lost)} 00:00–{end}.",
        f"If the night as a whole is meant, make two elements: until midnight on these days, and 00:00–{end} on the days after.",
    )
