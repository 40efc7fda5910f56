"""Pages for what can't be shown: in words, with a way on, and with nothing of what failed."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from chargebill.portal import overview


def test_a_page_that_is_not_there_keeps_the_way_to_the_others(signed_in: Client, company: Any) -> None:
    for url in ("/no/such/page/", "/overview/nothing.csv", "/jobs/999/"):
        response = signed_in.get(url)
        html = response.content.decode()
        assert response.status_code == 404, url
        assert "There is no such page" in html
        assert 'aria-label="Main"' in html
        assert 'id="cb-search"' in html


def test_a_page_for_another_role_says_so(client: Client, staff: Callable[[str], Any], company: Any) -> None:
    client.force_login(staff("Analyst"))
    response = client.get("/memberships/customer/")
    assert response.status_code == 403
    assert "Your role does not open this page" in response.content.decode()


def test_a_failure_tells_nothing_of_itself(
    signed_in: Client, company: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(overview, "select", broken)
    signed_in.raise_request_exception = False
    response = signed_in.get("/")
    assert response.status_code == 500
    html = response.content.decode()
    assert "What you were doing was not saved" in html
    assert "secret detail" not in html
    assert "secret detail" in caplog.text


def test_a_form_from_elsewhere_is_refused_in_words(company: Any, staff: Callable[[str], Any]) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff("Finance"))
    response = client.post("/logout/")
    assert response.status_code == 403
    assert "Nothing was saved" in response.content.decode()
