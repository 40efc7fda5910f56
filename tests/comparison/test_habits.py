"""What many sessions have in common: the other system's prices, fees, limits and grids, and what is only chance."""

import random
from collections import Counter
from collections.abc import Callable
from decimal import ROUND_CEILING
from decimal import Decimal as D

from billing.comparison import Code, Habit, Pair, Parts, Step, explain, learn
from billing.comparison.habits import common
from chargebill.core.money import round_money

CENT = D("0.01")
KWH_PRICE, MINUTE_PRICE, IDLE_PRICE = D("0.39"), D("0.02"), D("0.05")
Theirs = Callable[[Parts, D, int, int], D]


def pairs(count: int, theirs: Theirs, *, idle_price: D = IDLE_PRICE, fee: D = D("1.00"), seed: int = 3) -> list[Pair]:
    """Sessions of one tariff of ours; ``theirs`` gets (parts, kWh, minutes of charging, of idling)."""
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        kwh, minutes, idle = D(rng.randrange(2_000, 45_000)) / 1000, rng.randrange(10, 200), rng.randrange(5, 120)
        parts = Parts(
            start_fee=fee,
            energy=round_money(kwh * KWH_PRICE, "EUR"),
            charging=minutes * MINUTE_PRICE,
            idle=idle * idle_price,
        )
        ours = parts.start_fee + parts.energy + parts.charging + parts.idle
        amount = round_money(theirs(parts, kwh, minutes, idle), "EUR")
        made.append(Pair(ours, amount, ours, kwh, minutes * 60, idle * 60, parts))
    return made


def causes(made: list[Pair], habits: list[Habit]) -> Counter[Code]:
    return Counter(explain(one, unit=CENT, habits=habits).code for one in made)


def test_one_price_per_kwh_of_theirs_is_named() -> None:
    made = pairs(60, lambda p, kwh, m, i: p.start_fee + kwh * D("0.35") + p.charging + p.idle)
    habits = learn(made, unit=CENT)

    assert habits == [Habit(Code.ENERGY_PRICE, D("0.35"))]
    assert causes(made, habits) == {Code.ENERGY_PRICE: 60}


def test_several_prices_per_kwh_are_told_apart() -> None:
    prices = {True: D("0.4725"), False: D("0.33")}
    made = pairs(200, lambda p, kwh, m, i: p.start_fee + kwh * prices[m > 80] + p.charging + p.idle)
    habits = learn(made, unit=CENT)

    assert {(h.code, h.value) for h in habits} == {(Code.ENERGY_PRICE, D("0.4725")), (Code.ENERGY_PRICE, D("0.33"))}
    assert causes(made, habits)[Code.ENERGY_PRICE] == 200


def test_energy_alone_at_a_price_of_theirs() -> None:
    made = pairs(40, lambda p, kwh, m, i: kwh * D("0.59"))

    assert learn(made, unit=CENT) == [Habit(Code.ENERGY_ONLY_PRICE, D("0.59"))]


def test_other_minute_prices_of_theirs() -> None:
    slower = pairs(40, lambda p, kwh, m, i: p.start_fee + p.energy + m * D("0.035") + p.idle)
    idle = pairs(40, lambda p, kwh, m, i: p.start_fee + p.energy + p.charging + i * D("0.1"), idle_price=D(0))

    assert learn(slower, unit=CENT) == [Habit(Code.CHARGING_PRICE, D("0.035"))]
    assert learn(idle, unit=CENT) == [Habit(Code.IDLE_PRICE, D("0.1"))]


def test_a_start_fee_of_theirs() -> None:
    made = pairs(40, lambda p, kwh, m, i: p.energy + p.charging + p.idle + D("0.35"), fee=D(0))
    habits = learn(made, unit=CENT)

    assert habits == [Habit(Code.START_FEE, D("0.35"))]
    assert causes(made, habits) == {Code.START_FEE: 40}


def test_a_minimum_and_a_maximum_of_theirs() -> None:
    made = pairs(80, lambda p, kwh, m, i: min(max(sum_of(p), D("9.00")), D("14.00")))
    habits = learn(made, unit=CENT, least=D("9.00"), most=D("14.00"))

    assert {(h.code, h.value) for h in habits} == {(Code.MINIMUM, D("9.00")), (Code.MAXIMUM, D("14.00"))}
    low = sum(1 for one in made if one.ours < D("8.99"))
    high = sum(1 for one in made if one.ours > D("14.01"))
    assert (causes(made, habits)[Code.MINIMUM], causes(made, habits)[Code.MAXIMUM]) == (low, high)


def test_a_minimum_that_another_session_undercuts_is_none() -> None:
    """The caller gives the least amount of all; one below says that the frequent one is no minimum."""
    made = pairs(80, lambda p, kwh, m, i: max(sum_of(p), D("7.00")))

    assert learn(made, unit=CENT, least=D("4.00"), most=D("99")) == []


def sum_of(parts: Parts) -> D:
    return parts.start_fee + parts.energy + parts.charging + parts.idle


def test_started_blocks_of_five_minutes_are_a_grid() -> None:
    rng = random.Random(5)
    made = []
    for _ in range(60):
        seconds = rng.randrange(300, 20_000)
        exact = D(seconds) / 3600
        blocks = (D(seconds) / 300).to_integral_value(ROUND_CEILING)
        ours, theirs = round_money(exact, "EUR"), round_money(blocks * 300 / 3600, "EUR")
        made.append(Pair(ours, theirs, ours, D(rng.randrange(1, 40)), seconds, 0, Parts(charging=ours)))
    per_minute = D(1) / 60
    (habit,) = learn(made, unit=CENT, per_minute=[per_minute])

    assert habit.code is Code.STEPS
    assert habit.step == Step(per_minute * 5, minutes=5)
    found = causes(made, [habit])
    assert set(found) <= {Code.STEPS, Code.EQUAL, Code.ROUNDING}
    assert found[Code.STEPS] > 30


def test_amounts_in_steps_of_ten_cents() -> None:
    made = pairs(60, lambda p, kwh, m, i: (sum_of(p) * 10).to_integral_value(ROUND_CEILING) / 10)
    (habit,) = learn(made, unit=CENT)

    assert (habit.code, habit.value) == (Code.STEPS, D("0.1"))


def test_one_amount_for_much_the_same_time_is_a_minimum_and_no_price() -> None:
    rng = random.Random(4)
    made = [Pair(D(0), D("0.50"), D(0), D(rng.randrange(2, 9)), rng.randrange(14400, 16200), 0, Parts()) for _ in range(80)]

    assert learn(made, unit=CENT, least=D("0.50"), most=D("7.50")) == [Habit(Code.MINIMUM, D("0.50"))]


def test_amounts_without_any_rule_teach_nothing() -> None:
    rng = random.Random(8)
    for count in (20, 100, 2_000):
        made = pairs(count, lambda *_: D(rng.randrange(100, 3000)) / 100, seed=count)
        assert learn(made, unit=CENT, least=D("1.00"), most=D("29.99"), per_kwh=[KWH_PRICE], per_minute=[MINUTE_PRICE]) == []


def test_three_sessions_prove_nothing_and_four_do() -> None:
    made = pairs(4, lambda p, kwh, m, i: kwh * D("0.59"))

    assert learn(made[:3], unit=CENT) == []
    assert causes(made[:3], []) == {Code.UNEXPLAINED: 3}
    assert learn(made, unit=CENT) == [Habit(Code.ENERGY_ONLY_PRICE, D("0.59"))]


def test_a_missing_part_in_many_sessions_comes_before_what_fits_one_by_chance() -> None:
    made = pairs(200, lambda p, kwh, m, i: p.energy)
    habits = learn(made, unit=CENT)

    assert habits == [Habit(Code.ENERGY_ONLY)]
    assert causes(made, habits) == {Code.ENERGY_ONLY: 200}


def test_the_plainest_number_in_most_spans() -> None:
    assert common([(0.349, 0.351), (0.3495, 0.3502), (0.34, 0.36)]) == D("0.35")
    assert common([(0.4721, 0.4729)]) == D("0.4725")
    assert common([]) is None


def test_a_hundred_thousand_sessions_are_learned_from_a_sample() -> None:
    made = pairs(500, lambda p, kwh, m, i: p.start_fee + kwh * D("0.35") + p.charging + p.idle) * 200

    assert learn(made, unit=CENT) == [Habit(Code.ENERGY_PRICE, D("0.35"))]
