"""Search: what is found by how much of its number, by whom, and what opens at once."""

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from chargebill.core.models import User
from memberships.models import Customer, Token
from stations.models import Session
from tests.portal.network import MEMBER_TOKEN, Fact


def found(client: Client, text: str) -> dict[str, list[str]]:
    response = client.get("/find/", {"q": text})
    assert response.status_code == 200, response["Location"]
    return {group.kind: [hit.title for hit in group.hits] for group in response.context["found"]}


def test_a_number_typed_whole_opens_the_session(network: list[Fact], signed_in: Client) -> None:
    response = signed_in.get("/find/", {"q": " 900001 "})
    assert response["Location"] == f"/stations/session/{Session.objects.get(external_id='900001').pk}/change/"


def test_four_characters_find_what_begins_with_them(network: list[Fact], signed_in: Client) -> None:
    assert found(signed_in, "9000") == {"Sessions": ["Session 900001", "Session 900002", "Session 900003"]}
    assert found(signed_in, "900") == {}


def test_a_short_number_is_found_when_it_is_whole(network: list[Fact], signed_in: Client) -> None:
    Session.objects.filter(external_id="900001").update(external_id="42")
    assert signed_in.get("/find/", {"q": "42"}).status_code == 302
    assert found(signed_in, "4") == {}


def test_a_session_and_a_token_of_the_same_number_are_both_offered(network: list[Fact], signed_in: Client) -> None:
    Session.objects.filter(external_id="900001").update(external_id="601838")
    assert found(signed_in, "601838") == {"Sessions": ["Session 601838"], "Tokens": ["RFID card 601838"]}


def test_more_than_ten_lead_to_the_list(network: list[Fact], signed_in: Client) -> None:
    response = signed_in.get("/find/", {"q": "7751"})
    (group,) = response.context["found"]
    assert len(group.hits) == 10
    assert group.all_link == "/stations/session/?q=7751"


def test_a_token_is_found_in_either_case_and_by_its_contract(network: list[Fact], signed_in: Client) -> None:
    Token.objects.filter(uid=MEMBER_TOKEN).update(contract_id="DE-ABC-C123")
    for text in (MEMBER_TOKEN, MEMBER_TOKEN.lower(), "DE-ABC-C123", MEMBER_TOKEN[:4]):
        assert found(signed_in, text)["Tokens"] == [f"RFID card {MEMBER_TOKEN}"], text


def test_a_customer_is_found_by_number_or_by_the_beginning_of_a_name(network: list[Fact], signed_in: Client) -> None:
    for text in ("K1001", "hanna", "Peters"):
        assert found(signed_in, text) == {"Customers": ["Hanna Petersen"]}, text


def test_places_evses_and_imports_are_found_by_name(network: list[Fact], signed_in: Client) -> None:
    assert found(signed_in, "harb") == {"Places": ["Harbour"]}
    assert found(signed_in, "E-Ha") == {"EVSEs": ["EVSE E-Ha"]}
    assert found(signed_in, "sessions.csv") == {"Imports": ["sessions.csv"]}


def test_each_kind_asks_for_its_own_permission(network: list[Fact], client: Client, staff: Callable[[str], Any]) -> None:
    Customer.objects.update(name="Am Kai Tours")
    kinds = {}
    for role in ("Analyst", "Billing clerk"):
        client.force_login(staff(role))
        kinds[role] = list(found(client, "Am Kai"))
    assert kinds == {"Analyst": ["Places"], "Billing clerk": ["Customers", "Places"]}


def test_without_a_role_nothing_is_found(network: list[Fact], client: Client) -> None:
    client.force_login(User.objects.create_user("nobody", is_staff=True))
    assert found(client, "900001") == {}


def test_whatever_is_typed_gets_an_answer(network: list[Fact], signed_in: Client) -> None:
    for text, said in (
        ("", "What are you looking for?"),
        ("   ", "What are you looking for?"),
        ("zz", "Nothing has exactly this number"),
        ("zzzzzz", "Nothing found"),
        ("<script>alert(1)</script>", "Nothing found"),
        ("%", "Nothing has exactly this number"),
        ("____", "Nothing found"),
        ("9000\0", "Session 900001"),
        ("\U0010ffff" * 5, "Nothing found"),
    ):
        html = signed_in.get("/find/", {"q": text}).content.decode()
        assert said in html, text
        assert "<script>alert" not in html


def test_search_takes_a_fixed_number_of_queries(network: list[Fact], signed_in: Client) -> None:
    signed_in.get("/find/", {"q": "9000"})
    with CaptureQueriesContext(connection) as few:
        signed_in.get("/find/", {"q": "9000"})
    with CaptureQueriesContext(connection) as many:
        signed_in.get("/find/", {"q": "7751"})
    assert len(many) == len(few)
