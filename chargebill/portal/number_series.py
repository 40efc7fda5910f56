"""How a company's receipts and invoices are numbered."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from billing.document_models import ISSUED_KINDS, Document, NumberSeries
from billing.operations import change_number_series, number_series
from billing.operations.number_series import DEFAULT_PREFIX
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity
from chargebill.portal.month_choice import company_in
from chargebill.portal.site import page, site

VIEW, CHANGE = "billing.view_numberseries", "billing.change_numberseries"


class SeriesForm(forms.Form):
    prefix = forms.CharField(
        label="In front", max_length=20, required=False, strip=False,
        help_text="Letters, digits and - / . _; {year} stands for the year of issue.",
    )  # fmt: skip
    digits = forms.IntegerField(min_value=1, max_value=12, help_text="The count is filled up with zeros.")
    next_number = forms.IntegerField(label="Next number", min_value=1, max_value=10**12 - 1)


@page("billing/numbers/", name="number_series")
def show(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(VIEW):
        raise PermissionDenied
    entities = list(LegalEntity.objects.order_by("name"))
    raw = request.POST.get("entity") or request.GET.get("entity", "")
    entity = company_in(raw)
    sent: dict[str, SeriesForm] = {}
    if request.method == "POST" and entity is not None:
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        kind = request.POST.get("kind", "")
        if kind in ISSUED_KINDS:
            sent[kind] = SeriesForm(request.POST, prefix=kind)
            if _saved(request, entity, kind, sent[kind]):
                return redirect(f"{request.path}?entity={entity.pk}")
    request.current_app = site().name
    context = {
        **site().each_context(request),
        "title": "Numbers",
        "entity": entity,
        "entities": entities,
        "series": _series(entity, sent) if entity else [],
        "may_change": request.user.has_perm(CHANGE),
    }
    return TemplateResponse(request, "portal/documents/numbers.html", context)


def _saved(request: HttpRequest, entity: LegalEntity, kind: str, form: SeriesForm) -> bool:
    if not form.is_valid():
        return False
    series = next(one for one in number_series(entity=entity) if one.kind == kind)
    try:
        change_number_series(series=series, **form.cleaned_data, actor=request.user, at=timezone.now())
    except UserError as error:
        form.add_error(error.where if error.where in form.fields else None, error.message)
        return False
    messages.success(request, f"{series.get_kind_display()}s to come are numbered as you said.")
    return True


def _series(entity: LegalEntity, sent: dict[str, SeriesForm]) -> list[dict[str, Any]]:
    """Each kind's series as it is or will begin, with an example and whether counting has begun."""
    there = {one.kind: one for one in NumberSeries.objects.filter(entity=entity)}
    issued = set(Document.objects.filter(entity=entity).order_by().values_list("kind", flat=True).distinct())
    found = []
    for kind in ISSUED_KINDS:
        one = there.get(kind) or NumberSeries(entity=entity, kind=kind, prefix=DEFAULT_PREFIX[kind])
        initial = {"prefix": one.prefix, "digits": one.digits, "next_number": one.next_number}
        form = sent.get(kind) or SeriesForm(initial=initial, prefix=kind)
        if kind in issued:
            form.fields["next_number"].help_text = "Counting has begun, so it goes on from here."
            form.fields["next_number"].widget.attrs["readonly"] = True
        else:
            form.fields["next_number"].help_text = "Where counting begins. It can't be changed after the first document."
        found.append({"kind": kind, "form": form, "example": one.text(one.next_number, timezone.now().year)})
    return found
