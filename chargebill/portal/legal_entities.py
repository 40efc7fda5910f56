"""Companies in the portal: who bills, in which money, by which clock, from which day on."""

import calendar
from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.forms import BaseFormSet, ModelForm
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.text import capfirst
from unfold.admin import StackedInline
from unfold.contrib.filters.admin import BooleanRadioFilter, FieldTextFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from billing.models import TaxRule
from billing.operations.taxes import since_of, subject_of
from billing.review_models import CheckSettings
from chargebill import pipeline
from chargebill.core.admin import ReadOnlyInline
from chargebill.core.audited import Changes
from chargebill.core.models import LegalEntity, validate_country
from chargebill.portal.repricing import RepricingMixin, price_again
from chargebill.portal.started import say_started

HELP = {
    "name": "How ChargeBill calls it, in lists and on the Overview.",
    "legal_name": "As it stands on documents, with its legal form.",
    "base_currency": "ISO 4217 code of the money it bills in, such as EUR.",
    "time_zone": "IANA name, such as Europe/Berlin. Its days, months and years begin by this clock.",
    "billing_from": (
        "First day whose sessions are billed. Earlier ones are history: counted and priced, never on a document. "
        "While it is empty every session is history, so you can look at everything first."
    ),
    "spanning_policy": (
        "What a session costs whose price changed while it lasted, when only its totals are known. "
        "One with meter readings is split at the change."
    ),
    "busy_per_week": (
        "Sessions a week. A connector that usually has so many, but none for 48 hours, is listed as silent. "
        "With 17 a week, 48 hours without any happen by chance once in a hundred times at most."
    ),
    "fiscal_year_start_month": "The month its books begin anew in.",
    "is_provisional": "An import made this company, or you want to look at it again. Nothing of it is billed while this is set.",
}


class VatIdsField(forms.CharField):
    """VAT ids by country, one a line: "DE: DE123456789"."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            required=False,
            widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "spellcheck": "false", "placeholder": "DE: DE123456789"}),
            label="VAT ids",
            help_text="One a line: the country it is for, a colon, the id. Such as DE: DE123456789",
        )

    def prepare_value(self, value: Any) -> Any:
        return (
            "\n".join(f"{country}: {vat_id}" for country, vat_id in sorted(value.items())) if isinstance(value, dict) else value
        )

    def to_python(self, value: Any) -> dict[str, str]:
        found: dict[str, str] = {}
        for number, line in enumerate(str(value or "").splitlines(), 1):
            if not line.strip():
                continue
            country, colon, vat_id = (part.strip().upper() for part in line.partition(":"))
            vat_id = vat_id.replace(" ", "")
            if not colon or not vat_id:
                raise forms.ValidationError(f"Line {number} ({line.strip()}) is not like DE: DE123456789.")
            try:
                validate_country(country)
            except forms.ValidationError as error:
                raise forms.ValidationError(f"Line {number}: {country!r} is no two-letter country code such as DE.") from error
            if country in found:
                raise forms.ValidationError(f"Line {number}: {country} is there twice. Keep one id per country.")
            found[country] = vat_id
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return self.to_python(data) != (initial or {})
        except forms.ValidationError:
            return True


class TaxRulesInline(ReadOnlyInline):
    """The tax rules of this company, as they began."""

    model = TaxRule
    fields = ["tax", "about", "since", "source"]
    readonly_fields = fields
    hide_title = True
    verbose_name_plural = "Tax rules"

    @display(description="Tax")
    def tax(self, obj: TaxRule) -> str:
        return str(obj)

    @display(description="For")
    def about(self, obj: TaxRule) -> str:
        return capfirst(subject_of(obj))

    @display(description="From")
    def since(self, obj: TaxRule) -> str:
        return capfirst(since_of(obj))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("billing.view_taxrule")


# What only an investigation looks at: no session is held for it, so none is looked at again.
INVESTIGATED = ("payments_apart_s", "authorization_s", "evse_cases", "evse_days")
THRESHOLDS = [f.name for f in CheckSettings._meta.fields if f.name not in ("entity", "four_eyes_above", *INVESTIGATED)]


class CheckSettingsInline(StackedInline):
    """When this company doubts a session, and when two people decide. Sessions are looked at again after a change."""

    model = CheckSettings
    extra = 1
    max_num = 1
    can_delete = False
    hide_title = True
    verbose_name_plural = "Checks"
    fieldsets = [
        (None, {"fields": ["four_eyes_above"]}),
        (
            "From when on a session is doubted",
            {
                "classes": ["collapse"],
                "fields": THRESHOLDS,
            },
        ),
        ("From when on an investigation finds something", {"classes": ["collapse"], "fields": list(INVESTIGATED)}),
    ]


@admin.register(LegalEntity)
class LegalEntityAdmin(RepricingMixin):
    list_display = ["name", "country", "base_currency", "time_zone", "billing_from", "still_needs", "review"]
    list_filter = [("is_provisional", BooleanRadioFilter), ("country", FieldTextFilter)]
    search_fields = ["name", "legal_name", "city"]
    search_help_text = "Name or town"
    fieldsets = [
        ("Name and address", {"fields": ["name", "legal_name", "street", ("postal_code", "city"), "country"]}),
        ("Money and clock", {"fields": [("base_currency", "time_zone"), "billing_from", "fiscal_year_start_month"]}),
        ("Prices", {"fields": ["spanning_policy"]}),
        ("Silent connectors", {"fields": ["busy_per_week"]}),
        ("Tax and documents", {"fields": ["vat_ids", "language"]}),
        ("Review", {"fields": ["is_provisional"]}),
    ]
    inlines = [CheckSettingsInline, TaxRulesInline]
    empty_sentence = "Who bills, in which money, by which clock. Everything else belongs to a company."
    change_form_outer_before_template = "portal/parts/company_links.html"
    priced_by = ("billing_from", "country", "base_currency", "is_provisional", "spanning_policy")

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        return self.inlines if obj else []

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> forms.Field | None:
        if db_field.name == "vat_ids":
            return VatIdsField()
        if db_field.name == "fiscal_year_start_month":
            return forms.TypedChoiceField(
                coerce=int,
                choices=list(enumerate(calendar.month_name))[1:],
                initial=1,
                label="Fiscal year begins in",
                help_text=HELP[db_field.name],
                widget=UnfoldAdminSelectWidget,
            )
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name in HELP:
            field.help_text = HELP[db_field.name]
        return field

    @display(description="Still needs", empty_value="")
    def still_needs(self, obj: LegalEntity) -> str:
        return ", ".join(obj.missing)

    @display(description="Review", ordering="is_provisional", empty_value="")
    def review(self, obj: LegalEntity) -> str:
        return render_to_string("portal/parts/mark.html", {"mark": "review"}) if obj.is_provisional else ""

    def save_model(self, request: HttpRequest, obj: LegalEntity, form: ModelForm, change: bool) -> None:
        if change and "time_zone" in form.changed_data:
            # First: it takes its locks in the order imports take theirs.
            job = pipeline.change_company_time_zone(entity=obj, time_zone=obj.time_zone, actor=request.user, at=timezone.now())
            if job:
                say_started(request, f"The local times of {obj}'s sessions at places without a zone are worked out anew.", job)
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        checks = [one for formset in formsets if formset.model is CheckSettings for one in formset.forms]
        touched = {name for one in checks for name in one.changed_data}
        if touched - {"four_eyes_above", "entity", *INVESTIGATED}:
            price_again(request, form.instance, f"the checks of {form.instance} changed")

    def construct_change_message(
        self, request: HttpRequest, form: ModelForm, formsets: list[BaseFormSet] | None, add: bool = False
    ) -> Changes:
        changes = super().construct_change_message(request, form, formsets, add)
        if not add:
            # change_company_time_zone wrote an event of its own.
            changes.pop("time zone", None)
        return changes
