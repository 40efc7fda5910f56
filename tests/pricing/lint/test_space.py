"""The algebra of boxes against the engine's own walk through every combination of sampled states."""

import random
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import product

import pytest

from billing.pricing.lint import space as module
from billing.pricing.lint.space import Space, TooComplex
from billing.pricing.model import ChargingPeriod, Component, Dimension, Restrictions, Tariff
from billing.pricing.selection import Rate, State, zone_of

UTC_ZONE = zone_of("UTC")
PRICED, ONE = Tariff("T", 1, "EUR", True, ()), Component(Dimension.ENERGY, Decimal(1))
ELEMENTS, SEEDS = 8, 25
FIRST = date(2026, 8, 31)  # a Monday
MEASURED = [None, Decimal(5), Decimal(15), Decimal(25)]


def chosen(rng: random.Random, values: list[object]) -> object:
    """One of them, more often nothing."""
    return rng.choice(values) if rng.random() < 0.2 else None


def restrictions(rng: random.Random) -> Restrictions:
    window = rng.choice([(None, None), (None, None), (None, None), (None, None), (0, 720), (720, 1440), (1320, 360), (360, 1320)])
    some_days = frozenset(rng.sample(range(7), rng.randint(1, 6))) if rng.random() < 0.2 else None
    return Restrictions(
        start_minute=window[0],
        end_minute=window[1],
        start_date=chosen(rng, [FIRST + timedelta(days=n) for n in (1, 4, 9)]),  # type: ignore[arg-type]
        end_date=chosen(rng, [FIRST + timedelta(days=n) for n in (4, 9, 10)]),  # type: ignore[arg-type]
        min_kwh=chosen(rng, [Decimal(10), Decimal(20)]),  # type: ignore[arg-type]
        max_kwh=chosen(rng, [Decimal(10), Decimal(20)]),  # type: ignore[arg-type]
        min_duration_s=chosen(rng, [3600]),  # type: ignore[arg-type]
        max_duration_s=chosen(rng, [3600, 7200]),  # type: ignore[arg-type]
        min_power_kw=chosen(rng, [Decimal(10), Decimal(20)]),  # type: ignore[arg-type]
        max_power_kw=chosen(rng, [Decimal(10), Decimal(20)]),  # type: ignore[arg-type]
        days=some_days,
    )


def every_state() -> list[State]:
    """One state in each cell the restrictions above can cut: seven weeks of days, four hours, amounts, powers."""
    found = []
    powers = [(low, high) for low, high in product(MEASURED, MEASURED) if low is not None and high is not None and low <= high]
    for day, hour, kwh, elapsed, power in product(
        [*range(-7, 18)], (3, 9, 18, 23), (5, 15, 25), (10, 5000, 9000), [(None, None), *powers]
    ):
        at = datetime.combine(FIRST + timedelta(days=day), time(hour), UTC)
        period = ChargingPeriod(at, at, min_power_kw=power[0], max_power_kw=power[1])
        found.append(State(period, at, UTC_ZONE, Decimal(kwh), elapsed))
    return found


@pytest.mark.parametrize("seed", range(SEEDS))
def test_covered_and_empty_mean_what_the_engine_would_do(seed: int) -> None:
    """200 random elements in all, 6300 states each: hidden in the algebra if and only if the engine never gets there."""
    rng = random.Random(seed)
    of = [restrictions(rng) for _ in range(ELEMENTS)]
    space = Space(of)
    boxes = [space.box(one) for one in of]
    states = every_state()
    rates = [Rate(PRICED, 0, one, ONE, Dimension.ENERGY) for one in of]
    holding = [{n for n, state in enumerate(states) if state.holds(rate)} for rate in rates]

    for index in range(len(of)):
        assert space.is_empty(boxes[index]) == (not holding[index]), of[index]
        before = set().union(*holding[:index])
        assert (space.left(boxes[index], boxes[:index]) is None) == (holding[index] <= before), of[: index + 1]
    everything = set(range(len(states)))
    assert (space.left(space.all, boxes) is None) == (set().union(*holding) == everything)


def test_enough_of_the_random_elements_are_hidden_or_empty_for_the_comparison_to_mean_something() -> None:
    covered = empty = seen = 0
    for seed in range(SEEDS):
        rng = random.Random(seed)
        of = [restrictions(rng) for _ in range(ELEMENTS)]
        space = Space(of)
        boxes = [space.box(one) for one in of]
        for index, box in enumerate(boxes):
            seen += 1
            empty += space.is_empty(box)
            covered += not space.is_empty(box) and space.left(box, boxes[:index]) is None

    assert seen == 200
    assert empty >= 10
    assert covered >= 30


def test_a_search_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    hours = [Restrictions(start_minute=60 * hour, end_minute=60 * hour + 60) for hour in range(24)]
    space = Space(hours)
    boxes = [space.box(one) for one in hours]

    assert space.left(space.all, boxes) is None
    assert space.steps == 24
    monkeypatch.setattr(module, "MOST_STEPS", 47)
    with pytest.raises(TooComplex):
        space.left(space.all, boxes)
