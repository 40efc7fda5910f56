"""Closing a month: what is missing, its figures against the month before, issuing, and the closing by two people."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from billing import document_plan
from billing.close_models import BooksCheck
from billing.journal_models import AccountingPeriod, PeriodChange, PeriodClosing
from billing.month_end import items
from billing.month_totals import MonthTotals, totals
from billing.operations.books_checks import KIND, start_check
from chargebill.analytics.queries import Ended, ended_in
from chargebill.core.errors import UserError
from chargebill.core.keys import row_in
from chargebill.core.models import Job, LegalEntity
from chargebill.core.periods import Period, month_of, previous
from chargebill.portal import format as written
from chargebill.portal.accounting.accruals import expected
from chargebill.portal.accounting.close_words import shown
from chargebill.portal.accounting.frame import allow, render, without_company
from chargebill.portal.accounting.periods import ASK, CONFIRM
from chargebill.portal.jobs import progress_of
from chargebill.portal.overview import change_of
from chargebill.portal.session_filters import period_query
from chargebill.portal.site import page

TITLE = "Close a month"


def address(entity: LegalEntity, first_day: date) -> str:
    return f"{reverse('admin:close_month')}?{urlencode({'entity': entity.pk, 'month': f'{first_day:%Y-%m}'})}"


@page("close/", name="close_month")
@require_GET
def close_month(request: HttpRequest) -> HttpResponse:
    allow(request)
    entities = list(LegalEntity.objects.order_by("name"))
    if not entities:
        return without_company(request, TITLE)
    raw = request.GET.get("entity", "")
    named = next((one for one in entities if str(one.pk) == raw), None)
    problems = ["There is no such company: the page shows the first one."] if raw and named is None else []
    entity = named or entities[0]
    at = timezone.now()
    first_day = _next_month(entity, at)
    if raw := request.GET.get("month", ""):
        try:
            first_day = document_plan.month(raw[:20], "month")
        except UserError as error:
            problems.append(error.message)
    found = items(entity, first_day, at)
    period = AccountingPeriod.objects.filter(entity=entity, first_day=first_day).first()
    return render(
        request,
        "close.html",
        TITLE,
        {
            "entity": entity,
            "entities": entities,
            "first_day": first_day,
            "earlier": previous(month_of(first_day)).start,
            "later": month_of(first_day).end,
            "problems": problems,
            "items": [shown(request, one, entity, first_day) for one in found],
            "missing": sum(one.is_missing for one in found),
            "blocked": any(one.is_blocking for one in found),
            "figures": _figures(request, entity, first_day),
            "check": BooksCheck.objects.select_related("made_by").first(),
            "checking": _checking(),
            "period": period,
            "accrual": None if period is None or period.state == AccountingPeriod.State.CLOSED else expected(entity, first_day),
            **_closing(request, entity, period),
            **_issuing(entity, first_day, at),
        },
    )


def _next_month(entity: LegalEntity, at: Any) -> date:
    """The month to close next: the first open one, once it is over; the last whole month while there is none."""
    periods = AccountingPeriod.objects.filter(entity=entity, state=AccountingPeriod.State.OPEN)
    last = previous(month_of(entity.day_of(at))).start
    found: date | None = periods.filter(first_day__lte=last).order_by("first_day").values_list("first_day", flat=True).first()
    return found or last


def _checking() -> Any:
    job = Job.objects.filter(kind=KIND, state__in=(Job.State.QUEUED, Job.State.RUNNING)).first()
    return progress_of(job) if job else None


def _issuing(entity: LegalEntity, first_day: date, at: Any) -> dict[str, Any]:
    """What would be issued, in short."""
    if not entity.time_zone or document_plan.missing_of(entity):
        return {"drafts": 0}
    return {"drafts": sum(one.documents for one in document_plan.sums(entity, first_day, at))}


def _closing(request: HttpRequest, entity: LegalEntity, period: AccountingPeriod | None) -> dict[str, Any]:
    change = PeriodChange.objects.filter(period=period, decided_at__isnull=True).select_related("asked_by").first()
    closed = period is not None and period.state == AccountingPeriod.State.CLOSED
    closing = PeriodClosing.objects.filter(period=period).select_related("change__asked_by", "change__decided_by").first()
    own = change is not None and change.asked_by_id == request.user.pk
    last = AccountingPeriod.objects.filter(entity=entity).aggregate(last=Max("first_day"))["last"]
    return {
        "change": change,
        "is_closed": closed,
        "closing": closing if closed else None,
        "own": own,
        "books_until": last,
        "may_ask": request.user.has_perm(ASK),
        "may_confirm": request.user.has_perm(CONFIRM) and change is not None and not own,
        "may_check": request.user.has_perm(ASK),
    }


def _figures(request: HttpRequest, entity: LegalEntity, first_day: date) -> list[dict[str, str]]:
    """Rows of (what, this month, the month before, change), each figure with the list behind it."""
    now, before = month_of(first_day), previous(month_of(first_day))
    ended, ended_before = ended_in(entity, now), ended_in(entity, before)
    money, money_before = totals(entity, now), totals(entity, before)
    sessions = _link(request, "stations.view_session", "admin:stations_session_changelist", **_days(entity, now))
    rows = [
        _row("Sessions that ended", written.number, ended.sessions, ended_before.sessions, sessions),
        _row("Energy of these", written.energy, ended.energy_kwh, ended_before.energy_kwh, sessions),
    ]
    for currency in sorted({*ended.net, *ended_before.net, *money, *money_before}):
        rows += _of_currency(request, entity, now, currency, (ended, ended_before), (money, money_before))
    return rows


def _of_currency(
    request: HttpRequest,
    entity: LegalEntity,
    now: Period[date],
    currency: str,
    ended: tuple[Ended, Ended],
    money: tuple[dict[str, MonthTotals], dict[str, MonthTotals]],
) -> list[dict[str, str]]:
    nothing = MonthTotals()
    this, last = (one.get(currency, nothing) for one in money)
    days = _days(entity, now)
    sessions = _link(request, "stations.view_session", "admin:stations_session_changelist", **days)
    documents = _link(
        request,
        "billing.view_document",
        "admin:billing_document_changelist",
        entity__id__exact=days["entity"],
        issue_date_from=days["from"],
        issue_date_to=days["to"],
    )
    payments = _link(request, "billing.view_payment", "admin:payments", **days)

    def amount(value: Decimal) -> str:
        return written.money(value, currency)

    prices = (one.net.get(currency, Decimal(0)) for one in ended)
    return [
        _row(f"Prices of these sessions, excl. VAT, {currency}", amount, *prices, sessions),
        _row(f"Documents issued, {currency}", written.number, this.documents, last.documents, documents),
        _row("on them, excl. VAT", amount, this.net, last.net, documents),
        _row("on them, VAT", amount, this.tax, last.tax, documents),
        _row("on them, incl. VAT", amount, this.gross, last.gross, documents),
        _row(f"Money received, {currency}", amount, this.collected, last.collected, payments),
    ]


def _row(what: str, write: Any, now: Any, before: Any, link: str) -> dict[str, str]:
    return {"what": what, "now": write(now), "before": write(before), "change": change_of(now, before)[0], "link": link}


def _days(entity: LegalEntity, period: Period[date]) -> dict[str, str]:
    assert period.end is not None
    return {"entity": str(entity.pk), **period_query(period.start, period.end - timedelta(days=1))}


def _link(request: HttpRequest, permission: str, name: str, **query: str) -> str:
    return f"{reverse(name)}?{urlencode(query)}" if request.user.has_perm(permission) else ""


@page("close/check/", name="close_check")
@require_POST
def check(request: HttpRequest) -> HttpResponse:
    """Checks the books in the background. Sent twice it is one check: the key is what the person had before them."""
    allow(request, ASK)
    entity = row_in(LegalEntity, request.POST.get("entity", ""))
    if entity is None:
        raise Http404("There is no such company.")
    start_check(key=f"check_books:{request.POST.get('seen', '')[:60]}", actor=request.user)
    messages.success(request, "The books are being checked. Look at this page again in a moment.")
    try:
        return redirect(address(entity, document_plan.month(request.POST.get("month", "")[:20], "month")))
    except UserError:
        return redirect("admin:close_month")
