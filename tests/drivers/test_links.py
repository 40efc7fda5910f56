"""Every address drivers reach by a link, with their own, another's, a forged and an ended token: 404, or their own data only."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.document_models import Document
from chargebill.portal import case_links, document_links, driver_case, driver_complaint, driver_document
from chargebill.portal.case_links import case_in
from chargebill.portal.case_links import token_of as case_token
from chargebill.portal.document_links import path_to
from chargebill.portal.document_links import token_of as document_token
from disputes.links import link_to
from disputes.models import Case
from tests.drivers.conftest import Operator, assert_private, case_of, of

NAMES = sorted(
    str(pattern.name)
    for module in (driver_document, driver_complaint, driver_case)
    for pattern in module.urlpatterns
)  # fmt: skip
MORE = {"complaint": [1]}


def address(name: str, token: str) -> str:
    return reverse(name, args=[token, *MORE.get(name, [])])


def test_the_mails_lead_to_the_form(receipt: Document) -> None:
    path = path_to(receipt)
    assert reverse("complaint_of_document", args=[path.removeprefix("/d/")]) == f"{path}/wrong"


def test_mails_of_a_case_name_its_page_where_it_is_known_from_outside(client: Client, receipt: Document, settings: Any) -> None:
    case, _ = case_of(client, receipt)
    assert link_to(case) == ""
    settings.PUBLIC_URL = "https://charging.example.com"
    start, _, token = link_to(case).rpartition("/")

    assert (start, case_in(token, Case.objects.all())) == ("https://charging.example.com/c", case)


@pytest.mark.parametrize("name", NAMES)
def test_a_link_opens_its_own_and_nothing_else(
    client: Client, billed: Operator, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    ada, brewery = of("Ada"), of("Brewery")
    mine, _ = case_of(client, ada, statement="Ada said so.", contact_name="Ada L.")
    theirs, _ = case_of(client, brewery, statement="The brewery said so.", contact_name="Brewer")
    is_case = name.startswith("case")
    token, other = (case_token(mine), case_token(theirs)) if is_case else (document_token(ada), document_token(brewery))
    wrong_kind = document_token(ada) if is_case else case_token(mine)
    swapped = f"{other.split('.')[0]}.{token.split('.', 1)[1]}"

    for method in (client.get, client.post):
        for forged in (swapped, wrong_kind, token[:-1], f"{token}x", "1"):
            answer = method(address(name, forged))
            assert answer.status_code in (404, 405)
            if answer.status_code == 404:
                assert_private(answer)
    answer = client.get(address(name, token))
    assert answer.status_code in (200, 302, 409)
    text = answer.content.decode(errors="ignore")
    for foreign in ("The brewery said so.", "Brewer", brewery.number, theirs.number):
        assert foreign not in text
    with monkeypatch.context() as patch:
        patch.setattr((document_links if not is_case else case_links)._links, "good_for", timedelta(seconds=-1))
        assert client.get(address(name, token)).status_code == 404
