"""API tokens: who made which for what, when they were used last, a form for new ones, and their end. Administrators only."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.decorators import display

from chargebill.core.admin import ReadOnlyAdmin
from chargebill.core.api_tokens import Scope, create_api_token, revoke_api_token
from chargebill.core.errors import UserError
from chargebill.core.models import ApiToken, LegalEntity


def state_of(token: ApiToken, *, at: datetime) -> str:
    """A key of states.API_TOKEN."""
    if token.revoked_at is not None:
        return "revoked"
    return "ended" if token.expires_at is not None and token.expires_at <= at else "works"


class TokenForm(forms.Form):
    """What a new token is for. ``last_day`` is a day in UTC, the whole of it included."""

    name = forms.CharField(max_length=120, help_text="Who uses it and for what. Such as: controlling, nightly report.")
    scopes = forms.MultipleChoiceField(
        label="May read",
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one: a token without any can read nothing."},
    )
    entity = forms.ModelChoiceField(
        LegalEntity.objects.order_by("name"), label="Company", required=False, empty_label="Every company, later ones too"
    )
    last_day = forms.DateField(
        label="Last day",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="It works until midnight UTC of this day. Empty: until it is revoked.",
    )

    @property
    def expires_at(self) -> datetime | None:
        day = self.cleaned_data["last_day"]
        return datetime.combine(day, time(), timezone.get_default_timezone()) + timedelta(days=1) if day else None

    def clean_last_day(self) -> Any:
        day = self.cleaned_data["last_day"]
        if day and day.year > 2999:
            raise forms.ValidationError("Choose a day before the year 3000, or leave it empty.")
        return day


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """A token never changes: it is made, and it ends."""

    list_display = ["name", "beginning", "state", "may_read", "company", "used", "made"]
    search_fields = ["name", "=prefix"]
    search_help_text = "Name, or the beginning of a key"
    list_select_related = ["entity", "created_by"]
    ordering = ["-id"]
    sortable_by: list[str] = []
    fields = ["name", "state", "beginning", "may_read", "company", "used", "made", "created_by", "ends"]
    readonly_fields = ["state", "beginning", "may_read", "company", "used", "made", "ends"]
    empty_sentence = "A token lets a program read sessions, prices and tariffs over the API: a report, a website, an app."
    change_form_outer_before_template = "portal/parts/api_token_end.html"

    class Media:
        css = {"all": ["css/forms.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("core.add_apitoken")

    def get_urls(self) -> list[URLPattern]:
        revoke = path("<path:object_id>/revoke/", self.admin_site.admin_view(self.revoke_view), name="core_apitoken_revoke")
        return [revoke, *super().get_urls()]

    # The list and the page of one

    @display(description="Key begins with")
    def beginning(self, obj: ApiToken) -> str:
        return f"{obj.prefix}…"

    @display(description="State")
    def state(self, obj: ApiToken) -> str:
        context = {"kind": "api_token", "value": state_of(obj, at=timezone.now())}
        return render_to_string("portal/parts/state_cell.html", context)

    @display(description="May read")
    def may_read(self, obj: ApiToken) -> str:
        return ", ".join(obj.scopes)

    @display(description="Company")
    def company(self, obj: ApiToken) -> str:
        return str(obj.entity) if obj.entity else "Every company"

    @display(description="Last used")
    def used(self, obj: ApiToken) -> str:
        return self._moment(obj.last_used_at) if obj.last_used_at else "Never"

    @display(description="Created")
    def made(self, obj: ApiToken) -> str:
        return self._moment(obj.created_at)

    @display(description="Ends")
    def ends(self, obj: ApiToken) -> str:
        end = obj.revoked_at or obj.expires_at
        return self._moment(end) if end else "When it is revoked"

    def _moment(self, at: datetime) -> str:
        return render_to_string("portal/parts/moment_cell.html", {"at": at, "zone": ""})

    # Its beginning and its end

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = TokenForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                token, key = create_api_token(
                    name=form.cleaned_data["name"],
                    scopes=form.cleaned_data["scopes"],
                    entity=form.cleaned_data["entity"],
                    expires_at=form.expires_at,
                    actor=request.user,
                    at=timezone.now(),
                )
            except UserError as error:
                where = "last_day" if error.where == "expires_at" else error.where
                form.add_error(where if where in form.fields else None, error.message)
            else:
                # Shown in this very answer, which no browser may store: nothing keeps the key until a next one.
                trial = self._trial(request, token)
                return self._page(
                    request, "portal/api_token_key.html", title="Copy the key now", token=token, key=key, trial=trial
                )
        return self._page(request, "portal/api_token_new.html", title="New API token", form=form)

    def _trial(self, request: HttpRequest, token: ApiToken) -> str:
        """An address this token may ask, whole."""
        first = {"sessions:read": "api:sessions", "prices:read": "api:cdrs", "tariffs:read": "api:tariffs"}
        name = next((first[scope] for scope in token.scopes if scope in first), "api:schema")
        return request.build_absolute_uri(reverse(name))

    def revoke_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if not request.user.has_perm("core.change_apitoken"):
            raise PermissionDenied
        token = self.get_object(request, unquote(object_id))
        if token is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if request.method == "POST":
            try:
                revoke_api_token(token=token, actor=request.user, at=timezone.now())
            except UserError as error:
                self.message_user(request, error.message, messages.ERROR)
            else:
                self.message_user(request, f"“{token.name}” is revoked: what it asks is refused from now on.", messages.SUCCESS)
            return redirect("admin:core_apitoken_change", token.pk)
        return self._page(request, "portal/api_token_revoke.html", title=f"Revoke “{token.name}”", original=token)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        may_revoke = {"may_revoke": request.user.has_perm("core.change_apitoken")}
        return super().change_view(request, object_id, form_url, {**may_revoke, **(extra_context or {})})

    def _page(self, request: HttpRequest, template: str, **extra: Any) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "opts": self.opts, **extra}
        request.current_app = self.admin_site.name
        return TemplateResponse(request, template, context)
