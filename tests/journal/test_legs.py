"""What may be posted at all: legs, balance per currency, the chart of accounts."""

import random
from collections import defaultdict
from decimal import Decimal
from fractions import Fraction

import pytest

from billing.journal import CHART, Kind, Leg, chart_account, check_legs, imbalances, output_tax_code, reversed_legs
from chargebill.core.errors import UserError
from tests.journal.books import credit, debit, invoice_legs


def refused(*legs: Leg) -> tuple[str, str]:
    with pytest.raises(UserError) as error:
        check_legs(legs)
    assert error.value.message.endswith("Nothing was changed.")
    return error.value.code, error.value.where


def said(legs: list[Leg]) -> str:
    """The code of what is wrong, "" for nothing."""
    try:
        check_legs(legs)
    except UserError as error:
        return error.code
    return ""


def test_an_invoice_may_be_posted() -> None:
    check_legs(invoice_legs())


def test_debits_and_credits_are_equal_in_each_currency_by_itself() -> None:
    assert refused(debit("1000", "10.00"), credit("1100", "9.99")) == ("unbalanced", "")
    assert refused(debit("1000", "10.00"), credit("1100", "10.00", "CHF")) == ("unbalanced", "")
    check_legs([debit("1000", "10.00"), credit("1100", "10.00"), debit("1000", "7", "JPY"), credit("1100", "7", "JPY")])
    assert imbalances([debit("1000", "10.00"), credit("1100", "9.99"), credit("1100", "3", "JPY")]) == {
        "EUR": Decimal("0.01"),
        "JPY": Decimal(-3),
    }


@pytest.mark.parametrize(
    ("currency", "fits", "too_fine"), [("JPY", "1000", "1000.5"), ("EUR", "0.01", "0.015"), ("KWD", "0.001", "0.0005")]
)
def test_an_amount_is_a_whole_number_of_the_currency_s_smallest_unit(currency: str, fits: str, too_fine: str) -> None:
    check_legs([debit("1000", fits, currency), credit("1100", fits, currency)])
    assert refused(debit("1000", too_fine, currency), credit("1100", too_fine, currency)) == ("leg_amount", "leg 1")


def test_a_leg_is_a_debit_or_a_credit_above_zero() -> None:
    both = Leg("1000", Decimal(1), Decimal(1), "EUR")
    none = Leg("1000", Decimal(0), Decimal(0), "EUR")
    negative = Leg("1000", Decimal(-1), Decimal(0), "EUR")
    for wrong in (both, none, negative, debit("1000", "NaN"), debit("1000", "1000000000000")):
        assert refused(credit("1100", "1"), wrong) == ("leg_amount", "leg 2")


def test_one_leg_is_no_entry() -> None:
    assert refused(debit("1000", "1")) == ("too_few_legs", "")


def test_a_float_is_never_money() -> None:
    with pytest.raises(TypeError, match="made from Decimal"):
        check_legs([Leg("1000", 1.1, Decimal(0), "EUR"), credit("1100", "1.1")])


def test_other_mistakes_are_named_with_their_place() -> None:
    assert refused(debit("1000", "1", "euro"), credit("1100", "1", "euro")) == ("leg_currency", "leg 1")
    assert refused(debit("1000", "1"), credit("1101", "1")) == ("unknown_account", "leg 2")
    assert refused(debit("1000", "1", tax_rate=Decimal(-1)), credit("1100", "1")) == ("leg_tax", "leg 1")
    assert refused(debit("1000", "1", description="x" * 301), credit("1100", "1")) == ("leg_text", "leg 1")
    assert refused(debit("1000", "1"), credit("1100", "1", description="a\x00b")) == ("leg_text", "leg 2")


def test_output_tax_has_an_account_per_country_and_rate() -> None:
    assert output_tax_code("DE", Decimal("19.000")) == "2100-DE-19"
    assert output_tax_code("CH", Decimal("8.10")) == "2100-CH-8.1"
    assert output_tax_code("US-CA", Decimal("7.25")) == "2100-US-CA-7.25"
    assert output_tax_code("FR", Decimal(20)) == "2100-FR-20"
    assert chart_account("2100-CH-8.1").name == "Output VAT CH 8.1 %"
    assert chart_account("2100-CH-8.1").kind is Kind.LIABILITY
    for wrong in ("2100-DE-19.0", "2100-DE", "2100-de-19", "2100-DE--1", "2100-DE-1e1", "1050-Stripe"):
        with pytest.raises(UserError, match="chart of accounts"):
            chart_account(wrong)
    assert chart_account("1050-stripe").kind is Kind.ASSET


def test_the_chart_is_the_one_that_was_decided() -> None:
    assert " ".join(CHART) == (
        "1000 1050 1055 1060 1100 1110 1150 1210 2000 2050 2090 2110 2200 2300"
        " 4000 4010 4020 4030 4040 4100 4900 5000 6000 6010 6020 6030 9000 9990"
    )


def test_a_reversal_swaps_the_sides_and_takes_the_reported_tax_back() -> None:
    legs = invoice_legs()
    back = reversed_legs(legs)
    assert [(leg.account_code, leg.debit, leg.credit, leg.tax_amount) for leg in back] == [
        ("1100", Decimal(0), Decimal("119.00"), None),
        ("4000", Decimal("100.00"), Decimal(0), Decimal("-19.00")),
        ("2100-DE-19", Decimal("19.00"), Decimal(0), None),
    ]
    assert reversed_legs(back) == legs
    assert imbalances([*legs, *back]) == {}


@pytest.mark.slow
def test_balance_agrees_with_an_adder_of_exact_fractions(full_size: bool) -> None:
    """Random entries in currencies of 0, 2 and 3 digits, half of them made to balance, half one unit off somewhere."""
    rounds = 200_000 if full_size else 2_000
    chance = random.Random(4)
    digits = {"JPY": 0, "EUR": 2, "CHF": 2, "KWD": 3}
    accepted = 0
    for _ in range(rounds):
        legs, expected = _random_legs(chance, digits)
        assert said(legs) == ("" if expected else "unbalanced")
        accepted += expected
    assert rounds * 0.4 < accepted < rounds * 0.6


def _random_legs(chance: random.Random, digits: dict[str, int]) -> tuple[list[Leg], bool]:
    legs: list[Leg] = []
    for currency in chance.sample(sorted(digits), chance.randint(1, 3)):
        unit = Decimal(1).scaleb(-digits[currency])
        amounts = [chance.randint(1, 10 ** chance.randint(1, 11)) for _ in range(chance.randint(1, 6))]
        legs += [Leg("1000", amount * unit, Decimal(0), currency) for amount in amounts]
        cut = chance.randint(0, sum(amounts) - 1)
        legs += [Leg("1100", Decimal(0), part * unit, currency) for part in (cut, sum(amounts) - cut) if part]
    if chance.random() < 0.5:
        at = chance.randrange(len(legs))
        old = legs[at]
        unit = Decimal(1).scaleb(-digits[old.currency])
        more = {"debit": old.debit + unit} if old.debit else {"credit": old.credit + unit}
        legs[at] = Leg(
            **{"account_code": old.account_code, "debit": old.debit, "credit": old.credit, **more}, currency=old.currency
        )
    chance.shuffle(legs)
    sums: dict[str, Fraction] = defaultdict(Fraction)
    for leg in legs:
        sums[leg.currency] += Fraction(str(leg.debit)) - Fraction(str(leg.credit))
    return legs, not any(sums.values())
