"""What the price of OCPI documents says beyond the total: versions, unknown sides, several tariffs, notes."""

from decimal import Decimal
from typing import Any

import pytest

from billing.pricing import CdrError, PricingError
from tests.pricing.documents import START, cdr, component, element, priced, stamp, tariff

ENERGY = element(component("ENERGY", 1))
TWO_KWH = cdr((60, {"ENERGY": 2}))


def totals(tariffs: Any, of: dict[str, Any], **options: Any) -> tuple[str | None, str | None]:
    total = priced(tariffs, of, **options)["total_cost"]
    return total["excl_vat"], total["incl_vat"]


def test_a_price_without_a_tax_means_what_its_version_says() -> None:
    assert totals(tariff(ENERGY), TWO_KWH) == ("2.00", "2.00")
    assert totals(tariff(ENERGY, tax_included="N/A"), TWO_KWH) == ("2.00", "2.00")
    assert totals(tariff(ENERGY, tax_included="NO"), TWO_KWH) == ("2.00", None)
    assert totals(tariff(ENERGY, tax_included="YES"), TWO_KWH) == (None, "2.00")
    assert totals(tariff(ENERGY), TWO_KWH, version="2.1.1") == ("2.00", None)


def test_2_1_1_is_recognized_by_its_total_and_never_knows_a_tax() -> None:
    old = {**TWO_KWH, "total_cost": Decimal("2")}
    old["stop_date_time"] = old.pop("end_date_time")
    assert totals(tariff(element(component("ENERGY", 1, vat=20))), old) == ("2.00", None)
    assert totals(tariff(element(component("TIME", 1))), old) == ("0.00", None)


def test_what_is_known_of_a_line_is_said_and_the_rest_is_null() -> None:
    (line,) = priced(tariff(element(component("TIME", "0.5")), tax_included="NO"), cdr((20, {"TIME": "0.3333"})))["lines"]
    assert (line["measured"], line["unit"], line["unit_price"]) == ("0.3333333333", "h", "0.5")
    assert (line["net"], line["tax_rate"], line["tax"], line["gross"]) == ("0.17", None, None, None)


def test_a_limit_on_a_side_nobody_knows_is_not_applied_and_noted() -> None:
    result = priced(tariff(ENERGY, tax_included="YES", min_price={"before_taxes": 5}), TWO_KWH)
    assert (result["total_cost"]["incl_vat"], result["notes"]) == ("2.00", ["limit_not_comparable"])
    assert totals(tariff(ENERGY, tax_included="YES", min_price={"before_taxes": 4, "after_taxes": 5}), TWO_KWH) == (None, "5.00")


def test_each_period_is_priced_by_the_tariff_it_names_and_steps_are_counted_apart() -> None:
    a = tariff(element(component("TIME", 6, step=600)), id="A")
    b = tariff(element(component("TIME", 12, step=600)), id="B")
    of = cdr((12, {"TIME": 0.2}), (12, {"TIME": 0.2}))
    of["charging_periods"][1]["tariff_id"] = "b"
    # Each tariff's 12 minutes are rounded up to 20: 2.00 and 4.00.
    assert totals([a, b], of) == ("6.00", "6.00")
    of["charging_periods"][1]["tariff_id"] = "C"
    with pytest.raises(CdrError) as caught:
        totals([a, b], of)
    assert (caught.value.code, caught.value.where) == ("tariff_unknown", "charging_periods[1].tariff_id")


def test_of_several_tariffs_the_one_in_force_at_the_start_counts() -> None:
    before = tariff(ENERGY, id="old", end_date_time=stamp(START))
    since = tariff(element(component("ENERGY", 3)), id="new", start_date_time=stamp(START), min_price={"excl_vat": 7})
    assert totals([before, since], TWO_KWH) == ("7.00", "7.00")
    assert priced(before, TWO_KWH)["notes"] == ["tariff_not_in_force"]


def test_of_several_tariffs_the_type_for_whoever_charged_counts() -> None:
    regular = tariff(ENERGY, id="R", type="REGULAR")
    ad_hoc = tariff(element(component("ENERGY", 3)), id="A", type="AD_HOC_PAYMENT")
    of = {kind: {**TWO_KWH, "cdr_token": {"type": kind}} for kind in ("RFID", "AD_HOC_USER")}
    assert totals([ad_hoc, regular], of["RFID"])[0] == "2.00"
    assert totals([regular, ad_hoc], of["AD_HOC_USER"])[0] == "6.00"
    assert totals([ad_hoc, regular], TWO_KWH)[0] == "6.00"


def test_of_two_versions_with_one_id_the_one_in_force_counts() -> None:
    old = tariff(ENERGY, id="T", end_date_time=stamp(START))
    new = tariff(element(component("ENERGY", 3)), id="T", start_date_time=stamp(START))
    of = cdr((60, {"ENERGY": 2}))
    of["charging_periods"][0]["tariff_id"] = "T"
    assert totals([old, new], of)[0] == "6.00"


def test_tariffs_in_two_currencies_have_no_total() -> None:
    with pytest.raises(PricingError) as caught:
        totals([tariff(ENERGY), {**tariff(ENERGY, id="U"), "currency": "USD"}], TWO_KWH)
    assert caught.value.code == "currency_mismatch"


def test_periods_out_of_order_are_put_in_order_and_noted() -> None:
    of = cdr((60, {"ENERGY": 1}), (60, {"ENERGY": 2}))
    of["charging_periods"].reverse()
    result = priced(tariff(element(component("ENERGY", 1), max_duration=3600)), of)
    assert (result["total_cost"]["excl_vat"], result["notes"]) == ("1.00", ["periods_not_in_order"])


def test_a_period_across_a_change_is_priced_whole_and_noted_or_split() -> None:
    prices = tariff(element(component("ENERGY", 1), end_time="09:30"), element(component("ENERGY", 3)))
    whole = priced(prices, TWO_KWH)
    assert (whole["total_cost"]["excl_vat"], whole["notes"]) == ("2.00", ["period_spans_price_change"])
    cut = priced(prices, TWO_KWH, split=True)
    assert (cut["total_cost"]["excl_vat"], cut["notes"]) == ("4.00", [])
    assert [(line["billed"], line["end"]) for line in cut["lines"]] == [
        ("1", "2026-03-02T09:30:00Z"),
        ("1", "2026-03-02T10:00:00Z"),
    ]


def test_a_fee_that_begins_inside_a_period_is_a_price_change() -> None:
    prices = tariff(ENERGY, element(component("FLAT", 5), min_duration=1800))
    assert priced(prices, TWO_KWH)["notes"] == ["period_spans_price_change"]
    assert priced(prices, TWO_KWH)["total_cost"]["excl_vat"] == "2.00"
    assert priced(prices, TWO_KWH, split=True)["total_cost"]["excl_vat"] == "7.00"
    assert priced(tariff(ENERGY, element(component("FLAT", 5), max_duration=1800)), TWO_KWH)["notes"] == []


def test_a_split_finds_every_kind_of_change() -> None:
    """10 kWh in 10 hours over the spring clock change; prices by the clock, the day, the energy and the duration."""
    night = START.replace(month=3, day=28, hour=20)  # 21:00 in Berlin, and the clock jumps at 01:00 UTC
    of = cdr((600, {"ENERGY": 10}), start=night)
    found = []
    for rules in ({"start_time": "02:30"}, {"day_of_week": ["SUNDAY"]}, {"min_kwh": 7}, {"min_duration": 30_000}):
        prices = tariff(element(component("ENERGY", 1), **rules))
        found.append(priced(prices, of, split=True, time_zone="Europe/Berlin")["total_cost"]["excl_vat"])
    # Three hours until midnight and five from the jump on (02:30 never came); Sunday; the last 3 kWh; the last 6,000 s.
    assert found == ["8.00", "7.00", "3.00", "1.67"]


def test_another_currency_and_a_home_compensation_are_noted() -> None:
    result = priced(tariff(ENERGY), {**TWO_KWH, "currency": "GBP", "home_charging_compensation": True})
    assert result["notes"] == ["home_charging_compensation", "currency_differs"]
