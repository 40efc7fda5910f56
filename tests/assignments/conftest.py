"""A company with a place, two connectors, a member in a group and two tariffs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from billing.models import Tariff, TariffVersion
from chargebill.core.models import LegalEntity
from memberships.models import Customer, CustomerGroup, Token
from stations.models import Connector, Evse, Location

AT = datetime(2026, 7, 15, 12, tzinfo=UTC)


@dataclass(frozen=True)
class World:
    """``slow`` is a 22 kW connector at ``hub``, ``fast`` one of 150 kW of the same EVSE; Anna is a resident."""

    entity: LegalEntity
    hub: Location
    evse: Evse
    slow: Connector
    fast: Connector
    anna: Customer
    residents: CustomerGroup
    card: Token
    day: Tariff
    night: Tariff


def make_tariff(entity: LegalEntity, name: str, price: str, *, active: bool = True, **version: Any) -> Tariff:
    tariff = Tariff.objects.create(entity=entity, name=name, currency="EUR")
    TariffVersion.objects.create(
        tariff=tariff,
        number=1,
        state="ACTIVE" if active else "DRAFT",
        activated_at=AT if active else None,
        tax_included="YES",
        elements=[{"price_components": [{"type": "ENERGY", "price": price, "step_size": 0}]}],
        created_at=AT,
        **version,
    )
    return tariff


def make_world(name: str = "Stadtwerke Nord") -> World:
    entity = LegalEntity.objects.create(name=name, country="DE", base_currency="EUR", time_zone="Europe/Berlin")
    hub = Location.objects.create(entity=entity, code="HUB", name="Lochee Hub", time_zone="Europe/Berlin")
    evse = Evse.objects.create(entity=entity, location=hub, uid="50914")
    residents = CustomerGroup.objects.create(entity=entity, name="Residents")
    anna = Customer.objects.create(entity=entity, name="Anna", number="K1", kind="MEMBER")
    anna.groups.add(residents)
    return World(
        entity=entity,
        hub=hub,
        evse=evse,
        slow=Connector.objects.create(evse=evse, number="1", rated_kw=Decimal(22)),
        fast=Connector.objects.create(evse=evse, number="2", rated_kw=Decimal(150)),
        anna=anna,
        residents=residents,
        card=Token.objects.create(entity=entity, uid="04A1", customer=anna),
        day=make_tariff(entity, "Day", "0.59"),
        night=make_tariff(entity, "Night owl", "0.39"),
    )


@pytest.fixture
def world(db: Any) -> World:
    return make_world()


@pytest.fixture
def manager(client_of: Callable[[str], Client]) -> Client:
    return client_of("Pricing manager")
