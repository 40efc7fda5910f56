"""A session somebody questions: what every check says of it, in words, and what putting it right would be worth."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from billing.checks import BY_CODE, Finding, Verdict
from billing.checks.driver import for_driver
from billing.checks.remedy_words import remedy_in_words
from billing.investigation import Investigation, look_into
from chargebill.core.keys import row_in
from chargebill.portal import format as written
from chargebill.portal.session_page import zone_of
from chargebill.portal.site import page, site
from disputes.evse_cases import cases_about
from stations.models import Session

# Everything it shows is read elsewhere only with these.
PERMISSIONS = (
    "stations.view_session",
    "billing.view_chargeable",
    "billing.view_document",
    "billing.view_payment",
    "memberships.view_customer",
)


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """One check as staff read it. ``remedy`` says what would put it right; "" where nothing is wrong.

    ``driver`` and ``driver_de`` are what the driver reads, in English and German.
    """

    code: str
    title: str
    staff: str = ""
    remedy: str = ""
    driver: str = ""
    driver_de: str = ""


def allowed(request: HttpRequest) -> bool:
    return request.user.has_perms(PERMISSIONS)


def findings_context(findings: Iterable[Finding], currency: str, *, before_tax: bool) -> dict[str, Any]:
    """What portal/parts/findings.html shows: what is wrong, what lacks data by what would supply it, what is in order."""
    wrong, fine = [], []
    lacking: dict[str, list[ShownFinding]] = {}
    for finding in findings:
        title = BY_CODE[finding.check].title
        if finding.verdict is Verdict.NO_DATA:
            lacking.setdefault(finding.supplied_by, []).append(ShownFinding(finding.check, title))
        elif finding.verdict is Verdict.PASS or finding.remedy is None:
            fine.append(ShownFinding(finding.check, title))
        else:
            wrong.append(
                ShownFinding(
                    finding.check,
                    title,
                    finding.staff,
                    remedy_in_words(finding.remedy, currency, before_tax=before_tax),
                    for_driver(finding, currency, "en"),
                    for_driver(finding, currency, "de"),
                )
            )
    return {
        "wrong": wrong,
        "fine": fine,
        "lacking": list(lacking.items()),
        "lacking_count": sum(len(checks) for checks in lacking.values()),
    }


def _looked_into(request: HttpRequest, pk: int) -> tuple[Session, Investigation]:
    if not allowed(request):
        raise PermissionDenied
    found = Session.objects.select_related("location", "entity", "connector__evse")
    session: Session | None = row_in(found, str(pk))
    if session is None:
        raise Http404("There is no such session.")
    return session, look_into(session, cases_within=lambda days: cases_about(session.connector.evse_id, days, timezone.now()))


@page("sessions/<int:pk>/investigate/", name="session_investigation")
def investigate(request: HttpRequest, pk: int) -> HttpResponse:
    """All checks on what is on record now. Reads only: nothing is kept."""
    session, looked = _looked_into(request, pk)
    billed = looked.snapshot.record.billed
    currency = looked.snapshot.currency
    context = {
        **site().each_context(request),
        "title": f"Investigate session {session.external_id}",
        "crumbs": [
            ("Sessions", reverse("admin:stations_session_changelist")),
            (f"Session {session.external_id}", reverse("admin:stations_session_change", args=[session.pk])),
        ],
        "session": session,
        "zone": zone_of(session),
        "costs": written.money(billed.gross, currency) if billed else "",
        "documents": [document.number for document in looked.snapshot.record.documents or ()],
        "sha256": looked.sha256,
        **findings_context(looked.findings, currency, before_tax=looked.before_tax),
    }
    return TemplateResponse(request, "portal/investigation.html", context)


@page("sessions/<int:pk>/investigate.json", name="session_investigation_record")
def record(request: HttpRequest, pk: int) -> HttpResponse:
    """What the checks look at, byte for byte: its SHA-256 is the one the page shows."""
    session, looked = _looked_into(request, pk)
    return HttpResponse(
        looked.text,
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="session-{session.pk}.json"'},
    )
