"""The page of one quarantined row: what it says, why it waits, and what a person makes of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from chargebill import pipeline
from chargebill.core.errors import UserError
from chargebill.portal import layouts
from chargebill.portal.quarantine import check_view, may_decide, sees_raw
from chargebill.portal.reasons import reason_of
from chargebill.portal.session_page import Happening
from chargebill.portal.site import page
from stations.ingest.layout import normal
from stations.ingest.profiles import Profile
from stations.ingest.reading import JSON_FIELD, fields
from stations.models import QuarantinedRow, QuarantineSighting
from stations.quarantine import dismiss_rows

State = QuarantinedRow.State
# Longer values get a field of several lines.
LONG = 80
# A line may be a megabyte long; the page shows so many characters of it, the download all.
RAW_SHOWN = 20_000
SIGHTINGS = 20


@dataclass(slots=True)
class Column:
    """One value of the row in the form. ``used``: the layout reads this column. ``error``: what is wrong with it."""

    key: str
    name: str
    value: str
    used: bool = True
    needed: bool = False
    error: str = ""

    @property
    def is_long(self) -> bool:
        return len(self.value) > LONG or "\n" in self.value or self.name == JSON_FIELD


@dataclass(slots=True)
class Form:
    """The row's values as a person changes them, with what is wrong: at a column, else at the top."""

    columns: list[Column]
    error: str = ""
    extra: list[Column] = field(default_factory=list)

    @classmethod
    def of(cls, row: QuarantinedRow, profile: Profile, values: dict[str, str]) -> "Form":
        positions = profile.positions(row.header)
        used, needed = set(positions.values()), {positions.get(name) for name in profile.required}
        is_json = profile.format == "json"
        columns = [
            Column(f"c{at}", name, value, is_json or at in used, at in needed) for at, (name, value) in enumerate(values.items())
        ]
        return cls([c for c in columns if c.used], extra=[c for c in columns if not c.used])

    def blame(self, column: str, message: str) -> None:
        """Puts ``message`` at the column a reason names, at the top where there is none of that name."""
        wanted = normal(column)
        for candidate in (*self.columns, *self.extra) if wanted else ():
            name = normal(candidate.name)
            # Reasons keep the first 60 characters of a long name.
            if name == wanted or (len(column) == 60 and name.startswith(wanted)):
                candidate.error = message
                if candidate in self.extra:
                    self.extra.remove(candidate)
                    self.columns.insert(0, candidate)
                return
        if len(self.columns) == 1:
            self.columns[0].error = message
        else:
            self.error = message

    @property
    def focused(self) -> str:
        """The key of the column to begin with."""
        return next((column.key for column in self.columns if column.error), "")


@page("quarantine/<int:pk>/", name="quarantine_row")
def row_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Shows a row; a POST corrects and retries it, or dismisses it."""
    check_view(request)
    found = QuarantinedRow.objects.select_related(
        "batch__job", "batch__source", "batch__profile_version__profile", "source__entity", "session", "decided_by"
    )
    row = get_object_or_404(found, pk=pk)
    profile = layouts.profile_of(row.batch)
    original = fields(profile, row.header, row.raw) if profile else {}
    form = Form.of(row, profile, original) if profile else None
    problem = None
    is_dismissal = request.POST.get("do") == "dismiss"
    is_json = profile is not None and profile.format == "json"
    if request.method == "POST":
        if not may_decide(request):
            raise PermissionDenied
        try:
            if is_dismissal:
                return _dismiss(request, row)
            if profile:
                values = {
                    name: request.POST.get(f"c{at}", value).replace("\r\n", "\n").replace("\0", "")
                    for at, (name, value) in enumerate(original.items())
                }
                form = Form.of(row, profile, values)
                return _correct(request, row, values)
        except UserError as error:
            problem = error
    if form and problem and not is_dismissal:
        form.blame(problem.where, problem.message)
    elif form and row.state != State.RESOLVED:
        form.blame(row.field, row.message)
    context = {
        **admin.site.each_context(request),
        "title": f"{'Record' if is_json else 'Line'} {row.line_no:,} of {row.batch.file_name}",
        "crumbs": [("Quarantine", reverse("admin:stations_quarantinedrow_changelist"))],
        "row": row,
        "reason": reason_of(row.code),
        "layout": layouts.title_of_import(row.batch),
        "zone": row.source.entity.time_zone or "UTC",
        "raw": row.raw[:RAW_SHOWN],
        "is_cut": len(row.raw) > RAW_SHOWN,
        "is_json": is_json,
        "form": form,
        # Where a person begins: at what was refused just now, else at the value at fault; nowhere when all is decided.
        "focused": form.focused if form and not is_dismissal and (problem or row.state == State.WAITING) else "",
        "problem": problem,
        "refused_dismissal": problem is not None and is_dismissal,
        "changes": _changes(row, original),
        "history": list(_history(row)),
        "similar": _similar(row),
        "may_decide": may_decide(request),
        "sees_raw": sees_raw(request),
    }
    return TemplateResponse(request, "portal/imports/row.html", context)


def _correct(request: HttpRequest, row: QuarantinedRow, values: dict[str, str]) -> HttpResponse:
    pipeline.correct_row(row=row, values=values, actor=request.user, at=timezone.now())
    return redirect("admin:quarantine_row", row.pk)


def _dismiss(request: HttpRequest, row: QuarantinedRow) -> HttpResponse:
    reason = request.POST.get("reason", "")
    count = dismiss_rows(rows=QuarantinedRow.objects.filter(pk=row.pk), reason=reason, actor=request.user, at=timezone.now())
    if not count:
        messages.info(request, "Somebody has decided about this row already. Nothing was changed.")
    return redirect("admin:quarantine_row", row.pk)


def _changes(row: QuarantinedRow, original: dict[str, str]) -> list[tuple[str, str, str]]:
    """(column, as it stood in the file, as a person put it) for each value that was corrected."""
    return [(name, original.get(name, ""), value) for name, value in row.corrected.items() if value != original.get(name, "")]


def _history(row: QuarantinedRow) -> Iterator[Happening]:
    """When the row came, came again, and who decided what about it."""
    sightings = QuarantineSighting.objects.filter(row=row).select_related("batch__created_by").order_by("batch_id")
    for number, seen in enumerate(sightings[:SIGHTINGS]):
        text = f"{'Met again' if number else 'Met'} by the import of {seen.batch.file_name}, line {seen.line_no}"
        link = reverse("admin:import_batch", args=[seen.batch_id])
        yield Happening(seen.batch.created_at, "upload_file", text, str(seen.batch.created_by or ""), link)
    if row.decided_at:
        resolved = row.state == State.RESOLVED
        text = "Corrected and taken" if resolved else f"Dismissed: {row.decision_reason}"
        icon = "check_circle" if resolved else "do_not_disturb_on"
        link = reverse("admin:stations_session_change", args=[row.session_id]) if row.session_id else ""
        yield Happening(row.decided_at, icon, text, str(row.decided_by or ""), link)


def _similar(row: QuarantinedRow) -> QuarantinedRow | None:
    """The next row that waits for the same reason, to go on with."""
    waiting = QuarantinedRow.objects.filter(state=State.WAITING, code=row.code, source=row.source_id).exclude(pk=row.pk)
    return waiting.filter(pk__gt=row.pk).order_by("pk").first() or waiting.order_by("pk").first()
