"""Find my charge: exactly one or none, nothing about anybody, and no way to try charges out."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from billing.document_models import Document
from chargebill.portal import driver_find
from chargebill.portal.client_address import client_address
from chargebill.portal.document_links import Turnstile
from disputes.models import Case
from stations.models import Evse, Location, Session
from tests.documents.conftest import session
from tests.drivers.conftest import AT, GIVEN, Operator, assert_private, billed, month, operator, shown, words_of

__all__ = ["billed", "month", "operator"]
# A1: nobody known; M1: Ada's, by the token T-Ada.
A1 = {"place": "EA1", "day": "2018-09-06", "amount": "4.00", "digits": ""}
M1 = {"place": "EM1", "day": "06.09.2018", "amount": "4,94 GBP", "digits": "-Ada"}


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    limits(monkeypatch, 1000, 1000, 1000)


def limits(monkeypatch: pytest.MonkeyPatch, address: int, place: int, all_of_them: int) -> None:
    for name, most, every_s in (("_of_address", address, 600), ("_of_place", place, 3600), ("_of_all", all_of_them, 60)):
        monkeypatch.setattr(driver_find, name, Turnstile(most, lambda: AT, every_s=every_s))
    monkeypatch.setattr(driver_find, "_reading", Turnstile(1000))
    monkeypatch.setattr(driver_find, "_writing", Turnstile(1000))


def tried(client: Client, lang: str = "en", given: dict[str, str] = A1, **more: Any) -> Any:
    headers = more.pop("headers", {})
    return client.post(f"/charge/?lang={lang}", {**given, **more}, headers=headers)


@pytest.fixture
def month_billed(month: Operator) -> Operator:
    Location.objects.update(postal_code="DD1 1AA")
    Evse.objects.filter(uid="EA1").update(evse_id="GB*TAY*EA1")
    month.issue()
    return month


@pytest.mark.parametrize("place", ["EA1", "gbtayea1", "GB*TAY*EA1", "Hub", " hub ", "dd1 1aa"])
def test_a_charge_is_found_by_place_day_and_amount(client: Client, month_billed: Operator, place: str) -> None:
    answer = tried(client, place=place)
    assert answer.status_code == 302
    assert_private(answer)
    text = shown(client, answer["Location"])
    assert "Something wrong with this charge?" in text
    assert "EA1" in text
    assert "4.00 GBP" in text


@pytest.mark.parametrize(
    "wrong",
    [{"day": "2018-09-08"}, {"amount": "4.01"}, {"place": "EA2"}, {"place": "nowhere"}, {"place": "%"}, {"place": "EA"}],
)
def test_what_does_not_fit_finds_nothing(client: Client, month_billed: Operator, wrong: dict[str, str]) -> None:
    assert "We found no charge, or more than one, that fits all of this." in words_of(tried(client, **wrong))


def test_where_a_card_or_token_is_on_record_its_end_has_to_fit(client: Client, month_billed: Operator) -> None:
    outcomes = {digits: tried(client, given=M1, digits=digits).status_code for digits in ("-Ada", "-ada", "", "1234")}
    assert outcomes == {"-Ada": 302, "-ada": 302, "": 200, "1234": 200}
    Session.objects.filter(external_id="A1").update(card_last4="4242")
    assert [tried(client, digits=digits).status_code for digits in ("4242", "", "4243")] == [302, 200, 200]


def test_several_that_fit_are_answered_as_none_is_after_the_same_work(client: Client, operator: Operator) -> None:
    operator.bring(session("A1", evse="E1"), session("A2", evse="E1", start="12:00", end="13:00"))
    operator.issue()
    work = {}
    for name, amount in (("several", "4.00"), ("none", "4.01")):
        with CaptureQueriesContext(connection) as captured:
            answer = tried(client, place="E1", amount=amount)
        # Without what was typed the answers are the same, byte for byte.
        work[name] = (answer.status_code, answer.content.replace(amount.encode(), b""), len(captured))
    assert work["several"] == work["none"]
    assert work["none"][2] == 3


def test_nothing_says_whose_charge_it_is(client: Client, month_billed: Operator) -> None:
    answer = tried(client, given=M1)
    page = client.get(answer["Location"]).content.decode()
    for personal in ("Ada", "C-Ada", "/d/"):
        assert personal not in page

    assert client.post(answer["Location"], GIVEN).status_code == 302
    case = Case.objects.get()
    assert (case.channel, case.contested_amount.normalize().to_eng_string()) == ("WEB", "4.94")
    assert case.customer is not None
    # Whoever finds it again reads the number of the case, and nothing of it.
    again = client.get(tried(client, given=M1)["Location"])
    assert again.status_code == 409
    assert case.number in words_of(again)
    for word in ("Zoe", "Grace", "Ada", "/c/"):
        assert word not in again.content.decode()


def test_the_receipt_of_somebody_unknown_is_for_whoever_named_its_card(client: Client, month_billed: Operator) -> None:
    assert "/d/" not in client.get(tried(client)["Location"]).content.decode()
    Session.objects.filter(external_id="A1").update(card_last4="4242")

    receipt = Document.objects.get(lines__session_number="A1")
    assert f'href="/d/{receipt.pk}.' in client.get(tried(client, digits="4242")["Location"]).content.decode()


def test_a_link_to_a_charge_ends_after_an_hour_and_can_not_be_forged(
    client: Client, month_billed: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tried(client)["Location"].partition("?")[0]
    token = path.rsplit("/", 1)[1]
    other = Session.objects.get(external_id="M1").pk
    for forged in (token[:-1], f"{other}.{token.split('.', 1)[1]}", "1", "x" * 300, "ä"):
        for method in (client.get, client.post):
            with CaptureQueriesContext(connection) as captured:
                answer = method(f"/charge/{forged}")
            assert (answer.status_code, len(captured)) == (404, 0)
            assert_private(answer)
    monkeypatch.setattr(driver_find._links, "good_for", timedelta(seconds=-1))
    assert "This link does not work" in shown(client, path, 404)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("place", "", "Bitte füllen Sie das aus."),
        ("place", "x" * 101, "Das ist zu lang."),
        ("place", "E\x00", "Bitte prüfen Sie Ihre Angaben."),
        ("day", "yesterday", "Schreiben Sie einen Tag wie 27.11.2026."),
        ("amount", "viel", "Schreiben Sie einen Betrag wie 12,34."),
        ("digits", "42", "Das sind vier Zeichen."),
        ("digits", "42424", "Das sind vier Zeichen."),
    ],
)
def test_wrong_input_is_said_and_looked_for_nowhere(
    client: Client, month_billed: Operator, field: str, value: str, said: str
) -> None:
    with CaptureQueriesContext(connection) as captured:
        answer = tried(client, lang="de", **{field: value})
    assert (answer.status_code, len(captured)) == (400, 0)
    assert said in words_of(answer)


def test_one_address_and_one_place_are_asked_to_wait(
    client: Client, month_billed: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits(monkeypatch, 3, 1000, 1000)
    # What a client says of itself counts for nothing.
    forged = [tried(client, headers={"x-forwarded-for": f"203.0.113.{n}"}) for n in range(4)]
    assert [answer.status_code for answer in forged] == [302, 302, 302, 429]
    assert forged[-1]["Retry-After"] == "600"
    limits(monkeypatch, 1000, 2, 1000)
    assert [tried(client, amount=f"{n}.00").status_code for n in range(3)] == [200, 200, 429]
    assert tried(client, given=M1).status_code == 302
    limits(monkeypatch, 1000, 1000, 1)
    with CaptureQueriesContext(connection) as captured:
        assert [tried(client).status_code for _ in range(2)] == [302, 429]
    assert len(captured) == 3


@pytest.mark.slow
def test_guesses_do_not_enumerate(
    client: Client, month_billed: Operator, monkeypatch: pytest.MonkeyPatch, full_size: bool
) -> None:
    """Amounts one after the other, from an address of its own each: a place and day answer twenty an hour, all of it 429 then."""
    limits(monkeypatch, 10, 20, 60)
    guesses = 10_000 if full_size else 300
    outcomes = Counter(
        client.post(
            "/charge/",
            {**A1, "amount": f"{n // 100 + 500}.{n % 100:02}"},
            headers={"x-forwarded-for": f"203.0.113.{n % 250}"},
            REMOTE_ADDR=f"198.51.{n // 250}.{n % 250}",
        ).status_code
        for n in range(guesses)
    )
    assert outcomes == {200: 20, 429: guesses - 20}


@pytest.mark.parametrize(
    ("remote", "forwarded", "trusted", "address"),
    [
        ("198.51.100.1", "203.0.113.9", [], "198.51.100.1"),
        ("10.0.0.1", "203.0.113.9", ["10.0.0.1"], "203.0.113.9"),
        ("10.0.0.1", "192.0.2.66, 203.0.113.9", ["10.0.0.1"], "203.0.113.9"),
        ("10.0.0.1", "192.0.2.66, 203.0.113.9, 10.0.0.2", ["10.0.0.1", "10.0.0.2"], "203.0.113.9"),
        ("10.0.0.1", "", ["10.0.0.1"], "10.0.0.1"),
        ("10.0.0.1", "nonsense", ["10.0.0.1"], "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "", [], "2001:db8:1:2::/64"),
        ("", "203.0.113.9", [], ""),
    ],
)
def test_whom_a_request_is_counted_for(settings: Any, remote: str, forwarded: str, trusted: list[str], address: str) -> None:
    settings.TRUSTED_PROXIES = trusted
    request = RequestFactory().get("/charge/", REMOTE_ADDR=remote, headers={"x-forwarded-for": forwarded})
    assert client_address(request) == address


def test_the_price_page_leads_there_with_its_evse(client: Client, month_billed: Operator) -> None:
    page = client.get("/p/GB*TAY*EA1?lang=en").content.decode()
    assert "/charge/?lang=en&amp;evse=GB%2ATAY%2AEA1" in page
    assert 'value="GB*TAY*EA1"' in client.get("/charge/?lang=en&evse=GB%2ATAY%2AEA1").content.decode()
