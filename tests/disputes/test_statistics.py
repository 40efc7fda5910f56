"""Statistics of cases against a computation of their own: case by case from events and documents, compared cell by cell."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D
from fractions import Fraction
from math import ceil
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.book_checks import check_books
from billing.credit_models import Correction
from billing.goodwill_models import GoodwillGrant
from billing.models import Refund
from chargebill.analytics.case_statistics import Row, cases_behind, statistics
from chargebill.core.models import LegalEntity, User
from chargebill.core.periods import Period
from disputes.clocks import check_all
from disputes.models import Case, CaseEvent
from disputes.operations.moves import move
from disputes.outcome_models import Offer
from disputes.statistics.figures import COUNTED
from disputes.statistics_queries import DIMENSIONS
from disputes.workflow.states import Role, State
from stations.models import Session
from tests.disputes.conftest import opened
from tests.disputes.histories import lived, network
from tests.documents.conftest import Operator, session
from tests.payments.conftest import balance

LONDON = ZoneInfo("Europe/London")
SPANS = {
    "quarter": Period(date(2018, 10, 1), date(2019, 1, 1)),
    "next quarter": Period(date(2019, 1, 1), date(2019, 4, 1)),
    "some days": Period(date(2018, 10, 20), date(2018, 11, 12)),
    "year": Period(date(2018, 1, 1), date(2019, 1, 1)),
}
ENDED = ("RESOLVED", "CLOSED", "WITHDRAWN", "INADMISSIBLE", "MERGED")


def business_minutes(start: datetime, end: datetime) -> int:
    """Minutes of Monday to Friday, nine to five in London, walked one by one."""
    found, at = 0, start
    while at < end:
        wall = at.astimezone(LONDON)
        found += wall.weekday() < 5 and 9 <= wall.hour < 17
        at += timedelta(minutes=1)
    return found


def told(case: Case) -> dict[str, Any]:
    """One case by its events, one after another, and by the documents that name it."""
    opened_at = begins = case.opened_at
    replied = reply_start = ended = None
    first_late = final_late = False
    state = ""
    for event in CaseEvent.objects.filter(case=case).order_by("seq"):
        if event.kind == "took_over":
            begins = min(begins, datetime.fromisoformat(event.data["since"]))
        if event.kind == "replied" and replied is None:
            replied, reply_start = event.at, begins
        if event.kind == "escalated" and event.data["percent"] == 100:
            first_late |= event.data["clock"] == "first_reply"
            final_late |= event.data["clock"] == "final_position"
        if event.kind == "moved":
            if event.to_state in ENDED and state not in ENDED:
                ended = event.at
            state = event.to_state
    credited = goodwill = paid_back = D(0)
    for offer in Offer.objects.filter(case=case):
        notes = Correction.objects.filter(key__startswith=f"case:{offer.pk}:").select_related("credit_note")
        grants = GoodwillGrant.objects.filter(key__startswith=f"case:{offer.pk}:")
        credited += sum(note.credit_note.gross_amount for note in notes)
        goodwill += sum(grant.amount for grant in grants)
        for kind, ids in (("document", [n.credit_note_id for n in notes]), ("goodwill", [g.pk for g in grants])):
            for pk in ids:
                refunds = Refund.objects.filter(due__source_type=kind, due__source_id=str(pk), state="SUCCEEDED")
                paid_back += sum(refund.amount for refund in refunds)
    asked = case.claimed_amount or case.contested_amount
    outcome = {"MERGED": "merged", "WITHDRAWN": "withdrawn", "INADMISSIBLE": "inadmissible"}.get(state)
    if outcome is None and state in ENDED:
        outcome = "not" if credited + goodwill == 0 else "whole" if credited + goodwill >= asked else "part"
    sessions = Session.objects.filter(contested_items__case=case)
    is_over = state in ("RESOLVED", "CLOSED")
    last = (begins.astimezone(LONDON).date() + timedelta(days=56)) if is_over else None
    keys = {
        "cause": case.get_cause_display(),
        "channel": case.get_channel_display(),
        "place": one({session.location.name for session in sessions}),
        "connector": one({f"{s.connector.evse.uid}-{s.connector.number}" for s in sessions}),
        "tariff": one({session.chargeable.cdr.tariff_version.tariff.name for session in sessions}),
        "firmware": "Nobody recorded it",
        "agent": case.assignee.username if case.assignee else "Nobody",
    }
    return {
        "case": case, "state": state, "outcome": outcome or "open", "currency": case.currency, "keys": keys,
        "opened_on": opened_at.astimezone(LONDON).date(), "reply": replied and replied - reply_start,
        "reply_days": replied and Fraction(business_minutes(reply_start, replied), 480),
        "resolution": ended - begins if is_over else None, "first_late": first_late, "final_late": final_late,
        "in_time": is_over and ended.astimezone(LONDON).date() <= last,
        "money": (credited, goodwill, paid_back),
    }  # fmt: skip


def one(names: set[str]) -> str:
    return names.pop() if len(names) == 1 else "Several"


def ranked(lengths: list[Any]) -> tuple[Any, Any]:
    lengths = sorted(lengths)
    if not lengths:
        return None, None
    return lengths[ceil(len(lengths) * 0.5) - 1], lengths[ceil(len(lengths) * 9 / 10) - 1]


def expected(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Every cell of a row, counted by hand."""
    mine = [row for row in rows if row["outcome"] != "merged"]

    def many(*outcomes: str) -> int:
        return sum(row["outcome"] in outcomes for row in mine)

    money: dict[str, list[D]] = defaultdict(lambda: [D(0), D(0), D(0)])
    for row in mine:
        if any(row["money"]):
            money[row["currency"]] = [a + b for a, b in zip(money[row["currency"]], row["money"], strict=True)]
    return {
        "received": len(rows), "merged": len(rows) - len(mine), "cases": len(mine), "open": many("open"),
        "unanswered": sum(row["outcome"] == "open" and row["reply"] is None for row in mine),
        "replied": sum(row["reply"] is not None for row in mine),
        "first_late": sum(row["first_late"] for row in mine), "final_late": sum(row["final_late"] for row in mine),
        "resolved": sum(row["resolution"] is not None for row in mine), "resolved_in_time": sum(row["in_time"] for row in mine),
        "whole": many("whole"), "part": many("part"), "not": many("not"), "upheld": many("whole", "part"),
        "decided": many("whole", "part", "not"), "withdrawn": many("withdrawn"), "inadmissible": many("inadmissible"),
        "given": sum(row["money"][0] + row["money"][1] > 0 for row in mine),
        "reply": ranked([row["reply"] for row in mine if row["reply"] is not None]),
        "reply_days": ranked([row["reply_days"] for row in mine if row["reply_days"] is not None]),
        "resolution": ranked([row["resolution"] for row in mine if row["resolution"] is not None]),
        "money": {currency: tuple(sums) for currency, sums in sorted(money.items())},
    }  # fmt: skip


def shown(row: Row) -> dict[str, Any]:
    figures = row.figures
    lengths = {name: getattr(figures, name) for name in ("reply", "reply_days", "resolution")}
    return {
        **figures.counts, **{name: (found.median, found.p90) for name, found in lengths.items()},
        "money": {currency: (given.credited, given.goodwill, given.paid_back) for currency, given in figures.given.items()},
    }  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_cell_is_what_the_events_say(operator: Operator, agent: User, supervisor: User, seed: int) -> None:
    lived(Random(seed), operator, agent, supervisor, network(operator))
    assert check_all()[1] == []
    assert [(found.check, found.message) for found in check_books().breaks] == []
    every = [told(case) for case in Case.objects.order_by("pk")]
    assert {row["outcome"] for row in every} == {"open", "withdrawn", "inadmissible", "merged", "whole", "part", "not"}
    assert {row["currency"] for row in every} == {"EUR", "GBP"}
    words = {"whole": "Upheld in whole", "part": "Upheld in part", "not": "Not upheld", "withdrawn": "Withdrawn"}
    words |= {"inadmissible": "Not admissible", "merged": "Merged into another", "open": "Still open"}
    for span in SPANS.values():
        mine = [row for row in every if span.start <= row["opened_on"] < span.end]
        for by in DIMENSIONS:
            found = statistics(entity=operator.entity, span=span, by=by)
            groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
            for row in mine:
                groups[words[row["outcome"]] if by == "outcome" else row["keys"][by]].append(row)
            assert {row.label: shown(row) for row in found.rows} == {name: expected(rows) for name, rows in groups.items()}
            assert shown(found.total) == expected(mine)


@pytest.mark.parametrize("seed", [4])
def test_money_is_what_the_journal_booked(operator: Operator, agent: User, supervisor: User, seed: int) -> None:
    lived(Random(seed), operator, agent, supervisor, network(operator))
    found = statistics(entity=operator.entity, span=Period(date(2018, 10, 1), date(2019, 10, 1)), by="cause")
    given = found.total.figures.given
    assert sum(one.goodwill for one in given.values()) == balance("4900") > 0
    credited = sum(one.credited for one in given.values())
    notes = Correction.objects.values_list("open_amount", "returned_amount")
    assert credited == sum((a + b for a, b in notes), D(0)) > 0
    # Everything owed back came from cases, and was paid: what went out is what the statistics say.
    assert sum(one.paid_back for one in given.values()) == sum(Refund.objects.values_list("amount", flat=True), D(0)) > 0
    assert balance("2050") == 0
    assert sorted(given) == ["EUR", "GBP"]
    assert [(one.check, one.message) for one in check_books().breaks] == []


def test_the_number_of_queries_does_not_depend_on_the_cases(operator: Operator, agent: User, supervisor: User) -> None:
    numbers, span = network(operator), SPANS["year"]

    def queries(by: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            statistics(entity=operator.entity, span=span, by=by)
        return len(captured)

    opened(numbers[0])
    few = {by: queries(by) for by in DIMENSIONS}
    lived(Random(7), operator, agent, supervisor, numbers[1:])
    assert {by: queries(by) for by in DIMENSIONS} == few
    assert set(few.values()) == {24, 25}


def test_the_cases_behind_each_figure_are_as_many_as_it_says(operator: Operator, agent: User, supervisor: User) -> None:
    lived(Random(8), operator, agent, supervisor, network(operator))
    span, entity = SPANS["year"], operator.entity
    for by in DIMENSIONS:
        found = statistics(entity=entity, span=span, by=by)
        for row in found.rows:
            for figure in COUNTED:
                keys = cases_behind(entity=entity, span=span, figure=figure, by=by, key=row.key)
                assert len(keys) == len(set(keys)) == row.figures.counts[figure]
        for figure in COUNTED:
            assert len(cases_behind(entity=entity, span=span, figure=figure)) == found.total.figures.counts[figure]


@pytest.mark.parametrize(
    ("at", "quarter"),
    [
        # London is an hour ahead of UTC until the last Sunday of October, and from the last one of March.
        (datetime(2019, 3, 31, 22, 59, tzinfo=UTC), date(2019, 1, 1)),
        (datetime(2019, 3, 31, 23, 0, tzinfo=UTC), date(2019, 4, 1)),
        (datetime(2018, 12, 31, 23, 59, tzinfo=UTC), date(2018, 10, 1)),
        (datetime(2019, 1, 1, 0, 0, tzinfo=UTC), date(2019, 1, 1)),
        (datetime(2019, 6, 30, 22, 59, 59, 999999, tzinfo=UTC), date(2019, 4, 1)),
        (datetime(2019, 6, 30, 23, 0, tzinfo=UTC), date(2019, 7, 1)),
    ],
)
def test_a_quarter_begins_at_the_companys_own_midnight(billed: Operator, at: datetime, quarter: date) -> None:
    opened("A1", at=at)
    found = {}
    for first in (date(2018, 10, 1), date(2019, 1, 1), date(2019, 4, 1), date(2019, 7, 1)):
        span = Period(first, (first + timedelta(days=100)).replace(day=1))
        found[first] = statistics(entity=billed.entity, span=span, by="cause").total.figures.counts["cases"]
    assert found == {first: int(first == quarter) for first in found}


def test_a_place_has_a_rate_of_its_own_priced_sessions(operator: Operator) -> None:
    numbers = network(operator)
    opened(numbers[0], at=datetime(2018, 9, 28, 9, tzinfo=UTC))
    opened(numbers[1], at=datetime(2018, 9, 28, 9, tzinfo=UTC))
    span = Period(date(2018, 7, 1), date(2018, 10, 1))
    # More than any connector gives in an hour: held, so it has no price that counts. And one of the quarter before.
    operator.bring(session("Z1", energy_kwh="900"), session("Z2", day="2018-06-30"))
    assert Session.objects.filter(location__name="Hub").count() == 10
    found = statistics(entity=operator.entity, span=span, by="place")
    assert [(row.label, row.sessions, row.per_thousand) for row in found.rows] == [
        ("Hub", 8, D("125.00")), ("Quay", 7, D("142.86")),
    ]  # fmt: skip
    assert (found.total.sessions, found.total.per_thousand, found.before.sessions) == (22, D("90.91"), 1)
    for by in ("connector", "tariff", "firmware", "agent"):
        assert {row.sessions for row in statistics(entity=operator.entity, span=span, by=by).rows} == {None}


def test_another_companys_cases_are_not_counted(billed: Operator) -> None:
    opened("A1")
    other = LegalEntity.objects.create(name="Other", legal_name="Other", base_currency="EUR", time_zone="Europe/Berlin")
    assert statistics(entity=other, span=SPANS["year"], by="place").total.figures.counts["received"] == 0


def test_a_case_that_is_taken_back_is_no_longer_open(billed: Operator) -> None:
    case = opened("A1")
    span = SPANS["year"]
    assert statistics(entity=billed.entity, span=span, by="cause").total.figures.counts["open"] == 1
    move(case=case, target=State.WITHDRAWN, role=Role.CUSTOMER, actor=None, at=case.opened_at)
    counts = statistics(entity=billed.entity, span=span, by="cause").total.figures.counts
    assert (counts["open"], counts["withdrawn"], counts["decided"]) == (0, 1, 0)
