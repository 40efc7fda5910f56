"""Tax rules in the portal: the table by company and country, a form, a second person's approval."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import F, Model, Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.text import capfirst
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter, FieldTextFilter, RelatedDropdownFilter
from unfold.decorators import display

from billing.models import TaxRule
from billing.operations import approve_tax_rule, delete_tax_rule, set_tax_rule
from billing.operations.taxes import ON_DOCUMENTS, contents, since_of, subject_of
from billing.tax_queries import advice, any_documented_since, documented, with_end
from billing.tax_resources import TaxRuleResource
from billing.taxes import COLUMNS
from chargebill.core.audited import Changes
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent, LegalEntity
from chargebill.core.tables.admin import TableAdmin
from chargebill.portal.repricing import RepricingMixin, price_again
from chargebill.portal.tax_rule_form import TaxRuleForm

VALUES = (*COLUMNS, "valid_from", *ON_DOCUMENTS, "source")


def today(entity: LegalEntity) -> date:
    """The day it is at a company now."""
    return entity.day_of(timezone.now())


@dataclass(frozen=True, slots=True)
class ShownRule:
    """A line of the table. ``state`` is now, later or earlier; ``last_day`` None: no end is known."""

    rule: TaxRule
    about: str
    state: str
    last_day: date | None
    advice: list[str]


@dataclass(frozen=True, slots=True)
class Group:
    """The rules of one country, or those for every country, of one company."""

    entity: LegalEntity
    country: str
    rules: list[ShownRule]


def shown_rule(rule: Any) -> ShownRule:
    """``rule`` as ``with_end`` reads it."""
    day = today(rule.entity)
    begun = rule.valid_from is None or rule.valid_from <= day
    over = rule.valid_until is not None and rule.valid_until <= day
    state = "later" if not begun else "earlier" if over else "now"
    last_day = rule.valid_until - timedelta(days=1) if rule.valid_until else None
    # The country is said by the group.
    words = [getattr(rule, f"get_{name}_display")() for name in COLUMNS[1:]]
    return ShownRule(rule, ", ".join(filter(None, words)) or "Everything", state, last_day, advice(rule))


def grouped(rules: Iterable[TaxRule]) -> list[Group]:
    """Rules in the order of the list, by company and country."""
    return [
        Group(entity, country, [shown_rule(rule) for rule in group])
        for (entity, country), group in groupby(rules, key=lambda rule: (rule.entity, rule.country))
    ]


class InForceFilter(DropdownFilter):
    title = "in force"
    parameter_name = "in_force"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("now", "Today"), ("later", "Later"), ("earlier", "Earlier")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[TaxRule]) -> QuerySet[TaxRule]:
        if self.value() not in ("now", "later", "earlier"):
            return queryset
        wanted = Q(pk__in=[])
        for entity in LegalEntity.objects.all():
            day = today(entity)
            begun = Q(valid_from__isnull=True) | Q(valid_from__lte=day)
            over = Q(valid_until__isnull=False, valid_until__lte=day)
            states = {"now": begun & ~over, "later": Q(valid_from__gt=day), "earlier": over}
            wanted |= Q(entity=entity) & states[self.value() or ""]
        return queryset.filter(wanted)


class ApprovalFilter(DropdownFilter):
    title = "approval"
    parameter_name = "approved"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "Not approved"), ("yes", "Approved")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[TaxRule]) -> QuerySet[TaxRule]:
        if self.value() not in ("no", "yes"):
            return queryset
        return queryset.filter(approved_at__isnull=self.value() == "no")


@admin.register(TaxRule)
class TaxRuleAdmin(RepricingMixin, TableAdmin):
    resource_classes = [TaxRuleResource]
    form = TaxRuleForm
    change_list_template = "portal/tax_rules.html"
    list_before_template = "portal/parts/tax_links.html"
    change_form_outer_before_template = "portal/parts/tax_rule_state.html"
    list_filter = [
        ("entity", RelatedDropdownFilter),
        ("country", FieldTextFilter),
        ("category", ChoicesDropdownFilter),
        ("component", ChoicesDropdownFilter),
        ("customer_kind", ChoicesDropdownFilter),
        InForceFilter,
        ApprovalFilter,
    ]
    search_fields = ["code", "source", "account"]
    search_help_text = "Code, source or account"
    list_select_related = ["entity", "entered_by", "approved_by"]
    ordering = ["entity__name", "entity", *COLUMNS, F("valid_from").desc(nulls_last=True)]
    sortable_by = ()
    fieldsets = [
        (
            "What it is about",
            {
                "fields": ["entity", ("country", "category"), ("component", "customer_kind"), "valid_from"],
                "description": "Leave empty what makes no difference. Where several rules fit, the one that says most counts: "
                "country before category, part of the price, customer.",
            },
        ),
        ("The tax", {"fields": [("rate", "code"), "account", "legal_sentence"]}),
        ("Where it comes from", {"fields": ["source"]}),
    ]
    fixed_fields = ("entity", *COLUMNS, "valid_from")
    empty_sentence = "Without a rule every session is held, never billed at 0 %."
    priced_by = ("rate", "code", "valid_from", "entity", *COLUMNS)
    priced_by_new_rows = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[TaxRule]:
        return with_end(super().get_queryset(request))

    # The form

    def get_fieldsets(self, request: HttpRequest, obj: TaxRule | None = None) -> list[Any]:
        """Of a stored rule: what is fixed in words, what is on documents too once it is."""
        about, tax, source = self.fieldsets
        if obj is None:
            return [about, tax, source]
        fixed = ("What it is about", {"fields": ["entity", "about", "begins"]})
        if self._kept(obj):
            tax = ("The tax", {"fields": ["tax", "account", "legal_sentence"]})
        return [fixed, tax, source]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        fixed = super().get_readonly_fields(request, obj)
        if obj is None:
            return fixed
        shown = [*fixed, "about", "begins"]
        return [*shown, "tax", *ON_DOCUMENTS] if self._kept(obj) else shown

    @display(description="For")
    def about(self, obj: TaxRule) -> str:
        return capfirst(subject_of(obj))

    @display(description="Valid")
    def begins(self, obj: TaxRule) -> str:
        return capfirst(since_of(obj))

    @display(description="Tax")
    def tax(self, obj: TaxRule) -> str:
        return str(obj)

    # The table

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        if "cl" in (context := getattr(response, "context_data", None) or {}):
            context["groups"] = grouped(context["cl"].result_list)
            context["one_company"] = len({group.entity for group in context["groups"]}) == 1
        return response

    # One rule

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = dict(extra_context or {})
        rule = self.get_object(request, unquote(object_id)) if object_id else None
        if rule is not None:
            context |= {
                "shown": shown_rule(rule),
                "used": bool(self._kept(rule)),
                "seen": contents(rule),
                "may_approve": self.has_change_permission(request, rule) and rule.entered_by_id != request.user.pk,
            }
        try:
            return super().changeform_view(request, object_id, form_url, context)
        except UserError as error:
            # Something changed between the check of the form and the operation.
            self.message_user(request, error.message, messages.ERROR)
            return redirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: TaxRule, form: ModelForm, change: bool) -> None:
        rule = set_tax_rule(
            entity=obj.entity, **{name: getattr(obj, name) for name in VALUES}, actor=request.user, at=timezone.now()
        )
        obj.pk = rule.pk
        for sentence in advice(rule):
            self.message_user(request, sentence, messages.WARNING)
        if not change and any_documented_since(rule):
            self.message_user(request, "Sessions that are on a document already keep their tax.", messages.INFO)

    def log_addition(self, request: HttpRequest, obj: TaxRule, message: Changes) -> None:
        """set_tax_rule writes the event."""

    def log_change(self, request: HttpRequest, obj: TaxRule, message: Changes) -> None:
        """set_tax_rule writes the event."""

    # Removing

    def history_of(self, obj: Model) -> list[str]:
        return ["sessions on documents"] if documented(obj).exists() else []

    def delete_model(self, request: HttpRequest, obj: TaxRule) -> None:
        entity, name = obj.entity, f"{obj} for {subject_of(obj)}"
        delete_tax_rule(rule=obj, actor=request.user, at=timezone.now())
        price_again(request, entity, f"{name} was removed")

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        try:
            return super().delete_view(request, object_id, extra_context)
        except UserError as error:
            self.message_user(request, error.message, messages.ERROR)
            return redirect("admin:billing_taxrule_change", object_id)

    def log_deletions(self, request: HttpRequest, queryset: list[Model]) -> list[AuditEvent]:
        """delete_tax_rule writes the event."""
        return []

    # Approving

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.approve_view))
        return [path("<path:object_id>/approve/", view, name="billing_taxrule_approve"), *super().get_urls()]

    def approve_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        rule = self.get_object(request, unquote(object_id))
        if not self.has_change_permission(request, rule):
            raise PermissionDenied
        if rule is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        try:
            approve_tax_rule(rule=rule, seen=request.POST.get("seen", ""), actor=request.user, at=timezone.now())
        except UserError as error:
            self.message_user(request, error.message, messages.ERROR)
        else:
            self.message_user(request, f"{capfirst(str(rule))} is approved.", messages.SUCCESS)
        return redirect("admin:billing_taxrule_change", rule.pk)
