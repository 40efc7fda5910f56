"""What a session would cost: the same choice, taxes and price as a stored session gets, of one that nobody stored."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from billing import assignments, rates
from billing.chargeables import REASONS
from billing.decisions import anchor_of
from billing.models import Assignment, Tariff, TariffVersion
from billing.pricing import Anchor, Result, Spanning, Usage, price
from billing.pricing import Tariff as CoreTariff
from billing.usage import spanning_of
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, SpanningPolicy
from memberships.models import Customer, CustomerKind
from memberships.queries import NOBODY, Resolved, resolve
from stations.facts import SessionFacts
from stations.models import Connector, Mode


class NoPrice(UserError):
    """The session would get no price: no tariff, no version in force, no tax rule, or two tariffs of equal right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Totals of a session. Moments are aware, ``start`` before ``end``; ``charging_s`` None: all of it is charging.

    ``spanning`` None: as the company's policy for sessions of which only totals are known.
    """

    start: datetime
    end: datetime
    energy_kwh: Decimal
    charging_s: int | None = None
    token_uid: str = ""
    spanning: Spanning | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """The price and why. ``version`` is None for a document's own tariff, ``assignment`` where no rule was asked.

    ``time_zone`` is "" where none is known and none was needed; ``customer`` who the token belongs to.
    """

    result: Result
    time_zone: str
    kind: CustomerKind | None = None
    customer: Customer | None = None
    version: TariffVersion | None = None
    assignment: Assignment | None = None
    why: tuple[str, ...] = ()


def estimate(
    *, asked: Asked, entity: LegalEntity, connector: Connector | None = None, version: TariffVersion | None = None
) -> Estimate:
    """At a connector by the tariff that applies there, or by ``version`` whatever applies; then no connector is needed.

    Pass the connector with its EVSE and location. Without one, zone and country are the company's. Raises NoPrice.
    """
    if connector is None and version is None:
        raise ValueError("Give a connector, a tariff version or both.")
    known = rates.load(entity.pk)
    zone, country = _zone_and_country(entity, connector)
    fact = _facts(asked, entity, connector, zone or "UTC", country)
    who = resolve([(entity.pk, asked.token_uid, "")])[entity.pk, asked.token_uid, ""] if asked.token_uid else NOBODY
    assignment_id = None
    if version is None:
        chosen = known.choose(fact, who)
        if chosen.version is None:
            raise NoPrice(chosen.reason, REASONS[chosen.reason])
        version = TariffVersion.objects.select_related("tariff").get(pk=chosen.version.id)
        assignment_id = chosen.assignment_id
    tariff = rates.core_tariff(version)
    if tariff.needs_local_time and not zone:
        raise NoPrice(
            "time_zone_unknown",
            f"{version} depends on the time of day, and neither the place nor the company has a time zone. Set one there.",
        )
    taxes = known.taxes_of(fact, who, version.tax_category)
    if not tariff.priced <= taxes.keys():
        raise NoPrice("no_tax_rule", REASONS["no_tax_rule"])
    usage = _usage(asked, zone)
    result = price(
        usage,
        tariff,
        taxes=taxes,
        anchor=anchor_of(who.kind),
        spanning=asked.spanning or spanning_of(usage, entity.spanning_policy),
    )
    assignment = Assignment.objects.select_related(*assignments.RELATED).get(pk=assignment_id) if assignment_id else None
    customer = Customer.objects.get(pk=who.customer_id) if who.customer_id else None
    why = (_tariff_sentence(version, assignment, who), _who_sentence(asked, customer, who), _tax_sentence(result, fact))
    return Estimate(result, zone, who.kind, customer, version, assignment, why)


def estimate_by_document(*, asked: Asked, tariff: CoreTariff, time_zone: str) -> Estimate:
    """By a tariff somebody wrote down, with the taxes it states itself. Raises CdrError where it needs a zone."""
    usage = _usage(asked, time_zone)
    spanning = asked.spanning or spanning_of(usage, SpanningPolicy.START)
    return Estimate(price(usage, tariff, anchor=Anchor.OCPI, spanning=spanning), time_zone)


def version_of(tariff: Tariff, *, number: int | None, at: datetime) -> TariffVersion:
    """A tariff's version by number, drafts too; without one the one in force at a moment. Raises UserError."""
    versions = tariff.versions.select_related("tariff")
    if number is not None:
        if found := versions.filter(number=number).first():
            return found
        raise UserError("version_unknown", f"{tariff} has no version {number}.", "version")
    if found := rates.stored_version_at(tariff.pk, at):
        return found
    raise NoPrice("no_version", REASONS["no_version"], "start")


def _usage(asked: Asked, zone: str) -> Usage:
    return Usage.from_totals(
        start=asked.start, end=asked.end, energy_kwh=asked.energy_kwh, charging_s=asked.charging_s, time_zone=zone
    )


def _zone_and_country(entity: LegalEntity, connector: Connector | None) -> tuple[str, str]:
    if connector is None:
        return entity.time_zone, entity.country
    location = connector.evse.location
    return location.time_zone or entity.time_zone, location.country or entity.country


def _facts(asked: Asked, entity: LegalEntity, connector: Connector | None, zone: str, country: str) -> SessionFacts:
    """As if it had been imported. Keys are 0 where there is no place: nothing is assigned to those."""
    local_start, local_end = asked.start.astimezone(ZoneInfo(zone)), asked.end.astimezone(ZoneInfo(zone))
    return SessionFacts(
        id=0,
        entity_id=entity.pk,
        location_id=connector.evse.location_id if connector else 0,
        connector_id=connector.pk if connector else 0,
        mode=Mode.BILL,
        started_at=asked.start,
        ended_at=asked.end,
        local_end_date=local_end.date(),
        local_start_minute=(local_start.weekday() * 24 + local_start.hour) * 60 + local_start.minute,
        duration_s=int((asked.end - asked.start).total_seconds()),
        charging_s=asked.charging_s,
        energy_kwh=asked.energy_kwh,
        token_uid=asked.token_uid,
        token_type="",
        token_issuer="",
        payment_method="",
        reported_amount=None,
        reported_currency="",
        announced_tariff="",
        source_id=0,
        revision=1,
        external_id="",
        meter_start_kwh=None,
        meter_stop_kwh=None,
        payment_reference="",
        stop_reason="",
        evse_id=connector.evse_id if connector else 0,
        rated_kw=connector.rated_kw if connector else None,
        time_zone=zone,
        country=country,
        has_periods=False,
    )


def _tariff_sentence(version: TariffVersion, assignment: Assignment | None, who: Resolved) -> str:
    if assignment is None:
        return f"“{version.tariff.name}” v{version.number}, as asked for."
    return f"{assignments.explain(assignment, kind=who.kind, version=version.number)}."


def _who_sentence(asked: Asked, customer: Customer | None, who: Resolved) -> str:
    kind = who.kind.label.lower()
    if not asked.token_uid:
        return f"No token is given, so {kind}."
    return f"Token {asked.token_uid}: {customer} ({kind})." if customer else f"Nobody is known by this token, so {kind}."


def _tax_sentence(result: Result, fact: SessionFacts) -> str:
    found = sorted({(line.tax_code, line.tax_rate) for line in result.lines if line.tax_rate is not None})
    taxes = ", ".join(f"{code} {rate.normalize():f} %" for code, rate in found) or "no tax"
    return f"Tax: {taxes}, the company's tax rules on {fact.local_end_date:%-d %b %Y}, the day it ends."
