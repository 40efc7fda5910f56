"""A tariff's four prices in the units people use, read from what is stored and checked before it is."""

from dataclasses import dataclass
from decimal import Decimal

from billing.models import TariffVersion
from billing.pricing import Dimension
from billing.rates import core_tariff

PER_MINUTE = {Dimension.TIME, Dimension.PARKING_TIME}


@dataclass(frozen=True, slots=True)
class Prices:
    """Per session, per kWh, per minute of charging, per minute of idling; None is free."""

    start_fee: Decimal | None = None
    energy_per_kwh: Decimal | None = None
    charging_per_minute: Decimal | None = None
    idle_per_minute: Decimal | None = None

    @property
    def is_free(self) -> bool:
        return not any((self.start_fee, self.energy_per_kwh, self.charging_per_minute, self.idle_per_minute))


def prices_of(version: TariffVersion) -> Prices:
    """What a stored version charges; the first price of each dimension, which is the one that counts."""
    found: dict[Dimension, Decimal] = {}
    for element in core_tariff(version).elements:
        for component in element.components:
            price = component.price / 60 if component.dimension in PER_MINUTE else component.price
            found.setdefault(component.dimension, price)
    return Prices(
        start_fee=found.get(Dimension.FLAT),
        energy_per_kwh=found.get(Dimension.ENERGY),
        charging_per_minute=found.get(Dimension.TIME),
        idle_per_minute=found.get(Dimension.PARKING_TIME),
    )
