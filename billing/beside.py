"""The sessions beside others: on the same connector, of the same token elsewhere, with the same reference.

A few queries a chunk, each bounded by an index: a million sessions pass here.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Q

from billing.checks import Other, Thresholds
from billing.models import Chargeable
from stations.facts import SessionFacts
from stations.models import DAY_S, Session, Source

State = Chargeable.State
# A session that is not billed can't be billed twice: history, internal and dropped ones are no doubt of others.
COUNTS = (State.UNPRICED, State.HELD, State.READY, State.DOCUMENTED)


@dataclass(slots=True)
class Beside:
    """By session id: the sessions it may be held against."""

    neighbours: dict[int, list[Other]] = field(default_factory=lambda: defaultdict(list))
    elsewhere: dict[int, list[Other]] = field(default_factory=lambda: defaultdict(list))
    same_reference: dict[int, list[Other]] = field(default_factory=lambda: defaultdict(list))

    def ids(self) -> set[int]:
        """Every session that is beside one."""
        found = (self.neighbours, self.elsewhere, self.same_reference)
        return {other.id for of in found for others in of.values() for other in others}

    def of(self, pk: int) -> bool:
        return pk in self.neighbours or pk in self.elsewhere or pk in self.same_reference


def beside(
    facts: Sequence[SessionFacts],
    thresholds: Thresholds,
    *,
    unnamed: Collection[int] = (),
    known: Iterable[int] = (),
    gone: Iterable[int] = (),
) -> Beside:
    """What is beside these stored sessions of one entity. ``unnamed`` are sources that don't tell connectors apart.

    ``known`` are being priced now, so where they stood before is not asked; ``gone`` are those of them that end up not
    billed.
    """
    found = Beside()
    if not facts:
        return found
    left_out = set(gone)
    pairs = {
        "neighbours": _pairs(_neighbours([f for f in facts if f.source_id not in unnamed])),
        "elsewhere": _pairs(_elsewhere(facts, thresholds)),
        "same_reference": _references(facts),
    }
    wanted = {other for of in pairs.values() for _, other in of}
    others = _others(wanted - left_out, known=set(known))
    for name, of in pairs.items():
        into = getattr(found, name)
        for pk, other in of:
            if other in others:
                into[pk].append(others[other])
        for beside_one in into.values():
            # What is said of them must not depend on which others were priced in the same chunk.
            beside_one.sort(key=lambda other: (other.start, other.number, other.id))
    return found


def _pairs(rows: Iterable[tuple[Any, ...]]) -> set[tuple[int, int]]:
    return {(row[0], row[1]) for row in rows}


def _shifted(column: str, seconds: int) -> str:
    """A moment so many seconds later, in the form moments are stored in."""
    if connection.vendor == "postgresql":
        return f"{column} + interval '{seconds} seconds'"
    return f"strftime('%%Y-%%m-%%d %%H:%%M:%%f', {column}, '{seconds:+d} seconds')"


def _asked(join: str, ids: list[int]) -> list[tuple[Any, ...]]:
    table = connection.ops.quote_name(Session._meta.db_table)
    marks = ", ".join(["%s"] * len(ids))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT a.id, b.id FROM {table} a JOIN {table} b ON {join} WHERE a.id IN ({marks})", ids)
        return list(cursor.fetchall())


def _neighbours(facts: Sequence[SessionFacts]) -> list[tuple[Any, ...]]:
    """Pairs on one connector that overlap: those that began within a day before it or while it lasted, by start; and those
    that lasted longer than a day, of which there are few and which have an index of their own."""
    ids = [fact.id for fact in facts]
    if not ids:
        return []
    overlapping = "b.connector_id = a.connector_id AND b.id <> a.id AND b.started_at < a.ended_at AND b.ended_at > a.started_at"
    a_day_before = _shifted("a.started_at", -DAY_S)
    near = _asked(f"{overlapping} AND b.started_at > {a_day_before}", ids)
    return near + _asked(f"{overlapping} AND b.duration_s > {DAY_S}", ids)


def _elsewhere(facts: Sequence[SessionFacts], thresholds: Thresholds) -> list[tuple[Any, ...]]:
    """Pairs of one token of one entity that started at two places within minutes.

    Written like the condition of the index: SQLite takes a partial index only for the very same words.
    """
    with_token = [fact.id for fact in facts if fact.token_uid]
    if not with_token:
        return []
    first, last = (_shifted("a.started_at", sign * (thresholds.token_apart_s + 1)) for sign in (-1, 1))
    join = (
        "b.token_uid = a.token_uid AND NOT (b.token_uid = '') AND b.id <> a.id AND b.entity_id = a.entity_id"
        f" AND b.location_id <> a.location_id AND b.started_at > {first} AND b.started_at < {last}"
    )
    return _asked(join, with_token)


def _references(facts: Sequence[SessionFacts]) -> set[tuple[int, int]]:
    """Pairs with the same payment reference, or the same id and start from two sources."""
    pairs: set[tuple[int, int]] = set()
    by_reference = defaultdict(list)
    for fact in facts:
        if fact.payment_reference:
            by_reference[fact.payment_reference].append(fact.id)
    if by_reference:
        # The company is compared here: asked for it, SQLite would rather read all of a company's sessions.
        rows = Session.objects.filter(~Q(payment_reference=""), payment_reference__in=list(by_reference)).order_by()
        for pk, reference, entity_id in rows.values_list("pk", "payment_reference", "entity_id"):
            if entity_id == facts[0].entity_id:
                pairs |= {(mine, pk) for mine in by_reference[reference] if mine != pk}
    sources = set(Source.objects.filter(entity_id=facts[0].entity_id).values_list("pk", flat=True))
    if len(sources) > 1:
        by_id = defaultdict(list)
        for fact in facts:
            by_id[fact.external_id].append(fact)
        same = Session.objects.filter(source_id__in=sources, external_id__in=list(by_id)).order_by()
        for pk, external_id, started_at in same.values_list("pk", "external_id", "started_at"):
            pairs |= {(f.id, pk) for f in by_id[external_id] if f.id != pk and f.started_at == started_at}
    return pairs


def _others(ids: set[int], known: set[int]) -> dict[int, Other]:
    """Those of the sessions that may be billed; ``known`` are being priced now, so where they stand is not asked."""
    if not ids:
        return {}
    rows = (
        Session.objects.filter(pk__in=ids)
        .filter(Q(pk__in=ids & known) | Q(chargeable__state__in=COUNTS))
        .order_by("pk")
        .values_list("pk", "external_id", "started_at", "ended_at", "location__name")
    )
    return {row[0]: Other(*row) for row in rows}
