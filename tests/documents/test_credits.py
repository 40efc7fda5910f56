"""Credits never exceed their line in any column, and the last one takes exactly what is left."""

import random
from decimal import Decimal
from fractions import Fraction

import pytest

from billing.documents import NOTHING, Amounts, Fixed, Supply, credit, credit_revenue, document_amounts, left_of
from tests.documents.fractions_of import half_away, split
from tests.documents.test_amounts import DIGITS, RATES, in_minor, money, of

LINE = of("6.57", "1.25", "7.82")


def back(amount: str, credited: Amounts = NOTHING, line: Amounts = LINE, fixed: Fixed = Fixed.GROSS) -> Amounts:
    return credit(line, amount=Decimal(amount), credited=credited, fixed=fixed, currency="EUR")


def test_a_whole_line_goes_back_as_it_was() -> None:
    assert back("7.82") == LINE
    assert back("6.57", fixed=Fixed.NET) == LINE


def test_a_part_takes_its_share_of_the_lines_own_tax() -> None:
    # 1.25 * 1.00 / 7.82 = 0.1598
    assert back("1.00") == of("0.84", "0.16", "1.00")
    # 1.25 * 1.00 / 6.57 = 0.1903
    assert back("1.00", fixed=Fixed.NET) == of("1.00", "0.19", "1.19")


def test_parts_end_at_the_line_to_the_cent() -> None:
    first = back("2.61")
    second = back("2.61", first)
    third = back("2.60", first + second)
    assert first + second + third == LINE
    assert [part.tax for part in (first, second, third)] == [Decimal("0.42"), Decimal("0.41"), Decimal("0.42")]


def test_a_cent_of_tax_is_not_given_back_twice() -> None:
    line, found = of("0.02", "0.01", "0.03"), []
    for _ in range(3):
        found.append(back("0.01", sum(found, NOTHING), line))
    assert sum(found, NOTHING) == line
    assert sorted(part.tax for part in found) == [0, 0, Decimal("0.01")]


@pytest.mark.parametrize("amount", ["7.83", "0", "-1.00"])
def test_more_than_the_line_or_nothing_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="can be credited"):
        back(amount)


def test_more_than_is_left_is_refused() -> None:
    with pytest.raises(ValueError, match=r"6[.]82 EUR can be credited, not 6[.]83"):
        back("6.83", back("1.00"))
    with pytest.raises(ValueError, match="can be credited"):
        back("0.01", LINE)


def test_what_can_not_be_is_refused() -> None:
    with pytest.raises(ValueError, match="minor units"):
        back("1.005")
    with pytest.raises(ValueError, match="can't have been credited"):
        left_of(LINE, of("6.58", "0.00", "6.58"))
    with pytest.raises(ValueError, match="can't have been credited"):
        left_of(of("-1.00", "-0.19", "-1.19"))


@pytest.mark.slow
def test_random_credits_equal_exact_fractions_and_end_at_the_line(full_size: bool) -> None:
    rng = random.Random(2611)
    for _ in range(200_000 if full_size else 2_000):
        currency, fixed = rng.choice(list(DIGITS)), rng.choice(list(Fixed))
        top = rng.choice([3, 50, 10_000])
        supplies = [Supply(money(rng.randrange(1, top + 1), currency), Decimal(rng.choice(RATES)), "A") for _ in range(3)]
        line = document_amounts(supplies, fixed=fixed, currency=currency).lines[0]
        net, tax, gross = in_minor(line, currency)
        whole = net if fixed is Fixed.NET else gross
        before, done = NOTHING, 0
        while done < whole:
            part = rng.randint(1, min(whole - done, max(1, whole // 3)))
            got = credit(line, amount=money(part, currency), credited=before, fixed=fixed, currency=currency)
            done += part
            before += got
            told = (currency, fixed, line, before)
            assert got.side(fixed) == money(part, currency), told
            # All tax that went back is the line's own tax in proportion, rounded once; nothing runs ahead or backwards.
            assert in_minor(before, currency)[1] == half_away(Fraction(tax * done, whole)), told
            assert min(in_minor(got, currency)) >= 0, told
            assert all(a <= b for a, b in zip(in_minor(before, currency), (net, tax, gross), strict=True)), told
        assert before == line


@pytest.mark.slow
def test_random_corrections_split_over_the_accounts_equal_exact_fractions_and_empty_them(full_size: bool) -> None:
    rng = random.Random(2711)
    for _ in range(200_000 if full_size else 2_000):
        currency = rng.choice(list(DIGITS))
        top = rng.choice([1, 3, 50, 10_000, 10**9])
        accounts = rng.sample(["4000", "4010", "4020", "4030", "4040"], rng.randint(1, 5))
        units = {account: rng.randrange(top + 1) for account in accounts}
        left, whole = dict(units), sum(units.values())
        taken = dict.fromkeys(units, 0)
        while whole:
            part = whole if rng.random() < 0.2 else rng.randint(1, min(whole, max(1, sum(units.values()) // 3)))
            told = (currency, units, left, part)
            got = credit_revenue(
                {account: money(amount, currency) for account, amount in left.items()}, money(part, currency), currency
            )
            wanted = split(part, left)
            assert got == {account: money(amount, currency) for account, amount in wanted.items()}, told
            for account, amount in wanted.items():
                left[account] -= amount
                taken[account] += amount
            # No account ever gives back more than it earned.
            assert min(left.values()) >= 0, told
            whole -= part
        assert taken == units


def test_more_than_the_accounts_have_is_refused() -> None:
    with pytest.raises(ValueError, match="can't be taken back"):
        credit_revenue({"4000": Decimal("1.00"), "4010": Decimal("0.50")}, Decimal("1.51"), "EUR")
    with pytest.raises(ValueError, match="can't be taken back"):
        credit_revenue({"4000": Decimal("1.00"), "4010": Decimal("-0.50")}, Decimal("0.10"), "EUR")
    with pytest.raises(ValueError, match="can't be taken back"):
        credit_revenue({"4000": Decimal("1.00")}, Decimal("-0.01"), "EUR")
    assert credit_revenue({"4000": Decimal("1.00")}, Decimal(0), "EUR") == {}
