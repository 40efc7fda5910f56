"""One tariff: what it costs now, its versions in time, what is different between two of them, where it is assigned."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from billing.models import Assignment, Cdr, Tariff, TariffVersion
from billing.tariff_content import content_of
from billing.tariff_diff import Difference, differences
from billing.tariff_export import VERSIONS
from chargebill.portal.site import page
from chargebill.portal.tariff_access import page_context, readable_tariff
from chargebill.portal.tariff_list import ShownVersion, assigned, line_of
from chargebill.portal.tariff_pictures import grids_of
from chargebill.portal.tariff_preview import preview_of

MOST_VERSIONS = 60


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed from one version to another."""

    old: TariffVersion
    new: TariffVersion
    found: list[Difference]


def tariff_page(request: HttpRequest, tariff: Tariff) -> HttpResponse:
    at = timezone.now()
    versions = list(tariff.versions.select_related("created_by", "activated_by").order_by("number"))
    for version in versions:
        version.tariff = tariff
    line = line_of(tariff, versions, assigned(Assignment.objects.filter(tariff=tariff))[tariff.pk], at)
    newest_first = [ShownVersion(version, at) for version in reversed(versions)]
    context = {
        **page_context(request, tariff.entity, None, tariff.name),
        "tariff": tariff,
        "line": line,
        "versions": newest_first[:MOST_VERSIONS],
        "more_versions": len(newest_first) - MOST_VERSIONS,
        "numbers": [version.number for version in reversed(versions)],
        "comparison": compare(request, tariff, versions, line.draft),
        "ocpi_versions": VERSIONS,
        "has_ended": line.standing == "earlier",
    }
    if line.shown:
        context |= _picture(tariff, line.shown.version, at)
    return TemplateResponse(request, "portal/tariffs/tariff.html", context)


def _picture(tariff: Tariff, version: TariffVersion, at: datetime) -> dict[str, object]:
    preview = preview_of(entity=tariff.entity, tariff=tariff, content=content_of(version), currency=tariff.currency, at=at)
    return {"preview": preview, "grids": grids_of(preview.week, tariff.currency)}


def compare(request: HttpRequest, tariff: Tariff, versions: list[TariffVersion], draft: ShownVersion | None) -> Comparison | None:
    """The versions asked for in ``?from=&to=``; without, the newest and the one before it."""
    by_number = {str(version.number): version for version in versions}
    old, new = by_number.get(request.GET.get("from", "")), by_number.get(request.GET.get("to", ""))
    if (old is None or new is None) and len(versions) > 1:
        old, new = versions[-2:]
    if old is None or new is None:
        return None
    return Comparison(old, new, differences(content_of(old), content_of(new), currency=tariff.currency))


@page("tariffs/<int:pk>/usage/", name="tariff_usage")
def usage(request: HttpRequest, pk: int) -> HttpResponse:
    """How many sessions each version priced. Apart from the page, because counting takes time where there are many."""
    tariff = readable_tariff(request, pk)
    rows = Cdr.objects.filter(tariff_version__tariff=tariff).order_by().values_list("tariff_version__number")
    counts = dict(rows.annotate(sessions=Count("session", distinct=True)))
    numbers = tariff.versions.order_by("-number").values_list("number", flat=True)[:MOST_VERSIONS]
    context = {"counts": [(number, counts.get(number, 0)) for number in numbers]}
    return TemplateResponse(request, "portal/tariffs/usage.html", context)
