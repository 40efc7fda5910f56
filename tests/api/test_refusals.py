"""Whatever is wrong with a request: one shape, the place, and what to do. Never a traceback."""

import pytest
from django.test import Client

from tests import rows

HUGE = "9" * 5000


def error(answer, status):
    assert answer.status_code == status, answer.content[:300]
    assert answer["Content-Type"] == "application/json"
    told = answer.json()
    assert set(told) == {"error"}
    assert set(told["error"]) == {"code", "where", "message"}
    assert all(isinstance(value, str) for value in told["error"].values())
    assert len(told["error"]["message"]) > 20
    return told["error"]


@pytest.mark.parametrize(
    ("path", "query", "where"),
    [
        ("sessions", {"entity": "1.5"}, "entity"),
        ("sessions", {"entity": HUGE}, "entity"),
        ("sessions", {"entity": str(2**63)}, "entity"),
        ("sessions", {"entity": "-1"}, "entity"),
        ("sessions", {"connector": "NaN"}, "connector"),
        ("sessions", {"location": "a\0b"}, "location"),
        ("sessions", {"location": "x" * 201}, "location"),
        ("sessions", {"token": "\0"}, "token"),
        ("sessions", {"started_from": "yesterday"}, "started_from"),
        ("sessions", {"started_from": "0001-01-01T00:00:00+23:59"}, "started_from"),
        ("sessions", {"ended_before": "9999-12-31T23:59:59-23:59"}, "ended_before"),
        ("sessions", {"ended_before": "2026-02-30"}, "ended_before"),
        ("sessions", {"state": "ready"}, "state"),
        ("sessions", {"state": ""}, "state"),
        ("sessions", {"limit": ""}, "limit"),
        ("sessions", {"mode": "\0"}, "mode"),
        ("sessions", {"stat": "READY"}, "stat"),
        ("sessions", {"limit": "0"}, "limit"),
        ("sessions", {"limit": "501"}, "limit"),
        ("sessions", {"limit": HUGE}, "limit"),
        ("sessions", {"limit": "٣"}, "limit"),
        ("sessions", {"cursor": "x"}, "cursor"),
        ("sessions", {"cursor": "é"}, "cursor"),
        ("sessions", {"cursor": "WzEsIDJd"}, "cursor"),
        ("sessions", {"cursor": "WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzIzOjU5IiwgMV0="}, "cursor"),
        ("sessions", {"cursor": "WyIyMDI2LTAxLTAxVDAwOjAwOjAwKzAwOjAwIiwgMWUzMF0="}, "cursor"),
        ("sessions", {"cursor": "WyIyMDI2LTAxLTAxVDAwOjAwOjAwKzAwOjAwIiwgdHJ1ZV0="}, "cursor"),
        ("sessions", {"cursor": "W1tbW1tbW1tbW1tb"}, "cursor"),
        ("cdrs", {"current": "perhaps"}, "current"),
        ("cdrs", {"customer": "K1001"}, "customer"),
        ("cdrs", {"cursor": "WyIiLCAtMV0="}, "cursor"),
        ("tariffs", {"currency": "EURO"}, "currency"),
        ("tariffs", {"code": "\0"}, "code"),
    ],
)
def test_a_parameter_that_cant_be_read_is_named(program, path, query, where):
    assert error(program().get(path, **query), 400)["where"] == where


def test_an_unknown_parameter_lists_the_known_ones(program):
    told = error(program().get("sessions", stat="READY"), 400)
    assert told["code"] == "unknown_parameter"
    assert "state, token" in told["message"]


@pytest.mark.parametrize(
    "path",
    [
        "sessions/0",
        f"sessions/{2**63}",
        f"sessions/{HUGE}",
        "cdrs/7",
        "tariffs/7",
        f"tariffs/{2**63}/versions/1",
        f"tariffs/1/versions/{2**40}",
        f"tariffs/1/versions/{HUGE}",
    ],
)
def test_what_is_not_there_is_not_found(program, path):
    rows.company()
    assert error(program().get(path), 404)["code"] == "not_found"


@pytest.mark.parametrize(
    "path", ["", "v1", "v1/", "v1/sessions/", "v1/sessions/x", "v1/nothing", "v2/sessions", "v1/sessions/%00"]
)
def test_an_address_that_is_none_answers_in_the_same_shape(db, path):
    assert error(Client().get(f"/api/{path}"), 404)["code"] == "not_found"


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_can_be_changed(program, method):
    asked = program()
    answer = getattr(asked.client, method)("/api/v1/sessions", headers={"Authorization": f"Bearer {asked.key}"})
    told = error(answer, 405)
    assert (told["code"], answer["Allow"]) == ("method_not_allowed", "GET, HEAD, OPTIONS")
    assert "Nothing was changed." in told["message"]


def test_only_json_is_spoken(program):
    asked = program()
    headers = {"Authorization": f"Bearer {asked.key}", "Accept": "text/html"}
    error(asked.client.get("/api/v1/sessions", headers=headers), 406)
