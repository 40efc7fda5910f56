"""What is put right about contested sessions on record, in the form of an outcome and where it is shown."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
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
    """By contested item, each session that is on a document at its first. So many queries, however many there are."""
    first: dict[int, int] = {}
    for one in (one for one in items if one.left):
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
    names = ("session_id", "session__external_id", "session__started_at", "session__location__time_zone")
    for pk, number, began, zone in case.items.values_list(*names).distinct().order_by():
        kwh, end = given.get(f"kwh-{pk}", "").strip(), given.get(f"end-{pk}", "").strip()
        if kwh or end:
            zone_here = ZoneInfo(zone or case.entity.time_zone or "UTC")
            found[pk] = Right(
                energy_kwh=_kwh(kwh, number) if kwh else None, ended_at=_moment(end, zone_here, number, began) if end else None
            )
    return found


def _kwh(raw: str, number: str) -> Decimal:
    # A comma could be a decimal point or a thousands separator.
    if not re.fullmatch(r"[0-9]{1,10}(\.[0-9]{1,9})?", raw):
        raise UserError(
            "record_energy", f"Session {number}: {raw[:20]!r} is no energy. Write it like 12.345. Nothing was changed.", "record"
        )
    return Decimal(raw)


def _moment(raw: str, zone: ZoneInfo, number: str, began: datetime) -> datetime:
    """On the place's clock. In the hour that comes twice it is the first one that is after the beginning."""
    problem = f"Session {number}: say when it ended, like 2026-11-01T12:30. Nothing was changed."
    try:
        # What a browser sends for a day and a time, and nothing else that would be read as one.
        found = datetime.fromisoformat(raw) if re.fullmatch(r"[0-9-]{10}T[0-9:]{5,8}", raw) else None
    except ValueError:
        found = None
    if found is None or not 1990 < found.year < 2200:
        raise UserError("record_end", problem, "record")
    first, second = (found.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return second if first <= began < second else first


def put_right(offer: Offer | None) -> list[OfferRecord]:
    """What an offer puts right, with the sessions. One query."""
    if offer is None:
        return []
    return list(offer.records.select_related("session__location", "session__entity").order_by("pk"))
