"""Sessions on a document that would be billed differently now: kept beside what was billed, which never moves."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billing.billed_differences import documents_of
from billing.chargeables import Standing, State
from billing.decisions import CdrValues
from billing.difference_models import DifferenceDecision, SettledDifference
from billing.document_models import BilledDifference

Way = DifferenceDecision.Way
_BILLED = ("currency", "net_amount", "tax_amount", "gross_amount", "customer_id", "session_revision")


@dataclass(frozen=True, slots=True)
class PricedAnew:
    """What pricing makes of a session that was on a document: ``billed`` is its Cdr, ``values`` None without a price now."""

    session_id: int
    session_revision: int
    standing: Standing
    billed: CdrValues
    values: CdrValues | None
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Settled:
    """What was done last about differences of a session, and what it would have been billed with then."""

    way: str
    cdr_id: int
    document_id: int
    said: tuple[Any, ...]


def keep_differences(found: Iterable[PricedAnew], *, at: datetime) -> None:
    """Writes a difference for each session that has one now, and takes away those that have none any more.

    Its facts' revision, its customer and its amounts are compared; where it would stand now is only told. What a person
    decided about already is no difference until it is another one. A session that was credited whole has none.
    A constant number of queries, none for none, in the caller's transaction.
    """
    found = list(found)
    if not found:
        return
    ids = [one.session_id for one in found]
    stored, settled = BilledDifference.objects.in_bulk(ids), _settled(ids)
    wanted = {one.session_id: _columns(one) for one in found if _differs(one, settled.get(one.session_id))}
    gone = [pk for pk in stored if pk not in wanted]
    if gone:
        BilledDifference.objects.filter(pk__in=gone).delete()
    fresh = [
        BilledDifference(session_id=pk, noticed_at=at, **columns) for pk, columns in sorted(wanted.items()) if pk not in stored
    ]
    BilledDifference.objects.bulk_create(fresh)
    for pk, row in stored.items():
        if pk in wanted and _stored(row, wanted[pk]) != wanted[pk]:
            BilledDifference.objects.filter(pk=pk).update(noticed_at=at, **wanted[pk])


def _settled(session_ids: Sequence[int]) -> dict[int, _Settled]:
    """What was done last, by session; where the difference was credited, only while that document is the session's."""
    rows = SettledDifference.objects.filter(decided__session_id__in=session_ids).order_by("decided_id")
    said = [f"decided__{name}" for name in _BILLED]
    found = {
        session_id: _Settled(way, cdr_id, document_id, tuple(columns))
        for session_id, way, cdr_id, document_id, *columns in rows.values_list(
            "decided__session_id", "decided__decision__way", "decided__cdr_id", "decided__document_id", *said
        )
    }
    credited = [pk for pk, one in found.items() if one.way == Way.CREDIT]
    on = documents_of(credited) if credited else {}
    return {pk: one for pk, one in found.items() if one.way != Way.CREDIT or on.get(pk) == one.document_id}


def _differs(one: PricedAnew, settled: _Settled | None) -> bool:
    if one.standing.state != State.DOCUMENTED:
        return False
    now = _said(one)
    if settled and settled.cdr_id == one.standing.cdr_id and settled.way != Way.AGAIN:
        if now == settled.said:
            return False
        if settled.way == Way.CREDIT:
            # What is left on the document is what was decided, no longer its first price.
            return True
    return now != tuple(getattr(one.billed, name) for name in _BILLED)


def _said(one: PricedAnew) -> tuple[Any, ...]:
    """As a decision about it would keep it."""
    columns = _columns(one)
    return tuple(columns[name] for name in _BILLED)


def _columns(one: PricedAnew) -> dict[str, Any]:
    values = one.values
    return {
        "session_revision": one.session_revision,
        "customer_id": values.customer_id if values else None,
        "state": one.state,
        "reason": one.reason,
        "currency": values.currency if values else "",
        "net_amount": values.net_amount if values else None,
        "tax_amount": values.tax_amount if values else None,
        "gross_amount": values.gross_amount if values else None,
        "anchor": values.anchor if values else "",
        "tax_rate": values.tax_rate if values else None,
        "tax_code": values.tax_code if values else "",
    }


def _stored(row: BilledDifference, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: getattr(row, name) for name in wanted}
