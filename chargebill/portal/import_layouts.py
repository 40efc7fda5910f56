"""The layouts a company described itself: what they say, their versions, retiring one and bringing it back."""

from dataclasses import dataclass

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from chargebill.core.models import LegalEntity
from chargebill.portal.import_fields import DATE_ORDERS, DURATION_UNITS, WORD_OF
from chargebill.portal.site import page
from stations.import_profiles import retire_profile
from stations.models import ImportProfile, ImportProfileVersion


@dataclass(frozen=True, slots=True)
class ShownLayout:
    """``columns`` are (header, what it means, tells rows apart) of the newest version."""

    profile: ImportProfile
    versions: list[ImportProfileVersion]
    columns: list[tuple[str, str, bool]]
    ways: list[tuple[str, str]]


def shown(profile: ImportProfile) -> ShownLayout:
    """A layout with its versions prefetched, newest first."""
    versions = list(profile.versions.all())
    said = versions[0].definition
    ways = [
        ("Dates", dict(DATE_ORDERS)[said["date_order"]]),
        ("Decimals", "comma" if said["decimal_comma"] else "point"),
        ("Energy", said["energy_unit"]),
        ("Durations", dict(DURATION_UNITS)[said["duration_unit"]]),
        ("Time zone", said["time_zone"] or "in the row, else the company's"),
        ("Currency", said["currency"] or "in the row"),
        ("Place", said["location"] or "in the row"),
        ("Name for commands", profile.name),
    ]
    columns = [
        (header, WORD_OF.get(field, "only tells rows apart"), field in said["identity"])
        for field, header in said["columns"].items()
    ]
    return ShownLayout(profile, versions, columns, ways)


@page("imports/layouts/", name="import_layouts")
def own_layouts(request: HttpRequest) -> HttpResponse:
    """The list: those in use first."""
    if not request.user.has_perm("stations.view_importprofile"):
        raise PermissionDenied
    versions = ImportProfileVersion.objects.select_related("created_by").annotate(imports=Count("batches")).order_by("-number")
    found = ImportProfile.objects.select_related("entity").order_by("retired_at", "entity__name", "title", "pk")
    layouts = [shown(profile) for profile in found.prefetch_related(Prefetch("versions", versions))]
    context = {
        **admin.site.each_context(request),
        "title": "Your own layouts",
        "crumbs": [("Imports", reverse("admin:stations_importbatch_changelist"))],
        "in_use": [layout for layout in layouts if layout.profile.retired_at is None],
        "retired": [layout for layout in layouts if layout.profile.retired_at is not None],
        "several": LegalEntity.objects.count() > 1,
        "may_build": request.user.has_perm("stations.add_importprofile"),
        "may_change": request.user.has_perm("stations.change_importprofile"),
    }
    return TemplateResponse(request, "portal/imports/layouts.html", context)


@page("imports/layouts/<int:pk>/retire/", name="import_layout_retire")
@require_POST
def retire(request: HttpRequest, pk: int) -> HttpResponse:
    """Retires a layout; with ``back`` in the form, brings it back."""
    if not request.user.has_perm("stations.change_importprofile"):
        raise PermissionDenied
    profile = retire_profile(
        profile=get_object_or_404(ImportProfile, pk=pk),
        retired="back" not in request.POST,
        actor=request.user,
        at=timezone.now(),
    )
    word = "retired: its files are recognized no longer" if profile.retired_at else "in use again"
    messages.success(request, f"“{profile.title}” is {word}.")
    return redirect("admin:import_layouts")
