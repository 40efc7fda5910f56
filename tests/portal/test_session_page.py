"""The page of one session: its price in lines, its power, where it comes from, and who may read what."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from chargebill.portal.session_page import raw_fields
from chargebill.portal.session_power import power_over_time
from stations.models import Authorization, ConnectorStatus, ImportBatch, MeterValue, Session
from tests.portal.network import MEMBER_TOKEN, Fact, Network

SessionOf = Callable[[str], Session]


def page(client: Client, session: Session) -> str:
    response = client.get(f"/stations/session/{session.pk}/change/")
    assert response.status_code == 200
    return response.content.decode()


def words(html: str) -> str:
    """What a reader sees, spaces folded."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_the_price_is_told_line_by_line_and_why(session_of: SessionOf, signed_in: Client) -> None:
    text = words(page(signed_in, session_of("900001")))

    assert "Energy 10.000 kWh 10.000 kWh 0.49 EUR/kWh 19 % 4.90" in text
    assert "50 min 50 min 0.02 EUR/min 19 % 1.00" in text
    assert "Total incl. VAT EUR 5.90 of which VAT 19 %: 0.94 on 4.96 net" in text
    assert "“Standard” v1 applies to everyone at every place of Stadtwerke Nord" in text


def test_times_are_those_of_the_place_with_utc_beside(session_of: SessionOf, signed_in: Client) -> None:
    text = words(page(signed_in, session_of("900001")))

    assert "25 Oct 2026 02:30 CEST 25 Oct 2026 00:30:00 UTC" in text
    assert "25 Oct 2026 02:30 CET 25 Oct 2026 01:30:00 UTC" in text


def test_the_name_of_a_customer_is_for_those_who_may_see_customers(
    network: list[Fact], client: Client, staff: Callable[[str], Any]
) -> None:
    session = Session.objects.filter(token_uid=MEMBER_TOKEN).first()
    assert session is not None
    seen = {}
    for role in ("Analyst", "Billing clerk", "Auditor"):
        client.force_login(staff(role))
        seen[role] = "Hanna Petersen" in page(client, session)
    assert seen == {"Analyst": False, "Billing clerk": True, "Auditor": True}


def test_a_held_session_says_what_is_missing(bring_in: Network, signed_in: Client) -> None:
    fact = Fact("H1", "Am Kai", datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 9, 1, 1, tzinfo=UTC), Decimal(5), 60)
    bring_in([fact], mode="collected")
    text = words(page(signed_in, Session.objects.get(external_id="H1")))

    assert "Held: The file says the money was already taken, but not how much. no_reported_amount" in text
    assert "No price yet" in text


def test_a_revision_shows_what_changed_and_a_new_price_is_in_the_timeline(
    network: list[Fact], bring_in: Network, session_of: SessionOf, signed_in: Client
) -> None:
    old = next(fact for fact in network if fact.number == "900001")
    bring_in([replace(old, kwh=Decimal(20), place="Harbour")], name="corrected.csv")
    text = words(page(signed_in, session_of("900001")))

    assert "Version 2: corrected.csv, line 2" in text
    assert "energy, kWh 10.0000 20.0000" in text
    assert "place Am Kai Harbour" in text
    assert "Changed by corrected.csv, line 2" in text
    assert "Imported from sessions.csv, line 232" in text
    assert "Priced by Standard v1: EUR 5.90" in text
    assert "Priced anew by Standard v1: EUR 10.80" in text


def _readings(session: Session, *readings: tuple[int, str, str]) -> None:
    batch = ImportBatch.objects.get(pk=session.batch_id)
    for n, (minute, value, unit) in enumerate(readings):
        MeterValue.objects.create(
            source=batch.source,
            external_id=f"m{n}",
            entity=session.entity,
            session_external_id=session.external_id,
            at=session.started_at + timedelta(minutes=minute),
            register="R",
            value=Decimal(value),
            unit=unit,
            batch=batch,
            line_no=n,
        )


def test_power_comes_from_the_energy_between_two_readings(session_of: SessionOf, signed_in: Client) -> None:
    session = session_of("900001")
    _readings(session, (0, "1000", "Wh"), (30, "6000", "Wh"), (60, "6500", "Wh"))

    assert [point.kw for point in power_over_time(session)] == [10, 1]
    html = page(signed_in, session)
    assert '"values": [10.0, 1.0, 1.0]' in html
    assert "Power over time" in html


def test_measured_power_is_taken_as_it_is(session_of: SessionOf) -> None:
    session = session_of("900001")
    _readings(session, (0, "1000", "Wh"), (0, "7400", "W"), (20, "3.7", "kW"), (40, "0", "W"))

    assert [point.kw for point in power_over_time(session)] == [Decimal("7.4"), Decimal("3.7"), 0]


def test_without_readings_there_is_no_chart(session_of: SessionOf, signed_in: Client) -> None:
    assert "Power over time" not in page(signed_in, session_of("900001"))


def test_status_and_authorizations_around_the_session_are_shown(session_of: SessionOf, signed_in: Client) -> None:
    session = Session.objects.exclude(token_uid="").first()
    assert session is not None
    batch = session.batch
    shared = {"source": batch.source, "batch": batch, "line_no": 1}
    for n, hours in enumerate((-30, -9, -1, 1)):
        ConnectorStatus.objects.create(
            external_id=f"s{n}",
            connector=session.connector,
            at=session.started_at + timedelta(hours=hours),
            status=f"Status{hours}",
            **shared,
        )
    for n, (hours, token) in enumerate(((-1, session.token_uid), (-1, "OTHER"), (-9, session.token_uid))):
        Authorization.objects.create(
            external_id=f"a{n}",
            entity=session.entity,
            token_uid=token,
            at=session.started_at + timedelta(hours=hours),
            result=f"Answer{n}",
            **shared,
        )
    text = words(page(signed_in, session))

    # What held when the two hours before began, and what came since.
    assert [name in text for name in ("Status-30", "Status-9", "Status-1", "Status1")] == [False, True, True, True]
    assert [name in text for name in ("Answer0", "Answer1", "Answer2")] == [True, False, False]


def test_other_sessions_of_the_evse_at_the_same_time_are_in_doubt(bring_in: Network, signed_in: Client) -> None:
    noon = datetime(2026, 9, 1, 12, tzinfo=UTC)
    hour = timedelta(hours=1)
    first = Fact("O1", "Am Kai", noon, noon + 2 * hour, Decimal(5), 60)
    bring_in(
        [
            first,
            replace(first, number="O2", start=noon + hour),
            replace(first, number="O3", start=noon + 2 * hour, end=noon + 3 * hour),
        ]
    )
    text = words(page(signed_in, Session.objects.get(external_id="O1")))

    assert "Other sessions of this EVSE at the same time" in text
    assert " O2 " in text
    assert " O3 " not in text


def test_the_line_of_the_file_comes_as_it_stands_there(session_of: SessionOf, signed_in: Client) -> None:
    session = session_of("900001")
    url = f"/stations/session/{session.pk}/source/"
    part = signed_in.get(url, headers={"HX-Request": "true"}).content.decode()
    whole = signed_in.get(url).content.decode()

    line = "900001,Am Kai,E-Am,1,2026-10-25T00:30:00+00:00,2026-10-25T01:30:00+00:00,Europe/Berlin,10,0:10:00,100,110,,,CARD"
    assert line.replace("+", "&#x2B;") in part or line in part
    assert "<html" not in part
    assert "<html" in whole
    assert "energy_kwh 10" in words(part)


def test_a_file_that_is_gone_is_said_in_words(session_of: SessionOf, signed_in: Client) -> None:
    session = session_of("900001")
    ImportBatch.objects.filter(pk=session.batch_id).update(file="imports/no/such")
    text = words(signed_in.get(f"/stations/session/{session.pk}/source/").content.decode())

    assert "The stored file sessions.csv is no longer there" in text


def test_values_stand_beside_their_columns_only_where_they_fit() -> None:
    batch = ImportBatch(header=["a", "b"])
    assert raw_fields(batch, '"x, y";2') == [("a", "x, y"), ("b", "2")]
    assert raw_fields(batch, "1,2,3") == []
    assert raw_fields(batch, '{"a": 1}') == []
    assert raw_fields(batch, "") == []


def test_a_session_that_is_not_there_leads_back_with_a_word(company: Any, signed_in: Client) -> None:
    for pk in ("999999", "x", "9" * 40):
        response = signed_in.get(f"/stations/session/{pk}/change/", follow=True)
        assert response.redirect_chain
        assert "doesn’t exist" in response.content.decode()


def test_the_page_takes_the_same_queries_however_much_it_shows(session_of: SessionOf, signed_in: Client) -> None:
    session = session_of("900001")
    page(signed_in, session)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(signed_in, session)
        return len(captured)

    _readings(session, *[(n, str(1000 + n), "Wh") for n in range(2)])
    few = queries()
    MeterValue.objects.all().delete()
    _readings(session, *[(n, str(1000 + n), "Wh") for n in range(60)])
    assert queries() == few
