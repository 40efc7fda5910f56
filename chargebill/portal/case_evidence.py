"""The evidence of a case: what every check said of its sessions, what is on file, the signed ZIP; look again and sign."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from billing.investigation.stored import findings_in
from chargebill.core.errors import UserError
from chargebill.core.keys import row_in
from chargebill.portal.investigation import PERMISSIONS, findings_context
from chargebill.portal.site import page, site
from disputes.evidence_models import EvidenceItem
from disputes.evidence_queries import bundle_of
from disputes.models import Case
from disputes.operations.evidence import collect_and_seal

# So many sessions are shown with what the checks say, those where something is wrong first; the rest is in the ZIP.
MOST_BESIDE, MOST_SHOWN = 5, 10
VIEW, WORK = "disputes.view_case", "disputes.change_case"


@dataclass(frozen=True, slots=True)
class Looked:
    """What the checks said of one contested session when it was collected last. ``prefix`` tells its headings apart."""

    number: str
    session_id: int
    at: Any
    prefix: str
    wrong: list[Any]
    fine: list[Any]
    lacking: list[Any]
    lacking_count: int


def may_see(request: HttpRequest) -> bool:
    return request.user.has_perms((VIEW, *PERMISSIONS))


def looked_of(case: Case) -> list[Looked]:
    """The newest findings on file of each session, those where something is wrong first. One query."""
    rows = case.evidence.filter(kind=EvidenceItem.Kind.FINDINGS).select_related("session").order_by("seq")
    newest = {item.session_id: item for item in rows}
    found = []
    for place, item in enumerate(newest.values(), 1):
        findings, currency, before_tax = findings_in(bytes(item.content).decode())
        shown = findings_context(findings, currency, before_tax=before_tax)
        assert item.session is not None
        found.append(Looked(item.session.external_id, item.session.pk, item.made_at, f"s{place}-", **shown))
    return sorted(found, key=lambda one: not one.wrong)


def context_of(request: HttpRequest, case: Case) -> dict[str, Any]:
    """What portal/parts/case_evidence.html shows beside a case; nothing for whoever may not see what checks look at."""
    if not may_see(request):
        return {}
    return {"looked": looked_of(case)[:MOST_BESIDE], "signed": case.manifests.order_by("version").last()}


def _case(request: HttpRequest, pk: int) -> Case:
    if not may_see(request):
        raise PermissionDenied
    case: Case | None = row_in(Case.objects.select_related("entity"), str(pk))
    if case is None:
        raise Http404("There is no such case.")
    return case


@page("cases/<int:pk>/evidence/", name="case_evidence")
def evidence(request: HttpRequest, pk: int) -> HttpResponse:
    case = _case(request, pk)
    looked = looked_of(case)
    items = case.evidence.defer("content").select_related("made_by").order_by("seq")
    context = {
        **site().each_context(request),
        "title": f"Evidence of case {case.number}",
        "crumbs": [
            ("Cases", reverse("admin:disputes_case_changelist")),
            (f"Case {case.number}", reverse("admin:disputes_case_change", args=[case.pk])),
        ],
        "case": case,
        "zone": case.entity.time_zone or "UTC",
        "looked": looked[:MOST_SHOWN],
        "more": max(len(looked) - MOST_SHOWN, 0),
        "items": list(items),
        "manifests": list(case.manifests.select_related("key", "made_by").order_by("-version")),
        "can_work": request.user.has_perm(WORK),
    }
    return TemplateResponse(request, "portal/case_evidence.html", context)


@page("cases/<int:pk>/evidence/collect/", name="case_evidence_collect")
@require_POST
def look_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Collects what changed since, and signs all of it."""
    case = _case(request, pk)
    if not request.user.has_perm(WORK):
        raise PermissionDenied
    try:
        made, manifest = collect_and_seal(case=case, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    except UserError as problem:
        messages.error(request, problem.message)
    else:
        came = f"{made} pieces came" if made else "Nothing has changed"
        messages.success(request, f"{came} since it was last looked into. Everything is signed as version {manifest.version}.")
    return redirect("admin:case_evidence", pk=case.pk)


@page("cases/<int:pk>/evidence.zip", name="case_bundle")
def bundle(request: HttpRequest, pk: int) -> HttpResponse:
    """The signed ZIP, the newest version: what verify_case checks."""
    case = _case(request, pk)
    if not case.manifests.exists():
        raise Http404("Nothing of this case is signed yet.")
    name = f"{case.number}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(bundle_of(case), content_type="application/zip", headers=headers)
