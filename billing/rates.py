"""What applies to a session: the tariff version in force, the tax, the customer. Read once per chunk."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime

from billing.models import TariffVersion, TaxRule
from billing.pricing import Dimension, Tariff, Tax, tariff_from_elements
from billing.pricing.model import Taxes

SINCE_EVER = datetime.min.replace(tzinfo=UTC)


def core_tariff(version: TariffVersion) -> Tariff:
    """A stored version as the pricing core takes it."""
    return tariff_from_elements(
        name=version.tariff.name,
        version=version.number,
        currency=version.tariff.currency,
        tax_included=version.tax_included == TariffVersion.TaxIncluded.YES,
        elements=version.elements,
    )


def one_tax(rate: Tax) -> Taxes:
    """The same tax on everything."""
    return dict.fromkeys(Dimension, rate)


@dataclass(frozen=True, slots=True)
class Rates:
    """An entity's tariff versions and tax rules, ready for look-ups without queries."""

    starts: list[datetime]
    versions: list[tuple[int, Tariff]]
    tax_starts: list[date]
    taxes: list[Tax]

    def tariff_at(self, moment: datetime) -> tuple[int, Tariff] | None:
        """(version id, tariff) in force at ``moment``; None when there is none yet."""
        index = bisect_right(self.starts, moment) - 1
        return self.versions[index] if index >= 0 else None

    def tax_on(self, day: date) -> Tax | None:
        """The tax on a local day; None when no rule covers it."""
        index = bisect_right(self.tax_starts, day) - 1
        return self.taxes[index] if index >= 0 else None


def load(entity_id: int) -> Rates:
    """Two queries. Of two versions from the same moment the later one counts."""
    versions = sorted(
        TariffVersion.objects.filter(tariff__entity_id=entity_id).select_related("tariff"),
        key=lambda v: (v.valid_from or SINCE_EVER, v.pk),
    )
    rules = sorted(TaxRule.objects.filter(entity_id=entity_id), key=lambda r: r.valid_from or date.min)
    return Rates(
        starts=[v.valid_from or SINCE_EVER for v in versions],
        versions=[(v.pk, core_tariff(v)) for v in versions],
        tax_starts=[r.valid_from or date.min for r in rules],
        taxes=[Tax(r.rate, r.code) for r in rules],
    )
