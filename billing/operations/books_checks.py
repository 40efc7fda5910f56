"""Checks the books and keeps what came of it, so that closing a month can say so."""

from collections import Counter
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db import DatabaseError, transaction
from django.utils import timezone

from billing.book_checks import Report, check_books
from billing.close_models import BooksCheck
from chargebill.core import events, jobs
from chargebill.core.models import Job, User

KIND = "check_books"


def check_and_keep(*, actor: User | None, at: datetime) -> Report:
    """Looks at all books (billing.book_checks) and stores the outcome as of ``at``. Raises what check_books raises.

    A database too damaged to store it in is told from as well.
    """
    report = check_books()
    with suppress(DatabaseError), transaction.atomic():
        _keep(report, actor, at)
    return report


def _keep(report: Report, actor: User | None, at: datetime) -> BooksCheck:
    keys = {name: str(pk) for pk, name in report.companies.items()}
    companies = Counter(keys.get(one.company, "") for one in report.breaks)
    # Whose the rest is is not known: it may be anybody's.
    companies[""] += report.counts.total() - len(report.breaks)
    return BooksCheck.objects.create(
        checked_at=at,
        entries=report.entries,
        postings=report.postings,
        counts=dict(report.counts),
        companies={key: count for key, count in companies.items() if count},
        made_by=actor,
    )


def start_check(*, key: str, actor: User) -> Job:
    """Checks the books in the background. The same ``key`` gives the same job."""
    return jobs.enqueue(kind=KIND, title="Check of the books", key=key, params={}, actor=actor, unit="checks")


@jobs.job(KIND)
def run_check(task: jobs.Running) -> dict[str, Any]:
    """The job behind it: all or nothing, so another attempt begins anew."""
    at = timezone.now()
    report = check_books()
    with task.chunk(done=1, checkpoint={}):
        kept = _keep(report, task.job.created_by, at)
        events.record(
            action="books.check",
            subject=kept,
            summary=f"Checked the books: {'clean' if report.is_clean else f'{report.counts.total()} things do not hold'}",
            actor=task.job.created_by,
            at=at,
            changes={"counts": [None, dict(report.counts)]},
        )
    return {"entries": report.entries, "breaks": report.counts.total()}
