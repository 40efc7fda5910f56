"""A company, somebody who writes its tariffs, and what a tariff may say."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing.models import Cdr, Chargeable, Tariff, TariffVersion
from billing.operations import activate, create_tariff, save_draft
from billing.tariff_content import Content
from billing.tariff_elements import one_price
from chargebill.core.models import LegalEntity, User
from tests.rows import company, documents, sessions

AT = datetime(2026, 11, 26, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def energy(price: str, **other: Any) -> Content:
    """So much per kWh, tax included."""
    return Content(tax_included=True, elements=one_price(energy_per_kwh=Decimal(price)), **other)


def spans(tariff: Tariff) -> list[tuple[int, str, datetime | None, datetime | None]]:
    rows = TariffVersion.objects.filter(tariff=tariff).order_by("number")
    return [(v.number, v.state, v.valid_from, v.valid_until) for v in rows]


@pytest.fixture
def nord(db: None) -> LegalEntity:
    return company()


@pytest.fixture
def manager(staff: Callable[[str], User]) -> User:
    return staff("Pricing manager")


@pytest.fixture
def night(nord: LegalEntity, manager: User) -> Tariff:
    """A tariff with a draft."""
    return create_tariff(entity=nord, name="Night owl", currency="EUR", content=energy("0.49"), actor=manager, at=AT).tariff


@pytest.fixture
def in_force(night: Tariff, manager: User) -> Callable[..., TariffVersion]:
    """Activates a version with a price: ``in_force("0.55", AT + DAY)``."""

    def put(price: str, valid_from: datetime | None, at: datetime = AT) -> TariffVersion:
        save_draft(tariff=night, content=energy(price), actor=manager, at=at)
        return activate(tariff=night, valid_from=valid_from, actor=manager, at=at)

    return put


def documented(entity: LegalEntity, state: str = Chargeable.State.DOCUMENTED) -> Cdr:
    """A session of the entity that is on a document."""
    session = sessions(1)[0]
    assert session.entity == entity
    cdr = Cdr.objects.create(
        session=session,
        version=1,
        session_revision=1,
        entity=entity,
        customer_kind="AD_HOC",
        currency="EUR",
        anchor="GROSS",
        net_amount=1,
        tax_amount=0,
        gross_amount=1,
        tax_code="X",
        fixed_amount=0,
        energy_amount=1,
        time_amount=0,
        parking_amount=0,
        exact_net=1,
        exact_gross=1,
        engine="test",
        created_at=AT,
    )
    Chargeable.objects.create(session=session, cdr=cdr, state=state, changed_at=AT)
    documents(1)
    return cdr


__all__ = ["AT", "DAY", "documented", "energy", "replace", "spans"]
