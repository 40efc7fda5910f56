"""The amounts of a document: one side of every line is fixed, tax follows once for each rate and code of the document.

Consumers' documents fix the gross of each line, exactly as it was shown and taken; businesses' and partners' the net. The
fixed side of all lines with one rate and code is added up, the other side is rounded once from that sum, and the lines
get their share of it by largest remainder: they add up to the document exactly, and no fixed amount ever moves.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from enum import StrEnum

from chargebill.core.money import round_money, split_exactly, to_minor

# Wide enough that a half is a half: no rate and no amount has digits near the 40th decimal.
_EXACT = Context(prec=80)
_SETTLED = Decimal(1).scaleb(-40)
ZERO, HUNDRED = Decimal(0), Decimal(100)


class Fixed(StrEnum):
    """The side of a line that is given; the other one is worked out."""

    GROSS = "GROSS"
    NET = "NET"


@dataclass(frozen=True, slots=True)
class Amounts:
    """What something costs without tax, its tax, and with it. Refuses to exist unless net + tax = gross."""

    net: Decimal
    tax: Decimal
    gross: Decimal

    def __post_init__(self) -> None:
        if self.net + self.tax != self.gross:
            raise ValueError(f"{self.net} + {self.tax} is not {self.gross}.")

    def __add__(self, other: "Amounts") -> "Amounts":
        return Amounts(self.net + other.net, self.tax + other.tax, self.gross + other.gross)

    def __sub__(self, other: "Amounts") -> "Amounts":
        return Amounts(self.net - other.net, self.tax - other.tax, self.gross - other.gross)

    def side(self, fixed: Fixed) -> Decimal:
        return self.net if fixed is Fixed.NET else self.gross


NOTHING = Amounts(ZERO, ZERO, ZERO)


def add_up(amounts: Iterable[Amounts]) -> Amounts:
    return sum(amounts, NOTHING)


@dataclass(frozen=True, slots=True)
class Supply:
    """What a line is about: its fixed amount, a whole number of minor units, and its tax in percent with the code."""

    amount: Decimal
    rate: Decimal
    code: str


@dataclass(frozen=True, slots=True)
class TaxSum:
    """What a document has at one rate and code; ``amounts`` is the sum of its lines."""

    rate: Decimal
    code: str
    amounts: Amounts


@dataclass(frozen=True, slots=True)
class DocumentAmounts:
    """``lines`` as they were given, ``taxes`` by falling rate, then code; both add up to ``total`` in every column."""

    lines: tuple[Amounts, ...]
    taxes: tuple[TaxSum, ...]
    total: Amounts


def document_amounts(supplies: Sequence[Supply], *, fixed: Fixed, currency: str) -> DocumentAmounts:
    """Every amount of a document. Raises ValueError for no line, or for an amount that is not rounded to the currency."""
    if not supplies:
        raise ValueError("A document has at least one line.")
    groups: dict[tuple[Decimal, str], list[int]] = {}
    for i, supply in enumerate(supplies):
        to_minor(supply.amount, currency)
        groups.setdefault((supply.rate, supply.code), []).append(i)
    lines = [NOTHING] * len(supplies)
    taxes = []
    for rate, code in sorted(groups, key=lambda group: (-group[0], group[1])):
        members = groups[rate, code]
        given = [supplies[i].amount for i in members]
        total = _amounts(sum(given, ZERO), round_money(_other(sum(given, ZERO), rate, fixed), currency), fixed)
        others = split_exactly(_opposite(total, fixed), [_other(amount, rate, fixed) for amount in given], currency)
        for i, amount, other in zip(members, given, others, strict=True):
            lines[i] = _amounts(amount, other, fixed)
        taxes.append(TaxSum(rate, code, total))
    return DocumentAmounts(tuple(lines), tuple(taxes), add_up(tax.amounts for tax in taxes))


def _other(amount: Decimal, rate: Decimal, fixed: Fixed) -> Decimal:
    """The other side of a fixed amount, unrounded."""
    factor = _EXACT.add(HUNDRED, rate)
    top, bottom = (factor, HUNDRED) if fixed is Fixed.NET else (HUNDRED, factor)
    return _EXACT.divide(_EXACT.multiply(amount, top), bottom).quantize(_SETTLED, ROUND_HALF_EVEN, _EXACT)


def _amounts(given: Decimal, other: Decimal, fixed: Fixed) -> Amounts:
    net, gross = (given, other) if fixed is Fixed.NET else (other, given)
    return Amounts(net, gross - net, gross)


def _opposite(amounts: Amounts, fixed: Fixed) -> Decimal:
    return amounts.gross if fixed is Fixed.NET else amounts.net
