"""Puts several reasons for refusing a row into one."""

from collections.abc import Callable, Sequence
from typing import Any

from stations.ingest.rows import RowRefused

# As long as the column that keeps it.
LONGEST_MESSAGE = 300


def combined(reasons: Sequence[RowRefused]) -> RowRefused:
    """All reasons at once, for a clerk should not learn of them one by one; code and field are the first one's."""
    message = " ".join(dict.fromkeys(reason.message for reason in reasons))
    return RowRefused(reasons[0].code, message[:LONGEST_MESSAGE], reasons[0].field)


def collected(checks: Sequence[Callable[[], object]]) -> list[RowRefused]:
    """The reasons these checks raise."""
    return attempted(checks)[1]


def attempted(steps: Sequence[Callable[[], Any]]) -> tuple[list[Any], list[RowRefused]]:
    """What these steps return, and the reasons of those that raise one: all results are there if there are none."""
    results, reasons = [], []
    for step in steps:
        try:
            results.append(step())
        except RowRefused as refused:
            reasons.append(refused)
    return results, reasons
