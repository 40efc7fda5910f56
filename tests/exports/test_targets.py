"""Files of every target, read back by readers of their own: they hold what the ledger holds, account by account."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from billing.export_models import ExportAccount, ExportTarget
from billing.export_queries import content_of, read_entries
from billing.exports import CHARTS, Account, Entry, Line, Settings, Target, preset_of, problems_of, write
from billing.journal import CHART, chart_account
from billing.models import JournalEntry
from billing.operations.exports import make_batch
from billing.operations.journal_seals import seal
from chargebill.core.models import LegalEntity
from tests.exports.books import FEBRUARY, MAPPED_TARGETS, MARCH, busy_books, ledger, mapped
from tests.exports.readers import Sums, datev_lines, datev_sums, quickbooks_sums, table, unquoted, xero_sums
from tests.journal.books import closed, posted

NOW = datetime(2026, 4, 2, 9, 30, 1, 250_000, tzinfo=UTC)
ZERO = Decimal(0)


def called(sums: Sums, entity: LegalEntity, target: str) -> Sums:
    """The ledger's sums by what accounts are called in a target."""
    names = dict(ExportAccount.objects.filter(entity=entity, target=target).values_list("code", "name"))
    found: Sums = defaultdict(Decimal)
    for (code, currency), amount in sums.items():
        name = names[code] if target != "datev" else str(int(names[code]))
        found[name, currency] += amount
    return {key: amount for key, amount in found.items() if amount}


def read(target: str, content: bytes, currency: str) -> Sums:
    if target == "datev":
        return datev_sums(content)
    return quickbooks_sums(content, currency) if target == "quickbooks" else xero_sums(content, currency)


@pytest.mark.django_db
@pytest.mark.parametrize("target", MAPPED_TARGETS)
def test_what_is_read_back_is_the_ledger(target: str) -> None:
    entity = busy_books()
    mapped(entity, target)
    batch = make_batch(entity=entity, target=ExportTarget(target), until=MARCH, key="k", actor=None, at=NOW)
    found: Sums = defaultdict(Decimal)
    for file in batch.files.all():
        for key, amount in read(target, content_of(file), file.currency).items():
            found[key] += amount
    assert {key: amount for key, amount in found.items() if amount} == called(ledger(entity), entity, target)


def lines(*amounts: tuple[str, str], currency: str = "EUR") -> tuple[Line, ...]:
    """Lines of (account code, amount; below zero is a credit)."""
    found = []
    for number, (code, text) in enumerate(amounts, 1):
        amount, account = Decimal(text), chart_account(code)
        sides = (amount, ZERO) if amount > 0 else (ZERO, -amount)
        found.append(Line(number, code, account.number, account.name, *sides, currency))
    return tuple(found)


def entry(number: int, *amounts: tuple[str, str], day: date = MARCH, currency: str = "EUR", **more: object) -> Entry:
    given = {
        "entry_no": number,
        "posted_at": NOW,
        "effective_date": day,
        "period": f"{day:%Y-%m}",
        "description": f"Entry {number}",
        "document_type": "",
        "document_no": "",
        "source_type": "test",
        "source_id": str(number),
        "reverses_entry_no": None,
        "entry_hash": "0" * 64,
        "is_closed": False,
        "batch_id": "XX-1",
        "lines": lines(*amounts, currency=currency),
        **more,
    }
    return Entry(**given)  # type: ignore[arg-type]


SETTINGS = Settings(consultant=1001, client=1, chart="03", tax_rate="Tax Exempt", walk_in="Drivers")


def accounts_of(name: str) -> dict[str, Account]:
    return {code: Account(preset_of(name, code)) for code in (*CHART, "2100-DE-19", "2100-FR-20", "1050-stripe")}


def files(target: Target, entries: list[Entry], settings: Settings = SETTINGS) -> list[bytes]:
    name = {Target.DATEV: "SKR03", Target.XERO: "Xero", Target.QUICKBOOKS: "QuickBooks"}[target]
    made = write(target, entries, stem="s", label="Mai", accounts=accounts_of(name), settings=settings, made_at=NOW)
    return [file.content for file in made]


SALE = (("1100", "119"), ("4000", "-100"), ("2100-DE-19", "-19"))


def test_xero_takes_300_lines_a_file_and_no_entry_is_cut() -> None:
    parts = files(Target.XERO, [entry(number, *SALE) for number in range(1, 252)])
    assert [len(table(part)) for part in parts] == [300, 300, 153]
    for part in parts:
        assert xero_sums(part, "EUR")["611", "EUR"] == Decimal(119 * len(table(part)) // 3)
    uneven = files(Target.XERO, [entry(1, *SALE), *(entry(n, ("1000", "1"), ("4000", "-1")) for n in range(2, 200))])
    assert [len(table(part)) for part in uneven] == [299, 100]


def test_xero_rows_say_the_day_the_british_way_and_a_debit_above_zero() -> None:
    first, second, third = table(files(Target.XERO, [entry(7, *SALE, day=date(2026, 3, 9))])[0])
    assert (first["*Date"], first["*Amount"], first["*Narration"], first["*TaxRate"]) == (
        "09/03/2026",
        "119.00",
        "CB-7 Entry 7",
        "Tax Exempt",
    )
    assert (second["*AccountCode"], second["*Amount"], third["*Amount"]) == ("200", "-100.00", "-19.00")


def test_an_entry_too_long_for_a_file_is_put_together_by_account() -> None:
    openings = [*(("1100", "1.25") for _ in range(400)), *(("1000", "2") for _ in range(5)), ("9000", "-510")]
    (part,) = files(Target.XERO, [entry(1, *openings)])
    assert len(table(part)) == 3
    assert xero_sums(part, "EUR") == {("611", "EUR"): Decimal(500), ("1000", "EUR"): Decimal(10), ("9000", "EUR"): Decimal(-510)}


def test_quickbooks_names_the_customer_on_receivables_only() -> None:
    sale = entry(3, *SALE)
    named = replace(sale, lines=(replace(sale.lines[0], customer_name="=Fleet"), *sale.lines[1:]))
    rows = table(files(Target.QUICKBOOKS, [sale, named])[0])
    assert [row["Name"] for row in rows] == ["Drivers", "", "", "'=Fleet", "", ""]
    assert [(row["Account Name"], row["Debits"], row["Credits"]) for row in rows[:3]] == [
        ("Accounts Receivable (A/R)", "119.00", ""),
        ("Charging revenue:Energy", "", "100.00"),
        ("Sales tax payable:Output VAT DE 19 %", "", "19.00"),
    ]
    assert rows[0]["Journal Date"] == "2026-03-31"
    parts = files(Target.QUICKBOOKS, [entry(number, *SALE) for number in range(1, 401)])
    assert [len(table(part)) for part in parts] == [999, 201]


def test_datev_pairs_add_up_to_every_leg() -> None:
    many = entry(1, ("1000", "60"), ("6000", "5.5"), ("1100", "10"), ("4000", "-40.25"), ("4030", "-30"), ("2100-DE-19", "-5.25"))
    (content,) = files(Target.DATEV, [many])
    rows = [(row[0], row[6], row[7]) for row in datev_lines(content)[2:]]
    assert rows == [
        ("40,25", "1200", "8200"),
        ("19,75", "1200", "8200"),
        ("5,50", "4970", "8200"),
        ("4,75", "1410", "8200"),
        ("5,25", "1410", "1776"),
    ]


def test_datev_has_a_file_for_each_fiscal_year_and_currency() -> None:
    days = [date(2025, 12, 31), date(2026, 3, 31), date(2026, 4, 1), date(2027, 3, 31)]
    entries = [entry(number, *SALE, day=day) for number, day in enumerate(days, 1)]
    april = replace(SETTINGS, fiscal_month=4)
    parts = files(Target.DATEV, [*entries, entry(9, ("1000", "5"), ("4000", "-5"), currency="JPY")], april)
    heads = [datev_lines(part)[0] for part in parts]
    assert [(head[12], head[14], head[15], head[21]) for head in heads] == [
        ("20250401", "20251231", "20260331", '"EUR"'),
        ("20260401", "20260401", "20270331", '"EUR"'),
        ("20250401", "20260331", "20260331", '"JPY"'),
    ]
    assert heads[0][5] == "20260402093001250"
    assert (heads[0][10], heads[0][11], heads[0][13], heads[0][16], heads[0][26]) == ("1001", "1", "4", '"Mai"', '"03"')
    assert [len(datev_lines(part)) - 2 for part in parts] == [4, 4, 1]


def datev_row(**more: object) -> list[str]:
    return datev_lines(files(Target.DATEV, [entry(5, ("1000", "1"), ("4000", "-1"), **more)])[0])[2]


@pytest.mark.parametrize(
    ("number", "field"),
    [
        ("R-000012", "R-000012"),
        ("", "CB5"),
        ("2026_7 ä/ß", "2026-7-ae/ss"),
        ("-1+1", "0-1+1"),
        ("=A1", "-A1".replace("-", "0-", 1)),
        ("№ 7", "No-7"),
        ("x" * 40, "x" * 36),
    ],
)
def test_datev_belegfeld_1_holds_what_datev_takes_and_beleginfo_the_number_itself(number: str, field: str) -> None:
    row = datev_row(document_no=number)
    assert unquoted(row[10]) == field
    assert unquoted(row[21]) == "Buchung 5, XX-1"
    if number and number.isascii() and number[0] not in "=-":
        assert unquoted(row[23]) == number


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Müller & Söhne „Café“ – 5 €", "Müller & Söhne „Café“ – 5 €"),
        ("Łódź Dvořák", "Lódz Dvorák"),
        ("Москва Щука", "Moskva Shchuka"),
        ("Αθήνα", "Athina"),
        ("中文", "[U+4E2D][U+6587]"),
        ('a;b"c\r\nd\te', 'a;b"c  d e'),
        ("＝1+1", "'=1+1"),
        ("=1+1", "'=1+1"),
        ("+49 30 1", "'+49 30 1"),
        ("x" * 61, "x" * 60),
    ],
)
def test_datev_texts_are_windows_1252_and_never_run(text: str, written: str) -> None:
    row = datev_row(description=text)
    assert unquoted(row[13]) == written
    assert unquoted(row[25]) == ("x" * 61 if len(text) > 60 else "")


def test_datev_marks_closed_months_as_locked_and_open_ones_not() -> None:
    assert (datev_row(is_closed=True)[113], datev_row(is_closed=False)[113]) == ("1", "0")
    (mixed,) = files(Target.DATEV, [entry(1, *SALE, is_closed=True), entry(2, *SALE, is_closed=False)])
    header, _, *rows = datev_lines(mixed)
    assert header[20] == "0"
    assert {row[113] for row in rows} == {"0"}


def test_datev_refuses_what_it_can_not_hold() -> None:
    accounts = {**accounts_of("SKR03"), "1055": Account("1200")}
    said = problems_of(Target.DATEV, [entry(4, ("1000", "1"), ("1055", "-1"))], accounts, SETTINGS)
    assert [(one.code, one.account) for one in said] == [("same_account", "1055")]
    assert "Entry 4 is between 1000 Bank and 1055 Terminal takings, which are both 1200 in DATEV" in said[0].message
    large = problems_of(Target.DATEV, [entry(4, ("1000", "10000000000"), ("4000", "-10000000000"))], accounts, SETTINGS)
    assert [one.code for one in large] == ["amount"]
    kuwait = problems_of(Target.DATEV, [entry(4, ("1000", "1"), ("4000", "-1"), currency="KWD")], accounts, SETTINGS)
    assert [one.code for one in kuwait] == ["currency"]
    wrong = {**accounts, "4000": Account("84000A"), "1000": Account("123456"), "1100": Account("0000")}
    said = problems_of(Target.DATEV, [entry(4, ("1000", "1"), ("4000", "-1")), entry(5, *SALE)], wrong, SETTINGS)
    assert [one.account for one in said] == ["1000", "1100", "4000"]


@pytest.mark.parametrize("name", CHARTS)
def test_a_preset_names_every_account_of_the_chart_as_its_target_takes_it(name: str) -> None:
    accounts = accounts_of(name)
    pairs = [entry(n, ("1100", "1"), (code, "-1")) for n, code in enumerate(accounts) if code != "1100"]
    # What is booked against each other by the rules of the books.
    for debit, credit in (
        ("1000", "1055"), ("1000", "1060"), ("1060", "1050"), ("6000", "1055"), ("2090", "2000"), ("2000", "2050"),
        ("2050", "1000"), ("2050", "1050"), ("1150", "1050"), ("6020", "1150"), ("2300", "1150"), ("1110", "4000"),
        ("4900", "2050"), ("2200", "4100"), ("6000", "1050"), ("6010", "1050"), ("9000", "2200"), ("1210", "1050"),
    ):  # fmt: skip
        pairs.append(entry(len(pairs), (debit, "1"), (credit, "-1")))
    settings = replace(SETTINGS, chart=CHARTS[name][1])
    assert problems_of(CHARTS[name][0], pairs, accounts, settings) == []
    assert (preset_of("SKR04", "4000", account_length=6), preset_of("SKR03", "1050-stripe")) == ("420000", "1210")


@pytest.mark.django_db
def test_the_ledgers_entries_come_as_they_were_posted() -> None:
    entity = busy_books()
    seal(entity=entity)
    closed(JournalEntry.objects.filter(effective_date=FEBRUARY).get().period)
    posted(8, entity=entity)
    found = read_entries(entity, JournalEntry.objects.all())
    assert [one.entry_no for one in found.entries] == [1, 2, 3, 4, 5, 6, 7]
    assert [one.is_closed for one in found.entries] == [True] + [False] * 6
    assert found.entries[6].reverses_entry_no == 6
