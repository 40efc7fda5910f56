"""Files of acquirers with columns of their own: described once by a person, read exactly, recognized the next time."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from billing.models import SettlementFile, SettlementLayout, SettlementPayout
from billing.operations.settlement_layouts import read_with
from billing.operations.settlements import take_in_settlement, upload_settlement
from billing.settlements import Layout, check, guess, read_settlement, read_table
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent
from chargebill.core.roles import AUDITOR, BILLING_CLERK
from tests.documents.conftest import AT, Operator, make_operator, operator  # noqa: F401
from tests.payments.test_pages import said

D = Decimal
GERMAN_HEADER = "Referenz;Auszahlungsdatum;Brutto;Gebühr;Entgelt;Netto;Filiale"
GERMAN = (
    f"{GERMAN_HEADER}\r\n"
    "A-1;01.10.2018;1.234,50;-12,00;-0,35;1.222,15;Dundee Nord\r\n"
    "A-1;01.10.2018;-10,00;;-0,10;-10,10;Dundee Süd\r\n"
    "A-2;30.09.2018;7;0,00;;7,00;\r\n"
).encode("cp1252")
ADYEN = (
    b"Batch Number,Value Date,Net Currency,Gross Debit (GC),Gross Credit (GC),Commission (NC),Markup (NC),Net Debit (NC),"
    b"Net Credit (NC)\n"
    b'17,2018-10-01 04:00:00,GBP,,"1,000.00",1.00,0.50,,998.50\n'
    b"17,2018-10-01 04:00:00,GBP,20.00,,,0.10,20.10,\n"
)
WRONG = {"A": "payout", "B": "paid_on", "C": "gross", "D": "net", "E": "currency"}


def guessed(content: bytes, currency: str = "GBP") -> Layout:
    table = read_table(content)
    return guess(table.header, [cells for _, cells in table.rows], currency=currency)


def test_a_german_file_is_guessed_and_read_to_the_cent() -> None:
    layout = guessed(GERMAN)
    assert (layout.date_order, layout.decimal_comma, layout.fee_is_minus, layout.currency) == ("DMY", True, True, "GBP")
    one, two = read_settlement(GERMAN, layout)
    assert (one.reference, one.gross, one.fee, one.net) == ("A-1", D("1224.50"), D("12.45"), D("1212.05"))
    assert (one.paid_on, one.terminals, one.lines) == (date(2018, 10, 1), "Dundee Nord, Dundee Süd", 2)
    assert (two.paid_on, two.gross, two.fee, two.net) == (date(2018, 9, 30), 7, 0, 7)


def test_credit_and_debit_columns_and_several_fees_are_one_payout() -> None:
    (one,) = read_settlement(ADYEN, guessed(ADYEN))
    assert (one.gross, one.fee, one.net, one.currency) == (D("980.00"), D("1.60"), D("978.40"), "GBP")


@pytest.mark.parametrize("left_out", ["gross", "fee", "net"])
def test_the_third_of_taken_fee_and_paid_out_is_worked_out(left_out: str) -> None:
    cells = {"gross": "10.00", "fee": "0.25", "net": "9.75"}
    cells.pop(left_out)
    content = f"payout,paid_on,{','.join(cells)}\nA,10/01/2018,{','.join(cells.values())}\n".encode()
    columns = {name: name for name in ("payout", "paid_on", *cells)}
    (one,) = read_settlement(content, Layout(columns, date_order="MDY", currency="GBP"))
    assert (one.paid_on, one.gross, one.fee, one.net) == (date(2018, 10, 1), 10, D("0.25"), D("9.75"))


def test_written_amounts_and_days_come_back_as_they_were() -> None:
    """Written by hand in each way there is, in fractions; read back by the layout that says that way."""
    chance = random.Random(20261127)
    for _ in range(400):
        order, comma, minus = chance.choice(("YMD", "DMY", "MDY")), chance.random() < 0.5, chance.random() < 0.5
        gross, fee = Fraction(chance.randrange(100, 10**9), 100), Fraction(chance.randrange(100), 100)
        paid_on = date(2018, 1, 1) + timedelta(days=chance.randrange(270))
        mark = chance.choice("-/.")

        def written(amount: Fraction, comma: bool = comma) -> str:
            units, cents = divmod(abs(amount.numerator * 100 // amount.denominator), 100)
            whole = f"{units:,}" if chance.random() < 0.5 else str(units)
            whole = whole.replace(",", ".") if comma else whole
            return f"{'-' if amount < 0 else ''}{whole}{',' if comma else '.'}{cents:02}"

        parts = {"Y": f"{paid_on:%Y}", "M": str(paid_on.month), "D": f"{paid_on:%d}"}
        row = ["P", mark.join(parts[one] for one in order), written(gross), written(-fee if minus else fee), written(gross - fee)]
        content = f"a;b;c;d;e\n{';'.join(row)}\n".encode()
        columns = {"a": "payout", "b": "paid_on", "c": "gross", "d": "fee", "e": "net"}
        (one,) = read_settlement(content, Layout(columns, order, comma, minus, "GBP"))
        assert (one.paid_on, Fraction(one.gross), Fraction(one.fee), Fraction(one.net)) == (paid_on, gross, fee, gross - fee)


@pytest.mark.parametrize(
    ("code", "where", "layout", "row"),
    [
        ("amount", "line 2, gross", {"decimal_comma": True}, "A;2018-10-01;12.50;1,00"),
        ("amount", "line 2, gross", {"decimal_comma": True}, "A;2018-10-01;1.2345,50;1,00"),
        ("amount", "line 2, gross", {}, "A;2018-10-01;1,234;1.00"),
        ("day", "line 2", {"date_order": "DMY"}, "A;10/13/2018;1.00;1.00"),
        ("day", "line 2", {"date_order": "DMY"}, "A;2018-10-01;1.00;1.00"),
        ("day", "line 2", {"date_order": "DMY"}, "A;01.10.18;1.00;1.00"),
        ("missing", "line 2", {}, "A;2018-10-01;;1.00"),
        ("payout_net", "payout A", {}, "A;2018-10-01;1.00;2.00"),
    ],
)
def test_a_value_that_says_two_things_or_none_is_refused(code: str, where: str, layout: dict[str, Any], row: str) -> None:
    columns = {"payout": "payout", "paid_on": "paid_on", "gross": "gross", "net": "net"}
    with pytest.raises(UserError) as caught:
        read_settlement(f"payout;paid_on;gross;net\n{row}\n".encode(), Layout(columns, currency="GBP", **layout))
    assert (caught.value.code, caught.value.where) == (code, where)


@pytest.mark.parametrize(
    ("where", "changed", "currency"),
    [
        ("columns", {"A": ""}, ""),
        ("columns", {"B": ""}, ""),
        ("columns", {"C": "", "D": "fee"}, ""),
        ("columns", {"F": "net"}, ""),
        ("columns", {"C": "fee", "F": "gross_debit"}, ""),
        ("currency", {"E": ""}, ""),
        ("currency", {}, "GBP"),
        ("currency", {"E": ""}, "pounds"),
    ],
)
def test_a_description_no_file_could_be_read_with_is_refused(where: str, changed: dict[str, str], currency: str) -> None:
    check(Layout(WRONG))
    columns = {name: meaning for name, meaning in {**WRONG, **changed}.items() if meaning}
    with pytest.raises(UserError) as caught:
        check(Layout(columns, currency=currency))
    assert (caught.value.code, caught.value.where) == ("layout", where)


def uploaded(operator: Operator, content: bytes = GERMAN, name: str = "oct.csv") -> SettlementFile:  # noqa: F811
    return upload_settlement(entity=operator.entity, name=name, content=content, actor=None, at=AT)


def read(file: SettlementFile, title: str = "Concardis", **changed: Any) -> SettlementLayout:
    layout = Layout(**{**guessed(GERMAN).definition(), **changed})
    return read_with(file=file, title=title, layout=layout, actor=None, at=AT)


def refused(code: str, does: Callable[[], object]) -> None:
    before = (list(SettlementLayout.objects.values()), list(SettlementFile.objects.values("pk", "layout")))
    with pytest.raises(UserError) as caught:
        does()
    after = (list(SettlementLayout.objects.values()), list(SettlementFile.objects.values("pk", "layout")))
    assert (caught.value.code, after) == (code, before)


@pytest.mark.django_db
def test_a_file_is_described_once_and_the_next_is_recognized(operator: Operator) -> None:  # noqa: F811
    file = uploaded(operator)
    assert file.layout is None
    refused("header", lambda: take_in_settlement(file=file, actor=None, at=AT))
    first = read(file)
    assert (first.number, read(file)) == (1, first)
    assert AuditEvent.objects.filter(action="settlement.layout").count() == 1
    assert take_in_settlement(file=file, actor=None, at=AT) == 2
    assert SettlementPayout.objects.get(reference="A-1").net_amount == D("1212.05")
    following = uploaded(operator, GERMAN.replace(b"A-", b"B-"), "nov.csv")
    assert following.layout == first
    second = read(following, columns={**first.definition["columns"], "filiale": "terminal"}, fee_is_minus=True, currency="EUR")
    assert (second.number, uploaded(operator, GERMAN.replace(b"A-", b"C-")).layout) == (2, second)
    file.refresh_from_db()
    assert file.layout == first


@pytest.mark.django_db
def test_what_a_layout_does_not_put_right_keeps_nothing(operator: Operator) -> None:  # noqa: F811
    file = uploaded(operator)
    refused("title", lambda: read(file, " "))
    refused("layout", lambda: read(file, currency=""))
    refused("net", lambda: read(file, fee_is_minus=False))
    refused("day", lambda: read(file, date_order="MDY"))
    read(file)
    take_in_settlement(file=file, actor=None, at=AT)
    refused("taken_in", lambda: read(file, currency="EUR"))
    refused("payout_differs", lambda: uploaded(operator, GERMAN.replace(b"7;0,00;;7,00", b"8;0,00;;8,00")))
    for change in ({"layout": None}, {"name": "x"}):
        with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
            SettlementFile.objects.filter(pk=file.pk).update(**change)
    with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
        SettlementLayout.objects.update(title="x")


@pytest.mark.django_db
def test_a_layout_belongs_to_one_company(operator: Operator, tmp_path: Any) -> None:  # noqa: F811
    read(uploaded(operator))
    other = make_operator(tmp_path / "other", "Forth Charging")
    assert uploaded(other).layout is None


@pytest.mark.django_db
def test_a_clerk_says_what_the_columns_mean(operator: Operator, client_of: Any) -> None:  # noqa: F811
    clerk = client_of(BILLING_CLERK)
    page = clerk.post("/settlements/", {"file": SimpleUploadedFile("oct.csv", GERMAN)}, follow=True)
    url = page.request["PATH_INFO"]
    form = page.context["described"]
    assert [column.meaning for column in form["columns"]] == ["payout", "paid_on", "gross", "fee", "fee", "net", "terminal"]
    assert "Say what the columns mean" in page.content.decode()
    answers = {f"column-{column.at}": column.meaning for column in form["columns"]}
    answers |= {"date_order": "DMY", "decimals": "point", "fees": "minus", "currency": "gbp", "title": "Concardis"}
    wrong = clerk.post(url, answers)
    assert "1.234,50" in wrong.context["refusal"].message
    assert wrong.context["described"]["title"] == "Concardis"
    assert client_of(AUDITOR).post(url, answers).status_code == 403
    assert client_of(AUDITOR).get(url).context["described"] is None
    right = clerk.post(url, answers | {"decimals": "comma"}, follow=True)
    assert "Read as “Concardis”" in said(right)
    assert "2 payouts are new." in right.content.decode()
    assert "Layouts you described (1)" in clerk.get("/settlements/").content.decode()
