"""What laws ask of a price: where they apply, where that is open, and where they don't."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from billing.pricing import Tariff
from billing.pricing.jurisdictions import EU, RULES
from billing.pricing.lint import CODES, Setting, Severity, lint
from tests.pricing.lint.tariffs import IDLE, element, of, own

FEE = own(element(FLAT="1", ENERGY="0.40", PARKING_TIME="6"))
TIMED = own(element(TIME="12", ENERGY="0.40", PARKING_TIME="6"))
BY_TIME = own(element(TIME="12", PARKING_TIME="6"))
BY_SESSION = own(element(FLAT="10"), IDLE)
FROM_50, BELOW_50 = (Decimal(50), None), (None, Decimal(50))


def law(tariff: Tariff, setting: Setting) -> list[tuple[str, str, str]]:
    """What only the place makes wrong."""
    elsewhere = {finding.code for finding in lint(tariff)}
    return [
        (found.code, found.where, str(found.severity))
        for found in lint(tariff, setting=setting)
        if found.code not in elsewhere
    ]  # fmt: skip


def test_a_price_per_kwh_and_an_occupancy_fee_are_fine_everywhere() -> None:
    for country, subdivision in [("DE", ""), ("FR", ""), ("GB", ""), ("US", "CA")]:
        for rated in (FROM_50, (None, None)):
            setting = Setting(country=country, subdivision=subdivision, rated_kw=rated)
            assert law(own(), setting) in ([], [("eu_price_order", "", "INFO")])


def test_a_start_fee_at_50_kw_in_the_eu() -> None:
    where = "elements[0].price_components[0]"

    assert law(FEE, Setting(country="NL", rated_kw=FROM_50)) == [("eu_start_fee", where, "ERROR")]
    assert law(FEE, Setting(country="NL", rated_kw=(Decimal(50), Decimal(50)))) == [("eu_start_fee", where, "ERROR")]
    assert law(FEE, Setting(country="NL", rated_kw=BELOW_50)) == [("eu_price_order", "", "INFO")]
    assert law(FEE, Setting(country="NL", rated_kw=FROM_50, ad_hoc=False)) == []
    assert law(FEE, Setting(country="NO", rated_kw=FROM_50)) == []
    assert law(FEE, Setting(rated_kw=FROM_50)) == []
    free_fee = own(element(FLAT="0", ENERGY="0.40", PARKING_TIME="6"))
    assert law(free_fee, Setting(country="NL", rated_kw=FROM_50)) == []
    reserved = own(element({"reservation": "RESERVATION"}, FLAT="1"), element(ENERGY="0.40", PARKING_TIME="6"))
    assert law(reserved, Setting(country="NL", rated_kw=FROM_50)) == []


@pytest.mark.parametrize("rated", [(None, None), (Decimal("49.99"), None), (Decimal(22), Decimal(150))])
def test_where_the_power_is_open_it_is_a_warning_that_says_so(rated: tuple[Decimal | None, Decimal | None]) -> None:
    setting = Setting(country="NL", rated_kw=rated)

    assert law(FEE, setting) == [
        ("eu_start_fee", "elements[0].price_components[0]", "WARNING"),
        ("eu_price_order", "", "INFO"),
    ]
    assert of("eu_start_fee", FEE, setting).message == (
        "There is a start fee. At 50 kW and more the ad hoc price is a price per kWh, to which only an occupancy fee per "
        "minute may be added: no start fee (Regulation (EU) 2023/1804, AFIR, article 5(4)). Whether the rule applies here "
        "depends on whether a connector has 50 kW or more. It is about stations in service since 2024-04-13."
    )


def test_a_price_for_charging_time_at_50_kw_in_the_eu() -> None:
    fast = Setting(country="NL", rated_kw=FROM_50)

    assert law(TIMED, fast) == [("eu_charging_time", "elements[0].price_components[0]", "ERROR")]
    late = own(element(ENERGY="0.40", PARKING_TIME="6"), element({"min_duration": 2700}, TIME="12"))
    assert law(late, fast) == [], "after 45 minutes it discourages long occupancy"


def test_a_minimum_price_at_50_kw_in_the_eu() -> None:
    fast = Setting(country="NL", rated_kw=FROM_50)

    assert law(own(min_price=Decimal("0.01")), fast) == [("eu_minimum_price", "min_price", "WARNING")]
    assert law(own(min_price=Decimal(0)), fast) == law(own(max_price=Decimal(90)), fast) == []
    assert law(own(min_price=Decimal(1)), Setting(country="NL"))[0] == ("eu_minimum_price", "min_price", "INFO")


def test_days_and_stations_before_the_rule() -> None:
    fast = Setting(country="NL", rated_kw=FROM_50)

    assert law(FEE, replace(fast, day=date(2024, 4, 12))) == law(FEE, replace(fast, deployed=date(2024, 4, 12))) == []
    assert len(law(FEE, replace(fast, day=date(2024, 4, 13)))) == len(law(FEE, replace(fast, deployed=date(2024, 4, 13)))) == 1


def test_energy_sold_by_time_in_california() -> None:
    california = Setting(country="US", subdivision="CA", ad_hoc=False)
    error = [("us_ca_no_kwh_price", "elements[0].price_components[0]", "ERROR")]

    assert law(BY_TIME, california) == error
    assert law(BY_SESSION, california) == error
    assert law(TIMED, california) == law(own(element(FLAT="0")), california) == law(own(IDLE), california) == []
    assert law(BY_TIME, replace(california, subdivision="NV")) == law(BY_TIME, replace(california, subdivision="")) == []
    assert law(BY_TIME, replace(california, deployed=date(2020, 12, 31))) == []
    assert law(BY_TIME, replace(california, deployed=date(2021, 1, 1), dc=False)) == error
    assert law(BY_TIME, replace(california, deployed=date(2022, 12, 31), dc=True)) == []
    assert law(BY_TIME, replace(california, deployed=date(2023, 1, 1), dc=True)) == error


def test_germany_and_britain_want_a_price_per_kwh() -> None:
    where = "elements[0].price_components[0]"

    assert ("de_no_kwh_price", where, "WARNING") in law(BY_TIME, Setting(country="DE"))
    assert law(BY_SESSION, Setting(country="GB")) == [("gb_no_kwh_price", where, "WARNING")]
    assert law(BY_SESSION, Setting(country="GB", ad_hoc=False)) == []
    assert law(BY_SESSION, Setting(country="GB", day=date(2023, 11, 23))) == []
    assert law(TIMED, Setting(country="GB")) == []


def test_germany_wants_prices_with_tax() -> None:
    below = Setting(country="DE", rated_kw=BELOW_50)
    kwh_only = element(ENERGY="0.40")

    assert law(own(kwh_only, tax_included=False), below) == [("de_net_price", "", "WARNING")]
    assert law(own(kwh_only), below) == law(own(element(FLAT="0"), tax_included=False), below) == []
    assert law(own(kwh_only, tax_included=False), replace(below, ad_hoc=False)) == []


def test_no_finding_about_law_claims_to_be_advice() -> None:
    for tariff, setting in [(FEE, Setting(country="NL")), (BY_TIME, Setting(country="US", subdivision="CA"))]:
        told = [finding for finding in lint(tariff, setting=setting) if finding.code in {rule.code for rule in RULES}]
        assert told
        assert all(finding.advice.endswith("(ChargeBill's reading, not legal advice.)") for finding in told)


def test_every_rule_says_where_it_was_read_and_when() -> None:
    assert len({rule.code for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.source.law
        assert rule.source.read_at.startswith("https://")
        assert rule.since < rule.source.read_on
        assert CODES[rule.code][0] == Severity(rule.severity)
    assert len(EU) == 27
