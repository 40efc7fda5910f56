"""Many entries posted at once: as if one by one, all or none, in hardly more statements than a few."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.journal import EntryContent
from billing.journal_rows import contents
from billing.models import JournalEntry, Posting
from billing.operations.journal import post_all
from chargebill.core.errors import UserError
from tests.journal.books import AT, MARCH, credit, debit, invoice_legs, posted
from tests.rows import company

pytestmark = pytest.mark.django_db


def entries(*numbers: int, day: date = MARCH) -> list[EntryContent]:
    """What ``posted`` posts, for these numbers."""
    return [
        EntryContent(company().pk, f"invoice:{n}:1", day, f"Invoice {n}", "invoice", str(n), "", "", tuple(invoice_legs()))
        for n in numbers
    ]


def post_these(wanted: Sequence[EntryContent]) -> list[JournalEntry]:
    return post_all(entity=company(), entries=wanted, actor=None, at=AT)


def test_they_say_what_those_posted_one_by_one_say() -> None:
    wanted = [
        *entries(1, 2),
        replace(entries(3)[0], effective_date=date(2026, 1, 5), legs=(debit("1000", "7.1"), credit("2100-AT-20", "7.1"))),
    ]
    made = post_these(wanted)
    assert [content for content, _ in contents(made)] == wanted
    assert [entry.posted_at for entry in JournalEntry.objects.order_by("pk")] == [AT] * 3
    assert [str(entry.period) for entry in made] == ["2026-03", "2026-03", "2026-01"]
    # Posted once more one by one, each finds itself.
    assert posted(1) == made[0]
    assert Posting.objects.count() == 8


def test_what_is_there_is_not_posted_again() -> None:
    second = posted(2)
    made = post_these([*entries(1, 2, 3), *entries(3)])
    assert [entry.source_id for entry in made] == ["1", "2", "3", "3"]
    assert made[1] == second
    assert made[2] == made[3]
    assert (JournalEntry.objects.count(), Posting.objects.count()) == (3, 9)


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("unbalanced", {"legs": (debit("1100", "2"), credit("4000", "1"))}),
        ("unknown_account", {"legs": (debit("1100", "1"), credit("4999", "1"))}),
        ("unknown_customer", {"legs": (debit("1100", "1", customer_id=999), credit("4000", "1"))}),
        ("effective_date", {"effective_date": date(1999, 12, 31)}),
        ("entry_text", {"description": " "}),
        ("key_used", {"key": "invoice:1:1", "description": "Another"}),
    ],
)
def test_one_that_is_wrong_leaves_all_of_them_unposted(code: str, wrong: dict[str, object]) -> None:
    first, second, third = entries(1, 2, 3)
    with pytest.raises(UserError) as error:
        post_these([first, replace(second, **wrong), third])  # type: ignore[arg-type]
    assert error.value.code == code
    assert (JournalEntry.objects.count(), Posting.objects.count()) == (0, 0)


def test_none_are_posted_by_nothing() -> None:
    entity = company()
    with CaptureQueriesContext(connection) as queries:
        assert post_all(entity=entity, entries=[], actor=None, at=AT) == []
    assert len(queries) == 0


def test_a_hundred_take_hardly_more_statements_than_two() -> None:
    posted(1)
    entity, counts = company(), []
    for numbers in ((2, 3), range(4, 104)):
        wanted = entries(*numbers)
        with CaptureQueriesContext(connection) as queries:
            post_all(entity=entity, entries=wanted, actor=None, at=AT)
        counts.append(len(queries))
    # Rows are written in parts, as large as the database takes.
    assert counts[1] < 2 * counts[0]
    assert sum(posting.debit for posting in Posting.objects.all()) == Decimal("119.00") * 103
