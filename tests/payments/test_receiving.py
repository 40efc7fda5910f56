"""Money received is booked as the table of accounts says, matched or not, and never more than was received or is open."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from billing import payments
from billing.document_models import Document
from billing.journal_models import AccountingPeriod, JournalEntry
from billing.models import Payment, PaymentAllocation
from billing.operations.payment_entries import Part
from billing.operations.payment_reversals import take_back_match, take_back_payment
from billing.operations.payments import match_payment
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent
from tests.documents.conftest import AT, Operator, make_operator, session
from tests.payments.bank_text import row
from tests.payments.conftest import ADA, BREWERY, balance, bank, legs, of, received

D = Decimal


def refused(code: str, does) -> UserError:
    before = [model.objects.count() for model in (Payment, PaymentAllocation, JournalEntry, AuditEvent)]
    with pytest.raises(UserError) as caught:
        does()
    assert caught.value.code == code
    assert [model.objects.count() for model in (Payment, PaymentAllocation, JournalEntry, AuditEvent)] == before
    return caught.value


def open_of(document: Document) -> Decimal:
    return payments.open_amounts([document.pk])[document.pk]


def test_matched_money_is_booked_from_bank_to_receivables(billed: Operator) -> None:
    ada, who = of("Ada"), billed.customers["Ada"].pk
    received(billed, "5.07", (ada, "5.07"))
    assert legs() == [[("1000", D("5.07"), None), ("1100", D("-5.07"), who)]]
    assert open_of(ada) == 0
    assert ada not in payments.open_documents(billed.entity)


def test_money_that_is_not_matched_waits_on_its_own_account_and_is_matched_later(billed: Operator) -> None:
    ada, who = of("Ada"), billed.customers["Ada"].pk
    payment = received(billed, "7.00", method="CASH")
    assert legs() == [[("1000", D(7), None), ("2090", D(-7), None)]]
    assert payments.unmatched_of(payment) == 7
    match_payment(payment=payment, key="k", parts=[Part(D("5.07"), document=ada)], actor=None, at=AT)
    assert legs()[1] == [("2090", D("5.07"), None), ("1100", D("-5.07"), who)]
    (found,) = payments.with_unmatched(Payment.objects.all())
    assert round(found.unmatched, 3) == D("1.93")


def test_too_much_goes_to_the_credit_of_the_customer(billed: Operator) -> None:
    ada, customer = of("Ada"), billed.customers["Ada"]
    received(billed, "10", parts=[Part(ADA, document=ada), Part(D("4.93"), customer=customer)])
    assert legs() == [[("1000", D(10), None), ("1100", -ADA, customer.pk), ("2000", D("-4.93"), customer.pk)]]


def test_part_of_what_is_owed_leaves_the_rest_open(billed: Operator) -> None:
    received(billed, "3", (of("Ada"), "3"))
    assert open_of(of("Ada")) == D("2.07")


def test_takings_of_a_terminal_have_an_account_of_their_own(billed: Operator) -> None:
    received(billed, ADA, (of("Ada"), ADA), method="TERMINAL")
    assert [code for code, _, _ in legs()[0]] == ["1055", "1100"]


def test_the_same_key_records_once_and_says_so_when_the_content_differs(billed: Operator) -> None:
    first = received(billed, "3", (of("Ada"), "3"), key="once")
    assert received(billed, "3", (of("Ada"), "3"), key="once") == first
    assert balance("1000") == 3
    refused("payment_key_used", lambda: received(billed, "4", (of("Ada"), "4"), key="once"))
    refused("payment_key_used", lambda: received(billed, "3", (of("Brewery"), "3"), key="once"))


def test_matching_twice_with_one_key_matches_once(billed: Operator) -> None:
    payment = received(billed, "9")
    parts = [Part(ADA, document=of("Ada"))]
    one = match_payment(payment=payment, key="m", parts=parts, actor=None, at=AT)
    assert match_payment(payment=payment, key="m", parts=parts, actor=None, at=AT) == one
    other = [Part(D(1), document=of("Brewery"))]
    refused("payment_key_used", lambda: match_payment(payment=payment, key="m", parts=other, actor=None, at=AT))


def test_nothing_takes_more_than_is_open_nor_more_than_came_in(billed: Operator) -> None:
    ada, brewery = of("Ada"), of("Brewery")
    refused("over_open", lambda: received(billed, "9", (ada, "5.08")))
    refused("over_open", lambda: received(billed, "9", (ada, "3"), (ada, "3")))
    refused("over_received", lambda: received(billed, "9", (ada, ADA), (brewery, BREWERY)))
    payment = received(billed, "5", (ada, "3"))
    parts = [Part(D("2.01"), document=brewery)]
    refused("over_received", lambda: match_payment(payment=payment, key="x", parts=parts, actor=None, at=AT))
    refused("nothing_chosen", lambda: match_payment(payment=payment, key="x", parts=[], actor=None, at=AT))
    for amount in ("0", "-1", "1.005", "NaN", "1000000000000"):
        refused("amount", lambda amount=amount: received(billed, amount))
    refused("received_on", lambda: received(billed, "1", received_on=AT.date() + timedelta(days=1)))


def test_money_stays_with_its_company_and_currency(billed: Operator, tmp_path) -> None:
    other = make_operator(tmp_path / "..", "Forth Charging")
    refused("part_target", lambda: received(other, "9", (of("Ada"), "5")))
    refused("part_target", lambda: received(billed, "9", (of("Ada"), "5"), currency="EUR"))


def test_the_database_refuses_what_the_code_would(billed: Operator) -> None:
    ada = of("Ada")
    payment = received(billed, "9", (ada, "5"))
    columns = "payment_id, key, document_id, customer_id, amount, booked_on, reverses_id, reason, made_by_id, made_at"

    def insert(amount: str, *, document: int = ada.pk, reverses: int | None = None) -> str:
        with pytest.raises(IntegrityError) as caught, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO billing_paymentallocation ({columns}) VALUES (%s, 'k', %s, NULL, {amount}, %s, %s, '', NULL, %s)",
                [payment.pk, document, AT.date(), reverses, AT],
            )
        return str(caught.value)

    assert "than is open on the document" in insert("0.08")
    assert "than was received" in insert("4.01", document=of("Brewery").pk)
    first = payment.allocations.get()
    assert "taken back whole" in insert("-1", reverses=first.pk)
    for model, row_ in ((Payment, payment), (PaymentAllocation, first)):
        with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
            model.objects.filter(pk=row_.pk).update(amount=1)
        with pytest.raises(IntegrityError, match="never deleted"), transaction.atomic():
            model.objects.filter(pk=row_.pk)._raw_delete("default")


def test_a_match_taken_back_leaves_the_money_not_matched_and_the_document_open(billed: Operator) -> None:
    ada, who = of("Ada"), billed.customers["Ada"].pk
    payment = received(billed, ADA, (ada, ADA))
    allocation = payment.allocations.get()
    take_back_match(allocation=allocation, reason="wrong Ada", actor=None, at=AT)
    assert legs()[1] == [("1100", ADA, who), ("2090", -ADA, None)]
    assert (open_of(ada), payments.unmatched_of(payment)) == (ADA, ADA)
    refused("already_taken_back", lambda: take_back_match(allocation=allocation, reason="again", actor=None, at=AT))
    back = payment.allocations.get(amount__lt=0)
    refused("already_taken_back", lambda: take_back_match(allocation=back, reason="again", actor=None, at=AT))
    match_payment(payment=payment, key="again", parts=[Part(ADA, document=ada)], actor=None, at=AT)
    assert open_of(ada) == 0


def test_a_payment_entered_by_mistake_leaves_nothing_behind(billed: Operator) -> None:
    payment = received(billed, "9", (of("Ada"), ADA), method="CASH")
    refused("reason_missing", lambda: take_back_payment(payment=payment, reason=" ", actor=None, at=AT))
    take_back_payment(payment=payment, reason="it was somebody else's", actor=None, at=AT)
    assert {code: balance(code) for code in ("1000", "2090", "2000")} == {"1000": 0, "2090": 0, "2000": 0}
    assert open_of(of("Ada")) == ADA
    assert payments.unmatched_of(Payment.objects.get()) == 0
    refused("already_taken_back", lambda: take_back_payment(payment=payment, reason="again", actor=None, at=AT))
    parts = [Part(D(1), document=of("Ada"))]
    refused("taken_back", lambda: match_payment(payment=payment, key="x", parts=parts, actor=None, at=AT))


def test_what_the_bank_says_came_in_is_not_taken_back(billed: Operator) -> None:
    (line,) = bank(billed, row("5.07"))
    payment = received(billed, ADA, bank_line=line, received_on=line.booked_on)
    refused("from_the_bank", lambda: take_back_payment(payment=payment, reason="no", actor=None, at=AT))


def test_two_decisions_about_one_line_of_the_bank_are_one_too_many(billed: Operator, staff) -> None:
    (line,) = bank(billed, row("5.07"))
    first = received(billed, ADA, bank_line=line, received_on=line.booked_on, actor=staff("Billing clerk"))
    said = refused("line_taken", lambda: received(billed, ADA, bank_line=line, received_on=line.booked_on))
    assert said.message.startswith(f"billing-clerk decided about this receipt meanwhile: it is payment {first.pk}.")


def test_a_receipt_of_a_closed_month_is_booked_today(billed: Operator) -> None:
    AccountingPeriod.objects.create(entity=billed.entity, first_day=date(2018, 9, 1), state="CLOSED")
    payment = received(billed, "5", received_on=date(2018, 9, 28))
    assert (payment.received_on, payment.booked_on) == (date(2018, 9, 28), AT.date())
    assert JournalEntry.objects.get(source_type="payment").effective_date == AT.date()


@pytest.mark.usefixtures("billed")
def test_what_another_system_collected_is_paid_when_it_is_issued(billed: Operator) -> None:
    billed.bring(session("T1", amount="6.30", currency="GBP"), mode="collected")
    billed.issue(at=AT + timedelta(hours=1))
    document = Document.objects.get(is_collected=True)
    payment = Payment.objects.get(method="TERMINAL")
    assert (payment.amount, payment.received_on, payment.booked_on) == (D("6.30"), date(2018, 9, 6), document.issue_date)
    assert open_of(document) == 0
    assert balance("1055") == D("6.30")
