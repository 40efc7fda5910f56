"""The list of quarantined rows: what waits, why, narrowed by its address, taken away as CSV, dismissed with a reason."""

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from chargebill.core.models import AuditEvent, LegalEntity
from chargebill.core.roles import ADMINISTRATOR, ANALYST, BILLING_CLERK, ROLES
from stations.models import ImportBatch, QuarantinedRow
from tests.portal.import_files import import_text, line, text_of

URL = "/stations/quarantinedrow/"
DISMISS = "/quarantine/dismiss/"


@pytest.fixture
def batch(entity: LegalEntity) -> ImportBatch:
    """Line 2 has no end, line 3 a negative energy, line 4 no end."""
    return import_text(entity, text_of(line("1", end=""), line("2", kwh="-5"), line("3", end="")), name="may.csv")


@pytest.fixture
def steve(entity: LegalEntity) -> ImportBatch:
    header = "transaction_pk,charge_box_id,connector_id,id_tag,start_timestamp,start_value,stop_timestamp,stop_value,stop_reason"
    return import_text(entity, text_of("1,CB1,1,T,2026-05-01T10:00Z,1000,,2000,", header=header), name="steve.csv")


def lines(response: HttpResponse) -> list[tuple[str, str]]:
    """(file, line) of each row shown."""
    assert response.status_code == 200
    html = response.content.decode()
    return [
        (name, number)
        for number, name in re.findall(
            r'href="/quarantine/\d+/">Line (\d+)</a>.*?cb-file-name"[^>]*>([^<]+)</a>', html, re.DOTALL
        )
    ]


def words(response: HttpResponse) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_rows_that_wait_are_listed_the_newest_import_first(batch: ImportBatch, steve: ImportBatch, clerk: Client) -> None:
    assert lines(clerk.get(URL)) == [("steve.csv", "2"), ("may.csv", "2"), ("may.csv", "3"), ("may.csv", "4")]


def test_the_address_narrows_the_list(entity: LegalEntity, batch: ImportBatch, steve: ImportBatch, clerk: Client) -> None:
    of_may = [("may.csv", "2"), ("may.csv", "3"), ("may.csv", "4")]

    assert lines(clerk.get(f"{URL}?code=energy_negative")) == [("may.csv", "3")]
    assert lines(clerk.get(f"{URL}?layout=steve")) == [("steve.csv", "2")]
    assert lines(clerk.get(f"{URL}?import={batch.pk}")) == of_may
    assert lines(clerk.get(f"{URL}?entity={entity.pk}&layout=chargebill")) == of_may
    assert lines(clerk.get(f"{URL}?state=DISMISSED")) == []


def test_an_import_that_met_rows_again_shows_them_too(entity: LegalEntity, batch: ImportBatch, clerk: Client) -> None:
    again = import_text(entity, text_of(line("9"), line("2", kwh="-5")), name="june.csv")

    assert again.rows_quarantined == 1
    assert lines(clerk.get(f"{URL}?import={again.pk}")) == [("may.csv", "3")]


def test_an_address_that_makes_no_sense_is_said_to(batch: ImportBatch, clerk: Client) -> None:
    response = clerk.get(f"{URL}?import=77777&entity=x&state=GONE&code=nothing&p=zzz")

    assert "There is no import 77777" in words(response)
    assert "There is no company x" in words(response)
    assert "There is no state GONE" in words(response)
    assert lines(response) == []


def test_reasons_are_counted_whatever_reason_is_shown(batch: ImportBatch, clerk: Client) -> None:
    html = clerk.get(URL).content.decode()
    groups = re.findall(r'class="cb-group-title"[^>]*>([^<]+)</a>.*?<strong class="cb-num">(\d+)</strong>', html, re.DOTALL)
    assert groups == [("No end time", "2"), ("Negative energy", "1")]

    tabs = words(clerk.get(f"{URL}?code=end_missing"))
    assert "Waiting 2 Corrected 0 Dismissed 0 All 2" in tabs


def test_an_empty_quarantine_says_what_it_is_for(entity: LegalEntity, clerk: Client) -> None:
    assert "Nothing in quarantine" in words(clerk.get(URL))


def test_a_very_long_row_does_not_make_a_long_page(entity: LegalEntity, clerk: Client) -> None:
    import_text(entity, text_of(line("1", end="").replace("Town hall", "x" * 300_000)))

    assert len(clerk.get(URL).content) < 60_000
    row = QuarantinedRow.objects.get()
    assert len(clerk.get(f"/quarantine/{row.pk}/").content) < 400_000


def downloaded(client: Client, query: str = "") -> list[list[str]]:
    response = client.get(f"/quarantine/rows.csv?{query}")
    assert response.streaming
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode())))


def test_the_download_has_every_row_with_its_reason(batch: ImportBatch, clerk: Client) -> None:
    assert downloaded(clerk, "state=ALL") == [
        ["file", "line", "code", "reason", "column", "state", "row"],
        ["may.csv", "2", "end_missing", QuarantinedRow.objects.get(line_no=2).message, "end", "Waiting", line("1", end="")],
        ["may.csv", "3", "energy_negative", "The energy is negative (-5 kWh).", "energy_kwh", "Waiting", line("2", kwh="-5")],
        ["may.csv", "4", "end_missing", QuarantinedRow.objects.get(line_no=4).message, "end", "Waiting", line("3", end="")],
    ]


def test_the_download_holds_what_the_list_shows(batch: ImportBatch, steve: ImportBatch, clerk: Client) -> None:
    assert [row[:2] for row in downloaded(clerk, "code=energy_negative")[1:]] == [["may.csv", "3"]]
    assert [row[:2] for row in downloaded(clerk, f"import={steve.pk}")[1:]] == [["steve.csv", "2"]]


def test_nothing_in_the_download_runs_as_a_formula(entity: LegalEntity, clerk: Client) -> None:
    import_text(entity, text_of(line("=cmd|'/C calc'!A1", end="")), name="=1+1.csv")
    row = downloaded(clerk)[1]

    assert row[0] == "'=1+1.csv"
    assert row[-1].startswith("'=cmd|")


def test_an_analyst_reads_reasons_but_no_rows(batch: ImportBatch, client_of: Callable[[str], Client]) -> None:
    analyst = client_of(ANALYST)
    row = QuarantinedRow.objects.get(line_no=3)

    assert "Town hall" not in words(analyst.get(URL))
    assert "Town hall" not in words(analyst.get(f"/quarantine/{row.pk}/"))
    assert "The energy is negative" in words(analyst.get(f"/quarantine/{row.pk}/"))
    assert analyst.get("/quarantine/rows.csv").status_code == 403


def test_dismissing_a_reason_needs_one(batch: ImportBatch, clerk: Client) -> None:
    page = clerk.get(f"{DISMISS}?code=end_missing")
    assert "2 rows that wait for this reason: No end time" in words(page)

    refused = clerk.post(f"{DISMISS}?code=end_missing", {"reason": "  ", "up_to": "999999"})
    assert "Nothing was changed." in words(refused)
    assert QuarantinedRow.objects.filter(state="WAITING").count() == 3


def test_a_reason_is_dismissed_with_name_and_reason_and_the_others_stay(
    batch: ImportBatch, clerk: Client, staff: Callable[..., Any]
) -> None:
    last = max(QuarantinedRow.objects.values_list("pk", flat=True))
    response = clerk.post(f"{DISMISS}?code=end_missing", {"reason": "Still running", "up_to": str(last)}, follow=True)

    assert "2 rows dismissed." in words(response)
    dismissed = QuarantinedRow.objects.filter(state="DISMISSED")
    assert {(row.line_no, row.decided_by, row.decision_reason) for row in dismissed} == {
        (2, staff(BILLING_CLERK), "Still running"),
        (4, staff(BILLING_CLERK), "Still running"),
    }
    assert QuarantinedRow.objects.get(line_no=3).state == "WAITING"
    event = AuditEvent.objects.get(action="quarantine.dismissed")
    assert (event.reason, event.actor, len(event.changes["rows"])) == ("Still running", staff(BILLING_CLERK), 2)


def test_rows_that_came_after_the_form_was_opened_stay(entity: LegalEntity, batch: ImportBatch, clerk: Client) -> None:
    html = clerk.get(f"{DISMISS}?code=end_missing").content.decode()
    up_to = re.search(r'name="up_to" value="(\d+)"', html)
    assert up_to
    import_text(entity, text_of(line("8", end="")), name="later.csv")
    clerk.post(f"{DISMISS}?code=end_missing", {"reason": "Still running", "up_to": up_to[1]})

    assert [row.batch.file_name for row in QuarantinedRow.objects.filter(code="end_missing", state="WAITING")] == ["later.csv"]


def test_only_rows_of_the_filters_are_dismissed(
    entity: LegalEntity, batch: ImportBatch, steve: ImportBatch, clerk: Client
) -> None:
    last = max(QuarantinedRow.objects.values_list("pk", flat=True))
    clerk.post(f"{DISMISS}?code=end_missing&import={steve.pk}", {"reason": "Test", "up_to": str(last)})

    assert set(QuarantinedRow.objects.filter(state="DISMISSED").values_list("batch__file_name", flat=True)) == {"steve.csv"}


@pytest.mark.parametrize("query", ["", "code=", "code=end_missing&import=77777", "layout=chargebill"])
def test_without_one_clear_reason_nothing_is_dismissed(query: str, batch: ImportBatch, clerk: Client) -> None:
    response = clerk.post(f"{DISMISS}?{query}", {"reason": "Away with them", "up_to": "99999999"}, follow=True)

    assert "Nothing was changed." in words(response)
    assert not QuarantinedRow.objects.exclude(state="WAITING").exists()


@pytest.mark.parametrize("role", [ADMINISTRATOR, *ROLES])
def test_only_clerks_and_administrators_dismiss(role: str, batch: ImportBatch, client_of: Callable[[str], Client]) -> None:
    client, allowed = client_of(role), role in (ADMINISTRATOR, BILLING_CLERK)
    last = max(QuarantinedRow.objects.values_list("pk", flat=True))

    assert client.get(URL).status_code == 200
    assert ("Dismiss all" in words(client.get(URL))) == allowed
    answer = client.post(f"{DISMISS}?code=end_missing", {"reason": "Test", "up_to": str(last)})
    assert answer.status_code == (302 if allowed else 403)
    assert QuarantinedRow.objects.filter(state="DISMISSED").exists() == allowed
