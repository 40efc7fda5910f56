"""A chargeback is lost while something was agreed, owed or given about the same charge: nobody gets the same money twice, and
whatever a person has to decide is stuck for Finance, with why."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal as D
from typing import Any

import pytest

from billing.chargeback_models import ChargebackEnd
from billing.credit_models import Correction
from billing.document_models import Document, DocumentKind
from billing.models import RefundDue
from billing.operations.credits import correct
from chargebill import case_execution
from chargebill.analytics.case_statistics import statistics
from chargebill.core.errors import UserError
from chargebill.core.models import User
from chargebill.core.periods import Period
from disputes.chargeback_queries import blocks
from disputes.facts import Said
from disputes.incident_models import IncidentOutcome
from disputes.models import Case
from disputes.offers import open_items
from disputes.operations.execution import paid_outside
from disputes.operations.moves import move
from disputes.operations.offers import accept_offer, answer
from disputes.subjects import subjects_of_session
from disputes.workflow.states import Role, State
from stations.models import Session
from tests.disputes.conftest import OPENED, line_of, opened
from tests.disputes.incidents import approved, carried_out, of_percent, proposed
from tests.disputes.test_chargebacks import ADA, AT, TODAY, S, ada, clean, moved, taken, written
from tests.disputes.test_lost import M1, M2, books, finance, lost
from tests.disputes.test_offers import investigated, opened_about, terms
from tests.documents.conftest import Operator
from tests.payments.conftest import of, received

__all__ = ["ada", "finance"]
YEAR = Period(date(2018, 1, 1), date(2019, 1, 1))


def offered(case: Case, amount: str | None, agent: User, **more: Any) -> Case:
    answer(case=case, terms=terms(case, amount, **more), role=Role.AGENT, actor=agent, at=AT)
    return Case.objects.get(pk=case.pk)


def notes() -> list[D]:
    found = Document.objects.filter(kind=DocumentKind.CREDIT_NOTE).order_by("pk")
    return list(found.values_list("gross_amount", flat=True))


def put_right(case: Case) -> str:
    case_execution.put_right()
    case.refresh_from_db()
    return case.state


def why_stuck(case: Case) -> str:
    event = case.events.filter(to_state=State.STUCK).order_by("-seq").first()
    return event.reason if event else ""


def test_what_another_case_agreed_about_the_charge_counts_too(ada: Document, agent: User, finance: User) -> None:
    investigated(agent, "M1")
    other = offered(investigated(agent, "M2"), "0.10", agent, given_as="CREDIT")
    made = taken(written(ada))
    accept_offer(case=other, version=1, at=AT)
    assert made.case != other
    with pytest.raises(UserError, match=rf"In case {other.number} it was agreed to take GBP 0\.10 off"):
        lost(made, finance)
    before = books("2000")["2000"]
    lost(made, finance, {"M2": D("0.10")})
    assert (put_right(other), notes()) == ("RESOLVED", [D("0.10")])
    assert books("2000", "2050", "2300", "6020") == {"2000": before, "2050": D(0), "2300": D(0), "6020": D("4.97")}
    assert clean()


def test_a_merged_case_hands_its_chargeback_over(ada: Document, agent: User, finance: User) -> None:
    source = opened("M1", actor=agent)
    made = written(ada)
    into = investigated(agent, "M2")
    assert made.case == source
    move(case=source, target=State.MERGED, role=Role.AGENT, actor=agent, at=OPENED + timedelta(days=1), said=Said(into=into))
    for one in (made, source, into):
        one.refresh_from_db()
    assert (made.case, source.chargeback_due_at) == (into, None)
    assert into.chargeback_due_at == made.due_by - timedelta(hours=48)

    item = next(one for one in open_items(into) if one.line == line_of("M1"))
    into = offered(into, None, agent, amounts={item.item.pk: D("0.50")}, given_as="CREDIT")
    made = taken(made)
    accept_offer(case=into, version=1, at=AT)
    lost(made, finance, {"M1": D("0.50")})
    assert (put_right(into), notes()) == ("RESOLVED", [D("0.50")])
    assert clean()


def test_a_loss_that_is_taken_off_what_is_open_does_what_was_agreed(billed: Operator, agent: User, finance: User) -> None:
    document = of("Ada")
    received(billed, D("3.00"), (document, D("3.00")), method="TERMINAL")
    case = offered(investigated(agent, "M1"), "0.50", agent)
    made = taken(written(document, amount=D("3.00")), D("3.00"))
    accept_offer(case=case, version=1, at=AT)
    lost(made, finance, {"M1": D("0.50")})
    assert (put_right(case), notes(), RefundDue.objects.count()) == ("RESOLVED", [D("0.50")], 0)
    assert clean()


def test_what_is_owed_back_already_is_settled_by_the_loss(ada: Document, agent: User, finance: User) -> None:
    case = offered(investigated(agent, "M1"), "0.50", agent)
    accept_offer(case=case, version=1, at=AT)
    assert put_right(case) == "EXECUTING"
    made = taken(written(ada))
    with pytest.raises(UserError, match="can be credited"):
        lost(made, finance, {"M1": M1, "M2": M2})
    lost(made, finance, {"M1": D("1.00")})
    # 0.50 was owed back and never went out, 1.00 was wrong, the rest of 5.07 is lost.
    assert books("1150", "2050", "2300", "6020") == {"1150": D(0), "2050": D(0), "2300": D(0), "6020": D("3.57")}
    assert ChargebackEnd.objects.get().credited == D("1.50")
    assert put_right(case) == "RESOLVED"
    assert clean()


def test_what_can_still_be_refunded_stays_owed(ada: Document, agent: User, finance: User) -> None:
    case = offered(investigated(agent, "M1"), "0.50", agent)
    accept_offer(case=case, version=1, at=AT)
    put_right(case)
    lost(taken(written(ada, amount=D("1.00")), D("1.00")), finance)
    assert books("2050", "6020") == {"2050": D("-0.50"), "6020": D("1.00")}
    assert not hasattr(RefundDue.objects.get(), "reversal")
    assert put_right(case) == "EXECUTING"
    assert clean()


@pytest.mark.parametrize("given_as", ["REFUND", "CREDIT"])
def test_after_a_loss_no_more_is_given_back_than_was_kept(ada: Document, finance: User, given_as: str) -> None:
    lost(taken(written(ada)), finance, {"M1": D("1.20")})
    given: dict[str, Any] = {"document": ada, "reason": "rest", "returned_to": given_as, "actor": finance, "at": AT}
    before = books("2000", "2050", "6020")
    with pytest.raises(UserError, match=r"GBP 0\.00 is left to give back") as refused:
        correct(key="rest", amounts={line_of("M1").pk: D("0.01")}, **given)
    assert (refused.value.code, books("2000", "2050", "6020")) == ("lost_already", before)


def test_an_incident_leaves_alone_what_is_lost(
    billed: Operator, ada: Document, supervisor: User, staff: Callable[[str], User], finance: User
) -> None:
    lost(taken(written(ada)), finance)
    incident = carried_out(approved(proposed(billed, supervisor, of_percent("25")), staff("Finance")))
    outcomes = IncidentOutcome.objects.filter(line__incident=incident, line__document=ada)
    assert [("back to the cardholder for good" in one.why, one.credit_note) for one in outcomes] == [(True, None)] * 2
    assert not RefundDue.objects.filter(document=ada).exists()
    assert clean()


@pytest.mark.parametrize("given_as", ["REFUND", "CREDIT"])
def test_goodwill_that_waited_for_a_loss_is_stuck_for_finance(ada: Document, agent: User, finance: User, given_as: str) -> None:
    case = offered(investigated(agent, "M1"), "0.50", agent, way="GOODWILL", given_as=given_as)
    made = taken(written(ada))
    accept_offer(case=case, version=1, at=AT)
    before = books("4900", "2000", "2050")
    lost(made, finance, {"M1": M1, "M2": M2})
    assert put_right(case) == "STUCK"
    assert "was lost since this was agreed" in why_stuck(case)
    assert books("4900", "2000", "2050") == before
    case = paid_outside(case=case, reference="CB-1", method="BANK", paid_on=TODAY, actor=finance, at=AT)
    assert case.state == "RESOLVED"
    assert clean()


def test_where_less_was_taken_than_agreed_the_case_does_the_rest(ada: Document, agent: User, finance: User) -> None:
    case = offered(investigated(agent, "M1"), "4.00", agent)
    made = taken(written(ada, amount=D("1.00")), D("1.00"))
    accept_offer(case=case, version=1, at=AT)
    for less in ({}, {"M1": D("0.99")}):
        with pytest.raises(UserError, match=r"agreed to take GBP 4\.00 off"):
            lost(made, finance, less)
    lost(made, finance, {"M1": D("1.00")})
    assert (put_right(case), notes()) == ("EXECUTING", [D("1.00"), D("3.00")])
    assert books("2050", "2300", "6020", "1150") == {"2050": D("-3.00"), "2300": D(0), "6020": D(0), "1150": D(0)}
    assert clean()


def test_what_was_contested_before_it_was_billed_is_held_too(
    month: Operator, agent: User, request: pytest.FixtureRequest
) -> None:
    case = opened_about(subjects_of_session(Session.objects.get(external_id="M1")), agent)
    operator = request.getfixturevalue("billed")
    document = line_of("M1").document
    received(operator, document.gross_amount, (document, document.gross_amount), method="TERMINAL")
    made = taken(written(document, amount=document.gross_amount), document.gross_amount)
    assert (made.case, blocks(case)) == (case, True)
    with pytest.raises(UserError, match="acquirer"):
        answer(case=case, terms=terms(case, "0.50", given_as="CREDIT"), role=Role.AGENT, actor=agent, at=AT)


def test_statistics_count_what_was_lost_once(billed: Operator, ada: Document, agent: User, finance: User) -> None:
    case = offered(investigated(agent, "M1"), "0.50", agent)
    made = taken(written(ada))
    accept_offer(case=case, version=1, at=AT)
    lost(made, finance, {"M1": D("0.50")})
    put_right(case)
    given = statistics(entity=billed.entity, span=YEAR, by="cause").total.figures.given["GBP"]
    assert (given.credited, given.lost, given.total) == (D(0), ADA, ADA)


def test_a_driver_who_was_right_against_the_acquirer_is_upheld(billed: Operator, ada: Document, finance: User) -> None:
    made = lost(taken(written(ada)), finance, {"M1": M1, "M2": M2})
    Case.objects.filter(pk=made.case_id).update(state="CLOSED", turn="nobody", next_clock="", next_due_at=None)
    counts = statistics(entity=billed.entity, span=YEAR, by="cause").total.figures.counts
    assert (counts["decided"], counts["upheld"], counts["whole"]) == (1, 1, 1)


def test_won_after_all_before_it_was_done_is_stuck_for_finance(ada: Document, agent: User, finance: User) -> None:
    case = offered(investigated(agent, "M1"), "0.50", agent)
    made = taken(written(ada))
    accept_offer(case=case, version=1, at=AT)
    made = moved(lost(made, finance, {"M1": D("0.50")}), S.WON)
    assert made.asks_finance
    assert (put_right(case), notes()) == ("STUCK", [D("0.50")])
    assert "still owed it" in why_stuck(case)
    # It lies in clearing until Finance gives it back.
    assert books("2300", "6020") == {"2300": D("-0.50"), "6020": D(0)}
    assert clean()


def test_a_second_chargeback_after_one_came_back_is_credited_like_any(ada: Document, finance: User) -> None:
    moved(lost(taken(written(ada)), finance, {"M1": D("4.00")}), S.WON)
    again = taken(written(ada, reference="CB-2", amount=D("1.07")), D("1.07"))
    lost(again, finance, {"M1": D("0.94"), "M2": M2})
    assert sorted(Correction.objects.values_list("returned_amount", flat=True)) == [D("1.07"), D("4.00")]
    assert books("2300", "6020", "1150") == {"2300": D("-4.00"), "6020": D(0), "1150": D(0)}
    assert clean()


def test_what_was_owed_back_and_went_out_by_a_chargeback_counts_once(ada: Document, agent: User, finance: User) -> None:
    case = offered(investigated(agent, "M1"), "0.50", agent)
    accept_offer(case=case, version=1, at=AT)
    assert put_right(case) == "EXECUTING"
    made = taken(written(ada))
    lost(made, finance)
    figures = statistics(entity=case.entity, span=YEAR, by="cause").total.figures
    # The acquirer took 5.07 of the bill: the half pound that was owed back is part of it.
    assert figures.given["GBP"].total == ADA
    assert figures.given["GBP"].credited == D("0.50")
    assert clean()
