"""Money of cases that came another way, what a firmware is, and figures worked out by hand."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D
from fractions import Fraction

import pytest

from billing.document_models import Document
from chargebill.analytics.case_statistics import statistics
from chargebill.core.models import User
from chargebill.core.periods import Period
from disputes.chargebacks import Status
from disputes.facts import Said
from disputes.models import Case
from disputes.operations.moves import move
from disputes.statistics.facts import Given, Outcome, outcome_of, times_of
from disputes.statistics.figures import Figures, spread
from disputes.statistics.spans import before, name_of, quarter_of, span_of
from disputes.workflow.calendars import Calendar
from disputes.workflow.log import Entry, Kind
from disputes.workflow.states import Role, State
from stations.models import Connector, ConnectorStatus
from tests.disputes.conftest import OPENED, line_of, opened
from tests.disputes.incidents import approved, carried_out, of_percent, proposed
from tests.disputes.test_chargebacks import ADA, moved, taken, written
from tests.documents.conftest import Operator
from tests.payments.conftest import balance, of, received

YEAR = Period(date(2018, 1, 1), date(2019, 1, 1))


def figures(operator: Operator, by: str = "cause") -> Figures:
    return statistics(entity=operator.entity, span=YEAR, by=by).total.figures


@pytest.fixture
def ada(billed: Operator) -> Document:
    """Her invoice of 5.07, paid by card at a terminal."""
    received(billed, ADA, (of("Ada"), ADA), method="TERMINAL")
    return of("Ada")


def test_a_chargeback_counts_while_it_is_lost_as_the_journal_has_it(billed: Operator, ada: Document) -> None:
    letter = taken(written(ada))
    assert figures(billed).given == {}
    lost = moved(letter, Status.LOST)
    assert figures(billed).given == {"GBP": Given(lost=ADA)}
    assert balance("6020") == ADA
    assert figures(billed).counts["upheld"] == 0
    moved(lost, Status.WON)
    assert figures(billed).given == {}
    assert balance("6020") == 0


def test_a_chargeback_of_a_merged_case_is_of_the_one_it_went_into(billed: Operator, ada: Document) -> None:
    target = opened("M2", at=OPENED)
    source = opened("M1", at=OPENED + timedelta(days=1))
    letter = taken(written(ada, card_last4=""))
    assert letter.case_id in (source.pk, target.pk)
    mine, other = (source, target) if letter.case_id == source.pk else (target, source)
    move(case=mine, target=State.MERGED, role=Role.AGENT, actor=None, at=OPENED + timedelta(days=40), said=Said(into=other))
    moved(letter, Status.LOST)
    found = figures(billed)
    assert (found.counts["received"], found.counts["cases"], found.counts["merged"]) == (2, 1, 1)
    assert found.given == {"GBP": Given(lost=ADA)}


def test_what_an_incident_took_back_upholds_the_case_and_counts_once(
    billed: Operator, agent: User, supervisor: User, staff: object
) -> None:
    case = opened("A1", actor=agent)
    opened("A2", actor=agent)
    incident = proposed(billed, supervisor, of_percent("25"))
    carried_out(approved(incident, staff("Finance")))  # type: ignore[operator]
    back = incident.lines.get(line=line_of("A1")).gross_amount + incident.lines.get(line=line_of("A2")).gross_amount
    assert incident.lines.count() > 2
    assert figures(billed).given == {"GBP": Given(incident=back)}
    # Nothing more is given: the driver has a part of it all the same.
    end = {"role": Role.CUSTOMER, "actor": None, "at": OPENED + timedelta(days=2)}
    assert figures(billed).counts["decided"] == 0
    Case.objects.filter(pk=case.pk).update(state="CLOSED")
    assert figures(billed).counts["part"] == 1
    move(case=Case.objects.get(items__line=line_of("A2")), target=State.WITHDRAWN, **end)
    assert (figures(billed).counts["part"], figures(billed).counts["withdrawn"]) == (1, 1)


def test_a_firmware_is_what_the_connector_said_last_before_the_session(billed: Operator) -> None:
    opened("A1", "A2")
    opened("M1")
    opened("B1")
    at = datetime(2018, 9, 6, 9, tzinfo=UTC)
    for number, version, hours in (("A1", "1.0", -5), ("A1", "1.1", -1), ("A1", "2.0", 300), ("A2", "1.1", -1), ("M1", "1.1", 0)):
        session = line_of(number).session
        source = session.source
        connector = Connector.objects.get(pk=session.connector_id)
        ConnectorStatus.objects.create(
            connector=connector, source=source, external_id=f"{number}{version}",
            at=at + timedelta(hours=hours), status="AVAILABLE", firmware=version, batch=session.batch, line_no=1,
        )  # fmt: skip
    found = statistics(entity=billed.entity, span=YEAR, by="firmware")
    assert [(row.label, row.figures.counts["cases"]) for row in found.rows] == [("1.1", 2), ("Nobody recorded it", 1)]


def test_a_case_about_two_connectors_stands_under_several(billed: Operator) -> None:
    opened("A1", "A2")
    opened("M1")
    found = statistics(entity=billed.entity, span=YEAR, by="connector")
    assert [(row.label, row.figures.counts["cases"]) for row in found.rows] == [("EM1-1", 1), ("Several", 1)]
    assert [row.label for row in statistics(entity=billed.entity, span=YEAR, by="place").rows] == ["Hub"]


def test_halves_and_nine_tenths_are_times_of_cases() -> None:
    hours = [timedelta(hours=n) for n in range(1, 11)]
    assert (spread(hours).median, spread(hours).p90) == (hours[4], hours[8])
    assert (spread(hours[:3]).median, spread(hours[:3]).p90) == (hours[1], hours[2])
    assert (spread(hours[:1]).median, spread(hours[:1]).p90) == (hours[0], hours[0])
    assert spread([]).median is None


@pytest.mark.parametrize(
    ("state", "asked", "given", "outcome"),
    [
        (State.RESOLVED, "5", "5", Outcome.WHOLE),
        (State.CLOSED, "5", "4.99", Outcome.PART),
        (State.CLOSED, "5", "0", Outcome.NOT),
        (State.RESOLVED, "5", "6", Outcome.WHOLE),
        (State.WITHDRAWN, "5", "5", Outcome.WITHDRAWN),
        (State.INADMISSIBLE, "5", "0", Outcome.INADMISSIBLE),
        (State.MERGED, "5", "0", Outcome.MERGED),
        (State.EXECUTING, "5", "5", Outcome.OPEN),
        (State.DEADLOCK, "5", "0", Outcome.OPEN),
    ],
)
def test_an_outcome_is_what_was_given_of_what_was_asked(state: State, asked: str, given: str, outcome: Outcome) -> None:
    assert outcome_of(state, D(asked), D(given)) is outcome


def test_a_case_taken_over_before_the_answer_begins_its_time_and_one_after_does_not() -> None:
    # A Monday at nine in UTC.
    monday = datetime(2018, 10, 8, 9, tzinfo=UTC)
    hour, day = timedelta(hours=1), timedelta(days=1)
    new, answer = Entry(monday, Kind.MOVED, State.NEW), Entry(monday + 4 * hour, Kind.REPLIED)
    earlier = monday - 3 * day
    over = Entry(monday + hour, Kind.TOOK_OVER, since=earlier)
    done = Entry(monday + day, Kind.MOVED, State.RESOLVED)
    calendar = Calendar()
    before_it, after_it = times_of([new, over, answer, done], calendar, 5), times_of([new, answer, over, done], calendar, 5)
    assert (before_it.reply, before_it.reply_days) == (3 * day + 4 * hour, Fraction(3, 2))
    assert (after_it.reply, after_it.reply_days) == (4 * hour, Fraction(1, 2))
    assert before_it.resolution == after_it.resolution == 4 * day
    assert (before_it.in_time, times_of([new, over, answer, done], calendar, 3).in_time) == (True, False)


@pytest.mark.parametrize(
    ("text", "first", "end", "earlier"),
    [
        ("2026Q1", date(2026, 1, 1), date(2026, 4, 1), "2025Q4"),
        ("2026Q4", date(2026, 10, 1), date(2027, 1, 1), "2026Q3"),
        ("2024-02", date(2024, 2, 1), date(2024, 3, 1), "2024-01"),
        ("2026", date(2026, 1, 1), date(2027, 1, 1), "2025"),
        ("1990", date(1990, 1, 1), date(1991, 1, 1), "1989"),
    ],
)
def test_spans_are_read_named_and_have_one_before(text: str, first: date, end: date, earlier: str) -> None:
    span = span_of(text)
    assert (span.start, span.end, name_of(span), name_of(before(span))) == (first, end, text, earlier)


def test_every_day_lies_in_its_quarter() -> None:
    for n in range(800):
        day = date(2023, 1, 1) + timedelta(days=n)
        quarter = quarter_of(day)
        assert day in quarter
        assert (quarter.start.day, quarter.start.month % 3) == (1, 1)
        assert quarter_of(quarter.end).start == quarter.end  # type: ignore[arg-type]


@pytest.mark.parametrize("text", [" ", "2026Q0", "2026Q5", "2026-13", "2026-1", "2026q3", "2026Q3 ", "٢٠٢٦", "0000", "2200"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        span_of(text)


def test_other_days_have_as_many_before() -> None:
    assert before(Period(date(2018, 10, 20), date(2018, 11, 12))) == Period(date(2018, 9, 27), date(2018, 10, 20))
