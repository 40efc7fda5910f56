"""A place with charging points and prices, as a driver at the pole meets them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from billing.models import Assignment, Tariff, TariffVersion, TaxRule
from chargebill.core.models import LegalEntity
from stations.models import Connector, Evse, Location

D = Decimal
# A Thursday, 14:05 in Berlin.
AT = datetime(2026, 11, 26, 13, 5, tzinfo=UTC)
NIGHT = {"start_time": "22:00", "end_time": "07:00"}
# Cheaper by night, when standing there costs nothing; 0.10 a minute by day after an hour.
DAY_AND_NIGHT = [
    {
        "price_components": [{"type": "ENERGY", "price": "0.384", "step_size": 1}, {"type": "PARKING_TIME", "price": "0"}],
        "restrictions": NIGHT,
    },
    {"price_components": [{"type": "ENERGY", "price": "0.49", "step_size": 1}, {"type": "PARKING_TIME", "price": "6"}]},
]


def flat(price: str) -> list[dict[str, Any]]:
    return [{"price_components": [{"type": "ENERGY", "price": price}]}]


def operator(name: str = "Stadtwerke Nord", **more: Any) -> LegalEntity:
    facts = {
        "legal_name": f"{name} GmbH",
        "street": "Hafenstraße 1",
        "postal_code": "24103",
        "city": "Kiel",
        "country": "DE",
        "base_currency": "EUR",
        "time_zone": "Europe/Berlin",
        "language": "de",
    }
    return LegalEntity.objects.create(name=name, **{**facts, **more})


def charging_point(
    entity: LegalEntity, uid: str = "50914", evse_id: str = "DE*SWN*E50914", *, plugs: Any = ((150, "DC"),), **place: Any
) -> Evse:
    """``plugs``: (rated kW, AC or DC) each. The place is made once."""
    facts = {"name": "Am Kai", "address": "Kaistraße 33", "postal_code": "24103", "city": "Kiel", "country": "DE"}
    facts |= {"time_zone": "Europe/Berlin", **place}
    location, _ = Location.objects.get_or_create(entity=entity, code="kai", defaults=facts)
    evse = Evse.objects.create(entity=entity, location=location, uid=uid, evse_id=evse_id)
    for number, (rated_kw, kind) in enumerate(plugs, 1):
        standard = "IEC_62196_T2_COMBO" if kind == "DC" else "IEC_62196_T2"
        Connector.objects.create(
            evse=evse, number=str(number), standard=standard, power_type=kind, rated_kw=rated_kw and D(rated_kw)
        )
    return evse


def version(tariff: Tariff, elements: Any, **more: Any) -> TariffVersion:
    facts = {
        "number": tariff.versions.count() + 1,
        "state": TariffVersion.State.ACTIVE,
        "tax_included": "YES",
        "created_at": AT,
        "activated_at": AT,
    }
    return TariffVersion.objects.create(tariff=tariff, elements=elements, **{**facts, **more})


def tariff(entity: LegalEntity, elements: Any, *, name: str = "Night owl", where: Any = None, **more: Any) -> Tariff:
    """A tariff in force since ever, for everyone; ``where`` are the assignment's further columns."""
    made = Tariff.objects.create(entity=entity, name=name, currency=more.pop("currency", "EUR"))
    version(made, elements, **more)
    Assignment.objects.create(entity=entity, tariff=made, created_at=AT, **(where or {}))
    return made


def reprice(evse: Evse, elements: Any, **more: Any) -> Tariff:
    """Another tariff takes the place of all others of its company."""
    Assignment.objects.filter(entity=evse.entity).delete()
    return tariff(evse.entity, elements, name="Another", **more)


def tax(entity: LegalEntity, rate: str = "19", **more: Any) -> TaxRule:
    return TaxRule.objects.create(entity=entity, rate=D(rate), code=f"V{rate}", **more)


@pytest.fixture
def pole(db: None, monkeypatch: pytest.MonkeyPatch) -> Evse:
    """Am Kai in Kiel at 14:05: one plug, day and night prices including 19 % tax, an hour of grace, a cap."""
    monkeypatch.setattr("chargebill.portal.price_page.now", lambda: AT)
    entity = operator()
    tax(entity)
    tariff(entity, DAY_AND_NIGHT, grace_minutes=60, parking_cap=D(12), min_price=D("0.50"))
    return charging_point(entity)
