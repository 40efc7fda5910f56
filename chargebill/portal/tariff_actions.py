"""Pages on which a tariff changes its state: activated from a moment, ended at one, its draft discarded."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from billing.chargeables import has_documents
from billing.models import Assignment, Tariff, TariffVersion
from billing.operations import activate, discard_draft, retire
from billing.operations.tariffs import draft_of
from billing.tariff_content import content_of
from billing.tariff_diff import differences
from billing.tariff_findings import errors
from chargebill.core.errors import UserError
from chargebill.portal.repricing import price_again
from chargebill.portal.site import page
from chargebill.portal.tariff_access import link_to, list_link, page_context, writable_tariff, zone_of
from chargebill.portal.tariff_fields import TimeField
from chargebill.portal.tariff_list import LATER, NEVER, NOW, standing
from chargebill.portal.tariff_preview import preview_of

NOW_, DAY, EVER = "now", "day", "ever"


class MomentForm(forms.Form):
    """From when on: now, the beginning of a day or a time of it, or (``past``) since ever. Days are the company's."""

    when = forms.ChoiceField(widget=forms.RadioSelect, error_messages={"required": "Say from when on."})
    day = forms.DateField(
        label="Day",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "This is no date. Write it like 2026-09-01."},
    )
    clock = TimeField("Time", "00:00")
    for_everyone = forms.BooleanField(required=False)

    def __init__(self, *args: Any, zone: ZoneInfo, at: datetime, ever: bool, **kwargs: Any) -> None:
        tomorrow = at.astimezone(zone).date() + timedelta(days=1)
        super().__init__(*args, initial={"when": DAY, "day": tomorrow, "for_everyone": True}, **kwargs)
        self.zone = zone
        self.fields["when"].choices = [(NOW_, "Now"), (DAY, "From a day on"), *([(EVER, "Since ever")] if ever else [])]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        day = cleaned.get("day")
        if cleaned.get("when") == DAY and "day" not in self.errors:
            if day is None:
                self.add_error("day", "Say which day.")
            elif not 2000 <= day.year <= 2200:
                self.add_error("day", "Choose a day between the years 2000 and 2200.")
        return cleaned

    def moment(self, at: datetime) -> datetime | None:
        """None: since ever."""
        typed = self.cleaned_data
        if typed["when"] != DAY:
            return at if typed["when"] == NOW_ else None
        return datetime.combine(typed["day"], time.fromisoformat(typed["clock"] or "00:00"), self.zone)


def _form(request: HttpRequest, tariff: Tariff, at: datetime, *, ever: bool) -> MomentForm:
    return MomentForm(
        request.POST if request.method == "POST" else None,
        zone=zone_of(tariff.entity),
        at=at,
        ever=ever,
        use_required_attribute=False,
    )


@page("tariffs/<int:pk>/activate/", name="tariff_activate")
def activate_tariff(request: HttpRequest, pk: int) -> HttpResponse:
    """Shows what the draft will change and asks from when on."""
    tariff = writable_tariff(request, pk)
    draft = draft_of(tariff)
    if draft is None:
        messages.error(request, f"{tariff.name} has no draft to activate.")
        return redirect(link_to(tariff))
    draft.tariff = tariff
    at, documented = timezone.now(), has_documents(tariff.entity_id)
    form = _form(request, tariff, at, ever=not documented)
    unassigned = not Assignment.objects.filter(entity=tariff.entity).exists()
    if request.method == "POST" and form.is_valid() and _activated(request, tariff, form, at, unassigned=unassigned):
        return redirect(link_to(tariff))
    context = {
        **page_context(request, tariff.entity, tariff, f"Activate {draft}"),
        "draft": draft,
        "form": form,
        "documented": documented,
        "unassigned": unassigned,
        "assigned_here": tariff.assignments.exists(),
        **_looked_at(tariff, draft, at),
    }
    return TemplateResponse(request, "portal/tariffs/activate.html", context)


def _looked_at(tariff: Tariff, draft: TariffVersion, at: datetime) -> dict[str, Any]:
    content = content_of(draft)
    preview = preview_of(entity=tariff.entity, tariff=tariff, content=content, currency=tariff.currency, at=at)
    others = [(version, standing(version, at)) for version in tariff.versions.exclude(pk=draft.pk).order_by("-number")]
    replaced = [version for version, stands in others if stands in (NOW, LATER)]
    before = next((v for v, stands in others if stands == NOW), None) or next((v for v, s in others if s != NEVER), None)
    return {
        "preview": preview,
        "found": [(one, "") for one in preview.found],
        "errors": len(errors(preview.found)),
        "before": before,
        "replaced": replaced[::-1],
        "changes": differences(content_of(before), content, currency=tariff.currency) if before else [],
    }


def _activated(request: HttpRequest, tariff: Tariff, form: MomentForm, at: datetime, *, unassigned: bool) -> bool:
    moment = form.moment(at)
    try:
        with transaction.atomic():
            version = activate(
                tariff=tariff,
                valid_from=moment,
                for_everyone=unassigned and form.cleaned_data["for_everyone"],
                actor=request.user,
                at=at,
            )
            if moment is None or moment <= at:
                messages.success(request, f"{version} is in force.")
                price_again(request, tariff.entity, f"{tariff.name} changed")
            else:
                messages.success(request, f"{version} will be in force from {_local(moment, tariff)} on.")
    except UserError as error:
        form.add_error("day" if error.where == "valid_from" and form.cleaned_data["when"] == DAY else None, error.message)
        return False
    return True


@page("tariffs/<int:pk>/end/", name="tariff_end")
def end_tariff(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks from when on the tariff has no price any more."""
    tariff = writable_tariff(request, pk)
    at = timezone.now()
    form = _form(request, tariff, at, ever=False)
    if request.method == "POST" and form.is_valid() and _ended(request, tariff, form, at):
        return redirect(link_to(tariff))
    context = {
        **page_context(request, tariff.entity, tariff, f"End {tariff.name}"),
        "form": form,
        "assignments": tariff.assignments.count(),
        "is_in_force": any(standing(version, at) == NOW for version in tariff.versions.all()),
        "documented": has_documents(tariff.entity_id),
    }
    return TemplateResponse(request, "portal/tariffs/end.html", context)


def _ended(request: HttpRequest, tariff: Tariff, form: MomentForm, at: datetime) -> bool:
    moment = form.moment(at) or at
    try:
        with transaction.atomic():
            retire(tariff=tariff, until=moment, actor=request.user, at=at)
            if moment <= at:
                messages.success(request, f"{tariff.name} has ended.")
                price_again(request, tariff.entity, f"{tariff.name} ended")
            else:
                messages.success(request, f"{tariff.name} ends {_local(moment, tariff)}.")
    except UserError as error:
        form.add_error("day" if form.cleaned_data["when"] == DAY else None, error.message)
        return False
    return True


@page("tariffs/<int:pk>/discard/", name="tariff_discard")
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks once more, then deletes the draft."""
    tariff = writable_tariff(request, pk)
    draft = draft_of(tariff)
    if draft is None:
        messages.error(request, f"{tariff.name} has no draft.")
        return redirect(link_to(tariff))
    draft.tariff = tariff
    if request.method == "POST":
        try:
            left = discard_draft(tariff=tariff, actor=request.user, at=timezone.now())
        except UserError as error:
            messages.error(request, error.message)
            return redirect(link_to(tariff))
        messages.success(request, f"The draft {draft} is discarded.")
        return redirect(link_to(left) if left else list_link(tariff.entity))
    context = {
        **page_context(request, tariff.entity, tariff, f"Discard {draft}"),
        "draft": draft,
        "is_all": not tariff.versions.exclude(pk=draft.pk).exists() and not tariff.assignments.exists(),
    }
    return TemplateResponse(request, "portal/tariffs/discard.html", context)


def _local(moment: datetime, tariff: Tariff) -> str:
    return f"{moment.astimezone(zone_of(tariff.entity)):%-d %b %Y %H:%M %Z}"
