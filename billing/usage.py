"""Turns stored session facts into what the pricing core takes: a partner's periods, own readings, or totals."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from billing.pricing import ChargingPeriod as CorePeriod
from billing.pricing import Spanning, Usage
from chargebill.core.models import SpanningPolicy
from stations.facts import SessionFacts
from stations.models import ChargingPeriod, MeterValue

ZERO = Decimal(0)
_KWH = {"Wh": Decimal("0.001"), "kWh": Decimal(1)}
# A meter and a bill may differ by this much and still tell of the same session.
_TOLERANCE_KWH, _TOLERANCE_SHARE = Decimal("0.01"), Decimal("0.005")
_EDGE = timedelta(minutes=5)

Reading = tuple[datetime, Decimal]


def usages(facts: Iterable[SessionFacts], readings: dict[int, list[Reading]] | None = None) -> dict[int, Usage]:
    """Usage by session id: from charging periods where the source gave them, else from readings, else from totals.

    ``readings`` are those of ``readings_of``, looked up here unless they are given. Three queries at most; one while
    there are no periods and no readings.
    """
    facts = list(facts)
    readings = readings_of(facts) if readings is None else readings
    stored = defaultdict(list)
    with_periods = [f.id for f in facts if f.has_periods]
    if with_periods:
        rows = ChargingPeriod.objects.filter(session_id__in=with_periods).order_by("session_id", "started_at", "id")
        for row in rows:
            stored[row.session_id].append(row)
    return {
        fact.id: _from_periods(fact, stored[fact.id])
        if fact.id in stored
        else (_from_readings(fact, readings[fact.id]) if fact.id in readings else None) or _from_totals(fact)
        for fact in facts
    }


def spanning_of(usage: Usage, policy: str) -> Spanning:
    """How a usage is priced whose price changes while it lasts: own readings are split, a partner's periods stand.

    ``policy`` is the entity's, for totals. HELD is priced by its start, to show what it would be.
    """
    if usage.assumption.startswith("metered"):
        return Spanning.SPLIT
    if not usage.assumption:
        return Spanning.START
    return {SpanningPolicy.CHEAPEST: Spanning.CHEAPEST, SpanningPolicy.SPLIT: Spanning.SPLIT}.get(policy, Spanning.START)


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
                charging_s=_seconds(row.charging_s),
                parking_s=_seconds(row.parking_s),
                reserved_s=_seconds(row.reserved_s),
                min_power_kw=row.min_power_kw,
                max_power_kw=row.max_power_kw,
                min_current_a=row.min_current_a,
                max_current_a=row.max_current_a,
            )
            for row, end in zip(rows, ends, strict=True)
        ),
        fact.time_zone,
    )


def _seconds(stored: Decimal | None) -> Decimal | int:
    if not stored:
        return 0
    return int(stored) if stored == stored.to_integral_value() else stored


def readings_of(facts: Sequence[SessionFacts]) -> dict[int, list[Reading]]:
    """Energy readings in kWh by session, in time order, of the first register each session has."""
    if not facts or not MeterValue.objects.filter(entity_id=facts[0].entity_id).exists():
        return {}
    # Two sources may call a session by the same number: the readings belong to both.
    ids: dict[str, list[int]] = defaultdict(list)
    for fact in facts:
        ids[fact.external_id].append(fact.id)
    rows = MeterValue.objects.filter(
        entity_id=facts[0].entity_id, session_external_id__in=list(ids), unit__in=list(_KWH)
    ).order_by("at", "id")
    found: dict[int, list[Reading]] = {}
    registers: dict[str, str] = {}
    for external_id, at, register, value, unit in rows.values_list("session_external_id", "at", "register", "value", "unit"):
        if registers.setdefault(external_id, register) == register:
            for pk in ids[external_id]:
                found.setdefault(pk, []).append((at, value * _KWH[unit]))
    return found


def _from_readings(fact: SessionFacts, readings: Sequence[Reading]) -> Usage | None:
    """Periods between the readings, energy linear in between. None where they do not tell of the whole session.

    They must reach from start to end (five minutes more or less), never run backwards, and add up to the session's
    energy; what little they differ is spread over them, since the session's energy is what is billed.
    """
    inside = [reading for reading in readings if fact.started_at - _EDGE <= reading[0] <= fact.ended_at + _EDGE]
    if len(inside) < 2 or inside[0][0] > fact.started_at + _EDGE or inside[-1][0] < fact.ended_at - _EDGE:
        return None
    total = inside[-1][1] - inside[0][1]
    if abs(total - fact.energy_kwh) > max(_TOLERANCE_KWH, fact.energy_kwh * _TOLERANCE_SHARE) or not total:
        return None
    steps = _steps(fact, inside)
    if any(later[1] < earlier[1] for earlier, later in pairwise(steps)):
        return None
    unplugged = fact.ended_at
    if fact.charging_s is not None:
        unplugged = min(fact.ended_at, fact.started_at + timedelta(seconds=fact.charging_s))
        steps = _with_cut(steps, unplugged)
    used = steps[-1][1] - steps[0][1]
    periods, given = [], ZERO
    for (start, before), (end, after) in pairwise(steps):
        last = end == fact.ended_at
        energy = fact.energy_kwh - given if last else (after - before) * fact.energy_kwh / used
        given += energy
        seconds = _seconds(Decimal((end - start) // timedelta(microseconds=1)) / 1_000_000)
        period = CorePeriod(start, end, energy)
        periods.append(replace(period, charging_s=seconds) if end <= unplugged else replace(period, parking_s=seconds))
    assumption = "metered_all_charging" if fact.charging_s is None else "metered"
    return Usage(tuple(periods), fact.time_zone, assumption)


def _steps(fact: SessionFacts, inside: Sequence[Reading]) -> list[Reading]:
    """The readings with the session's own start and end as the first and the last, one per moment."""
    steps: dict[datetime, Decimal] = {fact.started_at: inside[0][1]}
    for at, value in inside:
        if fact.started_at < at < fact.ended_at:
            steps[at] = value
    steps[fact.ended_at] = inside[-1][1]
    return sorted(steps.items())


def _with_cut(steps: list[Reading], at: datetime) -> list[Reading]:
    """With a step at a moment between two, its value in proportion to time."""
    for (start, before), (end, after) in pairwise(steps):
        if start < at < end:
            share = Decimal((at - start) // timedelta(microseconds=1)) / Decimal((end - start) // timedelta(microseconds=1))
            return sorted([*steps, (at, before + (after - before) * share)])
    return steps
