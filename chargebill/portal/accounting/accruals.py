"""Accrual on the pages of months: switched on or off, and the sessions a closing accrued as CSV."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from billing.accrual_models import Accrual
from billing.accruals import accrued_csv, by_account, earned
from billing.operations.accruals import is_accruing, set_accruing
from chargebill.core.keys import row_in
from chargebill.core.models import LegalEntity
from chargebill.portal.accounting.frame import allow
from chargebill.portal.payment_frame import csv_answer
from chargebill.portal.review import money_of
from chargebill.portal.site import page

SWITCH = "billing.change_journalbook"


def last_of(entity: LegalEntity) -> dict[int, dict[str, Any]]:
    """The last accrual of each of a company's months, by the key of the month: how many sessions, what they earned."""
    rows = Accrual.objects.filter(period__entity=entity).order_by("pk")
    return {one.period_id: {"sessions": one.sessions, "amounts": _written(one)} for one in rows}


def _written(accrual: Accrual) -> str:
    sums = {currency: sum(map(Decimal, of.values()), Decimal(0)) for currency, of in accrual.amounts.items()}
    return money_of(sums) if sums else ""


def expected(entity: LegalEntity, first_day: date) -> dict[str, Any] | None:
    """What closing the month would accrue now; None while the company does not accrue."""
    if not is_accruing(entity):
        return None
    found = earned(entity, first_day)
    sums: dict[str, Decimal] = {}
    for (currency, _), net in by_account(found).items():
        sums[currency] = sums.get(currency, Decimal(0)) + net
    return {"sessions": len(found), "amounts": money_of(sums) if sums else ""}


@page("periods/accrual/", name="accrual_switch")
@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Switches accrual on or off for months closed from now on."""
    allow(request, SWITCH)
    entity = row_in(LegalEntity, request.POST.get("entity", ""))
    if entity is None or request.POST.get("accrues") not in ("0", "1"):
        raise Http404("There is no such company.")
    accrues = request.POST["accrues"] == "1"
    set_accruing(entity=entity, accrues=accrues, actor=request.user, at=timezone.now())
    messages.success(
        request,
        "Months are closed with an accrual from now on." if accrues else "Months are closed without an accrual from now on.",
    )
    return redirect(f"{reverse('admin:periods')}?entity={entity.pk}")


@page("periods/<int:pk>/accrued.csv", name="period_accrued")
@require_GET
def accrued(request: HttpRequest, pk: int) -> HttpResponse:
    """The sessions behind 1110 at the end of a month, as its last closing listed them."""
    allow(request, "stations.view_session")
    accrual = Accrual.objects.filter(period_id=pk).select_related("period").order_by("-pk").first() if pk < 2**63 else None
    if accrual is None:
        raise Http404("Nothing was accrued at the end of this month.")
    return csv_answer(accrued_csv(accrual.pk), f"accrued-{accrual.period}.csv")
