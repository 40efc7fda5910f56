"""The price page of an EVSE: what a driver at the pole reads, without an account."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.models import Assignment
from stations.models import Connector, Evse
from tests.conftest import ROOT
from tests.portal.pole import AT, DAY_AND_NIGHT, charging_point, flat, operator, pole, reprice, tariff, tax, version

__all__ = ["pole"]
D = Decimal
URL = "/p/DE*SWN*E50914"
MOST_QUERIES = 6
MOST_BYTES = 100_000


def at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    monkeypatch.setattr("chargebill.portal.price_page.now", lambda: moment)


def words(response: Any) -> str:
    """What the page says, without its tags."""
    body = re.sub(r"(?s)<head>.*?</head>", "", response.content.decode())
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def said(client: Client, url: str = f"{URL}?lang=en", status: int = 200) -> str:
    response = client.get(url)
    assert response.status_code == status
    return words(response)


def test_the_price_of_this_moment_is_said_in_afir_order(client, pole):
    text = said(client)
    assert (
        "Am Kai Kaistraße 33, 24103 Kiel EVSE DE*SWN*E50914 Connector 1: CCS2, DC, 150 kW Price now, without a contract" in text
    )
    assert (
        "Energy 0.49 EUR per kWh Idle time after charging ended 0.10 EUR per min Tariff At least 0.50 EUR per session. "
        "Tariff Idle time is free for the first hour. Tariff Idle time costs at most 12.00 EUR per session. "
        "Energy Energy: billed by the Wh. Tariff Prices include 19 % tax. as of 26 Nov 2026, 14:05 CET"
    ) in text
    assert "Operator Stadtwerke Nord GmbH Hafenstraße 1 24103 Kiel, DE" in text


def test_what_changes_next_is_said(client, pole):
    text = said(client)
    assert "From 22:00 Energy 0.384 EUR per kWh Idle time after charging ended free" in text
    assert "From 07:00 tomorrow Energy 0.49 EUR per kWh Idle time after charging ended 0.10 EUR per min" in text


def test_by_night_the_night_price_is_the_price(client, pole, monkeypatch):
    at(monkeypatch, datetime(2026, 11, 26, 22, 30, tzinfo=UTC))
    text = said(client)
    assert "Price now, without a contract Energy 0.384 EUR per kWh" in text
    assert "as of 26 Nov 2026, 23:30 CET" in text


def test_a_day_without_a_change_says_so(client, pole, monkeypatch):
    reprice(pole, flat("0.49"))
    text = said(client)
    assert "The price stays the same for the next 24 hours." in text
    assert "The whole tariff" not in text


def test_typical_charging_that_starts_now_is_priced(client, pole, monkeypatch):
    text = said(client)
    # 25 kWh at 0.49; an hour of idling is within the grace.
    assert "25 kWh in 30 min 12.25 EUR" in text
    assert "50 kWh in 1 hour 24.50 EUR" in text
    assert "25 kWh in 30 min, then 1 hour connected 12.25 EUR" in text
    # Half of the hour is before 22:00: 25 * 0.49 + 25 * 0.384.
    at(monkeypatch, datetime(2026, 11, 26, 20, 30, tzinfo=UTC))
    assert "50 kWh in 1 hour 21.85 EUR" in said(client)


def test_german_for_who_prefers_it(client, pole):
    text = words(client.get(URL, HTTP_ACCEPT_LANGUAGE="de-AT,de;q=0.9,en;q=0.5"))
    assert "Preis jetzt, ohne Vertrag Energie 0,49 EUR pro kWh Standzeit nach Ladeende 0,10 EUR pro min" in text
    assert "Stand 26. Nov. 2026, 14:05 Uhr CET" in text
    assert "Ab 22:00 Uhr Energie 0,384 EUR pro kWh" in text
    assert "Ab 07:00 Uhr morgen" in text
    assert "25 kWh in 30 min, danach 1 Stunde angeschlossen 12,25 EUR" in text


@pytest.mark.parametrize(
    ("query", "accepted", "language"),
    [
        ("", "", "de"),  # the operator's
        ("", "fr", "de"),
        ("", "en-GB,de;q=0.5", "en"),
        ("", "fr;q=0.9, de;q=0.8, en;q=0.7", "de"),
        ("?lang=en", "de", "en"),
        ("?lang=xx", "en", "en"),
        ("", "\0;;q=,", "de"),
    ],
)
def test_the_language_is_the_one_chosen_or_accepted(client, pole, query, accepted, language):
    headers = {"HTTP_ACCEPT_LANGUAGE": accepted} if accepted else {}
    response = client.get(URL + query, **headers)
    assert f'<html lang="{language}">' in response.content.decode()


@pytest.mark.parametrize("name", ["DE*SWN*E50914", "de-swn-e50914", "DESWNE50914", "de swn e50914", "50914", "DE*SWN*E50914/"])
def test_an_evse_is_found_by_its_id_however_it_is_written_and_by_its_uid(client, pole, name):
    assert "Am Kai" in said(client, f"/p/{name}?lang=en")


def test_an_unknown_evse_is_told_plainly(client, pole):
    text = said(client, "/p/DE*SWN*E1?lang=en", status=404)
    assert "No such charging point Nothing is known here by “DE*SWN*E1”." in text
    assert "EUR" not in text
    assert "Diesen Ladepunkt gibt es nicht" in said(client, "/p/DE*SWN*E1?lang=de", status=404)


@pytest.mark.parametrize("name", ["%20", "*", "-" * 50, "x" * 5000, "%3Cscript%3E", "..%2F..", "%00", "é", "1'--"])
def test_no_name_breaks_the_page(client, pole, name):
    response = client.get(f"/p/{name}")
    assert response.status_code == 404
    assert b"<script" not in response.content


def test_an_id_that_two_evses_have_shows_no_price(client, pole):
    other = operator("Other")
    charging_point(other, uid="50914", evse_id="DE-SWN-E50914")
    assert "No such charging point" in said(client, status=404)
    assert "No such charging point" in said(client, "/p/50914?lang=en", status=404)


def test_no_price_is_said_and_none_is_guessed(client, pole):
    Assignment.objects.all().delete()
    text = said(client)
    assert "No price shown No price for charging without a contract is set here." in text
    assert "EUR" not in text


def test_prices_for_members_are_not_shown_to_everybody(client, pole):
    Assignment.objects.update(customer_kind="MEMBER")
    assert "No price for charging without a contract is set here." in said(client)


def test_a_draft_and_an_ended_version_are_no_price(client, pole):
    only = reprice(pole, flat("0.49"), state="RETIRED", valid_until=AT)
    version(only, flat("9"), state="DRAFT", activated_at=None)
    assert "No price for charging without a contract is set here." in said(client)


def test_two_equal_assignments_show_no_price(client, pole):
    tariff(pole.entity, flat("1"), name="Another")
    text = said(client)
    assert "Two prices contradict each other here" in text
    assert "EUR" not in text


def test_net_prices_are_shown_with_tax(client, pole):
    reprice(pole, flat("0.41"), tax_included="NO", min_price=D("0.50"))
    text = said(client)
    # 0.41 * 1.19, and 25 kWh of it: 12.1975.
    assert "Energy 0.4879 EUR per kWh" in text
    assert "At least 0.595 EUR per session." in text
    assert "Prices include 19 % tax." in text
    assert "25 kWh in 30 min 12.20 EUR" in text


def test_net_prices_without_a_tax_rule_are_not_shown(client, pole):
    reprice(pole, flat("0.41"), tax_included="NO")
    pole.entity.tax_rules.all().delete()
    text = said(client)
    assert "The price including tax is not known here." in text
    assert "EUR" not in text


def test_gross_prices_stand_without_a_tax_rule(client, pole):
    pole.entity.tax_rules.all().delete()
    text = said(client)
    assert "Energy 0.49 EUR per kWh" in text
    assert "Prices include tax." in text
    assert "25 kWh in 30 min 12.25 EUR" in text


def test_the_tax_is_that_of_the_places_country_on_its_day(client, pole):
    reprice(pole, flat("1"), tax_included="NO")
    tax(pole.entity, "20", country="AT")
    tax(pole.entity, "25", country="DE", valid_from=date(2026, 11, 27))
    text = said(client)
    assert "Energy 1.19 EUR per kWh" in text
    # At midnight the new rate begins: for charging that starts then.
    assert "From 00:00 tomorrow Energy 1.25 EUR per kWh" in text
    pole.location.country = "AT"
    pole.location.save()
    assert "Energy 1.20 EUR per kWh" in said(client)


def test_a_new_version_concerns_charging_that_starts_from_then_on(client, pole):
    begins = datetime(2026, 11, 26, 17, 0, tzinfo=UTC)
    only = reprice(pole, flat("0.49"), state="RETIRED", valid_until=begins)
    version(only, flat("0.55"), valid_from=begins)
    text = said(client)
    assert "From 18:00 (for charging that starts from then on)" in text
    assert "Energy 0.55 EUR per kWh" in text


def test_a_price_that_ends_is_said_to_end(client, pole):
    reprice(pole, flat("0.49"), state="RETIRED", valid_until=datetime(2026, 11, 26, 17, tzinfo=UTC))
    text = said(client)
    assert (
        "From 18:00 (for charging that starts from then on) Tariff No price for charging without a contract is set here." in text
    )


def test_the_night_the_clocks_go_back_names_both_hours(client, pole, monkeypatch):
    window = {"start_time": "02:30", "end_time": "02:45"}
    reprice(pole, [{"price_components": [{"type": "ENERGY", "price": "1"}], "restrictions": window}, *flat("2")])
    at(monkeypatch, datetime(2026, 10, 24, 23, 0, tzinfo=UTC))
    text = said(client)
    assert re.findall(r"From (02:\d\d(?: CET)?)", text) == ["02:30", "02:45", "02:30 CET", "02:45 CET"]


def test_connectors_with_another_price_stand_apart(client, pole):
    Connector.objects.create(evse=pole, number="2", standard="IEC_62196_T2", power_type="AC", rated_kw=D(22))
    tariff(pole.entity, flat("0.39"), name="Slow", where={"max_kw": D(50)})
    text = said(client)
    assert text.count("Price now, without a contract") == 2
    assert re.search(
        r"Connector 1: CCS2, DC, 150 kW .* 0.49 EUR per kWh .* Connector 2: Type 2, AC, 22 kW .* 0.39 EUR per kWh", text
    )
    assert "11 kWh in 1 hour 4.29 EUR" in text


def test_connectors_that_give_more_or_less_share_a_price_and_have_examples_of_their_own(client, pole):
    Connector.objects.create(evse=pole, number="2", standard="IEC_62196_T2", power_type="AC", rated_kw=D(22))
    text = said(client)
    assert text.count("Price now, without a contract") == 1
    assert "Connector 1: CCS2, DC, 150 kW 25 kWh in 30 min 12.25 EUR" in text
    assert "Connector 2: Type 2, AC, 22 kW 11 kWh in 1 hour 5.39 EUR" in text


def test_connectors_with_the_same_price_share_it(client, pole):
    Connector.objects.create(evse=pole, number="2", standard="CHADEMO", power_type="DC", rated_kw=D(150))
    text = said(client)
    assert text.count("Price now, without a contract") == 1
    assert "Connector 1: CCS2, DC, 150 kW Connector 2: CHAdeMO, DC, 150 kW Price now" in text


def test_an_evse_without_known_connectors_has_the_price_of_the_evse(client, pole):
    pole.connectors.all().delete()
    text = said(client)
    assert "Connectors not known" in text
    assert "Energy 0.49 EUR per kWh" in text


def test_without_a_time_zone_every_price_has_its_times(client, pole):
    pole.location.time_zone = pole.entity.time_zone = ""
    pole.location.save()
    pole.entity.save()
    text = said(client)
    assert "The local time of this place is not known" in text
    assert "Energy 0.384 EUR per kWh, 22:00-07:00; otherwise 0.49 EUR per kWh" in text
    assert "What changes next" not in text
    assert "What charging costs" not in text


@pytest.mark.parametrize(
    ("currency", "price", "shown", "example"),
    [("JPY", "60", "60 JPY per kWh", "1500 JPY"), ("BHD", "0.0205", "0.0205 BHD per kWh", "0.513 BHD")],
)
def test_every_currency_has_its_own_digits(client, pole, currency, price, shown, example):
    reprice(pole, flat(price), currency=currency)
    text = said(client)
    assert shown in text
    assert f"25 kWh in 30 min {example}" in text


def test_names_from_files_are_text_on_the_page(client, pole):
    pole.location.name = "<script>alert(1)</script>"
    pole.location.save()
    response = client.get(URL)
    assert b"<script" not in response.content
    assert "<script>alert(1)</script>" in words(response)


def test_the_page_takes_the_same_queries_however_much_there_is(client, pole):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(URL)
        return len(captured)

    few = queries()
    Connector.objects.bulk_create(Connector(evse=pole, number=str(n), rated_kw=D(n)) for n in range(2, 40))
    for n in range(20):
        tariff(pole.entity, DAY_AND_NIGHT, name=f"T{n}", where={"min_kw": D(n + 1), "max_kw": D(n + 2)})
    Evse.objects.bulk_create(
        Evse(entity=pole.entity, location=pole.location, uid=f"u{n}", evse_id=f"DE*SWN*E{n}") for n in range(300)
    )
    assert (few, queries()) == (MOST_QUERIES, MOST_QUERIES)


def test_the_page_may_be_kept_briefly_and_is_asked_for_again_by_its_tag(client, pole):
    response = client.get(URL)
    assert response["Cache-Control"] == "public, max-age=60"
    assert response["Vary"] == "Accept-Language"
    assert not response.cookies
    again = client.get(URL, HTTP_IF_NONE_MATCH=response["ETag"])
    assert again.status_code == 304
    assert not again.content
    reprice(pole, flat("0.5"))
    assert client.get(URL, HTTP_IF_NONE_MATCH=response["ETag"]).status_code == 200


def test_the_page_is_never_kept_past_the_next_price(client, pole, monkeypatch):
    at(monkeypatch, datetime(2026, 11, 26, 20, 59, 40, tzinfo=UTC))
    assert client.get(URL)["Cache-Control"] == "public, max-age=20"


def test_the_page_stays_below_its_policy(client, pole):
    response = client.get(URL)
    assert "script-src 'self'" in response["Content-Security-Policy"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert client.post(URL).status_code == 405
    assert client.head(URL).status_code == 200


def test_the_page_weighs_no_more_than_a_hundred_kilobytes_in_all(client, pole):
    """Everything it names is counted, with the longest day there is: 24 prices, 8 connectors with a price each."""
    hours = [
        {
            "price_components": [{"type": "ENERGY", "price": f"0.{n + 11}"}, {"type": "PARKING_TIME", "price": f"{n}"}],
            "restrictions": {"start_time": f"{n:02}:00", "end_time": f"{(n + 1) % 24:02}:00"},
        }
        for n in range(24)
    ]
    for n in range(8):
        Connector.objects.create(evse=pole, number=str(n + 2), rated_kw=D(n + 1))
        tariff(pole.entity, hours, name=f"T{n}", where={"min_kw": D(n + 1), "max_kw": D(n + 2)}, grace_minutes=n)
    html = client.get(URL).content
    named = re.findall(r'(?:href|src)="/static/([^"]+)"', html.decode())
    assert named == ["css/icon.svg", "css/price_page.css"]
    assert b"<script" not in html
    weight = len(html) + sum((ROOT / "static" / name).stat().st_size for name in named)
    assert weight < MOST_BYTES
    text = said(client)
    assert text.count("From 15:00 Energy 0.26 EUR per kWh") == 8


def test_every_moment_of_a_day_shows_the_price_a_session_is_billed_by(client, pole, monkeypatch):
    """Every 37 minutes: the energy price on the page is night's from 22:00 to 07:00, day's otherwise."""
    moment = datetime(2026, 11, 26, 0, 1, tzinfo=UTC)
    while moment < datetime(2026, 11, 27, tzinfo=UTC):
        at(monkeypatch, moment)
        hour = (moment + timedelta(hours=1)).hour
        expected = "0.384" if hour >= 22 or hour < 7 else "0.49"
        assert f"Price now, without a contract Energy {expected} EUR per kWh" in said(client), moment
        moment += timedelta(minutes=37)
