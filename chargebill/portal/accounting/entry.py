"""One entry of the journal: its legs, its hash and seal, what it takes back or is taken back by; taking it back."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from billing.models import AccountingPeriod, JournalEntry
from billing.operations.journal import reverse as take_back
from billing.operations.journal_opening import take_back_balances
from billing.operations.opening_receivables import INVOICE, LISTED, OPENING
from chargebill.core.errors import UserError
from chargebill.portal import format as written
from chargebill.portal.accounting.frame import POST, allow, render
from chargebill.portal.accounting.journal import entry_url
from chargebill.portal.accounting.words import source_words
from chargebill.portal.site import page


class ReverseForm(forms.Form):
    day = forms.DateField(
        label="Day it is taken back on",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="In an open month.",
        error_messages={"invalid": "This is no date. Write it like 2026-09-01.", "required": "Choose the day."},
    )
    reason = forms.CharField(
        label="Why",
        max_length=200,
        help_text="Kept with the entry, for whoever asks later.",
        error_messages={"required": "Say why."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


@page("journal/<int:pk>/", name="journal_entry")
def entry(request: HttpRequest, pk: int) -> HttpResponse:
    allow(request)
    found = _entry(pk)
    why_not = _why_not(request, found)
    form = ReverseForm(request.POST or None, initial={"day": _first_open_day(found)})
    if request.method == "POST":
        if not request.user.has_perm(POST):
            raise PermissionDenied
        if why_not:
            messages.error(request, f"{why_not} Nothing was changed.")
            return redirect(entry_url(found))
        if form.is_valid():
            try:
                made = (take_back_balances if found.source_type == OPENING else take_back)(
                    entry=found,
                    effective_date=form.cleaned_data["day"],
                    reason=form.cleaned_data["reason"],
                    actor=request.user,
                    at=timezone.now(),
                )
            except UserError as error:
                field = {"effective_date": "day", "reason": "reason"}.get(error.where)
                form.add_error(field, error.message)
            else:
                messages.success(request, "Taken back: this entry swaps the sides of the one it refers to.")
                return redirect(entry_url(made))
    return render(request, "entry.html", _title(found), {**_context(found), "form": form, "why_not": why_not})


def _entry(pk: int) -> JournalEntry:
    rows = JournalEntry.objects.select_related("entity", "period", "seal", "reverses__seal", "reversed_by__seal", "created_by")
    found = rows.filter(pk=pk, posted_at__isnull=False).first()
    if found is None:
        raise Http404("There is no such entry.")
    return found


def _title(found: JournalEntry) -> str:
    return f"Entry {found.seal.seq}" if hasattr(found, "seal") else "Entry without a number yet"


def _context(found: JournalEntry) -> dict[str, Any]:
    back = getattr(found, "reversed_by", None)
    query = f"?entity={found.entity_id}"
    return {
        "entry": found,
        "source": source_words(found.source_type),
        "seal": getattr(found, "seal", None),
        "legs": [
            (
                leg,
                written.amount(leg.debit, leg.currency) if leg.debit else "",
                written.amount(leg.credit, leg.currency) if leg.credit else "",
                "" if leg.tax_amount is None else written.amount(leg.tax_amount, leg.currency),
            )
            for leg in found.postings.select_related("account", "customer").order_by("line_no")
        ],
        "reverses": (_title(found.reverses), entry_url(found.reverses)) if found.reverses else None,
        "reversed_by": (_title(back), entry_url(back)) if back else None,
        "crumbs": [("Journal", f"{reverse('admin:journal')}{query}")],
    }


def _why_not(request: HttpRequest, found: JournalEntry) -> str:
    """Why this entry is not taken back here; "" when it can be."""
    if not request.user.has_perm(POST):
        return "Finance or an Administrator takes entries back."
    if hasattr(found, "reversed_by"):
        return "It has been taken back already."
    if found.source_type == INVOICE:
        return f"Invoice {found.document_no} was taken over from another system, with a report that was signed."
    if found.source_type == LISTED or (found.reverses and found.reverses.source_type == OPENING):
        return "It goes with opening balances and the open invoices that list their receivables."
    if found.document_no:
        return f"It belongs to document {found.document_no}: correct the document, and the books follow."
    return ""


def _first_open_day(found: JournalEntry) -> date:
    """Its own day while its month is open, else today."""
    return found.effective_date if found.period.state == AccountingPeriod.State.OPEN else found.entity.day_of(timezone.now())
