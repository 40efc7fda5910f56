"""Opening a case for a driver who called or wrote: from the page of a session, or of a document and its lines."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from billing.document_models import Document
from chargebill.core.errors import UserError
from chargebill.core.keys import row_in
from chargebill.portal.disputes.roles import OPEN, allowed_worker
from chargebill.portal.payment_frame import READ_DOCUMENTS, allow, amount_in, frame
from chargebill.portal.site import page
from disputes.models import TAKEN_DOWN, Case, Cause
from disputes.operations.contacts import Contact
from disputes.operations.opening import open_case
from disputes.subjects import Subject, in_the_way, subjects_of_lines, subjects_of_session, taken
from stations.models import Session

READ_SESSIONS = "stations.view_session"
# More lines than anybody looks through here; each session's own page opens a case about it, too.
MOST_LINES = 200
FIELDS = ("cause", "channel", "statement", "claimed_amount", "contact_name", "contact_email", "language")


@dataclass(frozen=True, slots=True)
class Choice:
    """A line or session to choose; ``taken_by`` is the open case it is in already."""

    value: str
    subject: Subject
    zone: str
    taken_by: Case | None


@dataclass(frozen=True, slots=True)
class Offered:
    """What can be contested from where the form was opened; ``refusal`` when nothing can."""

    title: str
    back: tuple[str, str]
    choices: list[Choice]
    left_out: int = 0
    refusal: str = ""


@page("disputes/new/", name="case_open")
def new(request: HttpRequest) -> HttpResponse:
    allow(request, OPEN)
    worker = allowed_worker(request)
    offered = _offered(request)
    free = [choice for choice in offered.choices if choice.taken_by is None]
    refusal = None
    given: dict[str, Any] = _first_guess(free)
    chosen = {choice.value for choice in free} if len(free) == 1 else set()
    if request.method == "POST":
        given = {name: request.POST.get(name, "") for name in FIELDS}
        chosen = set(request.POST.getlist("item"))
        try:
            raw = given["claimed_amount"].strip()
            subjects = [choice.subject for choice in offered.choices if choice.value in chosen]
            case = open_case(
                subjects=subjects,
                customer=subjects[0].customer if subjects else None,
                contact=Contact(given["contact_name"], given["contact_email"], given["language"]),
                channel=given["channel"],
                cause=given["cause"],
                statement=given["statement"],
                claimed_amount=amount_in(raw) if raw else None,
                role=worker.role,
                actor=worker.user,
                at=timezone.now(),
            )
        except UserError as error:
            refusal = error
        else:
            messages.success(request, f"Case {case.number} is open. Tell the driver the number.")
            return redirect(reverse("admin:disputes_case_change", args=[case.pk]))
    context = frame(
        request, "Open a case", offered.back, offered=offered, free=free, given=given, chosen=chosen, refusal=refusal,
        causes=Cause.choices, channels=TAKEN_DOWN, most=MOST_LINES,
    )  # fmt: skip
    return TemplateResponse(request, "portal/disputes/open.html", context)


def _offered(request: HttpRequest) -> Offered:
    """Raises Http404 where the address names neither a session nor a document."""
    if session := row_in(Session.objects.select_related("entity", "location"), request.GET.get("session", "")):
        allow(request, READ_SESSIONS)
        back = (f"Session {session.external_id}", reverse("admin:stations_session_change", args=[session.pk]))
        try:
            subjects = subjects_of_session(session)
        except UserError as error:
            return Offered(back[0], back, [], refusal=error.message)
        return Offered(back[0], back, _choices(subjects))
    document: Document | None = row_in(Document, request.GET.get("document", ""))
    if document is None:
        raise Http404("There is no such session or document.")
    allow(request, READ_DOCUMENTS)
    back = (document.number, reverse("admin:billing_document_change", args=[document.pk]))
    keys = list(document.lines.filter(corrects__isnull=True).order_by("position").values_list("pk", flat=True))
    subjects = subjects_of_lines(keys[:MOST_LINES])
    refusal = "" if subjects else "All of it was taken back already: there is nothing left to contest."
    if document.is_credit_note:
        refusal = "A credit note takes back: contest what it corrects."
    return Offered(document.number, back, [] if refusal else _choices(subjects), max(0, len(keys) - MOST_LINES), refusal)


def _choices(subjects: list[Subject]) -> list[Choice]:
    items = taken(subject.session.pk for subject in subjects)
    found = []
    for subject in subjects:
        blocking = in_the_way(subject, items)
        value = f"line-{subject.line.pk}" if subject.line else f"session-{subject.session.pk}"
        zone = subject.line.time_zone if subject.line else subject.session.location.time_zone or subject.session.entity.time_zone
        found.append(Choice(value, subject, zone or "UTC", blocking.case if blocking else None))
    return found


def _first_guess(free: list[Choice]) -> dict[str, str]:
    """Whom to write to, as far as the bill knows."""
    customer = free[0].subject.customer if free else None
    if customer is None:
        return {"language": free[0].subject.session.entity.language if free else "en"}
    return {"contact_name": customer.name, "contact_email": customer.email, "language": customer.language}
