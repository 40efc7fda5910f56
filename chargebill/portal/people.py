"""People and their roles: who may enter, and what each role may do. Administrators only; the Auditor may look."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.contrib.filters.admin import BooleanRadioFilter, RelatedDropdownFilter
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from chargebill.core.audited import AuditedAdmin
from chargebill.core.models import User
from chargebill.core.roles import ADMINISTRATOR, IN_SHORT, ROLES, permissions_of
from chargebill.portal.site import page


class RolesField(forms.ModelMultipleChoiceField):
    """Roles, with what each is for."""

    def __init__(self) -> None:
        super().__init__(
            Group.objects.filter(name__in=[ADMINISTRATOR, *ROLES]),
            label="Roles",
            required=False,
            widget=UnfoldAdminCheckboxSelectMultipleWidget,
            help_text="Without a role a person can sign in and see nothing.",
        )

    def label_from_instance(self, obj: Group) -> str:
        return f"{obj.name}: {IN_SHORT[obj.name]}" if obj.name in IN_SHORT else obj.name


def last_administrator(user: User) -> bool:
    """Whether nobody else could let people in."""
    active = User.objects.filter(is_active=True)
    others = (active.filter(groups__name=ADMINISTRATOR) | active.filter(is_superuser=True)).exclude(pk=user.pk)
    return not others.exists()


class PersonForm(UserChangeForm):
    groups = RolesField()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        stays = cleaned.get("is_active", True) and (
            self.instance.is_superuser or any(group.name == ADMINISTRATOR for group in cleaned.get("groups") or ())
        )
        was = self.instance.is_superuser or self.instance.groups.filter(name=ADMINISTRATOR).exists()
        if was and not stays and last_administrator(self.instance):
            self.add_error(
                None, "This is the last Administrator: nobody could let people in any more. Give the role to someone else first."
            )
        return cleaned


class NewPersonForm(UserCreationForm):
    groups = RolesField()

    class Meta:
        model = User
        fields = ("username", "first_name", "last_name", "email", "groups")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("usable_password", None)
        # Everybody entered here is staff: customers never get an account of this kind.
        self.instance.is_staff = True


@admin.register(User)
class PersonAdmin(DjangoUserAdmin, AuditedAdmin):
    form = PersonForm
    add_form = NewPersonForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "first_name", "last_name", "email", "roles", "may_sign_in", "last_login"]
    list_filter = [("groups", RelatedDropdownFilter), ("is_active", BooleanRadioFilter)]
    search_fields = ["username", "first_name", "last_name", "email"]
    search_help_text = "User name, name or e-mail"
    filter_horizontal = ()
    fieldsets = [
        (None, {"fields": ["username", "is_active"]}),
        ("Person", {"fields": ["first_name", "last_name", "email"]}),
        ("What they may do", {"fields": ["groups"]}),
        ("Since", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "password1", "password2"]}),
        ("Person", {"fields": ["first_name", "last_name", "email"]}),
        ("What they may do", {"fields": ["groups"]}),
    ]
    readonly_fields = ["last_login", "date_joined"]
    list_before_template = "portal/parts/roles_link.html"
    change_form_outer_before_template = "portal/parts/person_links.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> type[ModelForm]:
        form = super().get_form(request, obj, **kwargs)
        if "is_active" in form.base_fields:
            form.base_fields["is_active"].label = "May sign in"
            form.base_fields["is_active"].help_text = "Take this away instead of deleting a person: what they did stays theirs."
        return form

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Whoever deletes is an Administrator and stays, so there is always one.
        return super().has_delete_permission(request, obj) and (obj is None or obj.pk != request.user.pk)

    @display(description="May sign in", ordering="is_active")
    def may_sign_in(self, obj: User) -> str:
        return "Yes" if obj.is_active else "No"

    @display(description="Roles")
    def roles(self, obj: User) -> str:
        return ", ".join(group.name for group in obj.groups.all())


@dataclass(frozen=True, slots=True)
class RoleRow:
    """What one role may do with one kind of row."""

    kind: str
    verbs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Role:
    name: str
    in_short: str
    people: int
    may: list[RoleRow]


def _may(role: str) -> list[RoleRow]:
    """Only what somebody can change by hand: nobody edits sessions or the audit trail, whatever the stored permissions."""
    held = permissions_of(role)
    by_hand = {label for declared in ROLES.values() for label in declared} | {"core.user", "core.apitoken"}
    rows = []
    for model in apps.get_models():
        if model._meta.label_lower not in by_hand:
            continue
        label, name = model._meta.app_label, model._meta.model_name
        verbs = tuple(verb for verb in ("add", "change", "delete") if f"{label}.{verb}_{name}" in held)
        if verbs:
            rows.append(RoleRow(str(model._meta.verbose_name_plural), verbs))
    return sorted(rows, key=lambda row: row.kind.lower())


@page("roles/", name="roles")
def roles(request: HttpRequest) -> HttpResponse:
    """What each role may do, from the declaration."""
    if not request.user.has_perm("core.view_user"):
        raise PermissionDenied
    holders = dict.fromkeys((ADMINISTRATOR, *ROLES), 0)
    for name in User.objects.filter(is_active=True, groups__name__in=holders).values_list("groups__name", flat=True):
        holders[name] += 1
    context = {
        **admin.site.each_context(request),
        "title": "Roles",
        "crumbs": [("People", reverse("admin:core_user_changelist"))],
        "roles": [Role(name, IN_SHORT.get(name, ""), holders[name], _may(name)) for name in holders],
    }
    return TemplateResponse(request, "portal/roles.html", context)
