"""Keys as addresses and forms carry them: text that anybody may have typed."""

from typing import Any

from django.db.models import Model, QuerySet

# A key of 64 bits has at most nineteen digits; with eighteen every number fits.
DIGITS = 18


def key_in(raw: str) -> int | None:
    """The key ``raw`` is; None for anything else, also for what only looks like digits, such as ²."""
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) <= DIGITS else None


def row_in(rows: type[Model] | QuerySet[Any], raw: str) -> Any:
    """The row of ``rows`` (a model: all of it) with the key ``raw``; None where there is none."""
    key = key_in(raw)
    if key is None:
        return None
    found = rows if isinstance(rows, QuerySet) else rows._default_manager.all()
    return found.filter(pk=key).first()
