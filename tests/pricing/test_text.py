"""A tariff in plain words: everything it says is said, in English and German."""

import random
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from billing.pricing.model import (
    ALWAYS,
    Component,
    Dimension,
    Element,
    Limit,
    Restrictions,
    Tariff,
    Untaxed,
)
from billing.pricing.text import component, conditions, dimension_label, line_reason, money, tariff_text
from billing.pricing.text.choices import of_dimension

D = Decimal
NIGHT = Restrictions(start_minute=22 * 60, end_minute=7 * 60)
WEEKDAYS = frozenset(range(5))


def priced(dimension: Dimension, price: str, step: int = 0, vat: str | None = None) -> Component:
    return Component(dimension, D(price), step, D(vat) if vat else None)


def tariff(*elements: Element, **more: Any) -> Tariff:
    return Tariff("Night owl", 3, "EUR", more.pop("tax_included", True), elements, **more)


@pytest.mark.parametrize(
    ("amount", "currency", "english", "german"),
    [
        ("0.49", "EUR", "0.49 EUR", "0,49 EUR"),
        ("0.5", "EUR", "0.50 EUR", "0,50 EUR"),
        ("0.3840", "GBP", "0.384 GBP", "0,384 GBP"),
        ("0.123456789012345", "EUR", "0.123456789012345 EUR", "0,123456789012345 EUR"),
        ("12", "JPY", "12 JPY", "12 JPY"),
        ("12.50", "JPY", "12.5 JPY", "12,5 JPY"),
        ("1E+3", "EUR", "1000.00 EUR", "1000,00 EUR"),
        ("-0.1", "BHD", "-0.100 BHD", "-0,100 BHD"),
        ("0", "EUR", "0.00 EUR", "0,00 EUR"),
    ],
)
def test_money_has_all_its_digits(amount, currency, english, german):
    assert money(D(amount), currency, "en") == english
    assert money(D(amount), currency, "de") == german


@pytest.mark.parametrize(
    ("restrictions", "english", "german"),
    [
        (ALWAYS, "", ""),
        (replace(NIGHT, days=WEEKDAYS), "22:00-07:00, Mon-Fri", "22–7 Uhr, Mo–Fr"),
        (Restrictions(start_minute=390, end_minute=1440), "06:30-24:00", "6:30–24:00 Uhr"),
        (Restrictions(days=frozenset({0, 1, 4, 6})), "Mon-Tue, Fri, Sun", "Mo–Di, Fr, So"),
        (Restrictions(days=frozenset(range(7))), "", ""),
        (Restrictions(min_kwh=D(20)), "after the first 20 kWh", "nach den ersten 20 kWh"),
        (Restrictions(max_kwh=D("20.5")), "for the first 20.5 kWh", "für die ersten 20,5 kWh"),
        (Restrictions(min_kwh=D(20), max_kwh=D(50)), "between 20 and 50 kWh", "zwischen 20 und 50 kWh"),
        (Restrictions(min_duration_s=14400), "after 4 hours", "nach 4 Stunden"),
        (Restrictions(max_duration_s=5400), "in the first 1 h 30 min", "in den ersten 1 Std. 30 min"),
        (Restrictions(max_duration_s=3600), "in the first hour", "in der ersten Stunde"),
        (Restrictions(max_power_kw=D(50)), "below 50 kW measured", "unter 50 kW gemessen"),
        (
            Restrictions(min_current_a=D(16), max_current_a=D(32)),
            "from 16 to below 32 A measured",
            "ab 16 bis unter 32 A gemessen",
        ),
        # The end is the first day that no longer counts.
        (
            Restrictions(start_date=date(2026, 7, 1), end_date=date(2026, 9, 1)),
            "1 Jul 2026 to 31 Aug 2026",
            "1. Juli 2026 bis 31. Aug. 2026",
        ),
        (Restrictions(start_date=date(2026, 7, 1), end_date=date(2026, 7, 2)), "on 1 Jul 2026", "am 1. Juli 2026"),
        (
            Restrictions(reservation="RESERVATION_EXPIRES"),
            "if the reservation lapses unused",
            "wenn die Reservierung ungenutzt verfällt",
        ),
    ],
)
def test_conditions_are_said_in_words(restrictions, english, german):
    assert conditions(restrictions, "en") == english
    assert conditions(restrictions, "de") == german


def test_a_component_says_what_it_is_the_price_of():
    assert component(priced(Dimension.ENERGY, "0.384"), NIGHT, "GBP", "en") == "0.384 GBP per kWh, 22:00-07:00"
    assert component(priced(Dimension.TIME, "2.4", 900), ALWAYS, "EUR", "de") == (
        "0,04 EUR pro min Ladezeit, abgerechnet je angefangene 15 min"
    )
    assert component(priced(Dimension.PARKING_TIME, "2"), ALWAYS, "EUR", "en") == (
        "2.00 EUR per hour of idle time (about 0.0333 EUR per min)"
    )
    assert component(priced(Dimension.TIME, "6"), Restrictions(reservation="RESERVATION"), "EUR", "en") == (
        "0.10 EUR per min reserved"
    )


def test_a_line_says_why_it_is_there():
    assert line_reason(Dimension.ENERGY, priced(Dimension.ENERGY, "1"), NIGHT) == "Energy, 22:00-07:00"
    assert (
        line_reason(Dimension.PARKING_TIME, priced(Dimension.PARKING_TIME, "1"), Restrictions(days=WEEKDAYS))
        == "Idle time after charging ended, Mon-Fri"
    )
    assert line_reason(Dimension.FLAT, priced(Dimension.FLAT, "1"), ALWAYS) == "Start fee, once per session"
    lapsed = Restrictions(reservation="RESERVATION_EXPIRES")
    assert line_reason(Dimension.RESERVATION_FLAT, priced(Dimension.FLAT, "1"), lapsed) == (
        "Reservation fee, once per reservation, if the reservation lapses unused"
    )
    assert line_reason(Dimension.TIME, priced(Dimension.TIME, "1", 900), ALWAYS) == "Charging time, billed per started 15 min"
    assert line_reason(Dimension.MAX_PRICE, None, language="de") == "Bis auf den Höchstpreis eines Ladevorgangs"


def test_every_dimension_has_a_label_and_a_reason_in_both_languages():
    for language in ("en", "de"):
        assert len({dimension_label(dimension, language) for dimension in Dimension}) == len(Dimension)
        assert len({line_reason(dimension, None, language=language) for dimension in Dimension}) == len(Dimension)


FULL = tariff(
    Element((priced(Dimension.ENERGY, "0.384", 1), priced(Dimension.PARKING_TIME, "0")), NIGHT),
    Element(
        (
            priced(Dimension.ENERGY, "0.49", 1),
            priced(Dimension.TIME, "0.6", 60),
            priced(Dimension.PARKING_TIME, "6", 900),
            priced(Dimension.FLAT, "0.5"),
        )
    ),
    Element((priced(Dimension.TIME, "3"), priced(Dimension.FLAT, "2")), Restrictions(reservation="RESERVATION")),
    min_price=Limit(gross=D("0.8")),
    max_price=Limit(gross=D(80)),
    grace_s=1800,
    parking_cap=D(12),
)


def test_a_whole_tariff_in_english():
    assert tariff_text(FULL) == (
        "Energy: 0.384 EUR per kWh, 22:00-07:00; otherwise 0.49 EUR per kWh.",
        "Charging time: 0.01 EUR per min.",
        "Idle time after charging ended: free, 22:00-07:00; otherwise 0.10 EUR per min (billed per started 15 min).",
        "Start fee: 0.50 EUR per session.",
        "At least 0.80 EUR per session.",
        "At most 80.00 EUR per session.",
        "Idle time is free for the first 30 min.",
        "Idle time costs at most 12.00 EUR per session.",
        "Energy: billed by the Wh.",
        "Charging time: billed per started minute.",
        "Reservation fee: 2.00 EUR per reservation.",
        "Reserved time: 0.05 EUR per min.",
        "Prices include tax.",
    )


def test_a_whole_tariff_in_german():
    assert tariff_text(FULL, language="de") == (
        "Energie: 0,384 EUR pro kWh, 22–7 Uhr; sonst 0,49 EUR pro kWh.",
        "Ladezeit: 0,01 EUR pro min.",
        "Standzeit nach Ladeende: kostenlos, 22–7 Uhr; sonst 0,10 EUR pro min (abgerechnet je angefangene 15 min).",
        "Startgebühr: 0,50 EUR je Ladevorgang.",
        "Mindestens 0,80 EUR je Ladevorgang.",
        "Höchstens 80,00 EUR je Ladevorgang.",
        "Standzeit ist in den ersten 30 min kostenlos.",
        "Standzeit kostet höchstens 12,00 EUR je Ladevorgang.",
        "Energie: abgerechnet je Wh.",
        "Ladezeit: abgerechnet je angefangene Minute.",
        "Reservierungsgebühr: 2,00 EUR je Reservierung.",
        "Reservierte Zeit: 0,05 EUR pro min.",
        "Preise inkl. Steuer.",
    )


def test_a_price_nothing_else_competes_with_needs_no_otherwise():
    day = Restrictions(start_minute=7 * 60, end_minute=22 * 60)
    text = tariff_text(
        tariff(Element((priced(Dimension.ENERGY, "0.3"),), NIGHT), Element((priced(Dimension.ENERGY, "0.5"),), day)),
        tax_sentence=False,
    )
    assert text == ("Energy: 0.30 EUR per kWh, 22:00-07:00; 0.50 EUR per kWh, 07:00-22:00.",)


def test_what_is_left_over_is_said_to_be_free():
    text = tariff_text(tariff(Element((priced(Dimension.TIME, "1.2"),), Restrictions(min_duration_s=14400))), tax_sentence=False)
    assert text == ("Charging time: 0.02 EUR per min, after 4 hours; otherwise free.",)


def test_power_nobody_measured_is_left_over():
    slow, fast = Restrictions(max_power_kw=D(50)), Restrictions(min_power_kw=D(50))
    text = tariff_text(
        tariff(Element((priced(Dimension.ENERGY, "0.4"),), slow), Element((priced(Dimension.ENERGY, "0.6"),), fast)),
        tax_sentence=False,
    )
    assert text == ("Energy: 0.40 EUR per kWh, below 50 kW measured; 0.60 EUR per kWh, from 50 kW measured; otherwise free.",)


def test_a_price_that_can_never_apply_is_left_out():
    text = tariff_text(
        tariff(Element((priced(Dimension.ENERGY, "0.4"),)), Element((priced(Dimension.ENERGY, "9"),), NIGHT)), tax_sentence=False
    )
    assert text == ("Energy: 0.40 EUR per kWh.",)


def test_a_tariff_without_prices_is_free_of_charge():
    assert tariff_text(tariff(), tax_sentence=False) == ("Charging is free of charge.",)


def test_tax_is_said_as_far_as_it_is_known():
    def last(**more: Any) -> str:
        return tariff_text(tariff(Element((priced(Dimension.ENERGY, "0.4", vat=more.pop("vat", None)),)), **more))[-1]

    assert last() == "Prices include tax."
    assert last(tax_included=False) == "Prices exclude tax."
    assert last(tax_included=False, vat="19") == "Prices exclude 19 % tax."
    assert last(untaxed=Untaxed.UNKNOWN) == "Prices include tax; the rate is not stated."
    assert last(tax_included=False, without_tax=True) == "Prices exclude tax; this kind of tariff can't say which."


def test_different_taxes_stand_beside_their_prices():
    text = tariff_text(
        tariff(Element((priced(Dimension.ENERGY, "0.4", vat="19"), priced(Dimension.FLAT, "1", vat="7"))), tax_included=False)
    )
    assert text == (
        "Energy: 0.40 EUR per kWh (plus 19 % tax).",
        "Start fee: 1.00 EUR per session (plus 7 % tax).",
        "Prices exclude tax.",
    )


CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("currency", {"currency": "GBP"}),
    ("tax", {"tax_included": False}),
    ("untaxed", {"untaxed": Untaxed.UNKNOWN}),
    ("without tax", {"without_tax": True}),
    ("minimum", {"min_price": Limit(gross=D("0.81"))}),
    ("minimum's side", {"min_price": Limit(net=D("0.8"))}),
    ("minimum's other side", {"min_price": Limit(net=D("0.7"), gross=D("0.8"))}),
    ("no minimum", {"min_price": None}),
    ("maximum", {"max_price": Limit(gross=D(81))}),
    ("no maximum", {"max_price": None}),
    ("grace", {"grace_s": 1801}),
    ("cap", {"parking_cap": D("12.01")}),
    ("cap of nothing", {"parking_cap": D(0)}),
    ("start", {"starts_at": datetime(2026, 9, 1, 0, 0, 1, tzinfo=UTC)}),
    ("end", {"ends_at": datetime(2026, 9, 1, tzinfo=UTC)}),
]


@pytest.mark.parametrize("change", [change for _, change in CHANGES], ids=[name for name, _ in CHANGES])
def test_changing_a_value_of_the_tariff_changes_its_text(change):
    for language in ("en", "de"):
        assert tariff_text(replace(FULL, **change), language=language) != tariff_text(FULL, language=language)


RESTRICTED = Restrictions(
    start_minute=60,
    end_minute=120,
    start_date=date(2026, 1, 1),
    end_date=date(2026, 2, 1),
    min_kwh=D(1),
    max_kwh=D(2),
    min_current_a=D(3),
    max_current_a=D(4),
    min_power_kw=D(5),
    max_power_kw=D(6),
    min_duration_s=70,
    max_duration_s=80,
    days=frozenset({1}),
)
OTHERWISE: dict[str, Any] = {
    "start_minute": 61,
    "end_minute": 121,
    "start_date": date(2026, 1, 2),
    "end_date": date(2026, 2, 2),
    "min_kwh": D("1.0001"),
    "max_kwh": D("2.0001"),
    "min_current_a": D("3.0001"),
    "max_current_a": D("4.0001"),
    "min_power_kw": D("5.0001"),
    "max_power_kw": D("6.0001"),
    "min_duration_s": 71,
    "max_duration_s": 81,
    "days": frozenset({2}),
    "reservation": "RESERVATION",
}


@pytest.mark.parametrize("name", [field.name for field in fields(Restrictions)])
def test_changing_or_dropping_a_condition_changes_the_text(name):
    components = tuple(priced(dimension, "1.2") for dimension in (Dimension.ENERGY, Dimension.TIME))
    plain = tariff(Element(components, RESTRICTED))
    for value in (OTHERWISE[name], "" if name == "reservation" else None):
        if value == getattr(RESTRICTED, name):
            continue
        changed = tariff(Element(components, replace(RESTRICTED, **{name: value})))
        for language in ("en", "de"):
            assert tariff_text(changed, language=language) != tariff_text(plain, language=language)


# Few values each, so that restrictions overlap, meet and hide each other.
def random_restrictions(chance: random.Random) -> Restrictions:
    found: dict[str, Any] = {}
    for low, high, values in (
        ("start_minute", "end_minute", (0, 7 * 60, 22 * 60)),
        ("min_kwh", "max_kwh", (D(0), D(20), D(50))),
        ("min_duration_s", "max_duration_s", (0, 3600, 14400)),
        ("min_power_kw", "max_power_kw", (D(0), D(50), D(150))),
        ("start_date", "end_date", (date(2026, 6, 1), date(2026, 9, 1))),
    ):
        if chance.random() < 0.25:
            found[low] = chance.choice((None, *values))
            found[high] = chance.choice((None, *values))
    # As documents are read: a missing start is the day's, a missing end and 00:00 the day's end.
    if found.get("start_minute") is not None or found.get("end_minute") is not None:
        found["start_minute"], found["end_minute"] = found["start_minute"] or 0, found["end_minute"] or 1440
    if chance.random() < 0.2:
        found["days"] = frozenset(chance.sample(range(7), chance.randint(1, 7)))
    if chance.random() < 0.3:
        found["reservation"] = chance.choice(("RESERVATION", "RESERVATION_EXPIRES"))
    return Restrictions(**found)


def random_tariff(chance: random.Random) -> Tariff:
    def component() -> Component:
        dimension = chance.choice((Dimension.ENERGY, Dimension.TIME, Dimension.PARKING_TIME, Dimension.FLAT))
        return Component(dimension, D(chance.choice(("0", "0.3", "0.6", "2"))), chance.choice((0, 0, 1, 900)))

    elements = tuple(
        Element(tuple(component() for _ in range(chance.randint(1, 3))), random_restrictions(chance))
        for _ in range(chance.randint(1, 4))
    )
    return tariff(*elements)


Situation = dict[str, Any]


def random_situation(chance: random.Random) -> Situation:
    lowest, highest = sorted(chance.choices((D(0), D(10), D(49), D(50), D(149), D(150), D(300)), k=2))
    measured = chance.random() < 0.8
    return {
        "minute": chance.choice((0, 419, 420, 720, 1319, 1320, 1439)),
        "day": chance.randrange(7),
        "date": chance.choice((date(2026, 5, 31), date(2026, 6, 1), date(2026, 8, 31), date(2026, 9, 1))),
        "kwh": chance.choice((D(0), D("19.9"), D(20), D(49), D(50))),
        "duration": chance.choice((0, 3599, 3600, 14399, 14400)),
        "power": (lowest, highest) if measured else None,
        "lapsed": chance.random() < 0.5,
    }


def holds(r: Restrictions, s: Situation) -> bool:
    """Written from the rules (pricing.md, section 4), not from the code under test."""
    start, end = r.start_minute or 0, 1440 if r.end_minute is None else r.end_minute
    if start % 1440 != end % 1440:
        inside = start <= s["minute"] < end if start < end else not end <= s["minute"] < start
        if not inside:
            return False
    bounds = [(r.start_date, r.end_date, s["date"]), (r.min_kwh, r.max_kwh, s["kwh"])]
    bounds.append((r.min_duration_s, r.max_duration_s, s["duration"]))
    for low, high, value in bounds:
        if (low is not None and value < low) or (high is not None and value >= high):
            return False
    if r.min_power_kw is not None or r.max_power_kw is not None:
        if s["power"] is None:
            return False
        if r.min_power_kw is not None and s["power"][0] < r.min_power_kw:
            return False
        if r.max_power_kw is not None and s["power"][1] >= r.max_power_kw:
            return False
    if r.days is not None and s["day"] not in r.days:
        return False
    return r.reservation != "RESERVATION_EXPIRES" or s["lapsed"]


def chosen(priced: Tariff, dimension: Dimension, s: Situation) -> Component | None:
    reserved = dimension in (Dimension.RESERVATION_FLAT, Dimension.RESERVATION_TIME)
    kind = {Dimension.RESERVATION_FLAT: Dimension.FLAT, Dimension.RESERVATION_TIME: Dimension.TIME}.get(dimension, dimension)
    # Of a lapsed reservation the elements for that come first (pricing.md, section 4).
    for element in sorted(priced.elements, key=lambda element: element.restrictions.reservation != "RESERVATION_EXPIRES"):
        if bool(element.restrictions.reservation) == reserved and holds(element.restrictions, s):
            for found in element.components:
                if found.dimension is kind:
                    return found
    return None


ASKED = (
    Dimension.ENERGY,
    Dimension.TIME,
    Dimension.PARKING_TIME,
    Dimension.FLAT,
    Dimension.RESERVATION_FLAT,
    Dimension.RESERVATION_TIME,
)


def test_two_tariffs_with_one_text_never_charge_differently():
    """Mutations of random tariffs: where the text stays the same, so does the price in every situation asked."""
    chance = random.Random(20261126)
    same = different = 0
    for _ in range(1200):
        one = random_tariff(chance)
        other = random_tariff(chance)
        position = chance.randrange(len(one.elements))
        elements = list(one.elements)
        elements[position] = chance.choice(
            (other.elements[0], replace(elements[position], restrictions=other.elements[0].restrictions))
        )
        other = replace(one, elements=tuple(elements))
        if tariff_text(one) != tariff_text(other):
            different += 1
            continue
        same += 1
        for _ in range(60):
            situation = random_situation(chance)
            for dimension in ASKED:
                before, after = chosen(one, dimension, situation), chosen(other, dimension, situation)
                assert (before.price if before else 0) == (after.price if after else 0), (one, other, situation)
    assert different > 800
    assert same > 20


def test_what_is_said_is_what_is_charged():
    """The choices the text is made of decide as the tariff does, and "otherwise" stands where an order matters."""
    chance = random.Random(7)
    left_over = hidden = 0
    for _ in range(500):
        given = random_tariff(chance)
        for dimension in ASKED:
            choices, left = of_dimension(given, dimension)
            for _ in range(15):
                situation = random_situation(chance)
                hits = [choice for choice in choices if holds(choice.restrictions, situation)]
                right = chosen(given, dimension, situation)
                assert (hits[0].component if hits else None) == right
                assert all(choice.otherwise for choice in hits[1:])
                if right is None:
                    left_over += 1
                    assert left
            hidden += dimension is Dimension.ENERGY and len(choices) < sum(
                found.dimension is dimension for element in given.elements for found in element.components
            )
    assert left_over > 400
    assert hidden > 40


def test_a_tariff_of_many_overlapping_conditions_is_said():
    chance = random.Random(5)
    elements = [
        Element(
            (priced(Dimension.ENERGY, "0.5"),),
            Restrictions(
                start_minute=chance.randrange(700),
                end_minute=chance.randrange(700, 1440),
                min_kwh=D(chance.randrange(50)),
                max_kwh=D(chance.randrange(50, 100)),
                min_duration_s=chance.randrange(5000),
                max_duration_s=chance.randrange(5000, 9000),
                min_power_kw=D(chance.randrange(50)),
                max_power_kw=D(chance.randrange(50, 99)),
            ),
        )
        for _ in range(60)
    ]
    choices, left = of_dimension(tariff(*elements), Dimension.ENERGY)
    assert len(choices) > 50
    assert [choice.otherwise for choice in choices] == [False] + [True] * (len(choices) - 1)
    assert left
