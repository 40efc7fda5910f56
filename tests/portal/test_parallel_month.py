"""The parallel month: what is compared, the causes of the differences, the lists and files behind each figure."""

import csv
import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal as D
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from billing import parallel, parallel_causes, parallel_parts
from billing.chargeables import REASONS
from billing.models import Cdr, Chargeable, TaxRule
from chargebill.core.models import LegalEntity
from stations.models import Location, Session
from tests.portal.parallel_month import Bring, Reported, september

SEPTEMBER = "from=2026-09-01&to=2026-09-30"


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def page(client: Client, query: str = SEPTEMBER, path: str = "") -> str:
    response = client.get(f"/parallel/{path}?{query}")
    assert response.status_code == 200
    return response.content.decode()


def table(client: Client, path: str, query: str = SEPTEMBER) -> list[dict[str, str]]:
    response = client.get(f"/parallel/{path}?{query}")
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))


def total(rows: list[Reported]) -> tuple[D, D]:
    """(reported, ours) of the sessions that can be compared."""
    known = [row for row in rows if row.amount is not None and row.currency == "EUR"]
    return sum((row.amount or D(0) for row in known), D(0)), sum((row.ours for row in known), D(0))


def test_every_session_has_one_cause_and_the_sums_are_those_of_the_file(reported: list[Reported], signed_in: Client) -> None:
    rows = table(signed_in, "causes.csv")

    assert {row["cause"]: int(row["sessions"]) for row in rows} == {
        "Equal": 6,
        "Rounding difference": 2,
        "They use EUR 0.45/kWh": 5,
        "No idle time at theirs": 4,
        "Free at theirs, charged by us": 2,
        "Not explained": 1,
    }
    theirs, ours = total(reported)
    assert sum(D(row["reported"]) for row in rows) == theirs
    assert sum(D(row["our_price"]) for row in rows) == ours
    assert sum(D(row["our_price_less_reported"]) for row in rows) == ours - theirs
    idle = next(row for row in rows if row["cause"] == "No idle time at theirs")
    assert D(idle["our_price_less_reported"]) == sum(D(row.idle) * D("0.02") for row in reported[8:12])


def test_the_page_says_the_shares_the_totals_and_the_difference_with_its_sign(
    reported: list[Reported], signed_in: Client
) -> None:
    text = words(page(signed_in))
    theirs, ours = total(reported)

    assert "Compared 20 " in text
    assert "Equal 30.0 % 6 sessions." in text
    assert "Rounding 10.0 % 2 sessions." in text
    assert "Different 60.0 % 12 sessions." in text
    assert f"All compared 20 {theirs:,.2f} {ours:,.2f} {'+' if ours > theirs else '−'}{abs(ours - theirs):,.2f}" in text
    assert "Everything is as in our price, but a kWh costs EUR 0.45: one price explains them all." in text


def test_what_can_not_be_compared_is_counted_with_its_reason(
    reported: list[Reported], bring_amounts: Bring, company: LegalEntity, signed_in: Client
) -> None:
    html = page(signed_in)
    assert "No reported amount The file gave no amount for these sessions. 1" in words(html)
    assert "There are also amounts in SEK, which are compared apart." in words(html)

    text = words(page(signed_in, f"{SEPTEMBER}&currency=SEK"))
    assert "No session has both amounts" in text
    assert "Other currency Our tariff is in another currency than the reported amount. 1" in text
    listed = table(signed_in, "sessions.csv", f"{SEPTEMBER}&currency=SEK&cause=other_currency")
    assert [(row["session_id"], row["reported"], row["our_price"]) for row in listed] == [("R021", "7.77", "")]


def test_a_session_without_a_tariff_is_not_compared(db: None, signed_in: Client, bring_amounts: Bring) -> None:
    bring_amounts(september()[:3])
    Chargeable.objects.update(state="UNPRICED", reason="no_tariff", cdr=None)
    assert Cdr.objects.count() == 3

    assert f"No tariff {REASONS['no_tariff']} 3" in words(page(signed_in))


def test_a_collected_session_without_a_price_of_ours_says_what_is_missing(
    bring_amounts: Bring, company: LegalEntity, signed_in: Client
) -> None:
    rows = september()
    # What energy is taxed with is known, so the reported amount can be split; what idle time is taxed with is not.
    TaxRule.objects.update(component="ENERGY")
    bring_amounts([rows[0], rows[21]], mode="collected")
    text = words(page(signed_in))

    assert f"No price {REASONS['no_tax_rule']} 1" in text
    assert "Other currency" in words(page(signed_in, f"{SEPTEMBER}&currency=SEK"))


def test_collected_sessions_are_compared_by_our_own_price(bring_amounts: Bring, signed_in: Client) -> None:
    rows = september()[:8]
    bring_amounts(rows, mode="collected")

    assert {row["cause"]: int(row["sessions"]) for row in table(signed_in, "causes.csv")} == {
        "Equal": 6,
        "Rounding difference": 2,
    }
    listed = table(signed_in, "sessions.csv", f"{SEPTEMBER}&cause=equal")
    assert {row["session_id"]: D(row["our_price"]) for row in listed} == {row.number: row.ours for row in rows[:6]}


def test_a_list_holds_the_sessions_of_its_cause_the_largest_difference_first(reported: list[Reported], signed_in: Client) -> None:
    html = page(signed_in, f"{SEPTEMBER}&cause=no_idle", "sessions/")

    assert re.findall(r"R0\d\d", words(html)) == ["R011", "R010", "R009", "R008"]
    pk = Session.objects.get(external_id="R011").pk
    assert f'href="/stations/session/{pk}/change/"' in html
    last = reported[11]
    assert f"{last.amount:.2f} {last.ours:.2f} +{last.idle * D('0.02'):.2f}" in words(html)


def test_the_files_hold_exactly_what_the_list_shows(reported: list[Reported], signed_in: Client) -> None:
    rows = table(signed_in, "sessions.csv", f"{SEPTEMBER}&cause=energy_price-0.45")
    response = signed_in.get(f"/parallel/sessions.xlsx?{SEPTEMBER}&cause=energy_price-0.45")
    sheet = load_workbook(io.BytesIO(b"".join(response.streaming_content))).active
    cells = list(sheet.iter_rows(values_only=True))

    assert [row["session_id"] for row in rows] == [f"R{n:03}" for n in (16, 15, 14, 13, 12)]
    assert [row[0] for row in cells[1:]] == [row["session_id"] for row in rows]
    assert list(cells[0]) == list(rows[0])
    fact = reported[16]
    assert (D(rows[0]["reported"]), D(rows[0]["our_price"])) == (fact.amount, fact.ours)
    assert rows[0]["cause"] == "They use EUR 0.45/kWh"
    assert rows[0]["tariff"] == "Standard"
    assert cells[1][2] == datetime.fromisoformat(rows[0]["ended_local"])


def test_a_reported_amount_keeps_its_digits(reported: list[Reported], signed_in: Client) -> None:
    row = next(r for r in table(signed_in, "sessions.csv", f"{SEPTEMBER}&cause=rounding") if r["session_id"] == "R007")

    assert (D(row["reported"]), row["our_price_less_reported"]) == (reported[7].amount, "0.004")
    assert "+0.004" in words(page(signed_in, f"{SEPTEMBER}&cause=rounding", "sessions/"))


def test_the_month_is_that_of_the_end_at_the_place(bring_amounts: Bring, signed_in: Client) -> None:
    """Ends at 23:59:59 and at 00:00:00 of 1 Oct in Berlin."""
    start = datetime.fromisoformat("2026-09-30T20:59:59+00:00")
    last = Reported("LAST", start, 40, 20, D(10), D("5.30"))
    first = Reported("FIRST", datetime.fromisoformat("2026-09-30T21:00:00+00:00"), 40, 20, D(10), D("5.30"))
    bring_amounts([last, first])

    assert [row["session_id"] for row in table(signed_in, "sessions.csv", f"{SEPTEMBER}&cause=equal")] == ["LAST"]
    october = "from=2026-10-01&to=2026-10-31"
    assert [row["session_id"] for row in table(signed_in, "sessions.csv", f"{october}&cause=equal")] == ["FIRST"]


def test_a_place_narrows_everything_down(reported: list[Reported], signed_in: Client) -> None:
    harbour = Location.objects.get(name="Harbour").pk

    assert [row["sessions"] for row in table(signed_in, "causes.csv", f"{SEPTEMBER}&location={harbour}")] == ["1"]
    assert "There is no such place at this company" in page(signed_in, f"{SEPTEMBER}&location=999")


def test_billed_sessions_are_not_part_of_it(bring_amounts: Bring, signed_in: Client) -> None:
    bring_amounts(september()[:6], mode="bill")

    assert "Nothing to compare with yet" in page(signed_in)


def test_a_month_without_sessions_leads_to_the_one_that_has_some(reported: list[Reported], signed_in: Client) -> None:
    html = page(signed_in, "from=2026-01-01&to=2026-01-31")

    assert "The last session with a reported amount ended on" in words(html)
    assert 'href="?from=2026-09-01&amp;to=2026-09-30"' in html


def test_it_opens_on_the_latest_month_with_sessions(reported: list[Reported], signed_in: Client) -> None:
    assert "Compared 20 " in words(page(signed_in, ""))


def test_it_opens_there_though_the_company_has_billed_since(
    reported: list[Reported], bring_amounts: Bring, signed_in: Client
) -> None:
    later = [replace(row, number=f"L{row.number}", start=row.start + timedelta(days=45)) for row in reported]
    bring_amounts(later, mode="bill")
    assert "Compared 20 " in words(page(signed_in, ""))


@pytest.mark.parametrize("query", ["from=2026-13-01", "from=2026-09-30&to=2026-09-01", "entity=x", "location=x", "currency=%00"])
def test_an_address_that_makes_no_sense_is_said_in_words(query: str, reported: list[Reported], signed_in: Client) -> None:
    assert page(signed_in, query)
    assert page(signed_in, query, "sessions/")


@pytest.mark.parametrize("key", ["", "nothing", "energy_price-9", "energy_price-x", "no_price-x", "unexplained-%3Cb%3E"])
def test_a_cause_that_is_gone_leads_back(key: str, reported: list[Reported], signed_in: Client) -> None:
    html = page(signed_in, f"{SEPTEMBER}&cause={key}", "sessions/")

    assert "No such difference" in html
    assert "Back to the parallel month" in html
    assert table(signed_in, "sessions.csv", f"{SEPTEMBER}&cause={key}") == []


def test_too_many_differences_are_counted_but_not_explained(
    reported: list[Reported], signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "MOST_DIFFERENT", 11)
    text = words(page(signed_in))

    assert "Different 60.0 % 12 sessions." in text
    assert "sessions differ: too many to look for causes at once" in text
    assert "No idle time" not in text


def test_it_takes_the_same_queries_however_many_sessions(bring_amounts: Bring, signed_in: Client) -> None:
    bring_amounts(september())

    def queries(path: str, more: str = "") -> int:
        with CaptureQueriesContext(connection) as captured:
            page(signed_in, SEPTEMBER + more, path)
        return len(captured)

    page(signed_in)
    before = queries(""), queries("sessions/"), queries("sessions/", "&cause=equal")
    bring_amounts(september(60))
    assert (queries(""), queries("sessions/"), queries("sessions/", "&cause=equal")) == before
    assert before[0] <= 16


def test_pages_hold_fifty_sessions(bring_amounts: Bring, signed_in: Client) -> None:
    rows = september(60)
    bring_amounts([row for row in rows if row.start < datetime.fromisoformat("2026-10-01T00:00:00+00:00")])
    query = "period=all&cause=different"
    first, second = (page(signed_in, f"{query}&page={n}", "sessions/") for n in (1, 2))

    assert "1 to 50 of 72" in words(first)
    assert "51 to 72 of 72" in words(second)
    numbers = re.findall(r"R\d\d\d", words(first) + words(second))
    assert len(numbers) == len(set(numbers)) == 72
    assert "51 to 72 of 72" in words(page(signed_in, f"{query}&page=99", "sessions/"))
    assert "1 to 50 of 72" in words(page(signed_in, f"{query}&page=x", "sessions/"))


def test_who_may_open_it(reported: list[Reported], client: Client, staff: Callable[[str], Any]) -> None:
    from chargebill.core.models import User

    assert client.get("/parallel/").status_code == 302
    for role in ("Billing clerk", "Analyst", "Auditor"):
        client.force_login(staff(role))
        assert client.get("/parallel/").status_code == 200
    nobody = User.objects.create(username="nobody", is_staff=True)
    client.force_login(nobody)
    for path in ("", "sessions/", "sessions.csv", "sessions.xlsx", "causes.csv", "causes.xlsx"):
        assert client.get(f"/parallel/{path}").status_code == 403


def test_the_figures_are_exact_for_many_amounts(bring_amounts: Bring, company: LegalEntity) -> None:
    """SQLite adds up binary fractions: rounded back to four digits they are the decimals' sum."""
    rows = september(60)
    bring_amounts(rows)
    found = parallel.figures(parallel.Selection(company, parallel.Period(datetime(2026, 1, 1).date())))  # noqa: DTZ001
    theirs, ours = total(rows)

    assert (found.compared.theirs, found.compared.ours) == (theirs, ours)
    assert found.compared.sessions == 80
    every = parallel_causes.differences(parallel.Selection(company, parallel.Period(datetime(2026, 1, 1).date())), found)  # noqa: DTZ001
    assert sum(one.pair.theirs for one in every) == found.different.theirs


def test_the_parts_of_collected_sessions_are_computed_again_to_find_causes(bring_amounts: Bring, signed_in: Client) -> None:
    bring_amounts(september(), mode="collected")

    found = {row["cause"]: int(row["sessions"]) for row in table(signed_in, "causes.csv")}
    assert found["No idle time at theirs"] == 4
    assert found["They use EUR 0.45/kWh"] == 5


def test_too_many_collected_sessions_are_compared_by_their_totals(
    bring_amounts: Bring, signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_amounts(september(), mode="collected")
    monkeypatch.setattr(parallel_parts, "MOST", 3)

    found = {row["cause"]: int(row["sessions"]) for row in table(signed_in, "causes.csv")}
    assert found == {
        "Equal": 6,
        "Rounding difference": 2,
        "Free at theirs, charged by us": 2,
        # Those without idle time, seen from their total alone.
        "They charge energy only, EUR 0.49/kWh": 4,
        "Not explained": 6,
    }
