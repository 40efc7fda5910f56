"""An entry's canonical text and hash, and the chain of seals."""

import hashlib
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from billing.journal import GENESIS, EntryContent, Link, Posted, entry_hash, linked, next_link
from billing.journal.chain import Break
from billing.journal.content import canonical
from tests.journal.books import credit, debit

ENTRY = EntryContent(
    entity_id=1,
    key="invoice:7:1",
    effective_date=date(2026, 3, 31),
    description="Invoice ÄÖ-7",
    source_type="invoice",
    source_id="7",
    document_no="2026-7",
    reverses="",
    legs=(debit("1100", "1.50", customer_id=9), credit("4000", "1.50", tax_code="DE19", tax_rate=Decimal(19))),
)
POSTED = Posted(datetime(2026, 3, 31, 8, 15, tzinfo=UTC), 3)


def test_the_hash_is_of_text_anyone_can_write_again() -> None:
    """Written by hand, not by the code."""
    text = (
        '{"description":"Invoice ÄÖ-7","document_no":"2026-7","effective_date":"2026-03-31","entity":1,"key":"invoice:7:1",'
        '"legs":[["1100","1.5","0","EUR","",null,null,9,""],["4000","0","1.5","EUR","DE19","19",null,null,""]],'
        '"posted_at":"2026-03-31T08:15:00.000000+00:00","posted_by":3,"reverses":"","source":["invoice","7"],"v":1}'
    )
    assert canonical(ENTRY, POSTED).decode() == text
    assert entry_hash(ENTRY, POSTED) == hashlib.sha256(text.encode()).hexdigest()


def test_how_a_database_writes_a_number_or_a_moment_is_not_part_of_it() -> None:
    legs = (debit("1100", "1.500", customer_id=9), credit("4000", "1.5", tax_code="DE19", tax_rate=Decimal("19.000")))
    berlin = Posted(POSTED.at.astimezone(timezone(timedelta(hours=2))), 3)
    assert entry_hash(replace(ENTRY, legs=legs), berlin) == entry_hash(ENTRY, POSTED)


def test_every_part_of_an_entry_is_in_the_hash() -> None:
    others = {
        "entity_id": 2,
        "key": "x",
        "effective_date": date(2026, 3, 30),
        "description": "x",
        "source_type": "x",
        "source_id": "x",
        "document_no": "x",
        "reverses": "x",
        "legs": ENTRY.legs[::-1],
    }
    assert set(others) == {field.name for field in fields(EntryContent)}
    hashes = {entry_hash(replace(ENTRY, **{name: value}), POSTED) for name, value in others.items()}
    leg = ENTRY.legs[0]
    parts = {
        "account_code": "1000",
        "debit": Decimal("1.51"),
        "credit": Decimal("0.01"),
        "currency": "CHF",
        "tax_code": "x",
        "tax_rate": Decimal(1),
        "tax_amount": Decimal(1),
        "customer_id": 1,
        "description": "x",
    }
    assert set(parts) == {field.name for field in fields(leg)}
    hashes |= {entry_hash(replace(ENTRY, legs=(replace(leg, **{n: v}), ENTRY.legs[1])), POSTED) for n, v in parts.items()}
    hashes |= {entry_hash(ENTRY, Posted(POSTED.at, None)), entry_hash(ENTRY, Posted(POSTED.at + timedelta(microseconds=1), 3))}
    assert len(hashes | {entry_hash(ENTRY, POSTED)}) == len(others) + len(parts) + 2 + 1


def chain(count: int) -> list[Link]:
    links: list[Link] = []
    for number in range(count):
        links.append(next_link(links[-1] if links else None, f"{number:064x}"))
    return links


def test_the_first_link_follows_zeros_and_each_one_the_one_before() -> None:
    first, second = chain(2)
    assert (first.seq, first.previous) == (1, GENESIS)
    assert first.chain == hashlib.sha256(f"{'0' * 64}\n1\n{0:064x}".encode()).hexdigest()
    assert (second.seq, second.previous) == (2, first.chain)
    assert second.chain == hashlib.sha256(f"{first.chain}\n2\n{1:064x}".encode()).hexdigest()


def test_a_whole_chain_has_no_break() -> None:
    assert list(linked(chain(20))) == []
    assert list(linked([])) == []


@pytest.mark.parametrize("at", [0, 1, 10, 19])
def test_a_changed_link_a_gap_and_a_swap_are_found(at: int) -> None:
    links = chain(20)
    changed = [*links[:at], replace(links[at], entry_hash="f" * 64), *links[at + 1 :]]
    assert (links[at].seq, Break.CHAIN) in [(link.seq, what) for link, what in linked(changed)]
    if at < 19:
        without = [*links[:at], *links[at + 1 :]]
        assert [(link.seq, what) for link, what in linked(without)] == [(links[at + 1].seq, Break.GAP)]
    # Hashed anew from the change on, only what came after would tell; hence the anchor outside.
    forged = next_link(links[at - 1] if at else None, "f" * 64)
    found = [(link.seq, what) for link, what in linked([*links[:at], forged, *links[at + 1 :]])]
    assert found == ([(at + 2, Break.PREVIOUS)] if at < 19 else [])
