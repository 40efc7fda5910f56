"""Prices sessions in bulk: facts in, Cdr and Chargeable rows out. Set-based, in the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from billing import chargeables, rates
from billing.chargeables import Standing
from billing.decisions import CdrValues, Decider
from billing.models import Cdr
from billing.usage import usages
from chargebill.core import bulk
from chargebill.core.models import LegalEntity
from memberships.queries import resolve
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


def price_sessions(*, facts: Sequence[SessionFacts], entity_id: int, at: datetime) -> list[Priced]:
    """Prices these sessions of one entity and puts each where it belongs. The same price again writes nothing.

    A new price supersedes: the next Cdr version, the old one stays. Call inside a transaction that also counts them.
    """
    # Shared: whoever sets a tariff or a tax waits for this chunk, and the next chunk sees what was set.
    bulk.lock_shared(LegalEntity, entity_id)
    decider = Decider(LegalEntity.objects.get(pk=entity_id), rates.load(entity_id))
    customers = resolve((f.entity_id, f.token_uid, f.token_issuer) for f in facts)
    old = chargeables.lock(f.id for f in facts)
    current = _current_cdrs([s.cdr_id for s in old.values() if s.cdr_id])
    used = usages(facts)

    decisions = [decider.decide(f, used[f.id], customers[f.entity_id, f.token_uid, f.token_issuer]) for f in facts]
    tax_ids = rates.keep_taxes(decider.taxes)
    decided = [
        (fact, d.values._replace(applied_taxes_id=tax_ids[d.taxes]) if d.values else None, d.state, d.reason)
        for fact, d in zip(facts, decisions, strict=True)
    ]
    # A session keeps counting its versions also while it has no current Cdr.
    last_version = _last_versions([f.id for f, values, _, _ in decided if values and f.id in old])
    changed = [
        (fact, values)
        for fact, values, _, _ in decided
        if values and not (fact.id in old and _same(current.get(old[fact.id].cdr_id), values))
    ]
    ids = dict(zip((f.id for f, _ in changed), bulk.allocate_ids(Cdr, len(changed)), strict=True))
    bulk.insert(
        Cdr,
        ["id", "session_id", "version", *CdrValues._fields, "created_at"],
        [(ids[f.id], f.id, last_version.get(f.id, 0) + 1, *values, at) for f, values in changed],
    )
    priced = []
    for fact, values, state, reason in decided:
        before = old.get(fact.id)
        cdr_id = ids.get(fact.id, before.cdr_id if before and values else None)
        was = NOTHING
        if before and before.cdr_id and chargeables.counts_as_revenue(before.state, before.reason):
            was = _revenue(current[before.cdr_id])
        now = _revenue(values) if values and chargeables.counts_as_revenue(state, reason) else NOTHING
        priced.append(Priced(fact, Standing(fact.id, state, reason, cdr_id), now, was))
    chargeables.move(new=[p.standing for p in priced], old=old, at=at)
    return priced


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
