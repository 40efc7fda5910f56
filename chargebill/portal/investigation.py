"""A session somebody questions: what every check says of it, in words, and what putting it right would be worth."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from billing.checks import BY_CODE, Finding, Remedy, Verdict, Way
from billing.checks.driver import for_driver
from billing.investigation import Investigation, look_into
from chargebill.core.keys import row_in
from chargebill.portal import format as written
from chargebill.portal.review import PARTS
from chargebill.portal.session_page import zone_of
from chargebill.portal.site import page, site
from stations.models import Session

# Everything it shows is read elsewhere only with these.
PERMISSIONS = (
    "stations.view_session",
    "billing.view_chargeable",
    "billing.view_document",
    "billing.view_payment",
    "memberships.view_customer",
)
NOTHING_CHANGES = "No money changes by this alone."


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


def remedy_in_words(remedy: Remedy, currency: str, *, before_tax: bool) -> str:
    """ "Waive idle time: EUR 6.00 less". Amounts of businesses and partners are before tax, but for money that goes back."""
    if remedy.way is Way.RELEASE or not remedy.amount:
        return NOTHING_CHANGES
    amount = written.money(remedy.amount, currency)
    if remedy.way is Way.REFUND:
        return f"Give back {amount}; the bill stays as it is."
    if remedy.way is Way.CREDIT:
        return f"Credit {amount}."
    side = " before tax" if before_tax else ""
    if remedy.way is Way.DROP:
        return f"Take it back: {amount}{side}."
    what = "Price it anew"
    if remedy.way is Way.WAIVE and remedy.part is not None:
        what = f"Waive {PARTS[remedy.part].lower()}"
    elif remedy.way is Way.READING and remedy.energy_kwh is not None:
        what = f"Price it with {written.kwh(remedy.energy_kwh)}"
    return f"{what}: {amount} less{side}."


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


def is_before_tax(investigation: Investigation) -> bool:
    """Whether its amounts are before tax: the price is fixed on that side."""
    pricing = investigation.snapshot.record.pricing
    return pricing is not None and pricing.anchor == "NET"


def _looked_into(request: HttpRequest, pk: int) -> tuple[Session, Investigation]:
    if not allowed(request):
        raise PermissionDenied
    found = Session.objects.select_related("location", "entity", "connector__evse")
    session: Session | None = row_in(found, str(pk))
    if session is None:
        raise Http404("There is no such session.")
    return session, look_into(session)


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
        **findings_context(looked.findings, currency, before_tax=is_before_tax(looked)),
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
