"""Sending documents: one again or for the first time, and all of a month that can be."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from billing.document_models import Document
from billing.mail_models import OutgoingMail
from billing.operations.mail import queue_document, queue_documents, sendable, unsent
from billing.operations.papers import of_month
from chargebill.core.errors import UserError
from chargebill.core.keys import key_in
from chargebill.core.mailing import is_kept_here
from chargebill.portal.document_links import path_to
from chargebill.portal.month_choice import asked_month, month_page
from chargebill.portal.qr_sheet import base_url
from chargebill.portal.site import page

VIEW, SEND = "billing.view_document", "billing.add_outgoingmail"
# So many that can't be sent are named; the others are counted.
MOST_NAMED = 50


def _allow(request: HttpRequest) -> None:
    if not request.user.has_perms((VIEW, SEND)):
        raise PermissionDenied


@page("billing/document/<int:pk>/mail/", name="document_mail")
@require_POST
def send_one(request: HttpRequest, pk: int) -> HttpResponse:
    _allow(request)
    found = Document.objects.select_related("entity", "customer").filter(pk=pk).first() if pk < 2**63 else None
    if found is None:
        raise Http404("There is no such document.")
    # Sent twice it is one mail: the number is how many the person had before them.
    number = min(key_in(request.POST.get("number", "")) or 0, found.mails.count())
    try:
        mail = queue_document(
            document=found, number=number, link=base_url(request) + path_to(found), actor=request.user, at=timezone.now()
        )
        messages.success(request, f"A worker sends {found.number} to {mail.to}.")
    except UserError as error:
        messages.error(request, error.message)
    return redirect("admin:billing_document_change", pk)


@page("billing/papers/send/", name="document_papers_send")
@require_POST
def send_month(request: HttpRequest) -> HttpResponse:
    _allow(request)
    try:
        entity, first_day = asked_month(request.POST)
    except UserError as error:
        messages.error(request, error.message)
        return redirect("admin:document_papers")
    base = base_url(request)
    try:
        sent = queue_documents(
            entity=entity,
            documents=of_month(entity, first_day),
            link_of=lambda document: base + path_to(document),
            actor=request.user,
            at=timezone.now(),
        )
        messages.success(request, f"{sent} documents are sent in the background." if sent else "There was nothing left to send.")
    except UserError as error:
        messages.error(request, error.message)
    return redirect(month_page("document_papers", entity, first_day))


def mail_of(request: HttpRequest, documents: QuerySet[Document]) -> dict[str, Any]:
    """What became of sending these documents: counts by state, what can be sent, and what can't, with the reason."""
    states = OutgoingMail.State
    newest = OutgoingMail.objects.filter(document=OuterRef("pk")).order_by("-pk")

    def in_state(state: str) -> QuerySet[Document]:
        return documents.filter(Exists(newest.filter(state=state))).exclude(
            Exists(OutgoingMail.objects.filter(document=OuterRef("pk"), state=states.SENT))
        )

    failed = in_state(states.FAILED).exclude(Exists(newest.filter(state=states.QUEUED)))
    without = unsent(documents).filter(customer__isnull=False, customer__email="")
    problems = [(one, "Its customer has no e-mail address.") for one in without.select_related("customer")[:MOST_NAMED]]
    problems += [
        (one, next((mail.problem for mail in one.mails.all() if mail.state == states.FAILED), ""))
        for one in failed.select_related("customer").prefetch_related("mails")[:MOST_NAMED]
    ]
    return {
        "mail_sent": documents.filter(Exists(newest.filter(state=states.SENT))).count(),
        "mail_queued": in_state(states.QUEUED).count(),
        "mail_sendable": sendable(documents).count(),
        "mail_unknown": unsent(documents).filter(customer__isnull=True).count(),
        "mail_not_sent": failed.count() + without.count(),
        "mail_problems": problems,
        "mail_kept_here": is_kept_here(),
        "may_send": request.user.has_perms((VIEW, SEND)),
    }
