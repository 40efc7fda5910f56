"""Tariffs as files: an OCPI document comes in as a draft, a version goes out as one."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.text import slugify

from billing import taxes
from billing.models import Tariff, TariffVersion
from billing.operations import import_tariff
from billing.pricing import Dimension, PricingError
from billing.pricing.documents import load
from billing.tariff_export import VERSIONS, export_tariff
from chargebill.core.errors import UserError
from chargebill.core.exact_json import dumps
from chargebill.core.models import LegalEntity
from chargebill.portal.site import page
from chargebill.portal.tariff_access import page_context, readable_tariff, writable_company, writable_tariff, zone_of
from memberships.models import CustomerKind
from stations.models import Evse

MOST_BYTES = 1024**2
# The beginning of an EVSE id names country and operator: DE*ABC*E1, with or without the stars.
_PARTY = re.compile(r"\A[A-Z]{2}\*?([A-Z0-9]{3})\*?E", re.ASCII)


class ImportForm(forms.Form):
    """A file and, where it doesn't say so itself, which OCPI it is."""

    file = forms.FileField(allow_empty_file=True, error_messages={"required": "Choose the file to import."})
    name = forms.CharField(label="Name", max_length=120, required=False, help_text="Empty: the id in the document.")
    ocpi = forms.ChoiceField(
        label="OCPI version",
        required=False,
        choices=[("", "Recognize it (2.2.1 or 2.3.0)"), ("2.1.1", "2.1.1"), ("2.2.1", "2.2.1"), ("2.3.0", "2.3.0")],
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError("This file has more than 1 MB: it is no tariff. Nothing was imported.")
        try:
            return load(file.read())
        except PricingError as error:
            place = f" ({error.where})" if error.where else ""
            raise forms.ValidationError(f"{error.message}{place} Nothing was imported.") from None


@page("tariffs/import/<int:entity_id>/", name="tariff_import")
def import_new(request: HttpRequest, entity_id: int) -> HttpResponse:
    """A document as a new tariff of a company."""
    return _import(request, writable_company(request, entity_id), None)


@page("tariffs/<int:pk>/import/", name="tariff_import_draft")
def import_draft(request: HttpRequest, pk: int) -> HttpResponse:
    """A document as the draft of a tariff; the draft there is, is replaced."""
    tariff = writable_tariff(request, pk)
    return _import(request, tariff.entity, tariff)


def _import(request: HttpRequest, entity: LegalEntity, tariff: Tariff | None) -> HttpResponse:
    form = ImportForm(*((request.POST, request.FILES) if request.method == "POST" else ()), use_required_attribute=False)
    if tariff:
        del form.fields["name"]
    if request.method == "POST" and form.is_valid():
        try:
            found = import_tariff(
                entity=entity,
                document=form.cleaned_data["file"],
                version=form.cleaned_data["ocpi"],
                name=form.cleaned_data.get("name", ""),
                tariff=tariff,
                actor=request.user,
                at=timezone.now(),
            )
        except UserError as error:
            place = f" ({error.where})" if error.where and error.where != "name" else ""
            form.add_error("name" if error.where == "name" and "name" in form.fields else "file", f"{error.message}{place}")
        else:
            messages.success(request, f"{found.draft} is taken as a draft. It applies to nothing until it is activated.")
            for warning in found.warnings:
                messages.warning(request, warning.message)
            return redirect("admin:tariff_edit", found.draft.tariff_id)
    title = f"Import a draft of {tariff}" if tariff else "Import a tariff"
    context = {**page_context(request, entity, tariff, title), "form": form, "has_draft": _has_draft(tariff)}
    return TemplateResponse(request, "portal/tariffs/import.html", context)


def _has_draft(tariff: Tariff | None) -> bool:
    return bool(tariff and tariff.versions.filter(state=TariffVersion.State.DRAFT).exists())


@page("tariffs/<int:pk>/v<int:number>/ocpi/<str:ocpi>/", name="tariff_export")
def export(request: HttpRequest, pk: int, number: int, ocpi: str) -> HttpResponse:
    """A version as a document, with what it can't say; ``?download=1`` is the file alone."""
    tariff = readable_tariff(request, pk)
    if ocpi not in VERSIONS:
        raise Http404
    version = get_object_or_404(tariff.versions, number=number)
    version.tariff = tariff
    context: dict[str, Any] = {
        **page_context(request, tariff.entity, tariff, f"{version} as OCPI {ocpi}"),
        "version": version,
        "ocpi": ocpi,
        "others": [other for other in VERSIONS if other != ocpi],
    }
    try:
        found = export_tariff(version, ocpi=ocpi, rates=_rates(tariff, version, timezone.now()), party=_party(tariff.entity))
    except UserError as error:
        return TemplateResponse(request, "portal/tariffs/export.html", {**context, "refusal": error.message})
    text = dumps(found.document)
    if request.GET.get("download"):
        name = f"{slugify(tariff.name) or 'tariff'}-v{number}-ocpi-{ocpi}.json"
        return HttpResponse(
            text, content_type="application/json", headers={"Content-Disposition": f'attachment; filename="{name}"'}
        )
    return TemplateResponse(request, "portal/tariffs/export.html", {**context, "text": text, "warnings": found.warnings})


def _rates(tariff: Tariff, version: TariffVersion, at: datetime) -> dict[Dimension, Decimal]:
    """What somebody without a contract pays today, in percent."""
    day = at.astimezone(zone_of(tariff.entity)).date()
    table = taxes.load(tariff.entity_id)
    known = table.find(country=tariff.entity.country, category=version.tax_category, kind=CustomerKind.AD_HOC, day=day)
    return {dimension: tax.rate for dimension, tax in known.items()}


def _party(entity: LegalEntity) -> str:
    """The company's party id, as its EVSE ids name it; "" where they do not."""
    known = Evse.objects.filter(entity=entity).exclude(evse_id="").order_by("pk").values_list("evse_id", flat=True).first()
    found = _PARTY.match((known or "").upper())
    return found[1] if found else ""
