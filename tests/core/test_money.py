from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargebill.core.money import CurrencyMismatch, Money, from_minor, round_money, split_exactly, to_minor


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("0.005", "EUR", "0.01"),
        ("-0.005", "EUR", "-0.01"),
        ("0.0049999999999999999999999", "EUR", "0.00"),
        ("2.5", "JPY", "3"),
        ("1.2345", "KWD", "1.235"),
        ("1.115", "USD", "1.12"),
    ],
)
def test_rounding_goes_half_away_from_zero_to_the_minor_unit(amount: str, currency: str, rounded: str) -> None:
    assert str(round_money(Decimal(amount), currency)) == rounded


def test_money_refuses_floats() -> None:
    with pytest.raises(TypeError, match="float"):
        Money(0.1, "EUR")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="float"):
        round_money(0.1, "EUR")  # type: ignore[arg-type]


def test_two_currencies_are_never_added() -> None:
    with pytest.raises(CurrencyMismatch):
        Money(Decimal(1), "EUR") + Money(Decimal(1), "GBP")


def test_an_unrounded_amount_has_no_minor_units() -> None:
    assert to_minor(Decimal("12.34"), "EUR") == 1234
    assert from_minor(1234, "KWD") == Decimal("1.234")
    with pytest.raises(ValueError, match="minor units"):
        to_minor(Decimal("12.345"), "EUR")


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=8), st.sampled_from(["JPY", "EUR", "KWD"]))
def test_split_parts_add_up_and_none_is_a_unit_off(thousandths: list[int], currency: str) -> None:
    parts = [Decimal(t) / Decimal(7) for t in thousandths]
    total = round_money(sum(parts, Decimal(0)), currency)
    unit = {"JPY": Decimal(1), "EUR": Decimal("0.01"), "KWD": Decimal("0.001")}[currency]
    split = split_exactly(total, parts, currency)
    assert sum(split) == total
    assert all(abs(Fraction(s) - Fraction(p)) <= Fraction(unit) for s, p in zip(split, parts, strict=True))
