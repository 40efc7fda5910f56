"""What is put right about contested sessions on record, in the form of an outcome and where it is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from billing.operations.decisions import other_reading
from billing.usage import readings_of
from chargebill.core.errors import UserError
from disputes.models import Case
from disputes.offers import Open
from disputes.outcome_models import Offer, OfferRecord
from stations import facts as session_facts
from stations.corrections import Right
from stations.facts import SessionFacts


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What is on record about a contested session, times as its place reads them; ``other_kwh``: what other readings say."""

    fact: SessionFacts
    other_kwh: Decimal | None
    kwh: str
    end: str

    @property
    def zone(self) -> str:
        return self.fact.time_zone


def on_record(items: Sequence[Open], given: Mapping[str, str]) -> dict[int, OnRecord]:
    """By contested item, each session at its first. So many queries, however many there are."""
    first: dict[int, int] = {}
    for one in items:
        first.setdefault(one.item.session_id, one.item.pk)
    facts = session_facts.load(first)
    readings = readings_of(facts)
    return {
        first[fact.id]: OnRecord(
            fact=fact,
            other_kwh=other_reading(fact, readings.get(fact.id, ()), fact.energy_kwh),
            kwh=given.get(f"kwh-{fact.id}", ""),
            end=given.get(f"end-{fact.id}", ""),
        )
        for fact in facts
    }


def records_in(case: Case, given: Mapping[str, str]) -> dict[int, Right]:
    """What a form wants put right, by session. Raises UserError record_energy, record_end."""
    found = {}
    rows = case.items.values_list("session_id", "session__external_id", "session__location__time_zone").distinct().order_by()
    for pk, number, zone in rows:
        kwh, end = given.get(f"kwh-{pk}", "").strip(), given.get(f"end-{pk}", "").strip()
        if kwh or end:
            zone_here = ZoneInfo(zone or case.entity.time_zone or "UTC")
            found[pk] = Right(
                energy_kwh=_kwh(kwh, number) if kwh else None, ended_at=_moment(end, zone_here, number) if end else None
            )
    return found


def _kwh(raw: str, number: str) -> Decimal:
    try:
        return Decimal(raw.replace(",", ".") if raw.count(",") == 1 and "." not in raw else raw)
    except ArithmeticError:
        raise UserError(
            "record_energy", f"Session {number}: {raw[:20]!r} is no energy. Write it like 12.345. Nothing was changed.", "record"
        ) from None


def _moment(raw: str, zone: ZoneInfo, number: str) -> datetime:
    try:
        return datetime.fromisoformat(raw).replace(tzinfo=zone)
    except ValueError:
        raise UserError(
            "record_end", f"Session {number}: say when it ended, like 2026-11-01T12:30. Nothing was changed.", "record"
        ) from None


def put_right(offer: Offer | None) -> list[OfferRecord]:
    """What an offer puts right, with the sessions. One query."""
    if offer is None:
        return []
    return list(offer.records.select_related("session__location", "session__entity").order_by("pk"))
