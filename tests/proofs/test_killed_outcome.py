"""What was agreed in cases, killed at any commit while it is put right, ends as if nobody had killed it: each thing once."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import _database
from tests.proofs.machine import Machine

pytestmark = [pytest.mark.slow, pytest.mark.process]
OUTCOME = ("-m", "tests.proofs.outcome")


def test_putting_right_killed_at_any_commit_ends_like_one_left_alone(
    _migrated: str,  # noqa: PT019  its value is used
    tmp_path: Path,
    full_size: bool,
) -> None:
    for template in _database(tmp_path, template=_migrated):
        Machine(template, tmp_path / "data").run(*OUTCOME, "prepare", str(tmp_path))
        for url in _database(tmp_path, template=template):
            machine = Machine(url, tmp_path / "data")
            commits = json.loads(machine.run(*OUTCOME, "put_right").splitlines()[-1])["commits"]
            expected = _dump(machine)
        assert {state for _, state in expected["cases"]} == {"RESOLVED"}
        assert (len(expected["cases"]), expected["breaks"], expected["cases_wrong"], expected["rollups_wrong"]) == (5, [], 0, 0)
        # The partner is billed without tax, which 20 % come to.
        assert sorted(amount for _, amount in expected["notes"]) == ["0.200", "0.250", "0.500", "1.200"]
        points = [(number, moment) for number in range(1, commits + 1) for moment in ("before", "after")]
        killed = 0
        for number, moment in points if full_size else (points[3], points[len(points) // 2]):
            for url in _database(tmp_path, template=template):
                killed += _killed_and_taken_up(Machine(url, tmp_path / "data"), number, moment, expected)
        assert killed == (len(points) if full_size else 2)


def _killed_and_taken_up(machine: Machine, number: int, moment: str, expected: dict[str, Any]) -> bool:
    process = machine.start(*OUTCOME, "put_right", str(number), moment)
    is_killed = process.wait() == -signal.SIGKILL
    machine.run(*OUTCOME, "put_right")
    assert _dump(machine) == expected, (number, moment)
    return is_killed


def _dump(machine: Machine) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(machine.run(*OUTCOME, "dump"))
    return found
