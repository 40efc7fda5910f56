"""Many sessions are looked into at once: the same frozen text as one by one, with as many queries for a hundred as for a few."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.investigation import look_into, look_into_all
from billing.operations.credits import correct
from stations.models import Authorization, ConnectorStatus, MeterValue, Session, Source
from stations.queries import source_line, source_lines
from tests.investigation.conftest import AT, Operator, bill_by_hand, session
from tests.investigation.test_gathering import MOST_QUERIES, TEN, asks, pay, tell

# Recorded: what look_into_all asks at most.
MOST_TOGETHER = 43


def much_on_record(operator: Operator, count: int) -> list[Session]:
    """Sessions of two tokens at two EVSEs, each beside others, with statuses, authorizations, readings, payments, a credit."""
    rows = []
    for n in range(1, count):
        token, evse = ("T-Ada", "E2") if n % 2 else ("T-Brewery", "E1")
        rows.append(session(str(n), token=token, evse=evse, start=f"{n // 60 + 10}:{n % 60:02}", end="23:00"))
    last = bill_by_hand(operator, *rows, session(str(count), token="T-Ada", evse="E1", end="23:00"))
    for n in range(50):
        asks(last, "T-Ada", TEN + timedelta(minutes=n), price_shown="0.35 GBP/kWh")
        tell(last, ConnectorStatus, f"s{n}", connector=last.connector, at=TEN + timedelta(minutes=n), status="Charging")
    tell(last, ConnectorStatus, "before", connector=last.connector, at=TEN - timedelta(days=9), status="Faulted")
    for n in range(2):
        facts = {"register": "1.8.0", "value": 100 + 10 * n, "unit": "kWh", "session_external_id": str(count)}
        tell(last, MeterValue, f"m{n}", entity=last.entity, at=TEN + timedelta(hours=13 * n), **facts)
    pay(last, "p1", "1.00", 0, matched=True)
    pay(last, "p2", "1.00", 1, matched=False)
    line = last.document_lines.get()
    correct(document=line.document, key="c", amounts={line.pk: D("1.00")}, reason="a part", actor=None, at=AT)
    Session.objects.filter(pk__lte=last.pk - count // 2).update(card_last4="4242")
    return list(Session.objects.order_by("pk"))


def counted(sessions: list[Session]) -> int:
    with CaptureQueriesContext(connection) as asked:
        look_into_all(sessions)
    return len(asked)


def test_the_number_of_queries_does_not_grow(dear: Operator) -> None:
    sessions = much_on_record(dear, 100)
    last = sessions[-1]
    with CaptureQueriesContext(connection) as asked:
        investigation = look_into(last)
    assert len(investigation.snapshot.neighbours) == 49
    assert len(asked) == MOST_QUERIES
    # Some have a card, some no payment: each kind of record that any of them has is asked for once.
    assert counted(sessions) == counted([*sessions[:2], last]) == MOST_TOGETHER


def test_what_is_frozen_is_the_same_as_one_by_one(dear: Operator) -> None:
    sessions = much_on_record(dear, 20)
    together = look_into_all(sessions, cases_within=lambda days: {one.pk: one.pk for one in sessions})
    alone = [look_into(one, cases_within=lambda days, pk=one.pk: pk) for one in sessions]  # type: ignore[misc]
    assert [one.text for one in together] == [one.text for one in alone]
    assert [one.findings for one in together] == [one.findings for one in alone]
    record = together[-1].snapshot.record
    assert [status.status for status in record.statuses[:2]] == ["Faulted", "Charging"]
    assert [received.reference for received in record.payments] == ["p1", "p2"]
    assert len({one.text for one in together}) == 20


def test_the_order_asked_for_is_kept(dear: Operator) -> None:
    sessions = much_on_record(dear, 5)
    assert [one.session_id for one in look_into_all(sessions[::-1])] == [one.pk for one in sessions[::-1]]
    assert look_into_all([]) == []


def test_readings_belong_to_both_sources_that_call_a_session_by_one_number(dear: Operator) -> None:
    billed = much_on_record(dear, 3)[-1]
    row = Session.objects.filter(pk=billed.pk).values().get()
    other = Session.objects.create(**{**row, "id": None, "source_id": Source.objects.create(entity=dear.entity, profile="x").pk})
    both = look_into_all([Session.objects.get(pk=billed.pk), other])
    assert [len(one.snapshot.readings) for one in both] == [2, 2]


def test_a_moment_on_the_edge_counts_and_one_beyond_it_does_not(dear: Operator) -> None:
    """Authorizations two hours before the start and after, to the microsecond; statuses as far from both ends."""
    billed = bill_by_hand(dear, session("1", token="T-Ada"))
    two, little = timedelta(hours=2), timedelta(microseconds=1)
    start, end = billed.started_at, billed.ended_at
    moments = (start - two - little, start - two, start + two, start + two + little)
    for at in moments:
        asks(billed, "T-Ada", at)
    for n, at in enumerate((start - two - 2 * little, start - two - little, start - two, end + two, end + two + little)):
        tell(billed, ConnectorStatus, f"s{n}", connector=billed.connector, at=at, status=f"{n}")
    record = look_into(billed).snapshot.record
    assert [asked.at for asked in record.authorizations] == list(moments[1:3])
    assert [status.status for status in record.statuses] == ["1", "2", "3"]


def test_others_count_as_asking_only_at_the_place_and_within_two_days(dear: Operator) -> None:
    bill_by_hand(dear, session("0", token="T-Brewery"), session("1", token="T-Ada"))
    billed = Session.objects.get(external_id="1")

    def known(at: datetime) -> Any:
        Authorization.objects.all().delete()
        asks(billed, "T-Brewery", at)
        return look_into(billed).snapshot.record.asks_known

    assert known(billed.started_at - timedelta(days=2))
    assert not known(billed.started_at - timedelta(days=2, microseconds=1))
    assert not known(datetime(2018, 1, 1, tzinfo=UTC))


def test_the_lines_of_many_sessions_are_those_of_each(dear: Operator) -> None:
    sessions = much_on_record(dear, 5)
    lines = source_lines(sessions)
    assert lines == {one.pk: source_line(one.batch, one.line_no) for one in sessions}
    assert lines[sessions[0].pk].startswith("1,")
