"""What typical sessions would cost: the real pricing call, on made-up sessions, under prices that are not saved."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from billing import rates, taxes
from billing.models import TaxCategory
from billing.pricing import Anchor, Dimension, Result, Tax, Usage, price, tariff_from_elements
from billing.queries import LABELS
from billing.tariff_elements import one_price
from billing.tariff_prices import Prices
from chargebill.core.models import LegalEntity
from memberships.models import CustomerKind

MORNING = datetime(2026, 3, 2, 8, tzinfo=UTC)
# (what it is, energy in kWh, charging in minutes, connected in minutes)
TYPICAL = (
    ("Fast charger: 25 kWh in 30 min", Decimal(25), 30, 30),
    ("Shopping: 11 kWh in 1 h, then 30 min idle", Decimal(11), 60, 90),
    ("Overnight: 40 kWh in 4 h, then 8 h idle", Decimal(40), 240, 720),
)


@dataclass(frozen=True, slots=True)
class Example:
    """A typical session and its price; ``parts`` are (label, amount including tax)."""

    what: str
    total: Decimal
    net: Decimal
    parts: list[tuple[str, Decimal]]


@dataclass(frozen=True, slots=True)
class Preview:
    """``tax`` None: the company has no rate in force today, so the examples are without tax."""

    currency: str
    tax: Tax | None
    examples: list[Example]


def preview_of(*, entity: LegalEntity, at: datetime, prices: Prices, currency: str, tax_included: bool) -> Preview:
    """Prices the typical sessions for somebody who pays on the spot, with the tax in force today."""
    today = at.astimezone(ZoneInfo(entity.time_zone or "UTC")).date()
    table = taxes.load(entity.pk)
    tax = table.find(country=entity.country, category=TaxCategory.STANDARD, kind=CustomerKind.AD_HOC, day=today).get(
        Dimension.ENERGY
    )
    tariff = tariff_from_elements(
        name="Preview",
        version=0,
        currency=currency,
        tax_included=tax_included,
        elements=one_price(
            start_fee=prices.start_fee,
            energy_per_kwh=prices.energy_per_kwh,
            charging_per_minute=prices.charging_per_minute,
            idle_per_minute=prices.idle_per_minute,
        ),
    )

    def result(energy_kwh: Decimal, charging_min: int, connected_min: int) -> Result:
        usage = Usage.from_totals(
            start=MORNING,
            end=MORNING + timedelta(minutes=connected_min),
            energy_kwh=energy_kwh,
            charging_s=charging_min * 60,
        )
        return price(usage, tariff, taxes=rates.one_tax(tax or Tax(Decimal(0), "")), anchor=Anchor.GROSS)

    examples = []
    for what, *usage in TYPICAL:
        found = result(*usage)
        parts = [(LABELS[line.dimension], line.gross) for line in found.lines]
        examples.append(Example(what, found.gross, found.net, parts))
    return Preview(currency, tax, examples)
