"""The difference between two versions, and the picture of a week."""

from datetime import date
from decimal import Decimal
from typing import Any

from billing.pricing import Dimension
from billing.tariff_content import Content, core_of
from billing.tariff_diff import Difference, differences
from billing.tariff_week import Stretch, Week, week_of
from tests.tariffs.conftest import replace

ALWAYS: dict[str, Any] = {}
NIGHT = {"start_time": "22:00", "end_time": "06:30"}


def element(restrictions: dict[str, Any] = ALWAYS, **prices: str) -> dict[str, Any]:
    components = [{"type": kind, "price": price, "step_size": 0} for kind, price in prices.items()]
    return {"price_components": components, **({"restrictions": restrictions} if restrictions else {})}


OLD = Content(tax_included=True, elements=[element(NIGHT, ENERGY="0.39"), element(ENERGY="0.49", FLAT="0.35")])


def told(new: Content, old: Content = OLD) -> list[Difference]:
    return differences(old, new, currency="EUR")


def test_the_same_is_no_difference() -> None:
    assert told(OLD) == []
    # What a document says beside prices nothing.
    assert told(replace(OLD, ocpi={"id": "x"})) == []


def test_a_price_that_changed_is_told_with_its_rule() -> None:
    new = [element(NIGHT, ENERGY="0.35"), element(ENERGY="0.49", PARKING_TIME="6")]
    assert told(replace(OLD, elements=new)) == [
        Difference("changed", "22:00-06:30", "0.39 EUR per kWh", "0.35 EUR per kWh"),
        Difference("removed", "Always", "0.35 EUR per session", ""),
        Difference("added", "Always", "", "0.10 EUR per min of idle time"),
    ]


def test_rules_come_go_and_change_places() -> None:
    weekend = {"day_of_week": ["SATURDAY", "SUNDAY"]}
    assert told(replace(OLD, elements=[OLD.elements[1], element(weekend, ENERGY="0.29")])) == [
        Difference("added", "Sat-Sun", "", "0.29 EUR per kWh"),
        Difference("removed", "22:00-06:30", "0.39 EUR per kWh", ""),
    ]
    assert told(replace(OLD, elements=OLD.elements[::-1])) == [
        Difference("changed", "Order of the rules", "22:00-06:30 → Always", "Always → 22:00-06:30")
    ]


def test_two_rules_with_the_same_conditions_are_compared_in_order() -> None:
    twice = Content(tax_included=True, elements=[element(ENERGY="1"), element(ENERGY="2", FLAT="3")])
    new = replace(twice, elements=[element(ENERGY="1"), element(ENERGY="2", FLAT="4")])
    assert told(new, twice) == [Difference("changed", "Always", "3.00 EUR per session", "4.00 EUR per session")]


def test_what_holds_for_all_of_the_tariff_is_told() -> None:
    new = replace(
        OLD,
        tax_included=False,
        tax_category="REDUCED",
        min_price=Decimal("0.5"),
        max_price=Decimal(20),
        grace_minutes=15,
        parking_cap=Decimal("12.5"),
    )
    assert told(new) == [
        Difference("changed", "Tax", "included in the prices", "added to the prices"),
        Difference("changed", "Tax category", "Standard rate", "Reduced rate"),
        Difference("added", "Minimum price", "", "0.50 EUR per session"),
        Difference("added", "Maximum price", "", "20.00 EUR per session"),
        Difference("added", "Free idle time after charging", "", "15 min"),
        Difference("added", "Idle time costs at most", "", "12.50 EUR per session"),
    ]
    assert told(OLD, new)[2] == Difference("removed", "Minimum price", "0.50 EUR per session", "")


# The week


def week(content: Content, day: date = date(2026, 11, 26)) -> Week:
    return week_of(core_of(content, name="", version=0, currency="EUR"), day=day)


def prices(energy: str, charging: str = "0", idle: str = "0") -> tuple[Decimal, ...]:
    return Decimal(energy), Decimal(charging), Decimal(idle)


def test_a_day_is_cut_where_its_prices_change() -> None:
    found = week(OLD)
    assert found.monday == date(2026, 11, 23)
    night, noon = prices("0.39"), prices("0.49")
    assert found.days == ((Stretch(0, 390, night), Stretch(390, 1320, noon), Stretch(1320, 1440, night)),) * 7
    assert [len(found.hour(0, hour)) for hour in (5, 6, 7, 21, 22)] == [1, 2, 1, 1, 1]
    assert found.levels(Dimension.ENERGY) == [Decimal("0.39"), Decimal("0.49")]
    assert len(found.levels(Dimension.PARKING_TIME)) == 1


def test_weekdays_and_dates_are_those_of_that_week() -> None:
    weekend = {"day_of_week": ["SATURDAY", "SUNDAY"]}
    holidays = {"start_date": "2026-11-25", "end_date": "2026-11-26"}
    content = replace(
        OLD, elements=[element(holidays, ENERGY="0.1"), element(weekend, ENERGY="0.29", PARKING_TIME="6"), element(TIME="3")]
    )
    charging, holiday, cheap = prices("0", "0.05"), prices("0.1", "0.05"), prices("0.29", "0.05", "0.1")
    found = week(content)
    assert [day[0].prices for day in found.days] == [charging, charging, holiday, charging, charging, cheap, cheap]
    assert all(len(day) == 1 for day in found.days)


def test_bounds_on_the_whole_session_are_not_in_the_picture() -> None:
    idle = [element(ENERGY="0.49", PARKING_TIME="6")]
    content = replace(OLD, elements=idle, min_price=Decimal(5), max_price=Decimal(6), grace_minutes=30, parking_cap=Decimal(1))
    assert week(content).days[3] == (Stretch(0, 1440, prices("0.49", "0", "0.1")),)


def test_a_price_that_begins_later_in_the_session_is_not_there_at_its_start() -> None:
    later = [element({"min_duration": 14400}, TIME="1"), element({"min_power": "50"}, ENERGY="0.79"), element(ENERGY="0.49")]
    assert week(replace(OLD, elements=later)).days[0] == (Stretch(0, 1440, prices("0.49")),)


def test_prices_before_tax_are_shown_before_tax() -> None:
    assert week(replace(OLD, tax_included=False)).levels(Dimension.ENERGY) == [Decimal("0.39"), Decimal("0.49")]
