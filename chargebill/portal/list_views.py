"""Saved views and columns of every list: saving, renaming, sharing, deleting, choosing. What they show is the list's."""

from typing import Any

from django.apps import apps
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.views.decorators.http import require_http_methods, require_POST

from chargebill.core.admin import PortalAdmin
from chargebill.core.errors import UserError
from chargebill.core.list_models import NAME_MAX, SavedView
from chargebill.core.lists import NO_VIEW, PASSING, VIEW, address, personal_list, visible
from chargebill.core.saved_views import (
    change_view,
    choose_columns,
    delete_view,
    may_change,
    open_first,
    plain_query,
    save_view,
    update_view,
)
from chargebill.portal.site import page, site


def _list_of(request: HttpRequest, listing: str) -> PortalAdmin:
    """The list with this name. Raises Http404, and PermissionDenied for those who may not see it."""
    try:
        found = site()._registry.get(apps.get_model(listing))
    except (LookupError, ValueError):
        found = None
    if not isinstance(found, PortalAdmin) or not found.has_saved_views:
        raise Http404("There is no such list.")
    if not found.has_view_or_change_permission(request):
        raise PermissionDenied
    return found


def _address(listed: PortalAdmin, query: str = "") -> str:
    url = reverse(f"admin:{listed.opts.app_label}_{listed.opts.model_name}_changelist")
    return f"{url}?{query or f'{VIEW}={NO_VIEW}'}"


def _view_of(request: HttpRequest, pk: int) -> tuple[PortalAdmin, SavedView] | None:
    """A view this person may use with its list; None when it is not there (any more), or somebody's own."""
    view = SavedView.objects.select_related("owner").filter(pk=pk).first()
    if view is None or not (view.is_shared or view.owner_id == request.user.pk):
        return None
    return _list_of(request, view.listing), view


def _gone(request: HttpRequest) -> HttpResponse:
    """Deleted, or taken back, since the page with the button was opened."""
    messages.error(request, "This view is no longer there: somebody deleted it or shares it no longer. Nothing was changed.")
    return HttpResponseRedirect(reverse("admin:index"))


def _columns(request: HttpRequest, listed: PortalAdmin) -> list[str]:
    """The posted columns the list has, the fixed ones always."""
    wanted = set(request.POST.getlist("column"))
    return [column.name for column in listed.list_columns(request) if column.is_fixed or column.name in wanted]


def _back(request: HttpRequest, listed: PortalAdmin) -> HttpResponse:
    return HttpResponseRedirect(_address(listed, request.POST.get("back", "")[:4000]))


def _page(request: HttpRequest, listed: PortalAdmin, template: str, **more: Any) -> HttpResponse:
    request.current_app = site().name
    plural = capfirst(str(listed.opts.verbose_name_plural))
    context = {**site().each_context(request), "crumbs": [(plural, _address(listed))], "listed": plural, "name_max": NAME_MAX}
    return TemplateResponse(request, template, {**context, **more})


@page("lists/<str:listing>/columns/", name="list_columns")
@require_POST
def columns(request: HttpRequest, listing: str) -> HttpResponse:
    """Which columns this person sees, of the list or of the view that is open."""
    listed = _list_of(request, listing)
    asked = request.POST.get(VIEW, "")
    view = next((one for one in visible(listing=listing, person_id=request.user.pk) if str(one.pk) == asked), None)
    if asked and view is None:
        return _gone(request)
    chosen = [] if "reset" in request.POST else _columns(request, listed)
    choose_columns(listing=listing, view=view, columns=chosen, person=request.user)
    return _back(request, listed)


@page("lists/<str:listing>/views/", name="view_new")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, listing: str) -> HttpResponse:
    """Keeps the filters, order and columns of a list under a name."""
    listed = _list_of(request, listing)
    asked = request.POST if request.method == "POST" else request.GET
    query = plain_query(asked.get("query", ""), without=PASSING)
    error: UserError | None = None
    if request.method == "POST":
        try:
            view = save_view(
                listing=listing,
                name=request.POST.get("name", ""),
                query=query,
                columns=_columns(request, listed),
                is_shared="shared" in request.POST,
                owner=request.user,
                at=timezone.now(),
            )
        except UserError as problem:
            error = problem
        else:
            messages.success(request, f"View “{view}” is saved: it stands above the list.")
            return HttpResponseRedirect(_address(listed, address(view)))
    return _page(
        request,
        listed,
        "portal/lists/new.html",
        title="Save a view",
        error=error,
        name=request.POST.get("name", ""),
        shared="shared" in request.POST,
        query=query,
        columns=asked.getlist("column"),
        action=request.path,
        cancel=_address(listed, query),
    )


@page("lists/views/<int:pk>/update/", name="view_update")
@require_POST
def update(request: HttpRequest, pk: int) -> HttpResponse:
    """Gives a view the filters, order and columns the list shows now."""
    if (found := _view_of(request, pk)) is None:
        return _gone(request)
    listed, view = found
    try:
        view = update_view(
            view=view,
            query=plain_query(request.POST.get("query", ""), without=PASSING),
            columns=_columns(request, listed),
            actor=request.user,
            at=timezone.now(),
        )
    except UserError as error:
        messages.error(request, error.message)
        return _back(request, listed)
    messages.success(request, f"View “{view}” now is what you see.")
    return HttpResponseRedirect(_address(listed, address(view)))


@page("lists/views/<int:pk>/", name="view_edit")
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Its name, who sees it, whether the list opens with it; deleting it."""
    if (found := _view_of(request, pk)) is None:
        return _gone(request)
    listed, view = found
    mine = may_change(view, request.user)
    error: UserError | None = None
    if request.method == "POST":
        try:
            return _changed(request, listed, view, mine)
        except UserError as problem:
            error = problem
    personal = personal_list(request, view.listing, listed.list_columns(request))
    first = personal.first == view if error is None else "first" in request.POST
    return _page(
        request,
        listed,
        "portal/lists/edit.html",
        title=f"View “{view}”",
        view=view,
        may_change=mine,
        error=error,
        name=request.POST.get("name", "") if error else view.name,
        shared="shared" in request.POST if error else view.is_shared,
        first=first,
        open_it=_address(listed, address(view)),
    )


def _changed(request: HttpRequest, listed: PortalAdmin, view: SavedView, mine: bool) -> HttpResponse:
    """Does what the form asks for. Raises UserError; then nothing was changed."""
    if "delete" in request.POST:
        delete_view(view=view, actor=request.user, at=timezone.now())
        messages.success(request, f"View “{view}” is deleted. The rows it showed are untouched.")
        return HttpResponseRedirect(_address(listed))
    if mine:
        name, shared = request.POST.get("name", ""), "shared" in request.POST
        view = change_view(view=view, name=name, is_shared=shared, actor=request.user, at=timezone.now())
    open_first(view=view, is_first="first" in request.POST, person=request.user)
    messages.success(request, f"View “{view}” is saved.")
    return HttpResponseRedirect(_address(listed, address(view)))
