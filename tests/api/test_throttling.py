"""So many requests a minute and token, over all processes together; then 429 until the next minute."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from chargebill.core.api_tokens import create_api_token, take_requests
from chargebill.core.models import ApiToken
from chargebill.portal.api.throttling import TokenThrottle

AT = datetime(2026, 11, 1, 12, 0, 36, tzinfo=UTC)


@pytest.fixture
def clock(monkeypatch):
    """The moment requests come in; tests move it."""
    now = [AT]
    monkeypatch.setattr(TokenThrottle, "clock", staticmethod(lambda: now[0]))
    return now


def other_process(monkeypatch):
    """From here on requests are answered by a process that has taken nothing yet."""
    monkeypatch.setattr(TokenThrottle, "_taken", {})


def test_the_request_after_the_last_waits_for_the_next_minute(program, settings, clock):
    settings.API_RATE = 45
    first, second = program(), program()
    assert [first.get("sessions").status_code for _ in range(45)] == [200] * 45
    refused = first.get("sessions")
    assert refused.status_code == 429
    assert refused["Retry-After"] == "24"
    assert refused.json() == {
        "error": {
            "code": "too_many_requests",
            "where": "",
            "message": "The token has used up its requests of this minute. Go on in 24 s.",
        }
    }
    # Each token has its own.
    assert second.get("sessions").status_code == 200
    clock[0] += timedelta(seconds=24)
    assert first.get("sessions").status_code == 200


def test_processes_share_one_count(program, settings, clock, monkeypatch):
    settings.API_RATE = 45
    asked = program()
    let_in = 0
    for _ in range(60):
        other_process(monkeypatch)
        let_in += asked.get("sessions").status_code == 200
    # Each took two at a time and used one, until less than two were left: then the last one alone.
    assert let_in == 23
    asked.token.refresh_from_db()
    assert asked.token.requests_in_minute == 45


@pytest.mark.django_db(transaction=True)
def test_requests_at_the_same_time_are_counted_once_each():
    token, _ = create_api_token(name="Many", scopes=["estimate"], entity=None, expires_at=None, actor=None, at=AT)

    def take(_):
        try:
            return take_requests(token=token, number=3, per_minute=50, at=AT)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        granted = list(pool.map(take, range(40)))
    assert sum(granted) == 50
    assert ApiToken.objects.get().requests_in_minute == 50


def test_most_requests_write_nothing(program, settings, clock):
    settings.API_RATE = 600
    asked = program()
    with CaptureQueriesContext(connection) as captured:
        for _ in range(60):
            assert asked.get("sessions").status_code == 200
    writes = [query for query in captured.captured_queries if query["sql"].startswith("UPDATE")]
    assert len(writes) == 2


def test_who_is_not_let_in_uses_nothing_up(program, settings, clock):
    settings.API_RATE = 1
    asked = program("sessions:read")
    assert [asked.get(path).status_code for path in ("cdrs", "cdrs", "sessions", "sessions")] == [403, 403, 200, 429]
