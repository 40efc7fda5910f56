"""A session somebody questions: everything on record about it, frozen, and what every check says of that."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from billing.checks import Finding, Snapshot, Thresholds, investigate
from billing.checks.canonical import canonical, digest
from billing.held import thresholds_of
from billing.investigation.gathering import gather_all
from billing.pricing import Anchor
from stations.models import Session

# What the frozen text looks like; counted up when its shape changes.
VERSION = 1


@dataclass(frozen=True, slots=True)
class Investigation:
    """``text`` is the snapshot and the thresholds as one canonical line of JSON, ``sha256`` that of its UTF-8 bytes."""

    session_id: int
    snapshot: Snapshot
    thresholds: Thresholds
    findings: tuple[Finding, ...]
    text: str
    sha256: str

    @property
    def before_tax(self) -> bool:
        """Whether remedies are before tax: the price is fixed on that side."""
        pricing = self.snapshot.record.pricing
        return pricing is not None and pricing.anchor is Anchor.NET


def look_into(session: Session, *, cases_within: Callable[[int], int] | None = None) -> Investigation:
    """All checks on what is on record now. The number of queries has a bound (tests/investigation/test_gathering.py).

    ``cases_within`` counts cases about the same EVSE within so many days; None: nobody does.
    """

    def counted(days: int) -> dict[int, int]:
        return {session.pk: cases_within(days)} if cases_within else {}

    return look_into_all([session], cases_within=counted if cases_within else None)[0]


def look_into_all(
    sessions: Sequence[Session], *, cases_within: Callable[[int], Mapping[int, int]] | None = None
) -> list[Investigation]:
    """The same for sessions of one company, in their order; the number of queries does not grow with theirs.

    ``cases_within`` counts, by session, cases about its EVSE within so many days.
    """
    if not sessions:
        return []
    thresholds = thresholds_of(sessions[0].entity_id)
    evse_cases = cases_within(thresholds.evse_days) if cases_within else None
    looked = []
    for session, snapshot in zip(sessions, gather_all(sessions, thresholds, evse_cases=evse_cases), strict=True):
        text = canonical({"version": VERSION, "snapshot": snapshot, "thresholds": thresholds})
        looked.append(Investigation(session.pk, snapshot, thresholds, investigate(snapshot, thresholds), text, digest(text)))
    return looked
