"""Opening balances: a file is read line by line and shown, and posted when somebody says so."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from billing.journal.opening import COLUMNS, Opening
from billing.journal_balances import Sums
from billing.models import JournalEntry
from billing.operations.journal_opening import post_balances, read_balances
from billing.operations.opening_receivables import OPENING
from chargebill.core.errors import UserError
from chargebill.core.keys import key_in
from chargebill.core.models import LegalEntity
from chargebill.portal import format as written
from chargebill.portal.accounting.frame import POST, allow, render, without_company
from chargebill.portal.accounting.journal import entry_url
from chargebill.portal.accounting.sheet_file import SheetForm, day_field
from chargebill.portal.site import page

KEPT_S = 24 * 3600
SHOWN = 200
TEMPLATE = ",".join(COLUMNS) + "\n1000,12500.00,,EUR,,Bank balance\n1100,119.00,,EUR,C-1001,Invoice 2026-17\n2000,,25.00,EUR,,\n"


class OpeningForm(SheetForm):
    day = day_field("Day of the balances", "Usually the last day the other system kept the books.")
    field_order = ("entity", "day", "file")


@page("opening-balances/", name="opening_balances")
def opening_balances(request: HttpRequest) -> HttpResponse:
    allow(request, POST)
    if not LegalEntity.objects.exists():
        return without_company(request, "Opening balances")
    if "ticket" in request.POST:
        return _post(request)
    form = OpeningForm(request.POST or None, request.FILES or None, initial={"entity": key_in(request.GET.get("entity", ""))})
    context: dict[str, Any] = {}
    if request.method == "POST" and form.is_valid():
        entity, day, text = (form.cleaned_data[name] for name in ("entity", "day", "file"))
        try:
            found = read_balances(entity=entity, text=text)
        except UserError as error:
            form.add_error("file", error.message)
        else:
            context = _report(found, entity, day)
            if not found.problems:
                kept = {"entity": entity.pk, "day": day.isoformat(), "text": text}
                context["ticket"] = signing.dumps(kept, salt=_salt(request), compress=True)
    return _show(request, form, context)


def _show(request: HttpRequest, form: OpeningForm, context: dict[str, Any]) -> HttpResponse:
    earlier = JournalEntry.objects.filter(source_type=OPENING, posted_at__isnull=False).select_related(
        "entity", "seal", "reversed_by"
    )
    shown = {
        "form": form,
        "crumbs": [("Taking over", reverse("admin:take_over"))],
        "columns": COLUMNS,
        "earlier": [(entry, entry_url(entry), hasattr(entry, "reversed_by")) for entry in earlier[:20]],
    }
    return render(request, "opening.html", "Opening balances", {**shown, **context})


def _salt(request: HttpRequest) -> str:
    return f"opening:{request.user.pk}"


def _report(found: Opening, entity: LegalEntity, day: date) -> dict[str, Any]:
    sums: dict[str, Sums] = {}
    legs = [] if found.problems else found.legs
    for leg in legs[: len(found.lines)]:
        old = sums.get(leg.currency, Sums(leg.debit - leg.debit, leg.debit - leg.debit))
        sums[leg.currency] = Sums(old.debit + leg.debit, old.credit + leg.credit)
    return {
        "found": found,
        "company": entity,
        "day": day,
        "lines": found.lines[:SHOWN],
        "more": max(0, len(found.lines) - SHOWN),
        "problem_lines": found.problems[:SHOWN],
        "sums": [
            (currency, *(written.amount(value, currency).replace("-", "−") for value in (s.debit, s.credit, s.balance)))
            for currency, s in sorted(sums.items())
        ],
    }


def _post(request: HttpRequest) -> HttpResponse:
    again = redirect(reverse("admin:opening_balances"))
    try:
        kept = signing.loads(request.POST["ticket"], salt=_salt(request), max_age=KEPT_S)
    except signing.BadSignature:
        messages.error(request, "This preview is out of date. Choose the file again. Nothing was changed.")
        return again
    entity = LegalEntity.objects.get(pk=kept["entity"])
    try:
        entry = post_balances(
            entity=entity,
            text=kept["text"],
            effective_date=date.fromisoformat(kept["day"]),
            actor=request.user,
            at=timezone.now(),
        )
    except UserError as error:
        messages.error(request, error.message)
        return again
    messages.success(request, f"The opening balances of {entity} are in the books.")
    return redirect(entry_url(entry))


@page("opening-balances/template.csv", name="opening_template")
@require_GET
def template(request: HttpRequest) -> HttpResponse:
    allow(request, POST)
    return HttpResponse(
        TEMPLATE,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="opening-balances.csv"'},
    )
