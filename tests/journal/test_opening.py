"""Opening balances from a file: line by line, in any spelling that can be read in one way only."""

from datetime import date
from decimal import Decimal

import pytest

from billing.journal import Leg
from billing.journal.opening import read_opening
from billing.journal_rows import legs_of
from billing.models import Account, JournalEntry
from billing.operations.journal_opening import post_balances, read_balances
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent
from tests.journal.books import AT, person, posted
from tests.rows import company, customers

DAY = date(2026, 3, 31)
ACCOUNTS = {"1000": "1000", "1100": "1100", "8400": "4000", "2000": "2000", "9000": "9000"}


def read(text: str, currency: str = "EUR") -> tuple[list[Leg], list[tuple[int, str]]]:
    found = read_opening(
        text, currency=currency, account=lambda named: ACCOUNTS.get(named, ""), customer=lambda number: {"C-7": 7}.get(number)
    )
    return (found.legs if not found.problems else []), [(line.line, line.problem) for line in found.problems]


def amounts(legs: list[Leg]) -> list[tuple[str, str, str, str]]:
    return [(leg.account_code, f"{leg.debit:f}", f"{leg.credit:f}", leg.currency) for leg in legs]


def test_what_is_left_over_is_balanced_on_the_opening_account_in_each_currency() -> None:
    legs, problems = read(
        "account,debit,credit,currency,customer,description\n"
        "1000,12500.00,,,,Bank\n1100,119.00,,EUR,C-7,Invoice 17\n2000,,25.00,,,\n1000,,1000,JPY,,Overdrawn\n"
    )
    assert problems == []
    assert amounts(legs) == [
        ("1000", "12500.00", "0", "EUR"),
        ("1100", "119.00", "0", "EUR"),
        ("2000", "0", "25.00", "EUR"),
        ("1000", "0", "1000", "JPY"),
        ("9000", "0", "12594.00", "EUR"),
        ("9000", "1000", "0", "JPY"),
    ]
    assert (legs[1].customer_id, legs[1].description) == (7, "Invoice 17")


def test_balances_that_are_even_need_no_opening_account() -> None:
    legs, _ = read("account;debit;credit\n1000;5,50;\n8400;;5,50\n")
    assert amounts(legs) == [("1000", "5.50", "0", "EUR"), ("4000", "0", "5.50", "EUR")]


@pytest.mark.parametrize(
    ("cells", "currency", "said"),
    [
        ("1000,1.234,", "EUR", "Debit '1.234' can be read in two ways. Write it like 1234.00 or 1.23."),
        ("1000,1.000,", "EUR", "Debit '1.000' can be read in two ways. Write it like 1234.00 or 1.23."),
        ("1000,1.005,", "JPY", "Debit '1.005' can be read in two ways. Write it like 1234.00 or 1.23."),
        ("1000,1.5,", "JPY", "Debit '1.5' has more digits than JPY has: 0 behind the point."),
        ("1000,1.2345,", "KWD", "Debit '1.2345' has more digits than KWD has: 3 behind the point."),
        ("1000,-5,", "EUR", "Debit is below zero: write the amount in the other column."),
        ("1000,abc,", "EUR", "Debit 'abc' is no amount. Write it like 1234.56, without a sign between thousands."),
        ("1000,1e9,", "EUR", "Debit '1e9' is no amount. Write it like 1234.56, without a sign between thousands."),
        ("1000,5,5", "EUR", "Fill in either debit or credit, not both and not none."),
        ("1000,,", "EUR", "Fill in either debit or credit, not both and not none."),
        ("1000,0,0.00", "EUR", "Fill in either debit or credit, not both and not none."),
        ("4711,5,", "EUR", "There is no account '4711'. Use its number or its code."),
        (",5,", "EUR", "The account is missing."),
        ("9000,5,", "EUR", "The account for opening balances is filled in by itself: leave this line out."),
        ("1000,5,", "", "Name the currency, such as EUR."),
        ("1000,5,,,,", "EUR", "It has 6 cells, the header names 3 columns."),
    ],
)
def test_what_is_wrong_with_a_line_is_said_with_what_to_do(cells: str, currency: str, said: str) -> None:
    assert read(f"account,debit,credit\n{cells}\n", currency) == ([], [(2, said)])


def test_three_digits_of_a_currency_that_has_them_are_three_digits() -> None:
    legs, _ = read("account,debit,credit\n1000,1.234,\n", "KWD")
    assert legs[0].debit == Decimal("1.234")


def test_lines_keep_their_numbers_past_empty_ones_and_quoted_breaks() -> None:
    _, problems = read('account,debit,credit,description\n\n1000,5,,"two\nlines"\nx,5,,\n')
    assert [line for line, _ in problems] == [5]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "opening_empty"),
        ("account,debit,credit\n", "opening_empty"),
        ("account,debit\n1000,5\n", "opening_columns"),
        ("account,debit,credit,colour\n1000,5,,\n", "opening_columns"),
        ("account,debit,credit,credit\n1000,5,,\n", "opening_columns"),
        ("account,debit,credit\n" + "1000,1,\n" * 5001, "opening_too_long"),
    ],
)
def test_a_file_that_cant_be_read_at_all_is_refused(text: str, code: str) -> None:
    with pytest.raises(UserError) as error:
        read(text)
    assert error.value.code == code
    assert error.value.message.endswith("Nothing was changed.")


FILE = "\ufeffaccount,debit,credit,customer\n1800,12500.00,,\n1100,119.00,,{number}\n2000,,25.00,\n"


@pytest.mark.django_db
def test_a_file_is_posted_once_on_the_company_s_own_numbers() -> None:
    posted(1)
    Account.objects.filter(code="1000").update(number="1800")
    customer = customers(3)[2]
    text = FILE.format(number=customer.number)
    assert read_balances(entity=company(), text=text).problems == []
    first = post_balances(entity=company(), text=text, effective_date=DAY, actor=person("petra"), at=AT)
    again = post_balances(entity=company(), text=text, effective_date=DAY, actor=person("carl"), at=AT)
    assert first == again
    legs = legs_of([first.pk])[first.pk]
    assert amounts(list(legs)) == [
        ("1000", "12500.000", "0.000", "EUR"),
        ("1100", "119.000", "0.000", "EUR"),
        ("2000", "0.000", "25.000", "EUR"),
        ("9000", "0.000", "12594.000", "EUR"),
    ]
    assert legs[1].customer_id == customer.pk
    assert AuditEvent.objects.filter(action="journal.opening").count() == 1


@pytest.mark.django_db
def test_a_file_with_a_problem_posts_nothing() -> None:
    with pytest.raises(UserError, match="2 lines of the file can't be taken") as error:
        post_balances(entity=company(), text=FILE.format(number="x"), effective_date=DAY, actor=person("petra"), at=AT)
    assert error.value.where == "line 2"
    assert not JournalEntry.objects.exists()
