"""What is free: never priced, or at some times, amounts or readings only, said in words."""

from datetime import date

import pytest

from billing.pricing.lint import Setting
from tests.pricing.lint.tariffs import IDLE, element, found, of, own

WEEKEND, WORKDAYS = ["SATURDAY", "SUNDAY"], ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"]


def test_a_tariff_that_costs_nothing() -> None:
    assert found(element(FLAT="0"), grace_s=0) == [("everything_free", "", "INFO")]
    assert found(element({"reservation": "RESERVATION"}, FLAT="1"), grace_s=0) == [("everything_free", "", "INFO")]
    assert "everything_free" not in [one[0] for one in found(element(FLAT="0.01"))]


def test_energy_without_a_price() -> None:
    assert found(element(TIME="6", PARKING_TIME="6")) == [("energy_free", "", "INFO")]
    assert of("energy_free", own(element(TIME="6", FLAT="1"), IDLE)).message == (
        "Energy has no price: a session pays the start fee and charging time only."
    )
    assert found(IDLE) == [("energy_free", "", "WARNING")]
    assert of("energy_free", own(IDLE)).message == "Charging is free: only idle time has a price."


def test_idle_time_without_a_price() -> None:
    assert found(element(ENERGY="0.40"), grace_s=0) == [("idle_free", "", "INFO")]
    assert found(element(ENERGY="0.40", TIME="6"), grace_s=0) == [("idle_free", "", "WARNING")]
    assert found(element(ENERGY="0.40", PARKING_TIME="0"), grace_s=0) == [("idle_free", "", "INFO")]


def test_hours_of_the_week_without_a_price() -> None:
    workdays = element({"day_of_week": WORKDAYS, "start_time": "08:00", "end_time": "20:00"}, ENERGY="0.40")
    saturday = element({"day_of_week": ["SATURDAY"]}, ENERGY="0.30")

    assert found(workdays, saturday, IDLE) == [("week_gap", "elements[0]", "WARNING")]
    assert of("week_gap", own(workdays, saturday, IDLE)).message == (
        "Energy has no price at these times: Mon–Fri 00:00–08:00 and 20:00–24:00, Sun all day."
    )
    assert found(workdays, saturday, element(ENERGY="0.20"), IDLE) == []
    assert found(workdays, saturday, element(ENERGY="0"), IDLE) == [], "a price of 0 is a decision"


def test_a_night_is_one_window_where_every_day_is_alike() -> None:
    assert of("week_gap", own(element({"start_time": "06:30", "end_time": "22:00"}, ENERGY="0.40"), IDLE)).message == (
        "Energy has no price at these times: daily 22:00–06:30."
    )


def test_one_minute_of_the_week_is_a_gap() -> None:
    parts = (
        element({"start_time": "00:00", "end_time": "12:00"}, ENERGY="0.40"),
        element({"start_time": "12:01", "end_time": "00:00"}, ENERGY="0.30"),
    )
    assert of("week_gap", own(*parts, IDLE)).message.endswith("daily 12:00–12:01.")


def test_a_gap_matters_less_where_something_else_is_paid() -> None:
    day = {"start_time": "08:00", "end_time": "20:00"}

    assert found(element(day, ENERGY="0.40"), element(TIME="6", PARKING_TIME="6")) == [("week_gap", "elements[0]", "INFO")]
    assert found(element(ENERGY="0.40"), element(day, PARKING_TIME="6")) == [("week_gap", "elements[1]", "INFO")]


def test_dates_without_a_price() -> None:
    summer = element({"start_date": "2026-06-01", "end_date": "2026-09-01"}, ENERGY="0.30")
    winter = element({"start_date": "2026-10-01"}, ENERGY="0.40")

    assert of("date_gap", own(summer, winter, IDLE)).message == (
        "Energy has no price before 2026-06-01 and from 2026-09-01 before 2026-10-01."
    )
    assert found(summer, winter, IDLE) == [("date_gap", "elements[0]", "WARNING")]
    july = Setting(day=date(2026, 7, 1))
    assert of("date_gap", own(summer, winter, IDLE), july).message == "Energy has no price from 2026-09-01 before 2026-10-01."
    assert "date_gap" not in [one[0] for one in found(summer, winter, IDLE, setting=Setting(day=date(2026, 10, 1)))]


def test_a_gap_in_the_week_of_some_dates_names_them() -> None:
    summer = element({"end_date": "2026-09-01", "day_of_week": WEEKEND}, ENERGY="0.30")
    after = element({"start_date": "2026-09-01"}, ENERGY="0.40")

    assert of("week_gap", own(summer, after, IDLE)).message == (
        "Energy has no price at these times: Mon–Fri all day (before 2026-09-01)."
    )


def test_amounts_of_energy_without_a_price() -> None:
    first, second = element({"max_kwh": 20}, ENERGY="0.40"), element({"min_kwh": 30}, ENERGY="0.30")

    assert found(first, second, IDLE) == [("range_gap", "elements[0]", "WARNING")]
    assert of("range_gap", own(first, second, IDLE)).message == (
        "Energy has no price in between, energy so far from 20 to 30 kWh."
    )
    assert found(first, element({"min_kwh": 20}, ENERGY="0.30"), IDLE) == []
    assert found(first, element({"min_kwh": "20.0001"}, ENERGY="0.30"), IDLE) == [("range_gap", "elements[0]", "WARNING")]
    assert found(first, IDLE) == [("range_end_free", "elements[0]", "WARNING")]
    assert found(second, IDLE) == [("range_start_free", "elements[0]", "INFO")]


def test_stretches_of_time_without_a_price() -> None:
    later = element({"min_duration": 14400}, TIME="6")

    assert found(element(ENERGY="0.40"), later, IDLE) == [("range_start_free", "elements[1]", "INFO")]
    assert of("range_start_free", own(element(ENERGY="0.40"), later, IDLE)).message == (
        "Charging time is free at first, time since start below 4 h."
    )
    assert found(element(ENERGY="0.40"), element({"max_duration": 5430}, TIME="6"), IDLE) == [
        ("range_end_free", "elements[1]", "INFO")
    ]


@pytest.mark.parametrize(("keys", "what"), [(("max_power", "min_power"), "power"), (("max_current", "min_current"), "current")])
def test_a_price_that_needs_a_measurement(keys: tuple[str, str], what: str) -> None:
    slow, fast = element({keys[0]: 22}, ENERGY="0.40"), element({keys[1]: 22}, ENERGY="0.50")

    assert found(slow, fast, IDLE) == [("measurement_needed", "elements[0]", "WARNING")]
    assert f"only where {what} is measured" in of("measurement_needed", own(slow, fast, IDLE)).message
    assert found(slow, element(ENERGY="0.50"), IDLE) == []


def test_a_combination_without_a_price() -> None:
    """Every hour and every amount has a price, but not both at once."""
    night = element({"start_time": "22:00", "end_time": "06:00", "min_kwh": 10}, ENERGY="0.30")
    day = element({"start_time": "06:00", "end_time": "22:00"}, ENERGY="0.40")

    assert found(night, day, IDLE) == [("sometimes_free", "elements[0]", "WARNING")]
    assert of("sometimes_free", own(night, day, IDLE)).message == (
        "Energy has no price in some cases, such as daily 22:00–06:00, energy so far below 10 kWh."
    )
    assert found(night, day, element({"max_kwh": 10}, ENERGY="0.35"), IDLE) == [("overlap", "elements[2]", "INFO")]
