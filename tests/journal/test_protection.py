"""Posted entries and their legs stand, by raw SQL too, on both databases."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import F

from billing.models import Account, AccountingPeriod, JournalEntry, Posting
from billing.operations.journal import open_period
from tests.core.test_frozen import another
from tests.journal.books import AT, MARCH, posted
from tests.rows import company

pytestmark = pytest.mark.django_db


def rows() -> list[list[tuple[Any, ...]]]:
    return [list(model.objects.order_by("pk").values_list()) for model in (JournalEntry, Posting, AccountingPeriod)]


def refused(statement: str, *values: object) -> str:
    """What the database says to a statement it must refuse; nothing has changed after it."""
    before = rows()
    with pytest.raises(DatabaseError) as error, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
    assert rows() == before
    return str(error.value)


def run(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def unposted(number: int = 1) -> JournalEntry:
    return JournalEntry.objects.create(
        entity=company(),
        period=open_period(company(), MARCH),
        key=f"raw:{number}:1",
        effective_date=MARCH,
        description="Raw",
        source_type="raw",
        source_id=str(number),
        content_hash="0" * 64,
        created_at=AT,
    )


LEG = "INSERT INTO billing_posting (entry_id, line_no, account_id, debit, credit, currency, tax_code, description) VALUES "


def leg(entry: JournalEntry, line: int, debit: str, credit: str, currency: str = "EUR") -> None:
    account = Account.objects.filter(entity=entry.entity).first()
    assert account is not None
    run(f"{LEG} (%s, %s, %s, {debit}, {credit}, %s, '', '')", entry.pk, line, account.pk, currency)


DAY = timedelta(days=1)
POST = "UPDATE billing_journalentry SET posted_at = created_at WHERE id = %s"


def test_no_column_of_a_posted_leg_changes_and_no_leg_goes() -> None:
    one, _ = posted(1), posted(2)
    for field in Posting._meta.concrete_fields:
        if not field.primary_key:
            with pytest.raises(IntegrityError, match="posting rows like this one never change"), transaction.atomic():
                Posting.objects.filter(entry=one).update(**{field.attname: another(field)})
    assert "never deleted" in refused("DELETE FROM billing_posting WHERE entry_id = %s AND line_no = 1", one.pk)
    assert "never deleted" in refused("DELETE FROM billing_posting")


def test_a_leg_is_neither_moved_nor_added() -> None:
    one, two = posted(1), posted(2)
    assert "never change" in refused(
        "UPDATE billing_posting SET entry_id = %s, line_no = 9 WHERE entry_id = %s AND line_no = 1", two.pk, one.pk
    )
    account = one.postings.first().account_id
    for debit, credit in (("5", "0"), ("0", "5")):
        said = refused(f"{LEG} (%s, 9, %s, {debit}, {credit}, 'EUR', '', '')", one.pk, account)
        assert "legs are never added to a posted entry" in said
    # Two legs that balance are as much of a change.
    both = f"{LEG} (%s, 8, %s, 5, 0, 'EUR', '', ''), (%s, 9, %s, 0, 5, 'EUR', '', '')"
    assert "never added" in refused(both, one.pk, account, one.pk, account)


def test_no_column_of_a_posted_entry_changes_and_no_entry_goes() -> None:
    entry, other = posted(1), posted(2)
    for field in JournalEntry._meta.concrete_fields:
        if field.name in ("id", "is_sealed"):
            continue
        value = other.pk if field.is_relation else MARCH - DAY if field.name == "effective_date" else another(field)
        with pytest.raises(IntegrityError), transaction.atomic():
            JournalEntry.objects.filter(pk=entry.pk).update(**{field.attname: value})
    # Unposted it could be filled anew.
    assert "never change" in refused("UPDATE billing_journalentry SET posted_at = NULL WHERE id = %s", entry.pk)
    assert "never deleted" in refused("DELETE FROM billing_journalentry WHERE id = %s", entry.pk)


def test_an_entry_is_not_posted_before_it_has_legs() -> None:
    posted(1)
    entry = unposted()
    assert "at least two legs" in refused(POST, entry.pk)
    leg(entry, 1, "5", "0")
    refused(POST, entry.pk)


@pytest.mark.parametrize(
    ("debit", "credit", "currency"), [("5", "4.99", "EUR"), ("5", "5", "CHF"), ("0.1", "0.101", "KWD"), ("1", "2", "JPY")]
)
def test_an_entry_that_does_not_balance_is_not_posted(debit: str, credit: str, currency: str) -> None:
    posted(1)
    entry = unposted()
    leg(entry, 1, debit, "0", "EUR" if currency == "CHF" else currency)
    leg(entry, 2, "0", credit, currency)
    assert "debits and credits are equal in each currency" in refused(POST, entry.pk)
    assert not JournalEntry.objects.get(pk=entry.pk).posted_at


def test_sums_a_float_would_get_wrong_balance() -> None:
    posted(1)
    entry = unposted()
    for line, amount in enumerate(("0.1", "0.2", "999999999999.989"), 1):
        leg(entry, line, amount, "0")
    leg(entry, 4, "0", "0.3")
    leg(entry, 5, "0", "999999999999.989")
    run(POST, entry.pk)
    assert JournalEntry.objects.get(pk=entry.pk).posted_at == AT


def test_an_entry_does_not_come_posted() -> None:
    posted(1)
    period = open_period(company(), MARCH)
    columns = "entity_id, period_id, key, effective_date, description, source_type, source_id, document_no, content_hash"
    said = refused(
        f"INSERT INTO billing_journalentry ({columns}, created_at, posted_at, is_sealed)"
        " VALUES (%s, %s, 'k', '2026-03-31', 'd', 's', '1', '', 'h', '2026-03-31', '2026-03-31', false)",
        company().pk,
        period.pk,
    )
    assert "posted after its legs were written" in said


def test_a_closed_period_takes_no_posting_by_sql_either() -> None:
    posted(1)
    entry = unposted()
    leg(entry, 1, "5", "0")
    leg(entry, 2, "0", "5")
    AccountingPeriod.objects.update(state="CLOSED")
    assert "a closed period takes no posting" in refused(POST, entry.pk)


def test_a_leg_is_a_debit_or_a_credit() -> None:
    posted(1)
    entry = unposted()
    account = Account.objects.first().pk
    for debit, credit in (("0", "0"), ("1", "1"), ("-1", "0"), ("0", "-1")):
        refused(f"{LEG} (%s, 1, %s, {debit}, {credit}, 'EUR', '', '')", entry.pk, account)


def test_periods_and_accounts_keep_what_the_books_stand_on() -> None:
    posted(1)
    assert "never change" in refused("UPDATE billing_accountingperiod SET first_day = '2026-01-01'")
    refused("DELETE FROM billing_accountingperiod")
    assert "never change" in refused("UPDATE billing_account SET code = code || 'x'")
    refused("DELETE FROM billing_account")
    Account.objects.filter(code="1000").update(number="1800", name="Bank at home")


def test_an_entry_is_sealed_once_and_only_when_posted() -> None:
    posted(1)
    entry = unposted()
    refused("UPDATE billing_journalentry SET is_sealed = true WHERE id = %s", entry.pk)
    run("UPDATE billing_journalentry SET is_sealed = true WHERE id <> %s", entry.pk)
    refused("UPDATE billing_journalentry SET is_sealed = false WHERE id <> %s", entry.pk)


def test_the_orm_is_refused_as_well() -> None:
    entry = posted(1)
    attempts = (
        lambda: entry.postings.all()._raw_delete("default"),
        lambda: entry.postings.update(debit=F("debit") + 1),
        lambda: JournalEntry.objects.filter(pk=entry.pk).update(created_at=AT + timedelta(days=1)),
    )
    for attempt in attempts:
        with pytest.raises(IntegrityError), transaction.atomic():
            attempt()


@pytest.mark.postgresql
@pytest.mark.parametrize("table", ["billing_posting", "billing_journalentry", "billing_accountingperiod", "billing_journalseal"])
def test_truncating_the_books_is_refused(table: str) -> None:
    posted(1)
    run("SET CONSTRAINTS ALL IMMEDIATE")
    assert "never deleted" in refused(f"TRUNCATE {table} CASCADE")
