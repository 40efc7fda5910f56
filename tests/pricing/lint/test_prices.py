"""Sizes of prices and steps, idle time, limits, VAT: each at its boundary."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from billing.pricing import Component, Dimension, Limit, read_tariff
from billing.pricing.lint import Setting, lint
from tests.pricing.lint.tariffs import IDLE, brief, element, found, of, own

ENERGY = element(ENERGY="0.40")


def codes(*elements: dict[str, object], **fields: object) -> list[str]:
    return [code for code, _, _ in found(*elements, **fields)]


@pytest.mark.parametrize(
    ("kind", "tiny", "least", "most", "huge"),
    [
        ("ENERGY", "0.0199", "0.02", "3", "3.0001"),
        ("TIME", "0.594", "0.6", "60", "60.006"),
        ("PARKING_TIME", "0.594", "0.6", "60", "60.006"),
    ],
)
def test_prices_of_an_unlikely_size(kind: str, tiny: str, least: str, most: str, huge: str) -> None:
    others = [e for e in (element(ENERGY="0.40"), element(TIME="6"), IDLE) if e["price_components"][0]["type"] != kind]
    where = "elements[0].price_components[0].price"

    assert found(element(**{kind: tiny}), *others) == [("price_tiny", where, "WARNING")]
    assert found(element(**{kind: least}), *others) == []
    assert found(element(**{kind: most}), *others) == []
    assert found(element(**{kind: huge}), *others) == [("price_huge", where, "WARNING")]


def test_a_start_fee_of_an_unlikely_size() -> None:
    assert found(element(FLAT="50"), ENERGY, IDLE) == []
    assert found(element(FLAT="50.01"), ENERGY, IDLE) == [("price_huge", "elements[0].price_components[0].price", "WARNING")]
    assert found(element(FLAT="0.01"), ENERGY, IDLE) == []


def test_a_price_per_hour_taken_for_one_per_minute_and_back() -> None:
    assert of("price_huge", own(ENERGY, element(PARKING_TIME="144"))).message == (
        "The price for idle time is very high: EUR 144 per hour (2.4 per minute)."
    )
    assert of("price_tiny", own(ENERGY, element(PARKING_TIME="0.048"))).advice == (
        "If it is meant per minute, enter it per minute."
    )


def test_sizes_are_judged_in_the_currency() -> None:
    crowns = element(ENERGY="9", PARKING_TIME="120")

    assert codes(crowns, currency="SEK") == []
    assert codes(crowns, currency="EUR") == ["price_huge", "price_huge"]
    assert codes(crowns, currency="XTS") == [], "nobody knows what it is worth"


def test_a_negative_price() -> None:
    assert found(element(ENERGY="-0.01", PARKING_TIME="6")) == [
        ("price_negative", "elements[0].price_components[0].price", "ERROR"),
        ("energy_free", "", "WARNING"),
    ]
    assert "price_negative" not in codes(element(ENERGY="0", PARKING_TIME="6"))
    assert codes(parking_cap=Decimal("-0.01")) == ["price_negative", "cap_below_step"]
    assert codes(min_price=Decimal(-1)) == ["price_negative"]


def test_a_price_per_hour_that_is_none_per_minute() -> None:
    assert found(ENERGY, element(PARKING_TIME="5")) == [("minute_price_inexact", "elements[1].price_components[0].price", "INFO")]
    assert of("minute_price_inexact", own(ENERGY, element(PARKING_TIME="5"))).advice == (
        "Choose a price that divides by 60, such as 4.8 per hour (0.08 per minute)."
    )
    assert codes(element(ENERGY="0.40", TIME="5"), element(PARKING_TIME="5")) == ["minute_price_inexact"], "said once"
    assert codes(ENERGY, element(PARKING_TIME="5.1")) == []
    assert codes(ENERGY, element(PARKING_TIME="4.998")) == [], "0.0833 per minute"


def test_a_price_that_is_not_the_one_shown() -> None:
    shown = Setting(shown=((Dimension.ENERGY, Decimal("0.40")), (Dimension.PARKING_TIME, Decimal("0.10"))))

    assert found(setting=shown) == []
    assert found(element(ENERGY="0.39", PARKING_TIME="6"), setting=shown) == [
        ("shown_price_differs", "elements[0].price_components[0].price", "WARNING")
    ]
    assert found(ENERGY, element(ENERGY="0.39", PARKING_TIME="6"), setting=shown)[0][0] == "price_unreachable"
    confused = Setting(shown=((Dimension.PARKING_TIME, Decimal(6)),))
    assert "a price per hour taken for one per minute" in of("shown_price_differs", own(), confused).message
    fee = Setting(shown=((Dimension.FLAT, Decimal(1)),))
    assert of("shown_price_differs", own(), fee).message == (
        "EUR 1 is shown for the start fee, and the tariff has no price for it."
    )


@pytest.mark.parametrize(
    ("kind", "fine", "coarse", "large"),
    [("ENERGY", 1000, 10_000, 10_001), ("TIME", 900, 3600, 3601), ("PARKING_TIME", 900, 3600, 3601)],
)
def test_steps_of_an_unlikely_size(kind: str, fine: int, coarse: int, large: int) -> None:
    others = [e for e in (element(ENERGY="0.40"), element(TIME="6"), IDLE) if e["price_components"][0]["type"] != kind]
    price = "0.40" if kind == "ENERGY" else "6"
    where = "elements[0].price_components[0].step_size"

    def stepped(step: int) -> list[tuple[str, str, str]]:
        return found(element(**{kind: {"price": price, "step_size": step}}), *others)

    assert stepped(0) == stepped(1) == stepped(fine) == []
    assert stepped(fine + 1) == stepped(coarse) == [("step_coarse", where, "INFO")]
    assert stepped(large) == [("step_large", where, "WARNING")]


def test_the_step_of_a_start_fee_means_nothing() -> None:
    assert found(element(FLAT={"price": "1", "step_size": 100_000}), ENERGY, IDLE) == []


def test_steps_that_differ() -> None:
    def night_and_day(night: int, day: int) -> list[tuple[str, str, str]]:
        hours = {"start_time": "22:00", "end_time": "06:00"}
        return found(
            element(hours, ENERGY={"price": "0.30", "step_size": night}),
            element(ENERGY={"price": "0.40", "step_size": day}),
            IDLE,
        )

    assert night_and_day(100, 500) == [("steps_differ", "elements[1].price_components[0].step_size", "INFO")]
    assert night_and_day(100, 100) == []
    assert night_and_day(1, 500) == [], "a step of 1 rounds nothing"


def test_idle_time_that_costs_at_once() -> None:
    assert found(grace_s=0) == [("idle_without_grace", "elements[0].price_components[1]", "WARNING")]
    assert found(grace_s=1) == []
    assert found(ENERGY, element({"min_duration": 1}, PARKING_TIME="6"), grace_s=0) == [
        ("range_start_free", "elements[1]", "INFO")
    ]


def test_idle_time_that_asks_for_power() -> None:
    moving = element({"min_power": 1}, PARKING_TIME="6")

    assert ("idle_with_power", "elements[0].restrictions.min_power", "WARNING") in found(moving, ENERGY)
    assert "idle_with_power" not in codes(element({"max_power": 1}, PARKING_TIME="6"), ENERGY, IDLE)


def test_grace_and_cap_without_a_price_for_idle_time() -> None:
    free = ("idle_free", "", "INFO")

    assert found(ENERGY, grace_s=60) == [("grace_without_idle", "grace_minutes", "WARNING"), free]
    assert found(ENERGY, grace_s=0, parking_cap=Decimal(5)) == [("cap_without_idle", "parking_cap", "WARNING"), free]
    assert found(ENERGY, grace_s=0) == [free]


def test_a_cap_below_what_a_step_costs() -> None:
    # 6 an hour are 0.10 a minute and 1.00 in ten minutes.
    stepped = element(ENERGY="0.40", PARKING_TIME={"price": "6", "step_size": 600})

    assert found(parking_cap=Decimal("0.0999")) == [("cap_below_step", "parking_cap", "WARNING")]
    assert found(parking_cap=Decimal("0.10")) == []
    assert found(stepped, parking_cap=Decimal("0.9999")) == [("cap_below_step", "parking_cap", "WARNING")]
    assert found(stepped, parking_cap=Decimal("1.00")) == []


def test_limits_that_exclude_each_other() -> None:
    assert found(min_price=Decimal("5.01"), max_price=Decimal(5)) == [("limits_contradict", "min_price", "ERROR")]
    assert found(min_price=Decimal(5), max_price=Decimal(5)) == []
    taxed = replace(own(), min_price=Limit(net=Decimal(5)), max_price=Limit(gross=Decimal("4.99")))
    assert brief(lint(taxed)) == [("limits_contradict", "min_price", "ERROR")]
    assert brief(lint(replace(taxed, max_price=Limit(gross=Decimal(5))))) == []


def test_a_limit_with_less_after_tax_than_before() -> None:
    odd = replace(own(), max_price=Limit(net=Decimal(10), gross=Decimal("9.99")))

    assert brief(lint(odd)) == [("limit_gross_below_net", "max_price", "ERROR")]
    assert brief(lint(replace(odd, max_price=Limit(net=Decimal(10), gross=Decimal(10))))) == []


def test_a_maximum_below_the_start_fee() -> None:
    fee = element(FLAT="2", ENERGY="0.40", PARKING_TIME="6")

    assert found(fee, max_price=Decimal("1.99")) == [("max_price_below_fee", "max_price", "WARNING")]
    assert found(fee, max_price=Decimal(2)) == []


def test_rates_of_vat_that_differ() -> None:
    night = element({"end_time": "06:00"}, ENERGY={"price": "0.30", "vat": 19})

    def with_rate(rate: object) -> list[tuple[str, str, str]]:
        return found(night, element(ENERGY={"price": "0.40", "vat": rate}, PARKING_TIME={"price": "6", "vat": 7}))

    assert with_rate(7) == with_rate(None) == [("vat_differs", "elements[1].price_components[0].vat", "WARNING")]
    assert with_rate("19.0") == []
    assert of("vat_differs", own(night, ENERGY, IDLE)).message == "The VAT on energy differs between elements: 19 % and none."


def test_a_tariff_that_ends_before_it_starts_or_has_ended() -> None:
    noon, later = datetime(2026, 9, 1, 12, tzinfo=UTC), datetime(2026, 9, 1, 13, tzinfo=UTC)

    assert brief(lint(replace(own(), starts_at=later, ends_at=noon))) == [("ends_before_start", "end_date_time", "ERROR")]
    assert brief(lint(replace(own(), starts_at=noon, ends_at=noon))) == [("ends_before_start", "end_date_time", "ERROR")]
    assert brief(lint(replace(own(), starts_at=noon, ends_at=later))) == []
    over = replace(own(), ends_at=noon)
    assert brief(lint(over, setting=Setting(day=date(2026, 9, 2)))) == [("ended", "end_date_time", "WARNING")]
    assert brief(lint(over, setting=Setting(day=date(2026, 9, 1)))) == []


def test_what_a_reader_never_builds_is_linted_too() -> None:
    """A tariff put together in code: a component of a dimension that has none is no reason to fall over."""
    strange = replace(own().elements[0], components=(Component(Dimension.ENERGY, Decimal("1e11"), 10**9),))

    assert {"price_huge", "step_large"} <= {finding.code for finding in lint(replace(own(), elements=(strange,)))}
    assert brief(lint(replace(own(), elements=()))) == [
        ("grace_without_idle", "grace_minutes", "WARNING"),
        ("everything_free", "", "INFO"),
    ]
    assert read_tariff({"currency": "EUR", "elements": [ENERGY]}).elements == own(ENERGY).elements
