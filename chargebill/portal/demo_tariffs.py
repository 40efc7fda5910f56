"""What the demo's operator charges: by day and night, by power, for residents, businesses and roaming partners."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from billing.operations.assignments import assign
from billing.operations.tariffs import activate, create_tariff, save_draft
from billing.tariff_content import Content
from chargebill.core.models import LegalEntity
from memberships.models import CustomerGroup, CustomerKind

FAST_KW = Decimal(50)


def _component(kind: str, price: str, step: int = 0) -> dict[str, Any]:
    return {"type": kind, "price": price, "step_size": step}


def _element(*components: dict[str, Any], **restrictions: str) -> dict[str, Any]:
    return {"price_components": list(components), **({"restrictions": restrictions} if restrictions else {})}


def _by_day_and_night(day: str, night: str) -> Content:
    """Idle time is 0.02 a minute by day, after an hour, and at most 12."""
    return Content(
        tax_included=True,
        elements=[
            _element(_component("ENERGY", night), start_time="22:00", end_time="06:00"),
            _element(_component("ENERGY", day), _component("PARKING_TIME", "1.2")),
        ],
        grace_minutes=60,
        parking_cap=Decimal(12),
    )


def set_demo_tariffs(*, entity: LegalEntity, residents: CustomerGroup, at: datetime) -> None:
    """Five tariffs in force since ever, each assigned, and a draft of what the first may become."""
    fast = Content(
        tax_included=True,
        elements=[_element(_component("ENERGY", "0.69"), _component("PARKING_TIME", "6"))],
        grace_minutes=45,
        parking_cap=Decimal(30),
    )
    flat = {price: [_element(_component("ENERGY", price))] for price in ("0.42", "0.38", "0.36")}
    wanted: list[tuple[str, Content, dict[str, Any]]] = [
        ("Standard", _by_day_and_night("0.49", "0.39"), {"max_kw": FAST_KW}),
        ("Fast", fast, {"min_kw": FAST_KW}),
        ("Residents", Content(tax_included=True, elements=flat["0.42"]), {"group": residents}),
        ("Business", Content(tax_included=False, elements=flat["0.38"]), {"customer_kind": CustomerKind.BUSINESS}),
        ("Roaming", Content(tax_included=False, elements=flat["0.36"]), {"customer_kind": CustomerKind.PARTNER}),
    ]
    for name, content, terms in wanted:
        tariff = create_tariff(entity=entity, name=name, currency="EUR", content=content, actor=None, at=at).tariff
        activate(tariff=tariff, valid_from=None, actor=None, at=at)
        assign(entity=entity, tariff=tariff, actor=None, at=at, **terms)
        if name == "Standard":
            save_draft(tariff=tariff, content=_by_day_and_night("0.52", "0.39"), actor=None, at=at)
