"""A leg: one account debited or credited."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Leg:
    """One line of an entry: exactly one of ``debit`` and ``credit`` is above zero, the other is zero.

    ``account_code`` is a code of chart.py, not the number the company gave the account. ``tax_rate`` in percent;
    ``tax_amount`` is the tax that belongs to the leg's net, or the leg itself, for the tax report: it moves nothing.
    ``customer_id`` is whose receivable or credit it is.
    """

    account_code: str
    debit: Decimal
    credit: Decimal
    currency: str
    tax_code: str = ""
    tax_rate: Decimal | None = None
    tax_amount: Decimal | None = None
    customer_id: int | None = None
    description: str = ""


def reversed_legs(legs: Iterable[Leg]) -> list[Leg]:
    """The same legs with the sides swapped, in the same order; the tax they report is taken back."""
    return [
        replace(leg, debit=leg.credit, credit=leg.debit, tax_amount=None if leg.tax_amount is None else ZERO - leg.tax_amount)
        for leg in legs
    ]
