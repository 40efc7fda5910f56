"""The page of statistics and its files: who may see what, where every number leads, wrong input, and the command."""

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from chargebill.core.models import User
from chargebill.core.roles import ADMINISTRATOR, ROLES
from disputes.models import Case
from disputes.operations.from_driver import write_as_driver
from disputes.statistics_queries import DIMENSIONS
from tests.disputes.conftest import opened
from tests.disputes.histories import lived, network
from tests.documents.conftest import Operator

PAGE, SPAN = "/disputes/statistics/", "period=2018"
FILES = ("table.csv", "report.csv", "cases.csv")
PEOPLE = ("Dispute supervisor", "Finance", "Auditor", ADMINISTRATOR)
Of = Callable[[str], Client]


class Links(HTMLParser):
    """Addresses of the queue on a page, with the number that stands on each."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.open = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.open = dict(attrs).get("href") or ""
        elif tag == "span" and self.open and "cb-tile-title" in (dict(attrs).get("class") or ""):
            self.open = ""

    def handle_data(self, data: str) -> None:
        if self.open.startswith("/disputes/case/?statistics=") and data.strip():
            self.found.append((self.open, data.split()[0]))
            self.open = ""


@pytest.fixture
def lives(operator: Operator, agent: User, supervisor: User) -> Operator:
    lived(Random(11), operator, agent, supervisor, network(operator))
    return operator


def said(response: Any) -> str:
    return response.content.decode()


def rows(response: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(b"".join(response.streaming_content).decode())))


@pytest.mark.parametrize("role", [ADMINISTRATOR, *ROLES])
def test_who_sees_figures_and_who_compares_people(billed: Operator, client_of: Of, role: str) -> None:
    case = opened("M1")
    client, reads = client_of(role), role != "Analyst"
    for path in (PAGE, *(PAGE + name for name in FILES)):
        assert client.get(f"{path}?{SPAN}").status_code == (200 if reads else 403)
        expected = 200 if role in PEOPLE else 403
        assert client.get(f"{path}?{SPAN}&by=agent").status_code == expected
    page = said(client.get(f"{PAGE}?{SPAN}"))
    assert ("Looked after by" in page) == (role in PEOPLE)
    listed = client.get(f"/disputes/case/?statistics={case.entity_id}.2018-01-01.2019-01-01.cases.agent.-")
    assert (case.number in said(listed)) == (role in PEOPLE)


def test_strangers_are_asked_to_sign_in(billed: Operator, client: Client) -> None:
    for path in (PAGE, *(PAGE + name for name in FILES)):
        assert client.get(path)["Location"].startswith("/login/")


@pytest.mark.parametrize("by", DIMENSIONS)
def test_every_number_leads_to_as_many_cases(lives: Operator, client_of: Of, by: str) -> None:
    client = client_of("Dispute supervisor")
    links = [(url, text) for url, text in Links(said(client.get(f"{PAGE}?{SPAN}&by={by}"))).found if text.isdigit()]
    assert len(links) > 12
    for url, text in links:
        assert client.get(url).context["cl"].result_count == int(text)


def test_the_list_behind_a_figure_says_where_it_comes_from_and_goes_into_a_file(lives: Operator, client_of: Of) -> None:
    client = client_of("Dispute agent")
    query = f"statistics={lives.entity.pk}.2018-01-01.2019-01-01.withdrawn.."
    page = said(client.get(f"/disputes/case/?{query}"))
    assert "Withdrawn, Tayside Charging, 1 Jan – 31 Dec 2018" in page
    assert f'href="{PAGE}?entity={lives.entity.pk}&amp;period=2018&amp;by=cause">back to the statistics' in page
    ended = Case.objects.filter(state="WITHDRAWN", opened_at__year=2018)
    numbers = [row["number"] for row in rows(client.get(f"/disputes/case/export.csv?{query}"))]
    assert sorted(numbers) == sorted(ended.values_list("number", flat=True)) != []


@pytest.mark.parametrize(
    "value",
    ["x", "1", "1.2018-01-01.2019-01-01.cases", "x.2018-01-01.2019-01-01.cases..", "1.2018-13-01.2019-01-01.cases..",
     "1.2019-01-01.2018-01-01.cases..", "1.2018-01-01.2019-01-01.nothing..", "1.2018-01-01.2019-01-01.cases.weather.x",
     "999999.2018-01-01.2019-01-01.cases..", "1.0001-01-01.9999-12-31.cases..", "1.2018-01-01.2019-01-01.cases.place.\x00"],
)  # fmt: skip
def test_a_figure_there_is_not_lists_nothing(billed: Operator, client_of: Of, value: str) -> None:
    opened("A1")
    response = client_of("Dispute agent").get("/disputes/case/", {"statistics": value})
    assert response.status_code == 200
    assert response.context["cl"].result_count == 0


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("period=2018Q5", "That is no quarter, month or year."),
        ("period=0001", "That is no quarter, month or year."),
        ("from=2018-10-01&to=x", "Give both dates as year-month-day"),
        ("from=2018-10-01", "Give both dates as year-month-day"),
        ("from=2018-10-02&to=2018-10-01", "The time ends before it begins"),
        ("from=0001-01-01&to=9999-12-31", "Give dates between 1990 and 2199."),
    ],
)
def test_wrong_days_are_named_and_the_newest_cases_shown(billed: Operator, client_of: Of, query: str, problem: str) -> None:
    opened("A1")
    page = said(client_of("Dispute agent").get(f"{PAGE}?{query}"))
    assert problem in page
    assert "cases opened 1 Oct – 31 Dec 2018" in page


def test_the_first_years_and_the_last_can_be_asked_for(billed: Operator, client_of: Of) -> None:
    client = client_of("Dispute agent")
    for query in ("period=1990", "period=2199", "period=1990Q1", "from=1990-01-01&to=2199-12-31", "entity=x&by=weather"):
        assert client.get(f"{PAGE}?{query}").status_code == 200


def test_empty_days_say_so_and_lead_to_the_newest_cases(billed: Operator, client_of: Of) -> None:
    client = client_of("Dispute agent")
    assert "A case is opened from the page of a session" in said(client.get(PAGE))
    opened("A1")
    page = said(client.get(f"{PAGE}?period=2017"))
    assert "No case was opened in these days" in page
    assert "Show the newest cases" in page


def test_without_a_company_there_is_a_page_and_no_file(db: None, client_of: Of) -> None:
    client = client_of("Dispute agent")
    assert "No company yet" in said(client.get(PAGE))
    assert {client.get(PAGE + name).status_code for name in FILES} == {404}


def test_the_page_takes_the_same_queries_however_many_cases(
    operator: Operator, agent: User, supervisor: User, client_of: Of
) -> None:
    client, numbers = client_of("Dispute supervisor"), network(operator)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"{PAGE}?{SPAN}&by=place").status_code == 200
        return len(captured)

    opened(numbers[0])
    queries()
    few = queries()
    lived(Random(12), operator, agent, supervisor, numbers[1:])
    assert queries() == few


def test_the_report_adds_up_to_the_page(lives: Operator, client_of: Of) -> None:
    client = client_of("Finance")
    response = client.get(f"{PAGE}report.csv?{SPAN}")
    assert response["Content-Disposition"].startswith('attachment; filename="case-report-2018-made-20')
    report = rows(response)
    (total,) = [row for row in rows(client.get(f"{PAGE}table.csv?{SPAN}")) if row["cause"] == "All cases"]
    assert {row["month"] for row in report} >= {"2018-10", "2018-11", "2018-12"}
    for name in ("cases_received", "merged", "cases", "answered", "resolved", "upheld_in_part", "not_upheld", "withdrawn"):
        assert sum(int(row[name]) for row in report) == int(total[name])
    by_channel = [name for name in report[0] if name.startswith("received_")]
    assert len(by_channel) == 5
    assert all(sum(int(row[name]) for name in by_channel) == int(row["cases_received"]) for row in report)
    for row in report:
        late_but_answered = int(row["answered"]) - int(row["first_reply_in_time"])
        assert 0 <= late_but_answered <= int(row["first_reply_late"])
    for currency in ("EUR", "GBP"):
        mine = [row for row in report if row["currency"] == currency]
        assert sum(float(row["credited"]) for row in mine) == pytest.approx(float(total[f"credited_{currency}"]))
    assert len({row["made_utc"] for row in report}) == 1


def test_what_drivers_write_later_counts_in_its_own_month(billed: Operator, agent: User, client_of: Of) -> None:
    case = opened("A1", at=datetime(2018, 10, 30, 9, tzinfo=UTC))
    for at in (datetime(2018, 10, 31, 23, 59, tzinfo=UTC), datetime(2018, 11, 1, 0, 0, tzinfo=UTC)):
        write_as_driver(case=case, body="And?", at=at)
    report = rows(client_of("Auditor").get(f"{PAGE}report.csv?period=2018Q4"))
    assert [(row["month"], row["cases_received"], row["later_messages_of_drivers"]) for row in report] == [
        ("2018-10", "1", "1"), ("2018-11", "0", "1"),
    ]  # fmt: skip


def test_a_row_for_each_case_has_nothing_personal(lives: Operator, client_of: Of) -> None:
    Case.objects.update(contact_name="Xaviera Quux", contact_email="xaviera@example.org")
    response = client_of("Dispute agent").get(f"{PAGE}cases.csv?{SPAN}")
    text = b"".join(response.streaming_content).decode()
    listed = list(csv.DictReader(StringIO(text)))
    of_year = Case.objects.filter(opened_at__year=2018)
    assert [row["number"] for row in listed] == list(of_year.order_by("opened_at", "pk").values_list("number", flat=True))
    for hidden in ("Quux", "xaviera", "C-Ada", "My car took", "dispute-agent", "T-Ada"):
        assert hidden not in text


def test_the_command_prints_what_the_page_shows_and_writes_its_files(
    lives: Operator, client_of: Of, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = {name: tmp_path / f"{name}.csv" for name in ("csv", "report", "cases")}
    options = [f"--{name}={path}" for name, path in paths.items()]
    call_command("case_statistics", "--company", "Tayside Charging", "--quarter", "2018Q4", "--by", "place", *options)
    printed = json.loads(capsys.readouterr().out)
    client = client_of("Finance")
    table = rows(client.get(f"{PAGE}table.csv?period=2018Q4&by=place"))
    assert (printed["from"], printed["to"], printed["before"]["from"]) == ("2018-10-01", "2018-12-31", "2018-07-01")
    assert [row["what"] for row in printed["rows"]] + ["All cases"] == [row["place"] for row in table]
    for one, row in zip([*printed["rows"], printed["total"]], table, strict=True):
        for name in ("cases", "still_open", "first_reply_late", "upheld_in_whole"):
            assert str(one[name]) == row[name]
        assert ("" if one["sessions"] is None else str(one["sessions"])) == row["sessions"]
        for name in ("cases_per_1000_sessions", "first_reply_median_business_days", "resolution_p90_hours", "upheld_percent"):
            assert (one[name] or "") == row[name]
        for currency, money in one["money"].items():
            assert money["credited"] == row[f"credited_{currency}"]
    for name, url in (("csv", "table.csv"), ("report", "report.csv"), ("cases", "cases.csv")):
        with paths[name].open(newline="") as lines:
            mine = [{k: v for k, v in row.items() if k != "made_utc"} for row in csv.DictReader(lines)]
        theirs = rows(client.get(f"{PAGE}{url}?period=2018Q4&by=place"))
        assert mine == [{k: v for k, v in row.items() if k != "made_utc"} for row in theirs]


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ([], "--quarter"),
        (["--quarter", "2018"], "--quarter"),
        (["--quarter", "2018-10"], "--quarter"),
        (["--month", "2018Q4"], "--month"),
        (["--year", "2018Q4"], "--year"),
        (["--year", "2018", "--month", "2018-10"], "--quarter"),
        (["--from", "2018-10-01"], "--quarter"),
        (["--from", "2018-10-02", "--to", "2018-10-01"], "--from"),
        (["--from", "0001-10-02", "--to", "2018-10-01"], "--from"),
        (["--year", "2018", "--entity", "Nobody"], "--entity"),
        (["--year", "2018", "--csv", "/nowhere/x.csv"], "--csv"),
    ],
)
def test_the_command_says_what_is_wrong(
    billed: Operator, capsys: pytest.CaptureFixture[str], options: list[str], where: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("case_statistics", *options)
    assert ended.value.code == 2
    assert json.loads(capsys.readouterr().err)["error"]["where"] == where
