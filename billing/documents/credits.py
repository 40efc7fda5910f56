"""What a credit takes back of a line: never more than the line has, in none of its three columns.

The fixed side is what a person takes back. Its tax is what the line's own tax says of everything taken back so far, less
the tax that went back before: however often a part is credited, the last one takes exactly what is left.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal

from billing.documents.amounts import NOTHING, ZERO, Amounts, Fixed
from chargebill.core.money import round_money, split_exactly, to_minor

_EXACT = Context(prec=80)
_SETTLED = Decimal(1).scaleb(-40)


def left_of(line: Amounts, credited: Amounts = NOTHING) -> Amounts:
    """What may still be credited. Raises ValueError when ``credited`` is more than the line has, or a line is negative."""
    left = line - credited
    if min(line.net, line.tax, credited.net, credited.tax, left.net, left.tax) < 0:
        raise ValueError(f"{credited} can't have been credited on {line}.")
    return left


def credit(line: Amounts, *, amount: Decimal, credited: Amounts = NOTHING, fixed: Fixed, currency: str) -> Amounts:
    """What goes back when ``amount`` of the line's fixed side does; ``credited`` went back before.

    ``amount`` is positive and a whole number of minor units. Raises ValueError for more than is left.
    """
    left = left_of(line, credited)
    to_minor(amount, currency)
    if not ZERO < amount <= left.side(fixed):
        raise ValueError(f"Of this line {left.side(fixed)} {currency} can be credited, not {amount}.")
    if amount == left.side(fixed):
        return left
    # One division of exact amounts, whose halves are exact: all of them are far shorter than a Decimal's 28 digits.
    back = credited.side(fixed) + amount
    tax = round_money(line.tax * back / line.side(fixed), currency) - credited.tax
    tax = min(max(tax, ZERO), left.tax)
    if fixed is Fixed.NET:
        return Amounts(amount, tax, amount + tax)
    # Gross is fixed: what is not tax is net, and of that, too, no more goes back than is left.
    tax = min(max(tax, amount - left.net), amount)
    return Amounts(amount - tax, tax, amount)


def credit_revenue(left: Mapping[str, Decimal], net: Decimal, currency: str) -> dict[str, Decimal]:
    """``net``, taken back of a line, by account: in proportion to what is ``left`` on each, by largest remainder.

    No account gives back more than it has left, so the last credit empties all of them. Raises ValueError when ``net`` is
    more than is left together.
    """
    known = {account: amount for account, amount in sorted(left.items()) if amount}
    whole = sum(known.values(), ZERO)
    if not ZERO <= net <= whole or min(known.values(), default=ZERO) < ZERO:
        raise ValueError(f"Of {whole} {currency} by account {net} can't be taken back.")
    if not net:
        return {}
    shares = [
        _EXACT.divide(_EXACT.multiply(net, amount), whole).quantize(_SETTLED, ROUND_HALF_EVEN, _EXACT)
        for amount in known.values()
    ]
    parts = split_exactly(net, shares, currency)
    return {account: part for account, part in zip(known, parts, strict=True) if part}
