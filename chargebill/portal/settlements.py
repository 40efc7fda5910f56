"""Terminal payouts: files of the acquirer, looked at and taken in, and each payout until it arrives at the bank."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from billing import payments
from billing.operations.settlement_layouts import read_with
from billing.operations.settlements import (
    discard_settlement,
    look_into,
    payout_arrived,
    take_in_settlement,
    upload_settlement,
)
from billing.settlement_layouts import newest_layouts, payouts_of
from billing.settlement_models import SettlementFile, SettlementPayout
from billing.settlements import COLUMNS, LARGEST_FILE, template
from chargebill.core.errors import UserError
from chargebill.core.keys import row_in
from chargebill.core.models import LegalEntity
from chargebill.portal import format as written
from chargebill.portal import settlement_columns
from chargebill.portal.payment_frame import PER_PAGE, READ_BANK, allow, company_chosen, csv_answer, frame, sent_file
from chargebill.portal.site import page

READ = "billing.view_settlementpayout"
ADD, CHANGE = "billing.add_settlementfile", "billing.change_settlementfile"
# Payouts of a file, and lines of the bank, that a page shows.
SHOWN = 200


@page("settlements/", name="settlements")
def index(request: HttpRequest) -> HttpResponse:
    """The payouts there are, and the form for one more file."""
    allow(request, READ)
    companies = list(LegalEntity.objects.order_by("name"))
    refusal, chosen = None, company_chosen(request, companies)
    if request.method == "POST":
        allow(request, ADD)
        try:
            sent = sent_file(request, chosen, whose="whose terminals these are", source="your acquirer", most=LARGEST_FILE)
            file = upload_settlement(
                entity=sent.entity, name=sent.name, content=sent.content, actor=request.user, at=timezone.now()
            )
        except UserError as error:
            refusal = error
        else:
            return redirect("admin:settlement_file", file.pk)
    rows = SettlementPayout.objects.select_related("entity", "bank_line").order_by("-paid_on", "-pk")
    context = frame(
        request,
        "Terminal payouts",
        page=Paginator(rows, PER_PAGE).get_page(request.GET.get("p")),
        query="",
        companies=companies,
        chosen=chosen,
        refusal=refusal,
        waiting=list(SettlementFile.objects.filter(taken_in_at__isnull=True).defer("content").order_by("-pk")[:10]),
        may_add=request.user.has_perm(ADD),
        columns=COLUMNS.items(),
        layouts=newest_layouts(chosen or companies[0]) if companies else [],
        largest_mb=LARGEST_FILE // 1024 // 1024,
    )
    return TemplateResponse(request, "portal/settlements/payouts.html", context)


@page("settlements/template.csv", name="settlement_template")
@require_GET
def csv_template(request: HttpRequest) -> HttpResponse:
    allow(request, READ)
    return csv_answer(template(), "terminal-payouts-template.csv")


def _file(pk: int) -> SettlementFile:
    found = SettlementFile.objects.select_related("entity", "layout", "uploaded_by", "taken_in_by").filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such file.")
    return found


@page("settlements/files/<int:pk>/", name="settlement_file")
def one_file(request: HttpRequest, pk: int) -> HttpResponse:
    """What a file holds and what of it is new, before it is taken in; afterwards it is the same list.

    A POST says what its columns mean.
    """
    allow(request, READ)
    file, refusal, seen, layout = _file(pk), None, [], None
    if request.method == "POST":
        allow(request, CHANGE)
        layout = settlement_columns.said(file, request.POST)
        try:
            kept = read_with(file=file, title=request.POST.get("title", ""), layout=layout, actor=request.user, at=timezone.now())
        except UserError as error:
            refusal = error
        else:
            messages.success(request, f"Read as “{kept.title}”. The next file with these columns is recognized.")
            return redirect("admin:settlement_file", pk)
    try:
        seen = look_into(file.entity, payouts_of(file), timezone.now())
    except UserError as error:
        refusal = refusal or error
    may_take = request.user.has_perm(CHANGE)
    title = request.POST.get("title", "") if layout else None
    context = frame(
        request,
        file.name,
        ("Terminal payouts", reverse("admin:settlements")),
        file=file,
        seen=seen[:SHOWN],
        count=len(seen),
        new=sum(1 for one in seen if not one.is_known),
        refusal=refusal,
        may_take=may_take,
        described=settlement_columns.shown(file, layout, title) if may_take and not file.taken_in_at else None,
        is_open=bool(refusal),
    )
    return TemplateResponse(request, "portal/settlements/file.html", context)


@page("settlements/files/<int:pk>/decide/", name="settlement_decide")
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes the file in ("what" is take) or discards it."""
    allow(request, READ, CHANGE)
    file, now = _file(pk), timezone.now()
    try:
        if request.POST.get("what") == "take":
            new = take_in_settlement(file=file, actor=request.user, at=now)
            messages.success(request, f"{file.name}: {new} new payout{'' if new == 1 else 's'} booked.")
            return redirect("admin:settlements")
        discard_settlement(file=file, actor=request.user, at=now)
        messages.success(request, f"{file.name} is discarded; nothing of it was kept.")
        return redirect("admin:settlements")
    except UserError as error:
        messages.error(request, error.message)
    return redirect("admin:settlement_file", pk)


@page("settlements/<int:pk>/", name="settlement")
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """A payout, and the form that says with which line of the bank it arrived."""
    allow(request, READ)
    payout = SettlementPayout.objects.select_related("entity", "file", "bank_line").defer("file__content").filter(pk=pk).first()
    if payout is None:
        raise Http404("There is no such payout.")
    may = request.user.has_perms([CHANGE, READ_BANK])
    lines = payments.waiting_lines(payout.entity).filter(amount=payout.net_amount, currency=payout.currency)
    if request.method == "POST":
        allow(request, CHANGE, READ_BANK)
        line = row_in(lines, request.POST.get("line", ""))
        try:
            if line is None:
                raise UserError("line_gone", "This line of the bank is for something else by now. Nothing was changed.")
            payout_arrived(payout=payout, line=line, actor=request.user, at=timezone.now())
        except UserError as error:
            messages.error(request, error.message)
        else:
            messages.success(request, f"{payout} arrived on {written.day(line.booked_on)}.")
        return redirect("admin:settlement", pk)
    context = frame(
        request,
        f"Payout {payout}",
        ("Terminal payouts", reverse("admin:settlements")),
        payout=payout,
        lines=list(lines[:SHOWN]) if may and payout.bank_line_id is None else [],
    )
    return TemplateResponse(request, "portal/settlements/payout.html", context)
