"""Prices and gates sessions in bulk: facts in, Cdr, finding and Chargeable rows out. Set-based, in the caller's transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from billing import chargeables, gate, held, rates
from billing.beside import COUNTS, Beside, beside
from billing.chargeables import ON_A_DOCUMENT, Standing, State
from billing.checks import BY_CODE, Finding
from billing.decisions import CdrValues, Decider
from billing.held import UNDECIDED, Followed
from billing.models import Cdr
from billing.operations import findings
from billing.operations.differences import PricedAnew, keep_differences
from billing.usage import Reading, readings_of, usages
from chargebill.core import bulk
from chargebill.core.models import LegalEntity
from memberships.queries import resolve
from stations import facts as session_facts
from stations.facts import SessionFacts

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Priced:
    """Where a session stood before (None: nowhere) and stands now, and what each counts as revenue."""

    facts: SessionFacts
    standing: Standing
    revenue: "Revenue"
    revenue_before: "Revenue"


@dataclass(frozen=True, slots=True)
class Revenue:
    """What a session counts as: rounded amounts in ``currency``; nothing at all while it is not counted."""

    currency: str = ""
    net: Decimal = ZERO
    gross: Decimal = ZERO


NOTHING = Revenue()


@dataclass(slots=True)
class _Decided:
    """One session on its way: ``priced`` are its facts with the energy that is priced."""

    fact: SessionFacts
    priced: SessionFacts
    values: CdrValues | None
    state: str
    reason: str
    taxes: str
    followed: Followed
    readings: Sequence[Reading] = field(default_factory=list)


def price_sessions(*, facts: Sequence[SessionFacts], entity_id: int, at: datetime) -> list[Priced]:
    """Prices and gates these sessions of one entity and puts each where it belongs. The same again writes nothing.

    A new price supersedes: the next Cdr version, the old one stays. What is on a document keeps its price, and the
    difference is noted (billing.operations.differences). Stored sessions that these are held against, or no
    longer are, follow and come after the ones asked for. Call inside a transaction that also counts them.
    """
    # Alone: two chunks that don't see each other's sessions would both pass the gate. Whoever sets a tariff waits, too.
    bulk.lock_alone(LegalEntity, entity_id)
    decider = Decider(LegalEntity.objects.get(pk=entity_id), rates.load(entity_id))
    old = chargeables.lock(f.id for f in facts)
    stored = findings.stored(old)
    decided = _decide(decider, facts, old)
    failed: dict[int, tuple[Finding, ...]] = {}
    if any(d.state == State.READY for d in decided) or stored:
        decided, failed = _gate(decider, decided, old, stored, entity_id)
    current = _current_cdrs([s.cdr_id for s in old.values() if s.cdr_id])
    tax_ids = rates.keep_taxes(decider.taxes)
    for d in decided:
        d.values = d.values._replace(applied_taxes_id=tax_ids[d.taxes]) if d.values else None
    billed = {pk: current[standing.cdr_id] for pk, standing in old.items() if standing.state in ON_A_DOCUMENT}
    # A session keeps counting its versions also while it has no current Cdr.
    last_version = _last_versions([d.fact.id for d in decided if d.values and d.fact.id in old])
    changed = [
        (d.fact, d.values)
        for d in decided
        if d.values and d.fact.id not in billed and not (d.fact.id in old and _same(current.get(old[d.fact.id].cdr_id), d.values))
    ]
    ids = dict(zip((f.id for f, _ in changed), bulk.allocate_ids(Cdr, len(changed)), strict=True))
    bulk.insert(
        Cdr,
        ["id", "session_id", "version", *CdrValues._fields, "created_at"],
        [(ids[f.id], f.id, last_version.get(f.id, 0) + 1, *values, at) for f, values in changed],
    )
    priced = []
    for d in decided:
        before = old.get(d.fact.id)
        cdr_id = ids.get(d.fact.id, before.cdr_id if before and d.values else None)
        was = NOTHING
        if before and before.cdr_id and chargeables.counts_as_revenue(before.state, before.reason):
            was = _revenue(current[before.cdr_id])
        if before and d.fact.id in billed:
            # What is on a document stays; what would be billed now waits beside it for a person.
            priced.append(Priced(d.fact, before, was, was))
            continue
        now = _revenue(d.values) if d.values and chargeables.counts_as_revenue(d.state, d.reason) else NOTHING
        priced.append(Priced(d.fact, Standing(d.fact.id, d.state, d.reason, cdr_id), now, was))
    chargeables.move(new=[p.standing for p in priced], old=old, at=at)
    findings.replace(failed, stored)
    keep_differences(
        (
            PricedAnew(d.fact.id, d.fact.revision, old[d.fact.id], billed[d.fact.id], d.values, d.state, d.reason)
            for d in decided
            if d.fact.id in billed
        ),
        at=at,
    )
    return priced


def _decide(decider: Decider, facts: Sequence[SessionFacts], old: dict[int, Standing]) -> list[_Decided]:
    """Each session's price and where it stands without the gate. Decisions of people count for their revision."""
    followed = held.followed(f for f in facts if f.id in old)
    priced = [followed.get(f.id, UNDECIDED).applied_to(f) for f in facts]
    readings = readings_of(priced)
    used = usages(priced, readings)
    customers = resolve((f.entity_id, f.token_uid, f.token_issuer) for f in facts)
    decided = []
    for fact, as_priced in zip(facts, priced, strict=True):
        follows = followed.get(fact.id, UNDECIDED)
        who = customers[fact.entity_id, fact.token_uid, fact.token_issuer]
        d = decider.decide(as_priced, used[fact.id], who, follows)
        decided.append(_Decided(fact, as_priced, d.values, d.state, d.reason, d.taxes, follows, readings.get(fact.id, ())))
    return decided


def _gate(
    decider: Decider, decided: list[_Decided], old: dict[int, Standing], stored: findings.Stored, entity_id: int
) -> tuple[list[_Decided], dict[int, tuple[Finding, ...]]]:
    """Holds what can't be right, and whatever stored sessions that concerns. ``old`` gets the places of those.

    Returns all that are priced now, and the checks that fail by session.
    """
    thresholds, said = held.thresholds_of(entity_id), gate.said_by_sources(entity_id)
    unnamed = {pk for pk, source in said.items() if not source.connector}
    found = beside(_ready(decided), thresholds, unnamed=unnamed, known=_ids(decided), gone=_gone(decided))
    concerned = _concerned(found.ids(), {pk for rows in stored.values() for row in rows for pk in row.others}, _ids(decided))
    if concerned:
        old |= concerned
        stored |= findings.stored(concerned)
        more = _decide(decider, session_facts.load(concerned), old)
        decided = [*decided, *more]
        beside_more = beside(_ready(more), thresholds, unnamed=unnamed, known=_ids(decided), gone=_gone(decided))
        found = Beside(
            found.neighbours | beside_more.neighbours,
            found.elsewhere | beside_more.elsewhere,
            found.same_reference | beside_more.same_reference,
        )
    candidates = [gate.Candidate(d.priced, d.values, d.readings) for d in decided if d.state == State.READY and d.values]
    failed = gate.failing(candidates, found, thresholds, said)
    for d in decided:
        if d.fact.id in failed:
            doubts = [finding for finding in failed[d.fact.id] if finding.key not in d.followed.settled]
            if doubts:
                d.state, d.reason = State.HELD, doubts[0].check
    return decided, failed


def _ids(decided: Iterable[_Decided]) -> set[int]:
    return {d.fact.id for d in decided}


def _ready(decided: Iterable[_Decided]) -> list[SessionFacts]:
    return [d.priced for d in decided if d.state == State.READY]


def _gone(decided: Iterable[_Decided]) -> set[int]:
    return {d.fact.id for d in decided if d.state not in COUNTS}


def _concerned(now: set[int], before: set[int], mine: set[int]) -> dict[int, Standing]:
    """Stored sessions beside the ones that are priced: ready ones may have to wait, held ones may be free again."""
    standings = chargeables.lock((now | before) - mine) if (now | before) - mine else {}
    return {
        pk: standing
        for pk, standing in standings.items()
        if standing.state == State.READY or (standing.state == State.HELD and standing.reason in BY_CODE)
    }


def _revenue(values: CdrValues) -> Revenue:
    return Revenue(values.currency, values.net_amount, values.gross_amount)


# The exact amounts follow from the rest; SQLite keeps only 15 digits of them, too few to compare.
_COMPARED = [i for i, name in enumerate(CdrValues._fields) if not name.startswith("exact_")]


def _same(stored: Sequence[Any] | None, values: Sequence[Any]) -> bool:
    return stored is not None and all(stored[i] == values[i] for i in _COMPARED)


def _current_cdrs(cdr_ids: list[int]) -> dict[int | None, CdrValues]:
    rows = Cdr.objects.filter(pk__in=cdr_ids).order_by().values_list("pk", *CdrValues._fields)
    return {row[0]: CdrValues(*row[1:]) for row in rows}


def _last_versions(session_ids: list[int]) -> dict[int, int]:
    last: dict[int, int] = {}
    for session_id, version in Cdr.objects.filter(session_id__in=session_ids).order_by().values_list("session_id", "version"):
        last[session_id] = max(version, last.get(session_id, 0))
    return last
