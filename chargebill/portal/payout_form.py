"""A new payout list: what is owed, to whom and on which account, ticked and sent to a second person."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from billing.bank_models import BankAccount
from billing.operations.payouts import Payee, prepare_payout_list
from billing.payout_models import PayoutList
from billing.refund_models import RefundDue
from billing.refunds import payee_accounts, refundable
from chargebill.core.errors import UserError
from chargebill.core.keys import key_in, row_in
from chargebill.core.models import LegalEntity
from chargebill.core.money import round_money
from chargebill.portal.payment_frame import READ_BANK, allow, amount_in, day_in, form_key, frame
from chargebill.portal.refunds import ADD_LIST, source_of
from chargebill.portal.site import page
from disputes.operations.payout_accounts import accounts_given

# A page of rows with three inputs each.
SHOWN = 100


@dataclass(frozen=True, slots=True)
class Row:
    """What is owed, with the inputs as they begin or as they were sent."""

    due: RefundDue
    source: str
    left: Decimal
    is_ticked: bool
    amount: str
    name: str
    account: str


@page("payouts/new/", name="payout_new")
def new(request: HttpRequest) -> HttpResponse:
    allow(request, READ_BANK, ADD_LIST)
    if request.method == "POST":
        # The form sent twice: what was ticked is on its list by now.
        there = PayoutList.objects.filter(key=f"form:{form_key(request)}", prepared_by=request.user).first()
        if there is not None:
            return redirect("admin:payout_list", there.pk)
    companies = list(LegalEntity.objects.order_by("name"))
    entity = row_in(LegalEntity, request.GET.get("entity", ""))
    if entity is None:
        first = refundable(None).select_related("entity").first()
        entity = first.entity if first else companies[0] if companies else None
    currencies = sorted(set(refundable(entity).order_by().values_list("currency", flat=True))) if entity else []
    currency = request.GET.get("currency", "")
    currency = currency if currency in currencies else currencies[0] if currencies else ""
    rows = _rows(request, entity, currency) if entity and currency else []
    accounts = list(BankAccount.objects.filter(entity=entity, currency=currency)) if entity else []
    refusal = None
    if request.method == "POST" and entity:
        try:
            made = _prepared(request, entity, currency, rows, accounts)
        except UserError as error:
            refusal = error
        else:
            messages.success(request, f"{made} is prepared. Somebody else releases it.")
            return redirect("admin:payout_list", made.pk)
    context = frame(
        request,
        "New payout list",
        ("Payout lists", reverse("admin:payouts")),
        companies=companies,
        entity=entity,
        currencies=currencies,
        currency=currency,
        rows=rows,
        has_more=len(rows) == SHOWN,
        accounts=accounts,
        chosen_account=request.POST.get("account", str(accounts[0].pk) if accounts else ""),
        execution_on=request.POST.get("execution_on") or (entity.day_of(timezone.now()).isoformat() if entity else ""),
        refusal=refusal,
        bad_due=key_in(refusal.where.removeprefix("due ")) if refusal and refusal.where.startswith("due ") else None,
        key=request.POST.get("form_key", ""),
    )
    return TemplateResponse(request, "portal/refunds/new_list.html", context)


def known_accounts(dues: Iterable[RefundDue]) -> dict[int, tuple[str, str]]:
    """(name, account) by due: what the driver gave in a case, else who paid (billing.refunds.payee_accounts)."""
    dues = list(dues)
    return payee_accounts(dues) | accounts_given(dues)


def _rows(request: HttpRequest, entity: LegalEntity, currency: str) -> list[Row]:
    dues = list(refundable(entity, currency).select_related("customer", "document", "entity")[:SHOWN])
    known, sent = known_accounts(dues), request.POST
    ticked = {key_in(raw) for raw in sent.getlist("due")}
    rows = []
    for due in dues:
        name, account = known.get(due.pk, (due.customer.name if due.customer else "", ""))
        left = round_money(due.left, currency)  # type: ignore[attr-defined]
        # Where the last attempt failed, its account is looked at before it is used again.
        begins = due.pk in known and due.state != "failed"  # type: ignore[attr-defined]
        rows.append(
            Row(
                due,
                source_of(due),
                left,
                due.pk in ticked if request.method == "POST" else begins,
                sent.get(f"amount-{due.pk}", f"{left:f}"),
                sent.get(f"name-{due.pk}", name),
                sent.get(f"account-{due.pk}", account),
            )
        )
    return rows


def _prepared(
    request: HttpRequest, entity: LegalEntity, currency: str, rows: list[Row], accounts: list[BankAccount]
) -> PayoutList:
    execution_on = day_in(request.POST.get("execution_on", ""))
    if execution_on is None:
        raise UserError("execution_on", "Enter the day the bank is to pay. Nothing was changed.", "execution_on")
    raw = request.POST.get("account", "")
    account = next((one for one in accounts if str(one.pk) == raw), None)
    if raw and account is None:
        raise UserError("payout_account", f"Choose an account of this company in {currency}. Nothing was changed.", "account")
    payees = []
    for row in rows:
        if row.is_ticked:
            try:
                payees.append(Payee(row.due, amount_in(row.amount), row.name, row.account))
            except UserError as error:
                raise UserError(error.code, error.message, f"due {row.due.pk}") from None
    return prepare_payout_list(
        entity=entity,
        key=f"form:{form_key(request)}",
        payees=payees,
        currency=currency,
        account=account,
        execution_on=execution_on,
        actor=request.user,
        at=timezone.now(),
    )
