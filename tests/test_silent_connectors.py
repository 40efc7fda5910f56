"""Silent connectors: who is listed, exactly from when on, against a recount of raw rows, as a page and as CSV."""

import csv
import io
import math
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from chargebill.core.models import LegalEntity
from chargebill.core.roles import ADMINISTRATOR, ANALYST, BILLING_CLERK
from chargebill.portal.silent import chance_of_none
from stations.models import Connector, ConnectorStatus, Evse, Location, Mode, Session, Source
from stations.silent import silent_connectors
from tests.rows import batches, company, source

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
# Every fourth hour of the four weeks before the silence: 42 a week.
STEADY = [NOW - 48 * HOUR - n * 4 * HOUR for n in range(1, 169)]


def plug(name: str, entity: LegalEntity | None = None, zone: str = "Europe/Berlin") -> Connector:
    owner = entity or company()
    place, _ = Location.objects.get_or_create(entity=owner, code=zone, defaults={"name": zone, "time_zone": zone})
    unit, _ = Evse.objects.get_or_create(entity=owner, uid=name, defaults={"location": place})
    return Connector.objects.get_or_create(evse=unit, number="1")[0]


def charge(at: Connector, *times: tuple[datetime, datetime]) -> None:
    """Sessions with these begins and ends."""
    evse, first = at.evse, Session.objects.count()
    origin, _ = Source.objects.get_or_create(entity=evse.entity, profile="chargebill")
    source()
    batch, zone = batches(1)[0], ZoneInfo(evse.location.time_zone)
    Session.objects.bulk_create(
        Session(
            source=origin, external_id=f"S{first + n}", entity=evse.entity, location=evse.location, connector=at, mode=Mode.BILL,
            started_at=start, ended_at=end, local_end_date=end.astimezone(zone).date(), local_start_minute=0,
            duration_s=int((end - start).total_seconds()), energy_kwh=Decimal(5), batch=batch, line_no=n + 2, content_hash="",
        )
        for n, (start, end) in enumerate(times)
    )  # fmt: skip


def half_hours(*starts: datetime) -> list[tuple[datetime, datetime]]:
    return [(start, start + HOUR / 2) for start in starts]


def listed(at: datetime = NOW, entity: LegalEntity | None = None) -> list[str]:
    found = silent_connectors(entity=entity or company(), at=at)
    names = Connector.objects.select_related("evse").in_bulk([one.connector_id for one in found.connectors])
    return [names[one.connector_id].evse.uid for one in found.connectors]


def witness() -> Connector:
    """A connector somebody plugs in at right now: up to there the company's sessions are known."""
    at = plug("witness")
    charge(at, (NOW, NOW + HOUR))
    return at


@pytest.mark.parametrize(("silence", "expected"), [(48 * HOUR, ["busy"]), (48 * HOUR - SECOND, [])])
def test_forty_eight_hours_are_silence_and_a_second_less_is_not(silence: timedelta, expected: list[str], db: None) -> None:
    witness()
    charge(plug("busy"), *half_hours(*STEADY[1:]), (NOW - 60 * HOUR, NOW - silence))
    assert listed() == expected


def test_a_session_that_began_before_and_still_runs_breaks_the_silence(db: None) -> None:
    witness()
    charge(plug("running"), *half_hours(*STEADY), (NOW - 20 * DAY, NOW + DAY))
    charge(plug("silent"), *half_hours(*STEADY))
    assert listed() == ["silent"]


def spread(count: int) -> list[datetime]:
    """So many begins, evenly over the four weeks before the silence."""
    first = NOW - 48 * HOUR - 28 * DAY
    return [first + 28 * DAY / count * n for n in range(count)]


@pytest.mark.parametrize(("sessions", "expected"), [(67, []), (68, ["busy"])])
def test_seventeen_sessions_a_week_are_usually_busy(sessions: int, expected: list[str], db: None) -> None:
    witness()
    charge(plug("busy"), *half_hours(*spread(sessions)))
    assert listed() == expected


def test_the_four_weeks_begin_to_the_second(db: None) -> None:
    witness()
    first = NOW - 48 * HOUR - 28 * DAY
    charge(plug("inside"), *half_hours(first, *spread(68)[1:]))
    charge(plug("outside"), *half_hours(first - SECOND, *spread(68)[1:]))
    assert listed() == ["inside"]


def test_a_company_says_for_itself_how_many_are_usual(db: None) -> None:
    witness()
    charge(plug("quiet"), *half_hours(*spread(40)))
    assert listed() == []
    LegalEntity.objects.update(busy_per_week=10)
    assert listed() == ["quiet"]


def test_with_seventeen_a_week_two_days_without_any_are_no_chance() -> None:
    def poisson_zero(per_week: int) -> float:
        return math.exp(-per_week * 2 / 7)

    assert poisson_zero(17) < 0.01 < poisson_zero(16)
    assert LegalEntity._meta.get_field("busy_per_week").default == 17
    assert round(chance_of_none(17), 2) == 0.78


def test_hours_that_are_always_empty_are_no_silence(db: None) -> None:
    """A workplace on a Sunday night: 30 sessions a week, none at a weekend."""
    sunday = datetime(2026, 10, 4, 22, tzinfo=UTC)
    charge(plug("witness"), (sunday, sunday + HOUR))
    days = [sunday - n * DAY for n in range(2, 31)]
    workdays = [day.replace(hour=6 + 2 * n) for day in days if day.weekday() < 5 for n in range(6)]
    charge(plug("workplace"), *half_hours(*(start for start in workdays if start < sunday - 48 * HOUR)))
    weekend = [day.replace(hour=10) for day in days if day.weekday() >= 5]
    charge(plug("always"), *half_hours(*(start for start in workdays + weekend if start < sunday - 48 * HOUR)))
    assert listed(sunday) == ["always"]


@pytest.mark.parametrize("status", ["REMOVED", "planned", "Faulted"])
def test_what_was_removed_or_is_only_planned_is_not_missed(status: str, db: None) -> None:
    witness()
    at = plug("busy")
    charge(at, *half_hours(*STEADY))
    for number, (moment, said) in enumerate([(NOW - DAY, status), (NOW - 2 * DAY, "Available")]):
        ConnectorStatus.objects.create(
            source=source(), external_id=str(number), connector=at, at=moment, status=said, batch=batches(1)[0], line_no=2
        )
    assert listed() == (["busy"] if status == "Faulted" else [])


def test_silence_is_counted_up_to_the_newest_session_that_was_imported(db: None) -> None:
    """A company that imports once a month: not everything is silent because the month is over."""
    charge(plug("last"), *half_hours(*STEADY, NOW - HOUR))
    charge(plug("before"), *half_hours(*STEADY, NOW - 20 * HOUR))
    charge(plug("broken"), *half_hours(*STEADY))
    # One that was plugged in for five days after all others had left, and one whose clock is a year ahead.
    charge(plug("stuck"), *half_hours(*STEADY), (NOW - 2 * HOUR, NOW + 5 * DAY))
    charge(plug("clock"), *half_hours(*STEADY, NOW + 365 * DAY))
    found = silent_connectors(entity=company(), at=NOW + 20 * DAY)
    assert found.known_until == NOW - HOUR
    assert listed(NOW + 20 * DAY) == ["broken", "clock"]


def test_another_company_does_not_count(db: None) -> None:
    witness()
    other = company("Tayside Charging")
    charge(plug("theirs", other), *half_hours(*STEADY))
    charge(plug("ours"), *half_hours(*STEADY))
    assert listed() == ["ours"]
    # Theirs are known up to their own newest session, which broke their silence.
    assert listed(entity=other) == []
    assert silent_connectors(entity=company("Nobody"), at=NOW).known_until is None


Facts = dict[int, list[tuple[datetime, datetime]]]


def recount(facts: Facts, at: datetime) -> list[tuple[int, int, datetime]]:
    """(connector, sessions in four weeks, last end) of the silent ones, the longest silent first: from raw times alone."""
    until = max(start for times in facts.values() for start, _ in times if start <= at)
    found = []
    for pk, times in facts.items():
        if any(start <= until and (until - end).total_seconds() < 172_800 for start, end in times):
            continue
        before = [(start, end) for start, end in times if 172_800 < (until - start).total_seconds() <= 172_800 + 2_419_200]
        ago = [divmod((until - start).total_seconds(), 604_800) for start, _ in before]
        if len(before) >= 68 and len({week for week, rest in ago if 0 < rest <= 172_800}) >= 3:
            found.append((pk, len(before), max(end for _, end in before)))
    return sorted(found, key=lambda one: (one[2], one[0]))


@pytest.mark.parametrize("seed", range(12))
def test_the_list_is_what_a_recount_of_all_sessions_gives(seed: int, db: None) -> None:
    draw = random.Random(seed)
    facts: Facts = defaultdict(list)
    zones = ["Europe/Berlin", "Pacific/Kiritimati", "Pacific/Pago_Pago"]
    for number in range(30):
        at = plug(f"E{number}", zone=zones[number % 3])
        per_week, stops = draw.uniform(8, 60), draw.choice([0, 0, 1, 3, 10]) * DAY * draw.uniform(0.5, 1.2)
        moment = NOW - 45 * DAY
        while moment < NOW - stops:
            end = moment + draw.choice([HOUR, 3 * HOUR, HOUR, DAY, 4 * DAY if draw.random() < 0.05 else HOUR]) * draw.random()
            if not (number % 5 == 0 and moment.weekday() >= 5):
                facts[at.pk].append((moment, end))
            moment += timedelta(seconds=int(draw.expovariate(per_week) * 604_800) + 1)
        charge(at, *facts[at.pk])
    at = NOW - draw.choice([0, 0, 1, 4]) * DAY
    found = silent_connectors(entity=company(), at=at)
    assert [(one.connector_id, one.sessions, one.last_end) for one in found.connectors] == recount(facts, at)
    # Else two empty lists would have been compared.
    assert found.connectors


# The page.


@pytest.fixture
def at_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions of this file lie where the clock stands."""
    from chargebill.portal import overview_needs, silent

    for module in (overview_needs, silent):
        monkeypatch.setattr(module.timezone, "now", lambda: NOW + 2 * HOUR)


def opened(client: Client, **query: Any) -> Any:
    response = client.get("/silent/", query)
    assert response.status_code == 200
    return response


def shown(page: Any) -> list[str]:
    return [row.connector.evse.uid for row in page.context["rows"]]


@pytest.fixture
def network(db: None) -> Sequence[Connector]:
    """Two silent connectors at two places and a busy one."""
    busy, first, second = plug("busy"), plug("first"), plug("=cmd", zone="Europe/London")
    charge(busy, *half_hours(*STEADY, NOW))
    charge(first, *half_hours(*STEADY[6:]))
    charge(second, *half_hours(*STEADY))
    return first, second


def test_the_overview_counts_them_and_opens_the_list(
    network: Sequence[Connector], at_now: None, client_of: Callable[[str], Client]
) -> None:
    call_command("rebuild_rollups", stdout=io.StringIO())
    client = client_of(BILLING_CLERK)
    asked = reverse("admin:overview_needs", args=[company().pk])
    (need,) = [need for need in client.get(asked).context["needs"] if need.icon == "sensors_off"]
    assert (need.count, need.words) == (2, "usually busy, silent 48 h")
    page = client.get(need.link)
    assert shown(page) == ["first", "=cmd"]
    html = page.content.decode()
    # In the zone of the place; the reference by the company's clock.
    assert "29 Sep 2026 09:30 <abbr>BST</abbr>" in html
    assert "1 Oct 2026 14:00 <abbr>CEST</abbr>" in html
    assert "75 h 30 min" in html
    assert [row.silent_s for row in page.context["rows"]] == [75 * 3600 + 1800, 51 * 3600 + 1800]


def test_a_row_opens_the_sessions_of_its_connector(
    network: Sequence[Connector], at_now: None, client_of: Callable[[str], Client]
) -> None:
    client = client_of(BILLING_CLERK)
    first, _ = network
    link = f"/stations/session/?connector={first.pk}"
    assert f'href="{link}"' in opened(client).content.decode()
    page = client.get(link)
    assert page.context["page"].count == len(STEADY) - 6
    assert {session.connector_id for session in page.context["page"].sessions} == {first.pk}
    assert page.context["chips"] == [("connector first-1", "")]


def test_the_list_is_narrowed_to_a_place_and_exported_as_shown(
    network: Sequence[Connector], at_now: None, client_of: Callable[[str], Client]
) -> None:
    client = client_of(BILLING_CLERK)
    london = Location.objects.get(code="Europe/London")
    assert shown(opened(client, location=london.pk)) == ["=cmd"]
    body = b"".join(client.get("/silent/connectors.csv", {"location": london.pk}).streaming_content).decode()  # type: ignore[attr-defined]
    (row,) = csv.DictReader(io.StringIO(body))
    assert row == {
        "location": "Europe/London",
        "evse": "'=cmd",
        "connector": "1",
        "last_end_local": "2026-09-29 09:30:00",
        "time_zone": "Europe/London",
        "last_end_utc": "2026-09-29 08:30:00",
        "silent_hours": "51",
        "sessions_per_week": "42.00",
        "last_status": "",
    }


@pytest.mark.parametrize("place", ["999999", "x", "9" * 30, "-1", "²"])
def test_a_place_that_is_not_there_is_said_and_the_list_shows_all(
    place: str, network: Sequence[Connector], at_now: None, client_of: Callable[[str], Client]
) -> None:
    page = opened(client_of(BILLING_CLERK), location=place)
    assert f"There is no place {place[:20]}: the list shows all." in page.content.decode()
    assert len(shown(page)) == 2


def test_a_place_of_the_company_shown_before_is_forgotten(
    network: Sequence[Connector], at_now: None, client_of: Callable[[str], Client]
) -> None:
    other = company("Tayside Charging")
    theirs = Location.objects.create(entity=other, code="X", name="X", time_zone="Europe/London")
    page = opened(client_of(BILLING_CLERK), entity=company().pk, location=theirs.pk)
    assert "There is no place" not in page.content.decode()
    assert len(shown(page)) == 2


def test_silence_long_ago_says_up_to_when_sessions_are_known(
    network: Sequence[Connector], client_of: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    from chargebill.portal import silent

    monkeypatch.setattr(silent.timezone, "now", lambda: NOW + 60 * DAY)
    html = opened(client_of(BILLING_CLERK)).content.decode()
    assert "What happened later has not been imported" in html


def test_an_empty_company_and_a_network_in_order_say_so(db: None, at_now: None, client_of: Callable[[str], Client]) -> None:
    client = client_of(BILLING_CLERK)
    assert "No sessions yet" in opened(client).content.decode()
    company()
    assert "No sessions yet" in opened(client).content.decode()
    witness()
    page = opened(client).content.decode()
    assert "No busy connector is silent" in page
    assert "in 0.8 of 100 cases" in page


def test_the_page_is_for_those_who_may_see_sessions(
    network: Sequence[Connector], at_now: None, client: Client, client_of: Callable[[str], Client], django_user_model: Any
) -> None:
    assert shown(opened(client_of(ANALYST))) == ["first", "=cmd"]
    nobody = django_user_model.objects.create(username="nobody", is_staff=True)
    client.force_login(nobody)
    assert client.get("/silent/").status_code == client.get("/silent/connectors.csv").status_code == 403
    assert client_of(ADMINISTRATOR).post("/silent/").status_code == 405


def test_the_page_takes_the_same_queries_for_one_and_for_many(
    network: Sequence[Connector], at_now: None, client_of: Callable[[str], Client]
) -> None:
    client = client_of(BILLING_CLERK)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            opened(client)
        return len(captured)

    opened(client)
    few = queries()
    for number in range(60):
        charge(plug(f"more-{number}"), *half_hours(*STEADY))
    assert queries() == few
    page = opened(client)
    assert len(shown(page)) == 50
    assert len(shown(opened(client, p=2))) == 12
