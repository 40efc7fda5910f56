"""The gateway interface: orders in, results out. Amounts are exact, above zero, in whole minor units of their currency."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol


class Outcome(StrEnum):
    """What a gateway says of an order.

    PENDING: it has the order and will know later. UNKNOWN: we don't know, because the answer did not arrive or made no
    sense; it may have happened. NEVER_SEEN: only of ``status``; the gateway has no order with this key.
    """

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    PENDING = "PENDING"
    UNKNOWN = "UNKNOWN"
    NEVER_SEEN = "NEVER_SEEN"


@dataclass(frozen=True, slots=True)
class Result:
    """``reference`` is the gateway's own for what happened; ``reason`` says why it failed, in words for staff."""

    outcome: Outcome
    reference: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """Money to take. ``key`` makes it idempotent at the gateway: the same key never takes twice. ``means`` is what the
    gateway calls the customer's means of payment (its customer, card or mandate)."""

    key: str
    amount: Decimal
    currency: str
    means: str
    description: str


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """Money to give back of what ``reference`` took; less than all of it only where the gateway can do so."""

    key: str
    amount: Decimal
    currency: str
    reference: str


@dataclass(frozen=True, slots=True)
class Capabilities:
    """``collects``: takes money on an order. ``refunds``: gives it back; ``partial_refunds``: in parts, too.

    ``tells``: ``status`` answers for an order by its key. Without it a person or a bank's file says what happened.
    """

    collects: bool
    refunds: bool
    partial_refunds: bool
    tells: bool


class Gateway(Protocol):
    """``name`` is of small letters, digits and underscores, at most 20; the books have an account 1050-NAME.

    A method that raises is taken for an outcome that is not known: it is asked with ``status`` and never sent again.
    """

    name: str
    label: str
    capabilities: Capabilities

    def authorise(self, order: Order) -> Result:
        """Holds money without taking it; ``reference`` names the hold."""
        ...

    def capture(self, order: Order, authorisation: str = "") -> Result:
        """Takes money, all or a part of a hold where ``authorisation`` names one."""
        ...

    def refund(self, order: RefundOrder) -> Result: ...

    def status(self, key: str) -> Result:
        """What became of the order with this key, whatever kind it was."""
        ...
