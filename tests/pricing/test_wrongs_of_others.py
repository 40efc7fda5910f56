"""What other engines were found to get wrong, each with the price that is right."""

import pytest

from billing.pricing import CdrError
from tests.pricing.documents import START, cdr, component, element, priced, tariff, total

RESERVED = element(component("FLAT", 4), reservation="RESERVATION_EXPIRES")
HOUR = {"TIME": 1, "ENERGY": 10}


def test_a_minimum_and_a_maximum_price_are_not_ignored() -> None:
    energy = element(component("ENERGY", 0.25))
    assert total(tariff(energy, min_price={"excl_vat": 5}), cdr((60, {"ENERGY": 2}))) == "5.00"
    assert total(tariff(energy, max_price={"excl_vat": 5}), cdr((60, {"ENERGY": 200}))) == "5.00"


def test_a_normal_session_does_not_pay_the_fee_of_an_expired_reservation() -> None:
    prices = tariff(RESERVED, element(component("ENERGY", 0.25)))
    assert total(prices, cdr((60, {"ENERGY": 20}))) == "5.00"
    assert total(prices, cdr((60, {"RESERVATION_TIME": 1}), session_id=None)) == "4.00"


def test_a_step_does_not_count_time_that_has_no_price() -> None:
    # 20 min of charging in steps of 30; 50 min of idling cost nothing and are rounded into nothing.
    prices = tariff(element(component("TIME", 6, step=1800)))
    assert total(prices, cdr((20, {"TIME": 0.3333}), (50, {"PARKING_TIME": 0.8333}))) == "3.00"


def test_ten_minutes_in_four_decimals_are_one_step_of_ten_minutes() -> None:
    assert total(tariff(element(component("TIME", 6, step=600))), cdr((10, {"TIME": 0.1667}))) == "1.00"


def test_a_window_over_midnight_matches_on_both_sides_of_it() -> None:
    prices = tariff(element(component("ENERGY", 1), start_time="22:00", end_time="06:00"), element(component("ENERGY", 2)))
    found = [total(prices, cdr((30, {"ENERGY": 1}), start=START.replace(hour=hour))) for hour in (21, 22, 23, 0, 5, 6)]
    assert found == ["2.00", "1.00", "1.00", "1.00", "1.00", "2.00"]


def test_an_end_date_is_the_first_day_without_the_price() -> None:
    prices = tariff(element(component("ENERGY", 1), end_date="2026-03-02"), element(component("ENERGY", 2)))
    assert total(prices, cdr((30, {"ENERGY": 1}))) == "2.00"
    assert total(prices, cdr((30, {"ENERGY": 1}), start=START.replace(day=1))) == "1.00"


def test_a_zone_is_never_guessed_from_the_country() -> None:
    of = cdr((30, {"ENERGY": 1}), cdr_location={"country": "NLD"})
    with pytest.raises(CdrError) as caught:
        total(tariff(element(component("ENERGY", 1), start_time="08:00")), of, time_zone="")
    assert caught.value.code == "time_zone_unknown"


def test_a_reservation_and_its_session_pay_a_start_fee_each() -> None:
    prices = tariff(
        element(component("FLAT", 2), reservation="RESERVATION"),
        element(component("FLAT", 0.5), component("ENERGY", 0.25)),
    )
    of = cdr((15, {"RESERVATION_TIME": 0.25}), (60, {"ENERGY": 20}))
    assert total(prices, of) == "7.50"
    assert priced(prices, of)["total_reservation_cost"]["excl_vat"] == "2.0000"


def test_idle_minutes_do_not_pay_the_charging_rate() -> None:
    prices = tariff(element(component("TIME", 6), component("PARKING_TIME", 1.2)))
    assert total(prices, cdr((60, HOUR), (30, {"PARKING_TIME": 0.5}))) == "6.60"
    assert total(tariff(element(component("TIME", 6))), cdr((60, HOUR), (30, {"PARKING_TIME": 0.5}))) == "6.00"


def test_a_power_tier_is_a_band_and_not_one_number() -> None:
    prices = tariff(
        element(component("ENERGY", 0.3), max_power=22), element(component("ENERGY", 0.5), min_power=22, max_power=150),
        element(component("ENERGY", 0.7)),
    )  # fmt: skip
    found = [total(prices, cdr((60, {"ENERGY": 10, "MIN_POWER": kw, "MAX_POWER": kw}))) for kw in (11, 21.99, 22, 100, 150)]
    assert found == ["3.00", "3.00", "5.00", "5.00", "7.00"]
