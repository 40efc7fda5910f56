"""The frame around every page: what each role finds in the navigation, and that a page loads nothing foreign."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from chargebill.core.models import Installation
from chargebill.core.roles import ADMINISTRATOR, ROLES
from chargebill.portal.navigation import SECTIONS
from tests.portal.network import Fact

EVERY_ROLE = (ADMINISTRATOR, *ROLES)


@pytest.mark.parametrize("role", EVERY_ROLE)
def test_every_entry_of_the_navigation_opens_for_whom_it_shows(
    role: str, client: Client, staff: Callable[[str], Any], company: Any
) -> None:
    client.force_login(staff(role))
    sections = client.get("/").context["portal_sections"]
    entries = [entry for section in sections for entry in section.entries]

    assert {section.title for section in sections} >= {"Overview", "Sessions", "Stations"}
    for entry in entries:
        response = client.get(entry.link)
        assert response.status_code == 200, entry
        # The entry of the page one is on says so, and no other does.
        current = [e.title for section in response.context["portal_sections"] for e in section.entries if e.active]
        assert current == [entry.title]


def test_the_navigation_has_every_page_of_the_administrator(client: Client, staff: Callable[[str], Any], company: Any) -> None:
    client.force_login(staff(ADMINISTRATOR))
    shown = [entry.title for section in client.get("/").context["portal_sections"] for entry in section.entries]
    assert shown == [entry.title for section in SECTIONS for entry in section.entries]


def test_who_customers_are_is_nothing_for_the_analyst(client: Client, staff: Callable[[str], Any], company: Any) -> None:
    client.force_login(staff("Analyst"))
    titles = {section.title for section in client.get("/").context["portal_sections"]}
    assert "Members" not in titles


PAGES = ("/", "/stations/session/", "/find/?q=7751", "/jobs/", "/stations/location/", "/password_change/")


def test_a_page_brings_its_own_scripts_and_styles_only(network: list[Fact], signed_in: Client) -> None:
    session = signed_in.get("/stations/session/?q=900001").context["page"].sessions[0]
    for url in (*PAGES, f"/stations/session/{session.pk}/change/"):
        response = signed_in.get(url)
        html = response.content.decode()
        policy = response["Content-Security-Policy"]
        assert "script-src 'self' 'unsafe-eval'" in policy
        assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
        assert not re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")", html), url
        assert not re.findall(r"\son[a-z]+=", re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)), url
        loaded = re.findall(r"(?:src|href|action)=\"([^\"]+)\"", html)
        assert not [link for link in loaded if link.startswith(("http:", "https:", "//"))], url
        assert len(html) < 150_000, url
        assert html.count("<h1") == 1, url
        assert html.count("<main") == 1, url


def test_the_demo_says_so_on_every_page(company: Any, signed_in: Client) -> None:
    assert "<strong>Demo" not in signed_in.get("/").content.decode()
    Installation.objects.create(pk=1, is_demo=True)
    for url in PAGES:
        assert "<strong>Demo" in signed_in.get(url).content.decode(), url


def test_the_portal_speaks_english_whatever_the_browser_asks_for(client: Client, db: None) -> None:
    html = client.get("/login/", headers={"accept-language": "de"}).content.decode()
    assert '<html lang="en"' in html
    assert "Password" in html


def test_signing_in_leads_to_the_overview(client: Client, staff: Callable[[str], Any], company: Any) -> None:
    user = staff("Finance")
    user.set_password("a-password-for-tests")
    user.save()
    response = client.post("/login/", {"username": user.username, "password": "a-password-for-tests"}, follow=True)
    assert response.redirect_chain == [("/", 302)]


def test_strangers_see_the_sign_in_page_wherever_they_go(client: Client, db: None) -> None:
    for url in ("/", "/find/?q=1234", "/jobs/", "/jobs/bell/", "/stations/session/export.csv", "/overview/hours.csv"):
        response = client.get(url)
        assert (response.status_code, response["Location"].partition("?")[0]) == (302, "/login/"), url
