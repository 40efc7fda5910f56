"""GET sessions and sessions/{id}: the facts as they are stored, narrowed down, page by page."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import Chargeable
from chargebill.core.models import LegalEntity
from stations.models import ChargingPeriod, Mode, Session
from tests import rows
from tests.portal.network import MEMBER_TOKEN, Fact

# The token, its use in this minute, the page.
QUERIES = 3


def test_a_session_is_told_in_full(program, network, session_of):
    session = session_of("900002")
    answer = program("sessions:read").get(f"sessions/{session.pk}")

    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, no-store"
    told = answer.json()
    imported = told["provenance"].pop("imported_at"), told["provenance"].pop("file_sha256")
    assert imported == ("2026-11-01T12:00:00Z", session.batch.file_sha256)
    cdr = session.chargeable.cdr
    assert told == {
        "id": session.pk,
        "external_id": "900002",
        "entity": {"id": session.entity_id, "name": "Stadtwerke Nord"},
        "mode": "bill",
        "location": {"code": "Am Kai", "name": "Am Kai", "country": None, "time_zone": "Europe/Berlin"},
        "evse": {"uid": "E-Am", "evse_id": None},
        "connector": {"id": session.connector_id, "number": "1", "standard": None, "power_type": None, "rated_kw": None},
        "started_at": "2026-09-30T21:00:00Z",
        "ended_at": "2026-09-30T21:59:59Z",
        "local_end_date": "2026-09-30",
        "duration_s": 3599,
        "charging_s": 600,
        "energy_kwh": "10",
        "meter_start_kwh": "100",
        "meter_stop_kwh": "110",
        "token": None,
        "payment_method": "CARD",
        "payment_reference": None,
        "card_last4": None,
        "stop_reason": None,
        "reported": None,
        "announced_tariff": None,
        "revision": 1,
        "state": "READY",
        "state_reason": None,
        # 10 kWh at 0.49 and 2999 idle seconds at 0.02 a minute: 5.8996...
        "price": {"cdr_id": cdr.pk, "version": 1, "currency": "EUR", "net": "4.96", "tax": "0.94", "gross": "5.90"},
        "periods": [],
        "provenance": {"import_id": session.batch_id, "profile": "chargebill", "file_name": "sessions.csv", "line_no": 233},
        "earlier_revisions": [],
    }


def test_what_a_source_reported_keeps_its_digits_and_its_currency(program):
    yen, euro, without = rows.sessions(3)
    Session.objects.filter(pk=yen.pk).update(reported_amount=Decimal(1200), reported_currency="JPY", token_issuer="DE-ABC")
    Session.objects.filter(pk=euro.pk).update(reported_amount=Decimal("3.1250"), reported_currency="EUR")
    Session.objects.filter(pk=without.pk).update(reported_amount=Decimal("3"), reported_currency="", token_uid="")

    told = program().get("sessions").json()["results"]
    assert [session["reported"] for session in told] == [
        {"amount": "1200", "currency": "JPY"},
        {"amount": "3.125", "currency": "EUR"},
        None,
    ]
    assert [session["token"] for session in told] == [
        {"uid": "T0", "type": None, "issuer": "DE-ABC"},
        {"uid": "T1", "type": None, "issuer": None},
        None,
    ]
    assert {(session["state"], session["price"]) for session in told} == {(None, None)}


def test_periods_end_where_the_next_begins(program):
    (session,) = rows.sessions(1)
    noon = session.started_at
    ChargingPeriod.objects.create(session=session, started_at=noon, energy_kwh=Decimal("10.5"), max_power_kw=Decimal(22))
    ChargingPeriod.objects.create(session=session, started_at=noon + timedelta(minutes=40), parking_s=Decimal(1200))

    periods = program().get(f"sessions/{session.pk}").json()["periods"]
    assert [(p["started_at"], p["ended_at"]) for p in periods] == [
        ("2026-03-02T12:00:00Z", "2026-03-02T12:40:00Z"),
        ("2026-03-02T12:40:00Z", "2026-03-02T13:00:00Z"),
    ]
    assert [(p["energy_kwh"], p["parking_s"], p["max_power_kw"], p["tariff_id"]) for p in periods] == [
        ("10.5", None, "22", None),
        (None, "1200", None, None),
    ]


def test_a_changed_session_names_the_import_before(program, bring_in, network):
    changed = [Fact(**{**fact.__dict__, "kwh": Decimal(11)}) for fact in network if fact.number == "900002"]
    batch = bring_in(changed, name="again.csv")
    session = Session.objects.get(external_id="900002")

    told = program().get(f"sessions/{session.pk}").json()
    assert (told["revision"], told["energy_kwh"], told["provenance"]["file_name"]) == (2, "11", "again.csv")
    assert told["provenance"]["import_id"] == batch.pk
    (earlier,) = told["earlier_revisions"]
    assert (earlier["revision"], earlier["file_name"], earlier["line_no"]) == (1, "sessions.csv", 233)


def numbers(told):
    return sorted(session["external_id"] for session in told)


def expected(facts, holds):
    return sorted(fact.number for fact in facts if holds(fact))


MIDDLE = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ({}, lambda f: True),
        ({"location": "Harbour"}, lambda f: f.place == "Harbour"),
        ({"evse": "E-Ha"}, lambda f: f.place == "Harbour"),
        ({"token": MEMBER_TOKEN}, lambda f: f.token == MEMBER_TOKEN),
        ({"started_from": "2026-10-01T00:00:00Z"}, lambda f: f.start >= MIDDLE),
        ({"started_before": "2026-10-01T02:00:00+02:00"}, lambda f: f.start < MIDDLE),
        ({"ended_from": "2026-10-01T00:00:00"}, lambda f: f.end >= MIDDLE),
        ({"ended_before": "2026-10-01"}, lambda f: f.end < MIDDLE),
        (
            {"started_from": "2026-09-30T21:00:00Z", "started_before": "2026-09-30T21:00:01Z", "location": "Am Kai"},
            lambda f: f.number in ("900002", "900003"),
        ),
        ({"mode": "history"}, lambda f: False),
        ({"state": "READY"}, lambda f: True),
        ({"state": "HELD"}, lambda f: False),
        ({"location": "nowhere"}, lambda f: False),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_filters_find_exactly_what_they_say(program, network, query, holds):
    assert numbers(program().all("sessions", limit=50, **query)) == expected(network, holds)


def test_filters_by_key_and_state_are_exact_too(program):
    found = rows.priced_sessions(12)
    Chargeable.objects.filter(pk=found[3].pk).update(state="HELD", reason="no_tax_rule")
    Session.objects.filter(pk=found[4].pk).update(mode=Mode.HISTORY)
    asked = program()

    assert numbers(asked.all("sessions", connector=found[3].connector_id)) == ["S3"]
    assert numbers(asked.all("sessions", state="HELD")) == ["S3"]
    assert numbers(asked.all("sessions", mode="history")) == ["S4"]
    assert len(asked.all("sessions", entity=found[0].entity_id)) == 12
    assert asked.all("sessions", entity=found[0].entity_id + 1) == []


def test_pages_follow_each_other_without_a_gap_or_a_repetition(program, network):
    # Two that start at the same moment stand on different pages.
    asked = program()
    pages = asked.all("sessions", limit=7)
    assert len(pages) == 235
    assert len({session["id"] for session in pages}) == 235
    order = [(session["started_at"], session["id"]) for session in pages]
    assert order == sorted(order)
    one = asked.all(
        "sessions", limit=1, location="Am Kai", started_from="2026-09-30T20:59:59Z", ended_before="2026-09-30T22:00:01Z"
    )
    assert numbers(one)[:2] == ["900002", "900003"]


def test_a_page_takes_the_same_queries_for_ten_sessions_and_for_hundreds(program):
    asked = program("sessions:read")
    rows.priced_sessions(10)
    for number in (10, 300):
        rows.priced_sessions(number)
        with CaptureQueriesContext(connection) as captured:
            answer = asked.get("sessions", limit=500)
        assert len(answer.json()["results"]) == number
        # Counting was paid by the first request of the minute, at times.
        assert QUERIES - 1 <= len(captured) <= QUERIES


def test_a_token_of_one_company_sees_no_other(program):
    (ours,) = rows.sessions(1)
    other = LegalEntity.objects.create(name="Other")
    asked = program(entity=other)
    assert asked.all("sessions") == []
    assert asked.all("sessions", entity=ours.entity_id) == []
    assert asked.get(f"sessions/{ours.pk}").status_code == 404
    assert program(entity=ours.entity).get(f"sessions/{ours.pk}").json()["id"] == ours.pk
