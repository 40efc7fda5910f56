"""Money through a gateway that answers late, twice, never or wrongly: taken once, given back once, and known in the end."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from billing import gateway_registry, payments
from billing.book_checks import check_books
from billing.gateways import Capabilities, OfflineGateway, Order, Outcome, RefundOrder, Result
from billing.models import GatewayAttempt, Payment, Refund
from billing.operations import gateway_janitor
from billing.operations.gateway_orders import collect, refund_through_gateway, settle_refund
from billing.operations.payment_reversals import take_back_payment
from chargebill.core.errors import UserError
from chargebill.core.roles import BILLING_CLERK
from tests.documents.conftest import AT, Operator
from tests.payments.conftest import ADA, balance, of, received
from tests.refunds.conftest import owed

D = Decimal
SUCCEEDED, FAILED = Result(Outcome.SUCCEEDED, "ch_1"), Result(Outcome.FAILED, reason="card expired")


CAPABLE = Capabilities(collects=True, refunds=True, partial_refunds=True, tells=True)


@dataclass
class Scripted:
    """A gateway in memory: it keeps each key's outcome, as a real one does, and answers by a script.

    A script entry is a Result, or an exception raised after the order arrived (``arrives``) or before it did.
    """

    name: str = "scripted"
    label: str = "Scripted"
    capabilities: Capabilities = CAPABLE
    script: list[Any] = field(default_factory=list)
    arrives: bool = True
    known: dict[str, Result] = field(default_factory=dict)
    moved: list[tuple[str, Decimal]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def _do(self, key: str, amount: Decimal) -> Result:
        if key in self.known:
            return self.known[key]
        says = self.script.pop(0) if self.script else Result(Outcome.SUCCEEDED, f"ref_{key}")
        if not isinstance(says, Exception) or self.arrives:
            happened = Result(Outcome.SUCCEEDED, f"ref_{key}") if isinstance(says, Exception) else says
            if isinstance(happened, Result):
                self.known[key] = happened
                if happened.outcome == Outcome.SUCCEEDED:
                    self.moved.append((key, amount))
        if isinstance(says, Exception):
            raise says
        return says

    def authorise(self, order: Order) -> Result:
        return self._do(order.key, D(0))

    def capture(self, order: Order, authorisation: str = "") -> Result:
        return self._do(order.key, order.amount)

    def refund(self, order: RefundOrder) -> Result:
        return self._do(order.key, -order.amount)

    def status(self, key: str) -> Result:
        self.asked.append(key)
        return self.known.get(key, Result(Outcome.NEVER_SEEN))


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    made = Scripted()
    monkeypatch.setattr(gateway_registry, "_made", lambda paths: {"offline": OfflineGateway(), "scripted": made})
    gateway_janitor._asked.clear()
    return made


def taken(amount: str = "5.07", key: str = "k", **more: Any) -> GatewayAttempt:
    given = {
        "document": of("Ada"),
        "gateway": "scripted",
        "means": "cus_1",
        "amount": D(amount),
        "key": key,
        "actor": None,
        "at": AT,
    }
    return collect(**{**given, **more})


def back(due: Any, payment: Payment, amount: str = "5.07", key: str = "k") -> Refund:
    return refund_through_gateway(due=due, payment=payment, amount=D(amount), key=key, actor=None, at=AT)


def refused(code: str, does: Callable[[], object], gateway: Scripted) -> None:
    before = (list(GatewayAttempt.objects.values()), list(Refund.objects.values()), list(gateway.moved))
    with pytest.raises(UserError) as caught:
        does()
    assert caught.value.code == code
    assert before == (list(GatewayAttempt.objects.values()), list(Refund.objects.values()), gateway.moved)


def janitor(after: timedelta, clock: float) -> int:
    return gateway_janitor.ask(at=AT + after, clock=clock)


def clean() -> None:
    assert [(one.check, one.message) for one in check_books().breaks] == []


def open_of_ada() -> Decimal:
    return payments.open_amounts([of("Ada").pk])[of("Ada").pk]


def test_what_a_gateway_takes_is_a_payment_of_its_own_account(billed: Operator, gateway: Scripted) -> None:
    attempt = taken()
    payment = attempt.payment
    assert (attempt.state, payment.method, payment.gateway, payment.gateway_reference) == (
        "SUCCEEDED", "GATEWAY", "scripted", f"ref_collect:{attempt.pk}",
    )  # fmt: skip
    assert (balance("1050-scripted"), open_of_ada()) == (ADA, 0)
    assert taken() == attempt
    assert gateway.moved == [(f"collect:{attempt.pk}", ADA)]
    with pytest.raises(UserError, match="through the gateway instead"):
        take_back_payment(payment=payment, reason="no", actor=None, at=AT)
    clean()


def test_what_fails_books_nothing_and_may_be_tried_again(billed: Operator, gateway: Scripted) -> None:
    gateway.script = [FAILED]
    attempt = taken()
    assert (attempt.state, attempt.reason, Payment.objects.count()) == ("FAILED", "card expired", 0)
    assert taken(key="again").state == "SUCCEEDED"


def test_a_time_out_after_the_order_arrived_is_asked_for_and_never_sent_again(billed: Operator, gateway: Scripted) -> None:
    gateway.script = [TimeoutError("no answer")]
    attempt = taken()
    assert (attempt.state, Payment.objects.count()) == ("UNKNOWN", 0)
    refused("attempt_open", lambda: taken(key="impatient"), gateway)
    assert taken() == attempt
    assert janitor(timedelta(minutes=1), 0) == 0
    assert gateway.asked == []
    assert janitor(timedelta(minutes=3), 0) == 1
    attempt.refresh_from_db()
    assert attempt.state == "SUCCEEDED"
    assert gateway.moved == [(f"collect:{attempt.pk}", ADA)]
    assert janitor(timedelta(minutes=9), 99) == 0
    assert open_of_ada() == 0
    clean()


def test_an_order_that_never_arrived_fails_after_a_day_and_not_before(billed: Operator, gateway: Scripted) -> None:
    gateway.script, gateway.arrives = [ConnectionError("unreachable")], False
    attempt = taken()
    assert janitor(timedelta(hours=23), 0) == 0
    assert janitor(timedelta(hours=25), 10) == 1
    attempt.refresh_from_db()
    assert (attempt.state, attempt.reason) == ("FAILED", "it never arrived at the gateway")
    assert taken(key="again").state == "SUCCEEDED"


def test_an_order_is_asked_about_ever_more_rarely(billed: Operator, gateway: Scripted) -> None:
    gateway.script, gateway.arrives = [ConnectionError("unreachable")], False
    taken()
    for second in range(100):
        janitor(timedelta(minutes=3), second)
    # After 5, 10, 20 and 40 seconds more.
    assert len(gateway.asked) == 5


@pytest.mark.parametrize("says", [None, "SUCCEEDED", Result(Outcome.NEVER_SEEN), Result(Outcome.UNKNOWN)])
def test_an_answer_that_makes_no_sense_leaves_the_outcome_unknown(billed: Operator, gateway: Scripted, says: Any) -> None:
    gateway.script = [says]
    assert taken().state == "UNKNOWN"


def test_a_gateway_that_says_later_is_believed_later(billed: Operator, gateway: Scripted) -> None:
    gateway.script = [Result(Outcome.PENDING)]
    attempt = taken()
    assert attempt.state == "SENT"
    assert janitor(timedelta(minutes=3), 0) == 0
    gateway.known[attempt.order_key] = SUCCEEDED
    assert janitor(timedelta(minutes=3), 60) == 1
    assert Payment.objects.get().gateway_reference == "ch_1"


def test_money_that_comes_after_the_document_was_paid_is_the_customers_credit(billed: Operator, gateway: Scripted) -> None:
    gateway.script = [TimeoutError()]
    taken()
    received(billed, "3", (of("Ada"), "3"))
    assert janitor(timedelta(minutes=3), 0) == 1
    assert (open_of_ada(), balance("2000")) == (0, D(-3))
    clean()


def test_parts_go_back_and_never_more_than_was_taken(billed: Operator, gateway: Scripted) -> None:
    payment = taken().payment
    due = owed(billed, "9")
    first = back(due, payment, "2")
    assert (first.state, back(due, payment, "2")) == ("SUCCEEDED", first)
    assert (balance("1050-scripted"), balance("2050")) == (ADA - 2, D(-7))
    refused("over_captured", lambda: back(due, payment, "3.08", "more"), gateway)
    refused("over_captured", lambda: back(due, payment, "7.01", "most"), gateway)
    with pytest.raises(IntegrityError, match="than the gateway took"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO billing_refund (due_id, key, amount, method, payee_name, payee_account, gateway, gateway_reference,"
            " state, made_at) VALUES (%s, 'raw', 3.08, 'GATEWAY', '', '', 'scripted', %s, 'PENDING', %s)",
            [due.pk, payment.gateway_reference, AT],
        )
    back(due, payment, "3.07", "rest")
    assert [amount for _, amount in gateway.moved] == [ADA, -2, D("-3.07")]
    clean()


def test_a_refund_whose_answer_got_lost_is_asked_for_and_given_once(billed: Operator, gateway: Scripted) -> None:
    payment, due = taken().payment, owed(billed)
    gateway.script = [TimeoutError()]
    refund = back(due, payment)
    assert refund.state == "UNKNOWN"
    refused("over_captured", lambda: back(due, payment, "5.07", "impatient"), gateway)
    assert janitor(timedelta(minutes=3), 0) == 1
    refund.refresh_from_db()
    assert refund.state == "SUCCEEDED"
    assert gateway.moved[1:] == [(f"refund:{refund.pk}", -ADA)]
    assert (balance("1050-scripted"), balance("2050")) == (0, 0)
    clean()


def test_a_refund_may_fail_at_once_and_after_it_was_paid(billed: Operator, gateway: Scripted) -> None:
    payment, due = taken().payment, owed(billed)
    gateway.script = [FAILED]
    assert back(due, payment).state == "FAILED"
    refund = back(due, payment, key="again")
    late: datetime = AT + timedelta(days=3)
    for _ in range(2):
        assert settle_refund(refund=refund, result=FAILED, actor=None, at=late).state == "FAILED"
    assert (balance("1050-scripted"), balance("2050")) == (ADA, -ADA)
    assert back(due, payment, key="third").state == "SUCCEEDED"
    clean()


def test_a_gateway_without_parts_gives_back_whole_payments_only(billed: Operator, gateway: Scripted) -> None:
    payment, due = taken().payment, owed(billed)
    gateway.capabilities = Capabilities(collects=True, refunds=True, partial_refunds=False, tells=True)
    refused("partial_refund", lambda: back(due, payment, "1"), gateway)
    assert back(due, payment).state == "SUCCEEDED"


def test_only_a_gateway_that_is_there_and_can_is_asked(billed: Operator, gateway: Scripted) -> None:
    refused("gateway_unknown", lambda: taken(gateway="stripe"), gateway)
    refused("gateway_unknown", lambda: taken(gateway="offline"), gateway)
    refused("means_missing", lambda: taken(means=" "), gateway)
    refused("over_open", lambda: taken("5.08"), gateway)
    refused("amount", lambda: taken("0"), gateway)
    refused("gateway_unknown", lambda: back(owed(billed), received(billed, "5.07")), gateway)


def test_the_offline_gateway_moves_nothing_itself() -> None:
    offline, order = OfflineGateway(), Order("k", D(1), "EUR", "cash", "INV-1")
    answers = [
        offline.authorise(order),
        offline.capture(order),
        offline.refund(RefundOrder("k", D(1), "EUR", "")),
        offline.status("k"),
    ]
    assert {answer.outcome for answer in answers} == {Outcome.PENDING}


def test_an_outcome_that_is_known_never_changes(billed: Operator, gateway: Scripted) -> None:
    attempt = taken()
    with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
        GatewayAttempt.objects.filter(pk=attempt.pk).update(state="FAILED", payment=None)
    with pytest.raises(IntegrityError, match="never deleted"), transaction.atomic():
        GatewayAttempt.objects.all()._raw_delete("default")


def test_a_clerk_collects_and_refunds_on_the_pages(billed: Operator, gateway: Scripted, client_of: Any) -> None:
    clerk, document = client_of(BILLING_CLERK), of("Ada")
    url = f"/open-documents/{document.pk}/"
    assert "Collect it" in clerk.get(url).content.decode()
    form = {"gateway": "scripted", "amount": "5,07", "means": "cus_1", "form_key": "a"}
    assert "is no amount" in clerk.post(url, form, follow=True).content.decode()
    gateway.script = [FAILED, TimeoutError()]
    page = clerk.post(url, {**form, "amount": "5.07"}, follow=True).content.decode()
    assert "was not collected: card expired" in page
    page = clerk.post(url, {**form, "amount": "5.07", "form_key": "b"}, follow=True).content.decode()
    assert "is not known yet" in page
    assert gateway_janitor.ask(at=AT + timedelta(days=9999), clock=0) == 1
    assert "Collected" in clerk.get(url).content.decode()
    due, payment = owed(billed), Payment.objects.get()
    page = clerk.get(f"/refunds/{due.pk}/")
    assert page.context["taken"] == [payment]
    url = f"/refunds/{due.pk}/gateway/"
    assert clerk.post(url, {"payment": "77"}).status_code == 404
    page = clerk.post(url, {"payment": payment.pk, "amount": "5.07", "form_key": "c"}, follow=True)
    assert "went back through scripted" in page.content.decode()
    assert client_of("Auditor").post(url, {"payment": payment.pk}).status_code == 403
    assert client_of("Auditor").post(f"/open-documents/{document.pk}/", form).status_code == 403


@pytest.mark.parametrize("path", ["nowhere.Gateway", "tests.refunds.test_gateways.Nameless"])
def test_a_gateway_that_is_none_stops_with_words(path: str) -> None:
    from django.core.exceptions import ImproperlyConfigured

    with pytest.raises(ImproperlyConfigured, match="GATEWAYS names"):
        gateway_registry._made((path,))
    assert list(gateway_registry._made(("tests.refunds.test_gateways.Scripted",))) == ["offline", "scripted"]


class Nameless:
    name = "Has Spaces"
