"""The first cause that explains a difference to the minor unit."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from billing.comparison.model import ZERO, Cause, Code, Habit, Pair, Parts

SECONDS = Decimal(60)
NO_HABITS: Sequence[Habit] = ()
# Only one side has it: nothing needs to be known about the other system.
ONE_SIDED = (
    Code.WITHOUT_TAX,
    Code.TAX_TWICE,
    Code.NO_START_FEE,
    Code.NO_IDLE,
    Code.NO_CHARGING_TIME,
    Code.NO_RESERVATION,
    Code.NO_MINIMUM,
    Code.NO_MAXIMUM,
    Code.ENERGY_ONLY,
)


def explain(pair: Pair, *, unit: Decimal, habits: Sequence[Habit] = NO_HABITS) -> Cause:
    """Why their amount is not ours. ``unit`` is the currency's minor unit; ``habits`` come from ``learn``, best first.

    A habit of many sessions comes before what fits this one alone: that may be chance.
    """
    if pair.ours == pair.theirs:
        return Cause(Code.EQUAL)
    if abs(pair.ours - pair.theirs) <= unit:
        return Cause(Code.ROUNDING)
    if not pair.theirs:
        return Cause(Code.FREE_THEIRS)
    for habit in habits:
        if fits(pair, habit, unit):
            return Cause(habit.code, habit.value, habit.step)
    if not pair.ours:
        # What was free at its start, and would not have been later, is not free by what the tariff says.
        return Cause(Code.SPANS_PRICE_CHANGE if pair.spans_price_change else Code.FREE_OURS)
    for code, expected in one_sided(pair):
        if _near(pair.theirs, expected, unit):
            return Cause(code)
    return Cause(Code.SPANS_PRICE_CHANGE if pair.spans_price_change else Code.UNEXPLAINED)


def _near(theirs: Decimal, expected: Decimal, unit: Decimal) -> bool:
    return abs(theirs - expected) <= unit


def one_sided(pair: Pair) -> Iterator[tuple[Code, Decimal]]:
    """(cause, what they would have charged for that cause) where only one side has something."""
    yield Code.WITHOUT_TAX, pair.net
    if pair.net:
        # Tax on a price that has it already; or the tax itself added a second time.
        yield Code.TAX_TWICE, pair.ours * pair.ours / pair.net
        yield Code.TAX_TWICE, pair.ours + pair.ours - pair.net
    parts = pair.parts
    if parts is None:
        return
    for code, part in _left_out(parts):
        if part:
            yield code, pair.ours - part
    if parts.energy and parts.energy != pair.ours:
        yield Code.ENERGY_ONLY, parts.energy


def _left_out(parts: Parts) -> Iterator[tuple[Code, Decimal]]:
    yield Code.NO_START_FEE, parts.start_fee
    yield Code.NO_IDLE, parts.idle
    yield Code.NO_CHARGING_TIME, parts.charging
    yield Code.NO_RESERVATION, parts.reservation
    yield (Code.NO_MINIMUM if parts.limit > 0 else Code.NO_MAXIMUM), parts.limit


def fits(pair: Pair, habit: Habit, unit: Decimal) -> bool:
    """Whether a habit of the other system gives their amount, to the minor unit."""
    if habit.step is not None:
        step = habit.step.amount
        off = pair.theirs % step
        return min(off, step - off) <= unit / 2 and abs(pair.difference) <= step + unit
    if habit.code is Code.MINIMUM:
        return pair.theirs == habit.value > pair.ours
    if habit.code is Code.MAXIMUM:
        return pair.theirs == habit.value < pair.ours
    if habit.code is Code.START_FEE:
        return _near(pair.theirs, pair.ours + habit.value, unit)
    if habit.code in ONE_SIDED:
        return any(code is habit.code and _near(pair.theirs, expected, unit) for code, expected in one_sided(pair))
    found = priced_by(pair, habit.code)
    return found is not None and _near(found[0], found[1] * habit.value, unit)


def priced_by(pair: Pair, code: Code) -> tuple[Decimal, Decimal] | None:
    """(what is left of their amount, the quantity it would be the price of); None where the model can't hold.

    Per kWh or per minute. What is left is their amount less our other parts, so that one price of theirs is compared.
    """
    if code is Code.ENERGY_ONLY_PRICE:
        return (pair.theirs, pair.energy_kwh) if pair.energy_kwh > 0 else None
    if pair.parts is None:
        return None
    own, quantity = ZERO, ZERO
    if code is Code.ENERGY_PRICE:
        own, quantity = pair.parts.energy, pair.energy_kwh
    elif code is Code.CHARGING_PRICE:
        own, quantity = pair.parts.charging, Decimal(pair.charging_s) / SECONDS
    elif code is Code.IDLE_PRICE:
        own, quantity = pair.parts.idle, Decimal(pair.idle_s) / SECONDS
    left = pair.theirs - (pair.ours - own)
    return (left, quantity) if quantity > 0 and left > 0 else None
