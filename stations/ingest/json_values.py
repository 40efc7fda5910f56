"""Reads JSON, and takes from it only what is of the kind that is asked for."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from stations.ingest import values

Object = Mapping[str, Any]


def parsed(raw: str) -> Any:
    """The JSON value, its numbers exact. Raises ValueError."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no number")

    try:
        return json.loads(raw, parse_float=Decimal, parse_int=Decimal, parse_constant=refuse)
    except (ArithmeticError, RecursionError) as problem:
        raise ValueError("a number or a nesting is out of bounds") from problem


def number(value: object) -> Decimal | None:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str):
        try:
            return values.number(value)
        except ValueError:
            return None
    return None


def text(of: Object, key: str) -> str:
    """The text under a key; a number as text, "" for everything else."""
    value = of.get(key)
    if isinstance(value, str):
        return values.text(value)
    return str(value) if isinstance(value, Decimal) else ""


def child(of: Object, key: str) -> Object:
    value = of.get(key)
    return value if isinstance(value, dict) else {}


def objects(of: Object, key: str) -> list[Object]:
    value = of.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def first(of: Object, key: str) -> Object:
    return next(iter(objects(of, key)), {})
