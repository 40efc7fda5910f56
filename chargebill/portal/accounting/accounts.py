"""The accounts with their balances by currency and month, as a page and as CSV; what a company calls them."""

from collections.abc import Iterator

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from billing.journal import CHART, chart_account
from billing.journal_queries import AccountLine, account_lines
from billing.models import Account
from billing.operations.journal_accounts import rename_account
from chargebill.core.csvsafe import safe_cell
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity
from chargebill.core.money import round_money
from chargebill.portal import format as written
from chargebill.portal.accounting.frame import allow, books_of, render, without_company
from chargebill.portal.accounting.journal import csv_answer
from chargebill.portal.session_export import Cell
from chargebill.portal.site import page

RENAME = "billing.change_account"
HEADER = ("account_number", "account_name", "group", "code", "currency", "debit", "credit", "balance")


@page("accounts/", name="accounts")
@require_GET
def accounts(request: HttpRequest) -> HttpResponse:
    allow(request)
    books = books_of(request)
    if books is None:
        return without_company(request, "Accounts")
    found = account_lines(books.entity, books.period)
    return render(
        request,
        "accounts.html",
        "Accounts",
        {
            "books": books,
            "rows": [(line, *_written(line)) for line in found],
            "query": books.address(),
            "may_rename": request.user.has_perm(RENAME),
        },
    )


def _written(line: AccountLine) -> tuple[str, str, str]:
    if not line.currency:
        return "", "", ""
    shown = (line.sums.debit, line.sums.credit, line.balance)
    debit, credit, balance = (written.amount(value, line.currency).replace("-", "−") for value in shown)
    return debit, credit, balance


@page("accounts/balances.csv", name="accounts_csv")
@require_GET
def accounts_csv(request: HttpRequest) -> StreamingHttpResponse:
    allow(request)
    books = books_of(request)
    if books is None:
        raise Http404("There is no company yet.")
    return csv_answer(
        f"accounts{'-' if books.period else ''}{books.period or ''}.csv",
        HEADER,
        _cells(account_lines(books.entity, books.period)),
    )


def _cells(found: list[AccountLine]) -> Iterator[list[Cell]]:
    for line in found:
        amounts = (line.sums.debit, line.sums.credit, line.balance)
        yield [
            safe_cell(line.number),
            safe_cell(line.name),
            line.kind.value,
            line.code,
            line.currency,
            *(round_money(amount, line.currency) if line.currency else None for amount in amounts),
        ]


class RenameForm(forms.Form):
    number = forms.CharField(
        label="Number", max_length=40, help_text="Your own, such as 8400.", error_messages={"required": "Give it a number."}
    )
    name = forms.CharField(label="Name", max_length=120, error_messages={"required": "Give it a name."})


@page("accounts/<int:entity_id>/<str:code>/", name="account_rename")
def rename(request: HttpRequest, entity_id: int, code: str) -> HttpResponse:
    allow(request, RENAME)
    entity = LegalEntity.objects.filter(pk=entity_id).first()
    account = Account.objects.filter(entity=entity, code=code).first() if entity else None
    try:
        standard = chart_account(code)
    except UserError:
        raise Http404("There is no such account.") from None
    if entity is None or (account is None and code not in CHART):
        raise Http404("There is no such account.")
    called = account or standard
    back = f"{reverse('admin:accounts')}?entity={entity.pk}"
    form = RenameForm(request.POST or None, initial={"number": called.number, "name": called.name})
    if request.method == "POST" and form.is_valid():
        try:
            renamed = rename_account(
                entity=entity, code=code, reason="", actor=request.user, at=timezone.now(), **form.cleaned_data
            )
        except UserError as error:
            form.add_error(error.where if error.where in form.fields else None, error.message)
        else:
            messages.success(request, f"The account is called {renamed} now. What was booked on it stays on it.")
            return redirect(back)
    title = f"Account {called.number} {called.name}"
    context = {"form": form, "standard": standard, "entity": entity, "back": back, "crumbs": [("Accounts", back)]}
    return render(request, "account.html", title, context)
