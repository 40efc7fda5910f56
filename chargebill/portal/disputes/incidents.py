"""Incidents: the list, and the page of one with what was proposed, the second person's word, progress and what came of it."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display

from billing.mail_models import OutgoingMail
from chargebill.core.admin import ReadOnlyAdmin
from chargebill.core.errors import UserError
from chargebill.core.keys import row_in
from chargebill.portal import format as written
from chargebill.portal import way_back
from chargebill.portal.disputes.incident_new import ADD, READ, VIEW
from chargebill.portal.disputes.incident_shown import cases_shown, kept_csv, kept_sums, letters_of, untouched_of
from chargebill.portal.jobs import progress_of
from chargebill.portal.payment_frame import allow, frame
from chargebill.portal.site import page
from disputes.incident_models import Incident, IncidentOutcome
from disputes.operations.incidents import confirm_incident, resume_incident, stop_incident

CONFIRM, CHANGE = "disputes.add_incidentconfirmation", "disputes.change_incident"
MOST_LINES, MOST_UNTOLD = 20, 50


@admin.register(Incident)
class IncidentAdmin(ReadOnlyAdmin):
    """Incidents are proposed and agreed to on pages of their own: the list only shows them."""

    list_display = ["title", "state_shown", "remedy_words", "documents", "taken_back", "proposed", "entity"]
    list_filter = [("entity", RelatedDropdownFilter)]
    search_fields = ["title", "reason"]
    search_help_text = "What it was called, or why"
    list_select_related = ["entity", "confirmation", "job", "decided_by"]
    sortable_by = ["title", "proposed"]
    empty_sentence = "One fault made many bills wrong: choose the sessions, and put all of them right at once."
    change_list_template = "portal/disputes/incident_list.html"

    class Media:
        css = {"all": ["css/disputes.css"]}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"may_propose": request.user.has_perms((ADD, *READ)), **(extra_context or {})})

    @display(description="State")
    def state_shown(self, obj: Incident) -> str:
        return render_to_string("portal/parts/state_cell.html", {"kind": "incident", "value": obj.state})

    @display(description="Remedy")
    def remedy_words(self, obj: Incident) -> str:
        return obj.remedy_words

    @display(description="Documents")
    def documents(self, obj: Incident) -> str:
        return written.number(obj.figures["documents"])

    @display(description="Taken back, incl. VAT")
    def taken_back(self, obj: Incident) -> str:
        return " + ".join(written.money(one["back"], one["currency"]) for one in kept_sums(obj))

    @display(description="Proposed", ordering="decided_at")
    def proposed(self, obj: Incident) -> str:
        return f"{written.day(obj.entity.day_of(obj.decided_at))} by {obj.decided_by or 'ChargeBill'}"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        incident = row_in(_rows(), object_id)
        if incident is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return TemplateResponse(request, "portal/disputes/incident.html", _context(request, incident))


def _rows() -> Any:
    return Incident.objects.select_related("entity", "decided_by", "confirmation__by", "job")


def _context(request: HttpRequest, incident: Incident) -> dict[str, Any]:
    waits = incident.state == "waits"
    may = waits and request.user.has_perm(CONFIRM)
    sums = kept_sums(incident)
    lines = incident.lines.select_related("line", "document__customer", "case", "outcome__credit_note").order_by("pk")
    cases, case_count = cases_shown(incident, MOST_LINES)
    list_url = way_back.to_list(request, reverse("admin:disputes_incident_changelist"))
    return frame(
        request,
        incident.title,
        ("Incidents", list_url),
        incident=incident,
        zone=incident.entity.time_zone or "UTC",
        figures=incident.figures,
        sums=sums,
        line_count=sum(one["lines"] for one in sums),
        untouched=untouched_of(incident.figures["untouched"]),
        lines=list(lines[:MOST_LINES]),
        may_confirm=may and incident.decided_by_id != request.user.pk,
        is_own=may and incident.decided_by_id == request.user.pk,
        may_change=request.user.has_perm(CHANGE),
        may_read=request.user.has_perms(READ),
        progress=progress_of(incident.job) if incident.job and incident.state in ("running", "stopped") else None,
        cases=cases,
        case_count=case_count,
        **(_done(incident) if incident.job else {}),
    )


def _done(incident: Incident) -> dict[str, Any]:
    """What came of it so far. Four queries."""
    outcomes = IncidentOutcome.objects.filter(line__incident=incident)
    left = outcomes.filter(credit_note__isnull=True).select_related("line__line", "line__document").order_by("line_id")
    nobody = Q(mail__isnull=True, case__isnull=True)
    told = incident.letters.aggregate(
        every=Count("pk"), nobody=Count("pk", filter=nobody), in_cases=Count("pk", filter=Q(case__isnull=False))
    )
    return {
        "notes": outcomes.filter(credit_note__isnull=False).values("credit_note").distinct().count(),
        "left": list(left[:MOST_UNTOLD]),
        "left_count": left.count(),
        "told": told,
        "by_mail": told["every"] - told["nobody"] - told["in_cases"],
        "not_told": list(letters_of(incident).filter(nobody)[:MOST_UNTOLD]),
        "mail_failed": incident.letters.filter(mail__state=OutgoingMail.State.FAILED).count(),
    }


def _incident(pk: int) -> Incident:
    incident: Incident | None = row_in(_rows(), str(pk))
    if incident is None:
        raise Http404("There is no such incident.")
    return incident


def _do(request: HttpRequest, pk: int, deed: Callable[[Incident], str]) -> HttpResponse:
    try:
        messages.success(request, deed(_incident(pk)))
    except UserError as error:
        messages.error(request, error.message)
    return redirect("admin:disputes_incident_change", pk)


@page("disputes/incidents/<int:pk>/confirm/", name="incident_confirm")
@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """The second person's yes or no."""
    allow(request, VIEW, CONFIRM, *READ)
    accepted = request.POST.get("answer") == "confirm"

    def deed(incident: Incident) -> str:
        seen = request.POST.get("seen", "")
        confirm_incident(incident=incident, seen=seen, accepted=accepted, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
        return "Agreed: it is carried out in the background." if accepted else "Refused: nothing is taken back."

    return _do(request, pk, deed)


@page("disputes/incidents/<int:pk>/stop/", name="incident_stop")
@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    allow(request, VIEW, CHANGE)

    def deed(incident: Incident) -> str:
        stop_incident(incident=incident, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
        return "It stops after the documents it is at. What is done stays."

    return _do(request, pk, deed)


@page("disputes/incidents/<int:pk>/resume/", name="incident_resume")
@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    allow(request, VIEW, CHANGE)

    def deed(incident: Incident) -> str:
        resume_incident(incident=incident, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
        return "It goes on where it stopped."

    return _do(request, pk, deed)


@page("disputes/incidents/<int:pk>/lines.csv", name="incident_csv")
@require_GET
def lines_csv(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """Every line, what became of it, and how its driver was told."""
    allow(request, VIEW, *READ)
    incident = _incident(pk)
    return StreamingHttpResponse(
        kept_csv(incident),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="incident-{incident.pk}.csv"'},
    )
