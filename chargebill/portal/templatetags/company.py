"""What the demo banner needs to know."""

from django import template
from django.conf import settings
from django.template import Context

from chargebill.core import instances
from chargebill.portal import company

register = template.Library()


@register.simple_tag(takes_context=True)
def way_to_company(context: Context) -> str:
    """What the button to one's own company says: "" for who may not press it, or where there is none to go to."""
    user = getattr(context.get("request"), "user", None)
    if company.other_instance() != instances.COMPANY or user is None or not user.has_perm(company.SWITCH):
        return ""
    exists = instances.Instance(settings.DATA_DIR, instances.COMPANY).database.exists()
    return "Go to my company" if exists else "Start with my company"


@register.simple_tag
def demo_password() -> str:
    return instances.DEMO_PASSWORD
