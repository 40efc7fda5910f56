"""What applies to a session: the tariff by its assignment, the version in force, the tax. Read once per chunk."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billing import assignments, taxes
from billing.assignments import Assignments, Where, Who
from billing.models import AppliedTaxes, TariffVersion
from billing.pricing import Dimension, Tariff, Tax, Taxes, tariff_from_elements
from billing.taxes import TaxTable
from chargebill.core.periods import Period
from memberships.queries import Resolved
from stations.facts import SessionFacts
from stations.models import Source


def core_tariff(version: TariffVersion) -> Tariff:
    """A stored version as the pricing core takes it."""
    return tariff_from_elements(
        name=version.tariff.name,
        version=version.number,
        currency=version.tariff.currency,
        tax_included=version.tax_included == TariffVersion.TaxIncluded.YES,
        elements=version.elements,
        min_price=version.min_price,
        max_price=version.max_price,
        grace_s=version.grace_minutes * 60,
        parking_cap=version.parking_cap,
    )


def stored_version_at(tariff_id: int, moment: datetime) -> TariffVersion | None:
    """The stored version of one tariff in force at a moment, with its tariff; None when there is none. One query."""
    versions = TariffVersion.objects.filter(tariff=tariff_id).exclude(state=TariffVersion.State.DRAFT).select_related("tariff")
    return next((version for version in versions.order_by("-number") if moment in version.in_force), None)


@dataclass(frozen=True, slots=True)
class Version:
    """A tariff version ready to price with."""

    id: int
    in_force: Period[datetime]
    category: str
    tariff: Tariff
    dimensions: frozenset[Dimension]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a session is priced with and why; ``reason`` says why there is nothing.

    ``assignment_id`` None: the file named the tariff and its source is trusted.
    """

    version: Version | None
    assignment_id: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Rates:
    """An entity's versions, assignments and taxes, ready for look-ups without queries."""

    versions: Mapping[int, list[Version]]
    by_code: Mapping[str, int]
    trusted: frozenset[int]
    assignments: Assignments
    taxes: TaxTable

    def version_at(self, tariff_id: int, moment: datetime) -> Version | None:
        """The version in force at a moment; None when there is none."""
        for version in self.versions.get(tariff_id, ()):
            if moment in version.in_force:
                return version
        return None

    def choose(self, fact: SessionFacts, who: Resolved) -> Chosen:
        """The version a session is priced with: its trusted file's, else the closest assignment's, as at its start."""
        if fact.announced_tariff and fact.source_id in self.trusted:
            tariff_id, assignment_id = self.by_code.get(fact.announced_tariff), None
            if tariff_id is None:
                return Chosen(None, reason="tariff_unknown")
        else:
            choice = self.assignments.choose(
                who=Who(who.token_id, who.customer_id, who.group_ids, who.kind),
                where=Where(fact.connector_id, fact.evse_id, fact.location_id, fact.rated_kw),
                day=fact.local_start_date,
            )
            if choice.conflict:
                return Chosen(None, reason="tariff_conflict")
            tariff_id, assignment_id = choice.tariff_id, choice.assignment_id
            if tariff_id is None:
                return Chosen(None, reason="no_tariff")
        version = self.version_at(tariff_id, fact.started_at)
        return Chosen(version, assignment_id, "" if version else "no_version")

    def taxes_of(self, fact: SessionFacts, who: Resolved, category: str) -> Mapping[Dimension, Tax]:
        """Where it was supplied, on the day the supply was complete."""
        return self.taxes.find(country=fact.country, category=category, kind=who.kind, day=fact.local_end_date)


def load(entity_id: int) -> Rates:
    """Four queries. Of two versions of a tariff that begin at the same moment the later one counts."""
    versions: dict[int, list[Version]] = {}
    by_code: dict[str, int] = {}
    stored = TariffVersion.objects.filter(tariff__entity_id=entity_id).exclude(state=TariffVersion.State.DRAFT)
    for row in sorted(stored.select_related("tariff"), key=lambda v: (v.in_force.start, v.number), reverse=True):
        tariff = core_tariff(row)
        versions.setdefault(row.tariff_id, []).append(
            Version(
                row.pk,
                row.in_force,
                row.tax_category,
                tariff,
                tariff.priced,
            )
        )
        if row.tariff.code:
            by_code[row.tariff.code] = row.tariff_id
    return Rates(
        versions=versions,
        by_code=by_code,
        trusted=frozenset(Source.objects.filter(entity_id=entity_id, trusted_tariffs=True).values_list("pk", flat=True)),
        assignments=assignments.load(entity_id),
        taxes=taxes.load(entity_id),
    )


# The taxes a price was computed with, kept with it

TaxKey = str


def tax_key(applied: Mapping[Dimension, Tax], dimensions: Iterable[Dimension]) -> TaxKey:
    """One canonical line of the taxes of these dimensions."""
    return " ".join(f"{d}={applied[d].rate.normalize():f}:{applied[d].code}" for d in sorted(dimensions))


def keep_taxes(wanted: Mapping[TaxKey, Mapping[Dimension, Tax]]) -> dict[TaxKey, int]:
    """The row of each set of taxes by its key, made where it is missing. Two queries at most."""
    known = dict(AppliedTaxes.objects.filter(key__in=list(wanted)).values_list("key", "pk"))
    if missing := sorted(set(wanted) - set(known)):
        for key in missing:
            rows = {dimension: [f"{tax.rate.normalize():f}", tax.code] for dimension, tax in wanted[key].items()}
            AppliedTaxes.objects.get_or_create(key=key, defaults={"taxes": rows})
        known |= dict(AppliedTaxes.objects.filter(key__in=missing).values_list("key", "pk"))
    return known


def applied(row: AppliedTaxes) -> Taxes:
    """Kept taxes as the pricing core takes them."""
    return {Dimension(dimension): Tax(Decimal(rate), code) for dimension, (rate, code) in row.taxes.items()}
