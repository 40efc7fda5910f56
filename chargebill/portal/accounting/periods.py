"""The months of the books: what is in them, closing and reopening by two people, what was signed."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from billing.journal_queries import Month, months
from billing.models import AccountingPeriod, PeriodChange, PeriodClosing, SigningKey
from billing.operations.accruals import is_accruing
from billing.operations.journal_periods import ask, confirm, refuse, retire_key, why_not
from billing.operations.mail import closing_file
from billing.operations.month_end import ask_to_close, confirm_close
from billing.signing import has_private_half
from chargebill.core.errors import UserError
from chargebill.portal.accounting.accruals import SWITCH, last_of
from chargebill.portal.accounting.frame import allow, books_of, render, without_company
from chargebill.portal.site import page

ASK = "billing.add_periodchange"
CONFIRM = "billing.add_periodclosing"
RETIRE = "billing.change_signingkey"


@page("periods/", name="periods")
@require_GET
def periods(request: HttpRequest) -> HttpResponse:
    allow(request)
    books = books_of(request)
    if books is None:
        return without_company(request, "Periods")
    found = months(books.entity)
    accruals = last_of(books.entity)
    keys = list(SigningKey.objects.filter(entity=books.entity).select_related("created_by"))
    return render(
        request,
        "periods.html",
        "Periods",
        {
            "books": books,
            "months": [{**_shown(request, month), "accrued": accruals.get(month.period.pk)} for month in found],
            "accrues": is_accruing(books.entity),
            "may_switch": request.user.has_perm(SWITCH),
            "may_list": request.user.has_perm("stations.view_session"),
            "unsealed": sum(month.unsealed for month in found),
            "keys": [(key, has_private_half(key)) for key in keys],
            "may_retire": request.user.has_perm(RETIRE),
        },
    )


def _shown(request: HttpRequest, month: Month) -> dict[str, Any]:
    closes = month.period.state == AccountingPeriod.State.OPEN
    kind = PeriodChange.Kind.CLOSE if closes else PeriodChange.Kind.REOPEN
    own = month.waiting is not None and month.waiting.asked_by_id == request.user.pk
    return {
        "month": month,
        "kind": kind,
        "why_not": why_not(month.period, kind, at=timezone.now()),
        "may_ask": request.user.has_perm(ASK) and month.waiting is None,
        "may_confirm": request.user.has_perm(CONFIRM) and month.waiting is not None and not own,
        "may_take_back": own,
    }


def _back(request: HttpRequest, period: AccountingPeriod) -> HttpResponse:
    """Where the person came from: the page that closes the month, or that of all months."""
    query = f"?entity={period.entity_id}"
    if request.POST.get("back") == "close":
        return redirect(f"{reverse('admin:close_month')}{query}&month={period}")
    return redirect(f"{reverse('admin:periods')}{query}")


@page("periods/<int:pk>/ask/", name="period_ask")
@require_POST
def ask_for(request: HttpRequest, pk: int) -> HttpResponse:
    """One person's wish to close or reopen a month."""
    allow(request, ASK)
    period = AccountingPeriod.objects.select_related("entity").filter(pk=pk).first()
    if period is None or request.POST.get("kind") not in PeriodChange.Kind.values:
        raise Http404("There is no such month.")
    kind = PeriodChange.Kind(request.POST["kind"])
    said = {"reason": request.POST.get("reason", ""), "actor": request.user, "at": timezone.now()}
    try:
        if kind == PeriodChange.Kind.CLOSE:
            ask_to_close(period=period, **said)
        else:
            ask(period=period, kind=kind, **said)
    except UserError as error:
        messages.error(request, error.message)
    else:
        done = "closed" if kind == PeriodChange.Kind.CLOSE else "reopened"
        messages.success(request, f"{period} is {done} as soon as a second person confirms it.")
    return _back(request, period)


@page("periods/changes/<int:pk>/", name="period_decide")
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """The second person's word, or one's own wish taken back."""
    change = PeriodChange.objects.select_related("period__entity").filter(pk=pk).first()
    own = change is not None and change.asked_by_id == request.user.pk
    allow(request, ASK if own else CONFIRM)
    if change is None or request.POST.get("answer") not in ("confirm", "refuse"):
        raise Http404("There is no such wish.")
    accepts = request.POST["answer"] == "confirm"
    closes = change.kind == PeriodChange.Kind.CLOSE
    does = (confirm_close if closes else confirm) if accepts else refuse
    try:
        does(change=change, actor=request.user, at=timezone.now())
    except UserError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _done(change, accepts))
    return _back(request, change.period)


def _done(change: PeriodChange, accepts: bool) -> str:
    if not accepts:
        return f"{change.period} stays as it is."
    if change.kind == PeriodChange.Kind.REOPEN:
        return f"{change.period} is open again."
    return f"{change.period} is closed and signed. Keep its signature somewhere else: it proves what the books said."


@page("periods/<int:pk>/signature.json", name="period_signature")
@require_GET
def signature(request: HttpRequest, pk: int) -> HttpResponse:
    """What was signed when the month was closed last, for keeping outside: statement, signature, public key."""
    allow(request)
    closing = PeriodClosing.objects.filter(period_id=pk).select_related("key", "period").first()
    if closing is None:
        raise Http404("This month was never closed.")
    name, text = closing_file(closing)
    return HttpResponse(text, content_type="application/json", headers={"Content-Disposition": f'attachment; filename="{name}"'})


@page("periods/keys/<int:pk>/retire/", name="signing_key_retire")
@require_POST
def retire(request: HttpRequest, pk: int) -> HttpResponse:
    allow(request, RETIRE)
    key = SigningKey.objects.select_related("entity").filter(pk=pk).first()
    if key is None:
        raise Http404("There is no such key.")
    try:
        retire_key(key=key, reason=request.POST.get("reason", ""), actor=request.user, at=timezone.now())
    except UserError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, "The key is retired. What it signed stays valid; the next closing makes a new one.")
    return redirect(f"{reverse('admin:periods')}?entity={key.entity_id}")
