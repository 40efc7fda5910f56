"""Who may open and write tariffs, and what every page of a tariff begins with."""

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse

from billing.models import Tariff
from chargebill.core.models import LegalEntity

MAY_READ, MAY_WRITE = "billing.view_tariff", "billing.add_tariffversion"
Crumbs = list[tuple[str, str]]


def readable_tariff(request: HttpRequest, pk: int) -> Tariff:
    """The tariff with its company, for who may read it."""
    if not request.user.has_perm(MAY_READ):
        raise PermissionDenied
    return get_object_or_404(Tariff.objects.select_related("entity"), pk=pk)


def writable_tariff(request: HttpRequest, pk: int) -> Tariff:
    check_may_write(request)
    return readable_tariff(request, pk)


def writable_company(request: HttpRequest, pk: int) -> LegalEntity:
    check_may_write(request)
    return get_object_or_404(LegalEntity, pk=pk)


def check_may_write(request: HttpRequest) -> None:
    if not request.user.has_perm(MAY_WRITE):
        raise PermissionDenied


def link_to(tariff: Tariff) -> str:
    return reverse("admin:billing_tariff_change", args=[tariff.pk])


def list_link(entity: LegalEntity) -> str:
    return f"{reverse('admin:billing_tariff_changelist')}?company={entity.pk}"


def crumbs_of(entity: LegalEntity, tariff: Tariff | None = None) -> Crumbs:
    found = [("Tariffs", reverse("admin:billing_tariff_changelist")), (entity.name, list_link(entity))]
    return [*found, (tariff.name, link_to(tariff))] if tariff else found


def page_context(request: HttpRequest, entity: LegalEntity, tariff: Tariff | None, title: str) -> dict[str, Any]:
    request.current_app = admin.site.name
    return {
        **admin.site.each_context(request),
        "title": title,
        "crumbs": crumbs_of(entity, tariff),
        "entity": entity,
        "tariff": tariff,
        "zone": zone_of(entity).key,
        "may_write": request.user.has_perm(MAY_WRITE),
    }


def zone_of(entity: LegalEntity) -> ZoneInfo:
    return ZoneInfo(entity.time_zone or "UTC")
