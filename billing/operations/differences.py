"""Sessions on a document that would be billed differently now: kept beside what was billed, which never moves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billing.decisions import CdrValues
from billing.document_models import BilledDifference

_BILLED = ("currency", "net_amount", "tax_amount", "gross_amount", "customer_id", "session_revision")


@dataclass(frozen=True, slots=True)
class PricedAnew:
    """What pricing makes of a session on a document: ``billed`` is its Cdr, ``values`` None without a price now."""

    session_id: int
    session_revision: int
    billed: CdrValues
    values: CdrValues | None
    state: str
    reason: str


def keep_differences(found: Iterable[PricedAnew], *, at: datetime) -> None:
    """Writes a difference for each session that has one now, and takes away those that have none any more.

    Its facts' revision, its customer and its amounts are compared; where it would stand now is only told. One query, none
    for none, in the caller's transaction.
    """
    found = list(found)
    if not found:
        return
    stored = BilledDifference.objects.in_bulk([one.session_id for one in found])
    wanted = {one.session_id: _columns(one) for one in found if _differs(one)}
    gone = [pk for pk in stored if pk not in wanted]
    if gone:
        BilledDifference.objects.filter(pk__in=gone).delete()
    fresh = [
        BilledDifference(session_id=pk, noticed_at=at, **columns) for pk, columns in sorted(wanted.items()) if pk not in stored
    ]
    BilledDifference.objects.bulk_create(fresh)
    for pk, row in stored.items():
        if pk in wanted and _stored(row) != wanted[pk]:
            BilledDifference.objects.filter(pk=pk).update(noticed_at=at, **wanted[pk])


def _differs(one: PricedAnew) -> bool:
    return one.values is None or any(getattr(one.values, name) != getattr(one.billed, name) for name in _BILLED)


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
    }


def _stored(row: BilledDifference) -> Mapping[str, Any]:
    names = ("session_revision", "customer_id", "state", "reason", "currency", "net_amount", "tax_amount", "gross_amount")
    return {name: getattr(row, name) for name in names}
