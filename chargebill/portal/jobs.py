"""The bell: the long work a person started, its progress, and what to do when it failed."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from chargebill.core import jobs as core_jobs
from chargebill.core.models import Job, User
from chargebill.portal import format as written
from chargebill.portal.site import page, site

MOST = 100
KEPT_IN_VIEW = timedelta(days=30)
OPEN = (Job.State.QUEUED, Job.State.RUNNING)
SEE_ALL, CHANGE_ALL = "core.view_job", "core.change_job"
# Results with a word a person would use; others are shown by their name.
RESULT_WORDS = {
    "read": "rows read",
    "imported": "imported",
    "updated": "updated",
    "unchanged": "unchanged",
    "quarantined": "in quarantine",
    "held": "held",
    "sessions": "sessions",
    "documents": "documents",
    "papers": "PDFs",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """A job as its page shows it."""

    job: Job
    left: str
    figures: list[tuple[str, str]]
    link: str

    @property
    def percent(self) -> int | None:
        return 100 if self.job.state == Job.State.DONE else self.job.percent

    @property
    def is_live(self) -> bool:
        return self.job.is_open


def progress_of(job: Job) -> Progress:
    seconds = job.seconds_left(at=timezone.now())
    left = "" if seconds is None else f"about {written.duration(max(seconds, 1))} left"
    figures = [
        (RESULT_WORDS[name], written.number(value))
        for name, value in job.result.items()
        if name in RESULT_WORDS and isinstance(value, int)
    ]
    return Progress(job, left, figures, _subject(job))


def _subject(job: Job) -> str:
    """The page of what the job is about; "" where it has none."""
    batch = getattr(job, "batch", None)
    if batch is None:
        return ""
    try:
        return reverse("admin:stations_importbatch_change", args=[batch.pk])
    except NoReverseMatch:
        return ""


def _visible(user: User) -> QuerySet[Job]:
    """One's own jobs; every job for those who may see all."""
    jobs = Job.objects.select_related("batch", "created_by")
    return jobs if user.has_perm(SEE_ALL) else jobs.filter(created_by=user)


def bell(user: User) -> dict[str, int]:
    """What the bell says: ``running`` jobs of this person, and ``ended`` ones not looked at yet. One query."""
    rows = Job.objects.filter(created_by=user).filter(Q(state__in=OPEN) | Q(seen_at__isnull=True, finished_at__isnull=False))
    states = list(rows.order_by().values_list("state", flat=True)[:MOST])
    return {"running": sum(state in OPEN for state in states), "ended": sum(state not in OPEN for state in states)}


@page("jobs/", name="jobs")
@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """What this person has running, and what ended in the last month."""
    recent = Q(state__in=OPEN) | Q(finished_at__gte=timezone.now() - KEPT_IN_VIEW)
    everyone = request.GET.get("of") == "all" and request.user.has_perm(SEE_ALL)
    jobs = _visible(request.user) if everyone else _visible(request.user).filter(created_by=request.user)
    shown = list(jobs.filter(recent).order_by("-id")[:MOST])
    ended = [job.pk for job in shown if not job.is_open and job.seen_at is None and job.created_by_id == request.user.pk]
    if ended:
        Job.objects.filter(pk__in=ended, seen_at__isnull=True).update(seen_at=timezone.now())
    context = {
        **site().each_context(request),
        "title": "Jobs",
        "jobs": [progress_of(job) for job in shown],
        "unseen": ended,
        "everyone": everyone,
        "may_see_all": request.user.has_perm(SEE_ALL),
        "any_live": any(job.is_open for job in shown),
    }
    return TemplateResponse(request, "portal/jobs.html", context)


@page("jobs/bell/", name="jobs_bell")
@require_GET
def bell_part(request: HttpRequest) -> HttpResponse:
    """The bell alone, for polling while something runs."""
    return TemplateResponse(request, "portal/parts/bell.html", {"bell": bell(request.user)})


def _job(request: HttpRequest, pk: int) -> Job:
    found = _visible(request.user).filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such job, or it is somebody else's.")
    return found


def may_retry(user: User, job: Job) -> bool:
    return job.state == Job.State.FAILED and (job.created_by_id == user.pk or user.has_perm(CHANGE_ALL))


def mark_seen(user: User, job: Job) -> None:
    """Notes that the person who started a job looked at how it ended: the bell counts it no longer."""
    if not job.is_open and job.seen_at is None and job.created_by_id == user.pk:
        Job.objects.filter(pk=job.pk, seen_at__isnull=True).update(seen_at=timezone.now())


def _context(request: HttpRequest, job: Job) -> dict[str, Any]:
    mark_seen(request.user, job)
    return {"progress": progress_of(job), "job": job, "may_retry": may_retry(request.user, job)}


@page("jobs/<int:pk>/", name="job")
@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One job: how far it is, what came of it, what to do if it failed."""
    job = _job(request, pk)
    context = {
        **site().each_context(request),
        **_context(request, job),
        "title": job.title,
        "crumbs": [("Jobs", reverse("admin:jobs"))],
    }
    return TemplateResponse(request, "portal/job.html", context)


@page("jobs/<int:pk>/progress/", name="job_progress")
@require_GET
def progress_part(request: HttpRequest, pk: int) -> HttpResponse:
    """The progress alone, for polling once a second while the page is open."""
    return TemplateResponse(request, "portal/parts/progress.html", _context(request, _job(request, pk)))


@page("jobs/<int:pk>/retry/", name="job_retry")
@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Puts a failed job back in the queue: it goes on where it stopped."""
    job = _job(request, pk)
    if job.state == Job.State.FAILED and not may_retry(request.user, job):
        raise PermissionDenied
    if job.state == Job.State.FAILED:
        core_jobs.retry(job=job)
        messages.success(request, "It is back in the queue and goes on where it stopped.")
    else:
        messages.info(request, f"Nothing to try again: it is {job.get_state_display().lower()}.")
    return HttpResponseRedirect(reverse("admin:job", args=[pk]))
