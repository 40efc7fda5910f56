"""Labels to print: for each EVSE the code a driver scans to see its price. For one, a place, or a whole company."""

from dataclasses import dataclass
from typing import Any

import segno
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from chargebill.core.keys import row_in
from chargebill.core.models import LegalEntity
from chargebill.portal.site import page
from stations.evse_names import public_names
from stations.models import Evse, Location

# Three A4 sheets of eight.
PER_PAGE = 24
PERMISSIONS = ("stations.view_location", "stations.view_evse")


@dataclass(frozen=True, slots=True)
class Label:
    """One EVSE's label. Without an ``address`` it can't have a code: nobody could tell it from another one."""

    evse: Evse
    address: str
    code: SafeString | str


@page("labels/", name="qr_sheet")
@require_safe
def qr_sheet(request: HttpRequest) -> HttpResponse:
    """``?evse=``, ``?location=`` or ``?entity=`` says whose; ``?p=`` the page."""
    if not request.user.has_perms(PERMISSIONS):
        raise PermissionDenied
    title, crumbs, evses, query = _asked_for(request)
    shown = Paginator(evses.select_related("location", "entity").order_by("location__name", "uid", "pk"), PER_PAGE).get_page(
        request.GET.get("p")
    )
    context = {
        **admin.site.each_context(request),
        "title": title,
        "crumbs": crumbs,
        "labels": labels_of(request, list(shown)),
        "page": shown,
        "query": query,
        "is_public": bool(settings.PUBLIC_URL),
        "base": base_url(request),
    }
    return TemplateResponse(request, "portal/qr_sheet.html", context)


def _asked_for(request: HttpRequest) -> tuple[str, list[tuple[str, str]], QuerySet[Evse], str]:
    """Title, crumbs, the EVSEs and the query that names them."""
    for name, model in (("evse", Evse), ("location", Location), ("entity", LegalEntity)):
        key = request.GET.get(name, "")
        if not key:
            continue
        row: Any = row_in(model, key)
        if row is None:
            raise Http404(f"No such {name}.")
        field = {"evse": "pk", "location": "location", "entity": "entity"}[name]
        crumbs = [(str(row), reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[row.pk]))]
        return f"Labels for {row}", crumbs, Evse.objects.filter(**{field: row.pk}), f"{name}={row.pk}"
    raise Http404("Labels are for an EVSE, a location or a company.")


def base_url(request: HttpRequest) -> str:
    """What stands before the path in an address drivers use, without a slash at its end."""
    return settings.PUBLIC_URL or request.build_absolute_uri("/").rstrip("/")


def labels_of(request: HttpRequest, evses: list[Evse]) -> list[Label]:
    names, base = public_names(evses), base_url(request)
    found = []
    for evse in evses:
        address = base + reverse("price_page", args=[names[evse.pk]]) if names[evse.pk] else ""
        found.append(Label(evse, address, code_of(address) if address else ""))
    return found


def code_of(address: str) -> SafeString:
    """The QR code as SVG, four blank modules around it, and as well protected against dirt as its size allows."""
    code = segno.make(address, error="m", micro=False)
    return mark_safe(code.svg_inline(border=4, omitsize=True, svgclass="cb-code", lineclass=None, dark="#000", light="#fff"))
