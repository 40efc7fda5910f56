"""The Overview: its figures, that each opens the very sessions it counts, its tables as CSV, and what stands in for it."""

import csv
import io
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.models import Assignment, Cdr
from chargebill.core.models import LegalEntity, User
from chargebill.core.periods import days
from chargebill.portal import overview
from chargebill.portal.overview import change_of
from chargebill.portal.overview_charts import bars_of, level_of, step_of
from stations.models import Connector, Location
from tests.portal.network import Fact, Network

SEPTEMBER = {"from": "2026-09-01", "to": "2026-09-30"}
OCTOBER = {"from": "2026-10-01", "to": "2026-10-31"}


def opened(client: Client, **query: str) -> Any:
    """What the page was made from."""
    response = client.get("/", query)
    assert response.status_code == 200
    return response.context


def waiting(client: Client) -> dict[str, Any]:
    """What waits at the only company, by its words."""
    asked = reverse("admin:overview_needs", args=[LegalEntity.objects.get().pk])
    assert f'hx-get="{asked}"' in client.get("/").content.decode()
    return {need.words: need for need in client.get(asked).context["needs"]}


def count_behind(client: Client, link: str) -> int:
    """How many sessions the list at this address has."""
    response = client.get(link)
    assert not response.context["wanted"].errors, link
    return response.context["page"].count


def in_september(network: list[Fact]) -> list[Fact]:
    return [fact for fact in network if fact.local_end.date() <= date(2026, 9, 30)]


def test_the_tiles_add_up_what_ended_in_the_period(network: list[Fact], signed_in: Client) -> None:
    page = opened(signed_in, **SEPTEMBER)
    september = in_september(network)
    numbers = [fact.number for fact in september]
    net = sum(Cdr.objects.filter(session__external_id__in=numbers).values_list("net_amount", flat=True), Decimal(0))
    energy = sum((fact.kwh for fact in september), Decimal(0))

    ends = [fact.local_end.date() for fact in network]
    days_with_data = (date(2026, 10, 1) - min(ends)).days
    values = {tile.title: tile.value for tile in page["tiles"]}
    seconds = sum(fact.duration_s for fact in september) // len(september)
    assert values == {
        "Revenue, net": f"EUR {net:,.2f}",
        "Energy": f"{energy:,.1f} kWh",
        "Sessions": str(len(september)),
        "Average duration": f"{seconds // 3600} h {seconds % 3600 // 60:02} min",
        "Utilization": f"{100 * sum(fact.duration_s for fact in september) / (2 * days_with_data * 86_400):.1f} %",
    }
    # The first of September is where these data begin: there is nothing to compare with.
    assert {tile.change for tile in page["tiles"]} == {""}


def test_a_change_is_measured_against_the_month_before(network: list[Fact], signed_in: Client) -> None:
    page = opened(signed_in, **OCTOBER)
    now, before = len(network) - len(in_september(network)), len(in_september(network))
    expected = (Decimal(now) / before - 1) * 100

    (tile,) = [tile for tile in page["tiles"] if tile.title == "Sessions"]
    assert tile.change == f"{expected:+.1f} %"
    assert "compared with 1–30 Sep 2026" in signed_in.get("/", OCTOBER).content.decode()


@pytest.mark.parametrize(
    ("now", "before", "shown"),
    [(106, 100, ("+6.0 %", True)), (94, 100, ("-6.0 %", False)), (100, 100, ("0.0 %", None)), (5, 0, ("", None))],
)
def test_a_change_in_words(now: int, before: int, shown: tuple[str, bool | None]) -> None:
    assert change_of(now, before) == shown


def test_every_figure_opens_the_sessions_it_counts(network: list[Fact], signed_in: Client) -> None:
    september = in_september(network)
    page = opened(signed_in, **SEPTEMBER)
    charts = page["charts"]

    assert {count_behind(signed_in, tile.link) for tile in page["tiles"]} == {len(september)}
    by_day = Counter(fact.local_end.date() for fact in september)
    for row, (link, _) in zip(charts["revenue"].rows, charts["revenue"].shown, strict=True):
        expected = by_day[date.fromisoformat(row[0])]
        assert row[2] == expected
        assert (count_behind(signed_in, link) if link else 0) == expected
    for name, of in (("methods", "method"), ("durations", "bin")):
        for row, (link, _) in zip(charts[name].rows, charts[name].shown, strict=True):
            assert (count_behind(signed_in, link) if link else 0) == row[1], (of, row)
    by_hour = Counter(fact.week_hour for fact in september)
    cells = [cell for _, day in charts["hours"].extra for cell in day]
    for hour, count in by_hour.most_common(12):
        assert count_behind(signed_in, cells[hour].link) == count
        assert f": {count} session" in cells[hour].words
    assert [hour for hour, cell in enumerate(cells) if not cell.link] == [hour for hour in range(168) if not by_hour[hour]]


def covered(fact: Fact) -> set[int]:
    """Hours of the week a session is plugged in for, second by second in steps of a minute on its own clock."""
    hours = set()
    moment = fact.start
    while moment < fact.end:
        local = moment.astimezone(fact.zone)
        hours.add(local.weekday() * 24 + local.hour)
        moment += timedelta(minutes=1)
    return hours


@pytest.mark.parametrize("heat", ["energy", "occupied"])
def test_an_hour_of_energy_or_of_use_opens_the_sessions_plugged_in_then(
    heat: str, network: list[Fact], signed_in: Client
) -> None:
    expected = Counter(hour for fact in in_september(network) for hour in covered(fact))
    cells = [cell for _, day in opened(signed_in, heat=heat, **SEPTEMBER)["charts"]["hours"].extra for cell in day]
    for hour, count in [*expected.most_common(8), *expected.most_common()[-8:]]:
        assert count_behind(signed_in, cells[hour].link) == count, hour
    assert [hour for hour, cell in enumerate(cells) if cell.link] == sorted(expected)


@pytest.mark.parametrize("kind", ["charging", "idle"])
def test_charging_and_idle_times_open_their_sessions(kind: str, network: list[Fact], signed_in: Client) -> None:
    edges = (15, 30, 60, 120, 240, 480, 720, 1440)
    seconds = [fact.charging_s if kind == "charging" else fact.duration_s - fact.charging_s for fact in in_september(network)]
    expected = Counter(sum(value // 60 >= edge for edge in edges) for value in seconds)
    chart = opened(signed_in, long=kind, **SEPTEMBER)["charts"]["durations"]
    assert [row[1] for row in chart.rows] == [expected[n] for n in range(9)]
    for row, (link, _) in zip(chart.rows, chart.shown, strict=True):
        assert (count_behind(signed_in, link) if link else 0) == row[1], row


def test_one_place_counts_only_its_own(network: list[Fact], signed_in: Client) -> None:
    harbor = Location.objects.get(code="Harbour")
    page = opened(signed_in, location=str(harbor.pk), **SEPTEMBER)
    expected = [fact for fact in in_september(network) if fact.place == "Harbour"]

    assert page["found"].totals.sessions == len(expected)
    assert count_behind(signed_in, page["tiles"][0].link) == len(expected)
    cells = [cell for _, day in page["charts"]["hours"].extra for cell in day]
    hour, count = Counter(fact.week_hour for fact in expected).most_common(1)[0]
    assert count_behind(signed_in, cells[hour].link) == count


@pytest.mark.parametrize("chart", ["revenue", "methods", "durations", "hours"])
def test_the_csv_of_a_chart_is_the_table_behind_it(chart: str, network: list[Fact], signed_in: Client) -> None:
    shown = opened(signed_in, **OCTOBER)["charts"][chart]
    response = signed_in.get(f"/overview/{chart}.csv", OCTOBER)
    head, *rows = list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode())))

    assert tuple(head) == shown.header
    assert rows == [["" if cell is None else str(cell) for cell in row] for row in shown.rows]
    if shown.shown:
        assert len(rows) == len(shown.shown)


def test_held_sessions_and_refused_rows_wait_at_the_top(network: list[Fact], bring_in: Network, signed_in: Client) -> None:
    held = Fact("H1", "Am Kai", datetime(2026, 9, 3, 8, tzinfo=UTC), datetime(2026, 9, 3, 9, tzinfo=UTC), Decimal(5), 60)
    backwards = Fact("Q1", "Am Kai", held.end, held.start, Decimal(5), 60)
    bring_in([held, backwards], name="takings.csv", mode="collected")
    needs = waiting(signed_in)

    assert signed_in.get(needs["held"].link).context["held"] == needs["held"].count == 1
    assert needs["refused row to correct"].count == 1
    assert signed_in.get(needs["refused row to correct"].link).context["page"].paginator.count == 1


def test_the_money_at_stake_is_that_of_the_held_sessions(bring_in: Network, signed_in: Client) -> None:
    start = datetime(2026, 9, 3, 8, tzinfo=UTC)
    facts = [
        Fact(f"H{n}", "Am Kai", start + timedelta(hours=2 * n), start + timedelta(hours=2 * n + 1), Decimal(kwh), 60)
        for n, kwh in enumerate(["10", "100", "250.5"])
    ]
    bring_in(facts[:1])
    Connector.objects.update(rated_kw=22)
    bring_in(facts[1:], name="impossible.csv")
    need = waiting(signed_in)["held"]
    # 0.49 for a kWh and 0.02 for each of 59 idle minutes: 50.18 and 123.925.
    assert (need.count, need.amount) == (2, "EUR 174.11")
    asked = reverse("admin:overview_needs", args=[LegalEntity.objects.get().pk])
    assert "<strong>2</strong> held, EUR 174.11</a>" in signed_in.get(asked).content.decode()


def test_it_opens_on_the_latest_month_with_sessions_when_they_are_old(
    network: list[Fact], signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "today_of", lambda entity, at: date(2027, 5, 5))
    last = max(fact.local_end.date() for fact in network)
    selection = opened(signed_in)["selection"]
    assert (selection.period.start.year, selection.period.start.month) == (last.year, last.month)


def test_an_empty_period_says_where_the_sessions_are(network: list[Fact], signed_in: Client) -> None:
    html = signed_in.get("/", {"from": "2020-01-01", "to": "2020-01-31"}).content.decode()
    assert "No session ended in this period" in html
    assert "Nothing in this period." in html


def test_a_broken_address_still_shows_the_business(network: list[Fact], signed_in: Client) -> None:
    for query in (
        {"from": "x"},
        {"entity": "none"},
        {"location": "-1"},
        {"currency": "<b>"},
        {"period": "?"},
        {"heat": "x"},
        {"long": "x"},
    ):
        assert opened(signed_in, **query)["tiles"], query


def test_without_sessions_it_points_to_the_import_and_the_checklist(db: None, signed_in: Client) -> None:
    html = signed_in.get("/").content.decode()
    assert "No sessions yet" in html
    assert 'href="/checklist/"' in html


def test_revenue_in_another_currency_is_said_and_shown_on_demand(network: list[Fact], signed_in: Client) -> None:
    assert opened(signed_in, **OCTOBER)["other_currencies"] == []
    LegalEntity.objects.update(base_currency="GBP")
    page = opened(signed_in, **OCTOBER)
    ((code, url),) = page["other_currencies"]
    assert (code, page["tiles"][0].value) == ("EUR", "GBP 0.00")
    assert re.match(r"EUR [\d,]+\.\d\d$", signed_in.get(f"/?{url}").context["tiles"][0].value)


def test_without_a_role_there_is_a_word_and_no_figure(network: list[Fact], client: Client) -> None:
    client.force_login(User.objects.create_user("nobody", is_staff=True))
    html = client.get("/").content.decode()
    assert "You have no role yet" in html
    assert "Revenue" not in html
    assert client.get("/overview/revenue.csv").status_code == 403
    assert client.get("/overview/nothing.csv").status_code == 403


def test_it_takes_the_same_queries_for_a_month_and_for_a_year(network: list[Fact], signed_in: Client) -> None:
    signed_in.get("/", SEPTEMBER)
    with CaptureQueriesContext(connection) as month:
        signed_in.get("/", SEPTEMBER)
    with CaptureQueriesContext(connection) as year:
        signed_in.get("/", {"from": "2026-01-01", "to": "2026-12-31"})
    assert len(month) == len(year)


def test_long_periods_are_drawn_by_week_and_by_month() -> None:
    month, year, years = (
        days(date(2026, 9, 1), date(2026, 9, 30)),
        days(date(2026, 1, 1), date(2026, 12, 31)),
        days(date(2018, 1, 15), date(2026, 12, 31)),
    )
    assert [step_of(period) for period in (month, year, years)] == ["day", "week", "month"]
    assert len(bars_of(month, "day")) == 30
    weeks = bars_of(year, "week")
    assert (len(weeks), weeks[-1]) == (53, days(date(2026, 12, 31), date(2026, 12, 31)))
    months = bars_of(years, "month")
    assert (len(months), months[0]) == (108, days(date(2018, 1, 15), date(2018, 1, 31)))


def test_the_color_of_an_hour_rises_in_equal_steps() -> None:
    assert [level_of(value, 100) for value in (0, 1, 20, 21, 40, 60, 80, 81, 100)] == [0, 1, 1, 2, 2, 3, 4, 5, 5]
    assert level_of(0, 0) == 0


def test_the_overview_says_what_is_missing_and_leads_there(signed_in: Client, network: Any, company: Any) -> None:
    needs = waiting(signed_in)
    assert "connectors without a price" not in needs
    Assignment.objects.update(valid_until=date(2000, 1, 1))
    needs = waiting(signed_in)
    assert needs["connectors without a price"].count == 2
    assert signed_in.get(needs["connectors without a price"].link).context["for_nobody"] == 2
