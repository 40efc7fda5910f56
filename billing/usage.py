"""Turns stored session facts into what the pricing core takes."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from billing.pricing import ChargingPeriod as CorePeriod
from billing.pricing import Usage
from stations.facts import SessionFacts
from stations.models import ChargingPeriod

ZERO = Decimal(0)


def usages(facts: Iterable[SessionFacts]) -> dict[int, Usage]:
    """Usage by session id: from charging periods where the source gave them, else from totals. One query at most."""
    facts = list(facts)
    stored = defaultdict(list)
    with_periods = [f.id for f in facts if f.has_periods]
    if with_periods:
        rows = ChargingPeriod.objects.filter(session_id__in=with_periods).order_by("session_id", "started_at", "id")
        for row in rows:
            stored[row.session_id].append(row)
    return {fact.id: _from_periods(fact, stored[fact.id]) if stored[fact.id] else _from_totals(fact) for fact in facts}


def _from_totals(fact: SessionFacts) -> Usage:
    return Usage.from_totals(
        start=fact.started_at,
        end=fact.ended_at,
        energy_kwh=fact.energy_kwh,
        charging_s=fact.charging_s,
        time_zone=fact.time_zone,
    )


def _from_periods(fact: SessionFacts, rows: list[ChargingPeriod]) -> Usage:
    """A period ends where the next starts, the last with the session. A volume the partner left out is none."""
    ends = [row.started_at for row in rows[1:]] + [max(fact.ended_at, rows[-1].started_at)]
    return Usage(
        tuple(
            CorePeriod(
                start=row.started_at,
                end=end,
                energy_kwh=row.energy_kwh or ZERO,
                charging_s=row.charging_s or ZERO,
                parking_s=row.parking_s or ZERO,
            )
            for row, end in zip(rows, ends, strict=True)
        ),
        fact.time_zone,
    )
