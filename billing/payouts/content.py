"""What a payout list says, whatever its format."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from billing.banking.values import account, is_iban, refuse

LONGEST_NAME = 70
# An IBAN that was cut off is no account number of another kind.
_LOOKS_LIKE_IBAN = re.compile(r"[A-Z]{2}\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Transfer:
    """One payment of a list. ``reference`` comes back in the bank's statement; ``account`` is an IBAN or another number."""

    reference: str
    name: str
    account: str
    amount: Decimal
    purpose: str


@dataclass(frozen=True, slots=True)
class PayoutContent:
    """A list: who pays from which account ("": none is known), in one currency, on which day. ``made_at`` is UTC."""

    reference: str
    payer: str
    payer_account: str
    currency: str
    execution_on: date
    made_at: datetime
    transfers: tuple[Transfer, ...]

    @property
    def total(self) -> Decimal:
        return sum((one.amount for one in self.transfers), Decimal(0))


def checked_payee(name: str, number: str, where: str) -> tuple[str, str]:
    """Name and account as they are kept: an IBAN without spaces, its check digits verified, or another number.

    Raises UserError: payee_name, account.
    """
    shown = " ".join(name.split())
    if not shown or len(shown) > LONGEST_NAME or not shown.isprintable():
        raise refuse("payee_name", f"Say whose account it is, in at most {LONGEST_NAME} characters.", where)
    found = account(number, where)
    if _LOOKS_LIKE_IBAN.match(found) and not is_iban(found):
        raise refuse("account", f"{found} is no whole IBAN. Compare it with what the payee wrote.", where)
    return shown, found
