"""Nothing wrong gets billed: looks at sessions that would be ready, and says which checks fail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing.beside import Beside
from billing.checks import Finding, Part, Snapshot, Thresholds, failures, suspicious
from billing.checks import Reading as MeterReading
from billing.decisions import CdrValues
from billing.usage import Reading
from stations.facts import SessionFacts
from stations.ingest.profiles import PROFILES
from stations.models import Mode, Source

PARTS = {
    Part.FLAT: "fixed_amount",
    Part.ENERGY: "energy_amount",
    Part.TIME: "time_amount",
    Part.PARKING_TIME: "parking_amount",
    Part.RESERVATION: "reservation_amount",
}
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A session that would be ready: as it is priced, its price, and the readings there are."""

    fact: SessionFacts
    values: CdrValues
    readings: Sequence[Reading] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """What the files of a source say: the zone of their times (None: not known), and which connector it was."""

    zone: bool | None = None
    connector: bool = True


def said_by_sources(entity_id: int) -> dict[int, Said]:
    """By source. Of a profile that is not built in nothing is known. One query."""
    rows = Source.objects.filter(entity_id=entity_id).values_list("pk", "profile")
    return {pk: _said(profile) for pk, profile in rows}


def _said(profile: str) -> Said:
    known = PROFILES.get(profile)
    if known is None:
        return Said()
    if known.format == "json":
        return Said(zone=True)
    # In a column of its own, or once for the whole file ("Gestartet (UTC)").
    zone = any("zone" in name for name in (*known.columns, *known.constants))
    return Said(zone=zone, connector="connector" in known.columns)


NOTHING_SAID = Said()


def failing(
    candidates: Sequence[Candidate], found: Beside, thresholds: Thresholds, said: Mapping[int, Said]
) -> dict[int, tuple[Finding, ...]]:
    """The checks that fail, by session; sessions without a doubt are left out. No query."""
    failed = {}
    for candidate in candidates:
        fact, values = candidate.fact, candidate.values
        parts_known = fact.mode != Mode.COLLECTED
        if candidate.readings or found.of(fact.id) or suspicious(
            start=fact.started_at,
            end=fact.ended_at,
            duration_s=fact.duration_s,
            energy_kwh=fact.energy_kwh,
            time_zone=fact.time_zone,
            rated_kw=fact.rated_kw,
            meter_start_kwh=fact.meter_start_kwh,
            meter_stop_kwh=fact.meter_stop_kwh,
            total=values.gross_amount,
            start_fee=values.fixed_amount,
            stop_reason=fact.stop_reason,
            zone_stated=said.get(fact.source_id, NOTHING_SAID).zone,
            thresholds=thresholds,
        ):  # fmt: skip
            snapshot = snapshot_of(candidate, found, said, parts_known=parts_known)
            if findings := failures(snapshot, thresholds):
                failed[fact.id] = findings
    return failed


def snapshot_of(candidate: Candidate, found: Beside, said: Mapping[int, Said], *, parts_known: bool) -> Snapshot:
    """A session as the checks take it. What was billed by another system has a total and no parts."""
    fact, values = candidate.fact, candidate.values
    parts = {part: getattr(values, column) for part, column in PARTS.items()} if parts_known else None
    total = values.net_amount if values.anchor == "NET" else values.gross_amount
    return Snapshot(
        start=fact.started_at,
        end=fact.ended_at,
        energy_kwh=fact.energy_kwh,
        time_zone=fact.time_zone,
        charging_s=fact.charging_s,
        meter_start_kwh=fact.meter_start_kwh,
        meter_stop_kwh=fact.meter_stop_kwh,
        token=fact.token_uid,
        stop_reason=fact.stop_reason,
        rated_kw=fact.rated_kw,
        readings=tuple(MeterReading(at, kwh) for at, kwh in candidate.readings),
        neighbours=tuple(found.neighbours.get(fact.id, ())),
        elsewhere=tuple(found.elsewhere.get(fact.id, ())),
        same_reference=tuple(found.same_reference.get(fact.id, ())),
        zone_stated=said.get(fact.source_id, NOTHING_SAID).zone,
        connector_named=said.get(fact.source_id, NOTHING_SAID).connector,
        currency=values.currency,
        total=total,
        prices=parts,
        announced_fee=values.fixed_amount if parts_known else ZERO,
    )
