"""What is on record about a contested session is put right with the money: once, kept with what it was, counted, never billed."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from billing.document_models import BilledDifference
from billing.models import Cdr, Chargeable, DifferenceDecision
from chargebill import case_execution, pipeline
from chargebill.analytics.operations import differing
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent, User
from chargebill.portal.disputes.records import _moment
from disputes.facts import Said
from disputes.models import Case
from disputes.operations.execution import LEFT_AS_IT_IS, NOT_DONE, paid_outside
from disputes.operations.moves import move
from disputes.operations.offers import accept_offer, answer, confirm_offer
from disputes.outcome_models import ExecutionStep, Offer, OfferRecord
from disputes.subjects import subjects_of_session
from disputes.workflow.states import Role, State
from stations.corrections import Right
from stations.models import Session, SessionCorrection, SessionRevision
from tests.at_once import AtOnce
from tests.disputes.conftest import Operator, everything, line_of
from tests.disputes.test_execution import clean, paid, put_right, steps
from tests.disputes.test_offers import LATER, investigated, limit, opened_about, refused, terms
from tests.disputes.test_outcome_page import ADDRESS, amounts, post, said
from tests.documents.conftest import session as row


def a1() -> Session:
    return Session.objects.get(external_id="A1")


def prepared(agent: User, amount: str | None = "0.50", **right: Any) -> tuple[Case, Offer]:
    """A case of A1 (10 kWh, 4.00) with an offer that puts its record right, before anybody agreed to it."""
    case = investigated(agent)
    given = terms(case, amount, records={a1().pk: Right(**right)})
    return case, answer(case=case, terms=given, role=Role.AGENT, actor=agent, at=LATER)


def agreed(agent: User, amount: str = "0.50", **right: Any) -> Case:
    case, offer = prepared(agent, amount, **right)
    return both_agree(case, offer)


def both_agree(case: Case, offer: Offer) -> Case:
    second = User.objects.create_superuser(f"second-{offer.pk}")
    confirm_offer(offer=offer, accepted=True, actor=second, at=LATER)
    return accept_offer(case=Case.objects.get(pk=case.pk), version=offer.version, at=LATER)


def test_the_record_is_put_right_with_the_bill(billed: Operator, agent: User) -> None:
    case = put_right(agreed(agent, energy_kwh=Decimal("8.75")))

    session, kept, correction = a1(), SessionRevision.objects.get(), SessionCorrection.objects.get()
    assert (case.state, steps()) == ("RESOLVED", [("CREDIT", "DONE"), ("RECORD", "DONE"), ("RETURN", "DONE")])
    assert "Our record of the charge is put right, too." in case.messages.order_by("pk").last().body
    assert (session.energy_kwh, session.revision) == (Decimal("8.75"), 2)
    assert (kept.revision, Decimal(kept.facts["energy_kwh"])) == (1, Decimal(10))
    assert (correction.revision, correction.made_by, correction.reason) == (2, agent, f"Case {case.number}: meter")
    event = AuditEvent.objects.get(action="session.correct")
    assert event.changes == {"energy_kwh": ["10.0000", "8.7500"]}
    # What was billed stays, and nobody has to decide once more about what was agreed.
    assert Chargeable.objects.get(pk=session.pk).cdr == Cdr.objects.get(session=session)
    assert not BilledDifference.objects.exists()
    assert DifferenceDecision.objects.get().way == "LEAVE"
    assert differing() == 0
    clean()


def test_it_is_done_once_and_a_file_that_says_the_same_again_changes_nothing(billed: Operator, agent: User) -> None:
    case = put_right(put_right(agreed(agent, energy_kwh=Decimal("8.75"))))
    billed.bring(row("A1"))

    assert (a1().energy_kwh, a1().revision, SessionCorrection.objects.count()) == (Decimal("8.75"), 2, 1)
    billed.bring(row("A1", energy_kwh="9"))
    assert (a1().energy_kwh, a1().revision, case.state) == (Decimal(9), 3, "RESOLVED")
    # The source says something nobody agreed about: that waits for a person.
    assert BilledDifference.objects.get().session == a1()
    assert differing() == 0


def test_what_depends_on_the_end_follows_it(operator: Operator, agent: User) -> None:
    operator.bring(row("A1", day="2018-09-06", start="23:30", end="23:50", energy_kwh="10"))
    operator.issue()
    agreed(agent, ended_at=datetime(2018, 9, 6, 23, 10, tzinfo=UTC))
    put_right(Case.objects.get())

    session = a1()
    # Ten past midnight in London, in summer.
    assert (session.local_end_date, session.duration_s) == (date(2018, 9, 7), 2400)
    assert (session.ended_at, session.started_at) == (
        datetime(2018, 9, 6, 23, 10, tzinfo=UTC),
        datetime(2018, 9, 6, 22, 30, tzinfo=UTC),
    )
    assert differing() == 0
    clean()


def test_what_its_source_says_since_counts_and_nothing_is_stuck(billed: Operator, agent: User) -> None:
    case = agreed(agent, energy_kwh=Decimal("8.75"))
    billed.bring(row("A1", energy_kwh="9"))
    case = put_right(case)

    step = ExecutionStep.objects.get(kind="RECORD")
    assert (case.state, step.state, step.problem) == ("RESOLVED", "DONE", LEFT_AS_IT_IS)
    assert "record" not in case.messages.order_by("pk").last().body
    assert (a1().energy_kwh, SessionCorrection.objects.exists()) == (Decimal(9), False)
    assert differing() == 0


def test_a_difference_that_waited_before_still_waits(billed: Operator, agent: User) -> None:
    billed.bring(row("A1", energy_kwh="9"))
    put_right(agreed(agent, energy_kwh=Decimal("8.75")))

    assert BilledDifference.objects.get().gross_amount == Decimal("3.50")
    assert not DifferenceDecision.objects.exists()


def test_a_bill_taken_back_whole_counts_nothing_and_its_record_is_right(billed: Operator, agent: User) -> None:
    paid(billed)
    case = put_right(agreed(agent, "4.00", energy_kwh=Decimal("8.75")))

    assert (case.state, steps()) == ("EXECUTING", [("CREDIT", "DONE"), ("RECORD", "DONE"), ("RETURN", "WAITING")])
    assert Chargeable.objects.get(pk=a1().pk).state == "CREDITED"
    assert not BilledDifference.objects.exists()
    assert differing() == 0
    clean()


def test_what_is_on_no_document_is_put_right_by_a_file(month: Operator, agent: User, client: Client) -> None:
    session = Session.objects.get(external_id="M1")
    case = opened_about(subjects_of_session(session), agent)
    given = terms(case, "1.00", way="GOODWILL", records={session.pk: Right(energy_kwh=Decimal(300))})
    with refused("record_unbilled"):
        answer(case=case, terms=given, role=Role.AGENT, actor=agent, at=LATER)
    client.force_login(agent)
    assert "Put the record right" not in said(client.get(ADDRESS.format(case.pk)))


def test_what_an_earlier_agreement_left_undone_is_not_done_later(
    billed: Operator, agent: User, supervisor: User, staff: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid(billed)
    case = agreed(agent, energy_kwh=Decimal(1))
    with monkeypatch.context() as broken:
        broken.setattr(pipeline, "correct", lambda **_: (_ for _ in ()).throw(UserError("lost_already", "It was lost.")))
        case = put_right(case)
    assert case.state == "STUCK"
    paid_outside(
        case=case, reference="CB-1", method="BANK", paid_on=LATER.date(), actor=staff("Finance"), at=LATER
    )  # fmt: skip
    first = ExecutionStep.objects.get(kind="RECORD")
    assert (first.state, first.problem, a1().energy_kwh) == ("FAILED", NOT_DONE, 10)

    new = Said(text="The log.")
    case = move(case=Case.objects.get(), target=State.INVESTIGATING, role=Role.SUPERVISOR, actor=supervisor, at=LATER, said=new)
    given = terms(case, "0.25", records={a1().pk: Right(energy_kwh=Decimal(9))})
    put_right(both_agree(case, answer(case=case, terms=given, role=Role.AGENT, actor=agent, at=LATER)))
    assert (a1().energy_kwh, a1().revision) == (9, 2)


def test_the_same_key_is_one_correction(billed: Operator, agent: User) -> None:
    for kwh in (8, 7):
        made = pipeline.correct_record(
            session=a1(), revision=1, right=Right(energy_kwh=Decimal(kwh)), key="k", reason="r", actor=agent, at=LATER
        )
        assert made == SessionCorrection.objects.get()
    assert a1().energy_kwh == 8


@pytest.mark.parametrize(
    ("right", "code"),
    [
        ({"energy_kwh": Decimal(-1)}, "record_energy"),
        ({"energy_kwh": Decimal("1.00001")}, "record_energy"),
        ({"energy_kwh": Decimal("NaN")}, "record_energy"),
        ({"energy_kwh": Decimal("1e10")}, "record_energy"),
        ({"energy_kwh": Decimal(10)}, "record_same"),
        ({"ended_at": datetime(2018, 9, 6, 9, tzinfo=UTC)}, "record_end"),
        ({"ended_at": datetime(2018, 9, 6, 10, tzinfo=UTC)}, "record_same"),
        ({"ended_at": LATER + timedelta(seconds=1)}, "record_end"),
        ({"ended_at": datetime(9999, 12, 31, tzinfo=UTC)}, "record_end"),
    ],
)
def test_a_record_that_can_not_be_is_refused(billed: Operator, agent: User, right: Any, code: str) -> None:
    case = investigated(agent)
    before = everything()
    with refused(code):
        answer(case=case, terms=terms(case, "0.50", records={a1().pk: Right(**right)}), role=Role.AGENT, actor=agent, at=LATER)
    assert everything() == before
    assert not OfferRecord.objects.exists()


def test_a_record_of_another_session_or_without_money_is_refused(billed: Operator, agent: User) -> None:
    case = investigated(agent)
    right, other = Right(energy_kwh=Decimal(8)), Session.objects.get(external_id="M1")
    for code, given in (
        ("record", terms(case, "0.50", records={other.pk: right})),
        ("record_alone", terms(case, None, records={a1().pk: right})),
    ):
        with refused(code):
            answer(case=case, terms=given, role=Role.AGENT, actor=agent, at=LATER)
    assert not Offer.objects.exists()


def test_charging_is_not_longer_than_the_session(billed: Operator, agent: User) -> None:
    Session.objects.filter(pk=a1().pk).update(charging_s=1800)
    with refused("record_end"):
        prepared(agent, ended_at=datetime(2018, 9, 6, 9, 29, tzinfo=UTC))


def test_a_second_person_always_agrees_and_none_of_it_changes(
    billed: Operator, agent: User, supervisor: User, client: Client
) -> None:
    case, first = prepared(agent, "0.01", energy_kwh=Decimal("8.75"))
    assert (Case.objects.get(pk=case.pk).state, first.needs_second) == ("INVESTIGATING", True)
    client.force_login(supervisor)
    assert "Session A1: 10.000 kWh becomes 8.750 kWh" in said(client.get(ADDRESS.format(case.pk)))
    confirm_offer(offer=first, accepted=False, actor=supervisor, at=LATER)
    assert not answer(case=case, terms=terms(case, "0.01"), role=Role.AGENT, actor=agent, at=LATER).needs_second
    assert Offer.objects.get(version=2).sha256 != first.sha256
    for change in (lambda: OfferRecord.objects.update(energy_kwh=1), lambda: OfferRecord.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert a1().energy_kwh == 10


def test_nobody_agrees_to_what_changed_meanwhile(billed: Operator, agent: User, supervisor: User) -> None:
    _, offer = prepared(agent, energy_kwh=Decimal("8.75"))
    billed.bring(row("A1", energy_kwh="9"))
    with refused("record_changed"):
        confirm_offer(offer=offer, accepted=True, actor=supervisor, at=LATER)
    confirm_offer(offer=offer, accepted=False, actor=supervisor, at=LATER)
    assert a1().energy_kwh == 9


def test_above_the_limit_it_is_settled_with_what_two_people_agreed(billed: Operator, agent: User) -> None:
    limit(line_of("A1"), "0.40")
    put_right(agreed(agent, "0.01", energy_kwh=Decimal(0)))
    assert (DifferenceDecision.objects.get().needs_second, BilledDifference.objects.exists()) == (False, False)


def test_reasons_of_cases_are_read_by_those_who_see_cases(billed: Operator, agent: User, client: Client, staff: Any) -> None:
    case = put_right(agreed(agent, energy_kwh=Decimal("8.75")))
    for role, reads in (("Auditor", True), ("Analyst", False)):
        client.force_login(staff(role))
        page = said(client.get(f"/stations/session/{a1().pk}/change/"))
        assert "put right by" in page
        assert (f"Case {case.number}: meter" in page) is reads


def test_an_end_in_the_hour_that_comes_twice(operator: Operator, agent: User, client: Client) -> None:
    operator.bring("T1,Hub,ET1,1,2018-10-28T00:30:00+00:00,2018-10-28T03:00:00+00:00,Europe/London,10,,,,,,")
    case = Case(entity=operator.entity)
    began, zone = Session.objects.get().started_at, ZoneInfo("Europe/London")
    assert case.entity.time_zone == zone.key
    # It began at 01:30, the first time: 01:20 is the second one, 01:50 the first.
    assert _moment("2018-10-28T01:20", zone, "T1", began) == datetime(2018, 10, 28, 1, 20, tzinfo=UTC)
    assert _moment("2018-10-28T01:50", zone, "T1", began) == datetime(2018, 10, 28, 0, 50, tzinfo=UTC)


def test_the_record_in_the_form(billed: Operator, agent: User, client: Client) -> None:
    client.force_login(agent)
    case = investigated(agent)
    number = a1().pk
    assert "Put the record right, too" in said(client.get(ADDRESS.format(case.pk)))
    given = {"letter": "We give AMOUNT GBP.", "reason": "meter", **amounts(case, "0.50")}
    for field, wrong, problem in (
        ("kwh", "lots", "is no energy"),
        ("kwh", "1,234", "is no energy"),
        ("kwh", "1_0", "is no energy"),
        ("kwh", "10", "The record says so already"),
        ("end", "noon", "say when it ended"),
        ("end", "2018-09-06", "say when it ended"),
        ("end", "2018-09-06T10:30+05:00", "say when it ended"),
        ("end", "9999-12-31T23:59", "say when it ended"),
        ("end", "2099-09-05T12:00", "ended in the future"),
        ("end", "2018-09-05T12:00", "ended before it began"),
    ):
        page = said(post(client, case, "offer", **given, **{f"{field}-{number}": wrong}))
        assert problem in page
        assert f'value="{wrong}"' in page
    page = said(post(client, case, "offer", **given, **{f"kwh-{number}": "8.75", f"end-{number}": "2018-09-06T10:30"}))
    assert "Session A1: 10.000 kWh becomes 8.750 kWh, ended" in page
    assert OfferRecord.objects.get().ended_at == datetime(2018, 9, 6, 9, 30, tzinfo=UTC)

    put_right(both_agree(case, Offer.objects.get()))
    assert "Record put right" in said(client.get(ADDRESS.format(case.pk)))
    page = said(client.get(f"/stations/session/{number}/change/"))
    assert f"put right by {agent}" in page
    assert f"Case {case.number}: meter" in page


def test_conceding_puts_the_record_right_too(billed: Operator, agent: User, supervisor: User, client: Client) -> None:
    client.force_login(agent)
    case = investigated(agent, claimed_amount=Decimal("0.50"))
    given = {"letter": "You are right.", "reason": "meter", **amounts(case, "0.50"), f"kwh-{a1().pk}": "8.75"}
    assert "It waits for a second person." in said(post(client, case, "concede", **given))
    confirm_offer(offer=Offer.objects.get(), accepted=True, actor=supervisor, at=LATER)
    put_right(case)
    assert a1().energy_kwh == Decimal("8.75")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_file_that_comes_meanwhile_is_wholly_before_or_after(
    at_once: AtOnce, billed: Operator, agent: User, full_size: bool
) -> None:
    for number in range(1, (100 if full_size else 4) + 1):
        case = investigated(agent)
        kwh = Decimal(number) / 1000
        records = {a1().pk: Right(energy_kwh=kwh)}
        both_agree(case, answer(case=case, terms=terms(case, "0.01", records=records), role=Role.AGENT, actor=agent, at=LATER))
        before = a1().revision
        at_once(
            lambda: case_execution.execute(case=case, at=LATER),  # noqa: B023
            lambda: case_execution.execute(case=case, at=LATER),  # noqa: B023
            lambda: billed.bring(row("A1", energy_kwh=str(20 + number))),  # noqa: B023
        )
        case = put_right(case)

        assert case.state == "RESOLVED"
        corrected = SessionCorrection.objects.filter(reason__startswith=f"Case {case.number}:").count()
        # The file counts in the end: it came last, or the record was left to it.
        assert (a1().energy_kwh, a1().revision) == (20 + number, before + 1 + corrected)
        assert list(SessionRevision.objects.order_by("revision").values_list("revision", flat=True)) == list(
            range(1, a1().revision)
        )
        assert ExecutionStep.objects.get(kind="RECORD", offer__case=case).problem == ("" if corrected else LEFT_AS_IT_IS)
    assert differing() == 0
    clean()
