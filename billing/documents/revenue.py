"""Which accounts what a line earned belongs to, as net amounts that add up to the line's."""

from collections.abc import Mapping
from decimal import Decimal

from billing.documents.amounts import ZERO
from chargebill.core.money import split_exactly

ENERGY, TIME, IDLE, FEE, ROAMING = "4000", "4010", "4020", "4030", "4040"


def revenue(net: Decimal, parts: Mapping[str, Decimal], currency: str) -> dict[str, Decimal]:
    """``net`` by account, in proportion to what each account's parts cost (all on one side, whichever).

    A limit on the total belongs to no account: it makes all of them smaller or larger. Without parts it is energy.
    """
    known = {account: amount for account, amount in sorted(parts.items()) if amount > ZERO}
    whole = sum(known.values(), ZERO)
    if not whole:
        return {ENERGY: net}
    shares = split_exactly(net, [net * amount / whole for amount in known.values()], currency)
    return {account: share for account, share in zip(known, shares, strict=True) if share}
