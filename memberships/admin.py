"""Lists and forms of customers, groups, tokens and contract prefixes. The portal registers them, since prices follow."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Count, ManyToManyField, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    DropdownFilter,
    FieldTextFilter,
    RelatedDropdownFilter,
)
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from chargebill.core.audited import AuditedAdmin, AuditedForm
from chargebill.core.errors import UserError
from chargebill.core.tables.admin import TableAdmin
from memberships.models import ContractPrefix, Customer, CustomerGroup, CustomerKind, Token
from memberships.operations import block_token, unblock_token
from memberships.queries import normalized
from memberships.resources import GROUP_SEPARATOR, ContractPrefixResource, CustomerResource, TokenResource
from stations.admin import ReviewedMixin
from stations.models import Session


def company_id(form: forms.ModelForm, cleaned: dict[str, Any]) -> int | None:
    """The company a form is about: chosen now, or fixed since the row was made."""
    chosen = cleaned.get("entity")
    return chosen.pk if chosen else form.instance.entity_id


class CustomerForm(AuditedForm):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        entity_id = company_id(self, cleaned)
        strangers = [group.name for group in cleaned.get("groups") or () if group.entity_id != entity_id]
        if entity_id and strangers:
            self.add_error("groups", f"{strangers[0]} is a group of another company.")
        number = cleaned.get("number")
        others = Customer.objects.filter(entity_id=entity_id, number=number).exclude(pk=self.instance.pk)
        if number and (same := others.first()):
            self.add_error("number", f"{same} has this number already. Nothing was saved.")
        leaves = self.instance.pk and cleaned.get("kind") != CustomerKind.PARTNER
        if leaves and self.instance.prefixes.exists():
            self.add_error("kind", "Contract prefixes belong to this partner. Remove them first; nothing was saved.")
        return cleaned


class CustomerAdmin(TableAdmin):
    resource_classes = [CustomerResource]
    form = CustomerForm
    list_display = ["name", "number", "kind", "company", "city", "token_count", "entity"]
    list_filter = [
        ("entity", RelatedDropdownFilter),
        ("kind", ChoicesDropdownFilter),
        ("groups", AutocompleteSelectFilter),
        ("country", FieldTextFilter),
    ]
    search_fields = ["name", "number", "company", "email"]
    search_help_text = "Name, number, company or e-mail"
    list_select_related = ["entity"]
    empty_sentence = "Somebody who is billed: a member, a business, a roaming partner. Drivers who pay on the spot are none."
    fieldsets = [
        (None, {"fields": ["entity", "kind", "name", "number", "groups"]}),
        ("Contact", {"fields": ["email", "language"]}),
        ("For invoices", {"fields": ["company", "vat_id", "street", ("postal_code", "city"), "country", "payment_days"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Customer]:
        return super().get_queryset(request).annotate(tokens_held=Count("tokens"))

    def formfield_for_manytomany(self, db_field: ManyToManyField, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["widget"] = UnfoldAdminCheckboxSelectMultipleWidget()
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    @display(description="Tokens", ordering="tokens_held")
    def token_count(self, obj: Any) -> str:
        return render_to_string(
            "portal/parts/count_link.html",
            {"count": obj.tokens_held, "list": "admin:memberships_token_changelist", "query": f"customer__id__exact={obj.pk}"},
        )


class CustomerGroupForm(AuditedForm):
    def clean_name(self) -> str:
        name = self.cleaned_data["name"]
        if GROUP_SEPARATOR in name:
            raise forms.ValidationError(f"A group's name can't contain {GROUP_SEPARATOR}: files separate groups with it.")
        return name


class CustomerGroupAdmin(AuditedAdmin):
    form = CustomerGroupForm
    list_display = ["name", "entity", "members"]
    list_filter = [("entity", RelatedDropdownFilter)]
    search_fields = ["name"]
    list_select_related = ["entity"]
    fields = ["entity", "name"]
    empty_sentence = "A group is a set of customers that prices can be given to, such as residents or a fleet."

    def get_queryset(self, request: HttpRequest) -> QuerySet[CustomerGroup]:
        return super().get_queryset(request).annotate(customer_count=Count("customers"))

    @display(description="Customers", ordering="customer_count")
    def members(self, obj: Any) -> str:
        return render_to_string(
            "portal/parts/count_link.html",
            {
                "count": obj.customer_count,
                "list": "admin:memberships_customer_changelist",
                "query": f"groups__id__exact={obj.pk}",
            },
        )


class ContractPrefixForm(AuditedForm):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        entity_id, partner, prefix = company_id(self, cleaned), cleaned.get("partner"), cleaned.get("prefix")
        if partner and partner.kind != CustomerKind.PARTNER:
            self.add_error("partner", f"{partner} is no roaming partner. Change its kind first.")
        elif partner and entity_id and partner.entity_id != entity_id:
            self.add_error("partner", f"{partner} is a partner of another company.")
        if prefix and not normalized(prefix):
            self.add_error("prefix", "Give at least one letter or digit.")
        elif prefix and entity_id:
            others = ContractPrefix.objects.filter(entity_id=entity_id).exclude(pk=self.instance.pk)
            if same := next((other for other in others if normalized(other.prefix) == normalized(prefix)), None):
                self.add_error("prefix", f"{same.prefix} is the same prefix and belongs to {same.partner}.")
        return cleaned


class ContractPrefixAdmin(TableAdmin):
    resource_classes = [ContractPrefixResource]
    form = ContractPrefixForm
    list_display = ["prefix", "partner", "entity"]
    list_filter = [("entity", RelatedDropdownFilter), ("partner", AutocompleteSelectFilter)]
    search_fields = ["prefix", "partner__name"]
    list_select_related = ["entity", "partner"]
    autocomplete_fields = ["partner"]
    fields = ["entity", "prefix", "partner"]
    empty_sentence = "Contract ids that begin so belong to a roaming partner. The longest prefix wins."


class BlockedFilter(DropdownFilter):
    title = "blocked"
    parameter_name = "blocked"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("now", "Blocked now"), ("later", "Blocked later"), ("never", "Not blocked")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Token]) -> QuerySet[Token]:
        conditions = {
            "now": {"blocked_from__lte": timezone.now()},
            "later": {"blocked_from__gt": timezone.now()},
            "never": {"blocked_from__isnull": True},
        }
        return queryset.filter(**conditions.get(self.value() or "", {}))


class TokenForm(AuditedForm):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        entity_id, customer = company_id(self, cleaned), cleaned.get("customer")
        if customer and entity_id and customer.entity_id != entity_id:
            self.add_error("customer", f"{customer} is a customer of another company.")
        return cleaned


class BlockForm(forms.Form):
    """From when, on the company's clock, and why."""

    on = forms.DateField(label="From", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    time = forms.TimeField(label="At", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    reason = forms.CharField(label="Why", max_length=200, help_text="Kept with the token. Such as: card reported stolen.")


class UnblockForm(forms.Form):
    reason = forms.CharField(label="Why", max_length=200, help_text="Kept in the token's history. Such as: card found again.")


class TokenAdmin(ReviewedMixin, TableAdmin):
    resource_classes = [TokenResource]
    form = TokenForm
    list_display = ["uid", "type", "customer", "contract_id", "entity", "blocked", "review"]
    list_filter = [
        ("entity", RelatedDropdownFilter),
        ("customer", AutocompleteSelectFilter),
        ("type", ChoicesDropdownFilter),
        ("needs_review", BooleanRadioFilter),
        BlockedFilter,
    ]
    search_fields = ["uid", "contract_id", "customer__name"]
    search_help_text = "UID, contract id or customer"
    list_select_related = ["entity", "customer"]
    autocomplete_fields = ["customer"]
    fields = ["entity", "uid", "type", "contract_id", "customer", "needs_review"]
    change_form_outer_before_template = "portal/parts/token_state.html"
    empty_sentence = "A card, an app account or a contract. Importing sessions makes unknown ones by itself."

    @display(description="Blocked", ordering="blocked_from", empty_value="")
    def blocked(self, obj: Token) -> str:
        if obj.blocked_from is None:
            return ""
        return render_to_string("portal/parts/blocked.html", {"token": obj, "already": obj.blocked_from <= timezone.now()})

    def history_of(self, obj: Model) -> list[str]:
        # Sessions keep the uid as text: no foreign key says that they are this token's.
        used = Session.objects.filter(entity_id=obj.entity_id, token_uid=obj.uid).exists()
        return [*super().history_of(obj), *(["sessions"] if used else [])]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<path:object_id>/block/", view(self.block_view), name="memberships_token_block"),
            path("<path:object_id>/unblock/", view(self.unblock_view), name="memberships_token_unblock"),
            *super().get_urls(),
        ]

    def _token(self, request: HttpRequest, object_id: str) -> Token | None:
        token = self.get_object(request, unquote(object_id))
        if not self.has_change_permission(request, token):
            raise PermissionDenied
        return token

    def block_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        token = self._token(request, object_id)
        if token is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        zone = ZoneInfo(token.entity.time_zone or "UTC")
        now = timezone.now().astimezone(zone)
        initial = {"on": now.date(), "time": now.time().replace(second=0, microsecond=0), "reason": token.blocked_reason}
        form = BlockForm(request.POST or None, initial=initial)
        if request.method == "POST" and form.is_valid():
            moment = datetime.combine(form.cleaned_data["on"], form.cleaned_data["time"], zone)
            token = block_token(
                token=token, blocked_from=moment, reason=form.cleaned_data["reason"], actor=request.user, at=timezone.now()
            )
            self.message_user(request, f"Token {token.uid} is blocked from {moment:%-d %b %Y %H:%M %Z} on.", messages.SUCCESS)
            return redirect("admin:memberships_token_change", token.pk)
        return self._page(request, token, form, title="Block this token", button="Block", zone=zone.key)

    def unblock_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        token = self._token(request, object_id)
        if token is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        form = UnblockForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                unblock_token(token=token, reason=form.cleaned_data["reason"], actor=request.user, at=timezone.now())
            except UserError as error:
                self.message_user(request, error.message, messages.ERROR)
            else:
                self.message_user(request, f"Token {token.uid} may charge again.", messages.SUCCESS)
            return redirect("admin:memberships_token_change", token.pk)
        return self._page(request, token, form, title="Unblock this token", button="Unblock", zone="")

    def _page(self, request: HttpRequest, token: Token, form: forms.Form, **extra: Any) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "opts": self.opts, "original": token, "form": form, **extra}
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "portal/token_block.html", context)
