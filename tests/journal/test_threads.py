"""Many at once: posting, sealing, closing and two people deciding; the books stay whole."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction

from billing.book_checks import check_books
from billing.models import AccountingPeriod, JournalEntry, JournalSeal, PeriodChange, PeriodClosing
from billing.operations.journal import open_period, reverse
from billing.operations.journal_periods import ask, confirm
from billing.operations.journal_seals import seal, seal_all
from chargebill.core.errors import UserError
from tests.journal.books import AT, MARCH, person, posted
from tests.journal.test_protection import LEG, POST, leg, run, unposted
from tests.rows import company

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
LATER = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SIGNING_KEYS", tmp_path / "keys")


def month_of(day: date) -> AccountingPeriod:
    with transaction.atomic():
        return open_period(company(), day)


def together(*deeds: Callable[[], object]) -> list[object]:
    """Runs them at the same moment, each on a connection of its own; gives their results, UserErrors as their code."""
    barrier = threading.Barrier(len(deeds))
    results: list[object] = [None] * len(deeds)

    def run(at: int, deed: Callable[[], object]) -> None:
        try:
            barrier.wait(30)
            results[at] = deed()
        except UserError as error:
            results[at] = error.code
        except Exception as error:
            results[at] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(at, deed)) for at, deed in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert [result for result in results if isinstance(result, Exception)] == []
    return results


def test_sealers_against_posters_leave_no_gap(full_size: bool) -> None:
    posters, each = (24, 50) if full_size else (4, 8)
    company()
    ended = threading.Event()

    def poster(who: int) -> Callable[[], None]:
        return lambda: [posted(who * 1000 + n) for n in range(each)] and None

    def sealer() -> int:
        sealed = 0
        while not ended.is_set():
            sealed += seal(entity=company())
        return sealed + seal(entity=company())

    stop = threading.Timer(20 if full_size else 3, ended.set)
    stop.start()
    results = together(*[poster(n) for n in range(posters)], sealer, sealer)
    stop.cancel()
    seal_all()
    assert sum(result for result in results if isinstance(result, int)) <= posters * each
    assert list(JournalSeal.objects.order_by("seq").values_list("seq", flat=True)) == list(range(1, posters * each + 1))
    assert check_books().is_clean


def test_closing_against_posting_is_before_or_after_never_between(full_size: bool) -> None:
    """What came in time is in the signed month; what came too late was refused. Nothing slips in between."""
    posters = 30 if full_size else 6
    petra, carl = person("petra"), person("carl")
    for round_no in range(30 if full_size else 3):
        month = date(2024 + round_no // 12, 1 + round_no % 12, 1)
        period = month_of(month)
        change = ask(period=period, kind=PeriodChange.Kind.CLOSE, reason="", actor=petra, at=LATER)
        deeds = [lambda n=n, r=round_no, m=month: posted(r * 100 + n, day=m).pk for n in range(posters)]
        deeds.insert(posters // 2, lambda c=change: confirm(change=c, actor=carl, at=LATER).pk)
        results = together(*deeds)
        assert results.count("period_closed") + JournalEntry.objects.filter(period=period).count() == posters
        assert AccountingPeriod.objects.get(pk=period.pk).state == "CLOSED"
    report = check_books()
    assert [str(one) for one in report.breaks] == []


def test_two_people_confirming_at_once_close_it_once(full_size: bool) -> None:
    people = [person(f"p{n}") for n in range(4)]
    for round_no in range(100 if full_size else 5):
        month = date(2010 + round_no // 12, 1 + round_no % 12, 1)
        change = ask(period=month_of(month), kind=PeriodChange.Kind.CLOSE, reason="", actor=person("petra"), at=LATER)
        results = together(*[lambda p=p, c=change: confirm(change=c, actor=p, at=LATER).pk for p in people])
        assert sorted(map(str, results)) == sorted([str(change.pk), *["already_decided"] * 3])
        assert PeriodClosing.objects.filter(change=change).count() == 1
    assert check_books().is_clean


def test_two_people_asking_at_once_ask_once() -> None:
    period = month_of(MARCH)
    people = [person(f"p{n}") for n in range(4)]
    deeds = [lambda p=p: ask(period=period, kind=PeriodChange.Kind.CLOSE, reason="", actor=p, at=LATER).pk for p in people]
    results = together(*deeds)
    assert results.count("change_waiting") == 3
    assert PeriodChange.objects.count() == 1


def test_the_same_entry_posted_at_once_is_booked_once(full_size: bool) -> None:
    company()
    for number in range(200 if full_size else 10):
        results = together(*[lambda n=number: posted(n).pk for _ in range(8)])
        assert len(set(results)) == 1
    assert check_books().is_clean


def test_an_entry_taken_back_at_once_is_taken_back_once(full_size: bool) -> None:
    for number in range(100 if full_size else 5):
        entry = posted(number)
        deeds = [lambda e=entry: reverse(entry=e, effective_date=MARCH, reason="Wrong", actor=None, at=AT).pk for _ in range(4)]
        assert together(*deeds).count("already_reversed") == 3
    report = check_books()
    assert report.is_clean
    assert report.entries == 2 * (100 if full_size else 5)


@pytest.mark.postgresql
def test_a_leg_added_by_sql_while_the_entry_is_posted_is_refused_or_counted() -> None:
    """The poster must see it and refuse the entry, or the leg must be refused."""
    for number in range(20):
        entry = unposted(number) if number else (posted(99), unposted(0))[1]
        leg(entry, 1, "5", "0")
        leg(entry, 2, "0", "5")
        account = entry.entity.accounts.first().pk

        def deed(statement: str, *values: object) -> Callable[[], str]:
            def does() -> str:
                try:
                    run(statement, *values)
                except Exception as error:
                    return str(error).splitlines()[0]
                return "done"

            return does

        add = f"{LEG} (%s, 3, %s, 7, 0, 'EUR', '', '')"
        said = together(deed(POST, entry.pk), deed(add, entry.pk, account))
        assert said.count("done") == 1, said
