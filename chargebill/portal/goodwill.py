"""Goodwill: granted on a document's page with its letter, confirmed by a second person above the limit, listed."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from billing.credit_models import Correction
from billing.document_models import Document
from billing.goodwill_models import GoodwillGrant
from billing.operations.goodwill import LONGEST_LETTER, confirm_goodwill, grant_goodwill
from chargebill.core.errors import UserError
from chargebill.portal import format as written
from chargebill.portal.corrections import amount_in, found
from chargebill.portal.payment_frame import PER_PAGE, READ_DOCUMENTS, allow, form_key, frame
from chargebill.portal.site import page

VIEW, GRANT, CONFIRM = "billing.view_goodwillgrant", "billing.add_goodwillgrant", "billing.add_goodwillconfirmation"
# How the letter begins, in the language of the document; a person goes on from there. Never "Gutschrift".
LETTERS = {
    "en": "Dear {name},\n\nwe are sorry that charging was not as it should be ({number}). Without owing it, we give you"
    " {currency} AMOUNT as goodwill. What you were billed stays as it is.\n\nYours sincerely\n{seller}",
    "de": "Guten Tag {name},\n\nes tut uns leid, dass das Laden nicht war, wie es sein soll ({number}). Ohne Anerkennung einer"
    " Rechtspflicht erhalten Sie von uns aus Kulanz {currency} AMOUNT. Ihre Rechnung bleibt davon unberührt.\n\n"
    "Mit freundlichen Grüßen\n{seller}",
}
AMOUNT = "AMOUNT"


def _letter(document: Document) -> str:
    german = document.language == "de"
    return LETTERS["de" if german else "en"].format(
        name=document.buyer.get("name") or ("" if german else "driver"),
        number=document.number,
        currency=document.currency,
        seller=document.seller.get("name", ""),
    )


@page("billing/goodwill/", name="goodwill")
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """What waits for a second person first, then the newest."""
    allow(request, VIEW)
    rows = GoodwillGrant.objects.select_related("entity", "customer", "document", "decided_by", "confirmation__by")
    waiting = rows.filter(needs_second=True, confirmation__isnull=True).order_by("pk")
    shown = Paginator(rows.exclude(pk__in=waiting.values("pk")).order_by("-pk"), PER_PAGE).get_page(request.GET.get("p"))
    context = frame(request, "Goodwill", waiting=list(waiting[:PER_PAGE]), rows=list(shown), page=shown, query="")
    return TemplateResponse(request, "portal/goodwill/list.html", context)


@page("billing/documents/<int:pk>/goodwill/", name="document_goodwill")
def new(request: HttpRequest, pk: int) -> HttpResponse:
    """Amount, how it is given, reason and letter."""
    allow(request, READ_DOCUMENTS, GRANT)
    document, refusal = found(pk), None
    if document.is_credit_note:
        return redirect("admin:document_goodwill", document.corrects_id)
    names = ("amount", "given_as", "reason", "letter")
    given = {name: request.POST.get(name, "") for name in names} if request.method == "POST" else {"letter": _letter(document)}
    if request.method == "POST":
        try:
            grant = _granted(request, document, given)
        except UserError as error:
            refusal = error
        else:
            waits = grant.state == "waits"
            messages.success(request, "It waits for a second person." if waits else f"{_said(grant)} is given as goodwill.")
            return redirect("admin:goodwill_grant", grant.pk)
    context = frame(
        request,
        f"Goodwill for {document.number}",
        ("Documents", reverse("admin:billing_document_changelist")),
        (document.number, reverse("admin:billing_document_change", args=[document.pk])),
        document=document,
        given=given,
        refusal=refusal,
        ways=[way for way in Correction.ReturnedTo.choices if way[0] == "REFUND" or document.customer is not None],
        kept_key=form_key(request),
        longest=LONGEST_LETTER,
    )
    return TemplateResponse(request, "portal/goodwill/new.html", context)


def _said(grant: GoodwillGrant) -> str:
    return written.money(grant.amount, grant.currency)


def _granted(request: HttpRequest, document: Document, given: dict[str, str]) -> GoodwillGrant:
    amount = amount_in(given["amount"].strip(), "amount")
    letter = given["letter"].replace(AMOUNT, written.amount(amount, document.currency))
    return grant_goodwill(
        entity=document.entity,
        key=f"form:{form_key(request)}",
        customer=document.customer,
        document=document,
        amount=amount,
        currency=document.currency,
        given_as=given["given_as"],
        reason=given["reason"],
        letter=letter,
        actor=request.user,
        at=timezone.now(),
    )


def _grant(pk: int) -> GoodwillGrant:
    rows = GoodwillGrant.objects.select_related("entity", "customer", "document", "decided_by", "confirmation__by")
    grant = rows.filter(pk=pk).first() if pk < 2**63 else None
    if grant is None:
        raise Http404("There is no such goodwill.")
    return grant


@page("billing/goodwill/<int:pk>/", name="goodwill_grant")
@require_GET
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """The letter, to be printed or copied, and where it stands."""
    allow(request, VIEW)
    grant = _grant(pk)
    may = grant.state == "waits" and request.user.has_perm(CONFIRM)
    context: dict[str, Any] = frame(
        request,
        f"Goodwill, {_said(grant)}",
        ("Goodwill", reverse("admin:goodwill")),
        grant=grant,
        zone=grant.entity.time_zone or "UTC",
        may_confirm=may and grant.decided_by_id != request.user.pk,
        is_own=may and grant.decided_by_id == request.user.pk,
    )
    return TemplateResponse(request, "portal/goodwill/grant.html", context)


@page("billing/goodwill/<int:pk>/confirm/", name="goodwill_confirm")
@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """The second person's yes or no."""
    allow(request, VIEW, CONFIRM)
    accepted = request.POST.get("accepted") == "1"
    try:
        grant = confirm_goodwill(grant=_grant(pk), accepted=accepted, actor=request.user, at=timezone.now())
        messages.success(request, f"{_said(grant)} is given as goodwill." if accepted else "Refused: nothing is given.")
    except UserError as error:
        messages.error(request, error.message)
    return redirect("admin:goodwill_grant", pk)
