"""Which tax? Asks a company's table what it would say, and why: the same look-up that prices sessions."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from billing import taxes
from billing.models import TaxCategory, TaxComponent, TaxRule
from billing.operations.taxes import since_of, subject_of
from billing.taxes import Rule
from chargebill.core.fields import UpperCaseField
from chargebill.core.models import LegalEntity, validate_country
from chargebill.portal.site import page
from chargebill.portal.tax_rule_form import EVERY, LABELS
from chargebill.portal.tax_rules import today
from memberships.models import CustomerKind

NAMES = {
    "country": "the country",
    "category": "the category",
    "component": "the part of the price",
    "customer_kind": "the customer",
}


class AskForm(forms.Form):
    entity = forms.ModelChoiceField(LegalEntity.objects.all(), label="Company", empty_label=None)
    country = UpperCaseField(
        label=LABELS["country"],
        required=False,
        max_length=2,
        advice=str(validate_country.message),
        validators=[validate_country],
        help_text="Where the place is. Empty: it has none.",
    )
    category = forms.ChoiceField(label=LABELS["category"], choices=TaxCategory.choices, help_text="What the tariff says.")
    component = forms.ChoiceField(
        label=LABELS["component"], required=False, choices=[("", EVERY["component"]), *TaxComponent.choices]
    )
    kind = forms.ChoiceField(label=LABELS["customer_kind"], choices=CustomerKind.choices)
    day = forms.DateField(
        label="Day the session ended",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="By the place's own calendar.",
        error_messages={"invalid": "This is no date. Write it like 2026-09-01."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Cut off at two letters, "Germany" would be taken for Georgia.
        self.fields["country"].widget.attrs.pop("maxlength", None)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the table says about some parts of the price. ``why`` are sentences; ``rule`` None: the session waits."""

    parts: list[str]
    rule: TaxRule | None
    why: list[str]
    add_link: str


@page("taxes/which/", name="tax_checker")
def tax_checker(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm("billing.view_taxrule"):
        raise PermissionDenied
    first = LegalEntity.objects.order_by("name").first()
    asked = _asked(request, first)
    form = AskForm(asked)
    answers = _answers(form.cleaned_data, may_add=request.user.has_perm("billing.add_taxrule")) if form.is_valid() else []
    context = {
        **admin.site.each_context(request),
        "title": "Which tax?",
        "crumbs": [("Tax rules", reverse("admin:billing_taxrule_changelist"))],
        "form": form,
        "answers": answers,
        "no_company": first is None,
    }
    return TemplateResponse(request, "portal/tax_checker.html", context)


def _asked(request: HttpRequest, first: LegalEntity | None) -> dict[str, Any]:
    """What the address says; the rest as most sessions of the company are."""
    entity = first
    if (wanted := request.GET.get("entity", "")).isdecimal():
        entity = LegalEntity.objects.filter(pk=wanted).first() or first
    usual = {
        "entity": wanted or (entity.pk if entity else ""),
        "country": entity.country if entity else "",
        "category": TaxCategory.STANDARD.value,
        "component": "",
        "kind": CustomerKind.AD_HOC.value,
        "day": today(entity).isoformat() if entity else timezone.now().date().isoformat(),
    }
    return {name: request.GET.get(name, value) for name, value in usual.items()}


def _answers(asked: dict[str, Any], *, may_add: bool) -> list[Answer]:
    """The parts of the price, those together that get the same answer. Two queries."""
    table = taxes.load(asked["entity"].pk)
    stored = TaxRule.objects.select_related("approved_by").in_bulk([rule.id for rule in table.rules])
    question = {name: asked[name] for name in ("country", "category", "kind", "day")}
    about = {"entity": asked["entity"].pk, "country": asked["country"]}
    add = f"{reverse('admin:billing_taxrule_add')}?{urlencode(about)}" if may_add else ""
    answers: dict[tuple[str, ...], Answer] = {}
    for component in [asked["component"]] if asked["component"] else TaxComponent.values:
        rules = table.fitting(component=component, **question)
        why = _why(rules, stored) if rules else _why_none(table, component, question, stored)
        rule = stored[rules[0].id] if rules else None
        answer = answers.setdefault((str(rule and rule.pk), *why), Answer([], rule, why, "" if rule else add))
        answer.parts.append(TaxComponent(component).label)
    return list(answers.values())


def _why(rules: list[Rule], stored: dict[int, TaxRule]) -> list[str]:
    best = rules[0]
    named = [NAMES[name] for name, says in zip(taxes.COLUMNS, best.says, strict=True) if says]
    about = stored[best.id]
    why = [f"It is for {subject_of(about)}, {since_of(about)}." if named else f"It is for everything, {since_of(about)}."]
    for other in rules[1:]:
        rule = stored[other.id]
        name = f"{rule} for {subject_of(rule)}" if any(other.says) else f"{rule} for everything"
        if other.says == best.says:
            why.append(f"{name} {since_of(rule)} fits too, but began earlier.")
        else:
            lacking = next(NAMES[c] for c, mine, its in zip(taxes.COLUMNS, best.says, other.says, strict=True) if mine != its)
            why.append(f"{name} {since_of(rule)} fits too, but does not name {lacking}.")
    return why


def _why_none(table: taxes.TaxTable, component: str, question: dict[str, Any], stored: dict[int, TaxRule]) -> list[str]:
    why = ["No rule fits: such a session is held, never billed at 0 %."]
    later = [
        rule for rule in table.fitting(component=component, **{**question, "day": date.max}) if rule.begins > question["day"]
    ]
    if later:
        rule = stored[min(later, key=lambda rule: rule.begins).id]
        why.append(f"{rule} for {subject_of(rule)} begins on {rule.valid_from:%-d %b %Y}, after that day.")
    elif not question["country"]:
        why.append("The place has no country, so only rules for every country can fit.")
    return why
