"""Twice the same: one reference, one connector, one token at two places."""

from billing.checks.model import (
    SESSIONS_WITH_CONNECTOR,
    SESSIONS_WITH_TOKEN,
    Check,
    Finding,
    Other,
    Remedy,
    Snapshot,
    Thresholds,
    Way,
)
from billing.checks.words import listed, span


def _against(
    check: Check, snapshot: Snapshot, others: list[Other], figures: dict[str, str], staff: str, customer: str
) -> Finding:
    ids = tuple(sorted(other.id for other in others))
    return check.failed(figures, staff, customer, Remedy(Way.DROP, snapshot.total), ids)


def same_reference(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    others = list(snapshot.same_reference)
    if not others:
        return check.passed()
    names = listed([other.number for other in others])
    return _against(
        check,
        snapshot,
        others,
        {"others": str(len(others))},
        f"the same reference is on session {names}, too: one charge may be billed twice",
        "The same charge may have reached us twice. We look at it before we bill it.",
    )


def overlap_s(snapshot: Snapshot, other: Other) -> int:
    return int((min(snapshot.end, other.end) - max(snapshot.start, other.start)).total_seconds())


def overlapping(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    if not snapshot.connector_named:
        return check.no_data(SESSIONS_WITH_CONNECTOR)
    others = [other for other in snapshot.neighbours if overlap_s(snapshot, other) > thresholds.overlap_s]
    if not others:
        return check.passed()
    longest = max(overlap_s(snapshot, other) for other in others)
    return _against(
        check,
        snapshot,
        others,
        {"others": str(len(others)), "overlap_s": str(longest)},
        f"it overlaps session {listed([other.number for other in others])} on the same connector by {span(longest)}",
        "Our records show two charges on this connector at the same time. We look at it before we bill it.",
    )


def two_places(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    if not snapshot.token:
        return check.no_data(SESSIONS_WITH_TOKEN)

    def apart(other: Other) -> int:
        return int(abs((other.start - snapshot.start).total_seconds()))

    others = [other for other in snapshot.elsewhere if apart(other) <= thresholds.token_apart_s]
    if not others:
        return check.passed()
    nearest = min(others, key=apart)
    return _against(
        check,
        snapshot,
        others,
        {"others": str(len(others)), "apart_s": str(apart(nearest))},
        f"the same token started session {nearest.number} at {nearest.place or 'another place'} {span(apart(nearest))} apart",
        "Your card or app started a charge at two places within a few minutes. We look at it before we bill it.",
    )


CHECKS = (
    Check("D1a", 1, "The same reference twice", same_reference),
    Check("D3", 1, "Two sessions on one connector at the same time", overlapping),
    Check("D4", 1, "One token at two places at the same time", two_places),
)
