"""Batches: every entry goes out once for each target, and what went out downloads again byte by byte."""

import hashlib
import threading
from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, connection, transaction

from billing.book_checks import check_books
from billing.export_models import ExportBatch, ExportedEntry, ExportFile, ExportTarget
from billing.export_queries import content_of, download_of, waiting_of
from billing.models import JournalEntry
from billing.operations.exports import make_batch
from chargebill.core import frozen
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent
from tests.core.test_frozen import refused
from tests.exports.books import ALL_TARGETS, FEBRUARY, MARCH, busy_books, entry_ids, ledger, mapped
from tests.exports.readers import generic_sums, table, unzipped
from tests.journal.books import closed, posted
from tests.rows import company

NOW = datetime(2026, 4, 2, 9, 30, tzinfo=UTC)
GENERIC = ExportTarget.GENERIC
COLUMNS = (
    "batch_id,entry_no,line_no,posted_at_utc,effective_date,period,account_code,account_name,debit,credit,currency,tax_code,"
    "tax_rate,tax_amount,document_type,document_no,customer_ref,description,source_type,source_id,reverses_entry_no,entry_hash"
)


def made(until: date = MARCH, target: str = "generic", key: str = "", **more: object) -> ExportBatch:
    given = {"entity": company(), "actor": None, "at": NOW, **more}
    return make_batch(target=ExportTarget(target), until=until, key=key or f"{target}-{until}", **given)  # type: ignore[arg-type]


@pytest.mark.django_db
def test_the_general_ledger_has_every_posting_with_all_that_is_known_of_it() -> None:
    busy_books()
    batch = made()
    eur, jpy = batch.files.order_by("position")
    assert (str(batch), eur.name, jpy.name) == (
        "GL-1",
        "general-ledger_stadtwerke-nord_GL-1_EUR.csv",
        "general-ledger_stadtwerke-nord_GL-1_JPY.csv",
    )
    content = content_of(eur)
    assert content.decode().splitlines()[0] == COLUMNS
    entry = JournalEntry.objects.get(key="invoice:2:1")
    first = next(row for row in table(content) if row["entry_no"] == str(entry.seal.seq))
    assert first == {
        "batch_id": "GL-1",
        "entry_no": "2",
        "line_no": "1",
        "posted_at_utc": "2026-03-31T08:15:00Z",
        "effective_date": "2026-03-31",
        "period": "2026-03",
        "account_code": "1100",
        "account_name": "Receivables",
        "debit": "238.00",
        "credit": "0.00",
        "currency": "EUR",
        "tax_code": "",
        "tax_rate": "",
        "tax_amount": "",
        "document_type": "",
        "document_no": "INV/2026 7_ä",
        "customer_ref": "0",
        "description": "Invoice 2",
        "source_type": "invoice",
        "source_id": "2",
        "reverses_entry_no": "",
        "entry_hash": entry.content_hash,
    }
    tax = next(row for row in table(content) if row["tax_amount"] == "38.00")
    assert (tax["account_code"], tax["tax_code"], tax["tax_rate"]) == ("2100-DE-19", "DE19", "19")
    assert {row["reverses_entry_no"] for row in table(content) if row["source_type"] == "reversal"} == {"6"}
    assert {row["description"] for row in table(content) if row["entry_no"] == "6"} == {"'=HYPERLINK(1)"}
    assert generic_sums(content) | generic_sums(content_of(jpy)) == ledger(company())
    assert table(content_of(jpy))[0]["debit"] == "700"


@pytest.mark.django_db
@pytest.mark.parametrize("target", ALL_TARGETS)
def test_each_entry_goes_out_once_for_each_target(target: str) -> None:
    entity = busy_books()
    if target != "generic":
        mapped(entity, target)
    february, rest = made(FEBRUARY, target), made(MARCH, target)
    ids = [set(batch.exported.values_list("entry_id", flat=True)) for batch in (february, rest)]
    assert (len(ids[0]), len(ids[1])) == (1, 6)
    assert ids[0] | ids[1] == entry_ids(entity)
    with pytest.raises(UserError) as error:
        made(MARCH, target, key="again")
    assert error.value.code == "nothing_to_export"
    assert f"The last batch is {rest}" in error.value.message
    late = posted(99, day=FEBRUARY)
    assert list(made(FEBRUARY, target, key="late").exported.values_list("entry_id", flat=True)) == [late.pk]
    assert check_books().is_clean


@pytest.mark.django_db
def test_a_batch_downloads_again_byte_by_byte_whatever_happens_meanwhile() -> None:
    entity = busy_books()
    batch = made()
    first = download_of(batch)
    entity.accounts.filter(code="4000").update(number="8400", name="Strom")
    closed(JournalEntry.objects.filter(effective_date=FEBRUARY).get().period)
    posted(77)
    again = download_of(ExportBatch.objects.get(pk=batch.pk))
    assert (first.name, first.content) == (again.name, again.content)
    assert first.name == "generic_GL-1.zip"
    files = unzipped(first.content)
    assert {name: hashlib.sha256(content).hexdigest() for name, content in files.items()} == dict(
        ExportFile.objects.values_list("name", "sha256")
    )


@pytest.mark.django_db
def test_the_same_key_gives_the_same_batch() -> None:
    busy_books()
    assert made(key="k").pk == made(key="k").pk
    assert ExportBatch.objects.count() == AuditEvent.objects.filter(action="export.make").count() == 1


@pytest.mark.django_db
def test_what_is_not_mapped_is_listed_and_nothing_goes_out() -> None:
    busy_books()
    with pytest.raises(UserError) as error:
        made(target="datev")
    assert error.value.code == "not_mapped"
    assert "Enter the DATEV consultant number" in error.value.message
    assert "1000 Bank has no account in this target yet: enter it." in error.value.message
    assert not ExportBatch.objects.exists()
    assert not ExportedEntry.objects.exists()
    assert not ExportFile.objects.exists()


@pytest.mark.django_db
def test_what_waits_is_counted_with_its_totals() -> None:
    entity = busy_books()
    everything = waiting_of(entity, GENERIC)
    assert (everything.entries, everything.postings, everything.first_day, everything.last_day) == (7, 20, FEBRUARY, MARCH)
    assert {currency: str(sums.debit) for currency, sums in everything.sums.items()} == {"EUR": "599.800", "JPY": "700.000"}
    made(FEBRUARY)
    assert waiting_of(entity, GENERIC).entries == 6
    made()
    assert waiting_of(entity, GENERIC).entries == 0


@pytest.mark.django_db
def test_a_batch_is_never_changed_added_to_or_deleted() -> None:
    busy_books()
    batch = made(FEBRUARY)
    late = posted(50)
    for table_name in ("billing_exportbatch", "billing_exportfile", "billing_exportedentry"):
        assert "never deleted" in refused(f"DELETE FROM {table_name}")
    assert "never change" in refused("UPDATE billing_exportbatch SET entries = 9")
    assert "never change" in refused("UPDATE billing_exportfile SET sha256 = 'x'")
    assert "never change" in refused("UPDATE billing_exportedentry SET entry_id = %s", late.pk)
    insert = "INSERT INTO billing_exportedentry (batch_id, target, entry_id) VALUES (%s, 'generic', %s)"
    sealed = JournalEntry.objects.get(key="invoice:2:1")
    assert "nothing is added to it" in refused(insert, batch.pk, sealed.pk)
    assert "only sealed entries go out" in refused(insert, batch.pk + 1, late.pk)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("deed", "said"),
    [
        (f"UPDATE billing_exportfile SET sha256 = '{'0' * 64}' WHERE currency = 'EUR'", "_EUR.csv is not the one that was made."),
        ("UPDATE billing_exportfile SET packed = sha256 WHERE currency = 'JPY'", "_JPY.csv can't be unpacked."),
        ("UPDATE billing_exportfile SET debit = 1 WHERE currency = 'JPY'", "JPY: files 1 debit and 700 credit, books 700 debit"),
        ("DELETE FROM billing_exportedentry WHERE entry_id = {first}", "It has 6 entries with 17 postings and says 7 with 20."),
        ("DELETE FROM billing_exportedentry WHERE entry_id = {first}", "EUR: files 599.8 debit and 599.8 credit, books 480.8"),
        ("UPDATE billing_exportedentry SET target = 'xero' WHERE entry_id = {first}", "is in a batch of another target"),
    ],
)
def test_check_books_finds_what_was_changed_behind_the_protection(deed: str, said: str) -> None:
    busy_books()
    first = made().exported.order_by("entry_id").first().entry_id
    assert check_books().is_clean
    frozen.remove()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            deed = deed.replace("packed = sha256", "packed = sha256::bytea")
        cursor.execute(deed.format(first=first))
    found = check_books()
    assert set(found.counts) == {"exports"}
    assert any(said in one.message for one in found.breaks), [one.message for one in found.breaks]


@pytest.mark.django_db(transaction=True)
def test_people_who_export_at_once_make_one_batch_of_it() -> None:
    busy_books()
    ready, said = threading.Barrier(6), []

    def export(number: int) -> None:
        ready.wait()
        try:
            said.append(str(made(key=f"person-{number}")))
        except UserError as error:
            said.append(error.code)
        finally:
            connection.close()

    people = [threading.Thread(target=export, args=(number,)) for number in range(6)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    assert sorted(said) == ["GL-1", *["nothing_to_export"] * 5]
    assert ExportedEntry.objects.count() == 7


@pytest.mark.django_db
def test_an_entry_can_not_go_out_twice_even_past_the_operation() -> None:
    busy_books()
    batch = made()
    with pytest.raises(IntegrityError), transaction.atomic():
        ExportedEntry.objects.create(batch_id=batch.pk + 1, target="generic", entry_id=batch.exported.first().entry_id)
