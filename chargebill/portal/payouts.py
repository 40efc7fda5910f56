"""Payout lists: which there are, one with its files, releasing it by a second person, discarding it."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from billing.operations.payouts import discard_payout_list, release_payout_list
from billing.payout_models import PayoutFile, PayoutList
from billing.refunds import refundable
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent, LegalEntity
from chargebill.portal.payment_frame import PER_PAGE, allow, frame
from chargebill.portal.refunds import ADD_LIST
from chargebill.portal.site import page

READ, CHANGE = "billing.view_payoutlist", "billing.change_payoutlist"
CONTENT_TYPES = {"CSV": "text/csv; charset=utf-8", "PAIN": "application/xml"}


@page("payouts/", name="payouts")
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    allow(request, READ)
    rows = PayoutList.objects.select_related("entity", "account", "prepared_by", "released_by").order_by("-pk")
    shown = Paginator(rows, PER_PAGE).get_page(request.GET.get("p"))
    context = frame(
        request,
        "Payout lists",
        page=shown,
        query="",
        is_one_company=LegalEntity.objects.count() < 2,
        may_list=request.user.has_perm(ADD_LIST) and refundable(None).exists(),
    )
    return TemplateResponse(request, "portal/refunds/payouts.html", context)


def _list(pk: int) -> PayoutList:
    rows = PayoutList.objects.select_related("entity", "account", "prepared_by", "released_by", "discarded_by")
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such list.")
    return found


@page("payouts/<int:pk>/", name="payout_list")
@require_GET
def one(request: HttpRequest, pk: int) -> HttpResponse:
    allow(request, READ)
    made = _list(pk)
    refunds = made.refunds.select_related("due__customer", "due__document").order_by("pk")
    shown = Paginator(refunds, PER_PAGE).get_page(request.GET.get("p"))
    may, is_mine = request.user.has_perm(CHANGE), made.prepared_by_id == request.user.pk
    states = {state: refunds.filter(state=state).count() for state in ("SUCCEEDED", "FAILED")}
    events = AuditEvent.objects.filter(object_type="billing.payoutlist", object_id=str(pk)).select_related("actor")
    context = frame(
        request,
        f"Payout list {made}",
        ("Payout lists", reverse("admin:payouts")),
        made=made,
        page=shown,
        query="",
        files=made.files.defer("content"),
        has_pain=made.files.filter(kind="PAIN").exists(),
        paid=states["SUCCEEDED"],
        failed=states["FAILED"],
        zone=made.entity.time_zone or "UTC",
        events=events.order_by("pk"),
        may_release=may and made.state == "PREPARED" and not is_mine,
        may_discard=may and made.state == "PREPARED",
        is_mine=is_mine,
    )
    return TemplateResponse(request, "portal/refunds/payout_list.html", context)


@page("payouts/<int:pk>/decide/", name="payout_decide")
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Releases the list ("what" is release) or discards it."""
    allow(request, READ, CHANGE)
    made, now = _list(pk), timezone.now()
    try:
        if request.POST.get("what") == "release":
            release_payout_list(payout_list=made, actor=request.user, at=now)
            messages.success(request, f"{made} is released. Download it and give it to the bank.")
        elif request.POST.get("what") == "discard":
            discard_payout_list(payout_list=made, actor=request.user, at=now)
            messages.success(request, f"{made} is discarded: what was on it is owed as before.")
        else:
            messages.error(request, "This form can't be read. Open the page anew. Nothing was changed.")
    except UserError as error:
        messages.error(request, error.message)
    return redirect("admin:payout_list", pk)


@page("payouts/<int:pk>/<str:kind>/", name="payout_file")
@require_GET
def download(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """The same bytes each time. Before a second person released the list there is nothing to download."""
    allow(request, READ)
    file = PayoutFile.objects.filter(payout_list_id=pk, kind=kind.upper(), payout_list__released_at__isnull=False).first()
    if file is None:
        raise Http404("There is no such file.")
    return HttpResponse(
        bytes(file.content),
        content_type=CONTENT_TYPES[file.kind],
        headers={"Content-Disposition": f'attachment; filename="{file.name}"'},
    )
