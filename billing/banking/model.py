"""What a bank file says, whatever its format."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Line:
    """One movement on an account. ``amount`` is signed; ``reference`` the bank's own, "" where it gives none.

    ``is_reversal``: the bank took an earlier movement back. ``where`` is its place in the file, for people.
    """

    where: str
    booked_on: date
    value_on: date | None
    amount: Decimal
    currency: str
    name: str
    counterparty: str
    purpose: str
    reference: str
    end_to_end: str
    is_reversal: bool


@dataclass(frozen=True, slots=True)
class Statement:
    """The movements of one account. Balances are None where the file says none; where it says both, they add up."""

    account: str
    currency: str
    number: str
    opening: Decimal | None
    closing: Decimal | None
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class BankFileContent:
    """``kind`` is "CAMT.053" with its version, or "CSV". ``not_booked`` counts entries that are only announced: left out."""

    kind: str
    statements: tuple[Statement, ...]
    not_booked: int = 0
