"""A month's issuing, collecting and closing, killed at its commits, ends like one that was left alone."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import _database
from tests.proofs.machine import Machine
from tests.proofs.month import CUSTOMERS, STRANGERS

pytestmark = [pytest.mark.slow, pytest.mark.process]
MONTH = ("-m", "tests.proofs.month")


def test_a_month_killed_at_any_commit_ends_like_one_left_alone(
    _migrated: str,  # noqa: PT019  its value is used
    tmp_path: Path,
    full_size: bool,
) -> None:
    for template in _database(tmp_path, template=_migrated):
        Machine(template, tmp_path / "data").run(*MONTH, "prepare", str(tmp_path))
        for url in _database(tmp_path, template=template):
            machine = Machine(url, tmp_path / "data")
            commits = json.loads(machine.run(*MONTH, "keep").splitlines()[-1])["commits"]
            expected = json.loads(machine.run(*MONTH, "dump"))
        assert (expected["breaks"], len(expected["documents"])) == ([], STRANGERS + CUSTOMERS)
        assert {state for _, state in expected["periods"]} == {"CLOSED"}
        assert len(expected["payments"]) == STRANGERS + CUSTOMERS + 1
        points = [(number, moment) for number in range(1, commits + 1) for moment in ("before", "after")]
        # One of issuing, one of collecting, one of closing.
        killed = 0
        for number, moment in points if full_size else (points[6], points[len(points) // 2], points[-7]):
            for url in _database(tmp_path, template=template):
                killed += _killed_and_taken_up(Machine(url, tmp_path / "data"), number, moment, expected)
        assert killed >= (60 if full_size else 3)


def _killed_and_taken_up(machine: Machine, number: int, moment: str, expected: dict[str, Any]) -> bool:
    process = machine.start(*MONTH, "keep", str(number), moment)
    # A heartbeat commits too, now and then, so that the last points may not be reached.
    is_killed = process.wait() == -signal.SIGKILL
    machine.run(*MONTH, "keep")
    assert json.loads(machine.run(*MONTH, "dump")) == expected, (number, moment)
    return is_killed
