"""Checks of a session: pure, versioned functions over a frozen snapshot. No Django, no clock, no database.

``gate`` runs the cheap ones on every session before it is billed; the list is in the order reasons are named in.
"""

from billing.checks import duplicates, fees, meter, time
from billing.checks.model import (
    Check,
    Finding,
    Other,
    Part,
    Reading,
    Remedy,
    Snapshot,
    Thresholds,
    Verdict,
    Way,
)
from billing.checks.suspicion import suspicious

__all__ = [
    "BY_CODE",
    "GATE",
    "Check",
    "Finding",
    "Other",
    "Part",
    "Reading",
    "Remedy",
    "Snapshot",
    "Thresholds",
    "Verdict",
    "Way",
    "failures",
    "gate",
    "suspicious",
]

# The graver doubt first: the first one that fails names the reason.
_ORDER = ("D1a", "D7", "D5", "D6", "D9", "D8", "D11", "D3", "D4", "D31", "ZERO", "D21", "D22", "D20", "D12")
BY_CODE: dict[str, Check] = {check.code: check for module in (duplicates, meter, time, fees) for check in module.CHECKS}
GATE: tuple[Check, ...] = tuple(BY_CODE[code] for code in _ORDER)


def gate(snapshot: Snapshot, thresholds: Thresholds) -> tuple[Finding, ...]:
    """What every check of the gate says, the gravest first."""
    return tuple(check.look(check, snapshot, thresholds) for check in GATE)


def failures(snapshot: Snapshot, thresholds: Thresholds) -> tuple[Finding, ...]:
    """Those that fail: what holds a session."""
    return tuple(finding for finding in gate(snapshot, thresholds) if finding.verdict is Verdict.FAIL)
