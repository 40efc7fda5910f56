"""From the demo to one's own company and back: the wish, the waiting page, the first account.

The portal only writes what is wanted; the supervisor (`manage.py serve`) makes the database and starts the portal on it.
"""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import login
from django.contrib.auth.forms import BaseUserCreationForm
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET

from chargebill.core import events, instances
from chargebill.core.errors import UserError
from chargebill.core.first_account import create_first_administrator
from chargebill.core.models import User
from chargebill.portal.site import page

# The Administrator's alone: everybody's portal moves with it.
SWITCH = "core.change_installation"


def other_instance() -> str:
    """The instance one can go to from here; "" where the portal serves one database only."""
    return {instances.DEMO: instances.COMPANY, instances.COMPANY: instances.DEMO}.get(settings.INSTANCE, "")


@page("start-company/", name="start_company")
def start_company(request: HttpRequest) -> HttpResponse:
    """Says what going to the other database means; POST asks the supervisor for it."""
    if not request.user.has_perm(SWITCH):
        raise PermissionDenied
    there = other_instance()
    if request.method == "POST" and there:
        return _ask_for(request, there)
    context = {
        **admin.site.each_context(request),
        "title": "Back to the demo" if there == instances.DEMO else "Start with my company",
        "there": there,
        "exists": bool(there) and instances.Instance(settings.DATA_DIR, there).database.exists(),
    }
    return TemplateResponse(request, "portal/start_company.html", context)


def _ask_for(request: HttpRequest, name: str) -> HttpResponse:
    events.record(
        action="installation.switch",
        subject=request.user,
        summary=f"Asked for the {name} database",
        actor=request.user,
        at=timezone.now(),
    )
    query = ""
    if name == instances.COMPANY:
        query = "?" + urlencode({"token": instances.setup_token(settings.DATA_DIR)})
    instances.want(settings.DATA_DIR, name)
    return HttpResponseRedirect(reverse("preparing", args=[name]) + query)


@never_cache
@require_GET
def preparing(request: HttpRequest, name: str) -> HttpResponse:
    """Waits, in the browser, until the instance answers; then goes on to the first account, or to the demo."""
    if name not in instances.NAMES or not settings.INSTANCE:
        raise Http404("No such instance.")
    token = request.GET.get("token", "")
    onward = f"{reverse('setup')}?{urlencode({'token': token})}" if token else reverse("admin:index")
    # Neither here nor there yet, so no demo banner.
    context = {**admin.site.each_context(request), "is_demo": False, "title": "One moment", "name": name, "onward": onward}
    return TemplateResponse(request, "portal/preparing.html", context)


@never_cache
@require_GET
def healthz(request: HttpRequest) -> JsonResponse:
    """Whether the portal and its database answer, which instance this is and which one is wanted."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    wanted = instances.wanted(settings.DATA_DIR) if settings.INSTANCE else ""
    return JsonResponse({"status": "ok", "instance": settings.INSTANCE, "wanted": wanted})


class FirstAccountForm(BaseUserCreationForm):
    """Who the first administrator is."""

    class Meta:
        model = User
        fields = ("first_name", "last_name", "email", "username")

    email = forms.EmailField(label="E-mail")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].help_text = "What you sign in with."
        self.fields["username"].widget.attrs.pop("autofocus", None)
        self.fields["first_name"].widget.attrs["autofocus"] = True


@never_cache
@sensitive_post_parameters("password1", "password2")
def setup(request: HttpRequest) -> HttpResponse:
    """Creates the first account, for whoever brings the token of this installation, while there is no account."""
    if User.objects.exists():
        instances.spend_token(settings.DATA_DIR)
        return redirect("admin:index")
    token = request.GET.get("token", "")
    context = {**admin.site.each_context(request), "title": "Your account"}
    if not instances.token_matches(settings.DATA_DIR, token):
        return TemplateResponse(request, "portal/setup_refused.html", context, status=403)
    form = FirstAccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        facts = {name: form.cleaned_data[name] for name in ("username", "first_name", "last_name", "email")}
        try:
            user = create_first_administrator(**facts, password=form.cleaned_data["password1"], at=timezone.now())
        except UserError as error:
            form.add_error(None, error.message)
        else:
            instances.spend_token(settings.DATA_DIR)
            login(request, user)
            return redirect("admin:checklist")
    return TemplateResponse(request, "portal/setup.html", {**context, "form": form})


# Open to everybody: whoever waits for a new database can't be signed in to it yet.
urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("start-company/preparing/<str:name>/", preparing, name="preparing"),
    path("setup/", setup, name="setup"),
]
