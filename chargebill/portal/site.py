"""The staff portal: the default admin site, served at the root."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.functional import SimpleLazyObject
from unfold.sites import UnfoldAdminSite

View = Callable[..., Any]
_pages: list[tuple[str, str, View]] = []


def page(route: str, *, name: str) -> Callable[[View], View]:
    """Registers a view as a page of the portal at ``route``, with URL name ``admin:name``, for signed-in staff.

    The view checks its own permission. Its module must be imported by an app's ``admin`` module.
    """

    def register(view: View) -> View:
        _pages.append((route, name, view))
        return view

    return register


def site() -> "PortalSite":
    """The portal: what a page needs for the frame around it."""
    return admin.site  # type: ignore[return-value]


class PortalSite(UnfoldAdminSite):
    site_title = site_header = "ChargeBill"
    index_title = "Overview"
    enable_nav_sidebar = True

    def extra_urls(self) -> list[URLPattern]:
        return [path(route, self.admin_view(view), name=name) for route, name, view in _pages]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        from chargebill.core.models import Installation
        from chargebill.portal.jobs import bell
        from chargebill.portal.navigation import shown

        context = super().each_context(request)
        return {
            **context,
            "portal_sections": shown(request) if context["has_permission"] else [],
            "bell": SimpleLazyObject(lambda: bell(request.user)),
            "is_demo": SimpleLazyObject(lambda: Installation.objects.filter(is_demo=True).exists()),
        }

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        """Empty: the frame draws ``portal_sections`` itself."""
        return []

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        from chargebill.portal import overview
        from chargebill.portal.kept_pages import kept

        request.current_app = self.name
        title = {"title": self.index_title, **(extra_context or {})}
        return kept(request, lambda: overview.index(request, {**self.each_context(request), **title}))


class PortalAdminConfig(AdminConfig):
    """django.contrib.admin with the portal as its site."""

    default_site = "chargebill.portal.site.PortalSite"
