"""The page of a case's evidence, its ZIP, and who may see and sign."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from chargebill.core.frozen import install_all, remove
from chargebill.core.roles import ANALYST, AUDITOR, DISPUTE_AGENT, FINANCE, PRICING_MANAGER
from disputes.evidence_queries import verified_here
from disputes.models import Case
from memberships.models import Token
from stations.models import Session
from tests.evidence.conftest import OPENED, opened


def test_what_the_checks_said_when_it_opened_is_shown_whatever_is_true_now(billed: Any, client_of: Any) -> None:
    Token.objects.filter(uid="T-Ada").update(blocked_from=OPENED.replace(month=1))
    case = opened("M1")
    Token.objects.update(blocked_from=None)
    text = client_of(DISPUTE_AGENT).get(f"/cases/{case.pk}/evidence/").content.decode()
    assert "The token was blocked" in text
    assert "Take it back: GBP 4.94." in text
    assert "8 pieces on file" in text
    assert "not signed yet" in text
    assert "sessions/1/record-1.json" in text


def test_to_look_again_collects_and_signs_once(case: Case, client_of: Any) -> None:
    client: Client = client_of(DISPUTE_AGENT)
    Session.objects.filter(external_id="M1").update(card_last4="4242")
    url = f"/cases/{case.pk}/evidence/"
    said = client.post(f"{url}collect/", follow=True).content.decode()
    assert "6 pieces came since it was last looked into. Everything is signed as version 1." in said
    said = client.post(f"{url}collect/", follow=True).content.decode()
    assert "Nothing has changed since it was last looked into. Everything is signed as version 1." in said
    assert (case.evidence.count(), case.manifests.count()) == (14, 1)


def test_the_zip_is_an_attachment_that_holds(case: Case, client_of: Any) -> None:
    client: Client = client_of(DISPUTE_AGENT)
    assert client.get(f"/cases/{case.pk}/evidence.zip").status_code == 404
    client.post(f"/cases/{case.pk}/evidence/collect/")
    file = client.get(f"/cases/{case.pk}/evidence.zip")
    assert (file["Content-Type"], file["X-Content-Type-Options"]) == ("application/zip", "nosniff")
    assert file["Content-Disposition"] == f'attachment; filename="{case.number}.zip"'
    assert verified_here(file.content).holds


@pytest.mark.parametrize(
    ("role", "sees", "signs"),
    [(DISPUTE_AGENT, 200, 302), (AUDITOR, 200, 403), (FINANCE, 200, 403), (PRICING_MANAGER, 200, 403), (ANALYST, 403, 403)],
)
def test_who_sees_and_who_signs(role: str, sees: int, signs: int, case: Case, client_of: Any) -> None:
    client: Client = client_of(role)
    url = f"/cases/{case.pk}/evidence/"
    assert client.get(url).status_code == sees
    assert ("Look again and sign" in client.get(url).content.decode()) == (signs == 302)
    assert client.post(f"{url}collect/").status_code == signs
    assert client.get(f"{url}collect/").status_code == 405


@pytest.mark.parametrize("pk", ["0", "99999999999999999999"])
def test_a_case_that_is_not_there(pk: str, case: Case, client_of: Any) -> None:
    client: Client = client_of(DISPUTE_AGENT)
    assert client.get(f"/cases/{pk}/evidence/").status_code == 404
    assert client.get(f"/cases/{pk}/evidence.zip").status_code == 404
    assert client.post(f"/cases/{pk}/evidence/collect/").status_code == 404


def test_without_the_private_half_it_says_what_to_do(case: Case, client_of: Any, settings: Any) -> None:
    client: Client = client_of(DISPUTE_AGENT)
    client.post(f"/cases/{case.pk}/evidence/collect/")
    settings.SIGNING_KEYS = settings.SIGNING_KEYS / "elsewhere"
    Session.objects.filter(external_id="M1").update(card_last4="4242")
    said = client.post(f"/cases/{case.pk}/evidence/collect/", follow=True).content.decode()
    assert "Put the file back from your backup" in said
    assert (case.manifests.count(), case.evidence.count()) == (1, 8)


def test_the_case_page_shows_what_is_wrong_beside_the_thread(billed: Any, client_of: Any) -> None:
    Token.objects.filter(uid="T-Ada").update(blocked_from=OPENED.replace(month=1))
    case = opened("M1", "M2")
    url = f"/disputes/case/{case.pk}/change/"
    text = client_of(DISPUTE_AGENT).get(url).content.decode()
    assert "What the checks say of session M2" in text
    assert "Take it back: GBP 0.13." in text
    assert f"/cases/{case.pk}/evidence/" in text


def test_a_case_from_before_evidence_says_so_and_collects_on_request(case: Case, client_of: Any) -> None:
    older = Case.objects.get(pk=case.pk)
    other = opened("A1", customer=None)
    with connection.cursor() as cursor:
        remove()
        cursor.execute("DELETE FROM disputes_evidenceitem WHERE case_id = %s", [older.pk])
        install_all()
    client: Client = client_of(DISPUTE_AGENT)
    assert "Nothing is on file yet" in client.get(f"/cases/{older.pk}/evidence/").content.decode()
    assert client.get(f"/disputes/case/{older.pk}/change/").status_code == 200
    client.post(f"/cases/{older.pk}/evidence/collect/")
    assert (older.evidence.count(), other.evidence.count()) == (8, 8)
