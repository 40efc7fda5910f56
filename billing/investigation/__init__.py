"""A session somebody questions: everything on record about it, frozen, and what every check says of that."""

from dataclasses import dataclass

from billing.checks import Finding, Snapshot, Thresholds, Verdict, investigate
from billing.checks.canonical import canonical, digest
from billing.held import thresholds_of
from billing.investigation.gathering import gather
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

    def by_verdict(self, verdict: Verdict) -> list[Finding]:
        return [finding for finding in self.findings if finding.verdict is verdict]


def look_into(session: Session, *, evse_cases: int | None = None) -> Investigation:
    """All checks on what is on record now. The number of queries has a bound (tests/investigation/test_gathering.py).

    ``evse_cases``: cases about the same EVSE within ``evse_days`` of the thresholds; None: nobody counts them.
    """
    thresholds = thresholds_of(session.entity_id)
    snapshot = gather(session, thresholds, evse_cases=evse_cases)
    text = canonical({"version": VERSION, "snapshot": snapshot, "thresholds": thresholds})
    return Investigation(session.pk, snapshot, thresholds, investigate(snapshot, thresholds), text, digest(text))
