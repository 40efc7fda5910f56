"""A tariff as one moment sees it, and with tax in its prices."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from billing.pricing import (
    Anchor,
    ChargingPeriod,
    Component,
    Dimension,
    Element,
    Limit,
    Restrictions,
    Tariff,
    Tax,
    Usage,
    price,
)
from billing.pricing.text import tariff_text
from billing.pricing.text.moments import at_local, including_tax, possible_changes
from tests.pricing.test_text import random_tariff

D = Decimal
BERLIN = ZoneInfo("Europe/Berlin")
VAT = {dimension: Tax(D(19), "V19") for dimension in Dimension}


def energy(price: str, **when: object) -> Element:
    return Element((Component(Dimension.ENERGY, D(price)),), Restrictions(**when))  # type: ignore[arg-type]


def tariff(*elements: Element, **more: object) -> Tariff:
    return Tariff("T", 1, "EUR", **{"tax_included": True, "elements": elements, **more})  # type: ignore[arg-type]


def without_steps(given: Tariff) -> Tariff:
    """What is free at a moment counts as priced, which decides whose step counts: prices are compared without steps."""
    elements = (
        replace(element, components=tuple(replace(found, step_size=0) for found in element.components))
        for element in given.elements
    )
    return replace(given, elements=tuple(elements))


def test_only_what_applies_at_the_moment_is_left_without_its_times():
    night = tariff(energy("0.3", start_minute=1320, end_minute=420, min_kwh=D(20)), energy("0.5"))
    assert tariff_text(at_local(night, datetime(2026, 11, 26, 23, 0)), tax_sentence=False) == (  # noqa: DTZ001
        "Energy: 0.30 EUR per kWh, after the first 20 kWh; otherwise 0.50 EUR per kWh.",
    )
    assert tariff_text(at_local(night, datetime(2026, 11, 26, 7, 0)), tax_sentence=False) == (  # noqa: DTZ001
        "Energy: 0.50 EUR per kWh.",
    )


def test_what_costs_something_at_other_times_only_is_said_to_be_free():
    idle = Element((Component(Dimension.PARKING_TIME, D(6)),), Restrictions(start_minute=480, end_minute=1080))
    assert tariff_text(at_local(tariff(energy("0.5"), idle), datetime(2026, 11, 26, 20, 0)), tax_sentence=False) == (  # noqa: DTZ001
        "Energy: 0.50 EUR per kWh.",
        "Idle time after charging ended: free.",
    )


def test_a_moment_of_a_tariff_costs_what_the_tariff_costs_then():
    """Compared with the pricing call, for a short session that starts then, at random tariffs and moments."""
    chance = random.Random(11)
    compared = 0
    for _ in range(400):
        given = without_steps(random_tariff(chance))
        start = datetime(2026, 5, 30, tzinfo=UTC) + timedelta(minutes=chance.randrange(60 * 24 * 100))
        period = ChargingPeriod(
            start,
            start + timedelta(minutes=1),
            D(chance.choice(("0.5", "25"))),
            charging_s=30,
            parking_s=30,
            min_power_kw=D(40),
            max_power_kw=D(60),
        )
        usage = Usage((period,), "Europe/Berlin")
        whole = price(usage, given, taxes=VAT, anchor=Anchor.GROSS)
        now = price(usage, at_local(given, start.astimezone(BERLIN)), taxes=VAT, anchor=Anchor.GROSS)
        assert now.exact_gross == whole.exact_gross, (given, start)
        compared += bool(whole.gross)
    assert compared > 150


def test_every_minute_of_a_week_with_the_end_of_summer_time_is_among_the_possible_changes():
    """Walks the week minute by minute and misses none at which the tariff of the moment changes."""
    given = tariff(
        energy("0.1", start_minute=150, end_minute=165),
        energy("0.2", days=frozenset({2, 6}), start_minute=1320, end_minute=420),
        energy("0.3", start_date=date(2026, 10, 24), end_date=date(2026, 10, 26)),
        energy("0.4"),
    )
    start, end = datetime(2026, 10, 21, 12, tzinfo=UTC), datetime(2026, 10, 28, 12, tzinfo=UTC)
    at, before, changes = start, at_local(given, start.astimezone(BERLIN)), []
    while (at := at + timedelta(minutes=1)) < end:
        if (now := at_local(given, at.astimezone(BERLIN))) != before:
            changes.append(at)
        before = now
    assert len(changes) > 20
    # The clocks go back at 03:00, so 02:45 comes twice, and the price of 02:30 to 02:45 with it.
    assert datetime(2026, 10, 25, 1, 45, tzinfo=UTC) in changes
    possible = possible_changes([given], start=start, end=end, zone=BERLIN)
    assert set(changes) <= set(possible)
    assert len(possible) < 80


def test_the_hour_that_is_skipped_hides_no_change():
    given = tariff(energy("0.1", start_minute=150, end_minute=300), energy("0.4"))
    start = datetime(2026, 3, 29, 0, tzinfo=UTC)
    possible = possible_changes([given], start=start, end=start + timedelta(hours=6), zone=BERLIN)
    # 02:30 does not exist: the price begins where the clocks jump from 02:00 to 03:00.
    assert datetime(2026, 3, 29, 1, 0, tzinfo=UTC) in possible


def test_prices_are_shown_with_tax_exactly():
    net = Tariff(
        "T",
        1,
        "EUR",
        tax_included=False,
        elements=(
            Element(
                (
                    Component(Dimension.ENERGY, D("0.41")),
                    Component(Dimension.PARKING_TIME, D("3")),
                    Component(Dimension.FLAT, D("0.333")),
                )
            ),
        ),
        min_price=Limit(net=D("0.50")),
        parking_cap=D(10),
    )
    shown = including_tax(net, VAT)
    assert shown is not None
    assert tariff_text(shown) == (
        "Energy: 0.4879 EUR per kWh.",
        "Idle time after charging ended: 0.0595 EUR per min.",
        "Start fee: 0.39627 EUR per session.",
        "At least 0.595 EUR per session.",
        "Idle time costs at most 11.90 EUR per session.",
        "Prices include 19 % tax.",
    )


def test_what_is_shown_is_what_is_charged():
    """1,000 random sessions under net tariffs: the gross by the prices shown is the gross billed."""
    chance = random.Random(3)
    for _ in range(1000):
        rate = D(chance.choice(("19", "7.7", "8.875")))
        taxes = {dimension: Tax(rate, "V") for dimension in Dimension}
        net = replace(random_tariff(chance), tax_included=False, min_price=Limit(net=D("0.5")), parking_cap=D(1))
        shown = including_tax(net, taxes)
        assert shown is not None
        start = datetime(2026, 6, 1, tzinfo=UTC) + timedelta(minutes=chance.randrange(60 * 24 * 100))
        usage = Usage.from_totals(
            start=start,
            end=start + timedelta(minutes=90),
            energy_kwh=D(chance.randrange(60_000)) / 1000,
            charging_s=3600,
            time_zone="Europe/Berlin",
        )
        billed = price(usage, net, taxes=taxes, anchor=Anchor.GROSS)
        assert price(usage, shown, taxes=taxes, anchor=Anchor.GROSS).gross == billed.gross


def test_a_price_whose_tax_nobody_knows_is_not_shown():
    net = tariff(energy("0.4"), tax_included=False)
    assert including_tax(net, {}) is None
    gross = including_tax(tariff(energy("0.4")), {})
    assert gross is not None
    assert tariff_text(gross) == ("Energy: 0.40 EUR per kWh.", "Prices include tax.")


@pytest.mark.parametrize("side", ["min_price", "max_price"])
def test_a_limit_without_tax_stays_one_where_taxes_differ(side):
    taxes = {**VAT, Dimension.FLAT: Tax(D(7), "V7")}
    elements = (Element((Component(Dimension.ENERGY, D(1)), Component(Dimension.FLAT, D(1)))),)
    shown = including_tax(tariff(*elements, tax_included=False, **{side: Limit(net=D(5))}), taxes)
    assert shown is not None
    assert getattr(shown, side) == Limit(net=D(5))
    assert any("5.00 EUR excl. tax per session" in sentence for sentence in tariff_text(shown))
