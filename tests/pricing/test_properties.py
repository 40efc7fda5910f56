"""What must hold for every price, tried on random tariffs and sessions."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.pricing import (
    TAXED,
    Anchor,
    ChargingPeriod,
    Result,
    Spanning,
    Tariff,
    Tax,
    Usage,
    price,
    tariff_from_elements,
)
from tests.pricing.documents import component, element

QUIET = settings(max_examples=200, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])
START = datetime(2026, 3, 27, 18, 30, tzinfo=UTC)
ZONE = "Europe/Berlin"
TAXES = {d: Tax(Decimal(rate), f"T{rate}") for d, rate in zip(TAXED, (19, 19, 7, 19, 20, "8.1"), strict=True)}

prices = st.decimals(0, 9, places=4)
kinds = st.sampled_from(["FLAT", "ENERGY", "TIME", "PARKING_TIME"])
components = st.builds(component, kinds, prices, st.sampled_from([0, 0, 1, 60, 600, 1000]))
clock = st.sampled_from(["00:00", "06:00", "08:30", "17:00", "22:00"])
restrictions = st.fixed_dictionaries(
    {},
    optional={
        "start_time": clock,
        "end_time": clock,
        "day_of_week": st.lists(st.sampled_from(["FRIDAY", "SATURDAY", "SUNDAY"]), min_size=1),
        "start_date": st.sampled_from(["2026-03-27", "2026-03-29"]),
        "end_date": st.sampled_from(["2026-03-28", "2026-03-30"]),
        "min_kwh": st.integers(0, 30),
        "max_kwh": st.integers(5, 60),
        "min_duration": st.sampled_from([0, 900, 3600, 14400]),
        "max_duration": st.sampled_from([1800, 7200, 40000]),
        "max_power": st.sampled_from([11, 50]),
    },
)
elements = st.lists(
    st.builds(lambda parts, limits: element(*parts, **limits), st.lists(components, min_size=1, max_size=3), restrictions),
    min_size=1,
    max_size=4,
)
amounts = st.none() | st.decimals(0, 40, places=2)


@st.composite
def tariffs(draw: Any, steps: bool = True) -> Tariff:
    low, high = draw(amounts), draw(amounts)
    if low is not None and high is not None and low > high:
        low, high = high, low
    found = draw(elements)
    if not steps:
        for part in (part for one in found for part in one["price_components"]):
            part["step_size"] = 0
    return tariff_from_elements(
        name="T",
        version=1,
        currency=draw(st.sampled_from(["EUR", "JPY", "KWD"])),
        tax_included=draw(st.booleans()),
        elements=found,
        min_price=low,
        max_price=high,
        grace_s=draw(st.sampled_from([0, 600, 3600])),
        parking_cap=draw(amounts),
    )


@st.composite
def usages(draw: Any) -> Usage:
    at, found = START + timedelta(minutes=draw(st.integers(0, 3000))), []
    for _ in range(draw(st.integers(1, 4))):
        seconds = draw(st.integers(0, 30_000))
        idle = draw(st.booleans())
        kw = draw(st.none() | st.decimals(1, 100, places=1))
        energy = Decimal(0) if idle else draw(st.decimals(0, 40, places=4))
        end = at + timedelta(seconds=seconds)
        found.append(
            ChargingPeriod(
                at,
                end,
                energy,
                charging_s=0 if idle else seconds,
                parking_s=seconds if idle else 0,
                min_power_kw=kw,
                max_power_kw=kw,
            )
        )
        at = end
    return Usage(tuple(found), ZONE)


anchors = st.sampled_from(list(Anchor))
ways = st.sampled_from(list(Spanning))


def bill(usage: Usage, tariff: Tariff, anchor: Anchor, spanning: Spanning = Spanning.START) -> Result:
    return price(usage, tariff, taxes=TAXES, anchor=anchor, spanning=spanning)


@QUIET
@given(usages(), tariffs(), anchors, ways)
def test_lines_add_up_to_the_total(usage: Usage, tariff: Tariff, anchor: Anchor, spanning: Spanning) -> None:
    result = bill(usage, tariff, anchor, spanning)
    assert sum((line.net for line in result.lines), Decimal(0)) == result.net
    assert sum((line.tax for line in result.lines), Decimal(0)) == result.tax
    assert sum((line.gross for line in result.lines), Decimal(0)) == result.gross
    assert result.net + result.tax == result.gross


@QUIET
@given(usages(), tariffs(), anchors, ways)
def test_nothing_is_negative_where_no_price_is(usage: Usage, tariff: Tariff, anchor: Anchor, spanning: Spanning) -> None:
    result = bill(usage, tariff, anchor, spanning)
    assert min(result.net, result.tax, result.gross) >= 0
    assert all(line.net >= 0 and line.gross >= 0 for line in result.lines if line.element is not None)


@QUIET
@given(
    st.lists(st.tuples(st.sampled_from(["FLAT", "ENERGY", "TIME"]), prices, st.integers(0, 1000)), min_size=1, max_size=3),
    st.integers(0, 50_000), st.decimals(0, 90, places=3), st.integers(0, 5000), st.decimals(0, 9, places=3), anchors,
)  # fmt: skip
def test_longer_or_bigger_never_costs_less(
    parts: list[tuple[str, Decimal, int]], seconds: int, kwh: Decimal, longer: int, bigger: Decimal, anchor: Anchor
) -> None:
    tariff = tariff_from_elements(
        name="T", version=1, currency="EUR", tax_included=True, elements=[element(*(component(*part) for part in parts))]
    )

    def exact(duration_s: int, energy: Decimal) -> Decimal | None:
        end = START + timedelta(seconds=duration_s)
        usage = Usage((ChargingPeriod(START, end, energy, charging_s=duration_s),), ZONE)
        result = bill(usage, tariff, anchor)
        return result.gross if anchor is Anchor.GROSS else result.net

    assert exact(seconds + longer, kwh + bigger) >= exact(seconds, kwh)  # type: ignore[operator]


@QUIET
@given(usages(), tariffs(steps=False), anchors, st.integers(1, 99))
def test_cutting_a_period_where_nothing_changes_changes_nothing(
    usage: Usage, tariff: Tariff, anchor: Anchor, percent: int
) -> None:
    """Each period of the already split usage is cut once more, at a whole second; every line stays what it was."""
    from billing.pricing.selection import compiled
    from billing.pricing.splitting import split

    whole, _ = split(usage, [compiled(tariff)] * len(usage.periods))
    pieces = []
    for period in whole.periods:
        seconds = int((period.end - period.start).total_seconds())
        first = seconds * percent // 100
        times_are_whole = all(isinstance(part, int) for part in (period.charging_s, period.parking_s))
        if not 0 < first < seconds or not times_are_whole or period.start.microsecond or period.end.microsecond:
            pieces.append(period)
            continue
        cut = period.start + timedelta(seconds=first)
        energy = period.energy_kwh * first / seconds
        charging, parking = (period.charging_s * first // seconds, period.parking_s * first // seconds)
        rest = {
            "energy_kwh": period.energy_kwh - energy,
            "charging_s": period.charging_s - charging,
            "parking_s": period.parking_s - parking,
        }
        power = {"min_power_kw": period.min_power_kw, "max_power_kw": period.max_power_kw}
        pieces.append(ChargingPeriod(period.start, cut, energy, charging_s=charging, parking_s=parking, **power))
        pieces.append(ChargingPeriod(cut, period.end, **rest, **power))
    before = bill(whole, tariff, anchor)
    after = bill(whole.with_periods(tuple(pieces)), tariff, anchor)
    told = [[(line.dimension, line.element, line.net, line.gross) for line in result.lines] for result in (before, after)]
    assert (before.net, before.gross) == (after.net, after.gross)
    assert told[0] == told[1]


@pytest.mark.slow
def test_the_gross_shown_is_the_gross_stored_for_a_hundred_thousand_sessions(full_size: bool) -> None:
    """Shown: the exact total including tax, rounded once by an independent rule, in whole minor units."""
    rng = random.Random(20261126)
    elements = [
        element(component("ENERGY", "0.4499"), start_time="22:00", end_time="06:00"),
        element(component("ENERGY", "0.5899"), component("TIME", "0.6", 60), component("PARKING_TIME", "5.988", 60)),
    ]
    rates = [Decimal(rate) for rate in ("7", "19", "20", "8.1", "25.5")]
    tariffs = {
        included: tariff_from_elements(name="T", version=1, currency="EUR", tax_included=included, elements=elements)
        for included in (True, False)
    }
    taxes = [dict.fromkeys(TAXED, Tax(rate, "T")) for rate in rates]
    for _ in range(100_000 if full_size else 5_000):
        charging, idle = rng.randrange(0, 30_000), rng.randrange(0, 9_000)
        usage = Usage.from_totals(
            start=START + timedelta(seconds=rng.randrange(90_000)),
            end=START + timedelta(seconds=90_000 + charging + idle),
            energy_kwh=Decimal(rng.randrange(1_000_000)).scaleb(-4),
            charging_s=charging,
            time_zone=ZONE,
        )
        included = rng.random() < 0.5
        result = price(usage, tariffs[included], taxes=rng.choice(taxes), anchor=Anchor.GROSS)
        shown = int(result.exact_gross * 100 + Decimal("0.5"))  # type: ignore[operator]
        assert result.gross == Decimal(shown) / 100 == sum(line.gross for line in result.lines)
