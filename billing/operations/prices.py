"""Prices sessions in bulk: facts in, Cdr and Chargeable rows out. Set-based, in the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from billing import chargeables, rates
from billing.chargeables import Standing, State
from billing.models import Cdr
from billing.pricing import ENGINE, Dimension, Result, price
from billing.pricing import Anchor as CoreAnchor
from billing.usage import usages
from chargebill.core import bulk
from chargebill.core.models import LegalEntity
from chargebill.core.money import round_money, round_to
from memberships.models import CustomerKind
from memberships.queries import Resolved, resolve
from stations.facts import SessionFacts
from stations.models import Mode

NET_KINDS = {CustomerKind.BUSINESS, CustomerKind.PARTNER}
CDR_COLUMNS = [
    "session_id",
    "version",
    "session_revision",
    "entity_id",
    "tariff_version_id",
    "customer_id",
    "customer_kind",
    "currency",
    "anchor",
    "net_amount",
    "tax_amount",
    "gross_amount",
    "tax_rate",
    "tax_code",
    "fixed_amount",
    "energy_amount",
    "time_amount",
    "parking_amount",
    "exact_net",
    "exact_gross",
    "priced_gross_amount",
    "assumption",
    "engine",
    "assignment_id",
    "applied_taxes_id",
    "reservation_amount",
    "limit_amount",
    "notes",
]
ZERO = Decimal(0)
DIMENSIONS = (Dimension.FLAT, Dimension.ENERGY, Dimension.TIME, Dimension.PARKING_TIME)


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
    entity = LegalEntity.objects.get(pk=entity_id)
    applies = rates.load(entity_id)
    customers = resolve((f.entity_id, f.token_uid, f.token_issuer) for f in facts)
    old = chargeables.lock(f.id for f in facts)
    current = _current_cdrs([s.cdr_id for s in old.values() if s.cdr_id])
    used = usages(facts)

    decided = []
    for fact in facts:
        who = customers[fact.entity_id, fact.token_uid, fact.token_issuer]
        values, state, reason = _decide(fact, used[fact.id], who, entity, applies)
        decided.append((fact, values, state, reason))
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
        ["id", *CDR_COLUMNS, "created_at"],
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


# Positions in the values of a Cdr, without session and version.
VALUE_COLUMNS = CDR_COLUMNS[2:]
_CURRENCY, _NET, _GROSS = (VALUE_COLUMNS.index(name) for name in ("currency", "net_amount", "gross_amount"))


def _revenue(values: Sequence[Any]) -> Revenue:
    return Revenue(values[_CURRENCY], values[_NET], values[_GROSS])


# The exact amounts follow from the rest; SQLite keeps only 15 digits of them, too few to compare.
_COMPARED = [i for i, name in enumerate(VALUE_COLUMNS) if not name.startswith("exact_")]


def _same(stored: Sequence[Any] | None, values: Sequence[Any]) -> bool:
    return stored is not None and all(stored[i] == values[i] for i in _COMPARED)


def _current_cdrs(cdr_ids: list[int]) -> dict[int | None, tuple[Any, ...]]:
    return {row[0]: row[1:] for row in Cdr.objects.filter(pk__in=cdr_ids).order_by().values_list("pk", *VALUE_COLUMNS)}


def _last_versions(session_ids: list[int]) -> dict[int, int]:
    last: dict[int, int] = {}
    for session_id, version in Cdr.objects.filter(session_id__in=session_ids).order_by().values_list("session_id", "version"):
        last[session_id] = max(version, last.get(session_id, 0))
    return last


def _decide(
    fact: SessionFacts, usage: Any, who: Resolved, entity: LegalEntity, applies: rates.Rates
) -> tuple[tuple[Any, ...] | None, str, str]:
    """(Cdr values or None, state, reason) of one session."""
    local_start = fact.local_start_date
    collected = fact.mode == Mode.COLLECTED
    tariff = applies.tariff_at(fact.started_at)
    if collected and fact.reported_amount is None:
        return None, State.HELD, "no_reported_amount"
    if tariff is None and not collected:
        return None, State.UNPRICED, "no_tariff"
    tax = applies.tax_on(local_start)
    if tax is None:
        return None, State.HELD, "no_tax_rule"
    anchor = CoreAnchor.NET if who.kind in NET_KINDS else CoreAnchor.GROSS
    version_id, core = tariff or (None, None)
    result = price(usage, core, taxes=rates.one_tax(tax), anchor=anchor) if core else None
    if collected:
        currency = fact.reported_currency or entity.base_currency or (core.currency if core else "")
        if not currency:
            return None, State.HELD, "entity_incomplete"
        amounts = _collected(fact, currency, tax.rate)
        anchor = CoreAnchor.GROSS
        ours = result.gross if result and result.currency == currency else None
    else:
        assert result is not None
        currency, amounts, ours = result.currency, _amounts(result), None
    values = (
        fact.revision,
        fact.entity_id,
        version_id,
        who.customer_id,
        who.kind,
        currency,
        anchor.value,
        *amounts[:3],
        tax.rate,
        tax.code,
        *amounts[3:],
        ours,
        usage.assumption,
        ENGINE,
        None,
        None,
        ZERO,
        ZERO,
        "",
    )
    if fact.mode == Mode.HISTORY:
        return values, State.DROPPED, "history"
    if entity.billing_from is None or local_start < entity.billing_from:
        return values, State.DROPPED, "before_billing_from"
    if who.kind == CustomerKind.INTERNAL:
        return values, State.DROPPED, "internal"
    if entity.missing:
        return values, State.HELD, "entity_incomplete"
    return values, State.READY, ""


def _amounts(result: Result) -> tuple[Decimal, ...]:
    """net, tax, gross, the four parts, exact net, exact gross."""
    side = "gross" if result.anchor is CoreAnchor.GROSS else "net"
    parts = {line.dimension: getattr(line, side) for line in result.lines}
    return (
        result.net,
        result.tax,
        result.gross,
        *(parts.get(dimension, ZERO) for dimension in DIMENSIONS),
        round_to(result.exact_net, 9),
        round_to(result.exact_gross, 9),
    )


def _collected(fact: SessionFacts, currency: str, rate: Decimal) -> tuple[Decimal, ...]:
    """What the other system took, tax taken out of it. It said no parts, so there are none."""
    assert fact.reported_amount is not None
    gross = round_money(fact.reported_amount, currency)
    net = round_money(gross * 100 / (100 + rate), currency)
    return (net, gross - net, gross, ZERO, ZERO, ZERO, ZERO, round_to(gross * 100 / (100 + rate), 9), round_to(gross, 9))
