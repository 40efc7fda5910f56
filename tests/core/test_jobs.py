"""Jobs survive their workers, and a worker that lost its job writes nothing more."""

import os
import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from chargebill.core import jobs
from chargebill.core.errors import UserError
from chargebill.core.models import Job, LegalEntity


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> Any:
    """``kind(handler)`` registers a job kind for one test and returns its name."""

    def register(handler: jobs.Handler) -> str:
        monkeypatch.setitem(jobs._handlers, "test", handler)
        return "test"

    return register


def make(kind: str, key: str = "k") -> Job:
    return jobs.create(kind=kind, title="A test", key=key, params={}, actor=None, total=10)


@pytest.mark.django_db
def test_the_same_key_gives_the_same_job(kind: Any) -> None:
    name = kind(lambda task: {})
    first = jobs.enqueue(kind=name, title="A", key="once", params={}, actor=None)
    assert jobs.enqueue(kind=name, title="A", key="once", params={}, actor=None) == first


@pytest.mark.django_db
def test_a_chunk_that_fails_leaves_neither_effect_nor_progress(kind: Any) -> None:
    def work(task: jobs.Running) -> dict[str, Any]:
        with task.chunk(done=1, checkpoint={"n": 1}):
            LegalEntity.objects.create(name="kept")
        with task.chunk(done=2, checkpoint={"n": 2}):
            LegalEntity.objects.create(name="lost")
            raise UserError("broken", "The second chunk broke.", "row 2")

    job = make(kind(work))
    with pytest.raises(UserError):
        jobs.run_here(job)
    job.refresh_from_db()
    assert (job.state, job.done, job.checkpoint["n"]) == (Job.State.FAILED, 1, 1)
    assert job.error == {"code": "broken", "where": "row 2", "message": "The second chunk broke."}
    assert list(LegalEntity.objects.values_list("name", flat=True)) == ["kept"]


@pytest.mark.django_db
def test_a_failed_job_goes_on_from_its_checkpoint(kind: Any, run_jobs: Any) -> None:
    seen = []

    def work(task: jobs.Running) -> dict[str, Any]:
        seen.append(task.checkpoint.get("n", 0))
        with task.chunk(done=1, checkpoint={"n": 1}):
            pass
        if len(seen) == 1:
            raise UserError("broken", "Once.")
        return {"fine": True}

    job = make(kind(work))
    with pytest.raises(UserError):
        jobs.run_here(job)
    jobs.retry(job=job)
    run_jobs()
    job.refresh_from_db()
    assert (job.state, job.result, job.attempt, seen) == (Job.State.DONE, {"fine": True}, 2, [0, 1])


@pytest.mark.django_db
def test_a_worker_that_lost_its_job_writes_nothing_more(kind: Any) -> None:
    def work(task: jobs.Running) -> dict[str, Any]:
        # As the reaper and another worker would, while this one was asleep.
        Job.objects.filter(pk=task.job.pk).update(attempt=task.job.attempt + 1, worker="other:1")
        with task.chunk(done=1, checkpoint={}):
            LegalEntity.objects.create(name="too late")
        return {}

    job = make(kind(work))
    jobs.run_here(job)
    job.refresh_from_db()
    assert (job.state, job.attempt, job.done) == (Job.State.RUNNING, 2, 0)
    assert not LegalEntity.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("worker", "silent_s", "taken"),
    [
        ("here:me", 10, False),  # alive
        ("here:999999999", 1, True),  # its process is gone
        ("elsewhere:1", 10, False),  # another machine, heard of lately
        ("elsewhere:1", 61, True),  # not heard of for too long
    ],
)
def test_the_reaper_takes_over_from_dead_and_silent_workers(kind: Any, worker: str, silent_s: int, taken: bool) -> None:
    job = make(kind(lambda task: {}))
    worker = worker.replace("here", socket.gethostname()).replace(":me", f":{os.getpid()}")
    heard = timezone.now() - timedelta(seconds=silent_s)
    Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING, worker=worker, heartbeat_at=heard, attempt=1)
    assert jobs.reap() == int(taken)
    job.refresh_from_db()
    assert job.state == (Job.State.QUEUED if taken else Job.State.RUNNING)


@pytest.mark.django_db
def test_a_job_whose_worker_died_before_it_began_is_queued_again(kind: Any, run_jobs: Callable[[], None]) -> None:
    job = make(kind(lambda task: {"done": True}))
    assert jobs.reap() == 0, "nobody has queued it yet"
    jobs.queue(job)
    assert jobs.reap() == 0, "it waits for a worker"
    task = DBTaskResult.objects.get()
    task.claim("elsewhere:1")
    assert jobs.reap() == 0, "a worker has just taken it"
    DBTaskResult.objects.update(started_at=timezone.now() - timedelta(seconds=61))
    assert jobs.reap() == 1
    assert jobs.reap() == 0
    run_jobs()
    job.refresh_from_db()
    assert (job.state, job.result, job.attempt) == (Job.State.DONE, {"done": True}, 1)


@pytest.mark.django_db
def test_time_left_goes_by_this_attempt_alone() -> None:
    now = timezone.now()
    job = Job(
        state=Job.State.RUNNING, done=600, total=1000, started_at=now - timedelta(seconds=20), checkpoint={"done_before": 400}
    )
    assert job.seconds_left(at=now) == 40
    assert job.percent == 60
    assert Job(state=Job.State.RUNNING, total=1000).seconds_left(at=now) is None
