"""A file of open invoices, line by line: every line is reported, every problem named with its column and what to do."""

from datetime import date
from decimal import Decimal

import pytest

from billing.takeover import OpenInvoice, Report, last_count, listed_of, read_open_invoices
from chargebill.core.errors import UserError

DAY = date(2026, 3, 31)
HEADER = "customer,number,issued_on,due_on,open_amount,currency\n"
GOOD = "C-7,RE-17,2026-02-01,2026-02-15,119.00,EUR"


def read(*rows: str, currency: str = "EUR", taken: dict[str, tuple[int | None, Decimal]] | None = None) -> Report:
    return read_open_invoices(
        HEADER + "\n".join(rows) + "\n",
        currency=currency,
        day=DAY,
        customers={"C-7": (7, "Ada"), "C-8": (8, "Brewery")},
        taken=taken or {},
        ours=frozenset({"INV-1"}),
    )


def said(report: Report) -> list[tuple[int, str, str]]:
    return [(line.line, problem.column, problem.message) for line in report.lines for problem in line.problems]


def test_a_line_becomes_an_open_invoice_of_its_customer() -> None:
    report = read(GOOD, "C-8;;;".replace(";", ",") + "x")
    (first, second) = report.lines
    assert first.value == OpenInvoice(7, "Ada", "RE-17", date(2026, 2, 1), date(2026, 2, 15), Decimal("119.00"), "EUR")
    assert first.will == "EUR 119.00 becomes open of Ada, due 2026-02-15."
    assert second.problems
    assert report.problem_lines == [second]


def test_the_total_of_each_currency_is_said() -> None:
    report = read(GOOD, "C-8,RE-18,2026-02-01,2026-02-15,1,EUR", "C-8,RE-19,2026-02-01,2026-02-15,1000,JPY")
    assert report.totals == ("2 open invoices, EUR 120.00", "1 open invoice, JPY 1,000")


@pytest.mark.parametrize(
    ("row", "column", "message"),
    [
        (",RE-17,2026-02-01,2026-02-15,1,", "customer", "Say whose it is: the customer’s number."),
        (
            "C-9,RE-17,2026-02-01,2026-02-15,1,",
            "customer",
            "There is no customer with the number 'C-9'. Enter or import the customer first.",
        ),
        ("C-7,,2026-02-01,2026-02-15,1,", "number", "The invoice’s number is missing: transfers are matched by it."),
        (f"C-7,{'9' * 41},2026-02-01,2026-02-15,1,", "number", "A number has at most 40 characters."),
        (
            "C-7,INV-1,2026-02-01,2026-02-15,1,",
            "number",
            "INV-1 is the number of a document of ours. Look whether it belongs in this file.",
        ),
        ("C-7,RE-17,,2026-02-15,1,", "issued_on", "Issued on is missing. Write a day like 2026-03-31."),
        ("C-7,RE-17,02/01/2026,2026-02-15,1,", "issued_on", "Issued on '02/01/2026' is no day. Write it like 2026-03-31."),
        ("C-7,RE-17,30.02.2026,2026-03-15,1,", "issued_on", "Issued on '30.02.2026' is no day. Write it like 2026-03-31."),
        (
            "C-7,RE-17,2026-04-01,2026-04-15,1,",
            "issued_on",
            "It was issued after 2026-03-31, the day of the balances. Leave it out, or choose a later day.",
        ),
        (
            "C-7,RE-17,1926-02-01,2026-02-15,1,",
            "issued_on",
            "Issued on 1926-02-01 is before the year 2000. Look whether it is right.",
        ),
        (
            "C-7,RE-17,2026-02-01,2026-01-15,1,",
            "due_on",
            "It is due before it was issued. Look which of the days is wrong.",
        ),
        (
            "C-7,RE-17,2026-02-01,2226-02-15,1,",
            "due_on",
            "It is due more than five years after it was issued. Look which of the days is wrong.",
        ),
        (
            "C-7,RE-17,2026-02-01,2026-02-15,,",
            "open_amount",
            "Nothing is open on it. Write what is still owed, or leave the line out.",
        ),
        (
            "C-7,RE-17,2026-02-01,2026-02-15,0.00,",
            "open_amount",
            "Nothing is open on it. Write what is still owed, or leave the line out.",
        ),
        (
            "C-7,RE-17,2026-02-01,2026-02-15,-5,",
            "open_amount",
            "What a customer has too much is no open invoice: put it on account 2000 of the opening balances.",
        ),
        (
            "C-7,RE-17,2026-02-01,2026-02-15,1.234,",
            "open_amount",
            "Open amount '1.234' can be read in two ways. Write it like 1234.00 or 1.23.",
        ),
        ("C-7,RE-17,2026-02-01,2026-02-15,1,Euro", "currency", "'EURO' is no currency such as EUR."),
        (f"{GOOD},more", "", "It has 7 cells, the header names 6 columns."),
    ],
)
def test_what_is_wrong_is_said_by_column_with_what_to_do(row: str, column: str, message: str) -> None:
    assert said(read(row)) == [(2, column, message)]


def test_all_that_is_wrong_in_a_line_is_said_at_once() -> None:
    assert [column for _, column, _ in said(read("x,,y,z,,"))] == ["customer", "number", "issued_on", "due_on", "open_amount"]


def test_a_number_twice_in_the_file_is_refused_the_second_time() -> None:
    assert said(read(GOOD, GOOD)) == [(3, "number", "Line 2 has RE-17 already. Leave one of them out.")]


def test_what_was_taken_over_before_is_known_and_refused_with_another_amount() -> None:
    same = read(GOOD, taken={"RE-17": (7, Decimal("119.000"))})
    assert (same.lines[0].is_known, same.values, same.totals) == (True, [], ())
    other = read(GOOD, taken={"RE-17": (7, Decimal("118.00"))})
    assert said(other) == [(2, "number", "RE-17 was taken over before, with another customer or amount. Leave this line out.")]


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "take_over_empty"), ("customer,number\nC-7,1\n", "take_over_columns"), (HEADER, "take_over_empty")],
)
def test_a_file_that_cant_be_read_at_all_is_refused(text: str, code: str) -> None:
    with pytest.raises(UserError) as error:
        read_open_invoices(text, currency="EUR", day=DAY, customers={}, taken={}, ours=frozenset())
    assert error.value.code == code


@pytest.mark.parametrize(
    ("number", "count"), [("RE-2026-0417", 417), ("2026/17a", 17), ("A", 0), ("R" + "1" * 20, 111111111111), ("", 0)]
)
def test_a_number_is_found_by_its_last_count(number: str, count: int) -> None:
    assert last_count(number) == count


D = Decimal


@pytest.mark.parametrize(
    ("held", "listed", "out"),
    [
        ({None: D(100)}, {7: D(60), 8: D(40)}, {None: D(100)}),
        ({None: D(100)}, {7: D(60)}, {None: D(60)}),
        ({None: D(50)}, {7: D(60)}, {None: D(50)}),
        ({7: D(30), None: D(100)}, {7: D(60), 8: D(10)}, {7: D(30), None: D(40)}),
        ({8: D(30)}, {7: D(60)}, {}),
        ({7: D(-30), None: D(10)}, {7: D(60)}, {None: D(10)}),
        ({}, {7: D(60)}, {}),
        ({None: D(100)}, {}, {}),
    ],
)
def test_invoices_list_their_customers_balance_first_and_never_more_than_is_held(held, listed, out) -> None:  # type: ignore[no-untyped-def]
    assert listed_of(held, listed) == out
