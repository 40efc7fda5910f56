"""JSON with exact numbers: the standard library writes a Decimal only by way of a float."""

import json
from decimal import Decimal
from typing import Any


def dumps(value: Any, *, indent: int = 2, level: int = 0) -> str:
    """Indented JSON; a Decimal is a number with every digit it has, and no exponent."""
    inner, outer = " " * indent * (level + 1), " " * indent * level
    if isinstance(value, Decimal):
        return f"{value.normalize() + 0:f}"
    if isinstance(value, dict) and value:
        members = (f"{inner}{json.dumps(key)}: {dumps(item, indent=indent, level=level + 1)}" for key, item in value.items())
        return "{\n" + ",\n".join(members) + f"\n{outer}}}"
    if isinstance(value, list | tuple) and value:
        items = (f"{inner}{dumps(item, indent=indent, level=level + 1)}" for item in value)
        return "[\n" + ",\n".join(items) + f"\n{outer}]"
    return json.dumps(value, ensure_ascii=False)
