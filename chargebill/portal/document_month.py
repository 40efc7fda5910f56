"""Billing a month: what is missing, what would be issued, issuing it with stop and taking up again, what changed since."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from billing import document_plan
from billing.chargeables import REASONS
from billing.document_models import DocumentKind, DocumentRun
from billing.operations import resume_issuing, start_issuing, stop_issuing
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity
from chargebill.core.periods import month_of
from chargebill.portal import format as written
from chargebill.portal.differences import why_of
from chargebill.portal.jobs import progress_of
from chargebill.portal.month_choice import chosen_month, company_in
from chargebill.portal.site import page, site

VIEW, ISSUE, CHANGE = "billing.view_document", "billing.add_documentrun", "billing.change_documentrun"
MOST_DIFFERENCES = 50


def _allow(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perms((VIEW, permission)):
        raise PermissionDenied


def _here(entity: LegalEntity, first_day: date) -> str:
    query = urlencode({"entity": entity.pk, "month": f"{first_day:%Y-%m}"})
    return f"{reverse('admin:document_month')}?{query}"


@page("billing/month/", name="document_month")
def show(request: HttpRequest) -> HttpResponse:
    _allow(request, VIEW)
    entity = company_in(request.GET.get("entity", ""))
    request.current_app = site().name
    context: dict[str, Any] = {**site().each_context(request), "title": "Bill a month", "entity": entity}
    if entity is not None:
        first_day, problem = chosen_month(request.GET.get("month", ""), entity)
        context |= {
            "entities": list(LegalEntity.objects.order_by("name")),
            "first_day": first_day,
            "problem": problem,
            "missing": document_plan.missing_of(entity),
        }
        if entity.time_zone:
            context |= _shown(request, entity, first_day)
    return TemplateResponse(request, "portal/documents/month.html", context)


def _shown(request: HttpRequest, entity: LegalEntity, first_day: date) -> dict[str, Any]:
    at = timezone.now()
    sums = document_plan.sums(entity, first_day, at)
    run = document_plan.recent_run(entity, first_day)
    changed = document_plan.differences(entity)
    return {
        "is_over": document_plan.is_over(entity, first_day, at),
        "last_day": month_of(first_day).end - timedelta(days=1),  # type: ignore[operator]
        "sums": [(one, _title(one), written.money(one.amount, one.currency)) for one in sums],
        "documents": sum(one.documents for one in sums),
        "sessions": sum(one.sessions for one in sums),
        "late": sum(one.late for one in sums),
        "totals": _totals(sums),
        "not_ready": [
            (one, REASONS.get(one.reason, one.reason), " + ".join(written.money(a, c) for c, a in one.amounts) or written.NOTHING)
            for one in document_plan.not_ready(entity, first_day)
        ],
        "run": run,
        "progress": progress_of(run.job) if run and run.finished_at is None else None,
        "run_documents": run.documents.count() if run else 0,
        "may_issue": request.user.has_perm(ISSUE),
        "may_change": request.user.has_perm(CHANGE),
        "differences": [(one, _difference(one)) for one in changed[:MOST_DIFFERENCES]],
        "differences_count": changed.count(),
    }


def _title(one: document_plan.DraftSum) -> str:
    if one.kind == DocumentKind.INVOICE:
        return one.customer_name
    return "Receipts, money collected elsewhere" if one.is_collected else "Receipts, nobody we know"


def _totals(sums: list[document_plan.DraftSum]) -> list[str]:
    """What the drafts come to, by currency and fixed side: sums that include tax and those that don't are never mixed."""
    found: dict[tuple[str, str], Decimal] = {}
    for one in sums:
        found[one.currency, one.anchor] = found.get((one.currency, one.anchor), Decimal(0)) + one.amount
    words = {"GROSS": "incl. VAT", "NET": "excl. VAT"}
    return [f"{written.money(amount, currency)} {words[anchor]}" for (currency, anchor), amount in sorted(found.items())]


def _difference(one: Any) -> dict[str, str]:
    cdr = one.session.chargeable.cdr
    now = written.NOTHING if one.gross_amount is None else written.money(one.gross_amount, one.currency)
    return {"billed": written.money(cdr.gross_amount, cdr.currency), "now": now, "why": why_of(one)}


@page("billing/month/issue/", name="document_issue")
@require_POST
def issue(request: HttpRequest) -> HttpResponse:
    _allow(request, ISSUE)
    entity = company_in(request.POST.get("entity", ""))
    if entity is None:
        raise Http404("There is no such company.")
    try:
        first_day = document_plan.month(request.POST.get("month", ""), "month")
    except UserError as error:
        messages.error(request, error.message)
        return redirect("admin:document_month")
    at = timezone.now()
    # Sent twice it is one run: the key is what the person had before them.
    key = f"issue:{entity.pk}:{first_day:%Y-%m}:{request.POST.get('seen', '')[:60]}"
    try:
        start_issuing(entity=entity, first_day=first_day, actor=request.user, at=at, key=key)
    except UserError as error:
        messages.error(request, error.message)
    return redirect(_here(entity, first_day))


def _run(pk: int) -> DocumentRun:
    run = DocumentRun.objects.select_related("entity").filter(pk=pk).first() if pk < 2**63 else None
    if run is None:
        raise Http404("There is no such run.")
    return run


@page("billing/runs/<int:pk>/stop/", name="document_run_stop")
@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    _allow(request, CHANGE)
    run = _run(pk)
    try:
        stop_issuing(run=run, actor=request.user, at=timezone.now())
        messages.success(request, "It stops after the documents it is at. What is issued stays.")
    except UserError as error:
        messages.error(request, error.message)
    return redirect(_here(run.entity, run.first_day))


@page("billing/runs/<int:pk>/resume/", name="document_run_resume")
@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    _allow(request, CHANGE)
    run = _run(pk)
    try:
        resume_issuing(run=run, actor=request.user, at=timezone.now())
    except UserError as error:
        messages.error(request, error.message)
    return redirect(_here(run.entity, run.first_day))
