"""One thing that is owed back: what happened to it, and the forms that say it was paid, failed or came back."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from billing.operations.gateway_orders import refund_through_gateway
from billing.operations.refund_lines import confirm_refunds, return_refunds
from billing.operations.refund_moves import PAID_FROM, mark_failed, mark_paid, pay_by_hand
from billing.refund_lines import lines_for
from billing.refund_models import Refund, RefundDue, RefundMethod, RefundState
from billing.refunds import gateway_payments, left_of, with_state
from chargebill.core.errors import UserError
from chargebill.core.keys import row_in
from chargebill.core.models import AuditEvent
from chargebill.core.money import round_money
from chargebill.portal import format as written
from chargebill.portal.payment_frame import READ_BANK, allow, amount_in, day_in, form_key, frame
from chargebill.portal.refunds import READ_REFUNDS, source_of
from chargebill.portal.site import page

ADD, CHANGE = "billing.add_refund", "billing.change_refund"
_S = RefundState
# Lines of the bank a form offers.
SHOWN = 20


def _due(pk: int) -> RefundDue:
    rows = RefundDue.objects.select_related("entity", "customer", "document", "reversal", "made_by")
    found = with_state(rows).filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such refund.")
    return found


@page("refunds/<int:pk>/", name="refund_due")
def one(request: HttpRequest, pk: int) -> HttpResponse:
    allow(request, READ_REFUNDS)
    due, refusal = _due(pk), None
    if request.method == "POST":
        allow(request, ADD)
        try:
            refund = _paid_by_hand(request, due)
        except UserError as error:
            refusal = error
        else:
            messages.success(request, f"{written.money(refund.amount, due.currency)} is booked as given back.")
            return redirect("admin:refund_due", pk)
    refunds = list(due.refunds.select_related("payout_list", "made_by").prefetch_related("bank_lines__bank_line").order_by("pk"))
    left = left_of([pk])[pk]
    who = due.customer.name if due.customer else "somebody unknown"
    context = frame(
        request,
        f"Refund to {who}",
        ("Refunds", reverse("admin:refunds")),
        due=due,
        source=source_of(due),
        left=left,
        zone=due.entity.time_zone or "UTC",
        rows=[_row(request, refund) for refund in refunds],
        events=_events(due, refunds),
        methods=[(method.value, method.label) for method in PAID_FROM],
        given=_given(request, due, left),
        refusal=refusal,
        taken=list(gateway_payments(due)[:SHOWN]) if left else [],
        plain_left=f"{round_money(left, due.currency):f}",
        may_add=request.user.has_perm(ADD),
        may_list=request.user.has_perm("billing.add_payoutlist"),
    )
    return TemplateResponse(request, "portal/refunds/due.html", context)


def _row(request: HttpRequest, refund: Refund) -> dict[str, Any]:
    """A refund with what may be said about it now; lines of the bank only for those who read the bank."""
    may, reads = request.user.has_perm(CHANGE), request.user.has_perm(READ_BANK)
    kinds = {link.kind for link in refund.bank_lines.all()}
    waits = refund.state in (_S.SENT, _S.UNKNOWN)
    by_bank = refund.method == RefundMethod.BANK and may and reads
    return {
        "refund": refund,
        "may_pay": may and waits and not refund.gateway,
        "may_fail": may and not refund.gateway and (waits or refund.state == _S.SUCCEEDED),
        "went_out": list(lines_for(refund, came_back=False)[:SHOWN])
        if by_bank and "PAID" not in kinds and (waits or refund.state == _S.SUCCEEDED)
        else [],
        "came_back": list(lines_for(refund, came_back=True)[:SHOWN])
        if by_bank and "RETURNED" not in kinds and refund.state in (_S.SUCCEEDED, _S.FAILED)
        else [],
        "shows_account": reads,
    }


def _events(due: RefundDue, refunds: list[Refund]) -> list[AuditEvent]:
    mine = Q(object_type="billing.refunddue", object_id=str(due.pk))
    mine |= Q(object_type="billing.refund", object_id__in=[str(refund.pk) for refund in refunds])
    return list(AuditEvent.objects.filter(mine).select_related("actor").order_by("pk"))


def _given(request: HttpRequest, due: RefundDue, left: Decimal) -> dict[str, Any]:
    """The form as it was sent, or as it begins: what is left, today."""
    names = ("method", "amount", "paid_on", "reference", "form_key")
    if request.method == "POST":
        return {name: request.POST.get(name, "") for name in names}
    today = due.entity.day_of(timezone.now()).isoformat()
    return {"method": "BANK", "amount": f"{round_money(left, due.currency):f}", "paid_on": today}


def _day(request: HttpRequest) -> date:
    found = day_in(request.POST.get("paid_on", ""))
    if found is None:
        raise UserError("paid_on", "Enter the day the money went out. Nothing was changed.", "paid_on")
    return found


def _paid_by_hand(request: HttpRequest, due: RefundDue) -> Refund:
    return pay_by_hand(
        due=due,
        key=f"hand:{form_key(request)}",
        amount=amount_in(request.POST.get("amount", "")),
        method=request.POST.get("method", ""),
        paid_on=_day(request),
        reference=request.POST.get("reference", "").strip(),
        actor=request.user,
        at=timezone.now(),
    )


@page("refunds/<int:pk>/gateway/", name="refund_gateway")
@require_POST
def through_gateway(request: HttpRequest, pk: int) -> HttpResponse:
    """Gives it back through the gateway that took it."""
    allow(request, READ_REFUNDS, ADD)
    due = _due(pk)
    payment = row_in(gateway_payments(due), request.POST.get("payment", ""))
    if payment is None:
        raise Http404("There is no such payment.")
    try:
        refund = refund_through_gateway(
            due=due,
            payment=payment,
            amount=amount_in(request.POST.get("amount", "")),
            key=f"gateway:{form_key(request)}",
            actor=request.user,
            at=timezone.now(),
        )
    except UserError as error:
        messages.error(request, error.message)
    else:
        said = f"{written.money(refund.amount, due.currency)}"
        if refund.state == _S.SUCCEEDED:
            messages.success(request, f"{said} went back through {payment.gateway}.")
        elif refund.state == _S.FAILED:
            messages.error(request, f"{said} did not go back: {refund.events.last().reason}. It is owed as before.")
        else:
            messages.info(request, f"Whether {said} went back is not known yet. It is asked for, and not sent again.")
    return redirect("admin:refund_due", pk)


@page("refunds/<int:pk>/say/<int:refund_pk>/", name="refund_say")
@require_POST
def say(request: HttpRequest, pk: int, refund_pk: int) -> HttpResponse:
    """What became of one refund: "paid" on a day, "failed" with a reason, or the line of the bank it is ("line")."""
    allow(request, READ_REFUNDS, CHANGE)
    refund = Refund.objects.select_related("due").filter(pk=refund_pk, due_id=pk, gateway="").first()
    if refund is None:
        raise Http404("There is no such refund.")
    now, what = timezone.now(), request.POST.get("what", "")
    try:
        if what == "paid":
            mark_paid(refund=refund, paid_on=_day(request), actor=request.user, at=now)
            messages.success(request, f"Refund {refund} is booked as paid.")
        elif what == "failed":
            mark_failed(refund=refund, reason=request.POST.get("reason", ""), actor=request.user, at=now)
            messages.success(request, f"Refund {refund} failed: the money is owed again.")
        elif what in ("went_out", "came_back"):
            allow(request, READ_BANK)
            line = row_in(lines_for(refund, came_back=what == "came_back"), request.POST.get("line", ""))
            if line is None:
                raise UserError("line_gone", "This line of the bank is for something else by now. Nothing was changed.")
            does = confirm_refunds if what == "went_out" else return_refunds
            does(line=line, refunds=[refund], actor=request.user, at=now)
            messages.success(request, f"The line of {written.day(line.booked_on)} is refund {refund}.")
        else:
            raise UserError("what", "This form can't be read. Open the page anew. Nothing was changed.")
    except UserError as error:
        messages.error(request, error.message)
    return redirect("admin:refund_due", pk)
