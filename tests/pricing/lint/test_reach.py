"""Elements that can't apply, and prices hidden behind others: exact in each restriction, silent where nothing is wrong."""

from datetime import date
from decimal import Decimal

import pytest

from billing.pricing.lint import Setting
from tests.pricing.lint.tariffs import IDLE, element, found, of, own

REST = element(ENERGY="0.40", PARKING_TIME="6")


def energy(**restrictions: object) -> dict[str, object]:
    return element(restrictions, ENERGY="0.30")


def test_an_ordinary_tariff_has_no_finding() -> None:
    assert found() == []
    assert found(energy(start_time="22:00", end_time="06:00"), REST) == []


@pytest.mark.parametrize(
    ("low", "high", "unit"),
    [("min_kwh", "max_kwh", "kWh"), ("min_duration", "max_duration", "s"), ("min_power", "max_power", "kW"),
     ("min_current", "max_current", "A")],
)  # fmt: skip
def test_bounds_that_exclude_each_other(low: str, high: str, unit: str) -> None:
    expected = [("bounds_contradict", f"elements[0].restrictions.{low}", "ERROR")]

    assert found(energy(**{low: 20, high: 10}), REST) == expected
    assert found(energy(**{low: 20, high: 20}), REST) == expected, "the upper bound does not belong to it"
    assert found(energy(**{low: 20, high: 21}), REST) == []
    assert found(energy(**{high: 0}), REST) == [("bounds_contradict", f"elements[0].restrictions.{high}", "ERROR")]
    message = of("bounds_contradict", own(energy(**{low: 20, high: 10}), REST)).message
    assert message == f"Element 1 never applies: 20 {unit} is not below the upper bound of 10 {unit}."


def test_dates_that_exclude_each_other() -> None:
    expected = [("dates_contradict", "elements[0].restrictions.end_date", "ERROR")]

    assert found(energy(start_date="2026-09-02", end_date="2026-09-01"), REST) == expected
    assert found(energy(start_date="2026-09-01", end_date="2026-09-01"), REST) == expected
    assert found(energy(start_date="2026-09-01", end_date="2026-09-02"), REST) == []


def test_weekdays_that_do_not_occur_between_the_dates() -> None:
    # 1 September 2026 is a Tuesday.
    dates = {"start_date": "2026-09-01", "end_date": "2026-09-04"}

    never = [("never_applies", "elements[0].restrictions.day_of_week", "ERROR")]
    assert found(energy(**dates, day_of_week=["FRIDAY"]), REST) == never
    assert found(energy(**dates, day_of_week=["THURSDAY"]), REST) == []
    assert found(energy(**{**dates, "end_date": "2026-09-08"}, day_of_week=["MONDAY"]), REST) == []
    assert found(energy(**{**dates, "end_date": "2026-09-07"}, day_of_week=["MONDAY"]), REST) == never


def test_an_element_whose_dates_are_over() -> None:
    ended = energy(end_date="2026-09-01")

    assert found(ended, REST, setting=Setting(day=date(2026, 9, 1))) == [
        ("dates_past", "elements[0].restrictions.end_date", "WARNING")
    ]
    assert found(ended, REST, setting=Setting(day=date(2026, 8, 31))) == []
    assert found(ended, REST) == []


def test_energy_no_connector_gives_in_the_time() -> None:
    early = energy(min_kwh=22, max_duration=3600)
    expected = [("min_kwh_unreachable", "elements[0].restrictions.min_kwh", "WARNING")]

    assert found(early, REST, setting=Setting(rated_kw=(None, Decimal(22)))) == expected
    assert found(early, REST, setting=Setting(rated_kw=(None, Decimal("22.1")))) == []
    assert found(early, REST) == []
    tiers = energy(max_duration=3600), energy(min_duration=3600, min_kwh=5), REST
    assert found(*tiers, setting=Setting(rated_kw=(None, Decimal(22)))) == [], "bounds on one of the two say nothing"
    assert found(energy(min_kwh=2000), REST) == expected
    assert found(energy(min_kwh=1999), REST) == []


def test_power_no_connector_gives() -> None:
    fast = energy(min_power=50)
    expected = [("min_power_unreachable", "elements[0].restrictions.min_power", "WARNING")]

    assert found(fast, REST, setting=Setting(rated_kw=(None, Decimal(50)))) == expected, "the band ends below 50"
    assert found(fast, REST, setting=Setting(rated_kw=(Decimal(50), Decimal(50)))) == [], "exactly 50"
    assert found(fast, REST, setting=Setting(rated_kw=(None, Decimal(51)))) == []


def test_an_element_behind_one_that_always_applies() -> None:
    tariff = own(REST, energy(min_kwh=20))

    assert of("element_unreachable", tariff).message == ("Element 2 never counts: element 1 before it covers all that it is for.")
    assert found(REST, energy(min_kwh=20)) == [("element_unreachable", "elements[1]", "WARNING")]
    assert found(energy(min_kwh=20), REST) == []


@pytest.mark.parametrize(
    ("first", "second", "third"),
    [
        ({"start_time": "06:00", "end_time": "22:00"}, {"start_time": "22:00", "end_time": "06:00"}, {}),
        ({"max_kwh": 20}, {"min_kwh": 20}, {"min_kwh": 10, "max_kwh": 30}),
        ({"max_duration": 3600}, {"min_duration": 3600}, {"min_duration": 1800}),
        ({"end_date": "2026-09-01"}, {"start_date": "2026-09-01"}, {"day_of_week": ["MONDAY"]}),
        ({"day_of_week": ["SATURDAY", "SUNDAY"]}, {"day_of_week": ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"]}, {}),
        (
            {"day_of_week": ["SATURDAY"], "end_time": "12:00"},
            {"day_of_week": ["SATURDAY"], "start_time": "12:00"},
            {"start_date": "2026-09-05", "end_date": "2026-09-06"},
        ),
    ],
    ids=["clock", "kwh", "duration", "dates", "weekdays", "a date that is a Saturday"],
)  # fmt: skip
def test_an_element_behind_two_that_cover_it_together(first: dict, second: dict, third: dict) -> None:  # type: ignore[type-arg]
    elements = energy(**first), energy(**second), energy(**third), REST
    hidden = [one for one in found(*elements) if one[0] == "element_unreachable"]

    assert hidden == [("element_unreachable", "elements[2]", "WARNING")]
    assert "elements 1 and 2 before it cover" in of("element_unreachable", own(*elements)).message


@pytest.mark.parametrize(
    ("first", "second", "third"),
    [
        ({"start_time": "06:00", "end_time": "21:59"}, {"start_time": "22:00", "end_time": "06:00"}, {}),
        ({"max_kwh": "19.999"}, {"min_kwh": 20}, {"min_kwh": 10, "max_kwh": 30}),
        ({"max_duration": 3599}, {"min_duration": 3600}, {"min_duration": 1800}),
        ({"end_date": "2026-09-01"}, {"start_date": "2026-09-02"}, {"day_of_week": ["TUESDAY"]}),
        ({"max_power": 22}, {"min_power": 22}, {"max_power": 50}),
        ({"max_current": 16}, {"min_current": 16}, {}),
    ],
    ids=["a minute", "a watt-hour", "a second", "a Tuesday", "from 10 to 30 kW in one period", "not measured"],
)
def test_the_smallest_hole_keeps_an_element_alive(first: dict, second: dict, third: dict) -> None:  # type: ignore[type-arg]
    assert "element_unreachable" not in [one[0] for one in found(energy(**first), energy(**second), energy(**third), REST)]


def test_the_day_after_the_hole_is_covered_when_that_weekday_is_not_asked_for() -> None:
    """1 September 2026 is a Tuesday, the only day neither of the first two covers."""
    elements = energy(end_date="2026-09-01"), energy(start_date="2026-09-02"), energy(day_of_week=["MONDAY"]), REST

    assert ("element_unreachable", "elements[2]", "WARNING") in found(*elements)


def test_one_price_of_an_element_is_hidden_and_the_other_counts() -> None:
    assert found(element(ENERGY="0.30"), REST) == [("price_unreachable", "elements[1].price_components[0]", "WARNING")]
    assert found(IDLE, element(ENERGY="0.30")) == []


def test_reservations_hide_nothing_of_sessions_nor_expired_ones_of_used_ones() -> None:
    used, expired = {"reservation": "RESERVATION"}, {"reservation": "RESERVATION_EXPIRES"}

    assert found(element(expired, FLAT="4"), element(used, TIME="3"), element(used, FLAT="1"), REST) == []
    assert found(element(used, FLAT="4"), element(used, FLAT="3"), REST) == [("element_unreachable", "elements[1]", "WARNING")]
    assert found(element(used, FLAT="4"), element(expired, FLAT="3"), REST) == []


def test_a_reservation_has_a_fee_and_a_time_only() -> None:
    used = {"reservation": "RESERVATION"}

    assert found(element(used, FLAT="4", ENERGY="1"), REST) == [
        ("reservation_price", "elements[0].price_components[1]", "WARNING")
    ]
    assert found(element(used, TIME="6", PARKING_TIME="1.2"), REST) == [
        ("reservation_price", "elements[0].price_components[1]", "WARNING")
    ]
    assert found(element({**used, "min_kwh": 1}, TIME="6"), REST) == [
        ("min_kwh_unreachable", "elements[0].restrictions.min_kwh", "WARNING")
    ]


def test_two_prices_for_one_dimension_in_an_element() -> None:
    assert found(element(ENERGY=["0.40", "0.30"], PARKING_TIME="6")) == [
        ("component_twice", "elements[0].price_components[1]", "WARNING")
    ]
    assert found(element(ENERGY=["0.40", "0.35", "0.30"]), IDLE) == [
        ("component_twice", "elements[0].price_components[1]", "WARNING"),
        ("component_twice", "elements[0].price_components[2]", "WARNING"),
    ]


def test_windows_that_overlap() -> None:
    day, evening = energy(start_time="08:00", end_time="20:00"), energy(start_time="18:00", end_time="22:00")

    assert found(day, evening, REST) == [("overlap", "elements[1]", "INFO")]
    assert of("overlap", own(day, evening, REST)).message == (
        "Elements 1 and 2 both price energy at daily 18:00–20:00. There element 1 counts, as it comes first."
    )
    assert found(day, energy(start_time="20:00", end_time="22:00"), REST) == [], "they only touch"
    assert found(energy(start_time="09:00", end_time="10:00"), day, REST) == [], "an exception before the rule"
    assert found(day, energy(start_time="08:00", end_time="22:00"), REST) == []


def test_an_overlap_that_another_element_takes_is_none() -> None:
    first = energy(start_time="18:00", end_time="20:00")
    day, evening = energy(start_time="08:00", end_time="20:00"), energy(start_time="18:00", end_time="22:00")

    assert found(first, day, evening, REST) == []


def test_an_overlap_of_different_restrictions_is_said_in_words() -> None:
    weekday = energy(day_of_week=["MONDAY", "TUESDAY", "WEDNESDAY", "FRIDAY"], start_time="22:00")
    much = energy(min_kwh=30, max_duration=5400)

    assert of("overlap", own(weekday, much, REST)).message == (
        "Elements 1 and 2 both price energy at Mon–Wed and Fri 22:00–24:00, energy so far from 30 kWh on, "
        "time since start below 1 h 30 min. There element 1 counts, as it comes first."
    )


def test_several_start_fees() -> None:
    morning, else_ = element({"end_time": "12:00"}, FLAT="1", ENERGY="0.40"), element(FLAT="2", ENERGY="0.40")

    assert found(morning, else_, IDLE) == [("flat_several", "elements[1]", "INFO")]
    assert found(element(FLAT="1", ENERGY="0.40"), IDLE) == []
    assert found(element({"reservation": "RESERVATION"}, FLAT="1"), else_, IDLE) == []


def test_a_start_fee_that_always_comes_too_late() -> None:
    tiers = element({"max_kwh": 20}, FLAT="1", ENERGY="0.40"), element({"min_kwh": 20}, FLAT="2", ENERGY="0.40")

    assert found(*tiers, IDLE) == [("flat_too_late", "elements[1]", "WARNING"), ("flat_several", "elements[1]", "INFO")]
    # In the afternoon nothing is due at first, so there the later fee counts.
    morning = element({"max_kwh": 20, "end_time": "12:00"}, FLAT="1"), element({"min_kwh": 20}, FLAT="2")
    assert "flat_too_late" not in [one[0] for one in found(*morning, REST)]


def test_a_weekday_with_a_night() -> None:
    night = energy(start_time="22:00", end_time="06:00", day_of_week=["FRIDAY", "SATURDAY"])

    assert found(night, REST) == [("weekday_overnight", "elements[0].restrictions.day_of_week", "WARNING")]
    assert of("weekday_overnight", own(night, REST)).message == (
        "Element 1 runs past midnight (22:00–06:00) on some weekdays only. The weekday is that of each moment: "
        "it applies Fri 00:00–06:00, and not Sun 00:00–06:00."
    )
    assert found(energy(start_time="22:00", end_time="00:00", day_of_week=["FRIDAY"]), REST) == [], "ends at midnight"
    assert found(energy(start_time="22:00", end_time="00:01", day_of_week=["FRIDAY"]), REST) != []


def test_current_on_direct_current() -> None:
    slow = energy(max_current=32)
    expected = [("current_on_dc", "elements[0].restrictions.max_current", "WARNING")]

    assert found(slow, REST, setting=Setting(dc=True)) == expected
    assert found(slow, REST, setting=Setting(rated_kw=(Decimal(50), None))) == expected
    assert found(slow, REST, setting=Setting(rated_kw=(Decimal(43), None))) == []
    assert found(slow, REST, setting=Setting(dc=False, rated_kw=(Decimal(50), None))) == []
