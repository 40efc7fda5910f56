"""The demo in the database: what the product made of it is what was planned, session by session."""

from collections import Counter
from datetime import UTC, date, datetime

import pytest
from django.conf import settings
from django.db.transaction import atomic, set_rollback

from billing.document_models import DocumentLine
from billing.models import Chargeable
from billing.parallel import Kind, Selection, figures
from billing.parallel_causes import differences
from chargebill.analytics import operations as analytics
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity
from chargebill.core.periods import Period
from chargebill.portal.demo.filling import fill
from disputes.models import ContestedItem
from memberships.models import Token
from stations.models import Connector, Location, QuarantinedRow, Session
from stations.silent import silent_connectors
from tests.demo.years import AT, told

State = Chargeable.State


@pytest.fixture(autouse=True)
def media(settings, tmp_path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


def standing(entity: LegalEntity, state: str) -> dict[tuple[str, str], str]:
    rows = Chargeable.objects.filter(session__entity=entity, state=state)
    return {(p, n): r for p, n, r in rows.values_list("session__source__profile", "session__external_id", "reason")}


def test_every_session_of_the_small_demo_stands_where_it_was_meant_to(db: None) -> None:
    counts = fill(sessions=settings.DEMO_SESSIONS, seed=1, at=AT)
    assert counts["documents"] > 8_000
    there = {"sessions": 19_988, "quarantined": 12, "locations": 20, "connectors": 61, "tokens": 1596}
    assert counts == {**there, "documents": counts["documents"], "cases": 14}
    held: Counter[str] = Counter()
    for story, rows in told(settings.DEMO_SESSIONS):
        plan, entity = story.plan, LegalEntity.objects.get(name=story.street.company.name)
        assert standing(entity, State.HELD) == plan.held
        assert set(standing(entity, State.UNPRICED)) == plan.unpriced
        assert set(standing(entity, State.UNPRICED).values()) == {"no_tariff"}
        refused = QuarantinedRow.objects.filter(source__entity=entity).values_list("code", flat=True)
        assert Counter(refused) == plan.refused
        # What nobody doubts is ready, or not billed at all: of the parallel month, or its own vehicles'.
        own = [r for r in rows if r.payer and r.payer.kind == "INTERNAL" and r.start >= story.billing_from and not r.refused]
        dropped = Counter(standing(entity, State.DROPPED).values())
        assert dropped == {"internal": len(own)} | ({"history": len(plan.parallel)} if plan.parallel else {})
        unknown = Token.objects.filter(entity=entity, customer=None, contract_id="").values_list("uid", flat=True)
        assert set(unknown) == plan.unknown
        silent = [one.connector_id for one in silent_connectors(entity=entity, at=AT).connectors]
        assert set(Connector.objects.filter(pk__in=silent).values_list("evse__uid", flat=True)) == plan.silent
        held.update(plan.held.values())
        if plan.parallel:
            check_parallel_month(entity, plan.parallel)
    # As the review queue shows them, both companies together.
    assert held == {
        "D31": 14, "D1a": 10, "D3": 8, "D22": 7, "D7": 6, "D4": 6, "D21": 6, "ZERO": 5, "D9": 5, "D6": 4, "D12": 4, "D5": 3,
        "D20": 2, "D8": 2, "D11": 2,
    }  # fmt: skip
    assert analytics.differing() == 0
    assert list(Location.objects.filter(needs_review=True).values_list("name", flat=True)) == ["Quayside"]


# The cause the page finds, by how the amount was made.
CAUSES = {
    "without tax": "without_tax",
    "no start fee": "no_start_fee",
    "old price": "energy_price",
    "odd": "unexplained",
    "free": "free_theirs",
}


def check_parallel_month(entity: LegalEntity, made: dict[str, str]) -> None:
    """Most amounts of the old system are ours; each of the others differs for the reason it was made with."""
    selection = Selection(entity, Period(date(2025, 11, 1), date(2026, 1, 2)))
    found = figures(selection)
    counts = Counter(made.values())
    sides = (found.equal.sessions, found.rounding.sessions, found.different.sessions)
    assert sides == (counts["equal"], counts["cut off"], sum(counts[why] for why in CAUSES))
    assert [(one.kind, one.sessions) for one in found.not_compared] == [(Kind.NO_REPORTED_AMOUNT, counts["no amount"])]
    numbers = dict(Session.objects.filter(entity=entity).values_list("pk", "external_id"))
    for one in differences(selection, found):
        assert one.cause.code == CAUSES[made[numbers[one.session_id]]]


def test_nobody_complains_about_what_was_taken_back(db: None) -> None:
    """Of a handful of bills one that was credited is soon among those a driver would complain about."""
    for seed in (1, 2, 3):
        with atomic():
            counts = fill(sessions=30, seed=seed, at=datetime(2026, 11, 27, tzinfo=UTC))
            credited = set(DocumentLine.objects.filter(corrects__isnull=False).values_list("corrects_id", flat=True))
            contested = set(ContestedItem.objects.values_list("line_id", flat=True))
            assert counts["cases"] == len(contested) > 5
            assert credited
            assert not credited & contested
            set_rollback(True)


def test_a_demo_of_nothing_has_its_companies_and_no_session(db: None) -> None:
    assert fill(sessions=0, seed=1, at=AT)["sessions"] == 0
    assert [entity.name for entity in LegalEntity.objects.all()] == ["Stadtwerke Nord GmbH", "Tweed Valley Charging Ltd"]


def test_a_database_that_holds_a_company_is_left_alone(db: None) -> None:
    LegalEntity.objects.create(name="Somebody")
    with pytest.raises(UserError) as refused:
        fill(sessions=10, seed=1, at=AT)
    assert refused.value.code == "not_empty"
    assert not Location.objects.exists()
