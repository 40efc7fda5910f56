"""Habits of the other system: what many sessions have in common, be it a price per kWh, a missing fee or a grid.

A single session proves nothing: some price per kWh explains any amount. So a habit must explain several sessions that
pin it down, and of all habits the one that explains most is found first.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from math import ceil

from billing.comparison.causes import ONE_SIDED, fits, one_sided, priced_by
from billing.comparison.model import Code, Habit, Pair, Step

# A habit explains at least so many sessions, and this share of those that nothing else explains.
FEWEST, SHARE = 4, 0.05
# A price must be seen in so many different amounts: one amount again and again is a fee or a minimum as well.
DIFFERENT = 3
MOST_HABITS = 8
# More sessions say nothing new: these many, evenly spread, are looked at.
SAMPLE = 5_000
# A session whose rounding leaves a price wider open than this says too little about it.
LOOSEST = 0.1
# A grid explains only if nearly all amounts lie on it.
ON_GRID = 0.75
MINUTES = (1, 5, 10, 15, 30, 60)
AMOUNTS = tuple(map(Decimal, ("0.05", "0.1", "0.25", "0.5", "1", "5", "10", "50", "100")))
PRICES = (Code.ENERGY_PRICE, Code.ENERGY_ONLY_PRICE, Code.CHARGING_PRICE, Code.IDLE_PRICE)


def learn(
    pairs: Sequence[Pair],
    *,
    unit: Decimal,
    least: Decimal | None = None,
    most: Decimal | None = None,
    per_kwh: Iterable[Decimal] = (),
    per_minute: Iterable[Decimal] = (),
) -> list[Habit]:
    """The other system's habits in sessions whose amounts differ, the one that explains most first.

    ``least`` and ``most`` are the smallest amount above 0 and the largest one of theirs, over all sessions compared.
    ``per_kwh`` and ``per_minute``: our prices, incl. tax, that amounts in steps may be made of.
    """
    left = [pair for pair in _spread(pairs) if pair.theirs and abs(pair.difference) > unit]
    needed = max(FEWEST, ceil(len(left) * SHARE))
    steps = list(_steps(unit, per_kwh, per_minute))
    habits: list[Habit] = []
    while len(left) >= needed and len(habits) < MOST_HABITS:
        found = [
            *_one_sided(left, unit),
            *_fee(left),
            *_prices(left, unit),
            *_limits(left, unit, least, most),
            *_grid(left, unit, steps),
        ]
        support, habit = max(found, key=lambda one: one[0], default=(0, None))
        if habit is None or support < needed:
            break
        habits.append(habit)
        left = [pair for pair in left if not fits(pair, habit, unit)]
    return habits


Found = list[tuple[int, Habit]]


def _spread(pairs: Sequence[Pair]) -> Sequence[Pair]:
    return pairs if len(pairs) <= SAMPLE else [pairs[n * len(pairs) // SAMPLE] for n in range(SAMPLE)]


def _one_sided(pairs: Sequence[Pair], unit: Decimal) -> Found:
    counts: Counter[Code] = Counter()
    for pair in pairs:
        counts.update({code for code, expected in one_sided(pair) if abs(pair.theirs - expected) <= unit})
    return [(counts[code], Habit(code)) for code in ONE_SIDED]


def _prices(pairs: Sequence[Pair], unit: Decimal) -> Found:
    found: Found = []
    for code in PRICES:
        spans, lefts = [], []
        for pair in pairs:
            sides = priced_by(pair, code)
            if sides is None:
                continue
            left, quantity = map(float, sides)
            # Floats only propose a price; whether it explains a session is decided exactly.
            low, high = (left - float(unit)) / quantity, (left + float(unit)) / quantity
            if low > 0 and high - low <= LOOSEST * (low + high) / 2:
                spans.append((low, high))
                lefts.append(left)
        value = common(spans)
        if value is not None:
            at = float(value)
            held = [left for (low, high), left in zip(spans, lefts, strict=True) if low <= at <= high]
            if len(set(held)) >= DIFFERENT:
                found.append((len(held), Habit(code, value)))
    return found


def common(spans: Sequence[tuple[float, float]]) -> Decimal | None:
    """The plainest number that (nearly) as many spans contain as any number is in; None without spans.

    Plainest: fewest digits behind the point, at most five; of two, the one nearer the middle of what is possible.
    """
    ends = sorted([(low, 1) for low, _ in spans] + [(high, -1) for _, high in spans], key=lambda end: (end[0], -end[1]))
    inside, pieces = 0, []
    for n, (at, change) in enumerate(ends[:-1]):
        inside += change
        pieces.append((inside, at, ends[n + 1][0]))
    if not pieces:
        return None
    best = max(pieces)
    near = [(low, high) for count, low, high in pieces if count >= best[0] * 0.95]
    # What hangs together with the best piece: another region with nearly as many is another price.
    low, high = best[1], best[2]
    for start, end in near:
        high = end if start == high else high
    for start, end in reversed(near):
        low = start if end == low else low
    for digits in range(6):
        scale = 10**digits
        whole = round((low + high) / 2 * scale)
        if whole > 0 and low * scale - 1e-9 <= whole <= high * scale + 1e-9:
            return Decimal(whole).scaleb(-digits)
    return None


def _fee(pairs: Sequence[Pair]) -> Found:
    """The amount theirs most often is above ours."""
    more = Counter(-pair.difference for pair in pairs if pair.difference < 0 and pair.ours)
    return [(count, Habit(Code.START_FEE, value)) for value, count in more.most_common(1)]


def _limits(pairs: Sequence[Pair], unit: Decimal, least: Decimal | None, most: Decimal | None) -> Found:
    found: Found = []
    for code, value in ((Code.MINIMUM, least), (Code.MAXIMUM, most)):
        if value is not None:
            habit = Habit(code, value)
            held = [pair.ours for pair in pairs if fits(pair, habit, unit)]
            # The same of ours each time would be any price of a usual session, and no limit; unless it is nothing.
            if len(set(held)) > 1 or not any(held):
                found.append((len(held), habit))
    return found


def _steps(unit: Decimal, per_kwh: Iterable[Decimal], per_minute: Iterable[Decimal]) -> Iterable[Step]:
    """Grids worth trying, the coarsest first; none so fine that most amounts are near it anyway."""
    steps = [Step(amount) for amount in AMOUNTS]
    steps += [Step(price, kwh=Decimal(1)) for price in per_kwh if price > 0]
    steps += [Step(price * minutes, minutes=minutes) for price in per_minute if price > 0 for minutes in MINUTES]
    return sorted((step for step in steps if step.amount >= 3 * unit), key=lambda step: -step.amount)


def _grid(pairs: Sequence[Pair], unit: Decimal, steps: Iterable[Step]) -> Found:
    charged = [pair for pair in pairs if pair.theirs > 0]
    for step in steps:
        habit = Habit(Code.STEPS, step.amount, step)
        held = sum(fits(pair, habit, unit) for pair in charged)
        if charged and held >= ON_GRID * len(charged):
            return [(held, habit)]
    return []
