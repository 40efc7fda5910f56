"""Issues a month's documents in the background: start, stop, take up again. Killed anywhere, nothing is lost or doubled."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from billing.document_models import DocumentRun
from billing.document_plan import Draft, drafts, is_over, missing_of
from billing.operations.documents import issue_documents
from chargebill.core import events, jobs
from chargebill.core.errors import UserError
from chargebill.core.models import Job, LegalEntity, User
from chargebill.core.portions import in_portions

# A transaction takes documents until they have this many sessions; a larger document has one of its own.
CHUNK_SESSIONS = 500
# So many sessions that could not be billed are listed; the rest is counted among the ready ones.
MOST_LEFT = 200


def start_issuing(
    *, entity: LegalEntity, first_day: date, actor: User | None, at: datetime, key: str, here: bool = False
) -> DocumentRun:
    """Issues every document of a month, in the background (``here``: in this process). The same ``key`` gives the same run.

    Of a month that has not ended, only receipts. Raises UserError, changing nothing: entity_incomplete, period (a month
    to come), run_open (one is not finished).
    """
    earlier = DocumentRun.objects.filter(job__idempotency_key=key).first()
    if earlier:
        return earlier
    if missing := missing_of(entity):
        raise UserError(
            "entity_incomplete",
            f"{entity} lacks its {' and '.join(missing)}, and a document can't be put right afterwards. Fill it in first:"
            " Settings, Companies. Nothing was issued.",
            "--entity",
        )
    if first_day > at.date() and not is_over(entity, first_day, at):
        raise UserError("period", f"{first_day:%Y-%m} has not begun yet. Nothing was issued.", "--period")
    try:
        with transaction.atomic():
            job = _job(entity, first_day, key, actor)
            run = DocumentRun.objects.create(entity=entity, first_day=first_day, job=job, started_by=actor, started_at=at)
            job.params = {"run": run.pk}
            job.save(update_fields=["params"])
            _record(run, "document_run.start", f"Issuing documents of {first_day:%Y-%m} started", actor, at)
            if not here:
                jobs.queue(job)
    except IntegrityError:
        if earlier := DocumentRun.objects.filter(job__idempotency_key=key).first():
            return earlier
        raise UserError(
            "run_open",
            f"Documents of {entity} are being issued, or that was stopped half-way. Let it end, or take it up again."
            " Nothing was changed.",
            "--entity",
        ) from None
    if here:
        _run_here(run)
    return run


def stop_issuing(*, run: DocumentRun, actor: User | None, at: datetime) -> DocumentRun:
    """Asks a run to stop after the documents it is at; what is issued stays. Raises UserError run_not_open."""
    with transaction.atomic():
        run = DocumentRun.objects.select_for_update().select_related("entity", "job").get(pk=run.pk)
        if run.finished_at or not run.job.is_open:
            raise UserError("run_not_open", "Nothing is being issued, so there is nothing to stop. Nothing was changed.")
        if run.stop_asked_at is None:
            run.stop_asked_at = at
            run.save(update_fields=["stop_asked_at"])
            _record(run, "document_run.stop", f"Issuing documents of {run.first_day:%Y-%m} stopped", actor, at)
    return run


def resume_issuing(*, run: DocumentRun, actor: User | None, at: datetime, here: bool = False) -> DocumentRun:
    """Takes a stopped or failed run up again. Raises UserError run_not_stopped."""
    with transaction.atomic():
        run = DocumentRun.objects.select_for_update().select_related("entity", "job").get(pk=run.pk)
        if not run.is_stopped:
            raise UserError("run_not_stopped", "It is running or finished. Nothing was changed.")
        job = _job(run.entity, run.first_day, f"{run.job.idempotency_key.partition('#')[0]}#{at.timestamp()}", actor)
        job.params = {"run": run.pk}
        job.save(update_fields=["params"])
        run.job, run.stop_asked_at = job, None
        run.save(update_fields=["job", "stop_asked_at"])
        _record(run, "document_run.resume", f"Issuing documents of {run.first_day:%Y-%m} taken up again", actor, at)
        if not here:
            jobs.queue(job)
    if here:
        _run_here(run)
    return run


def _job(entity: LegalEntity, first_day: date, key: str, actor: User | None) -> Job:
    title = f"Documents of {entity}, {first_day:%Y-%m}"
    return jobs.create(kind="issue_documents", title=title, key=key, params={}, actor=actor, unit="documents")


def _run_here(run: DocumentRun) -> None:
    jobs.run_here(run.job)
    run.refresh_from_db()


def _record(run: DocumentRun, action: str, summary: str, actor: User | None, at: datetime, **changes: Any) -> None:
    events.record(action=action, subject=run, summary=summary, actor=actor, at=at, entity=run.entity, changes=changes)


def chunks(planned: Sequence[Draft]) -> Iterator[list[Draft]]:
    """What one transaction each issues: whole documents."""
    return in_portions(planned, most=CHUNK_SESSIONS, size=lambda draft: len(draft.session_ids))


@jobs.job("issue_documents")
def run_issuing(task: jobs.Running) -> dict[str, Any]:
    """The job behind a run. Whatever attempt it is, it issues what is still ready: that is the place to go on from."""
    run = DocumentRun.objects.select_related("entity", "started_by").get(pk=task.params["run"])
    done = run.documents.count()
    planned = drafts(run.entity, run.first_day, timezone.now())
    task.beat(total=done + len(planned))
    left: dict[int, str] = {}
    for chunk in chunks(planned):
        if DocumentRun.objects.filter(pk=run.pk, stop_asked_at__isnull=False).exists():
            return {"documents": done, "stopped": True}
        at = timezone.now()
        with task.chunk(done=done + len(chunk), checkpoint={"documents": done + len(chunk)}):
            issued = issue_documents(entity=run.entity, run=run, drafts=chunk, actor=run.started_by, at=at)
        done += len(chunk)
        left |= issued.left
    return _finish(task, run, left)


def _finish(task: jobs.Running, run: DocumentRun, left: dict[int, str]) -> dict[str, Any]:
    at, documents = timezone.now(), run.documents.count()
    with task.chunk(done=documents, checkpoint={"documents": documents}):
        run.finished_at, run.left = at, [list(one) for one in list(left.items())[:MOST_LEFT]]
        run.save(update_fields=["finished_at", "left"])
        summary = f"{documents} documents of {run.first_day:%Y-%m} issued"
        _record(run, "document_run.finish", summary, run.started_by, at, documents=[None, documents])
    return {"documents": documents, "stopped": False, "left": len(left)}
