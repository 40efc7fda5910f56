"""The Overview is kept as it was made for a person, and made anew after whatever changes it."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from threading import Thread
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.checks import Way
from billing.models import Assignment
from billing.operations.assignments import end_assignment
from chargebill import pipeline
from chargebill.analytics import operations as analytics
from chargebill.core import data_version, events, jobs
from chargebill.core.models import Job, LegalEntity, User
from chargebill.core.roles import ANALYST
from stations.models import Location, Session
from stations.operations_places import mark_reviewed
from tests.portal.network import AT, Fact, Network

SEPTEMBER = {"from": "2026-09-01", "to": "2026-09-30"}

# Committed, so that the counter moves as it does outside of tests.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def keeping(settings: Any) -> Iterator[None]:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()
    yield
    cache.clear()


def seen(client: Client) -> str:
    """The page with all its parts, without the token that is new each time."""
    html = client.get("/", SEPTEMBER).content.decode()
    if asked := re.search(r'hx-get="(/overview/needs/[^"]+)"', html):
        part = client.get(asked[1]).content.decode().strip()
        html = client.get("/", SEPTEMBER).content.decode()
        assert "Counting" not in html
        assert part in html
    assert "Overview" in html
    return re.sub(r'csrfmiddlewaretoken" value="[^"]*', "", html)


def test_a_page_seen_again_is_not_made_again(network: list[Fact], signed_in: Client) -> None:
    first = seen(signed_in)
    with CaptureQueriesContext(connection) as queries:
        assert seen(signed_in) == first
    # The session, the person, the counter.
    assert len(queries) == 3


def test_what_takes_long_to_count_is_asked_for_once_the_page_is_there(network: list[Fact], signed_in: Client) -> None:
    for _ in range(2):
        assert "Counting what needs you" in signed_in.get("/", SEPTEMBER).content.decode()
    signed_in.get(reverse("admin:overview_needs", args=[LegalEntity.objects.get().pk]))
    assert "Counting what needs you" not in signed_in.get("/", SEPTEMBER).content.decode()


def test_what_waits_is_for_those_who_see_the_overview(network: list[Fact], client_of: Callable[[str], Client]) -> None:
    asked = reverse("admin:overview_needs", args=[LegalEntity.objects.get().pk])
    nobody = Client()
    assert nobody.get(asked).status_code == 302
    nobody.force_login(User.objects.create_user("nobody", is_staff=True))
    assert nobody.get(asked).status_code == 403
    assert client_of(ANALYST).get(reverse("admin:overview_needs", args=[999_999])).status_code == 404


def test_it_is_kept_for_each_person_and_address(network: list[Fact], signed_in: Client) -> None:
    seen(signed_in)
    nobody = Client()
    nobody.force_login(User.objects.create_user("nobody", is_staff=True))
    assert "You have no role yet" in nobody.get("/", SEPTEMBER).content.decode()
    assert "You have no role yet" not in seen(signed_in)
    assert signed_in.get("/", {"from": "2026-10-01", "to": "2026-10-31"}).content.decode() != seen(signed_in)


def test_its_form_can_be_sent(network: list[Fact], signed_in: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = signed_in.cookies
    for _ in range(2):
        html = strict.get("/", SEPTEMBER).content.decode()
    tokens = re.findall(r'csrfmiddlewaretoken" value="([^"]+)', html)
    assert strict.post(reverse("admin:logout"), {"csrfmiddlewaretoken": tokens[0]}).status_code in (200, 302)


START = datetime(2026, 9, 3, 8, tzinfo=UTC)
HELD = Fact("H1", "Am Kai", START, START.replace(hour=9), Decimal(5), 60)
REFUSED = Fact("Q1", "Am Kai", HELD.end, HELD.start, Decimal(5), 60)


def test_it_says_at_once_what_came_in_and_what_was_decided(network: list[Fact], bring_in: Network, signed_in: Client) -> None:
    def needs() -> set[str]:
        return set(re.findall(r"<strong>(\d+)</strong> (held|refused row)", seen(signed_in)))

    assert needs() == set()
    bring_in([HELD, REFUSED], name="takings.csv", mode="collected")
    assert needs() == {("1", "held"), ("1", "refused row")}
    before = seen(signed_in)
    pipeline.decide(
        entity=LegalEntity.objects.get(),
        session_ids=[Session.objects.get(external_id="H1").pk],
        way=Way.DROP,
        reason="Twice in the file.",
        actor=None,
        at=AT,
    )
    assert needs() == {("1", "refused row")}
    assert seen(signed_in) != before


def _new_prices() -> None:
    jobs.run_here(pipeline.create_pricing(entity=LegalEntity.objects.get(), actor=None, key="again"))


def _end_an_assignment() -> None:
    end_assignment(assignment=Assignment.objects.get(), valid_until=date(2026, 12, 31), reason="", actor=None, at=AT)


def _look_places_over() -> None:
    Location.objects.update(needs_review=True)
    mark_reviewed(model=Location, pks=Location.objects.values_list("pk", flat=True), actor=None, at=AT)


def _new_zone() -> None:
    job = pipeline.change_time_zone(location=Location.objects.first(), time_zone="Asia/Kolkata", actor=None, at=AT)
    assert job is not None
    jobs.run_here(job)


DEEDS: dict[str, Callable[[], object]] = {
    "prices anew": _new_prices,
    "an assignment ends": _end_an_assignment,
    "places looked over": _look_places_over,
    "another zone": _new_zone,
    "rollups counted anew": analytics.rebuild,
    "a job looked at": lambda: Job.objects.update(seen_at=AT),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_the_counter_moves_with(deed: str, network: list[Fact]) -> None:
    before = data_version.current()
    DEEDS[deed]()
    assert data_version.current() > before


def test_an_import_moves_the_counter_with_every_chunk(
    network: list[Fact], bring_in: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "CHUNK", 1)
    seen_versions = []
    take = pipeline.take
    monkeypatch.setattr(pipeline, "take", lambda **given: (seen_versions.append(data_version.current()), take(**given))[1])
    bring_in([Fact(f"N{n}", "Am Kai", START, START.replace(hour=9), Decimal(5), 60) for n in range(3)])
    first, second, third = seen_versions
    assert first < second < third < data_version.current()


def test_what_is_taken_back_leaves_no_page_behind(network: list[Fact]) -> None:
    before = data_version.current()
    with transaction.atomic():
        _record()
        transaction.set_rollback(True)
    assert data_version.current() == before


def _record() -> None:
    entity = LegalEntity.objects.get()
    events.record(action="test", subject=entity, summary="Something happened", actor=None, at=AT)


@pytest.mark.postgresql
def test_writers_wait_for_each_other_only_while_they_commit(network: list[Fact]) -> None:
    before = data_version.current()

    def other() -> None:
        _record()
        connection.close()

    with transaction.atomic():
        _record()
        thread = Thread(target=other)
        thread.start()
        thread.join(timeout=30)
        assert not thread.is_alive()
        assert data_version.current() == before + 1
    assert data_version.current() == before + 2
