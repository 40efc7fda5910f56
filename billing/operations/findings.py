"""Keeps the checks that fail for a session as it was priced last: rows for failures only, replaced when they differ."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from billing.checks import Finding
from billing.review_models import CheckFinding
from chargebill.core.money import round_to

Stored = dict[int, list[CheckFinding]]


def stored(session_ids: Iterable[int]) -> Stored:
    """The findings of these sessions, the gravest first; sessions without one are left out. One query, none for none."""
    ids = list(session_ids)
    found: Stored = defaultdict(list)
    for row in CheckFinding.objects.filter(session_id__in=ids).order_by("session_id", "rank") if ids else ():
        found[row.session_id].append(row)
    return dict(found)


def _values(rank: int, finding: Finding) -> dict[str, Any]:
    assert finding.remedy is not None
    return {
        "check_code": finding.check,
        "version": finding.version,
        "rank": rank,
        "figures": dict(finding.figures),
        "staff": finding.staff[:300],
        "customer": finding.customer[:300],
        "remedy": finding.remedy.way.value,
        "remedy_part": finding.remedy.part.value if finding.remedy.part else "",
        "remedy_amount": round_to(Decimal(finding.remedy.amount), 3),
        "others": list(finding.others),
    }


def replace(failed: Mapping[int, Sequence[Finding]], before: Stored) -> None:
    """Puts ``failed`` in the place of what was stored ``before`` for the sessions priced now. Two queries at most."""
    now = {pk: [_values(rank, finding) for rank, finding in enumerate(found)] for pk, found in failed.items()}
    gone = [pk for pk, rows in before.items() if now.get(pk) != [_of_row(row) for row in rows]]
    if gone:
        CheckFinding.objects.filter(session_id__in=gone).delete()
    fresh = [
        CheckFinding(session_id=pk, **values) for pk, rows in now.items() if pk not in before or pk in gone for values in rows
    ]
    CheckFinding.objects.bulk_create(fresh)


_COMPARED = ("check_code", "version", "rank", "figures", "staff", "customer", "remedy", "remedy_part", "remedy_amount", "others")


def _of_row(row: CheckFinding) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _COMPARED}
