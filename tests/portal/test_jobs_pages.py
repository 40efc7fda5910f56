"""The bell and the page of a job: whose work it shows, how far it is, what to do when it failed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from chargebill.core.models import Job, User
from chargebill.core.roles import ADMINISTRATOR


@pytest.fixture
def clerk_user(staff: Callable[[str], User]) -> User:
    return staff("Billing clerk")


@pytest.fixture
def browser_of(client: Client) -> Callable[[User], Client]:
    def of(user: User) -> Client:
        client.force_login(user)
        return client

    return of


def job(owner: User | None, **fields: Any) -> Job:
    now = timezone.now()
    defaults = {
        "kind": "import",
        "title": "Import of october.csv",
        "idempotency_key": f"key-{Job.objects.count()}",
        "created_by": owner,
        "state": Job.State.RUNNING,
        "done": 41_000,
        "total": 90_000,
        "attempt": 1,
        "started_at": now - timedelta(seconds=41),
        "heartbeat_at": now,
    }
    return Job.objects.create(**{**defaults, **fields})


ENDED = {"state": Job.State.DONE, "done": 90_000, "finished_at": timezone.now()}
FAILED = {
    "state": Job.State.FAILED,
    "finished_at": timezone.now(),
    "error": {"code": "file_gone", "where": "line 3", "message": "The stored file is no longer there."},
}


def test_the_bell_counts_what_runs_and_what_ended_unseen(clerk_user: User, browser_of: Callable[[User], Client]) -> None:
    browser = browser_of(clerk_user)
    assert "Jobs: 0 running, 0 ended" in browser.get("/").content.decode()
    job(clerk_user), job(clerk_user, **ENDED), job(None)
    html = browser.get("/").content.decode()
    assert "Jobs: 1 running, 1 ended since you last looked" in html
    # While something runs the bell looks again by itself.
    assert 'hx-get="/jobs/bell/"' in html

    part = browser.get("/jobs/bell/").content.decode()
    assert "Jobs: 1 running, 1 ended" in part
    assert "<html" not in part


def test_looking_at_the_list_marks_what_ended_as_seen(clerk_user: User, browser_of: Callable[[User], Client]) -> None:
    browser = browser_of(clerk_user)
    job(clerk_user, **ENDED)
    assert ">New</span>" in browser.get("/jobs/").content.decode()
    assert ">New</span>" not in browser.get("/jobs/").content.decode()
    assert "Jobs: 0 running, 0 ended" in browser.get("/").content.decode()


def test_a_running_job_tells_the_truth_and_looks_again(clerk_user: User, browser_of: Callable[[User], Client]) -> None:
    running = job(clerk_user)
    html = browser_of(clerk_user).get(f"/jobs/{running.pk}/").content.decode()

    assert "45 %" in html
    assert "41,000 of 90,000 rows, about 49 s left" in html
    assert 'max="100" value="45"' in html
    assert f'hx-get="/jobs/{running.pk}/progress/" hx-trigger="every 1s"' in html


def test_a_job_of_unknown_length_shows_no_invented_percentage(clerk_user: User, browser_of: Callable[[User], Client]) -> None:
    running = job(clerk_user, total=None)
    html = browser_of(clerk_user).get(f"/jobs/{running.pk}/progress/").content.decode()
    assert "%" not in html
    assert "41,000 rows" in html


def test_a_finished_job_stops_looking_and_shows_its_figures(clerk_user: User, browser_of: Callable[[User], Client]) -> None:
    done = job(clerk_user, **ENDED, result={"batch": 7, "read": 90_000, "imported": 89_990, "quarantined": 10})
    html = browser_of(clerk_user).get(f"/jobs/{done.pk}/progress/").content.decode()

    assert "hx-trigger" not in html
    for word, value in (("rows read", "90,000"), ("imported", "89,990"), ("in quarantine", "10")):
        assert f'<dt>{word}</dt><dd class="cb-num">{value}</dd>' in html
    done.refresh_from_db()
    assert done.seen_at is not None


def test_a_failed_job_says_what_happened_and_can_be_tried_again(clerk_user: User, browser_of: Callable[[User], Client]) -> None:
    failed = job(clerk_user, **FAILED)
    browser = browser_of(clerk_user)
    html = browser.get(f"/jobs/{failed.pk}/").content.decode()
    assert "The stored file is no longer there." in html
    assert "file_gone" in html
    assert "Try again" in html

    response = browser.post(f"/jobs/{failed.pk}/retry/", follow=True)
    failed.refresh_from_db()
    assert (failed.state, failed.error) == (Job.State.QUEUED, {})
    assert "goes on where it stopped" in response.content.decode()
    assert browser.post(f"/jobs/{failed.pk}/retry/", follow=True).status_code == 200
    assert browser.get(f"/jobs/{failed.pk}/retry/").status_code == 405


def test_the_work_of_others_is_for_those_who_may_see_all(
    clerk_user: User, staff: Callable[[str], User], browser_of: Callable[[User], Client]
) -> None:
    failed = job(clerk_user, **FAILED)
    stranger = browser_of(User.objects.create_user("stranger", is_staff=True))
    for url in (f"/jobs/{failed.pk}/", f"/jobs/{failed.pk}/progress/"):
        assert stranger.get(url).status_code == 404
    assert stranger.post(f"/jobs/{failed.pk}/retry/").status_code == 404

    auditor = browser_of(staff("Auditor"))
    assert "october.csv" not in auditor.get("/jobs/").content.decode()
    assert "october.csv" in auditor.get("/jobs/?of=all").content.decode()
    assert "Try again" not in auditor.get(f"/jobs/{failed.pk}/").content.decode()
    assert auditor.post(f"/jobs/{failed.pk}/retry/").status_code == 403
    failed.refresh_from_db()
    assert (failed.state, failed.seen_at) == (Job.State.FAILED, None)

    assert browser_of(staff(ADMINISTRATOR)).post(f"/jobs/{failed.pk}/retry/").status_code == 302
    failed.refresh_from_db()
    assert failed.state == Job.State.QUEUED
