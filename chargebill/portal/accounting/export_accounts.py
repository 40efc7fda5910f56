"""What our accounts are called in an accountant's program, and what that program wants to know of the company."""

from calendar import month_name
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from billing.export_models import ExportTarget
from billing.export_queries import accounts_in, settings_of, used_accounts
from billing.exports import CHARTS, Account, Target, preset_of
from billing.journal import chart_account
from billing.models import Account as JournalAccount
from billing.operations.export_settings import NotTaken, codes_of, set_export_accounts
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity
from chargebill.portal.accounting.exports import MAP, SEE
from chargebill.portal.accounting.frame import allow, books_of, render, without_company
from chargebill.portal.site import page

CALLED = {
    ExportTarget.QUICKBOOKS: "Account name",
    ExportTarget.XERO: "Account code",
    ExportTarget.DATEV: "Account number",
}


class DatevForm(forms.Form):
    consultant = forms.IntegerField(
        label="Consultant number", required=False, min_value=1001, max_value=9_999_999,
        help_text="Beraternummer, 1001 to 9999999. Your tax adviser knows it.",
    )  # fmt: skip
    client = forms.IntegerField(
        label="Client number", required=False, min_value=1, max_value=99_999, help_text="Mandantennummer, 1 to 99999."
    )
    account_length = forms.IntegerField(
        label="Digits of an account", min_value=4, max_value=8, help_text="Sachkontenlänge, usually 4."
    )
    chart = forms.ChoiceField(
        label="Chart of accounts", choices=[("", "Another"), ("03", "SKR03"), ("04", "SKR04")], required=False
    )


AS_INVOICES = [(False, "as journals"), (True, "as invoices")]
NOBODY = {"required": "Say who stands for drivers nobody knows."}


class InvoicesForm(forms.Form):
    as_invoices = forms.TypedChoiceField(
        label="Receipts and invoices go out",
        choices=AS_INVOICES,
        coerce=lambda value: value == "True",
        required=False,
        empty_value=False,
        help_text="Credit notes and payments are journals either way. A change counts for batches to come.",
    )


class XeroForm(InvoicesForm):
    tax_rate = forms.CharField(
        label="Tax rate that computes nothing",
        max_length=50,
        help_text="Its name in Xero. Tax is a row of its own, so Xero must add none.",
    )
    walk_in = forms.CharField(
        label="Contact for unknown drivers",
        max_length=100,
        help_text="Invoices of receipts without a customer go to it.",
        error_messages=NOBODY,
    )


class QuickBooksForm(InvoicesForm):
    walk_in = forms.CharField(
        label="Customer for unknown drivers",
        max_length=100,
        help_text="QuickBooks wants a customer on every receivable. Make one with this name there.",
        error_messages=NOBODY,
    )
    tax_rate = forms.CharField(
        label="Tax code that computes nothing",
        max_length=50,
        help_text="For invoices outside the US. Tax is a row of its own, so QuickBooks must add none. Each row’s product or"
        " service is called what the account is called below: make one there for each, that books on it.",
    )


FORMS = {ExportTarget.DATEV: DatevForm, ExportTarget.XERO: XeroForm, ExportTarget.QUICKBOOKS: QuickBooksForm}


@page("exports/accounts/<str:target>/", name="export_accounts")
def accounts(request: HttpRequest, target: str) -> HttpResponse:
    allow(request, SEE)
    if target not in FORMS:
        raise Http404("There is no such export.")
    books = books_of(request)
    if books is None:
        return without_company(request, "Accounts for an export")
    kind, entity = ExportTarget(target), books.entity
    names, wrong = accounts_in(entity, kind), {}
    known = settings_of(entity, kind)
    form = FORMS[kind](initial={name: getattr(known, name) for name in FORMS[kind].base_fields})
    preset = request.GET.get("preset", "")
    if request.method == "POST":
        if not request.user.has_perm(MAP):
            raise PermissionDenied
        form = FORMS[kind](request.POST)
        names = {code: _sent(request, code) for code in codes_of(entity)}
        if form.is_valid():
            wrong, done = _save(request, entity, kind, names, form)
            if done:
                return redirect(f"{reverse('admin:exports')}?entity={entity.pk}")
    elif preset in CHARTS and CHARTS[preset][0] == Target(kind):
        length = known.account_length
        names = {code: Account(preset_of(preset, code, account_length=length)) for code in codes_of(entity)}
        if CHARTS[preset][1]:
            form.initial["chart"] = CHARTS[preset][1]
    else:
        preset = ""
    for name in wrong:
        if name in form.fields:
            form.add_error(name, wrong[name])
    rows = _rows(entity, names, wrong)
    context = {
        "books": books,
        "target": kind,
        "form": form,
        "rows": rows,
        "called": CALLED[kind],
        "fiscal_month": month_name[entity.fiscal_year_start_month],
        "with_keys": kind == ExportTarget.DATEV,
        "is_wrong": bool(wrong or form.errors),
        "missing": sum(row["used"] and not row["name"] for row in rows),
        "preset": preset,
        "presets": [name for name, (for_target, _) in CHARTS.items() if for_target == Target(kind)],
        "may_map": request.user.has_perm(MAP),
        "back": f"{reverse('admin:exports')}?entity={entity.pk}",
        "crumbs": [("Exports", f"{reverse('admin:exports')}?entity={entity.pk}")],
    }
    return render(request, "export_accounts.html", f"Accounts in {kind.label}", context)


def _sent(request: HttpRequest, code: str) -> Account:
    return Account(request.POST.get(f"name-{code}", "")[:200], request.POST.get(f"key-{code}", "")[:10])


def _save(
    request: HttpRequest, entity: LegalEntity, target: ExportTarget, names: dict[str, Account], form: forms.Form
) -> tuple[dict[str, str], bool]:
    try:
        set_export_accounts(
            entity=entity, target=target, names=names, settings=form.cleaned_data, actor=request.user, at=timezone.now()
        )
    except NotTaken as error:
        return error.fields, False
    except UserError as error:
        form.add_error(None, error.message)
        return {}, False
    messages.success(request, f"Accounts in {target.label} are saved. Batches made before stay as they are.")
    return {}, True


def _rows(entity: LegalEntity, names: dict[str, Account], wrong: dict[str, str]) -> list[dict[str, Any]]:
    """Our accounts by number, those with postings marked, with what they are called there."""
    own = {account.code: account for account in JournalAccount.objects.filter(entity=entity)}
    used = used_accounts(entity)
    found = []
    for code in codes_of(entity):
        called = own.get(code) or chart_account(code)
        there = names.get(code, Account(""))
        found.append(
            {
                "code": code,
                "number": called.number,
                "ours": called.name,
                "used": code in used,
                "name": there.name,
                "key": there.tax_key,
                "wrong": wrong.get(f"name-{code}", ""),
            }
        )
    return sorted(found, key=lambda row: row["number"])
