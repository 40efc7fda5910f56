"""Exact money: one rounding function, no floats, no mixing of currencies."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

# ISO 4217 minor units that are not 2.
MINOR_DIGITS = {
    **dict.fromkeys(
        ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"], 0
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
}
# The minor unit by its digits.
UNITS = {0: Decimal(1), 2: Decimal("0.01"), 3: Decimal("0.001")}
ZERO = Decimal(0)


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies were put together. Convert one first, or keep them apart."""


def minor_digits(currency: str) -> int:
    """Digits behind the point of one unit of ``currency`` (ISO 4217 code): 0, 2 or 3."""
    return MINOR_DIGITS.get(currency, 2)


def round_to(amount: Decimal, digits: int) -> Decimal:
    """``amount`` to ``digits`` places, half away from zero: the one rounding function of the product."""
    if not isinstance(amount, Decimal):
        raise TypeError(f"Money is made from Decimal, not {type(amount).__name__}: a float has already lost digits.")
    return amount.quantize(UNITS.get(digits) or Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def round_money(amount: Decimal, currency: str) -> Decimal:
    """``amount`` to the minor unit of ``currency``, half away from zero."""
    return round_to(amount, minor_digits(currency))


def to_minor(amount: Decimal, currency: str) -> int:
    """An amount that is already rounded, as a whole number of minor units. Raises ValueError if it is not rounded."""
    scaled = amount.scaleb(minor_digits(currency))
    whole = int(scaled)
    if whole != scaled:
        raise ValueError(f"{amount} is no whole number of minor units of {currency}. Round it first.")
    return whole


def from_minor(minor: int, currency: str) -> Decimal:
    return Decimal(minor).scaleb(-minor_digits(currency))


def split_exactly(total: Decimal, exact: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Rounds ``exact`` parts so that they add up to ``total``, by largest remainder; ties go to the earlier part.

    ``total`` is already rounded to the minor unit. Parts are floored and the units left over handed out one by one.
    """
    if len(exact) == 1:
        return [total]
    unit = UNITS[minor_digits(currency)]
    floors = [part.quantize(unit, ROUND_FLOOR) for part in exact]
    left = int((total - sum(floors, ZERO)) / unit)
    if left:
        order = sorted(range(len(exact)), key=lambda i: (floors[i] - exact[i], i))
        step = unit if left > 0 else -unit
        for n in range(abs(left)):
            i = order[n % len(order)] if left > 0 else order[-1 - n % len(order)]
            floors[i] += step
    return floors


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount of one currency (ISO 4217). Rounded only by ``rounded()``."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):
            raise TypeError(f"Money is made from Decimal, not {type(self.amount).__name__}: a float has already lost digits.")
        if not (len(self.currency) == 3 and self.currency.isalpha() and self.currency.isupper()):
            raise ValueError(f"{self.currency!r} is no ISO 4217 currency code such as EUR.")

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} can't be put together.")

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount - other.amount, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def rounded(self) -> "Money":
        return Money(round_money(self.amount, self.currency), self.currency)

    def __str__(self) -> str:
        return f"{self.currency} {self.amount:,.{minor_digits(self.currency)}f}"
