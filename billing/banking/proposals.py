"""What a receipt is for, as far as its words and its amount say."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

_WORD = re.compile(r"[0-9A-Za-z]+")
# A number is at most twelve digits long; a longer run may be one with the year in front of it.
LONGEST = 12
MOST_WORDS = 60


class Certainty(StrEnum):
    """CERTAIN: documents named, and the amount is theirs to the cent. LIKELY: worth a look. NONE: a person chooses."""

    CERTAIN = "certain"
    LIKELY = "likely"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class OpenDocument:
    """A document with what is still owed on it (may be zero), of one currency."""

    pk: int
    number: str
    customer_id: int | None
    open_amount: Decimal


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money that came in. ``customer_ids`` are those who have the payer's name or have paid from this account before."""

    amount: Decimal
    text: str
    customer_ids: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Proposal:
    """``parts`` are (document, amount), never more than is open nor, together, than came in. ``why`` is for people."""

    certainty: Certainty
    parts: tuple[tuple[int, Decimal], ...]
    why: str


def sequences_in(text: str) -> set[int]:
    """Every count that a document's number in this text may end with."""
    found = set()
    for run in re.findall(r"[0-9]+", "\x1f".join(_WORD.findall(text)[:MOST_WORDS])):
        run = run[-40:]
        found |= {int(run[start:]) for start in range(max(0, len(run) - LONGEST), len(run))}
    return found - {0}


def _names(text: str, number: str) -> bool:
    """Whether the text says the number, however it is spaced and punctuated: "inv 2026/17" says INV-2026-17."""
    parts = _WORD.findall(number)
    pattern = r"[^0-9A-Za-z]*".join(map(re.escape, parts))
    return bool(re.search(rf"(?<![0-9A-Za-z]){pattern}(?![0-9A-Za-z])", text, re.IGNORECASE))


def proposal(receipt: Receipt, candidates: Iterable[OpenDocument]) -> Proposal:
    """From documents of the receipt's currency: those whose number it may name, and those of its customers.

    Named documents that are open together with exactly this amount are certain. Named with another amount, or not named
    but the only one open with exactly this amount of a customer known by name or account, is likely. Nothing else is
    proposed: an amount alone is no evidence.
    """
    known = list(candidates)
    named = [one for one in known if _names(receipt.text, one.number)]
    # "INV-17" inside "INV-17-2": the longer number is meant.
    named = [one for one in named if not any(one.number != more.number and one.number in more.number for more in named)]
    if named:
        return _of_named(receipt, named)
    exact = [one for one in known if one.customer_id in receipt.customer_ids and one.open_amount == receipt.amount]
    if len(exact) == 1:
        return Proposal(
            Certainty.LIKELY,
            ((exact[0].pk, receipt.amount),),
            f"The payer’s only document open with exactly this is {exact[0].number}.",
        )
    if exact:
        return Proposal(Certainty.NONE, (), f"{len(exact)} documents of the payer are open with exactly this amount.")
    return Proposal(Certainty.NONE, (), "It names no document that is open.")


def _of_named(receipt: Receipt, named: Sequence[OpenDocument]) -> Proposal:
    numbers = ", ".join(one.number for one in named)
    owed = [one for one in named if one.open_amount > 0]
    if not owed:
        return Proposal(Certainty.NONE, (), f"It names {numbers}, where nothing is open any more.")
    total = sum((one.open_amount for one in owed), Decimal(0))
    parts = filled(receipt.amount, owed)
    if len(owed) < len(named):
        return Proposal(Certainty.LIKELY, parts, f"It names {numbers}; on some of them nothing is open any more.")
    if total == receipt.amount:
        return Proposal(Certainty.CERTAIN, parts, f"It names {numbers}, open with exactly this amount.")
    if total > receipt.amount:
        return Proposal(Certainty.LIKELY, parts, f"It names {numbers}, but is less than what is open.")
    return Proposal(Certainty.LIKELY, parts, f"It names {numbers}, but is more than what is open.")


def filled(amount: Decimal, documents: Sequence[OpenDocument]) -> tuple[tuple[int, Decimal], ...]:
    """The amount over these documents, each filled before the next, in their order."""
    left, parts = amount, []
    for one in documents:
        share = min(left, one.open_amount)
        if share > 0:
            parts.append((one.pk, share))
            left -= share
    return tuple(parts)
