"""How a price or a rate is written: every digit it has, and none more."""

from decimal import Decimal

from django import template

register = template.Library()


@register.filter
def exactly(value: Decimal) -> str:
    """0.5988, 20, 0.1: a Decimal without trailing zeros and without an exponent."""
    return f"{value.normalize():f}"
