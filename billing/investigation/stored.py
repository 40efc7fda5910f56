"""Findings as they are kept with a case, and back."""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from billing.checks import Finding, Part, Remedy, Verdict, Way
from billing.checks.canonical import canonical


def findings_text(findings: Iterable[Finding], *, record_sha256: str, currency: str, before_tax: bool) -> str:
    """One canonical line of JSON: what every check said of the record with this SHA-256."""
    said = {"record_sha256": record_sha256, "currency": currency, "before_tax": before_tax, "findings": list(findings)}
    return canonical(said)


def findings_in(text: str) -> tuple[list[Finding], str, bool]:
    """The findings, the currency of their amounts, and whether these are before tax."""
    said = json.loads(text)
    return [_finding(one) for one in said["findings"]], said["currency"], said["before_tax"]


def _finding(said: dict[str, Any]) -> Finding:
    changed = {"verdict": Verdict(said["verdict"]), "others": tuple(said["others"]), "remedy": _remedy(said["remedy"])}
    return Finding(**{**said, **changed})


def _remedy(said: dict[str, Any] | None) -> Remedy | None:
    if said is None:
        return None
    energy = said["energy_kwh"]
    return Remedy(
        Way(said["way"]),
        Decimal(said["amount"]),
        Part(said["part"]) if said["part"] else None,
        None if energy is None else Decimal(energy),
    )
