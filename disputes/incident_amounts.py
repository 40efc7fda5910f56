"""What an incident takes back of a line, worked out: each bill is brought down to what it should have been. No Django.

Amounts are on the side the document fixes. What was taken back of a line before counts: doing the same twice takes
nothing more, and never is more taken back than is left.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal

from chargebill.core.money import round_money, split_exactly

ZERO, HUNDRED = Decimal(0), Decimal(100)
_EXACT = Context(prec=80)
_SETTLED = Decimal(1).scaleb(-40)


def percentage(amount: Decimal, percent: Decimal, currency: str) -> Decimal:
    """That part of a line, rounded half away from zero; all of it at 100."""
    return round_money(amount * percent / HUNDRED, currency)


def down_to(before: Sequence[Decimal], after: Sequence[Decimal], currency: str) -> list[Decimal]:
    """By how much the lines of one session cost less, each after its own tax: together exactly what the session does.

    A limit on the total can make one of them dearer while the session gets cheaper: then the others give back less.
    """
    less = [max(old - new, ZERO) for old, new in zip(before, after, strict=True)]
    total = max(sum(before, ZERO) - sum(after, ZERO), ZERO)
    whole = sum(less, ZERO)
    if whole <= total:
        return less
    shares = [_EXACT.divide(_EXACT.multiply(total, one), whole).quantize(_SETTLED, ROUND_HALF_EVEN, _EXACT) for one in less]
    return split_exactly(total, shares, currency)


def still_due(due: Decimal, credited: Decimal, left: Decimal) -> Decimal:
    """What of it was not taken back before; never more than is left."""
    return min(max(due - credited, ZERO), left)
