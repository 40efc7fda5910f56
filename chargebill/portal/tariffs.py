"""Tariffs in the portal: what each company charges now, a form for new prices, and every version there was."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from billing.models import Tariff, TariffVersion
from billing.operations import set_tariff
from billing.tariff_prices import Prices, prices_of
from chargebill.core.admin import PortalAdmin
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity
from chargebill.portal.repricing import price_again
from chargebill.portal.tariff_form import TariffForm
from chargebill.portal.tariff_preview import Preview, preview_of

PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class ShownVersion:
    """A version as the page shows it. ``state`` is now, later, earlier or never (replaced before it began)."""

    version: TariffVersion
    prices: Prices
    state: str
    until: datetime | None


def shown_versions(versions: list[TariffVersion], at: datetime) -> list[ShownVersion]:
    """The versions of one tariff, newest first, with the time each one is in force.

    In force is the latest ``valid_from`` not after a moment; of two from the same moment the later number.
    """
    timeline = sorted(versions, key=lambda v: (v.valid_from or datetime.min.replace(tzinfo=ZoneInfo("UTC")), v.number))
    ends: dict[int, datetime | None] = {}
    replaced = set()
    for current, following in pairwise([*timeline, None]):
        ends[current.pk] = following.valid_from if following else None
        if following and following.valid_from == current.valid_from:
            replaced.add(current.pk)

    def state(version: TariffVersion) -> str:
        if version.pk in replaced:
            return "never"
        if version.valid_from and version.valid_from > at:
            return "later"
        end = ends[version.pk]
        return "earlier" if end and end <= at else "now"

    newest_first = sorted(versions, key=lambda v: -v.number)
    return [ShownVersion(v, prices_of(v), state(v), ends[v.pk]) for v in newest_first]


@dataclass(frozen=True, slots=True)
class CompanyPrices:
    """A line of the list: a company, what it charges now and what is to come."""

    entity: LegalEntity
    tariff: Tariff | None
    now: ShownVersion | None
    later: list[ShownVersion]


def company_prices(entities: list[LegalEntity], at: datetime) -> list[CompanyPrices]:
    """Two queries, however many companies. A company has one tariff; its first, should there be more."""
    tariffs = {tariff.entity_id: tariff for tariff in Tariff.objects.filter(entity__in=entities).order_by("-pk")}
    versions: dict[int, list[TariffVersion]] = {}
    for version in TariffVersion.objects.filter(tariff__in=tariffs.values()).select_related("tariff", "created_by"):
        versions.setdefault(version.tariff_id, []).append(version)
    lines = []
    for entity in entities:
        tariff = tariffs.get(entity.pk)
        shown = shown_versions(versions.get(tariff.pk, []), at) if tariff else []
        now = next((version for version in shown if version.state == "now"), None)
        lines.append(CompanyPrices(entity, tariff, now, [version for version in shown if version.state == "later"]))
    return lines


@admin.register(Tariff)
class TariffAdmin(PortalAdmin):
    """Prices are added, never changed: the pages here replace the usual list and form."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("billing.add_tariffversion")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("of/<int:entity_id>/", view(self.company_view), name="billing_tariff_of"),
            path("of/<int:entity_id>/preview/", view(self.preview_view), name="billing_tariff_preview"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        page = Paginator(LegalEntity.objects.order_by("name"), PER_PAGE).get_page(request.GET.get("p"))
        context = {
            **self.admin_site.each_context(request),
            "title": "Tariffs",
            "page": page,
            "companies": company_prices(list(page), timezone.now()),
            "may_set": self.has_add_permission(request),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "portal/tariffs.html", context)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The form of the only company; where there are several, the list to choose from."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        companies = list(LegalEntity.objects.values_list("pk", flat=True)[:2])
        if len(companies) == 1:
            return redirect("admin:billing_tariff_of", companies[0])
        return redirect("admin:billing_tariff_changelist")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        tariff = get_object_or_404(Tariff, pk=int(object_id) if object_id.isdigit() else 0)
        return redirect("admin:billing_tariff_of", tariff.entity_id)

    # One company

    def company_view(self, request: HttpRequest, entity_id: int) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        entity = get_object_or_404(LegalEntity, pk=entity_id)
        (current,) = company_prices([entity], timezone.now())
        form = self._form(request, current) if self.has_add_permission(request) else None
        if request.method == "POST":
            if form is None:
                raise PermissionDenied
            if form.is_valid() and self._save(request, entity, form):
                return redirect("admin:billing_tariff_of", entity.pk)
        return self._page(request, current, form)

    def _form(self, request: HttpRequest, current: CompanyPrices) -> TariffForm:
        return TariffForm(
            request.POST or None,
            entity=current.entity,
            tariff=current.tariff,
            latest=current.now,
            zone=zone_of(current.entity),
            at=timezone.now(),
        )

    def _save(self, request: HttpRequest, entity: LegalEntity, form: TariffForm) -> bool:
        try:
            with transaction.atomic():
                # The company's row is what set_tariff holds too: nobody adds a version between this look and ours.
                LegalEntity.objects.select_for_update().get(pk=entity.pk)
                form.check_unchanged()
                version = set_tariff(entity=entity, actor=request.user, at=timezone.now(), **form.arguments())
                messages.success(request, f"{version} is saved.")
                price_again(request, entity, "its tariff changed")
        except UserError as error:
            form.add_error(error.where if error.where in form.fields else None, error.message)
            return False
        return True

    def _page(self, request: HttpRequest, current: CompanyPrices, form: TariffForm | None) -> HttpResponse:
        entity = current.entity
        versions = TariffVersion.objects.filter(tariff__entity=entity).select_related("tariff", "created_by")
        context = {
            **self.admin_site.each_context(request),
            "title": f"Prices of {entity}",
            "crumbs": [("Tariffs", reverse("admin:billing_tariff_changelist"))],
            "entity": entity,
            "current": current,
            "form": form,
            "zone": zone_of(entity).key,
            "versions": shown_versions(list(versions), timezone.now()),
            "preview": self._preview(form, current),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "portal/tariff_form.html", context)

    def preview_view(self, request: HttpRequest, entity_id: int) -> HttpResponse:
        """What the prices typed so far make of typical sessions. Saves nothing."""
        if request.method != "POST" or not self.has_add_permission(request):
            raise PermissionDenied
        (current,) = company_prices([get_object_or_404(LegalEntity, pk=entity_id)], timezone.now())
        form = self._form(request, current)
        form.is_valid()
        return TemplateResponse(request, "portal/parts/tariff_preview.html", {"preview": self._preview(form, current)})

    def _preview(self, form: TariffForm | None, current: CompanyPrices) -> Preview | None:
        """Of what is typed; before anything is, of what is in force."""
        if form is not None and form.is_bound:
            return preview_of(entity=current.entity, at=timezone.now(), **form.priced())
        if current.now is None or current.tariff is None:
            return None
        return preview_of(
            entity=current.entity,
            at=timezone.now(),
            prices=current.now.prices,
            currency=current.tariff.currency,
            tax_included=current.now.version.tax_included == TariffVersion.TaxIncluded.YES,
        )


def zone_of(entity: LegalEntity) -> ZoneInfo:
    return ZoneInfo(entity.time_zone or "UTC")
