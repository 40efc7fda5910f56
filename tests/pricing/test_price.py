"""The pricing core against exact fractions."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from billing.pricing import Anchor, ChargingPeriod, Dimension, Tariff, TariffError, Tax, Usage, price, tariff_from_elements

START = datetime(2026, 9, 6, 22, 55, tzinfo=UTC)
VAT20 = dict.fromkeys(Dimension, Tax(Decimal(20), "S20"))


def tariff(*, incl: bool = True, currency: str = "GBP", **prices: str) -> Tariff:
    components = [{"type": name, "price": value} for name, value in prices.items()]
    return tariff_from_elements(
        name="Test", version=1, currency=currency, tax_included=incl, elements=[{"price_components": components}]
    )


def usage(kwh: str, minutes: int, charging_s: int | None = None) -> Usage:
    return Usage.from_totals(start=START, end=START + timedelta(minutes=minutes), energy_kwh=Decimal(kwh), charging_s=charging_s)


def half_up(value: Fraction, digits: int) -> Fraction:
    scaled = abs(value) * 10**digits
    whole = int(scaled + Fraction(1, 2))
    return Fraction(whole if value >= 0 else -whole, 10**digits)


def test_a_session_is_billed_line_by_line() -> None:
    result = price(
        usage("22.287", 428, charging_s=242 * 60),
        tariff(FLAT="0.50", ENERGY="0.384", PARKING_TIME="2.4"),
        taxes=VAT20,
        anchor=Anchor.GROSS,
    )
    # 22.287 * 0.384 = 8.558208; 186 min * 0.04 = 7.44; with the fee 16.498208
    assert [(line.dimension, line.gross) for line in result.lines] == [
        (Dimension.FLAT, Decimal("0.50")),
        (Dimension.ENERGY, Decimal("8.56")),
        (Dimension.PARKING_TIME, Decimal("7.44")),
    ]
    assert (result.gross, result.net, result.tax) == (Decimal("16.50"), Decimal("13.75"), Decimal("2.75"))
    assert result.exact_gross == Decimal("16.498208")
    energy = result.lines[1]
    assert (energy.measured, energy.unit, energy.unit_price) == (Decimal("22.287"), "kWh", Decimal("0.384"))
    idle = result.lines[2]
    assert (idle.billed, idle.unit, idle.unit_price) == (186 * 60, "s", Decimal("0.04"))
    assert (idle.start, idle.end) == (START + timedelta(minutes=242), START + timedelta(minutes=428))


def test_a_price_without_tax_is_anchored_on_net_for_businesses() -> None:
    result = price(usage("10.5", 60), tariff(incl=False, ENERGY="0.333"), taxes=VAT20, anchor=Anchor.NET)
    assert (result.net, result.tax, result.gross) == (Decimal("3.50"), Decimal("0.70"), Decimal("4.20"))
    assert result.exact_net == Decimal("3.4965")


def test_gross_is_rounded_once_and_never_rebuilt_from_net() -> None:
    # 0.49 net 0.4083..., rounded 0.41, times 1.2 would be 0.492 -> still 0.49; 0.33 -> 0.275 -> 0.28 -> 0.336 = 0.34
    result = price(usage("1", 60), tariff(ENERGY="0.33"), taxes=VAT20, anchor=Anchor.GROSS)
    assert (result.gross, result.net) == (Decimal("0.33"), Decimal("0.28"))


def test_thirds_of_a_cent_that_add_up_to_half_a_cent_round_up() -> None:
    # 20 s and 40 s at 0.30 per hour are 1/6 and 1/3 of a cent: together exactly half a cent.
    session = Usage((ChargingPeriod(START, START + timedelta(seconds=60), charging_s=20, parking_s=40),))
    result = price(session, tariff(TIME="0.30", PARKING_TIME="0.30"), taxes=VAT20, anchor=Anchor.GROSS)
    assert result.exact_gross == Decimal("0.005")
    assert result.gross == Decimal("0.01")


def test_what_the_tariff_does_not_price_is_free() -> None:
    result = price(usage("10", 60), tariff(TIME="6"), taxes=VAT20, anchor=Anchor.GROSS)
    assert [line.dimension for line in result.lines] == [Dimension.TIME]
    assert result.gross == Decimal("6.00")


def test_a_tariff_without_prices_costs_nothing_and_has_no_lines() -> None:
    free = Tariff("Free", 1, "EUR", True, ())
    result = price(usage("10", 60), free, taxes=VAT20, anchor=Anchor.GROSS)
    assert (str(result.gross), str(result.net), str(result.tax), result.lines) == ("0.00", "0.00", "0.00", ())


def test_without_a_charging_time_all_of_it_is_charging_and_the_bill_says_so() -> None:
    result = price(usage("1", 90), tariff(TIME="1", PARKING_TIME="9"), taxes=VAT20, anchor=Anchor.GROSS)
    assert result.gross == Decimal("1.50")
    assert result.notes == ("all_charging",)


def test_a_missing_tax_is_refused_and_never_zero() -> None:
    with pytest.raises(ValueError, match="No tax"):
        price(usage("1", 60), tariff(ENERGY="1"), taxes={}, anchor=Anchor.GROSS)


@pytest.mark.parametrize(
    "component", [{"type": "ENERGY", "price": "NaN"}, {"type": "ENERGY", "price": "x"}, {"type": "BEER", "price": "1"}, {}]
)
def test_an_unreadable_component_says_where_it_is(component: dict) -> None:
    with pytest.raises(TariffError) as caught:
        tariff_from_elements(name="T", version=1, currency="EUR", tax_included=True, elements=[{"price_components": [component]}])
    assert caught.value.where.startswith("elements[0].price_components[0]")


def test_ten_thousand_random_sessions_equal_exact_fractions() -> None:
    rng = random.Random(20261123)
    for _ in range(10_000):
        currency, digits = rng.choice([("JPY", 0), ("EUR", 2), ("KWD", 3)])
        incl, anchor = rng.random() < 0.5, rng.choice([Anchor.GROSS, Anchor.NET])
        rate = Decimal(rng.choice(["0", "7", "8.1", "19", "20", "25.5"]))
        prices = {name: Decimal(rng.randrange(0, 100_000)).scaleb(-4) for name in ("FLAT", "ENERGY", "TIME", "PARKING_TIME")}
        kwh = Decimal(rng.randrange(0, 1_000_000)).scaleb(-4)
        duration_s = rng.randrange(0, 200_000)
        charging_s = rng.randrange(0, duration_s + 1)
        result = price(
            Usage.from_totals(start=START, end=START + timedelta(seconds=duration_s), energy_kwh=kwh, charging_s=charging_s),
            tariff(incl=incl, currency=currency, **{name: str(value) for name, value in prices.items()}),
            taxes=dict.fromkeys(Dimension, Tax(rate, "T")),
            anchor=anchor,
        )
        stated = (
            Fraction(prices["FLAT"])
            + Fraction(prices["ENERGY"]) * Fraction(kwh)
            + Fraction(prices["TIME"]) * Fraction(charging_s, 3600)
            + Fraction(prices["PARKING_TIME"]) * Fraction(duration_s - charging_s, 3600)
        )
        factor = 1 + Fraction(rate) / 100
        gross, net = (stated, stated / factor) if incl else (stated * factor, stated)
        if anchor is Anchor.GROSS:
            gross = half_up(gross, digits)
            net = half_up(gross / factor, digits)
        else:
            net = half_up(net, digits)
            gross = net + half_up(net * Fraction(rate) / 100, digits)
        assert (Fraction(result.gross), Fraction(result.net)) == (gross, net)
        assert sum((line.gross for line in result.lines), Decimal(0)) == result.gross
        assert sum((line.net for line in result.lines), Decimal(0)) == result.net
        assert all(line.net + line.tax == line.gross for line in result.lines)
