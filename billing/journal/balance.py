"""What makes the legs of an entry one that may be posted."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from billing.journal.chart import chart_account
from billing.journal.model import ZERO, Leg
from chargebill.core.errors import UserError
from chargebill.core.money import to_minor

# Twelve digits before the point: what the database keeps exactly on SQLite, too.
LARGEST = Decimal(10) ** 12
CURRENCY = re.compile(r"\A[A-Z]{3}\Z")
TAX_DIGITS = 3
DESCRIPTION_LENGTH = 300


def imbalances(legs: Iterable[Leg]) -> dict[str, Decimal]:
    """Debits less credits of each currency where they differ; empty when the legs balance."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for leg in legs:
        sums[leg.currency] += leg.debit - leg.credit
    return {currency: amount for currency, amount in sorted(sums.items()) if amount}


def check_legs(legs: Sequence[Leg]) -> None:
    """Raises UserError: too_few_legs, unknown_account, leg_amount, leg_currency, leg_tax, leg_text, unbalanced.

    TypeError for an amount that is no Decimal: a float has already lost digits.
    """
    if len(legs) < 2:
        raise UserError("too_few_legs", "An entry has at least two legs. Nothing was changed.")
    for number, leg in enumerate(legs, 1):
        where = f"leg {number}"
        chart_account(leg.account_code, where)
        _check_amounts(leg, where)
        if len(leg.description) > DESCRIPTION_LENGTH or len(leg.tax_code) > 20 or "\x00" in leg.description + leg.tax_code:
            raise UserError(
                "leg_text",
                f"A leg's text has at most {DESCRIPTION_LENGTH} characters, its tax code 20; none is NUL. Nothing was changed.",
                where,
            )
    apart = imbalances(legs)
    if apart:
        said = ", ".join(f"{currency} {amount:f}" for currency, amount in apart.items())
        raise UserError("unbalanced", f"Debits and credits differ by {said}. They must be equal. Nothing was changed.")


def _check_amounts(leg: Leg, where: str) -> None:
    for amount in (leg.debit, leg.credit, leg.tax_rate, leg.tax_amount):
        if amount is not None and not isinstance(amount, Decimal):
            raise TypeError(f"Money is made from Decimal, not {type(amount).__name__}: a float has already lost digits.")
        if amount is not None and not amount.is_finite():
            raise UserError("leg_amount", f"{amount} is no amount. Nothing was changed.", where)
    if not CURRENCY.match(leg.currency):
        raise UserError("leg_currency", f"{leg.currency!r} is no ISO 4217 code such as EUR. Nothing was changed.", where)
    if min(leg.debit, leg.credit) < ZERO or (leg.debit == ZERO) == (leg.credit == ZERO):
        raise UserError(
            "leg_amount", "A leg is a debit or a credit above zero, not both and not none. Nothing was changed.", where
        )
    if max(leg.debit, leg.credit) >= LARGEST or abs(leg.tax_amount or ZERO) >= LARGEST:
        raise UserError("leg_amount", f"An amount is below {LARGEST:,f}. Nothing was changed.", where)
    try:
        for amount in (leg.debit, leg.credit, leg.tax_amount or ZERO):
            to_minor(amount, leg.currency)
    except ValueError as problem:
        raise UserError("leg_amount", f"{problem} Nothing was changed.", where) from None
    rate = leg.tax_rate
    if rate is not None and (not 0 <= rate < 1000 or rate != round(rate, TAX_DIGITS)):
        raise UserError("leg_tax", f"{rate:f} % is no tax rate with at most three decimals. Nothing was changed.", where)
