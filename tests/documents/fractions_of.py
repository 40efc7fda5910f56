"""Document amounts a second time, in whole minor units and fractions, from docs/money.md alone. Shares no code."""

from fractions import Fraction
from math import floor

# (fixed minor units, rate in percent, code)
Given = tuple[int, Fraction, str]
# net, tax, gross in minor units
Columns = tuple[int, int, int]


def half_away(value: Fraction) -> int:
    return floor(value + Fraction(1, 2)) if value >= 0 else -floor(-value + Fraction(1, 2))


def other_side(amount: int, rate: Fraction, fixed: str) -> Fraction:
    return amount * (1 + rate / 100) if fixed == "NET" else amount / (1 + rate / 100)


def columns(given: int, other: int, fixed: str) -> Columns:
    return (given, other - given, other) if fixed == "NET" else (other, given - other, given)


def amounts(lines: list[Given], fixed: str) -> tuple[list[Columns], dict[tuple[Fraction, str], Columns]]:
    """The lines' columns and those of each (rate, code)."""
    found: list[Columns] = [(0, 0, 0)] * len(lines)
    taxes = {}
    for key in {(rate, code) for _, rate, code in lines}:
        mine = [i for i, line in enumerate(lines) if line[1:] == key]
        whole = sum(lines[i][0] for i in mine)
        other = half_away(other_side(whole, key[0], fixed))
        exact = {i: other_side(lines[i][0], key[0], fixed) for i in mine}
        got = {i: floor(exact[i]) for i in mine}
        while sum(got.values()) < other:
            # The one that lacks most gets the next unit; the earlier of two that lack the same.
            neediest = max(mine, key=lambda i: (exact[i] - got[i], -i))
            got[neediest] += 1
        for i in mine:
            found[i] = columns(lines[i][0], got[i], fixed)
        taxes[key] = columns(whole, other, fixed)
    return found, taxes


def split(amount: int, left: dict[str, int]) -> dict[str, int]:
    """``amount`` minor units over accounts in proportion to what is ``left`` on each, in the order of their codes."""
    codes = sorted(code for code, units in left.items() if units)
    exact = {code: Fraction(amount * left[code], sum(left.values())) for code in codes}
    got = {code: floor(exact[code]) for code in codes}
    while sum(got.values()) < amount:
        got[max(codes, key=lambda code: (exact[code] - got[code], -codes.index(code)))] += 1
    return {code: units for code, units in got.items() if units}
