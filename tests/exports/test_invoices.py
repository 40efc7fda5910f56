"""Receipts and invoices as invoices of QuickBooks and Xero: what goes as one, how files are cut, totals = ledger."""

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing.book_checks import check_books
from billing.document_models import Document
from billing.export_models import ExportBatch, ExportedEntry, ExportSettings, ExportTarget
from billing.export_queries import content_of, download_of
from billing.exports import Account, Entry, Settings, Target, problems_of, write
from billing.exports.invoices import is_invoice
from billing.journal_models import JournalEntry
from billing.operations.export_settings import set_export_accounts
from billing.operations.exports import make_batch
from chargebill.core.roles import FINANCE
from tests.documents.conftest import AT, Operator, session
from tests.exports.books import ledger, mapped
from tests.exports.readers import quickbooks_invoices, quickbooks_sums, table, xero_invoices, xero_sums
from tests.exports.test_formula_injection import is_live, texts
from tests.exports.test_targets import entry
from tests.payments.conftest import billed, month, of, operator, received  # noqa: F401

D = Decimal
BOTH = [Target.QUICKBOOKS, Target.XERO]
ACCOUNTS = {"1100": Account("610"), "4000": Account("200"), "2100-DE-19": Account("820"), "4900": Account("290")}
SETTINGS = Settings(tax_rate="Tax Exempt", walk_in="Drivers", as_invoices=True, country="DE")
READ = {Target.QUICKBOOKS: quickbooks_invoices, Target.XERO: xero_invoices}


def invoice(number: int, *legs: tuple[str, str], **more: Any) -> Entry:
    made = entry(number, *(legs or (("1100", "119"), ("4000", "-100"), ("2100-DE-19", "-19"))))
    given = {"source_type": "document", "document_type": "invoice", "document_no": f"INV-{number:06}", **more}
    return replace(made, reverses_entry_no=None, **given)


def files(target: Target, *entries: Entry, settings: Settings = SETTINGS) -> dict[str, bytes]:
    made = write(target, entries, stem="s", label="", accounts=ACCOUNTS, settings=settings, made_at=AT)
    return {file.name: file.content for file in made}


@pytest.mark.parametrize("target", BOTH)
def test_an_invoice_is_a_row_for_each_posting_but_the_receivable(target: Target) -> None:
    due = date(2026, 4, 30)
    ((name, content),) = files(target, invoice(1, due_date=due, effective_date=date(2026, 4, 2))).items()
    assert name == f"{target.value}-invoices_s_EUR.csv"
    sums, totals = READ[target](content)
    assert (sums, totals) == ({("200", "EUR"): D(-100), ("820", "EUR"): D(-19)}, {"INV-000001": D(119)})
    first = table(content)[0]
    days = ("2026-04-02", "2026-04-30") if target == Target.QUICKBOOKS else ("02/04/2026", "30/04/2026")
    assert (first["*InvoiceDate"], first["*DueDate"]) == days


def test_quickbooks_in_the_us_has_no_tax_columns_and_abroad_a_code_that_computes_nothing() -> None:
    (home,) = files(Target.QUICKBOOKS, invoice(1), settings=replace(SETTINGS, country="US")).values()
    (abroad,) = files(Target.QUICKBOOKS, invoice(1)).values()
    assert list(table(home)[0]) == [
        "*InvoiceNo", "*Customer", "*InvoiceDate", "*DueDate", "Terms", "Location", "Memo", "Item(Product/Service)",
        "ItemDescription", "ItemQuantity", "ItemRate", "*ItemAmount", "Service Date",
    ]  # fmt: skip
    assert list(table(abroad)[0])[13:] == ["*ItemTaxCode", "ItemTaxAmount", "Currency"]
    assert {(row["*ItemTaxCode"], row["ItemTaxAmount"], row["Currency"]) for row in table(abroad)} == {
        ("Tax Exempt", "0.00", "EUR")
    }


def test_xero_has_the_columns_of_its_template() -> None:
    (content,) = files(Target.XERO, invoice(1)).values()
    assert ",".join(table(content)[0]) == (
        "*ContactName,EmailAddress,POAddressLine1,POAddressLine2,POAddressLine3,POAddressLine4,POCity,PORegion,POPostalCode,"
        "POCountry,*InvoiceNumber,Reference,*InvoiceDate,*DueDate,InventoryItemCode,*Description,*Quantity,*UnitAmount,"
        "Discount,*AccountCode,*TaxType,TrackingName1,TrackingOption1,TrackingName2,TrackingOption2,Currency,BrandingTheme"
    )


@pytest.mark.parametrize("target", BOTH)
@pytest.mark.parametrize(
    "other",
    [
        invoice(2, document_type="credit_note"),
        invoice(2, document_type="taken_over", source_type="open_invoice"),
        invoice(2, source_type="payment"),
        invoice(2, document_no=""),
        invoice(2, ("1100", "90"), ("4900", "10"), ("4000", "-100")),
        invoice(2, ("1100", "-119"), ("4000", "119")),
        invoice(2, ("1100", "60"), ("1100", "59"), ("4000", "-119")),
        replace(invoice(2), reverses_entry_no=1),
    ],
)
def test_what_is_no_invoice_goes_as_a_journal(target: Target, other: Entry) -> None:
    assert not is_invoice(target, other)
    names = list(files(target, invoice(1), other))
    assert names[0].startswith(f"{target.value}-invoices_")
    assert len(names) == 2
    assert "journals" in names[1]


def test_a_number_too_long_for_quickbooks_goes_as_a_journal_there_only() -> None:
    long = invoice(1, document_no="N" * 22)
    assert not is_invoice(Target.QUICKBOOKS, long)
    assert is_invoice(Target.QUICKBOOKS, replace(long, document_no="N" * 21))
    assert is_invoice(Target.XERO, long)


@pytest.mark.parametrize("target", Target)
def test_nothing_is_an_invoice_unless_the_company_wants_it_and_the_target_has_them(target: Target) -> None:
    settings = replace(SETTINGS, as_invoices=target not in BOTH, consultant=1001, client=1)
    accounts = {code: Account(number) for code, number in (("1100", "1400"), ("4000", "8200"), ("2100-DE-19", "1776"))}
    made = write(target, [invoice(1)], stem="s", label="", accounts=accounts, settings=settings, made_at=AT)
    assert not [file.name for file in made if "invoices" in file.name]


@pytest.mark.parametrize(("target", "count", "cut"), [(BOTH[0], 250, [100, 100, 50]), (BOTH[1], 1001, [500, 500, 1])])
def test_files_are_cut_where_the_target_takes_no_more_invoices(target: Target, count: int, cut: list[int]) -> None:
    made = files(target, *(invoice(number) for number in range(1, count + 1)))
    read = [READ[target](content) for content in made.values()]
    assert [len(totals) for _, totals in read] == cut
    assert Counter(number for _, totals in read for number in totals).most_common(1)[0][1] == 1
    assert sum(sum(totals.values()) for _, totals in read) == 119 * count


def test_quickbooks_takes_a_thousand_rows_and_no_invoice_is_cut() -> None:
    legs = [("1100", "30"), *[("4000", "-1")] * 30]
    made = files(Target.QUICKBOOKS, *(invoice(number, *legs) for number in range(1, 81)))
    rows = [len(table(content)) for content in made.values()]
    assert rows == [990, 990, 420]
    assert all(set(quickbooks_invoices(content)[1].values()) == {D(30)} for content in made.values())


@pytest.mark.parametrize("target", BOTH)
def test_no_text_of_an_invoice_runs_in_a_spreadsheet(target: Target) -> None:
    given = iter(texts(480))
    entries = []
    for number in range(1, 41):
        made = invoice(number, description=next(given), document_no=next(given)[:21])
        lines = tuple(
            replace(line, customer_name=next(given), description=next(given), account_name=next(given)) for line in made.lines
        )
        entries.append(replace(made, lines=lines))
    for content in files(target, *entries, settings=replace(SETTINGS, tax_rate="=1", walk_in="@x")).values():
        assert [cell for row in table(content) for cell in row.values() if is_live(cell)] == []


def test_what_is_missing_for_invoices_is_said() -> None:
    bare = Settings(as_invoices=True, country="DE")
    found = {target: {p.code for p in problems_of(target, [invoice(1)], ACCOUNTS, bare)} for target in BOTH}
    assert found == {Target.QUICKBOOKS: {"walk_in", "tax_rate"}, Target.XERO: {"walk_in", "tax_rate"}}
    home = replace(bare, country="US", walk_in="Drivers")
    assert problems_of(Target.QUICKBOOKS, [invoice(1)], ACCOUNTS, home) == []


def exported(operator: Operator, target: Target, key: str) -> ExportBatch:  # noqa: F811
    return make_batch(entity=operator.entity, target=ExportTarget(target), until=date(2099, 12, 31), key=key, actor=None, at=AT)


def read_back(batch: ExportBatch) -> tuple[dict[tuple[str, str], Decimal], dict[str, Decimal]]:
    """(what its files hold by account, receivables of invoices too; total by invoice), read as the other side does."""
    target, sums, found = Target(batch.target), Counter[tuple[str, str]](), {}
    receivable = batch.entity.export_accounts.get(target=batch.target, code="1100").name
    for file in batch.files.all():
        content = content_of(file)
        if "-invoices_" in file.name:
            items, totals = READ[target](content)
            assert not set(totals) & set(found)
            found.update(totals)
            sums.update(items)
            sums.update({(receivable, file.currency): sum(totals.values())})
        else:
            journals = quickbooks_sums if target == Target.QUICKBOOKS else xero_sums
            sums.update(journals(content, file.currency))
    return {key: amount for key, amount in sums.items() if amount}, found


@pytest.mark.parametrize("target", BOTH)
def test_a_batch_holds_invoices_and_journals_and_adds_up_to_the_ledger(billed: Operator, target: Target) -> None:  # noqa: F811
    received(billed, "5.07", (of("Ada"), "5.07"))
    mapped(billed.entity, target.value)
    ExportSettings.objects.filter(entity=billed.entity, target=target.value).update(as_invoices=True)
    batch = exported(billed, target, "first")
    sums, totals = read_back(batch)
    assert totals == dict(Document.objects.values_list("number", "gross_amount"))
    names = dict(billed.entity.export_accounts.filter(target=target.value).values_list("code", "name"))
    booked = Counter[tuple[str, str]]()
    for (code, currency), amount in ledger(billed.entity).items():
        booked[names[code], currency] += amount
    assert sums == {key: amount for key, amount in booked.items() if amount}
    assert {file.name.partition("_")[0] for file in batch.files.all()} == (
        {"quickbooks-invoices", "quickbooks-journals"}
        if target == Target.QUICKBOOKS
        else {"xero-invoices", "xero-manual-journals"}
    )
    assert download_of(batch).content == download_of(ExportBatch.objects.get(pk=batch.pk)).content
    assert check_books().is_clean


def test_another_choice_counts_for_what_has_not_gone_out_and_nothing_goes_twice(billed: Operator) -> None:  # noqa: F811
    mapped(billed.entity, "xero")
    first = exported(billed, Target.XERO, "first")
    assert read_back(first)[1] == {}
    kept = download_of(first).content
    set_export_accounts(
        entity=billed.entity, target=ExportTarget.XERO, names={}, settings={"as_invoices": True}, actor=None, at=AT
    )
    billed.bring(session("M9", token="T-Ada"))
    billed.issue()
    second = exported(billed, Target.XERO, "second")
    assert list(read_back(second)[1]) == [Document.objects.order_by("-pk")[0].number]
    assert download_of(first).content == kept
    rows = ExportedEntry.objects.filter(target="xero").values_list("entry_id", flat=True)
    assert sorted(rows) == sorted(JournalEntry.objects.values_list("pk", flat=True))


def test_the_accountant_chooses_on_the_mapping_page(billed: Operator, client_of: Any) -> None:  # noqa: F811
    client, url = client_of(FINANCE), "/exports/accounts/quickbooks/"
    html = client.get(url).content.decode()
    assert "Receipts and invoices go out" in html
    assert "as invoices</option>" in html
    sent = {"walk_in": "Drivers", "tax_rate": "Out of Scope"}
    wrong = client.post(url, {**sent, "as_invoices": "maybe"})
    assert wrong.context["form"].errors["as_invoices"]
    assert not ExportSettings.objects.exists()
    assert client.post(url, {**sent, "as_invoices": "True"}).status_code == 302
    assert ExportSettings.objects.get().as_invoices
    assert 'value="True" selected' in client.get(url).content.decode()
