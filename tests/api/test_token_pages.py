"""The pages of API tokens: a key is shown once, its end is confirmed, and only Administrators get there."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from chargebill.core.api_tokens import hash_of
from chargebill.core.models import ApiToken, AuditEvent
from chargebill.core.roles import ADMINISTRATOR, AUDITOR, ROLES
from tests import rows

NEW = {"name": "Nightly report", "scopes": ["sessions:read", "prices:read"], "entity": "", "last_day": ""}
ADD = "admin:core_apitoken_add"


@pytest.fixture
def administrator(client, staff):
    client.force_login(staff(ADMINISTRATOR))
    return client


def create(client, **more):
    return client.post(reverse(ADD), {**NEW, **more})


def key_in(answer):
    return re.search(r'id="key"[^>]* value="(cb_[\w-]{43})"', answer.text)[1]


def test_the_key_is_shown_once_and_works(administrator):
    answer = create(administrator)
    assert "no-store" in answer["Cache-Control"]
    key = key_in(answer)
    token = ApiToken.objects.get()
    assert (token.key_hash, token.entity, token.expires_at) == (hash_of(key), None, None)
    assert token.created_by.username == "administrator"
    assert f"http://testserver{reverse('api:sessions')}" in answer.text

    asked = Client().get(reverse("api:sessions"), headers={"Authorization": f"Bearer {key}"})
    assert asked.status_code == 200
    for page in (reverse("admin:core_apitoken_changelist"), reverse("admin:core_apitoken_change", args=[token.pk])):
        shown = administrator.get(page).text
        assert key[:10] in shown
        assert key[:14] not in shown
    assert [event.action for event in AuditEvent.objects.all()] == ["apitoken.create"]


def test_sending_the_form_again_makes_no_second_token(administrator):
    create(administrator)
    again = create(administrator)
    assert "A token named “Nightly report” works already." in again.text
    assert 'id="key"' not in again.text
    assert ApiToken.objects.count() == 1


def test_it_ends_with_the_last_day(administrator):
    entity = rows.company()
    create(administrator, entity=entity.pk, last_day="2199-12-31")
    token = ApiToken.objects.get()
    assert (token.entity, token.expires_at.isoformat()) == (entity, "2200-01-01T00:00:00+00:00")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "   "}, "This field is required."),
        ({"scopes": []}, "a token without any can read nothing"),
        ({"scopes": ["everything"]}, "Select a valid choice."),
        ({"entity": "99"}, "Select a valid choice."),
        ({"last_day": "2001-01-01"}, "The end lies in the past."),
        ({"last_day": "9999-12-31"}, "before the year 3000"),
        ({"last_day": "soon"}, "Enter a valid date."),
        ({"name": "a\0b"}, "Null characters are not allowed."),
    ],
)
def test_a_form_that_cant_be_is_refused_at_the_field(administrator, more, words):
    answer = create(administrator, **more)
    assert words in answer.text
    assert not ApiToken.objects.exists()
    assert not AuditEvent.objects.exists()


def test_revoking_asks_first_and_ends_it_at_once(administrator):
    key = key_in(create(administrator))
    token = ApiToken.objects.get()
    page = reverse("admin:core_apitoken_revoke", args=[token.pk])
    assert "can't be undone" in administrator.get(page).text
    token.refresh_from_db()
    assert token.revoked_at is None

    done = administrator.post(page, follow=True)
    assert "is revoked: what it asks is refused from now on." in done.text
    assert Client().get(reverse("api:sessions"), headers={"Authorization": f"Bearer {key}"}).status_code == 401
    assert "was revoked before. Nothing was changed." in administrator.post(page, follow=True).text
    assert "revoked already" in administrator.get(page).text
    assert [event.action for event in AuditEvent.objects.all()] == ["apitoken.revoke", "apitoken.create"]
    # The name is free again.
    assert 'id="key"' in create(administrator).text


def test_a_token_that_is_not_there_leads_back(administrator):
    answer = administrator.get(reverse("admin:core_apitoken_revoke", args=["9999"]))
    assert answer.status_code == 302


@pytest.mark.parametrize("role", list(ROLES))
def test_nobody_else_makes_or_ends_one(client, staff, role):
    token = rows.api_tokens(1)[0]
    client.force_login(staff(role))
    may_look = role == AUDITOR
    assert client.get(reverse("admin:core_apitoken_changelist")).status_code == (200 if may_look else 403)
    assert ("API tokens" in client.get(reverse("admin:index")).text) == may_look
    assert client.get(reverse(ADD)).status_code == 403
    assert create(client).status_code == 403
    page = reverse("admin:core_apitoken_revoke", args=[token.pk])
    assert (client.get(page).status_code, client.post(page).status_code) == (403, 403)
    token.refresh_from_db()
    assert token.revoked_at is None
    assert ApiToken.objects.count() == 1
    if may_look:
        assert "Revoke" not in client.get(reverse("admin:core_apitoken_change", args=[token.pk])).text
