"""Receivables that are there twice: as a total of the opening balances, and invoice by invoice."""

from collections.abc import Mapping
from decimal import Decimal

ZERO = Decimal(0)
# By customer; None: of nobody named.
ByCustomer = Mapping[int | None, Decimal]


def listed_of(held: ByCustomer, listed: ByCustomer) -> dict[int | None, Decimal]:
    """How much of what the opening balances ``held`` as receivables is ``listed`` by invoices, one currency.

    A customer's invoices list what is held of that customer, and what is left of them the total that names nobody;
    never more than is held. What comes out is taken out of the opening balances, for the invoices are booked themselves.
    """
    found: dict[int | None, Decimal] = {}
    left = ZERO
    for customer, amount in listed.items():
        own = min(max(held.get(customer, ZERO), ZERO), amount)
        if own:
            found[customer] = own
        left += amount - own
    if of_nobody := min(max(held.get(None, ZERO), ZERO), left):
        found[None] = of_nobody
    return found
