"""Reminders without fees: whom one would go to, and why the others get none; sent for one or for all by a person."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from billing.operations.document_settings import settings_of
from billing.operations.reminders import send_reminders
from billing.reminders import MOST_LEVELS, reminders
from chargebill.core.errors import UserError
from chargebill.core.keys import key_in
from chargebill.core.mailing import is_kept_here
from chargebill.core.models import LegalEntity
from chargebill.portal import format as written
from chargebill.portal.document_links import path_to
from chargebill.portal.month_choice import company_in
from chargebill.portal.qr_sheet import base_url
from chargebill.portal.site import page, site

VIEW, SEND = "billing.view_document", "billing.add_outgoingmail"
# So many of each are shown; the rest is counted, and sent with all.
MOST_SHOWN = 200


@page("billing/reminders/", name="reminders")
@require_GET
def show(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(VIEW):
        raise PermissionDenied
    entity = company_in(request.GET.get("entity", ""))
    request.current_app = site().name
    context: dict[str, Any] = {**site().each_context(request), "title": "Reminders", "entity": entity}
    if entity is not None:
        due, others = reminders(entity, timezone.now())
        context |= {
            "entities": list(LegalEntity.objects.order_by("name")),
            "due": [(one, written.money(one.open_amount, one.document.currency)) for one in due[:MOST_SHOWN]],
            "others": [(one, written.money(one.open_amount, one.document.currency)) for one in others[:MOST_SHOWN]],
            "due_count": len(due),
            "others_count": len(others),
            "settings": settings_of(entity),
            "most": MOST_LEVELS,
            "may_send": request.user.has_perms((VIEW, SEND)),
            "mail_kept_here": is_kept_here(),
        }
    return TemplateResponse(request, "portal/documents/reminders.html", context)


@page("billing/reminders/send/", name="reminders_send")
@require_POST
def send(request: HttpRequest) -> HttpResponse:
    """One document's reminder, or all: those that may be sent at this moment."""
    if not request.user.has_perms((VIEW, SEND)):
        raise PermissionDenied
    entity = company_in(request.POST.get("entity", ""))
    if entity is None:
        raise Http404("There is no such company.")
    raw, base = request.POST.get("document", ""), base_url(request)
    try:
        sent = send_reminders(
            entity=entity,
            document_ids=[key_in(raw) or 0] if raw else None,
            link_of=lambda document: base + path_to(document),
            actor=request.user,
            at=timezone.now(),
        )
        if sent:
            messages.success(request, f"{sent} reminder{'' if sent == 1 else 's'} sent in the background.")
        else:
            messages.info(request, "There was none to send any more. Nothing was sent.")
    except UserError as error:
        messages.error(request, error.message)
    return redirect(f"{reverse('admin:reminders')}?entity={entity.pk}")
