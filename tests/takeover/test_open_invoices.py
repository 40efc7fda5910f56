"""Open invoices taken over: booked once, paid like documents of ours, and in no way documents of ours otherwise."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from billing import payments
from billing.book_checks import check_books
from billing.document_models import Document, DocumentKind, NumberSeries
from billing.journal_models import JournalEntry
from billing.operations.journal import reverse
from billing.operations.journal_opening import take_back_balances
from billing.operations.number_series import number_series
from billing.operations.payment_reversals import take_back_match
from billing.payment_models import PaymentAllocation
from billing.takeover_models import TakeOver
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent
from tests.documents.conftest import AT, Operator, session
from tests.journal.books import closed, posted
from tests.payments.bank_text import row
from tests.payments.conftest import bank, received
from tests.takeover.conftest import DAY, HEADER, INVOICES, balance, opening, taken

D = Decimal


def broken() -> list[tuple[str, str]]:
    return [(one.check, one.message) for one in check_books().breaks]


def item(number: str) -> Document:
    return Document.claims.select_related("customer", "entity").get(number=number)


def test_each_line_is_open_on_its_own_and_booked_on_its_customer(tayside: Operator) -> None:
    made = taken(tayside)
    assert (made.signed_as, made.day, made.totals[0]) == ("Fiona", DAY, "3 open invoices, GBP 159.50")
    found = payments.open_documents(tayside.entity)
    assert [(d.number, d.customer.name, d.open_amount, f"{d.due_date}") for d in found] == [
        ("RE-2018-0417", "Ada", D("100.00"), "2018-08-15"),
        ("RE-2018-0418", "Ada", D("19.00"), "2018-09-15"),
        ("RE-2018-0500", "Brewery", D("40.50"), "2018-10-14"),
    ]
    assert balance("1100", customer=tayside.customers["Ada"]) == D("119.00")
    assert (balance("1100"), balance("9000")) == (D("159.50"), D("-159.50"))
    assert {entry.effective_date for entry in JournalEntry.objects.all()} == {DAY}
    assert broken() == []


def test_they_are_no_documents_of_ours_and_take_no_number(tayside: Operator) -> None:
    taken(tayside)
    assert not Document.objects.exists()
    assert not NumberSeries.objects.exists()
    tayside.bring(session("M1", token="T-Ada"))
    tayside.issue()
    assert [d.number for d in Document.objects.all()] == ["INV-000001"]
    assert [series.kind for series in number_series(entity=tayside.entity)] == ["RECEIPT", "INVOICE", "CREDIT_NOTE"]
    assert broken() == []


def test_the_old_system_s_number_may_come_again_as_ours(tayside: Operator) -> None:
    taken(tayside, HEADER + "C-Ada,INV-000001,2018-08-01,2018-08-15,7.00,GBP\n")
    tayside.bring(session("M1", token="T-Ada"))
    tayside.issue()
    assert sorted(d.kind for d in Document.claims.filter(number="INV-000001")) == ["INVOICE", "TAKEN_OVER"]
    assert broken() == []


def test_a_transfer_that_names_one_is_matched_with_it_and_closes_it(tayside: Operator) -> None:
    taken(tayside)
    (line,) = bank(tayside, row("100.00", purpose="Rechnung RE 2018 0417", currency="GBP"))
    made = payments.proposals(tayside.entity, [line])[line.pk]
    assert (made.proposal.certainty, [(d.number, amount) for d, amount in made.parts]) == (
        "certain",
        [("RE-2018-0417", D("100.00"))],
    )
    received(tayside, "100.00", (item("RE-2018-0417"), "100.00"), bank_line=line)
    assert [d.number for d in payments.open_documents(tayside.entity)] == ["RE-2018-0418", "RE-2018-0500"]
    assert (balance("1100"), balance("1000")) == (D("59.50"), D("100.00"))
    assert broken() == []


def test_more_than_is_open_is_refused_by_the_books_and_by_the_database(tayside: Operator) -> None:
    taken(tayside)
    with pytest.raises(UserError, match="less than") as error:
        received(tayside, "200.00", (item("RE-2018-0417"), "100.01"))
    assert error.value.code == "over_open"
    payment = received(tayside, "200.00")
    with pytest.raises(IntegrityError, match="more would be allocated"), transaction.atomic():
        PaymentAllocation.objects.create(
            payment=payment, key="x", document=item("RE-2018-0417"), amount=D("100.01"), booked_on=DAY, made_at=AT
        )
    assert broken() == []


def test_a_match_taken_back_opens_it_again(tayside: Operator) -> None:
    taken(tayside)
    payment = received(tayside, "100.00", (item("RE-2018-0417"), "100.00"))
    take_back_match(allocation=payment.allocations.get(), reason="wrong one", actor=None, at=AT)
    assert payments.open_amounts([item("RE-2018-0417").pk]) == {item("RE-2018-0417").pk: D("100.00")}
    assert broken() == []


def test_the_same_file_again_is_the_same_take_over(tayside: Operator) -> None:
    first = taken(tayside)
    assert taken(tayside, name="again.csv", signed_as="Somebody else") == first
    assert (Document.claims.count(), JournalEntry.objects.count(), TakeOver.objects.count()) == (3, 3, 1)
    assert AuditEvent.objects.filter(action="take_over.commit").count() == 1


def test_another_file_with_some_of_the_same_invoices_adds_only_what_is_new(tayside: Operator) -> None:
    taken(tayside)
    taken(tayside, INVOICES + "C-Ada,RE-2018-0600,2018-09-20,2018-10-04,1.00,GBP\n")
    assert (Document.claims.count(), balance("1100")) == (4, D("160.50"))
    assert broken() == []


def test_a_file_with_one_wrong_line_takes_nothing_over(tayside: Operator) -> None:
    with pytest.raises(UserError, match="1 line of the file can’t be taken") as error:
        taken(tayside, INVOICES + "C-Nobody,RE-1,2018-09-20,2018-10-04,1.00,GBP\n")
    assert (error.value.code, error.value.where) == ("take_over_problems", "line 5")
    assert [model._base_manager.count() for model in (Document, JournalEntry, TakeOver)] == [0, 0, 0]


def test_a_report_that_would_say_something_else_by_now_is_not_taken(tayside: Operator) -> None:
    with pytest.raises(UserError) as error:
        taken(tayside, report_digest="0" * 64)
    assert error.value.code == "take_over_changed"
    assert not Document.claims.exists()


def test_nobody_signs_nothing_is_taken(tayside: Operator) -> None:
    with pytest.raises(UserError, match="Say who") as error:
        taken(tayside, signed_as=" ")
    assert error.value.code == "take_over_unsigned"


def test_what_was_taken_over_never_changes(tayside: Operator) -> None:
    made = taken(tayside)
    for row_of in (made, item("RE-2018-0417")):
        with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
            type(row_of)._base_manager.filter(pk=row_of.pk).update(entity=tayside.entity, **_other(row_of))


def _other(row_of: object) -> dict[str, object]:
    return {"signed_as": "x"} if isinstance(row_of, TakeOver) else {"gross_amount": D(1), "net_amount": D(1)}


@pytest.mark.parametrize("balances_first", [True, False])
def test_receivables_that_are_in_both_are_booked_once(tayside: Operator, balances_first: bool) -> None:
    steps = [lambda: opening(tayside, "1000,1000,,", "1100,159.50,,"), lambda: taken(tayside)]
    for step in steps if balances_first else reversed(steps):
        step()
    assert balance("1100") == D("159.50")
    assert balance("1100", customer=tayside.customers["Brewery"]) == D("40.50")
    assert balance("1100", customer__isnull=True) == 0
    assert balance("9000") == D("-1159.50")
    assert broken() == []


def test_a_customer_s_own_balance_is_listed_first_and_the_rest_stays(tayside: Operator) -> None:
    opening(tayside, "1100,30,,C-Ada", "1100,200,,")
    made = taken(tayside)
    # Of 230.00 held 159.50 is listed: 30.00 of Ada, 129.50 of nobody named; 70.50 stays.
    assert balance("1100", entry__source_type="opening_listed") == D("-159.50")
    assert balance("1100", entry__source_type="opening_listed", customer=tayside.customers["Ada"]) == D("-30")
    assert balance("1100") == D("230.00")
    assert made.totals[1:] == [
        "With these, GBP 159.50 is listed by invoices; the opening balances hold GBP 230.00 as receivables."
        " GBP 159.50 is in both and is booked once."
        " GBP 70.50 is only in the opening balances and stays there as it is."
    ]
    assert broken() == []


def test_what_is_only_listed_is_balanced_on_the_opening_account(tayside: Operator) -> None:
    opening(tayside, "1100,100,,")
    made = taken(tayside)
    assert made.totals[1].endswith(
        "GBP 100.00 is in both and is booked once. GBP 59.50 is only listed: it is balanced on the account for opening balances."
    )
    assert (balance("1100"), balance("9000")) == (D("159.50"), D("-159.50"))
    assert broken() == []


def test_balances_taken_back_take_back_what_was_listed_and_the_right_ones_list_it_again(tayside: Operator) -> None:
    wrong = opening(tayside, "1100,100,,")
    taken(tayside)
    take_back_balances(entry=wrong, effective_date=DAY, reason="a line was missing", actor=None, at=AT)
    assert (balance("1100"), balance("9000")) == (D("159.50"), D("-159.50"))
    opening(tayside, "1100,159.50,,")
    assert (balance("1100"), balance("9000")) == (D("159.50"), D("-159.50"))
    assert balance("1100", entry__source_type="open_invoice") == D("159.50")
    assert broken() == []


def test_an_entry_of_one_taken_back_behind_it_is_found(tayside: Operator) -> None:
    taken(tayside)
    entry = JournalEntry.objects.get(document_no="RE-2018-0417")
    reverse(entry=entry, effective_date=DAY, reason="by hand", actor=None, at=AT)
    assert broken() == [
        (
            "receivables",
            "GBP 159.500 is open on documents, but the books hold 59.500: a difference of -100.000.",
        )
    ]


def test_a_closed_month_takes_nothing(tayside: Operator) -> None:
    closed(posted(1, entity=tayside.entity, day=DAY, at=AT).period)
    with pytest.raises(UserError) as error:
        taken(tayside)
    assert error.value.code == "period_closed"
    assert not Document.claims.filter(kind=DocumentKind.TAKEN_OVER).exists()
