"""Rules of the editor: every OCPI element goes through the form and comes out as it was."""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.pricing import Dimension
from billing.pricing.documents import load
from billing.tariff_cards import Card, CardPrice, card_of, element_of
from billing.tariff_elements import Elements, plain, stored
from chargebill.portal.tariff_fields import duration, step_words
from chargebill.portal.tariff_rules import KeptRule, RuleForm, elements_of, posted_rules, rules_of
from tests.tariffs.test_ocpi import VECTORS, documents


def posted(elements: Elements) -> QueryDict:
    """What a browser sends when the form of these elements is opened and sent unchanged."""
    data = QueryDict(mutable=True)
    for rule in rules_of(elements):
        data.appendlist("rule", rule.key)
        if isinstance(rule, KeptRule):
            data[f"rule-{rule.key}-kept"] = rule.text
            continue
        for field in rule:
            value = field.value()
            for item in value if isinstance(value, list) else [value]:
                if item not in (None, ""):
                    data.appendlist(field.html_name, str(item))
    return data


def through_the_form(elements: Elements) -> Elements:
    rules = posted_rules(posted(elements))
    assert [rule.errors for rule in rules if rule.errors] == []
    return elements_of(rules)


def number(most_decimals: int = 4, most: int = 999_999) -> st.SearchStrategy[str]:
    return st.decimals(0, most, places=most_decimals, allow_nan=False).map(plain)


COMPONENT = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["FLAT", "ENERGY", "TIME", "PARKING_TIME"]),
        "price": st.one_of(number(), number(most_decimals=7), number(2, 20)),
        "step_size": st.one_of(st.sampled_from([0, 1, 60, 300, 1000]), st.integers(0, 10**9)),
    },
    optional={"vat": number(2, 100)},
)
RESTRICTIONS = st.fixed_dictionaries(
    {},
    optional={
        "start_time": st.times().map(lambda t: f"{t:%H:%M}"),
        "end_time": st.times().map(lambda t: f"{t:%H:%M}"),
        "start_date": st.dates().map(date.isoformat),
        "end_date": st.dates().map(date.isoformat),
        "day_of_week": st.lists(
            st.sampled_from(["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]), min_size=1
        ),
        "min_kwh": number(),
        "max_kwh": number(most_decimals=6),
        "min_power": number(),
        "max_power": number(),
        "min_duration": st.integers(0, 10**9),
        "max_duration": st.integers(0, 10**6),
        "min_current": number(),
        "reservation": st.sampled_from(["RESERVATION", "RESERVATION_EXPIRES"]),
    },
)
ELEMENT = st.builds(
    lambda components, restrictions: {"price_components": components, **({"restrictions": restrictions} if restrictions else {})},
    st.lists(COMPONENT, min_size=1, max_size=5),
    RESTRICTIONS,
)


@settings(max_examples=300)
@given(st.lists(ELEMENT, max_size=4))
def test_any_elements_go_through_the_form_unchanged(elements: Elements) -> None:
    assert stored(elements) == elements
    assert through_the_form(elements) == elements


@pytest.mark.shared
def test_every_tariff_of_the_vectors_goes_through_the_form_unchanged() -> None:
    kept = 0
    for path in VECTORS:
        for document in documents(path):
            elements = stored(document["elements"])
            assert through_the_form(elements) == elements, path
            kept += sum(isinstance(rule, KeptRule) for rule in rules_of(elements))
    # Reservations and currents, and nothing else.
    assert kept == 13


def test_minute_prices_are_stored_by_the_hour_exactly() -> None:
    card = Card(prices={Dimension.PARKING_TIME: CardPrice(Decimal("0.0333"), "minute", 60)})
    element = element_of(card)
    assert element == {"price_components": [{"type": "PARKING_TIME", "price": "1.998", "step_size": 60}]}
    assert card_of(element) == card


def test_a_price_that_no_minute_price_equals_is_shown_by_the_hour() -> None:
    element = {"price_components": [{"type": "TIME", "price": "1", "step_size": 0}]}
    assert card_of(element) == Card(prices={Dimension.TIME: CardPrice(Decimal(1), "hour", 0)})


def test_the_last_day_is_the_day_before_ocpis_end() -> None:
    element = element_of(Card(end_date=date(2026, 9, 1), prices={Dimension.ENERGY: CardPrice(Decimal("0.4"))}))
    assert element["restrictions"] == {"end_date": "2026-09-01"}
    card = card_of(element)
    assert card is not None
    assert card.last_date == date(2026, 8, 31)


@pytest.mark.parametrize(
    ("restrictions", "why"),
    [
        ({"reservation": "RESERVATION"}, "for a reservation"),
        ({"min_current": "16"}, "16 A"),
        ({"min_kwh": "1.00001"}, "1.00001 kWh"),
    ],
)
def test_what_a_card_can_not_show_is_kept_and_said_in_words(restrictions: dict[str, Any], why: str) -> None:
    element = {"price_components": [{"type": "FLAT", "price": "4", "step_size": 1}], "restrictions": restrictions}
    (rule,) = rules_of([element])
    assert isinstance(rule, KeptRule)
    assert why in " ".join(rule.lines("EUR"))
    assert "4.00 EUR" in " ".join(rule.lines("EUR"))
    assert rule.element() == element


def test_a_kept_element_that_was_tampered_with_is_left_out() -> None:
    for text in ("{", '{"price_components": [{"type": "SUN", "price": 1}]}', "[" * 50_000, '{"price_components": 7}', "null"):
        assert posted_rules(QueryDict(f"rule=1&rule-1-kept={text}")) == []


def form(**typed: str) -> RuleForm:
    data = QueryDict(mutable=True)
    data.update({f"rule-1-{name}": value for name, value in {"price_ENERGY": "0.5", **typed}.items()})
    return RuleForm(data, key="1")


@pytest.mark.parametrize(
    ("typed", "stored_as"),
    [("22:00", "22:00"), ("7", "07:00"), ("7.30", "07:30"), ("730", "07:30"), ("24:00", "00:00"), ("0:05", "00:05")],
)
def test_times_are_understood_as_people_write_them(typed: str, stored_as: str) -> None:
    found = form(start_time=typed)
    assert found.is_valid(), found.errors
    assert found.card().start_time == stored_as


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [("4 h", 14400), ("90", 5400), ("90 min", 5400), ("1h30m", 5400), ("1 hour 30 minutes", 5400), ("45 s", 45), ("0", 0)],
)
def test_durations_are_understood_as_people_write_them(typed: str, seconds: int) -> None:
    found = form(min_s=typed)
    assert found.is_valid(), found.errors
    assert found.card().min_s == seconds


@given(st.integers(0, 10**9))
def test_every_duration_is_written_so_that_it_is_read_again(seconds: int) -> None:
    found = form(max_s=duration(seconds))
    assert found.is_valid(), found.errors
    assert found.card().max_s == seconds


WRONG: list[tuple[str, str, str]] = [
    ("price_ENERGY", "-0.10", "A price can't be negative."),
    ("price_ENERGY", "0.59881", "At most 4 digits behind the point, such as 0.5988."),
    ("price_ENERGY", "cheap", "This is no number. Write it like 0.59."),
    ("price_ENERGY", "NaN", "This is no number. Write it like 0.59."),
    ("price_ENERGY", "12345678", "This is too big for a price. Check the decimal point."),
    ("price_FLAT", "1,234.50", "This is no number. Write it like 0.59."),
    ("start_time", "25:00", "This is no time of day. Write it like 22:00."),
    ("start_time", "night", "This is no time of day. Write it like 22:00."),
    ("min_s", "long", "This is no duration. Write it like 4 h, 90 min or 1 h 30 min."),
    ("min_s", "9999999999", "This is too long for a session."),
    ("start_date", "soon", "This is no date. Write it like 2026-09-01."),
    ("last_date", "9999-12-31", "Leave it empty if there is no last day."),
    ("min_kwh", "-1", "A limit can't be negative."),
]


@pytest.mark.parametrize(("name", "typed", "sentence"), WRONG)
def test_wrong_input_is_refused_in_words(name: str, typed: str, sentence: str) -> None:
    assert form(**{name: typed}).errors == {name: [sentence]}


def test_a_rule_without_a_price_is_refused_and_a_price_of_nothing_is_one() -> None:
    assert form(price_ENERGY="").non_field_errors() == ["This rule has no price. Enter one (0 is free), or remove the rule."]
    free = form(price_ENERGY="0")
    assert free.is_valid()
    assert free.element() == {"price_components": [{"type": "ENERGY", "price": "0", "step_size": 0}]}


def test_a_decimal_comma_is_understood() -> None:
    found = form(price_ENERGY="0,59")
    assert found.is_valid()
    assert found.card().prices[Dimension.ENERGY].price == Decimal("0.59")


def test_steps_are_said_in_words() -> None:
    energy = [step_words(Dimension.ENERGY, step) for step in (0, 1, 25, 1000, 8000)]
    assert energy == ["exactly as used", "per started Wh", "per started 0.025 kWh", "per started kWh", "per started 8 kWh"]
    idle = [step_words(Dimension.PARKING_TIME, step) for step in (1, 60, 420, 900, 3600)]
    assert idle == [f"per started {unit}" for unit in ("second", "minute", "7 min", "15 min", "hour")]


def test_the_order_of_the_rules_is_that_of_the_page() -> None:
    elements = [{"price_components": [{"type": "ENERGY", "price": price, "step_size": 0}]} for price in ("1", "2", "3")]
    data = posted(elements)
    data.setlist("rule", ["3", "1", "2"])
    assert [e["price_components"][0]["price"] for e in elements_of(_valid(posted_rules(data)))] == ["3", "1", "2"]
    # The same key twice is one rule.
    data.setlist("rule", ["3", "3"])
    assert len(posted_rules(data)) == 1


def _valid(rules: Any) -> Iterator[Any]:
    for rule in rules:
        assert not rule.errors
        yield rule


def test_what_is_stored_reads_the_same_from_a_document() -> None:
    document = {
        "price_components": [{"type": "energy", "price": "0.50", "step_size": Decimal(1), "vat": None}],
        "restrictions": {"min_kwh": Decimal("1E+1"), "max_power": "", "day_of_week": ["monday"], "min_duration": "60"},
    }
    assert stored([document]) == [
        {
            "price_components": [{"type": "ENERGY", "price": "0.5", "step_size": 1}],
            "restrictions": {"min_kwh": "10", "day_of_week": ["MONDAY"], "min_duration": 60},
        }
    ]
    assert load(json.dumps(stored([document]))) is not None
