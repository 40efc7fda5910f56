"""The chain of seals: each link holds the hash of an entry and of everything sealed before it."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

# What the first link follows.
GENESIS = "0" * 64


class Break(Enum):
    """What is wrong with a link."""

    GAP = "gap"
    PREVIOUS = "previous"
    CHAIN = "chain"


@dataclass(frozen=True, slots=True)
class Link:
    """One seal. ``seq`` counts from 1 without a gap; ``chain`` = SHA-256 of previous, seq and entry hash."""

    seq: int
    entry_hash: str
    previous: str
    chain: str


def _chain(seq: int, entry_hash: str, previous: str) -> str:
    return hashlib.sha256(f"{previous}\n{seq}\n{entry_hash}".encode()).hexdigest()


def next_link(last: Link | None, entry_hash: str) -> Link:
    """The link after ``last`` (None: the first)."""
    seq, previous = (last.seq + 1, last.chain) if last else (1, GENESIS)
    return Link(seq, entry_hash, previous, _chain(seq, entry_hash, previous))


def linked(links: Iterable[Link]) -> Iterable[tuple[Link, Break]]:
    """The links that don't follow from the one before, in order; none: the chain is whole as far as it goes.

    A missing end is no break: only an anchor outside (a signed chain head) shows that one is missing.
    """
    seq, previous = 0, GENESIS
    for link in links:
        if link.seq != seq + 1:
            yield link, Break.GAP
        elif link.previous != previous:
            yield link, Break.PREVIOUS
        if link.chain != _chain(link.seq, link.entry_hash, link.previous):
            yield link, Break.CHAIN
        seq, previous = link.seq, link.chain
