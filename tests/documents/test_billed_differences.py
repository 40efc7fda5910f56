"""What is on a document keeps its price; what would be billed differently now is noted beside it, for a person."""

from decimal import Decimal

from billing.document_models import BilledDifference, Document
from billing.models import Cdr, Chargeable, TaxRule
from chargebill import pipeline
from chargebill.analytics import operations as analytics
from chargebill.core import jobs
from memberships.models import Token
from tests.documents.conftest import Operator, session

D = Decimal


def price_anew(month: Operator) -> None:
    jobs.run_here(pipeline.create_pricing(entity=month.entity, actor=None, key=f"anew:{jobs.Job.objects.count()}"))


def differences() -> dict[str, tuple[Decimal, Decimal | None]]:
    """(billed, now) gross by session."""
    rows = BilledDifference.objects.select_related("session__chargeable__cdr")
    return {row.session.external_id: (row.session.chargeable.cdr.gross_amount, row.gross_amount) for row in rows}


def test_a_corrected_session_keeps_its_document_and_the_difference_waits(month: Operator) -> None:
    month.issue()
    before = list(Document.objects.order_by("pk").values()), Cdr.objects.count(), list(Chargeable.objects.values())
    month.bring(session("A1", energy_kwh="9"))

    assert differences() == {"A1": (D("4.00"), D("3.60"))}
    assert (list(Document.objects.order_by("pk").values()), Cdr.objects.count(), list(Chargeable.objects.values())) == before
    assert analytics.differing() == 0

    # Corrected back it is a new revision all the same, which a person looks at; priced as billed otherwise.
    month.bring(session("A1"))
    assert differences() == {"A1": (D("4.00"), D("4.00"))}


def test_a_price_that_changes_later_and_back_leaves_no_difference(month: Operator) -> None:
    month.issue()
    TaxRule.objects.update(rate=10)
    price_anew(month)
    # Strangers' and members' gross stays and its tax does not; the brewery's net of 3.228 / 1.1 = 2.93 makes 3.223.
    assert differences()["A1"] == (D("4.00"), D("4.00"))
    assert differences()["B2"] == (D("3.23"), D("3.22"))
    assert len(differences()) == 7
    TaxRule.objects.update(rate=20)
    price_anew(month)
    assert differences() == {}


def test_without_a_price_now_there_is_nothing_to_compare_with(month: Operator) -> None:
    month.issue()
    rule = TaxRule.objects.get()
    TaxRule.objects.all().delete()
    price_anew(month)
    row = BilledDifference.objects.get(session__external_id="A1")
    assert (row.state, row.reason, row.gross_amount) == ("HELD", "no_tax_rule", None)
    rule.save(force_insert=True)


def test_somebody_elses_session_is_a_difference(month: Operator) -> None:
    month.issue()
    Token.objects.filter(uid="T-Ada").update(customer=month.customers["Brewery"])
    price_anew(month)
    assert set(differences()) == {"M1", "M2"}
    assert {row.customer.name for row in BilledDifference.objects.all()} == {"Brewery"}


def test_sessions_not_billed_yet_are_priced_as_ever(month: Operator) -> None:
    TaxRule.objects.update(rate=10)
    price_anew(month)
    assert differences() == {}
    assert set(Cdr.objects.filter(version=2).values_list("tax_rate", flat=True)) == {10}
