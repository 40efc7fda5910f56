"""Imports in the portal: the list, and the page of one import, from its first row to what became of all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Exists, F, Model, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from chargebill.core import jobs
from chargebill.core.admin import ReadOnlyAdmin
from chargebill.core.keys import key_in
from chargebill.core.lists import Column, first_address, personal_list
from chargebill.core.models import Job, LegalEntity
from chargebill.portal import format as written
from chargebill.portal import layouts
from chargebill.portal.import_upload import MODE_WORDS
from chargebill.portal.jobs import mark_seen
from chargebill.portal.reasons import Reason, reason_of
from chargebill.portal.site import page
from memberships.models import Token
from stations.models import Connector, Evse, ImportBatch, Location, Mode, QuarantinedRow, QuarantineSighting, Session

PER_PAGE = 50
# A worker takes a job within a second or two; when none has for this long, probably none is running.
NOBODY_CAME = timedelta(seconds=15)
# Above this, how many exactly no longer matters to somebody who looks them over, and counting would take its time.
MOST = 1000
# Imports with more rows than this are not read through to show their page.
LARGE = 50_000
LIST_FILTERS = {"entity": "source__entity", "layout": "source__profile", "mode": "mode", "state": "job__state"}


def may_import(request: HttpRequest) -> bool:
    return bool(request.user.has_perm("stations.add_importbatch"))


def batches() -> QuerySet[ImportBatch]:
    return ImportBatch.objects.select_related("source__entity", "job", "created_by", "profile_version__profile")


COLUMNS = (
    Column("file", "File", is_fixed=True),
    Column("state", "State"),
    Column("when", "When"),
    Column("layout", "Layout"),
    Column("mode", "Mode"),
    Column("read", "Read"),
    Column("imported", "Imported"),
    Column("updated", "Updated"),
    Column("unchanged", "Unchanged"),
    Column("quarantined", "Quarantined"),
    Column("held", "Held"),
)


@admin.register(ImportBatch)
class ImportBatchAdmin(ReadOnlyAdmin):
    """Imports come from the upload page and the command line: nobody changes or deletes one here."""

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.has_perm("stations.view_importbatch"))

    def list_columns(self, request: HttpRequest) -> Sequence[Column]:
        return COLUMNS

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        personal = personal_list(request, self.opts.label_lower, COLUMNS)
        if url := first_address(request, personal):
            return redirect(url)
        chosen = {name: value for name in (*LIST_FILTERS, "q") if (value := request.GET.get(name, "").strip()[:100])}
        personal.understood(request, urlencode(chosen))
        shown = Paginator(_narrowed(chosen), PER_PAGE).get_page(request.GET.get("p"))
        entities = list(LegalEntity.objects.order_by("name").values_list("pk", "name"))
        context = {
            **self.admin_site.each_context(request),
            "title": "Imports",
            "page": shown,
            "rows": [(batch, layouts.title_of_import(batch)) for batch in shown],
            "chosen": chosen,
            "personal": personal,
            "query": urlencode({**chosen, **personal.in_url}),
            "entities": entities,
            "layouts": layouts.choices(),
            "modes": [(mode.value, mode.name.capitalize()) for mode in Mode],
            "states": Job.State.choices,
            "may_import": may_import(request),
            "is_empty": not chosen and not shown.paginator.count,
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "portal/imports/list.html", context)

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return redirect("admin:import_upload")

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        if key_in(object_id) is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return redirect("admin:import_batch", object_id)


def _narrowed(chosen: dict[str, str]) -> QuerySet[ImportBatch]:
    """The imports a list asks for; a value that makes no sense matches none, and the list says so."""
    found = batches().order_by("-pk")
    for name, column in LIST_FILTERS.items():
        if value := chosen.get(name):
            if name == "entity" and key_in(value) is None:
                return found.none()
            found = found.filter(**{column: value})
    if "q" in chosen:
        found = found.filter(file_name__icontains=chosen["q"])
    return found


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is, in words that are true: ``left`` is empty while there is nothing to go by."""

    done: int
    total: int | None
    percent: int | None
    left: str
    warning: str

    @property
    def announced(self) -> str:
        """What a screen reader is told: every tenth of the way, not every second."""
        return "Import running" if self.percent is None else f"{self.percent // 10 * 10} % imported"


def progress_of(job: Job, *, at: datetime) -> Progress:
    left_s = job.seconds_left(at=at)
    warning = ""
    if job.state == Job.State.QUEUED and at - job.created_at > NOBODY_CAME and not job.attempt:
        warning = "Nothing has picked it up yet. Is a worker running? It starts by itself as soon as one does."
    elif job.state == Job.State.RUNNING and job.heartbeat_at and at - job.heartbeat_at > NOBODY_CAME:
        silent = written.duration((at - job.heartbeat_at).total_seconds())
        warning = f"The worker has said nothing for {silent}. If it has stopped, another one goes on from here by itself."
    return Progress(job.done, job.total, job.percent, "" if left_s is None else f"about {_roughly(left_s)} left", warning)


def _roughly(seconds: int) -> str:
    """A time left without false precision: in fives below a minute, else whole minutes, rounded up."""
    if seconds < 60:
        return f"{max(5, -(-seconds // 5) * 5)} s"
    return written.duration(-(-seconds // 60) * 60)


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of an import that wait, or waited, for the same reason."""

    code: str
    reason: Reason
    rows: int
    waiting: int


def groups_of(batch: ImportBatch) -> list[Group]:
    """Why rows of this import went to quarantine, the most frequent reason first."""
    sightings = QuarantineSighting.objects.filter(batch=batch).values("row__code").order_by()
    counted = sightings.annotate(rows=Count("pk"), waiting=Count("pk", filter=Q(row__state=QuarantinedRow.State.WAITING)))
    found = [Group(row["row__code"], reason_of(row["row__code"]), row["rows"], row["waiting"]) for row in counted]
    return sorted(found, key=lambda group: (-group.rows, group.reason.title))


@dataclass(frozen=True, slots=True)
class Unreviewed:
    """Things an import met that nobody has looked at: how many (from MOST on "1,000 or more"), and where they are."""

    count: int
    word: str
    link: str

    @property
    def shown(self) -> str:
        return f"{MOST:,} or more" if self.count > MOST else f"{self.count:,}"


def unreviewed(batch: ImportBatch, *, with_tokens: bool) -> list[Unreviewed]:
    """Places, EVSEs, connectors and tokens of this import's sessions that are still marked for review."""
    entity = batch.source.entity_id
    kinds: list[tuple[QuerySet[Any], str, str, str]] = [
        (Location.objects.filter(entity=entity), "pk", "location", "place"),
        (Evse.objects.filter(entity=entity), "pk", "connector__evse", "EVSE"),
        (Connector.objects.filter(evse__entity=entity), "pk", "connector", "connector"),
    ]
    if with_tokens:
        kinds.append((Token.objects.filter(entity=entity), "uid", "token_uid", "token"))
    found = [_flagged(_met(batch, rows, key, column), word) for rows, key, column, word in kinds]
    return [kind for kind in found if kind.count]


def _met(batch: ImportBatch, rows: QuerySet[Any], key: str, column: str) -> QuerySet[Any]:
    """The rows that sessions of this import name: read from the sessions of a small import, else looked up row by row."""
    sessions = Session.objects.exclude(token_uid="") if column == "token_uid" else Session.objects.all()
    if batch.rows_read <= LARGE:
        return rows.filter(**{f"{key}__in": sessions.filter(batch=batch).values(column)})
    # The sum keeps the database from going through the whole import for every row: it has an index on the column.
    sessions = sessions.annotate(of=F("batch_id") + 0).filter(**{"of": batch.pk, column: OuterRef(key)})
    return rows.filter(Exists(sessions))


def _flagged(rows: QuerySet[Any], word: str) -> Unreviewed:
    count = rows.filter(needs_review=True).order_by().values("pk")[: MOST + 1].count()
    url = reverse(f"admin:{rows.model._meta.app_label}_{rows.model._meta.model_name}_changelist")
    return Unreviewed(count, word if count == 1 else f"{word}s", f"{url}?needs_review__exact=1")


def _batch(request: HttpRequest, pk: int) -> ImportBatch:
    if not request.user.has_perm("stations.view_importbatch"):
        raise PermissionDenied
    return get_object_or_404(batches(), pk=pk)


def _context(request: HttpRequest, batch: ImportBatch) -> dict[str, Any]:
    """What the part of the page that changes while the import runs shows."""
    job = batch.job
    profile = layouts.profile_of(batch)
    # Asked every second while it runs.
    counts_groups = batch.rows_quarantined and (not job.is_open or batch.rows_quarantined <= LARGE)
    groups = groups_of(batch) if counts_groups else []
    context: dict[str, Any] = {
        "batch": batch,
        "job": job,
        "zone": batch.source.entity.time_zone or "UTC",
        # Of several attempts, the time between them is not work.
        "took_s": (job.finished_at - job.started_at).total_seconds() if job.finished_at and job.attempt == 1 else None,
        "progress": progress_of(job, at=timezone.now()),
        "holds_sessions": profile is None or profile.kind == "sessions",
        "groups": groups,
        "waiting": sum(group.waiting for group in groups),
        "may_import": may_import(request),
        "may_decide": request.user.has_perm("stations.change_quarantinedrow"),
    }
    if not job.is_open:
        mark_seen(request.user, job)
        context["unreviewed"] = unreviewed(batch, with_tokens=request.user.has_perm("memberships.view_token"))
    return context


@page("imports/<int:pk>/", name="import_batch")
def batch_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One import: what was asked of it, how far it is, what became of its rows."""
    batch = _batch(request, pk)
    same_file = batches().filter(file_sha256=batch.file_sha256, source=batch.source_id, pk__lt=pk).order_by("-pk").first()
    # First: having seen how it ended, the bell says so no longer.
    changing = _context(request, batch)
    context = {
        **admin.site.each_context(request),
        "title": batch.file_name,
        "crumbs": [("Imports", reverse("admin:stations_importbatch_changelist"))],
        "layout": layouts.title_of_import(batch),
        "mode_outcome": MODE_WORDS[Mode(batch.mode)][1],
        "same_file": same_file,
        **changing,
    }
    return TemplateResponse(request, "portal/imports/batch.html", context)


@page("imports/<int:pk>/progress/", name="import_progress")
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The changing part of the page, for htmx; it stops asking once the import has ended."""
    return TemplateResponse(request, "portal/imports/outcome.html", _context(request, _batch(request, pk)))


@page("imports/<int:pk>/retry/", name="import_retry")
@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a failed import up again where it stopped."""
    if not may_import(request):
        raise PermissionDenied
    batch = _batch(request, pk)
    if batch.job.state == Job.State.FAILED:
        jobs.retry(job=batch.job)
    else:
        messages.info(request, "This import has not failed, so there is nothing to try again.")
    return redirect("admin:import_batch", pk)
