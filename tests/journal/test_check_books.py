"""check_books: clean books, and everything that was changed behind the protection."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from billing.book_checks import NAMES, check_books, model
from billing.journal import entry_hash, next_link
from billing.journal_rows import contents
from billing.models import AccountingPeriod, JournalEntry, JournalSeal, PeriodChange
from billing.operations.journal import reverse
from billing.operations.journal_periods import ask, confirm
from chargebill.core import frozen
from tests.journal.books import AT, closed, credit, debit, person, posted
from tests.rows import company, customers

pytestmark = pytest.mark.django_db
APRIL = date(2026, 4, 10)
LATER = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def books() -> None:
    """Two companies; March is closed, April reopened once and open, one entry taken back, three kinds of digits."""
    customer = customers(1)[0]
    first = posted(1, legs=[debit("1100", "119.95", customer_id=customer.pk), credit("4000", "119.95", tax_code="DE19")])
    posted(
        2,
        legs=[
            debit("1000", "1.234", "KWD"),
            credit("1100", "1.234", "KWD"),
            debit("1000", "5", "JPY"),
            credit("1100", "5", "JPY"),
        ],
    )
    posted(1, entity=company("Other"))
    posted(3, day=APRIL, document_no="2026-3")
    march, april = AccountingPeriod.objects.filter(entity=company()).order_by("first_day")
    closed(march)
    closed(april)
    change = ask(period=april, kind=PeriodChange.Kind.REOPEN, reason="Late", actor=person("petra"), at=LATER)
    confirm(change=change, actor=person("carl"), at=LATER)
    reverse(entry=first, effective_date=APRIL, reason="Wrong", actor=person("petra"), at=AT)


def run(statement: str, *values: object) -> None:
    """Changes the books with the protection taken away."""
    frozen.remove()
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def broken() -> set[str]:
    return {one.check for one in check_books().breaks}


def answer(capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    code = 0
    try:
        call_command("check_books")
    except SystemExit as end:
        code = int(str(end.code))
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    return code, json.loads(out)


def test_clean_books_end_with_zero(books: None, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = answer(capsys)
    assert code == 0
    assert (said["clean"], said["companies"], said["entries"], said["postings"]) == (True, 2, 5, 14)
    assert said["breaks"] == []
    looked_at = {check["check"]: check["looked_at"] for check in said["checks"]}
    assert list(looked_at) == list(NAMES)
    assert {name: looked_at[name] for name in ("balance", "content", "periods", "chain", "closed", "signatures")} == {
        "balance": 5,
        "content": 5,
        "periods": 5,
        "chain": 5,
        "closed": 3,
        "signatures": 2,
    }


def test_books_without_an_entry_are_clean(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = answer(capsys)
    assert (code, said["clean"], said["entries"]) == (0, True, 0)


def test_a_changed_amount_is_listed_and_ends_with_one(books: None, capsys: pytest.CaptureFixture[str]) -> None:
    entry = JournalEntry.objects.get(key="invoice:3:1")
    run("UPDATE billing_posting SET debit = 118 WHERE entry_id = %s AND line_no = 1", entry.pk)
    code, said = answer(capsys)
    assert (code, said["clean"]) == (1, False)
    where = {"company": "Stadtwerke Nord", "where": f"entry {entry.pk}"}
    assert {"check": "balance", **where, "message": "Debits and credits differ by EUR -1.000."} in said["breaks"]
    changed = "It does not say what it said when it was posted (invoice:3:1)."
    assert {"check": "content", **where, "message": changed} in said["breaks"]
    assert said["breaks_left_off"] == 0


# What a person with the database's password could do -> a check that tells.
DEEDS = {
    "both sides of an entry": ("UPDATE billing_posting SET debit = debit * 2, credit = credit * 2", "content"),
    "moved to another account": ("UPDATE billing_posting SET account_id = (SELECT MAX(id) FROM billing_account)", "content"),
    "moved to another entry": ("UPDATE billing_posting SET entry_id = (SELECT MAX(id) FROM billing_journalentry), line_no = 8"
                               " WHERE id = (SELECT MIN(id) FROM billing_posting)", "content"),
    "a leg gone": ("DELETE FROM billing_posting WHERE id = (SELECT MIN(id) FROM billing_posting)", "balance"),
    "legs in another order": ("UPDATE billing_posting SET line_no = 9 - line_no", "content"),
    "another day": ("UPDATE billing_journalentry SET effective_date = '2026-04-11' WHERE key = 'invoice:3:1'", "content"),
    "another text": ("UPDATE billing_journalentry SET description = 'x' WHERE key = 'invoice:1:1'", "content"),
    "posted at another time": ("UPDATE billing_journalentry SET posted_at = '2026-01-01 00:00:00+00:00'", "periods"),
    "not posted": ("UPDATE billing_journalentry SET posted_at = NULL WHERE key = 'invoice:3:1'", "periods"),
    "another month": ("UPDATE billing_journalentry SET period_id = (SELECT MIN(id) FROM billing_accountingperiod)", "periods"),
    "another hash": (f"UPDATE billing_journalentry SET content_hash = '{'a' * 64}' WHERE key = 'invoice:1:1'", "chain"),
    "a seal gone": ("DELETE FROM billing_journalseal WHERE seq = 2", "chain"),
    "another seal": (f"UPDATE billing_journalseal SET entry_hash = '{'a' * 64}' WHERE seq = 2", "chain"),
    "another chain": (f"UPDATE billing_journalseal SET chain = '{'a' * 64}' WHERE seq = 1", "chain"),
    "another number": ("UPDATE billing_journalseal SET seq = 99 WHERE seq = 2", "chain"),
    "opened by hand": ("UPDATE billing_accountingperiod SET state = 'OPEN'", "closed"),
    "closed by hand": ("UPDATE billing_accountingperiod SET state = 'CLOSED'", "closed"),
    "another signature": ("UPDATE billing_periodclosing SET signature = '00'", "signatures"),
    "another text signed": ("UPDATE billing_periodclosing SET statement = REPLACE(statement, '119.9', '120.9')", "signatures"),
    "a text that is none": ("UPDATE billing_periodclosing SET statement = 'x'", "closed"),
    "another key": (f"UPDATE billing_signingkey SET public_key = '{'0' * 64}'", "signatures"),
    "an account of another kind": ("UPDATE billing_account SET kind = 'INCOME' WHERE code = '1100'", "accounts"),
    "an account of another code": ("UPDATE billing_account SET code = '1101' WHERE code = '1100'", "accounts"),
}  # fmt: skip


@pytest.mark.parametrize("deed", DEEDS)
def test_what_is_changed_behind_the_protection_is_found(books: None, deed: str) -> None:
    assert check_books().is_clean
    statement, check = DEEDS[deed]
    run(statement)
    assert check in broken()


def test_an_entry_and_its_chain_made_anew_break_the_signed_month(books: None) -> None:
    """Somebody who hashes everything again is caught by what was signed, and only by that."""
    assert check_books().is_clean
    run("UPDATE billing_posting SET debit = debit + 1 WHERE debit = 119.95")
    run("UPDATE billing_posting SET credit = credit + 1 WHERE credit = 119.95")
    for entity in (company(), company("Other")):
        last = None
        for row in JournalSeal.objects.filter(entity=entity).order_by("seq"):
            entry = JournalEntry.objects.select_related("reverses").get(pk=row.entry_id)
            entry.content_hash = entry_hash(*contents([entry])[0])
            entry.save()
            last = next_link(last, entry.content_hash)
            JournalSeal.objects.filter(pk=row.pk).update(entry_hash=last.entry_hash, previous=last.previous, chain=last.chain)
    assert broken() == {"closed"}


def test_an_entry_slipped_into_a_closed_month_is_found(books: None) -> None:
    frozen.remove()
    AccountingPeriod.objects.update(state="OPEN")
    late = posted(9)
    AccountingPeriod.objects.filter(first_day=date(2026, 3, 1), entity=company()).update(state="CLOSED")
    found = [(one.check, one.where, one.message) for one in check_books().breaks]
    assert ("closed", f"entry {late.pk}", "It came into 2026-03 after that was closed.") in found


def test_breaks_beyond_the_listed_are_counted(books: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "MOST_LISTED", 2)
    run("UPDATE billing_posting SET description = 'x'")
    report = check_books()
    assert (len(report.breaks), report.counts["content"]) == (2, 5)


@pytest.mark.sqlite
def test_a_value_of_another_type_is_a_break_and_no_crash(books: None) -> None:
    run("UPDATE billing_posting SET currency = CAST('EUR' AS BLOB) WHERE id = (SELECT MIN(id) FROM billing_posting)")
    found = check_books()
    assert found.counts["storage"] >= 1
    assert "A value can't be read, so this check ended early" in " ".join(one.message for one in found.breaks)
