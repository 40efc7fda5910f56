"""Long work: enqueue, run, report progress, take over what a dead worker left.

A job kind is a function ``run(task: Running) -> dict`` registered with ``@job("kind")``. It works in chunks; each chunk
is one ``with task.chunk(done=..., checkpoint=...)`` transaction, so its effects, the progress and the place to go on
from are stored together or not at all. Killed at any moment, the next attempt goes on from the last whole chunk.
"""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django_tasks import task
from django_tasks_db.models import DBTaskResult

from chargebill.core.errors import UserError
from chargebill.core.models import Job, User

Handler = Callable[["Running"], dict[str, Any]]
_handlers: dict[str, Handler] = {}


class LostJob(Exception):
    """Another worker has taken this job over; whatever this one was about to write is rolled back."""


def job(kind: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        _handlers[kind] = handler
        return handler

    return register


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


class Running:
    """One attempt at a job, in the hands of this process."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.params: dict[str, Any] = job.params
        self.checkpoint: dict[str, Any] = dict(job.checkpoint)

    def _move(self, **fields: Any) -> None:
        mine = Job.objects.filter(pk=self.job.pk, attempt=self.job.attempt, state=Job.State.RUNNING)
        if not mine.update(heartbeat_at=timezone.now(), **fields):
            raise LostJob(f"Job {self.job.pk} was taken over by another worker.")

    def beat(self, *, total: int | None = None) -> None:
        """Says this worker is alive, outside a chunk; ``total`` once it is known."""
        self._move(**({} if total is None else {"total": total}))

    @contextmanager
    def chunk(self, *, done: int, checkpoint: dict[str, Any]) -> Iterator[None]:
        """One transaction holding a chunk's effects and the progress they make. Raises LostJob if taken over."""
        checkpoint = {**checkpoint, "done_before": self.checkpoint.get("done_before", 0)}
        with transaction.atomic():
            # First, so that two attempts at one job queue up here and the older one ends before it writes.
            self._move(done=done, checkpoint=checkpoint)
            yield
        self.checkpoint = checkpoint


def create(
    *,
    kind: str,
    title: str,
    key: str,
    params: dict[str, Any],
    actor: User | None,
    unit: str = "rows",
    total: int | None = None,
) -> Job:
    """Stores a job that nobody works on yet: ``queue`` or ``run_here`` comes next, in the same transaction or after it."""
    return Job.objects.create(
        kind=kind, title=title[:200], idempotency_key=key, params=params, created_by=actor, unit=unit, total=total
    )


def queue(job: Job) -> None:
    """Hands a job to the workers. The queue is a table of the same database: stored together with the job, or not at all."""
    run_queued.enqueue(job.pk)


def enqueue(*, kind: str, title: str, key: str, params: dict[str, Any], actor: User | None, unit: str = "rows") -> Job:
    """Stores a job and hands it to the workers. The same key again gives the same job."""
    with transaction.atomic():
        job, created = Job.objects.get_or_create(
            idempotency_key=key,
            defaults={"kind": kind, "title": title[:200], "params": params, "created_by": actor, "unit": unit},
        )
        if created:
            queue(job)
    return job


def run_here(job: Job) -> None:
    """Runs a job in this process, for commands: no worker is needed. Raises what the job raises, after storing it."""
    _run(job.pk, reraise=True)
    job.refresh_from_db()


@task()
def run_queued(job_id: int) -> None:
    _run(job_id, reraise=False)


def _claim(job_id: int) -> Job | None:
    now = timezone.now()
    claimed = Job.objects.filter(pk=job_id, state=Job.State.QUEUED).update(
        state=Job.State.RUNNING, attempt=F("attempt") + 1, worker=worker_name(), heartbeat_at=now, started_at=now, error={}
    )
    if not claimed:
        return None
    job = Job.objects.get(pk=job_id)
    job.checkpoint["done_before"] = job.done
    return job


def _run(job_id: int, *, reraise: bool) -> None:
    job = _claim(job_id)
    if job is None:
        return
    mine = Job.objects.filter(pk=job.pk, attempt=job.attempt, state=Job.State.RUNNING)
    try:
        result = _handlers[job.kind](Running(job))
    except LostJob:
        return
    except Exception as error:
        shown = (
            error
            if isinstance(error, UserError)
            else UserError(
                "unexpected",
                f"{type(error).__name__}: {error}. What was stored before stays; starting it again goes on from there.",
            )
        )
        mine.update(state=Job.State.FAILED, error=shown.as_dict(), finished_at=timezone.now())
        if reraise or not isinstance(error, UserError):
            raise
    else:
        mine.update(state=Job.State.DONE, result=result, finished_at=timezone.now())


def retry(*, job: Job) -> None:
    """Puts a failed job back in the queue; it goes on from its checkpoint."""
    with transaction.atomic():
        if Job.objects.filter(pk=job.pk, state=Job.State.FAILED).update(state=Job.State.QUEUED, finished_at=None, error={}):
            run_queued.enqueue(job.pk)


def _is_dead(job: Job) -> bool:
    """True when the job's worker ran on this machine and its process is gone: no need to wait for the time-out."""
    host, _, pid = job.worker.rpartition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False


def reap() -> int:
    """Puts jobs whose worker died back in the queue, before or after it began with them. Returns how many."""
    now = timezone.now()
    silent = now - timedelta(seconds=settings.JOB_HEARTBEAT_TIMEOUT_S)
    reaped = 0
    for job in Job.objects.filter(state=Job.State.RUNNING):
        if job.heartbeat_at is None or job.heartbeat_at < silent or _is_dead(job):
            with transaction.atomic():
                same = Q(pk=job.pk, state=Job.State.RUNNING, attempt=job.attempt, heartbeat_at=job.heartbeat_at)
                if Job.objects.filter(same).update(state=Job.State.QUEUED, worker=""):
                    run_queued.enqueue(job.pk)
                    reaped += 1
    # Queued twice does no harm: whoever claims it second finds it taken.
    for pk in _dropped(silent):
        run_queued.enqueue(pk)
        reaped += 1
    return reaped


def _dropped(silent: datetime) -> set[int]:
    """Jobs a worker took out of the queue and died before it claimed them: theirs is a task that began long ago."""
    queued = set(Job.objects.filter(state=Job.State.QUEUED).values_list("pk", flat=True))
    if not queued:
        return set()
    taken: set[int] = set()
    waiting: set[int] = set()
    tasks = DBTaskResult.objects.filter(task_path=run_queued.module_path, status__in=("READY", "RUNNING"))
    for args, began in tasks.values_list("args_kwargs", "started_at"):
        (taken if began is not None and began < silent else waiting).add(args["args"][0])
    return queued & taken - waiting
