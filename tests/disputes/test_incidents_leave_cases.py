"""An incident that gave back less than a case claims, or may not end it, only answers it; and nobody gets anything twice."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from billing.credit_models import Correction
from chargebill.analytics.case_statistics import statistics
from chargebill.core.errors import UserError
from chargebill.core.models import User
from disputes.chargebacks import Status
from disputes.facts import Said
from disputes.incident_models import Incident
from disputes.models import Case
from disputes.offers import cases_for_second
from disputes.operations import incident_conceding
from disputes.operations.from_driver import reopen_as_driver
from disputes.operations.moves import move
from disputes.operations.offers import answer, confirm_offer
from disputes.operations.thread import sort_case
from disputes.outcome_models import Offer
from disputes.statistics.facts import Given
from disputes.workflow.states import Role, State
from stations.corrections import Right
from tests.disputes.conftest import OPENED, Operator, line_of, opened
from tests.disputes.incidents import of_percent, planned
from tests.disputes.test_chargebacks import taken, written
from tests.disputes.test_incidents_end_cases import clean, finance, now, put_right, run
from tests.disputes.test_offers import investigated, limit, refused, terms
from tests.disputes.test_statistics_money import YEAR
from tests.payments.conftest import ADA, of, received

D = Decimal

__all__ = ["finance", "run"]


def test_what_is_less_than_claimed_is_only_answered(run: Callable[..., Incident], billed: Operator) -> None:
    case = opened("M1", claimed_amount=D("2.48"))
    assert planned(billed, of_percent("50")).ended == set()
    run("50")
    assert (now(case).state, case.messages.count(), Offer.objects.count()) == ("NEW", 1, 0)
    clean()


@pytest.mark.parametrize("state", ["MEDIATION", "ARBITRATION"])
def test_what_a_neutral_person_has_is_only_answered(run: Callable[..., Incident], billed: Operator, state: str) -> None:
    case = opened("M1", claimed_amount=D("4.94"))
    Case.objects.filter(pk=case.pk).update(state=state)
    assert planned(billed).ended == set()
    run()
    assert (now(case).state, case.messages.count(), Offer.objects.count()) == (state, 1, 0)


def test_while_an_acquirer_holds_the_money_it_is_only_answered(run: Callable[..., Incident], billed: Operator) -> None:
    received(billed, ADA, (of("Ada"), ADA), method="TERMINAL")
    case = opened("M1", claimed_amount=D("4.94"))
    letter = taken(written(of("Ada")))
    assert letter.status == Status.NEEDS_RESPONSE
    assert planned(billed).ended == set()
    run()
    assert (now(case).state, case.messages.count(), Offer.objects.count()) == ("NEW", 1, 0)
    clean()


def test_what_is_refused_leaves_the_letter_and_nothing_else(
    run: Callable[..., Incident], monkeypatch: pytest.MonkeyPatch
) -> None:
    case, other = opened("M1", claimed_amount=None), opened("A1")

    def refuses(offer: Offer, *rest: Any, **more: Any) -> None:
        if offer.case_id == case.pk:
            raise UserError("held", "Somebody has it. Nothing was changed.")

    monkeypatch.setattr(incident_conceding, "record_answer", refuses)
    assert run().state == "done"
    found = now(case)
    assert (found.state, found.claimed_amount, found.offers.count(), found.messages.count()) == ("NEW", None, 0, 1)
    assert "sorted" not in set(found.events.values_list("kind", flat=True))
    assert now(other).state == "AGREED"
    clean()


def test_whoever_complains_again_gets_nothing_twice(
    run: Callable[..., Incident], billed: Operator, agent: User, supervisor: User
) -> None:
    case = opened("M1", claimed_amount=D("4.94"))
    run("100")
    later = timezone.now() + timedelta(hours=2)
    assert put_right(case).state == "RESOLVED"
    reopen_as_driver(case=now(case), new_facts="It was more.", at=later)
    case = now(case)
    assert case.state == "INVESTIGATING"
    with refused("nothing_left"):
        answer(case=case, terms=terms(case, kind="CONCESSION"), role=Role.SUPERVISOR, actor=supervisor, at=later)
    with refused("amount"):
        answer(case=case, terms=terms(case, "0.01"), role=Role.SUPERVISOR, actor=supervisor, at=later)
    assert planned(billed).lines == []
    assert line_of("M1").credits.count() == 1
    clean()


def test_a_reopened_case_is_only_answered_and_upheld_by_what_it_got(
    run: Callable[..., Incident], billed: Operator, agent: User
) -> None:
    case = opened("M1", claimed_amount=D("2.00"))
    run("50")
    assert put_right(case).state == "RESOLVED"
    later = timezone.now() + timedelta(hours=2)
    reopen_as_driver(case=now(case), new_facts="It was more.", at=later)
    sort_case(case=now(case), cause="ENERGY", claimed_amount=D("3.00"), role=Role.AGENT, actor=agent, at=later)
    assert planned(billed, of_percent("60")).ended == set()
    run("60")
    assert (now(case).state, case.messages.filter(body__contains="we take back").count()) == ("INVESTIGATING", 2)
    Case.objects.filter(pk=case.pk).update(state="CLOSED")
    figures = statistics(entity=billed.entity, span=YEAR, by="cause").total.figures
    # 2.47 and 0.49 of 3.00: the 2.00 that were conceded are of the first, and no third money.
    assert (figures.given, figures.counts["part"]) == ({"GBP": Given(incident=D("2.96"))}, 1)


def test_where_the_record_is_put_right_as_well_a_person_goes_on(run: Callable[..., Incident], agent: User) -> None:
    case = investigated(agent, "M1", claimed_amount=D("4.94"))
    limit(case, "1.00")
    session = line_of("M1").session
    records = {session.pk: Right(energy_kwh=D("6.0000"), ended_at=None)}
    answer(case=case, terms=terms(case, "2.00", records=records), role=Role.AGENT, actor=agent, at=OPENED)
    run()
    assert (now(case).state, case.offers.count(), list(cases_for_second())) == ("INVESTIGATING", 1, [case])


@pytest.mark.parametrize(("first", "second", "both"), [("4.94", "0.13", "5.07"), (None, "0.13", None), ("4.94", None, None)])
def test_a_merged_case_claims_what_both_did(billed: Operator, first: str | None, second: str | None, both: str | None) -> None:
    case, into = (
        opened(number, claimed_amount=D(amount) if amount else None) for number, amount in (("M1", first), ("M2", second))
    )
    move(case=case, target=State.MERGED, role=Role.AGENT, actor=None, at=OPENED, said=Said(into=into))
    assert now(into).claimed_amount == (D(both) if both else None)


def test_a_merged_case_does_not_end_on_half_of_its_claim(run: Callable[..., Incident], billed: Operator) -> None:
    case, into = opened("M1", claimed_amount=D("4.94")), opened("M2", claimed_amount=D("0.13"))
    move(case=case, target=State.MERGED, role=Role.AGENT, actor=None, at=OPENED, said=Said(into=into))
    run("10")
    assert (now(into).state, now(into).messages.count()) == ("NEW", 1)


def test_what_was_claimed_and_given_is_not_conceded_again(
    run: Callable[..., Incident], billed: Operator, supervisor: User
) -> None:
    case = opened("M1", claimed_amount=D("2.00"))
    run("50")
    later = timezone.now() + timedelta(hours=2)
    assert put_right(case).state == "RESOLVED"
    reopen_as_driver(case=now(case), new_facts="It was more.", at=later)
    assert (now(case).claimed_amount, now(case).events.filter(kind="sorted").last().data) == (
        None, {"claimed_amount": ["2.00", ""]},
    )  # fmt: skip
    with refused("is_full"):
        answer(case=now(case), terms=terms(case, "2.00", kind="CONCESSION"), role=Role.SUPERVISOR, actor=supervisor, at=later)
    clean()


def test_a_concession_that_waits_counts_no_more_once_an_incident_took_something_off(
    run: Callable[..., Incident], billed: Operator, agent: User, supervisor: User, finance: User
) -> None:
    case = investigated(agent, "M1", claimed_amount=D("3.00"))
    limit(case, "1.00")
    given = terms(case, "3.00", kind="CONCESSION")
    offer = answer(case=case, terms=given, role=Role.SUPERVISOR, actor=supervisor, at=timezone.now())
    run("50")
    assert now(case).state == "INVESTIGATING"
    with refused("offer_outdated"):
        confirm_offer(offer=offer, accepted=True, actor=finance, at=timezone.now())
    confirm_offer(offer=offer, accepted=False, actor=finance, at=timezone.now())
    assert Correction.objects.filter(document=line_of("M1").document).count() == 1
    clean()


@pytest.mark.parametrize(
    ("cause", "percent", "state"), [("NOT_ME", "50", "NEW"), ("NOT_ME", "100", "AGREED"), ("ENERGY", "50", "AGREED")]
)
def test_a_charge_that_is_not_theirs_is_not_settled_by_a_part(
    run: Callable[..., Incident], billed: Operator, cause: str, percent: str, state: str
) -> None:
    case = opened("M1", cause=cause, claimed_amount=D("2.00"))
    run(percent)
    assert now(case).state == state
