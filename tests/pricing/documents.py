"""Small OCPI documents to price in tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from billing.pricing.report import price_documents

START = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday


def component(kind: str, price: Any, step: int = 1, vat: Any = None) -> dict[str, Any]:
    found = {"type": kind, "price": price, "step_size": step}
    return found if vat is None else {**found, "vat": vat}


def element(*components: dict[str, Any], **restrictions: Any) -> dict[str, Any]:
    return {"price_components": list(components), **({"restrictions": restrictions} if restrictions else {})}


def tariff(*elements: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "T", "currency": "EUR", "elements": list(elements), "last_updated": "2026-01-01T00:00:00Z", **more}


def stamp(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def cdr(*periods: tuple[int, dict[str, Any]], start: datetime = START, **more: Any) -> dict[str, Any]:
    """Periods as (minutes, volumes by dimension), one after the other."""
    at, charging = start, []
    for minutes, volumes in periods:
        dimensions = [{"type": kind, "volume": volume} for kind, volume in volumes.items()]
        charging.append({"start_date_time": stamp(at), "dimensions": dimensions})
        at += timedelta(minutes=minutes)
    return {
        "id": "C",
        "session_id": "S",
        "start_date_time": stamp(start),
        "end_date_time": stamp(at),
        "currency": "EUR",
        "charging_periods": charging,
        "total_cost": {"excl_vat": 0},
        **more,
    }


def priced(tariffs: Any, of: dict[str, Any], **options: Any) -> dict[str, Any]:
    return price_documents(tariffs, of, **{"time_zone": "UTC", **options})


def total(tariffs: Any, of: dict[str, Any], **options: Any) -> str | None:
    """The total before tax."""
    return priced(tariffs, of, **options)["total_cost"]["excl_vat"]
