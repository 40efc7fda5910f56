"""The list of sessions: what each filter keeps, how it pages, and that exports hold exactly the same sessions."""

import csv
import html
import io
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse

from chargebill.core.models import User
from chargebill.portal import session_export, sessions, spreadsheets
from chargebill.portal.session_filters import hour_words
from stations.models import Location, Session
from tests.portal.network import MEMBER_TOKEN, Fact, Network

LIST = "/stations/session/"


def shown(client: Client, **query: Any) -> list[str]:
    """Numbers on one page of the list, in its order."""
    response = client.get(LIST, query)
    assert response.status_code == 200
    return [session.external_id for session in response.context["page"].sessions]


def every_page(client: Client, **query: Any) -> list[str]:
    """Numbers on all pages, following "Next"."""
    numbers = []
    url = f"{LIST}?{urlencode(query)}"
    while url:
        response = client.get(url)
        numbers += [session.external_id for session in response.context["page"].sessions]
        url = f"{LIST}?{response.context['older_url']}" if response.context["older_url"] else ""
    return numbers


def exported(client: Client, **query: Any) -> list[dict[str, str]]:
    response = client.get(reverse("admin:stations_session_export_csv"), query)
    text = b"".join(response.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text)))


def minutes(fact: Fact) -> int:
    return fact.duration_s // 60


SEPTEMBER = {"from": "2026-09-01", "to": "2026-09-30"}
FILTERS: dict[str, tuple[dict[str, str], Callable[[Fact], bool]]] = {
    "nothing": ({}, lambda fact: True),
    "a period of local end dates": (SEPTEMBER, lambda fact: fact.local_end.date() <= date(2026, 9, 30)),
    "an open period": ({"from": "2026-10-25"}, lambda fact: fact.local_end.date() >= date(2026, 10, 25)),
    "a method": ({"method": "APP"}, lambda fact: fact.method == "APP"),
    "a mode": ({"mode": "history"}, lambda fact: False),
    "a state": ({"state": "READY"}, lambda fact: True),
    "an hour of the week": ({"hour": str(3 * 24 + 14)}, lambda fact: fact.week_hour == 3 * 24 + 14),
    "the hour that comes twice": ({"hour": str(6 * 24 + 2)}, lambda fact: fact.week_hour == 6 * 24 + 2),
    "the shortest bin": ({"bin": "0"}, lambda fact: minutes(fact) < 15),
    "a bin in the middle": ({"bin": "2"}, lambda fact: 30 <= minutes(fact) < 60),
    "the open bin": ({"bin": "8"}, lambda fact: minutes(fact) >= 1440),
    "a number from its beginning": ({"q": "7751"}, lambda fact: fact.number.startswith("7751")),
    "a whole token": ({"q": MEMBER_TOKEN.lower()}, lambda fact: fact.token == MEMBER_TOKEN),
    "three characters, which match nothing": ({"q": "775"}, lambda fact: False),
    "several at once": ({**SEPTEMBER, "method": "CARD", "bin": "3"}, lambda fact: True),
}
FILTERS["several at once"] = (
    FILTERS["several at once"][0],
    lambda fact: fact.local_end.date() <= date(2026, 9, 30) and fact.method == "CARD" and 60 <= minutes(fact) < 120,
)


def test_every_filter_keeps_what_the_facts_say_on_the_pages_and_in_the_export(network: list[Fact], signed_in: Client) -> None:
    for name, (query, keeps) in FILTERS.items():
        expected = sorted(fact.number for fact in network if keeps(fact))
        assert sorted(every_page(signed_in, **query)) == expected, name
        assert sorted(row["session_id"].removeprefix("'") for row in exported(signed_in, **query)) == expected, name


def test_a_place_and_an_import_are_filters_too(network: list[Fact], bring_in: Network, signed_in: Client) -> None:
    first = Session.objects.first()
    assert first is not None
    more = bring_in([Fact("55555", "Harbour", network[0].start, network[0].end, network[0].kwh, 60)], name="more.csv")
    harbor = Location.objects.get(code="Harbour")

    assert shown(signed_in, batch=more.pk) == ["55555"]
    expected = {fact.number for fact in network if fact.place == "Harbour"} | {"55555"}
    assert set(every_page(signed_in, location=harbor.pk)) == expected


def test_paging_shows_every_session_once_and_the_way_back_is_the_same(network: list[Fact], signed_in: Client) -> None:
    value = {"started": lambda fact: fact.start, "duration": lambda fact: fact.duration_s, "energy": lambda fact: fact.kwh}
    for sort in ("-started", "started", "-duration", "duration", "-energy", "energy"):
        response = signed_in.get(LIST, {"sort": sort})
        pages = []
        while True:
            pages.append([session.external_id for session in response.context["page"].sessions])
            if not response.context["older_url"]:
                break
            response = signed_in.get(f"{LIST}?{response.context['older_url']}")
        numbers = [number for page in pages for number in page]
        assert (len(pages), len(set(numbers)), len(numbers)) == (5, len(network), len(network)), sort
        for earlier in reversed(pages[:-1]):
            response = signed_in.get(f"{LIST}?{response.context['newer_url']}")
            assert [session.external_id for session in response.context["page"].sessions] == earlier, sort
        by_number = {fact.number: value[sort.lstrip("-")](fact) for fact in network}
        values = [by_number[number] for number in numbers]
        assert values == sorted(values, reverse=sort.startswith("-")), sort


def test_counting_stops_where_nobody_pages_any_more(
    network: list[Fact], signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "COUNT_TO", 100)
    response = signed_in.get(LIST, {"sort": "energy"})

    assert "More than 100 sessions" in response.content.decode()
    # Sorting a whole network by energy would read all of it.
    assert response.context["page"].sort == "-started"


def test_a_filter_that_makes_no_sense_is_said_and_not_obeyed(network: list[Fact], signed_in: Client) -> None:
    for query in (
        {"from": "nonsense"},
        {"location": "999999"},
        {"entity": "1 OR 1=1"},
        {"state": "PAID"},
        {"hour": "168"},
        {"bin": "-1"},
        {"batch": "9" * 30},
    ):
        response = signed_in.get(LIST, query)
        assert response.context["page"].count == len(network), query
        assert re.search(r'role="alert"><p>[^<]+</p>', response.content.decode()), query


def test_a_broken_cursor_shows_the_first_page(network: list[Fact], signed_in: Client) -> None:
    first = shown(signed_in)
    for cursor in ("x", "~", "2026-09-01~1", "2026-09-01T00:00:00+00:00~", "~9", "\0~1"):
        assert shown(signed_in, after=cursor) == first, cursor
        assert shown(signed_in, before=cursor) == first, cursor


def test_an_empty_portal_points_to_the_import(db: None, signed_in: Client) -> None:
    assert "No sessions yet" in signed_in.get(LIST).content.decode()


def test_an_hour_of_the_week_reads_in_words() -> None:
    assert hour_words(0) == "Mon 00:00–01:00"
    assert hour_words(167) == "Sun 23:00–00:00"


def test_the_export_has_every_fact_with_its_price(network: list[Fact], signed_in: Client) -> None:
    (row,) = exported(signed_in, q="900001")

    session = Session.objects.get(external_id="900001")
    cdr = session.chargeable.cdr
    assert row == {
        "session_id": "900001",
        "location": "Am Kai",
        "evse": "E-Am",
        "connector": "1",
        "standard": "",
        "rated_kw": "",
        "started_local": "2026-10-25 02:30:00",
        "ended_local": "2026-10-25 02:30:00",
        "time_zone": "Europe/Berlin",
        "started_utc": "2026-10-25 00:30:00",
        "ended_utc": "2026-10-25 01:30:00",
        "duration_min": "60.00",
        "charging_min": "10.00",
        "idle_min": "50.00",
        "energy_kwh": "10.0000",
        "meter_start_kwh": "100.0000",
        "meter_stop_kwh": "110.0000",
        "token": "",
        "customer": "",
        "tariff": "Standard",
        "tariff_version": "1",
        # 10 kWh at 0.49 and 50 idle minutes at 0.02, 19 % of it inside.
        "net": "4.96",
        "vat_percent": "19.000",
        "vat": "0.94",
        "gross": "5.90",
        "currency": "EUR",
        "start_fee": "0.00",
        "for_energy": "4.90",
        "for_charging_time": "0.00",
        "for_idle_time": "1.00",
        "for_reservation": "0.00",
        "limit": "0.00",
        "parts_include_vat": "yes",
        "notes": "The source gives totals only: charging came first, then the car stood idle.",
        "payment_method": "Payment card",
        "payment_state": "",
        "invoice_number": "",
        "state": "Ready to bill",
        "reason": "",
        "mode": "bill",
        "file": "sessions.csv",
        "line": str(cdr.session.line_no),
    }


def test_no_cell_of_an_export_is_read_as_a_formula(network: list[Fact], signed_in: Client) -> None:
    rows = exported(signed_in)
    assert {row["session_id"] for row in rows} >= {"'=1+2", "'@SUM(A1)"}
    assert not [cell for row in rows for cell in row.values() if cell[:1] in ("=", "+", "@", "\t", "\r")]

    response = signed_in.get(reverse("admin:stations_session_export_xlsx"), {"from": "2026-10-05", "to": "2026-10-05"})
    book = openpyxl.load_workbook(io.BytesIO(b"".join(response.streaming_content)))
    head, *body = book.active.iter_rows()
    assert [cell.value for cell in head] == list(session_export.HEADER)
    assert {row[0].value for row in body} >= {"'=1+2", "'@SUM(A1)"}
    assert not [cell for row in body for cell in row if cell.data_type == "f"]


def test_numbers_and_times_of_a_workbook_stay_numbers_and_times(network: list[Fact], signed_in: Client) -> None:
    response = signed_in.get(reverse("admin:stations_session_export_xlsx"), {"q": "900001"})
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(response.streaming_content))).active
    row = {head.value: cell for head, cell in zip(sheet[1], sheet[2], strict=True)}

    assert (row["gross"].value, row["gross"].data_type) == (5.9, "n")
    assert row["energy_kwh"].value == 10
    assert row["ended_utc"].value - row["started_utc"].value == timedelta(hours=1)
    assert sheet.max_row == 2


def test_too_many_sessions_for_a_workbook_are_refused_with_a_way_out(
    network: list[Fact], signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spreadsheets, "XLSX_MAX_CELLS", 10 * len(session_export.HEADER))
    response = signed_in.get(reverse("admin:stations_session_export_xlsx"), {"method": "APP"}, follow=True)

    assert response.redirect_chain == [("/stations/session/export/?method=APP", 302)]
    assert "take the CSV, which has no limit" in response.content.decode()


def test_only_those_who_may_see_customers_export_their_names(network: list[Fact], client: Client, staff: Any) -> None:
    names = {}
    for role in ("Analyst", "Billing clerk"):
        client.force_login(staff(role))
        names[role] = {row["customer"] for row in exported(client, q=MEMBER_TOKEN)}
    assert names == {"Analyst": {""}, "Billing clerk": {"Hanna Petersen"}}


def test_without_a_role_nothing_of_it_can_be_read(network: list[Fact], client: Client) -> None:
    client.force_login(User.objects.create_user("nobody", is_staff=True))
    for url in ("export.csv", "export.xlsx", "", "1/change/", "1/source/"):
        assert client.get(f"{LIST}{url}").status_code == 403, url


def test_nobody_adds_changes_or_deletes_a_session(network: list[Fact], signed_in: Client) -> None:
    session = Session.objects.get(external_id="900001")
    before = list(Session.objects.order_by("pk").values())
    for url in (f"{LIST}add/", f"{LIST}{session.pk}/change/", f"{LIST}{session.pk}/delete/"):
        signed_in.post(url, {"post": "yes", "energy_kwh": "1"})
    signed_in.post(LIST, {"action": "delete_selected", "_selected_action": [session.pk], "post": "yes"})
    assert list(Session.objects.order_by("pk").values()) == before


def test_a_session_leads_back_to_the_list_as_it_was_filtered_and_that_to_its_overview(
    network: list[Fact], signed_in: Client
) -> None:
    entity = Session.objects.values_list("entity_id", flat=True)[0]
    asked = {"entity": str(entity), "from": "2026-09-01", "to": "2026-09-30", "method": "APP", "sort": "energy"}
    page = signed_in.get("/stations/session/", asked)
    assert page.context["crumbs"] == [("Overview", f"/?entity={entity}&from=2026-09-01&to=2026-09-30")]
    link = re.search(r'href="(/stations/session/\d+/change/\?[^"]+)"', page.content.decode())
    assert link
    ((_, back),) = signed_in.get(html.unescape(link[1])).context["crumbs"]
    assert signed_in.get(back).context["page"].sessions == page.context["page"].sessions
    assert signed_in.get(back).context["page"].sort == "energy"
    # Opened from elsewhere, or with an address somebody made up, it leads to the whole list and nowhere else.
    bare = signed_in.get(html.unescape(link[1]).partition("?")[0])
    assert bare.context["crumbs"] == [("Sessions", "/stations/session/")]
    made_up = signed_in.get(html.unescape(link[1]).partition("?")[0], {"_changelist_filters": "//elsewhere.example/?x"})
    assert made_up.context["crumbs"][0][1].startswith("/stations/session/?")
