"""Fixed amounts stay, tax follows once for each rate, and lines add up to the document in every column."""

import random
from decimal import Decimal
from fractions import Fraction

import pytest

from billing.documents import Amounts, Fixed, Supply, add_up, document_amounts
from tests.documents.fractions_of import amounts

DIGITS = {"JPY": 0, "EUR": 2, "KWD": 3}
RATES = ("0", "5", "7", "8.1", "19", "20", "25.5", "8.875", "100")


def supply(amount: str, rate: str = "19", code: str = "S") -> Supply:
    return Supply(Decimal(amount), Decimal(rate), code)


def money(minor: int, currency: str) -> Decimal:
    return Decimal(minor).scaleb(-DIGITS[currency])


def of(net: str, tax: str, gross: str) -> Amounts:
    return Amounts(Decimal(net), Decimal(tax), Decimal(gross))


def test_a_consumers_gross_stays_and_tax_is_taken_out_of_the_documents_gross() -> None:
    found = document_amounts([supply("0.10")] * 3, fixed=Fixed.GROSS, currency="EUR")

    # 0.30 / 1.19 = 0.2521; each line alone would be 0.08 and 0.02.
    assert found.total == of("0.25", "0.05", "0.30")
    assert found.lines == (of("0.09", "0.01", "0.10"), of("0.08", "0.02", "0.10"), of("0.08", "0.02", "0.10"))


def test_a_businesss_net_stays_and_tax_is_added_to_the_documents_net() -> None:
    found = document_amounts([supply("0.10")] * 3, fixed=Fixed.NET, currency="EUR")

    # 0.30 * 1.19 = 0.357; each line alone would be 0.12 gross: 0.36 as well.
    assert found.total == of("0.30", "0.06", "0.36")
    assert found.lines == (of("0.10", "0.02", "0.12"),) * 3

    found = document_amounts([supply("0.13")] * 4, fixed=Fixed.NET, currency="EUR")
    # 0.52 * 1.19 = 0.6188, four times 0.1547.
    assert found.total == of("0.52", "0.10", "0.62")
    assert [line.tax for line in found.lines] == [Decimal("0.03"), Decimal("0.03"), Decimal("0.02"), Decimal("0.02")]


def test_each_rate_and_each_code_has_its_own_tax() -> None:
    lines = [
        supply("1.00", "7", "R"),
        supply("1.00"),
        supply("1.00", "0", "Z"),
        supply("1.00", "0", "X"),
        supply("2.00", "7", "R"),
    ]
    found = document_amounts(lines, fixed=Fixed.GROSS, currency="EUR")

    assert [(tax.rate, tax.code, tax.amounts) for tax in found.taxes] == [
        (19, "S", of("0.84", "0.16", "1.00")),
        (7, "R", of("2.80", "0.20", "3.00")),
        (0, "X", of("1.00", "0.00", "1.00")),
        (0, "Z", of("1.00", "0.00", "1.00")),
    ]
    assert found.total == of("5.64", "0.36", "6.00")


def test_half_a_cent_goes_away_from_zero() -> None:
    # 0.03 / 1.2 = 0.025; 0.1 * 1.25 = 0.125; 3 * 1.5 = 4.5
    assert document_amounts([supply("0.03", "20")], fixed=Fixed.GROSS, currency="EUR").total == of("0.03", "0.00", "0.03")
    assert document_amounts([supply("0.10", "25")], fixed=Fixed.NET, currency="EUR").total == of("0.10", "0.03", "0.13")
    assert document_amounts([supply("3", "50")], fixed=Fixed.NET, currency="JPY").total == of("3", "2", "5")
    assert document_amounts([supply("-0.10", "25")], fixed=Fixed.NET, currency="EUR").total == of("-0.10", "-0.03", "-0.13")


def test_what_can_be_no_document_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one line"):
        document_amounts([], fixed=Fixed.NET, currency="EUR")
    with pytest.raises(ValueError, match="minor units"):
        document_amounts([supply("1.005")], fixed=Fixed.NET, currency="EUR")
    with pytest.raises(ValueError, match="minor units"):
        document_amounts([supply("1.5")], fixed=Fixed.NET, currency="JPY")
    with pytest.raises(ValueError, match="is not"):
        of("1.00", "0.20", "1.19")


@pytest.mark.slow
def test_random_documents_equal_exact_fractions(full_size: bool) -> None:
    rng = random.Random(20260905)
    for _ in range(200_000 if full_size else 2_000):
        currency, fixed = rng.choice(list(DIGITS)), rng.choice(list(Fixed))
        top = rng.choice([3, 100, 5_000, 10**9])
        taxes = [(rng.choice(RATES), rng.choice("AB")) for _ in range(rng.randrange(1, 4))]
        given = [(rng.randrange(top + 1), *rng.choice(taxes)) for _ in range(rng.randrange(1, 9))]
        found = document_amounts(
            [Supply(money(minor, currency), Decimal(rate), code) for minor, rate, code in given], fixed=fixed, currency=currency
        )
        lines, sums = amounts([(minor, Fraction(rate), code) for minor, rate, code in given], fixed)
        told = (currency, fixed, given)
        assert [tuple(line) for line in lines] == [in_minor(line, currency) for line in found.lines], told
        assert sums == {(Fraction(tax.rate), tax.code): in_minor(tax.amounts, currency) for tax in found.taxes}, told
        assert found.total == add_up(found.lines) == add_up(tax.amounts for tax in found.taxes), told
        assert min(min(in_minor(line, currency)) for line in found.lines) >= 0, told


def in_minor(one: Amounts, currency: str) -> tuple[int, ...]:
    """Exactly: raises where an amount has more digits than its currency."""
    found = [Fraction(amount) * 10 ** DIGITS[currency] for amount in (one.net, one.tax, one.gross)]
    assert all(value.denominator == 1 for value in found)
    return tuple(int(value) for value in found)


@pytest.mark.slow
def test_a_consumers_document_costs_what_its_sessions_showed(full_size: bool) -> None:
    """Session totals as they were shown; the document's gross is their sum, whatever the number of lines and rates."""
    rng = random.Random(60)
    left = 100_000 if full_size else 5_000
    differ = documents = 0
    while left:
        shown = [rng.randrange(1, 9_000) for _ in range(min(left, 60))]
        left -= len(shown)
        rate = rng.choice(["19", "20", "21", "8.1"])
        found = document_amounts([supply(str(money(minor, "EUR")), rate) for minor in shown], fixed=Fixed.GROSS, currency="EUR")
        assert [line.gross for line in found.lines] == [money(minor, "EUR") for minor in shown]
        assert found.total.gross == money(sum(shown), "EUR")
        # The way not taken: net of each session rounded, tax on the sum of them.
        nets = sum(round(Fraction(minor) / (1 + Fraction(rate) / 100)) for minor in shown)
        differ += round(nets * (1 + Fraction(rate) / 100)) != sum(shown)
        documents += 1
    assert differ > documents / 2
