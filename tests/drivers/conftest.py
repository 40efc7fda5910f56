"""What drivers reach by their own links: documents issued, turnstiles that nobody has passed yet, pages as text."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from billing.document_models import Document
from billing.operations.document_settings import change_document_settings
from chargebill.portal import driver_case, driver_document
from chargebill.portal.document_links import Turnstile, path_to
from disputes.models import Case
from tests.disputes.conftest import agent, supervisor
from tests.documents.conftest import AT, Operator, month, operator
from tests.payments.conftest import billed, of

__all__ = ["AT", "Operator", "agent", "billed", "month", "of", "operator", "supervisor"]
GIVEN = {
    "cause": "ENERGY",
    "statement": "My Zoe took 6 kWh at most.\r\nI looked.",
    "claimed_amount": "",
    "contact_name": "Grace Hopper",
    "contact_email": "Grace@example.com",
}


@pytest.fixture(autouse=True)
def fresh_turnstiles(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (driver_document, driver_case):
        monkeypatch.setattr(module, "_reading", Turnstile(60))
        monkeypatch.setattr(module, "_writing", Turnstile(10))


@pytest.fixture
def receipt(billed: Operator) -> Document:
    """Somebody's unknown: A1, 10 kWh for 4.00 GBP."""
    change_document_settings(entity=billed.entity, values={"contact_email": "help@tay.example"}, actor=None, at=AT)
    return Document.objects.get(kind="RECEIPT", lines__session_number="A1")


def words_of(response: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", response.content.decode())).split())


def shown(client: Client, url: str, status: int = 200, **headers: str) -> str:
    """The words of a driver's page, once it is as private and as small as all of them."""
    response = client.get(url, headers=headers)
    assert response.status_code == status, words_of(response)[:300]
    assert_private(response)
    return words_of(response)


def assert_private(response: Any) -> None:
    assert len(response.content) < 100_000
    assert (response["Cache-Control"], response["X-Robots-Tag"], response["Referrer-Policy"]) == (
        "no-store", "noindex, nofollow", "no-referrer",
    )  # fmt: skip
    assert not response.cookies
    assert b"<script" not in response.content


def complained(client: Client, document: Document, line: int = 1, lang: str = "en", **more: str) -> Any:
    return client.post(f"{path_to(document)}/wrong/{line}?lang={lang}", {**GIVEN, **more})


def case_of(client: Client, document: Document, **more: str) -> tuple[Case, str]:
    """A case a driver opened, and the path of its page."""
    answer = complained(client, document, **more)
    assert answer.status_code == 302, words_of(answer)[:500]
    return Case.objects.select_related("entity").latest("pk"), answer["Location"].partition("?")[0]
