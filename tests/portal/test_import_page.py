"""The page of one import: true progress while it runs, a sum that adds up at the end, and a way on after a failure."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from chargebill.core.models import Job, LegalEntity
from chargebill.core.roles import ADMINISTRATOR, ANALYST, AUDITOR, BILLING_CLERK, ROLES
from chargebill.portal import imports
from stations.models import ConnectorStatus, ImportBatch, Location, Session
from tests.portal.import_files import import_text, line, text_of

GOOD = text_of(line("1"), line("2"))
MIXED = text_of(line("1"), line("2", kwh="-5"), line("3", end=""), line("4", end=""), line("5", token="CARD1"))


def words(response: HttpResponse) -> str:
    assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def page(client: Client, batch: ImportBatch) -> HttpResponse:
    return client.get(f"/imports/{batch.pk}/")


def running(batch: ImportBatch, **fields: Any) -> None:
    now = timezone.now()
    started = {"state": "RUNNING", "attempt": 1, "started_at": now - timedelta(seconds=10), "heartbeat_at": now}
    Job.objects.filter(pk=batch.job_id).update(**{**started, **fields})


def test_an_import_that_waits_says_so_and_keeps_asking(entity: LegalEntity, clerk: Client) -> None:
    batch = import_text(entity, GOOD, here=False)
    response = page(clerk, batch)

    assert "0 of 2 rows , waiting for a free worker" in words(response)
    html = response.content.decode()
    assert f'hx-get="/imports/{batch.pk}/progress/" hx-trigger="every 1s"' in html
    assert '<meta http-equiv="refresh"' in html


def test_progress_says_how_many_of_how_many_and_how_long(entity: LegalEntity, clerk: Client) -> None:
    batch = import_text(entity, GOOD, here=False)
    # 12,000 rows in 10 s: the other 6,000 take 5 s more.
    running(batch, done=12_000, total=18_000)
    response = clerk.get(f"/imports/{batch.pk}/progress/")

    assert "12,000 of 18,000 rows , about 5 s left" in words(response)
    assert '<progress class="cb-bar" value="12000" max="18000"' in response.content.decode()
    assert 'data-announce="60 % imported"' in response.content.decode()


def test_after_a_restart_the_time_left_counts_only_what_this_worker_did(entity: LegalEntity, clerk: Client) -> None:
    batch = import_text(entity, GOOD, here=False)
    # This attempt did 2,000 rows in 10 s; the 40,000 left take 200 s.
    running(batch, done=60_000, total=100_000, attempt=2, checkpoint={"done_before": 58_000})

    assert "60,000 of 100,000 rows , about 4 min left" in words(page(clerk, batch))


def test_an_import_nobody_picks_up_asks_for_a_worker(entity: LegalEntity, clerk: Client) -> None:
    batch = import_text(entity, GOOD, here=False)
    assert "Is a worker running?" not in words(page(clerk, batch))

    Job.objects.update(created_at=timezone.now() - timedelta(seconds=30))
    assert "Is a worker running?" in words(page(clerk, batch))


def test_a_silent_worker_is_not_shown_as_progress(entity: LegalEntity, clerk: Client) -> None:
    batch = import_text(entity, GOOD, here=False)
    running(batch, done=1, total=2, heartbeat_at=timezone.now() - timedelta(seconds=40))

    # On a busy machine the page itself takes a second or two.
    assert re.search(r"The worker has said nothing for 4\d s\.", words(page(clerk, batch)))


def test_at_the_end_the_sum_adds_up_and_nothing_asks_any_more(entity: LegalEntity, clerk: Client) -> None:
    batch = import_text(entity, MIXED)
    response = page(clerk, batch)

    assert "read 5 = imported 2 + updated 0 + unchanged 0 + quarantined 3" in words(response)
    html = response.content.decode()
    assert "every 1s" not in html
    assert f'href="/stations/session/?batch={batch.pk}"' in html
    assert f'href="/stations/quarantinedrow/?import={batch.pk}"' in html


def test_a_file_without_a_row_says_so(entity: LegalEntity, clerk: Client) -> None:
    assert "There is no row in this file" in words(page(clerk, import_text(entity, text_of())))
    assert "There is no row in this file" not in words(page(clerk, import_text(entity, GOOD)))


def test_rows_in_quarantine_are_grouped_by_reason_the_most_frequent_first(entity: LegalEntity, clerk: Client) -> None:
    html = page(clerk, import_text(entity, MIXED)).content.decode()
    groups = re.findall(r'class="cb-group-title"[^>]*>([^<]+)</a>.*?<strong class="cb-num">(\d+)</strong>', html, re.DOTALL)

    assert groups == [("No end time", "2"), ("Negative energy", "1")]


def test_held_sessions_are_one_click_away(entity: LegalEntity, clerk: Client) -> None:
    batch = import_text(entity, GOOD)
    ImportBatch.objects.update(rows_held=2)
    html = page(clerk, batch).content.decode()

    assert f"/stations/session/?batch={batch.pk}&amp;state=HELD" in html


def test_the_same_file_again_is_called_that(entity: LegalEntity, clerk: Client) -> None:
    first, second = import_text(entity, MIXED), import_text(entity, MIXED, name="again.csv")

    assert "imported before" not in words(page(clerk, first))
    response = page(clerk, second)
    assert "This very file was imported before" in words(response)
    assert f'href="/imports/{first.pk}/"' in response.content.decode()
    assert "read 5 = imported 0 + updated 0 + unchanged 2 + quarantined 3" in words(response)


def failed(batch: ImportBatch) -> None:
    error = {"code": "file_gone", "where": "line 3", "message": "The stored file is gone."}
    Job.objects.filter(pk=batch.job_id).update(
        state="FAILED", attempt=1, done=1, error=error, started_at=timezone.now(), finished_at=timezone.now()
    )


def test_a_failure_says_what_happened_and_what_was_stored(entity: LegalEntity, clerk: Client) -> None:
    batch = import_text(entity, GOOD, here=False)
    failed(batch)
    shown = words(page(clerk, batch))

    assert "The import stopped after 1 of 2 rows. The stored file is gone." in shown
    assert "Where: line 3 · file_gone" in shown
    assert "nothing is stored twice" in shown


def test_trying_again_goes_on_to_the_end(entity: LegalEntity, clerk: Client, run_jobs: Callable[[], None]) -> None:
    batch = import_text(entity, GOOD, here=False)
    DBTaskResult.objects.all().delete()
    failed(batch)
    response = clerk.post(f"/imports/{batch.pk}/retry/")
    assert response["Location"] == f"/imports/{batch.pk}/"

    run_jobs()
    assert "read 2 = imported 2 + updated 0 + unchanged 0 + quarantined 0" in words(page(clerk, batch))


def test_trying_again_is_a_deed_of_clerks_and_only_a_post(entity: LegalEntity, client_of: Callable[[str], Client]) -> None:
    batch = import_text(entity, GOOD, here=False)
    failed(batch)

    assert client_of(BILLING_CLERK).get(f"/imports/{batch.pk}/retry/").status_code == 405
    assert "Try again" not in words(page(client_of(AUDITOR), batch))
    assert client_of(AUDITOR).post(f"/imports/{batch.pk}/retry/").status_code == 403
    assert Job.objects.get(pk=batch.job_id).state == "FAILED"


def test_an_import_that_went_well_is_not_tried_again(entity: LegalEntity, clerk: Client) -> None:
    batch = import_text(entity, GOOD)
    response = clerk.post(f"/imports/{batch.pk}/retry/", follow=True)

    assert "This import has not failed" in words(response)
    assert Job.objects.get(pk=batch.job_id).state == "DONE"


def test_places_and_tokens_an_import_made_wait_to_be_looked_at(entity: LegalEntity, clerk: Client) -> None:
    batch = import_text(entity, MIXED)
    html = page(clerk, batch).content.decode()

    assert re.findall(r'href="(/[^"]+\?needs_review__exact=1)">([^<]+)</a>', html) == [
        ("/stations/location/?needs_review__exact=1", "1 place"),
        ("/stations/evse/?needs_review__exact=1", "1 EVSE"),
        ("/stations/connector/?needs_review__exact=1", "1 connector"),
        ("/memberships/token/?needs_review__exact=1", "1 token"),
    ]
    assert clerk.get("/stations/location/?needs_review__exact=1").status_code == 200

    Location.objects.update(needs_review=False)
    assert "1 place" not in words(page(clerk, batch))


@pytest.mark.parametrize("large", [50_000, 0], ids=["small import", "large import"])
def test_another_imports_unknown_places_are_not_this_ones(
    large: int, entity: LegalEntity, clerk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "LARGE", large)
    first = import_text(entity, GOOD)
    second = import_text(entity, text_of(line("9").replace("Town hall,E1", "Harbor,H7")), name="second.csv")
    third = import_text(entity, text_of(line("10", token="CARD1")), name="third.csv")

    for batch in (first, second):
        assert "1 place 1 EVSE 1 connector" in words(page(clerk, batch))
        assert "1 token" not in words(page(clerk, batch))
    assert "1 place 1 EVSE 1 connector 1 token" in words(page(clerk, third))


def test_tokens_are_not_counted_for_who_may_not_see_them(entity: LegalEntity, client_of: Callable[[str], Client]) -> None:
    assert "token" not in words(page(client_of(ANALYST), import_text(entity, MIXED))).replace("Tokens", "")


def test_a_file_without_sessions_does_not_lead_to_sessions(entity: LegalEntity, clerk: Client) -> None:
    status = text_of("Town hall,E1,2026-05-01T10:00Z,Available", header="location,evse,at,status")
    batch = import_text(entity, status)

    assert ConnectorStatus.objects.count() == 1
    assert not Session.objects.exists()
    response = page(clerk, batch)
    assert "This file holds no sessions" in words(response)
    assert "?batch=" not in response.content.decode()


def test_billing_without_a_first_day_is_called_history(entity: LegalEntity, clerk: Client) -> None:
    LegalEntity.objects.update(billing_from=None)

    assert "no first day of billing, so these sessions are history for now" in words(
        page(clerk, import_text(entity, GOOD, mode="bill"))
    )


def test_who_started_it_and_saw_its_end_hears_no_more_of_it(
    entity: LegalEntity, clerk: Client, staff: Callable[..., Any], client_of: Callable[[str], Client]
) -> None:
    batch = import_text(entity, GOOD, actor=staff(BILLING_CLERK))
    page(client_of(AUDITOR), batch)
    assert Job.objects.get().seen_at is None

    page(clerk, batch)
    assert Job.objects.get().seen_at is not None


@pytest.mark.parametrize("role", [ADMINISTRATOR, *ROLES])
def test_every_role_reads_imports(role: str, entity: LegalEntity, client_of: Callable[[str], Client]) -> None:
    client, batch = client_of(role), import_text(entity, MIXED)

    assert page(client, batch).status_code == 200
    assert client.get(f"/imports/{batch.pk}/progress/").status_code == 200
    assert ("Import another" in words(page(client, batch))) == (role in (ADMINISTRATOR, BILLING_CLERK))


def test_strangers_are_sent_to_sign_in(entity: LegalEntity) -> None:
    batch = import_text(entity, GOOD)

    for path in ("", "progress/"):
        assert Client().get(f"/imports/{batch.pk}/{path}")["Location"].startswith("/login/")


def test_the_addresses_of_the_admin_lead_to_the_page(entity: LegalEntity, clerk: Client) -> None:
    batch = import_text(entity, GOOD)

    assert clerk.get(f"/stations/importbatch/{batch.pk}/change/")["Location"] == f"/imports/{batch.pk}/"
    assert clerk.get("/stations/importbatch/add/")["Location"] == "/imports/new/"
    assert clerk.get("/imports/999999/").status_code == 404


def test_the_list_is_empty_with_a_way_to_start(entity: LegalEntity, clerk: Client) -> None:
    assert "Drop in your first export" in words(clerk.get("/stations/importbatch/"))


def test_the_list_is_narrowed_by_what_its_address_says(entity: LegalEntity, clerk: Client) -> None:
    import_text(entity, GOOD, name="May.csv")
    import_text(entity, text_of(line("7")), name="June.csv", mode="bill")

    def shown(query: str) -> list[str]:
        html = clerk.get(f"/stations/importbatch/?{query}").content.decode()
        return re.findall(r'class="cb-file-name"[^>]*>([^<]+)</a>', html)

    assert shown("") == ["June.csv", "May.csv"]
    assert shown("q=may") == ["May.csv"]
    assert shown("mode=bill") == ["June.csv"]
    assert shown("layout=chargebill&state=DONE") == ["June.csv", "May.csv"]
    assert shown("layout=steve") == shown("entity=nobody") == shown("state=FAILED") == []
    assert shown(f"entity={entity.pk}&p=99") == ["June.csv", "May.csv"]
