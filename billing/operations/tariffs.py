"""Sets what an entity charges. Versions are added, never changed."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max

from billing.models import Assignment, Tariff, TariffVersion
from billing.pricing import Dimension
from chargebill.core import events
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User


def elements_of(
    *,
    start_fee: Decimal | None,
    energy_per_kwh: Decimal | None,
    charging_per_minute: Decimal | None,
    idle_per_minute: Decimal | None,
) -> list[dict[str, Any]]:
    """The four prices as one OCPI TariffElement; minute prices are stored per hour, exactly. None = free."""
    hourly = Decimal(60)
    prices = {
        Dimension.FLAT: start_fee,
        Dimension.ENERGY: energy_per_kwh,
        Dimension.TIME: None if charging_per_minute is None else charging_per_minute * hourly,
        Dimension.PARKING_TIME: None if idle_per_minute is None else idle_per_minute * hourly,
    }
    components = [
        {"type": str(dimension), "price": f"{price.normalize():f}", "step_size": 0}
        for dimension, price in prices.items()
        if price
    ]
    return [{"price_components": components}] if components else []


def set_tariff(
    *,
    entity: LegalEntity,
    name: str,
    currency: str,
    tax_included: bool,
    start_fee: Decimal | None,
    energy_per_kwh: Decimal | None,
    charging_per_minute: Decimal | None,
    idle_per_minute: Decimal | None,
    valid_from: datetime | None,
    actor: User | None,
    at: datetime,
) -> TariffVersion:
    """Adds a version to the entity's one tariff, made if missing. Prices in ``currency``, None = free.

    ``valid_from`` None: since ever. Raises UserError for a negative price or a change of currency. The caller starts
    the pricing of the sessions it concerns.
    """
    for label, price in {
        "start fee": start_fee,
        "energy price": energy_per_kwh,
        "price per charging minute": charging_per_minute,
        "price per idle minute": idle_per_minute,
    }.items():
        if price is not None and price < 0:
            raise UserError("negative_price", f"The {label} is negative ({price}). Enter 0 or more; nothing was saved.", label)
    with transaction.atomic():
        # Chunks being priced hold this row shared: they end first, the ones after see the new version.
        LegalEntity.objects.select_for_update().get(pk=entity.pk)
        tariff = Tariff.objects.filter(entity=entity).order_by("pk").first()
        if tariff is None:
            tariff = Tariff.objects.create(entity=entity, name=name, currency=currency)
        elif tariff.currency != currency:
            raise UserError(
                "currency_change",
                f"{tariff.name} is in {tariff.currency}; a tariff keeps its currency. Nothing was saved.",
                "currency",
            )
        elif tariff.name != name:
            tariff.name = name
            tariff.save(update_fields=["name"])
        number = (tariff.versions.aggregate(last=Max("number"))["last"] or 0) + 1
        version = TariffVersion.objects.create(
            tariff=tariff,
            number=number,
            state=TariffVersion.State.ACTIVE,
            activated_by=actor,
            activated_at=at,
            valid_from=valid_from,
            tax_included=TariffVersion.TaxIncluded.YES if tax_included else TariffVersion.TaxIncluded.NO,
            elements=elements_of(
                start_fee=start_fee,
                energy_per_kwh=energy_per_kwh,
                charging_per_minute=charging_per_minute,
                idle_per_minute=idle_per_minute,
            ),
            created_by=actor,
            created_at=at,
        )
        if not Assignment.objects.filter(entity=entity).exists():
            Assignment.objects.create(entity=entity, tariff=tariff, created_by=actor, created_at=at)
        events.record(
            action="tariff.version",
            subject=version,
            summary=f"{version} set, valid from {valid_from.isoformat() if valid_from else 'the beginning'}",
            actor=actor,
            at=at,
            entity=entity,
            changes={"elements": version.elements, "tax_included": version.tax_included},
        )
    return version
