"""A session credited whole counts no more, or goes on the next document at the price it has now; never on two."""

from decimal import Decimal

import pytest

from billing.document_models import BilledDifference, Document
from billing.models import Cdr, Chargeable
from chargebill import pipeline
from chargebill.analytics import operations as analytics
from chargebill.core.errors import UserError
from tests.documents.conftest import AT, Operator, month, numbers, operator, session  # noqa: F401
from tests.documents.test_correcting import clean
from tests.payments.conftest import billed, of, received  # noqa: F401

D = Decimal


def correct(document: Document, key: str = "k", **more: object) -> Document:
    given = {"amounts": None, "reason": "Wrong meter", "actor": None, "at": AT, **more}
    return pipeline.correct(document=document, key=key, **given)


def standing(number: str) -> tuple[str, str]:
    one = Chargeable.objects.get(session__external_id=number)
    return one.state, one.reason


def test_a_credited_session_counts_as_revenue_no_more(billed: Operator) -> None:  # noqa: F811
    correct(of("Ada"))
    assert standing("M1") == ("CREDITED", "")
    assert analytics.differing() == 0
    billed.issue()
    assert numbers("INVOICE") == ["INV-000001", "INV-000002", "INV-000003"]


def test_billed_again_it_has_its_new_price_on_the_next_document(billed: Operator) -> None:  # noqa: F811
    receipt = Document.objects.get(number="R-000001")
    received(billed, "4.00", (receipt, "4.00"))
    billed.bring(session("A1", energy_kwh="9"))
    assert BilledDifference.objects.exists()
    correct(receipt, bill_again=True, returned_to="REFUND")
    assert standing("A1") == ("READY", "")
    assert not BilledDifference.objects.exists()
    assert Cdr.objects.get(pk=Chargeable.objects.get(session__external_id="A1").cdr_id).gross_amount == D("3.60")
    assert analytics.differing() == 0
    billed.issue()
    again = Document.objects.get(number="R-000003")
    assert (again.gross_amount, again.lines.get().session.external_id) == (D("3.60"), "A1")
    assert standing("A1") == ("DOCUMENTED", "")
    assert analytics.differing() == 0
    clean()


def test_what_is_doubtful_now_is_held_and_not_billed(billed: Operator) -> None:  # noqa: F811
    # 738 kWh in an hour.
    billed.bring(session("A1", energy_kwh="738"))
    correct(Document.objects.get(number="R-000001"), bill_again=True)
    assert standing("A1")[0] == "HELD"
    billed.issue()
    assert numbers("RECEIPT") == ["R-000001", "R-000002"]
    assert analytics.differing() == 0
    clean()


def test_at_the_same_price_it_may_be_billed_again_too(billed: Operator) -> None:  # noqa: F811
    ada = of("Ada")
    cdrs = Cdr.objects.count()
    correct(ada, bill_again=True)
    assert Cdr.objects.count() == cdrs
    billed.issue()
    assert Document.objects.filter(customer=ada.customer, kind="INVOICE").count() == 2
    # Sent again, the form that credited the first document is answered and frees nothing.
    assert correct(ada, bill_again=True).number == "CN-000001"
    assert standing("M1")[0] == "DOCUMENTED"
    clean()


def test_money_another_system_took_is_not_billed_again(operator: Operator) -> None:  # noqa: F811
    operator.bring(session("T1", amount="6.30", currency="GBP"), mode="collected")
    operator.issue()
    with pytest.raises(UserError) as error:
        correct(Document.objects.get(), bill_again=True, returned_to="REFUND")
    assert error.value.code == "bill_again_collected"
    assert standing("T1")[0] == "DOCUMENTED"
