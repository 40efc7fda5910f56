"""Two beginnings of a tariff that ask a few numbers first: free hours with a minimum, and tiers by charging speed."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from billing.chargeables import has_documents
from billing.operations import Tier, create_tiers
from billing.tariff_content import MOST_GRACE_MINUTES, Content
from billing.tariff_elements import one_price
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity
from chargebill.portal.repricing import price_again
from chargebill.portal.site import page
from chargebill.portal.tariff_access import list_link, page_context, writable_company, zone_of
from chargebill.portal.tariff_fields import price_field, quantity_field

MOST_TIERS = 5
# Names and upper bounds in kW; 50 is where European law begins to ask for a price per kWh.
USUAL = (("Slow", "50"), ("Fast", "150"), ("Ultra-fast", ""))


class FreeHoursForm(forms.Form):
    hours = quantity_field("Free hours")
    per_hour = price_field("Then per hour")
    minimum = price_field("but at least")

    def clean_hours(self) -> Decimal:
        hours = self.cleaned_data["hours"]
        if hours is None or not hours <= 1000 or (hours * 3600) % 1:
            raise forms.ValidationError("Say how many hours are free, such as 4 or 1.5.")
        return hours

    def clean_per_hour(self) -> Decimal:
        if not (price := self.cleaned_data["per_hour"]):
            raise forms.ValidationError("Enter what an hour costs after that.")
        return price

    def clean_minimum(self) -> Decimal:
        return self.cleaned_data["minimum"] or Decimal(0)


@page("tariffs/free-hours/<int:entity_id>/", name="tariff_free_hours")
def free_hours(request: HttpRequest, entity_id: int) -> HttpResponse:
    """Asks the three numbers and opens the editor with the rules they make."""
    entity = writable_company(request, entity_id)
    form = FreeHoursForm(request.POST if request.method == "POST" else None, use_required_attribute=False)
    if request.method == "POST" and form.is_valid():
        editor = reverse("admin:tariff_new", args=[entity.pk, "free_hours"])
        return redirect(f"{editor}?{urlencode(form.cleaned_data)}")
    context = {**page_context(request, entity, None, "Free hours, then per hour"), "form": form}
    return TemplateResponse(request, "portal/tariffs/free_hours.html", context)


@dataclass(frozen=True, slots=True)
class TierRow:
    """The fields of a tier as the page shows them."""

    number: int
    name: forms.BoundField
    below: forms.BoundField
    energy: forms.BoundField
    idle: forms.BoundField

    @property
    def fields(self) -> tuple[forms.BoundField, ...]:
        return self.name, self.below, self.energy, self.idle


class TiersForm(forms.Form):
    """A row for each tier, from the slowest; a tier begins where the one before it ends. Rows without a name count not."""

    tax_included = forms.ChoiceField(
        label="Tax",
        choices=[("yes", "These prices include tax"), ("no", "Tax is added to these prices")],
        widget=forms.RadioSelect,
        error_messages={"required": "Say whether these prices include tax."},
    )
    grace_minutes = forms.IntegerField(
        label="Free idle time, minutes", required=False, min_value=0, max_value=MOST_GRACE_MINUTES, initial=15
    )
    first_day = forms.DateField(
        label="From",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "This is no date. Write it like 2026-09-01."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, use_required_attribute=False, **kwargs)
        for number in range(MOST_TIERS):
            name, below = USUAL[number] if number < len(USUAL) else ("", "")
            self.fields[f"name_{number}"] = forms.CharField(label="Name", max_length=120, required=False, initial=name)
            self.fields[f"below_{number}"] = quantity_field("Below kW")
            self.fields[f"below_{number}"].initial = below
            self.fields[f"energy_{number}"] = price_field("Per kWh")
            self.fields[f"idle_{number}"] = price_field("Per idle minute")

    @property
    def rows(self) -> list[TierRow]:
        names = ("name", "below", "energy", "idle")
        return [TierRow(number + 1, *(self[f"{name}_{number}"] for name in names)) for number in range(MOST_TIERS)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        used = [n for n in range(MOST_TIERS) if cleaned.get(f"name_{n}")]
        if not used:
            self.add_error(None, "Name at least one tier.")
        reached = Decimal(0)
        for n in used:
            below = cleaned.get(f"below_{n}")
            if cleaned.get(f"energy_{n}") is None and f"energy_{n}" not in self.errors:
                self.add_error(f"energy_{n}", "Enter a price; 0 is free.")
            if f"below_{n}" in self.errors:
                continue
            if below is None and n != used[-1]:
                self.add_error(f"below_{n}", "Only the last tier has no upper bound.")
            elif below is not None and below <= reached:
                self.add_error(f"below_{n}", f"It must be above {reached.normalize():f} kW.")
            reached = below or reached
        return cleaned

    def tiers(self) -> list[Tier]:
        typed, found = self.cleaned_data, []
        low: Decimal | None = None
        for n in range(MOST_TIERS):
            if not typed[f"name_{n}"]:
                continue
            content = Content(
                tax_included=typed["tax_included"] == "yes",
                elements=one_price(energy_per_kwh=typed[f"energy_{n}"], idle_per_minute=typed[f"idle_{n}"]),
                grace_minutes=(typed["grace_minutes"] or 0) if typed[f"idle_{n}"] else 0,
            )
            found.append(Tier(typed[f"name_{n}"], low, typed[f"below_{n}"], content))
            low = typed[f"below_{n}"]
        return found


@page("tariffs/tiers/<int:entity_id>/", name="tariff_tiers")
def tiers(request: HttpRequest, entity_id: int) -> HttpResponse:
    """A tariff for each tier, assigned by rated power, from a day on: all of them or none."""
    entity = writable_company(request, entity_id)
    if not request.user.has_perm("billing.add_assignment"):
        raise PermissionDenied
    at = timezone.now()
    initial = {"first_day": at.astimezone(zone_of(entity)).date() + timedelta(days=1)}
    form = TiersForm(request.POST if request.method == "POST" else None, initial=initial)
    if not entity.base_currency:
        messages.error(request, f"Give {entity} a currency first: its tariffs are in it.")
        return redirect(list_link(entity))
    if request.method == "POST" and form.is_valid() and _made(request, entity, form):
        return redirect(list_link(entity))
    context = {
        **page_context(request, entity, None, "Tiers by charging speed"),
        "form": form,
        "documented": has_documents(entity.pk),
    }
    return TemplateResponse(request, "portal/tariffs/tiers.html", context)


def _made(request: HttpRequest, entity: LegalEntity, form: TiersForm) -> bool:
    at, first_day = timezone.now(), form.cleaned_data["first_day"]
    try:
        with transaction.atomic():
            made = create_tiers(
                entity=entity,
                currency=entity.base_currency,
                tiers=form.tiers(),
                first_day=first_day,
                actor=request.user,
                at=at,
            )
            messages.success(request, f"{len(made)} tariffs are in force and assigned by rated power.")
            if first_day is None or first_day <= at.astimezone(zone_of(entity)).date():
                price_again(request, entity, "tariffs by charging speed were assigned")
    except UserError as error:
        form.add_error(None, error.message)
        return False
    return True
