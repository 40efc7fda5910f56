"""API tokens: made once, kept as a hash, refused with advice when they don't fit, noted when used."""

import hashlib
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from chargebill.core.api_tokens import Scope, create_api_token, revoke_api_token, take_requests, token_of
from chargebill.core.errors import UserError
from chargebill.core.models import ApiToken, AuditEvent
from tests import rows

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
ADDRESSES = {
    "sessions": Scope.SESSIONS,
    "sessions/1": Scope.SESSIONS,
    "cdrs": Scope.PRICES,
    "cdrs/1": Scope.PRICES,
    "tariffs": Scope.TARIFFS,
    "tariffs/1": Scope.TARIFFS,
    "tariffs/1/versions/1": Scope.TARIFFS,
}


def create(**more):
    arguments = {"name": "Controlling", "scopes": ["prices:read", "sessions:read"], "entity": None, "expires_at": None}
    return create_api_token(**{**arguments, "actor": None, "at": AT, **more})


def test_a_key_has_256_random_bits_and_only_its_hash_is_kept(db):
    token, key = create()
    assert re.fullmatch(r"cb_[A-Za-z0-9_-]{43}", key)
    stored = ApiToken.objects.values().get()
    assert stored["key_hash"] == hashlib.sha256(key.encode()).hexdigest()
    assert stored["prefix"] == key[:10]
    assert [value for name, value in stored.items() if name not in ("key_hash", "prefix") and key[3:9] in str(value)] == []
    assert create(name="Second")[1] != key
    assert token_of(key) == token
    assert token_of(key[:-1]) is None


def test_what_was_made_and_taken_back_is_in_the_audit_trail(staff):
    admin = staff("Administrator")
    entity = rows.company()
    token, key = create(entity=entity, expires_at=AT + timedelta(days=30), actor=admin)
    revoke_api_token(token=token, actor=admin, at=AT + timedelta(days=1))

    revoked, created = AuditEvent.objects.all()
    assert (created.action, created.actor, created.entity, created.object_id) == ("apitoken.create", admin, entity, str(token.pk))
    assert created.changes == {
        "scopes": [None, ["sessions:read", "prices:read"]],
        "company": [None, "Stadtwerke Nord"],
        "expires": [None, "2026-12-01T12:00:00+00:00"],
    }
    assert (revoked.action, revoked.at, revoked.entity) == ("apitoken.revoke", AT + timedelta(days=1), entity)
    assert key not in str([vars(event) for event in (created, revoked)])


@pytest.mark.parametrize(
    ("more", "code", "where"),
    [
        ({"name": "  "}, "name_missing", "name"),
        ({"scopes": []}, "scopes", "scopes"),
        ({"scopes": ["sessions:read", "sessions:write"]}, "scopes", "scopes"),
        ({"expires_at": AT}, "expired", "expires_at"),
        ({"name": "old NAME"}, "name_taken", "name"),
    ],
)
def test_a_token_that_makes_no_sense_is_not_made(db, more, code, where):
    create(name="Old name")
    with pytest.raises(UserError) as refused:
        create(**more)
    assert (refused.value.code, refused.value.where) == (code, where)
    assert "othing was created" in refused.value.message
    assert (ApiToken.objects.count(), AuditEvent.objects.count()) == (1, 1)


def test_a_name_is_free_again_when_its_token_ended(db):
    token, _ = create()
    revoke_api_token(token=token, actor=None, at=AT)
    create(expires_at=AT + timedelta(days=1))
    create(at=AT + timedelta(days=2))
    with pytest.raises(UserError, match="revoked before"):
        revoke_api_token(token=token, actor=None, at=AT)
    assert AuditEvent.objects.count() == 4


@pytest.mark.parametrize("path", ADDRESSES)
def test_every_address_wants_a_token(db, path):
    for headers in ({}, {"Authorization": "Basic Y2I6eA=="}, {"Authorization": "cb_x"}):
        answer = Client().get(f"/api/v1/{path}", headers=headers)
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"] == 'Bearer realm="ChargeBill"'
        assert answer.json()["error"]["code"] == "token_missing"
        assert "Authorization: Bearer cb_" in answer.json()["error"]["message"]


@pytest.mark.parametrize("path", ADDRESSES)
def test_a_missing_scope_is_named(program, path):
    others = [scope for scope in Scope.values if scope != ADDRESSES[path]]
    answer = program(*others, name="Others").get(path)
    assert answer.status_code == 403
    told = answer.json()["error"]
    assert told["code"] == "scope_missing"
    assert f"needs the scope {ADDRESSES[path].value}; the token “Others” has {', '.join(others)}." in told["message"]
    assert program(ADDRESSES[path].value).get(path).status_code in (200, 404)


@pytest.mark.parametrize("key", ["", "x", "cb_", "cb_é", "cb_" + "a" * 43, "cb_" + "a" * 5000])
def test_an_unknown_key_is_refused_with_advice(program, key):
    program()
    answer = Client().get("/api/v1/sessions", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="ChargeBill", error="invalid_token"'
    told = answer.json()["error"]
    assert told["code"] == "token_unknown"
    assert "Settings, API tokens" in told["message"]


def test_a_revoked_and_an_ended_token_say_so(program):
    revoked = program(name="Revoked")
    revoke_api_token(token=revoked.token, actor=None, at=AT)
    ended = program(name="Ended", at=AT - timedelta(days=1), expires_at=AT)
    later = program(name="Later", expires_at=timezone.now() + timedelta(minutes=5))
    for asked, code, words in (
        (revoked, "token_revoked", "The token “Revoked” was revoked."),
        (ended, "token_expired", "The token “Ended” ended on 1 Nov 2026 12:00 UTC."),
    ):
        answer = asked.get("sessions")
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer["WWW-Authenticate"]
        assert answer.json()["error"]["code"] == code
        assert answer.json()["error"]["message"].startswith(words)
    assert later.get("sessions").status_code == 200


@pytest.mark.parametrize(
    "changes", [{"key_hash": "x"}, {"scopes": ["estimate"]}, {"entity": None}, {"expires_at": None}, {"revoked_at": None}]
)
def test_the_database_keeps_what_a_token_is(db, changes):
    token, _ = create(entity=rows.company(), expires_at=AT + timedelta(days=1))
    revoke_api_token(token=token, actor=None, at=AT)
    with pytest.raises(DatabaseError, match="never change"):
        ApiToken.objects.update(**changes)


def test_staff_are_not_let_in_by_their_cookie(staff, client):
    client.force_login(staff("Administrator"))
    assert client.get("/api/v1/sessions").status_code == 401


def test_use_is_noted_at_most_once_a_minute(db):
    token, _ = create()
    moments = [AT + timedelta(seconds=s) for s in (10, 11, 59, 60, 61, 200)]
    noted = []
    for at in moments:
        assert take_requests(token=token, number=1, per_minute=600, at=at) == 1
        token.refresh_from_db()
        noted.append((token.last_used_at, token.requests_in_minute))
    assert noted == [(moments[0], 1), (moments[0], 2), (moments[0], 3), (moments[3], 1), (moments[3], 2), (moments[5], 1)]


def test_asking_notes_the_use(program):
    before = timezone.now()
    asked = program()
    asked.get("sessions")
    asked.token.refresh_from_db()
    assert before <= asked.token.last_used_at <= timezone.now()
