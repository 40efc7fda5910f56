"""Tags and filters of the portal's pages: the frame, states, quantities."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import template
from django.contrib.admin.templatetags.admin_urls import admin_urlname
from django.template import Context, TemplateDoesNotExist
from django.template.loader import get_template
from django.urls import NoReverseMatch, reverse
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from chargebill.portal import format as written
from chargebill.portal import states
from chargebill.portal.way_back import to_list
from stations.models import Session

register = template.Library()

for name in ("amount", "money", "number", "kwh", "kw", "energy", "duration", "day", "period"):
    register.filter(name, getattr(written, name))


@dataclass(frozen=True, slots=True)
class PageHead:
    """Where a page is: links up, nearest last, and its one heading."""

    crumbs: list[tuple[str, str]]
    heading: str


def _link(name: str, *args: Any) -> str:
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


@register.simple_tag(takes_context=True)
def page_head(context: Context) -> PageHead:
    """The heading and the links above it; a view may give its own ``crumbs`` as (title, link) pairs."""
    title, opts, original = context.get("title") or "", context.get("opts"), context.get("original")
    if (crumbs := context.get("crumbs")) is not None:
        return PageHead(list(crumbs), str(title))
    if opts is None:
        return PageHead([], str(title))
    plural = capfirst(opts.verbose_name_plural)
    listing = (plural, to_list(context["request"], _link(admin_urlname(opts, "changelist"))))
    if context.get("cl") is not None:
        return PageHead([], plural)
    if original is None or isinstance(original, str):
        return PageHead([listing], capfirst(str(title)))
    if context.get("adminform") is not None:
        return PageHead([listing], str(original))
    return PageHead([listing, (str(original), _link(admin_urlname(opts, "change"), original.pk))], str(title))


@register.simple_tag
def url_if_there(name: str, *args: Any) -> str:
    """The address of a page, or "" while nobody provides it."""
    return _link(name, *args)


@register.simple_tag(takes_context=True)
def include_if_there(context: Context, name: str) -> SafeString:
    """A part of the page that another team provides; nothing while it is missing."""
    try:
        part = get_template(name)
    except TemplateDoesNotExist:
        return SafeString("")
    return part.render(context.flatten(), request=context.get("request"))


@register.simple_tag(takes_context=True)
def user_roles(context: Context) -> str:
    """The roles of the signed-in person, in words."""
    user = context["request"].user
    names = [group.name for group in user.groups.all()]
    if user.is_superuser:
        names.insert(0, "Superuser")
    return ", ".join(names) or "No role yet"


@register.inclusion_tag("portal/parts/state.html")
def state(kind: str, value: str) -> dict[str, Any]:
    """A state as the glossary shows it; ``kind`` is chargeable, job, quarantine or mode."""
    return {"shown": states.shown(kind, value)}


@register.inclusion_tag("portal/parts/when.html")
def when(at: datetime, zone: str = "UTC", *, seconds: bool = False, quiet: bool = False) -> dict[str, Any]:
    """A moment on the place's own clock; UTC on focus, tap or hover. ``quiet``: no tab stop of its own, for tables."""
    return {"moment": written.moment(at, zone, seconds=seconds), "quiet": quiet}


@register.simple_tag
def place_zone(session: Session) -> str:
    """The zone a session's times are shown in: its place's, else its company's, else UTC."""
    return session.location.time_zone or session.entity.time_zone or "UTC"


@register.filter
def unlocalized(value: Any) -> str:
    """A key as it stands, without thousands separators, for addresses and form values."""
    return str(value)
