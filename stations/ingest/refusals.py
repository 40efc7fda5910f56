"""Puts several reasons for refusing a row into one."""

from collections.abc import Callable, Sequence

from stations.ingest.rows import RowRefused

# As long as the column that keeps it.
LONGEST_MESSAGE = 300


def combined(reasons: Sequence[RowRefused]) -> RowRefused:
    """All reasons at once, for a clerk should not learn of them one by one; code and field are the first one's."""
    message = " ".join(dict.fromkeys(reason.message for reason in reasons))
    return RowRefused(reasons[0].code, message[:LONGEST_MESSAGE], reasons[0].field)


def collected(checks: Sequence[Callable[[], object]]) -> list[RowRefused]:
    """The reasons these checks raise."""
    reasons = []
    for check in checks:
        try:
            check()
        except RowRefused as refused:
            reasons.append(refused)
    return reasons
