"""What people decide about held sessions: prices, places, counts, history, and what a decision holds for."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from billing.checks import Part, Way
from billing.models import Cdr, Chargeable
from billing.queries import explain
from billing.review_models import CheckSettings, DecidedSession, DecisionConfirmation, HeldDecision
from chargebill import pipeline
from chargebill.analytics import queries as analytics
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent, LegalEntity, User
from chargebill.core.roles import BILLING_CLERK, FINANCE
from stations.models import MeterValue, Session
from tests.gate.conftest import AT, own, pk, places, price_anew
from tests.pipeline.test_standing import SEPTEMBER

READY = ("READY", "")
Decide = Callable[..., HeldDecision]


@pytest.fixture
def decide(priced_entity: LegalEntity) -> Decide:
    def run(
        way: Way, *numbers: str, part: Part | None = None, reason: str = "Asked the driver", actor: Any = None
    ) -> HeldDecision:
        ids = [pk(number) for number in numbers]
        return pipeline.decide(entity=priced_entity, session_ids=ids, way=way, part=part, reason=reason, actor=actor, at=AT)

    return run


def gross(number: str) -> Decimal:
    return Chargeable.objects.get(session__external_id=number).cdr.gross_amount


def revenue(entity: LegalEntity) -> Decimal:
    return analytics.overview(entity=entity, period=SEPTEMBER).totals.gross


def test_a_released_session_is_billed_and_stays_released(priced_entity: LegalEntity, bring: Any, decide: Decide) -> None:
    bring(own("wrong", end="10:03", energy_kwh="36.9"))
    assert revenue(priced_entity) == 0
    decision = decide(Way.RELEASE, "wrong")
    assert places() == {"wrong": READY}
    assert revenue(priced_entity) == Decimal("14.79")
    assert (decision.count, decision.amounts, decision.held_for) == (1, {"GBP": "14.79"}, "D7")
    assert DecidedSession.objects.get().doubts == ["D7.1"]
    event = AuditEvent.objects.get(action="held.decide")
    assert (event.reason, event.changes["held_for"]) == ("Asked the driver", "D7")
    price_anew(priced_entity)
    assert places() == {"wrong": READY}
    assert Cdr.objects.count() == 1


def test_a_new_revision_or_another_failing_check_holds_it_again(priced_entity: LegalEntity, bring: Any, decide: Decide) -> None:
    bring(own("wrong", end="10:03", energy_kwh="36.9"))
    decide(Way.RELEASE, "wrong")
    bring(own("beside", start="10:01", end="10:40"), name="second.csv")
    assert places() == {"wrong": ("HELD", "D3"), "beside": ("HELD", "D3")}
    decide(Way.RELEASE, "wrong", "beside")
    assert places() == {"wrong": READY, "beside": READY}
    bring(own("wrong", end="10:03", energy_kwh="37.9"), name="third.csv")
    assert places()["wrong"] == ("HELD", "D7")


def test_the_other_reading_is_priced_and_the_facts_stay(priced_entity: LegalEntity, bring: Any, decide: Decide) -> None:
    bring(own("wrong", energy_kwh="110", meter_start_kwh="100", meter_stop_kwh="112.5"))
    assert places() == {"wrong": ("HELD", "D7")}
    decide(Way.READING, "wrong")
    assert places() == {"wrong": READY}
    # 12.5 * 0.40 + 60 * 0.01 = 5.60
    assert gross("wrong") == Decimal("5.60")
    assert Session.objects.get().energy_kwh == Decimal(110)
    told = explain(Session.objects.get())
    assert told.agrees
    assert "12.5 kWh are billed by another reading, because a person decided so." in told.why


def test_readings_serve_as_the_other_reading(priced_entity: LegalEntity, bring: Any, import_rows: Any, decide: Decide) -> None:
    bring(own("wrong", energy_kwh="110"))
    values = [f"wrong,2018-09-06T10:{m:02}:00+01:00,E,{k},kWh" for m, k in ((0, 50), (20, 54), (40, 58))]
    import_rows(
        *values, "wrong,2018-09-06T11:00:00+01:00,E,62,kWh", header="session_id,timestamp,register,value,unit", name="meter.csv"
    )
    assert MeterValue.objects.count() == 4
    decide(Way.READING, "wrong")
    # 12 * 0.40 + 0.60
    assert (places()["wrong"], gross("wrong")) == (READY, Decimal("5.40"))


def test_a_waived_part_costs_nothing(priced_entity: LegalEntity, bring: Any, decide: Decide) -> None:
    bring(own("wrong", end="10:03", energy_kwh="36.9"))
    decide(Way.WAIVE, "wrong", part=Part.ENERGY)
    assert (places(), gross("wrong")) == ({"wrong": READY}, Decimal("0.03"))
    told = explain(Session.objects.get())
    assert told.agrees
    assert "A person decided that nothing is charged for energy." in told.why
    assert [cdr.version for cdr in Session.objects.get().cdrs.order_by("version")] == [1, 2]


def test_a_dropped_session_is_never_billed_and_frees_the_one_it_overlapped(
    priced_entity: LegalEntity, bring: Any, decide: Decide
) -> None:
    bring(own("a"), own("b", start="10:30", end="11:30"))
    decide(Way.DROP, "b")
    assert places() == {"a": READY, "b": ("DROPPED", "decided")}
    assert revenue(priced_entity) == Decimal("4.60")
    price_anew(priced_entity)
    assert places() == {"a": READY, "b": ("DROPPED", "decided")}


def test_without_a_price_it_can_be_dropped_and_not_released(entity: LegalEntity, bring: Any) -> None:
    bring(own("a"))
    assert places() == {"a": ("UNPRICED", "no_tariff")}
    with pytest.raises(UserError, match="can't be done for any"):
        pipeline.decide(entity=entity, session_ids=[pk("a")], way=Way.RELEASE, reason="x", actor=None, at=AT)
    pipeline.decide(entity=entity, session_ids=[pk("a")], way=Way.DROP, reason="Test charge", actor=None, at=AT)
    assert places() == {"a": ("DROPPED", "decided")}


@pytest.mark.parametrize(
    ("way", "part", "reason", "code"),
    [
        (Way.RELEASE, None, "  ", "reason_missing"),
        (Way.RELEASE, None, "x" * 301, "reason_too_long"),
        (Way.WAIVE, None, "x", "part_missing"),
        (Way.WAIVE, Part.FLAT, "x", "way_closed"),
        (Way.READING, None, "x", "way_closed"),
    ],
)
def test_what_is_refused_changes_nothing(bring: Any, decide: Decide, way: Way, part: Part | None, reason: str, code: str) -> None:
    bring(own("wrong", end="10:03", energy_kwh="36.9"))
    with pytest.raises(UserError) as refused:
        decide(way, "wrong", part=part, reason=reason)
    assert refused.value.code == code
    assert "Nothing was changed" in refused.value.message
    assert places() == {"wrong": ("HELD", "D7")}
    assert not HeldDecision.objects.exists()
    assert not AuditEvent.objects.filter(action__startswith="held.").exists()


def test_a_second_decision_about_the_same_finds_nothing_left(bring: Any, decide: Decide) -> None:
    bring(own("wrong", end="10:03", energy_kwh="36.9"))
    decide(Way.RELEASE, "wrong")
    with pytest.raises(UserError, match="has decided about these sessions already"):
        decide(Way.DROP, "wrong")
    assert places() == {"wrong": READY}


def test_above_the_limit_a_second_person_confirms(
    priced_entity: LegalEntity, bring: Any, decide: Decide, staff: Callable[[str], User]
) -> None:
    clerk, finance = staff(BILLING_CLERK), staff(FINANCE)
    CheckSettings.objects.create(entity=priced_entity, four_eyes_above=Decimal("14.78"))
    bring(own("wrong", end="10:03", energy_kwh="36.9"))
    decision = decide(Way.RELEASE, "wrong", actor=clerk)
    assert decision.needs_second
    assert places() == {"wrong": ("HELD", "D7")}
    with pytest.raises(UserError, match="already"):
        decide(Way.DROP, "wrong", actor=finance)
    with pytest.raises(UserError, match="You decided this yourself"):
        pipeline.confirm(decision=decision, accepted=True, actor=clerk, at=AT)
    with pytest.raises(IntegrityError, match="a second person confirms"), transaction.atomic():
        DecisionConfirmation.objects.create(decision=decision, accepted=True, by=clerk, at=AT)
    price_anew(priced_entity)
    assert places() == {"wrong": ("HELD", "D7")}
    pipeline.confirm(decision=decision, accepted=True, actor=finance, at=AT)
    assert places() == {"wrong": READY}
    with pytest.raises(UserError, match="already"):
        pipeline.confirm(decision=decision, accepted=False, actor=finance, at=AT)
    assert AuditEvent.objects.filter(action="held.confirm").count() == 1


def test_exactly_the_limit_takes_one_person_and_a_refusal_lets_others_decide(
    priced_entity: LegalEntity, bring: Any, decide: Decide, staff: Callable[[str], User]
) -> None:
    limit = CheckSettings.objects.create(entity=priced_entity, four_eyes_above=Decimal("1.00"))
    bring(own("wrong", end="10:03", energy_kwh="36.9"))
    decision = decide(Way.DROP, "wrong", actor=staff(BILLING_CLERK))
    pipeline.confirm(decision=decision, accepted=False, actor=staff(FINANCE), at=AT)
    assert places() == {"wrong": ("HELD", "D7")}
    limit.four_eyes_above = Decimal("14.79")
    limit.save()
    assert not decide(Way.RELEASE, "wrong").needs_second
    assert places() == {"wrong": READY}


def test_decisions_never_change(bring: Any, decide: Decide) -> None:
    bring(own("wrong", end="10:03", energy_kwh="36.9"))
    decision = decide(Way.RELEASE, "wrong")
    with pytest.raises(DatabaseError, match="never change"), transaction.atomic():
        HeldDecision.objects.filter(pk=decision.pk).update(reason="other")
    with pytest.raises(DatabaseError, match="never"), transaction.atomic():
        DecidedSession.objects.all().delete()
