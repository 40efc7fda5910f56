"""What the editor shows beside the form: the tariff in words, typical sessions, the week, and what lint finds.

All of it is made by the real pricing call, of prices that may not be saved.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from billing import taxes
from billing.models import Tariff as StoredTariff
from billing.pricing import Anchor, ChargingPeriod, Dimension, PricingError, Tariff, Tax, Usage, price
from billing.pricing.engine import Spanning
from billing.pricing.lint import Finding
from billing.pricing.text import Sentence, dimension_label, tariff_sentences
from billing.tariff_content import Content, core_of
from billing.tariff_findings import findings, settings_of
from billing.tariff_week import CLOCK, Week, week_of
from chargebill.core.models import LegalEntity
from memberships.models import CustomerKind

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Typical:
    """A made-up session: begins ``at`` (hours after Monday, local), charges at one power, then stands idle."""

    what: str
    at: int
    energy_kwh: Decimal
    charging_min: int
    idle_min: int

    def usage(self, monday: date) -> Usage:
        start = datetime(monday.year, monday.month, monday.day, tzinfo=UTC) + timedelta(hours=self.at)
        full, end = start + timedelta(minutes=self.charging_min), start + timedelta(minutes=self.charging_min + self.idle_min)
        power = self.energy_kwh * 60 / self.charging_min
        periods = [
            ChargingPeriod(
                start, full, self.energy_kwh, charging_s=self.charging_min * 60, min_power_kw=power, max_power_kw=power
            )
        ]
        if self.idle_min:
            periods.append(ChargingPeriod(full, end, parking_s=self.idle_min * 60, min_power_kw=ZERO, max_power_kw=ZERO))
        # The clock stands for the place's own: a week without a change of summer time.
        return Usage(tuple(periods), CLOCK)


TYPICAL = (
    Typical("Fast charger, Mon 10:00: 25 kWh in 30 min", 10, Decimal(25), 30, 0),
    Typical("Shopping, Sat 11:00: 11 kWh in 1 h, then 30 min idle", 5 * 24 + 11, Decimal(11), 60, 30),
    Typical("Overnight, Wed 20:00: 40 kWh in 4 h, then 8 h idle", 2 * 24 + 20, Decimal(40), 240, 480),
    Typical("A short stop, Fri 17:00: 2 kWh in 12 min", 4 * 24 + 17, Decimal(2), 12, 0),
)


@dataclass(frozen=True, slots=True)
class Example:
    """A typical session and its price including tax; ``parts`` are (label, amount including tax)."""

    what: str
    total: Decimal
    net: Decimal
    parts: list[tuple[str, Decimal]]


@dataclass(frozen=True, slots=True)
class Preview:
    """``rates``: the taxes in the examples; ``untaxed``: some have no rule, so they are without."""

    currency: str
    sentences: tuple[Sentence, ...]
    examples: list[Example]
    rates: list[Tax]
    untaxed: bool
    week: Week
    found: tuple[Finding, ...]


def preview_of(*, entity: LegalEntity, tariff: StoredTariff | None, content: Content, currency: str, at: datetime) -> Preview:
    """For somebody who pays on the spot, with the tax in force today. Three queries at most. Raises PricingError."""
    today = entity.day_of(at)
    core = core_of(content, name="Preview", version=0, currency=currency or "XXX")
    table = taxes.load(entity.pk)
    known = table.find(country=entity.country, category=content.tax_category, kind=CustomerKind.AD_HOC, day=today)
    priced = core.priced
    week = week_of(core, day=today)
    return Preview(
        currency=currency,
        sentences=tariff_sentences(core),
        examples=[_example(typical, core, week.monday, known) for typical in TYPICAL],
        rates=sorted({known[d] for d in priced if d in known}, key=lambda tax: (tax.rate, tax.code)),
        untaxed=any(d not in known for d in priced),
        week=week,
        found=tuple(
            replace(one, message=in_rules(one.message), advice=in_rules(one.advice))
            for one in findings(core, settings_of(entity, tariff, day=today))
        ),
    )


def of_what_is_typed(
    *, entity: LegalEntity, tariff: StoredTariff | None, content: Content, currency: str, at: datetime
) -> Preview | None:
    """The same of a form that may be half-filled; None where no price can be made of it."""
    if not content.elements:
        return None
    try:
        return preview_of(entity=entity, tariff=tariff, content=content, currency=currency, at=at)
    except PricingError:
        return None


def _example(typical: Typical, tariff: Tariff, monday: date, known: Mapping[Dimension, Tax]) -> Example:
    result = price(
        typical.usage(monday),
        tariff,
        taxes={dimension: known.get(dimension, Tax(ZERO, "")) for dimension in Dimension},
        anchor=Anchor.GROSS,
        spanning=Spanning.SPLIT,
    )
    sums: dict[Dimension, Decimal] = {}
    for line in result.lines:
        sums[line.dimension] = sums.get(line.dimension, ZERO) + (line.gross or ZERO)
    return Example(typical.what, result.gross or ZERO, result.net or ZERO, list(_named(sums.items())))


_ELEMENT = re.compile(r"\b([Ee])lement(s?)\b")


def in_rules(text: str) -> str:
    """A sentence about OCPI's elements, said of the form's rules."""
    return _ELEMENT.sub(lambda found: f"{'R' if found[1] == 'E' else 'r'}ule{found[2]}", text)


def _named(sums: Iterable[tuple[Dimension, Decimal]]) -> Iterable[tuple[str, Decimal]]:
    return ((dimension_label(dimension), amount) for dimension, amount in sums if amount)
