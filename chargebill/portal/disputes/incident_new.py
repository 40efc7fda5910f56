"""Proposing an incident: choose the sessions and the remedy, look at what it comes to, write the letter, propose."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from billing.operations.mail import sender_of
from chargebill.core.errors import UserError
from chargebill.core.keys import row_in
from chargebill.core.models import LegalEntity
from chargebill.portal.disputes.incident_form import Asked, about_evse_of, asked, choices
from chargebill.portal.disputes.incident_shown import planned_csv, sums_of, untouched_of
from chargebill.portal.month_choice import company_in
from chargebill.portal.payment_frame import allow, form_key, frame
from chargebill.portal.site import page
from disputes.incident_letters import ENGLISH, GERMAN, LONGEST, PLACEHOLDERS
from disputes.incident_lines import Planned, digest_of, plan
from disputes.incident_models import Incident
from disputes.operations.incidents import Words, propose_incident
from stations.models import Session

ADD, VIEW = "disputes.add_incident", "disputes.view_incident"
# What a preview shows: sessions, documents and customers.
READ = ("stations.view_session", "billing.view_document", "memberships.view_customer")
EXAMPLES = 10
WORDS = ("title", "reason", "letter_en", "letter_de")


@page("disputes/incidents/new/", name="incident_new")
def new(request: HttpRequest) -> HttpResponse:
    """The form; with a remedy in the address also what it comes to; sent with words it is proposed."""
    allow(request, ADD, *READ)
    about = Session.objects.select_related("entity", "connector__evse")
    if session := row_in(about, request.GET.get("session", "")):
        # From a finding that several cases are about one EVSE.
        return redirect(f"{reverse('admin:incident_new')}?{about_evse_of(session, timezone.now())}")
    entity = company_in(request.GET.get("entity", ""))
    given = {"letter_en": ENGLISH, "letter_de": GERMAN}
    context: dict[str, Any] = frame(request, "New incident", ("Incidents", reverse("admin:disputes_incident_changelist")))
    if entity is None:
        return TemplateResponse(request, "portal/disputes/incident_new.html", {**context, "entity": None})
    wanted = asked(request.GET, entity)
    planned = _planned(wanted)
    if request.method == "POST":
        given = {name: request.POST.get(name, "") for name in WORDS}
        try:
            incident = _propose(request, wanted, planned, given)
        except UserError as error:
            wanted.refusal = error
        else:
            messages.success(request, "It waits for a second person. Nothing was taken back yet.")
            return redirect("admin:disputes_incident_change", incident.pk)
    context |= {
        "entity": entity,
        "entities": list(LegalEntity.objects.order_by("name")),
        "asked": wanted,
        "choices": choices(entity),
        "refusal": wanted.refusal,
        "given": given,
        "kept_key": form_key(request),
        "longest": LONGEST,
        "placeholders": PLACEHOLDERS,
        **(_shown(wanted, planned) if planned else {}),
    }
    return TemplateResponse(request, "portal/disputes/incident_new.html", context)


def _planned(wanted: Asked) -> Planned | None:
    if wanted.selection is None or wanted.remedy is None:
        return None
    try:
        return plan(wanted.selection, wanted.remedy)
    except UserError as error:
        wanted.refusal = error
        return None


def _propose(request: HttpRequest, wanted: Asked, planned: Planned | None, given: dict[str, str]) -> Incident:
    if planned is None or wanted.remedy is None:
        raise wanted.refusal or UserError("nothing_chosen", "Choose the sessions first. Nothing was changed.")
    key = f"form:{form_key(request)}"
    there = Incident.objects.filter(entity=wanted.entity, key=key).first()
    if there is None and request.POST.get("seen", "") != digest_of(planned):
        raise UserError(
            "preview_changed",
            "What these sessions come to has changed since you looked. Look again, then propose it. Nothing was changed.",
        )
    return there or propose_incident(
        entity=wanted.entity,
        key=key,
        planned=planned,
        remedy=wanted.remedy,
        selection=wanted.words,
        words=Words(**given),
        actor=request.user,  # type: ignore[arg-type]
        at=timezone.now(),
    )


def _shown(wanted: Asked, planned: Planned) -> dict[str, Any]:
    return {
        "planned": planned,
        "sums": sums_of(planned),
        "examples": planned.lines[:EXAMPLES],
        "untouched": untouched_of({why: len(lines) for why, lines in planned.untouched.items()}),
        "seen": digest_of(planned),
        "no_sender": _no_sender(wanted.entity),
        "waiting": planned.chosen.waiting,
    }


def _no_sender(entity: LegalEntity) -> str:
    try:
        sender_of(entity)
    except UserError as error:
        return error.message.replace(" Nothing was sent.", "")
    return ""


@page("disputes/incidents/new.csv", name="incident_new_csv")
@require_GET
def preview_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Every line of the preview, those left alone, too."""
    allow(request, ADD, *READ)
    entity = company_in(request.GET.get("entity", ""))
    wanted = asked(request.GET, entity) if entity else None
    planned = _planned(wanted) if wanted else None
    if planned is None:
        raise Http404("Choose the sessions first.")
    return StreamingHttpResponse(
        planned_csv(planned),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="incident-preview.csv"'},
    )
