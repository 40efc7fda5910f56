"""Which sessions an incident is about: of one company and time, at these places, EVSEs, firmware, tariff, failed check."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery

from billing import gate
from billing.beside import beside
from billing.chargeables import State
from billing.decisions import CdrValues
from billing.held import thresholds_of
from billing.models import Chargeable, Tariff
from billing.review_models import CheckFinding
from billing.usage import readings_of
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity
from stations import facts as session_facts
from stations.models import ConnectorStatus, Evse, Location, Session

# A page answers for so many, and so many are approved at once.
MOST_SESSIONS = 10_000
CHUNK = 1000
MOST_FIRMWARE = 200


@dataclass(frozen=True, slots=True)
class Selection:
    """Sessions that began in [start, end) and fit all that is said; "" and empty: it does not matter.

    ``firmware`` is what the connector said last before the session, ``tariff`` the one it was priced with.
    """

    entity: LegalEntity
    start: datetime
    end: datetime
    location: Location | None = None
    evses: tuple[Evse, ...] = ()
    connector: str = ""
    firmware: str = ""
    tariff: Tariff | None = None
    check: str = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The sessions of a selection, by how far they are on their way to a document; ids in order of their keys.

    ``waiting`` are not billed yet, by state; ``left_out`` counts those that never will be.
    """

    billed: tuple[int, ...]
    waiting: dict[str, int]
    left_out: int

    @property
    def count(self) -> int:
        return len(self.billed) + sum(self.waiting.values()) + self.left_out


def choose(selection: Selection) -> Chosen:
    """Raises UserError: period (it ends before it begins), too_many. A few queries for each thousand where a check is run."""
    if selection.end <= selection.start:
        raise UserError("period", "The period ends before it begins. Nothing was changed.", "until")
    rows = _fitting(selection)
    if (count := rows.count()) > MOST_SESSIONS:
        raise UserError(
            "too_many",
            f"That is {count:,} sessions; choose at most {MOST_SESSIONS:,} at once, by a shorter time or a place."
            " Nothing was changed.",
        )
    ids = list(rows.order_by("pk").values_list("pk", flat=True))
    if selection.check:
        ids = [pk for chunk in chunks(ids) for pk in _failing(selection, chunk)]
    states: dict[str, int] = {}
    billed: list[int] = []
    for chunk in chunks(ids):
        standing = Chargeable.objects.filter(pk__in=chunk)
        billed += standing.filter(state__in=(State.DOCUMENTED, State.CREDITED)).order_by("pk").values_list("pk", flat=True)
        for state, number in standing.order_by().values_list("state").annotate(Count("pk")):
            states[state] = states.get(state, 0) + number
    waiting = {state.value: states[state] for state in (State.HELD, State.READY, State.UNPRICED) if states.get(state)}
    return Chosen(tuple(billed), waiting, len(ids) - len(billed) - sum(waiting.values()))


def chunks(ids: Sequence[int]) -> Iterator[list[int]]:
    for first in range(0, len(ids), CHUNK):
        yield list(ids[first : first + CHUNK])


def _fitting(selection: Selection) -> QuerySet[Session]:
    rows = Session.objects.filter(entity=selection.entity, started_at__gte=selection.start, started_at__lt=selection.end)
    if selection.location:
        rows = rows.filter(location=selection.location)
    if selection.evses:
        rows = rows.filter(connector__evse__in=selection.evses)
    if selection.connector:
        rows = rows.filter(connector__number=selection.connector)
    if selection.tariff:
        rows = rows.filter(chargeable__cdr__tariff_version__tariff=selection.tariff)
    if selection.firmware:
        told = ConnectorStatus.objects.filter(connector=OuterRef("connector"), at__lte=OuterRef("started_at"))
        last = told.exclude(firmware="").order_by("-at", "-id").values("firmware")[:1]
        rows = rows.annotate(firmware=Subquery(last)).filter(firmware=selection.firmware)
    return rows


def _failing(selection: Selection, ids: list[int]) -> list[int]:
    """Those of a chunk for which a check of the gate fails on what is on record now, or failed when they were priced."""
    on_record = set(CheckFinding.objects.filter(session__in=ids, check_code=selection.check).values_list("session_id", flat=True))
    priced = {
        row[0]: CdrValues(*row[1:])
        for row in Chargeable.objects.filter(pk__in=ids, cdr__isnull=False).values_list(
            "pk", *(f"cdr__{name}" for name in CdrValues._fields)
        )
    }
    facts = [_as_priced(fact, priced[fact.id]) for fact in session_facts.load(ids) if fact.id in priced]
    thresholds, said = thresholds_of(selection.entity.pk), gate.said_by_sources(selection.entity.pk)
    found = beside(facts, thresholds, unnamed={pk for pk, source in said.items() if not source.connector})
    readings = readings_of(facts)
    candidates = [gate.Candidate(fact, priced[fact.id], readings.get(fact.id, ())) for fact in facts]
    failed = gate.failing(candidates, found, thresholds, said)
    now = {pk for pk, findings in failed.items() if any(one.check == selection.check for one in findings)}
    return [pk for pk in ids if pk in now or pk in on_record]


def _as_priced(fact: Any, values: CdrValues) -> Any:
    """Where a person decided for another reading, that is the energy that was priced."""
    kwh = values.energy_kwh
    return fact if kwh is None else replace(fact, energy_kwh=kwh)


def recorded_firmware(entity: LegalEntity) -> list[str]:
    """What connectors of a company ever said they run, in order; none: nobody records it. One query."""
    told = ConnectorStatus.objects.filter(connector__evse__entity=entity).exclude(firmware="").order_by("firmware")
    return list(told.values_list("firmware", flat=True).distinct()[:MOST_FIRMWARE])


def evses_named(entity: LegalEntity, names: Sequence[str]) -> tuple[Evse, ...]:
    """EVSEs of a company by UID or EVSE id. Raises UserError evse for one nobody knows. Two queries."""
    known = Evse.objects.filter(entity=entity).select_related("location")
    by_name: dict[str, Evse] = {evse.evse_id: evse for evse in known.filter(evse_id__in=names) if evse.evse_id}
    by_name |= {evse.uid: evse for evse in known.filter(uid__in=names)}
    for name in names:
        if name not in by_name:
            raise UserError(
                "evse", f"{entity} has no EVSE {name[:60]!r}. Write its UID or EVSE id. Nothing was changed.", "evses"
            )
    return tuple({evse.pk: evse for evse in (by_name[name] for name in names)}.values())
