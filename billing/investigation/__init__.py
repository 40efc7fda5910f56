"""A session somebody questions: everything on record about it, frozen, and what every check says of that."""

from collections.abc import Callable
from dataclasses import dataclass

from billing.checks import Finding, Snapshot, Thresholds, investigate
from billing.checks.canonical import canonical, digest
from billing.held import thresholds_of
from billing.investigation.gathering import gather
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
    thresholds = thresholds_of(session.entity_id)
    evse_cases = cases_within(thresholds.evse_days) if cases_within else None
    snapshot = gather(session, thresholds, evse_cases=evse_cases)
    text = canonical({"version": VERSION, "snapshot": snapshot, "thresholds": thresholds})
    return Investigation(session.pk, snapshot, thresholds, investigate(snapshot, thresholds), text, digest(text))
