"""The bill as its driver reads it: what was measured, what each line means, what was not charged and why, in two languages."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from typing import Any

import pytest

from billing.pricing import Anchor, ChargingPeriod, Dimension, Spanning, Tariff, Tax, Usage, price, tariff_from_elements
from billing.pricing.text import Language
from chargebill.portal.driver_bill import Bill, BillLine, Charge, Stored, bill_of
from chargebill.portal.driver_words import MEANINGS, NOTES, PHRASES, duration
from tests.portal.night_owl import ELEMENTS, component

START = datetime(2026, 9, 6, 21, 55, tzinfo=UTC)
END = START + timedelta(hours=9, minutes=8)
CHARGE = Charge("Stadtwerke Nord", "Am Kai", "Kaistr. 1, 24103 Kiel", "DE*NOR*E1", START, END, "Europe/Berlin", D("22.287"))
UNPLUGGED = START + timedelta(hours=4, minutes=2)
USAGE = Usage(
    (
        ChargingPeriod(START, UNPLUGGED, D("22.287"), charging_s=14520),
        ChargingPeriod(UNPLUGGED, END, parking_s=18360),
    ),
    "Europe/Berlin",
    "metered",
)
VAT = dict.fromkeys(Dimension, Tax(D(19), "DE19"))


def tariff(elements: list[dict[str, Any]] = ELEMENTS, **more: Any) -> Tariff:
    fields = {"tax_included": True, "min_price": None, "max_price": None, "grace_s": 0, "parking_cap": None, **more}
    return tariff_from_elements(name="Night owl", version=3, currency="EUR", elements=elements, **fields)


def bill(
    by: Tariff,
    language: Language = "en",
    *,
    usage: Usage = USAGE,
    taxes: Any = None,
    anchor: Anchor = Anchor.GROSS,
    remark: str = "",
) -> Bill:
    result = price(usage, by, taxes=taxes or VAT, anchor=anchor, spanning=Spanning.SPLIT)
    assert result.net is not None
    assert result.tax is not None
    assert result.gross is not None
    rates = {line.tax_rate for line in result.lines}
    stored = Stored(result.net, result.tax, result.gross, "EUR", rates.pop() if len(rates) == 1 else None)
    return bill_of(CHARGE, usage, language=language, stored=stored, result=result, tariff=by, remark=remark)


def test_every_line_says_what_it_is_for_and_how_it_comes_about() -> None:
    told = bill(tariff())

    assert told.lines == (
        BillLine("Start fee", "For starting, once.", "", "", "0.35 EUR per session", "0.35 EUR"),
        BillLine(
            "Energy",
            "For the energy your car took.",
            "22:00-07:00",
            "6 Sep 2026, 23:55 to 7 Sep 2026, 03:57",
            "22.287 kWh × 0.384 EUR per kWh",
            "8.56 EUR",
        ),
        BillLine(
            "Idle time",
            "For the time your car stayed connected after charging.",
            "",
            "",
            "2 h 3 min × 0.04 EUR per min",
            "4.92 EUR",
        ),
    )
    assert (told.total, told.taxes) == ("13.83 EUR", ("of which 19 % tax: 2.21 EUR on 11.62 EUR without tax",))


def test_the_same_in_german() -> None:
    told = bill(tariff(), "de")

    assert [(line.label, line.sum, line.amount) for line in told.lines] == [
        ("Startgebühr", "0,35 EUR je Ladevorgang", "0,35 EUR"),
        ("Energie", "22,287 kWh × 0,384 EUR pro kWh", "8,56 EUR"),
        ("Standzeit", "2 Std. 3 min × 0,04 EUR pro min", "4,92 EUR"),
    ]
    assert told.lines[1].when == "6. Sept. 2026, 23:55 Uhr bis 7. Sept. 2026, 03:57 Uhr"
    assert told.taxes == ("darin 19 % Steuer: 2,21 EUR auf 11,62 EUR ohne Steuer",)
    assert told.notes == ("Die Energie ist so über die Zeit verteilt, wie der Zähler sie gemessen hat.",)


def test_what_was_measured_is_said_first() -> None:
    assert bill(tariff()).facts == (
        ("Charging point", "DE*NOR*E1"),
        ("From", "6 Sep 2026, 23:55 CEST"),
        ("To", "7 Sep 2026, 09:03 CEST"),
        ("Energy charged", "22.287 kWh"),
        ("Time charging", "4 h 2 min"),
        ("Time connected afterwards", "5 h 6 min"),
    )


def test_what_costs_nothing_is_said_with_its_reason() -> None:
    assert bill(tariff()).free == (
        "The time spent charging (4 h 2 min) costs nothing extra.",
        "3 h 3 min connected after charging, 22:00-07:00: free.",
    )


def test_free_minutes_are_taken_off_and_said() -> None:
    by_day = tariff([{"price_components": [component("ENERGY", "0.4"), component("PARKING_TIME", "2.4")]}], grace_s=3600)
    told = bill(by_day)

    assert told.lines[-1].sum == "4 h 6 min of 5 h 6 min × 0.04 EUR per min"
    assert told.lines[-1].amount == "9.84 EUR"
    assert told.free[-1] == "The first 1 h after charging are free: 1 h of your 5 h 6 min were not charged."


def test_minutes_that_were_all_free_are_no_line() -> None:
    short = Usage(
        (
            ChargingPeriod(START, UNPLUGGED, D("22.287"), charging_s=14520),
            ChargingPeriod(UNPLUGGED, UNPLUGGED + timedelta(minutes=20), parking_s=1200),
        ),
        "Europe/Berlin",
    )
    told = bill(tariff([{"price_components": [component("PARKING_TIME", "2.4")]}], grace_s=3600), usage=short)

    assert told.lines == ()
    assert told.free == (
        "22.287 kWh of energy: free.",
        "The time spent charging (4 h 2 min) costs nothing extra.",
        "The first 1 h after charging are free: 20 min of your 20 min were not charged.",
    )
    assert "This charge costs you nothing." in told.remarks


def test_started_blocks_are_said() -> None:
    told = bill(tariff([{"price_components": [component("TIME", "6", step=900)]}]))

    assert told.lines[0].sum == "4 h 15 min billed, 4 h 2 min used × 0.10 EUR per min"
    assert told.lines[0].why == "billed per started 15 min"


def test_caps_and_limits_have_an_amount_and_a_meaning() -> None:
    told = bill(tariff(parking_cap=D(3), max_price=D(10)))

    assert [(line.label, line.sum, line.amount) for line in told.lines[-2:]] == [
        ("Cap on idle time", "", "-1.92 EUR"),
        ("Maximum price", "", "-1.91 EUR"),
    ]
    assert told.total == "10.00 EUR"


def test_a_limit_is_one_line_whatever_taxes_it_is_split_over() -> None:
    told = bill(tariff(max_price=D(10)), taxes={**VAT, Dimension.PARKING_TIME: Tax(D(7), "DE7")})

    assert [(line.label, line.amount) for line in told.lines[3:]] == [("Maximum price", "-3.83 EUR")]


def test_tax_on_top_is_said_in_the_line_and_amounts_include_it() -> None:
    net = tariff([{"price_components": [component("ENERGY", "0.4")]}], tax_included=False)
    told = bill(net, anchor=Anchor.NET)

    assert told.lines[0].sum == "22.287 kWh × 0.40 EUR per kWh plus 19 % tax"
    # 8.91 net, 19 % of it 1.69.
    assert (told.lines[0].amount, told.total) == ("10.60 EUR", "10.60 EUR")


def test_several_taxes_are_each_said() -> None:
    told = bill(tariff(), taxes={**VAT, Dimension.PARKING_TIME: Tax(D(7), "DE7")})

    assert told.taxes == (
        "of which 19 % tax: 1.42 EUR on 7.49 EUR without tax",
        "of which 7 % tax: 0.32 EUR on 4.60 EUR without tax",
    )


def test_the_hour_the_clock_repeats_is_told_apart() -> None:
    start = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    usage = Usage((ChargingPeriod(start, start + timedelta(hours=1), D(10), charging_s=3600),), "Europe/Berlin")
    charge = replace(CHARGE, started_at=start, ended_at=start + timedelta(hours=1))
    by = tariff()
    result = price(usage, by, taxes=VAT, anchor=Anchor.GROSS)
    told = bill_of(charge, usage, language="en", stored=Stored(D(1), D(0), D(1), "EUR", D(19)), result=result, tariff=by)

    assert told.lines[1].when == "25 Oct 2026, 02:30 CEST to 25 Oct 2026, 02:30 CET"


def test_when_charging_ended_nobody_measured_is_not_claimed() -> None:
    usage = Usage.from_totals(start=START, end=END, energy_kwh=D(10), charging_s=None, time_zone="Europe/Berlin")
    told = bill(tariff(), usage=usage)

    assert ("Time connected", "9 h 8 min") in told.facts
    assert told.notes[0] == "When charging ended is not known, so the whole time connected counts as charging."


def test_without_a_price_nothing_is_promised() -> None:
    told = bill_of(CHARGE, USAGE, language="en", stored=None, result=None, tariff=None)

    assert (told.total, told.lines) == ("", ())
    assert told.remarks == ("The price of this charge is not settled yet. Nothing has been taken for it.",)


def test_a_price_whose_lines_are_in_doubt_shows_its_total_only() -> None:
    stored = Stored(D("10.00"), D("1.90"), D("11.90"), "EUR", D(19))
    told = bill_of(CHARGE, USAGE, language="de", stored=stored, result=None, tariff=None)

    assert told.total == "11,90 EUR"
    assert told.remarks == ("Die Einzelposten dieses Preises werden geprüft; darum steht hier nur die Summe.",)
    assert told.taxes == ("darin 19 % Steuer: 1,90 EUR auf 10,00 EUR ohne Steuer",)


def test_both_languages_say_the_same_things() -> None:
    assert PHRASES["en"].keys() == PHRASES["de"].keys()
    assert NOTES["en"].keys() == NOTES["de"].keys()
    assert MEANINGS["en"].keys() == MEANINGS["de"].keys() == set(Dimension)


@pytest.mark.parametrize(
    ("seconds", "english", "german"),
    [
        (0, "0 s", "0 s"),
        (5, "5 s", "5 s"),
        (3600, "1 h", "1 Std."),
        (11165, "3 h 6 min 5 s", "3 Std. 6 min 5 s"),
        (D("600.5"), "10 min 0.5 s", "10 min 0,5 s"),
    ],
)
def test_durations_are_spoken(seconds: D | int, english: str, german: str) -> None:
    assert (duration(seconds, "en"), duration(seconds, "de")) == (english, german)
