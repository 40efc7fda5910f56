"""What somebody nobody knows pays at a connector, at any moment of a span: read once, then asked without queries."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from django.db.models import Q

from billing import assignments, taxes
from billing.assignments import Assignments, Where, Who
from billing.models import TariffVersion
from billing.pricing import Tariff, Taxes
from billing.pricing.text.moments import including_tax
from billing.rates import core_tariff
from billing.taxes import TaxTable
from memberships.models import CustomerKind

ANYBODY = Who(None, None, frozenset(), CustomerKind.AD_HOC)


class Missing(StrEnum):
    """Why no price can be shown: none is assigned or in force, several contradict each other, or its tax is not known."""

    NO_TARIFF = "NO_TARIFF"
    CONFLICT = "CONFLICT"
    NO_TAX = "NO_TAX"


@dataclass(frozen=True, slots=True)
class Offer:
    """What a session started then would cost. ``shown`` is the tariff with tax in its prices, as it may be displayed;
    ``tariff`` and ``taxes`` are what it is priced with."""

    version_id: int
    tariff: Tariff
    taxes: Taxes
    shown: Tariff


@dataclass(slots=True)
class AdHocPrices:
    """An entity's ad hoc prices from a moment until another."""

    assignments: Assignments
    tax_table: TaxTable
    versions: dict[int, list[TariffVersion]]

    def at(self, where: Where, moment: datetime, *, zone: ZoneInfo, country: str) -> Offer | Missing:
        """The price of a session that starts at ``moment``; ``zone`` and ``country`` are the place's. No query."""
        day = moment.astimezone(zone).date()
        choice = self.assignments.choose(who=ANYBODY, where=where, day=day)
        if choice.conflict:
            return Missing.CONFLICT
        version = next((found for found in self.versions.get(choice.tariff_id or 0, ()) if moment in found.in_force), None)
        if version is None:
            return Missing.NO_TARIFF
        tariff = core_tariff(version)
        found = self.tax_table.find(country=country, category=version.tax_category, kind=CustomerKind.AD_HOC, day=day)
        shown = including_tax(tariff, found)
        return Missing.NO_TAX if shown is None else Offer(version.pk, tariff, found, shown)


def load(entity_id: int, *, start: datetime, end: datetime) -> AdHocPrices:
    """Three queries, however much there is. Good for moments in [start, end)."""
    versions: dict[int, list[TariffVersion]] = defaultdict(list)
    overlapping = (
        TariffVersion.objects.exclude(state=TariffVersion.State.DRAFT)
        .filter(Q(valid_from__isnull=True) | Q(valid_from__lt=end), tariff__entity_id=entity_id)
        .exclude(valid_until__lte=start)
    )
    # Where two versions should both be in force, the later one counts.
    for version in overlapping.select_related("tariff").order_by("-number"):
        versions[version.tariff_id].append(version)
    return AdHocPrices(assignments.load(entity_id), taxes.load(entity_id), versions)
