"""What stands on a company's documents beside the amounts: whom to ask, where and by when to pay."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from billing.operations.document_settings import SETTABLE, change_document_settings, settings_of
from billing.paper_models import DocumentSettings
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity
from chargebill.portal.month_choice import company_in
from chargebill.portal.site import page, site

VIEW, CHANGE = "billing.view_documentsettings", "billing.change_documentsettings"


class SettingsForm(forms.ModelForm):
    class Meta:
        model = DocumentSettings
        fields = list(SETTABLE)

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        if data is not None:
            # However it was copied from the bank's letter.
            data = data.copy()
            for name in ("iban", "bic"):
                data[name] = "".join(data.get(name, "").split()).upper()
        super().__init__(data, **kwargs)
        # Spaces make an IBAN longer than it is.
        self.fields["iban"].widget.attrs.pop("maxlength", None)
        self.fields["closing_recipients"].widget.attrs["rows"] = 3


@page("billing/settings/", name="document_settings")
def show(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(VIEW):
        raise PermissionDenied
    entities = list(LegalEntity.objects.order_by("name"))
    raw = request.POST.get("entity") or request.GET.get("entity", "")
    entity = company_in(raw)
    form = SettingsForm(instance=settings_of(entity)) if entity else None
    if request.method == "POST" and entity is not None:
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        form = SettingsForm(request.POST, instance=settings_of(entity))
        if _saved(request, entity, form):
            return redirect(f"{request.path}?entity={entity.pk}")
    request.current_app = site().name
    context = {
        **site().each_context(request),
        "title": "On documents",
        "entity": entity,
        "entities": entities,
        "form": form,
        "may_change": request.user.has_perm(CHANGE),
    }
    return TemplateResponse(request, "portal/documents/settings.html", context)


def _saved(request: HttpRequest, entity: LegalEntity, form: SettingsForm) -> bool:
    if not form.is_valid():
        return False
    try:
        change_document_settings(entity=entity, values=form.cleaned_data, actor=request.user, at=timezone.now())
    except UserError as error:
        form.add_error(error.where if error.where in form.fields else None, error.message)
        return False
    messages.success(request, "Documents to come say so. What is issued stays as it is.")
    return True
