"""Sealing: dense numbers per company, in chunks, by the worker, beside posting."""

import hashlib

import pytest

from billing.models import JournalEntry, JournalSeal
from billing.operations import journal_seals
from billing.operations.journal_seals import seal, seal_all
from chargebill.core import chores
from tests.journal.books import posted
from tests.rows import company

pytestmark = pytest.mark.django_db


def test_entries_get_their_numbers_in_the_order_they_were_written_in() -> None:
    entries = [posted(n) for n in range(1, 4)]
    assert seal(entity=company()) == 3
    previous = "0" * 64
    for number, (entry, row) in enumerate(zip(entries, JournalSeal.objects.order_by("seq"), strict=True), 1):
        chain = hashlib.sha256(f"{previous}\n{number}\n{entry.content_hash}".encode()).hexdigest()
        assert (row.seq, row.entry, row.entry_hash, row.previous, row.chain) == (
            number,
            entry,
            entry.content_hash,
            previous,
            chain,
        )
        previous = chain
    assert not JournalEntry.objects.filter(is_sealed=False).exists()


def test_what_is_sealed_is_not_sealed_again_and_the_next_one_goes_on() -> None:
    posted(1)
    assert (seal(entity=company()), seal(entity=company())) == (1, 0)
    posted(2)
    assert seal(entity=company()) == 1
    assert list(JournalSeal.objects.values_list("seq", flat=True)) == [1, 2]


def test_many_are_sealed_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_seals, "CHUNK", 3)
    for number in range(1, 8):
        posted(number)
    assert seal(entity=company()) == 7
    assert list(JournalSeal.objects.values_list("seq", flat=True)) == list(range(1, 8))


def test_each_company_has_a_chain_of_its_own() -> None:
    posted(1)
    posted(1, entity=company("Other"))
    posted(2)
    assert seal_all() == 3
    assert list(JournalSeal.objects.order_by("pk").values_list("entity__name", "seq")) == [
        ("Stadtwerke Nord", 1),
        ("Stadtwerke Nord", 2),
        ("Other", 1),
    ]


def test_sealing_is_a_worker_s_chore() -> None:
    posted(1)
    chores.run_chores()
    assert JournalSeal.objects.count() == 1


def test_a_chore_that_fails_keeps_no_other_from_being_done(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise RuntimeError("no disk")

    monkeypatch.setattr(chores, "_chores", [broken, seal_all])
    posted(1)
    chores.run_chores()
    assert JournalSeal.objects.count() == 1
    assert "The chore broken failed; it is tried again in a few seconds." in caplog.text
