"""Checks of a session: pure, versioned functions over a frozen snapshot. No Django, no clock, no database.

``gate`` runs the cheap ones on every session before it is billed; the list is in the order reasons are named in.
``investigate`` runs all of them on what is on record about a session somebody questions.
"""

from billing.checks import duplicates, fees, idle, meter, people, prices, receipts, time
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
from billing.checks.remedies import exact
from billing.checks.suspicion import suspicious

__all__ = [
    "BY_CODE",
    "GATE",
    "INVESTIGATION",
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
    "investigate",
    "suspicious",
]

# The graver doubt first: the first one that fails names the reason.
_ORDER = ("D1a", "D7", "D5", "D6", "D9", "D8", "D11", "D3", "D4", "D31", "ZERO", "D21", "D22", "D20", "D12")
_MODULES = (duplicates, meter, time, fees, prices, idle, people, receipts)
BY_CODE: dict[str, Check] = {check.code: check for module in _MODULES for check in module.CHECKS}
GATE: tuple[Check, ...] = tuple(BY_CODE[code] for code in _ORDER)
# What the gate does not look at, the money that can be proven first.
_BESIDE = (
    *("D2", "D1b", "D27", "D14", "D13", "D15", "D16", "D17", "D18", "D19", "D25", "D26", "D23", "D24", "D29"),
    *("D10", "D27b", "D28", "D30"),
)
INVESTIGATION: tuple[Check, ...] = (*GATE, *(BY_CODE[code] for code in _BESIDE))


def gate(snapshot: Snapshot, thresholds: Thresholds) -> tuple[Finding, ...]:
    """What every check of the gate says, the gravest first."""
    return tuple(check.look(check, snapshot, thresholds) for check in GATE)


def failures(snapshot: Snapshot, thresholds: Thresholds) -> tuple[Finding, ...]:
    """Those that fail: what holds a session."""
    return tuple(finding for finding in gate(snapshot, thresholds) if finding.verdict is Verdict.FAIL)


def investigate(snapshot: Snapshot, thresholds: Thresholds) -> tuple[Finding, ...]:
    """What every check says, in the order of INVESTIGATION; each remedy's amount is priced anew, and no more than stands."""
    return tuple(exact(check.look(check, snapshot, thresholds), snapshot) for check in INVESTIGATION)
