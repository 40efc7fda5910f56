"""What the builders of rows begin with: one moment, a company, rows until there are enough."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.db.models import Model

from chargebill.core.models import LegalEntity

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def company(name: str = "Stadtwerke Nord") -> LegalEntity:
    found, _ = LegalEntity.objects.get_or_create(
        name=name, defaults={"country": "DE", "base_currency": "EUR", "time_zone": "Europe/Berlin"}
    )
    return found


def more(model: type[Model], count: int, make: Callable[[int], Model]) -> list[Any]:
    """Adds rows until there are ``count``; returns all, in key order."""
    there = model._default_manager.count()
    model._default_manager.bulk_create([make(n) for n in range(there, count)])
    return list(model._default_manager.order_by("pk"))
