"""Tariffs in the portal: the list of what each company charges, and where its pages begin."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from billing.models import Tariff
from chargebill.core.admin import PortalAdmin
from chargebill.core.keys import key_in
from chargebill.core.models import LegalEntity
from chargebill.portal import tariff_page
from chargebill.portal.tariff_access import MAY_WRITE
from chargebill.portal.tariff_list import company_tariffs
from chargebill.portal.tariff_starts import STARTS

PER_PAGE = 20


@admin.register(Tariff)
class TariffAdmin(PortalAdmin):
    """Versions are added, never changed: the pages here replace the usual list and forms."""

    # A page of cards, one company after the other: nothing to filter, sort or leave out.
    has_saved_views = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(MAY_WRITE)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Of every company, or of the one in ``?company=``."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        asked = key_in(request.GET.get("company", ""))
        companies = LegalEntity.objects.order_by("name")
        if asked is not None:
            companies = companies.filter(pk=asked)
        page = Paginator(companies, PER_PAGE).get_page(request.GET.get("p"))
        context = {
            **self.admin_site.each_context(request),
            "title": "Tariffs",
            "page": page,
            "only_one": asked is not None,
            "companies": company_tariffs(list(page), timezone.now()),
            "may_write": self.has_add_permission(request),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "portal/tariffs/list.html", context)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """What a new tariff starts from, and for which company."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        companies = list(LegalEntity.objects.order_by("name"))
        asked = request.GET.get("company", "")
        chosen = next((company for company in companies if str(company.pk) == asked), companies[0] if companies else None)
        context = {
            **self.admin_site.each_context(request),
            "title": "New tariff",
            "crumbs": [("Tariffs", reverse("admin:billing_tariff_changelist"))],
            "companies": companies,
            "chosen": chosen,
            "starts": STARTS,
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "portal/tariffs/starts.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        known = key_in(object_id) or 0
        return tariff_page.tariff_page(request, get_object_or_404(Tariff.objects.select_related("entity"), pk=known))
