"""Issuing a month, killed at any moment, ends with what an uninterrupted one issues: nothing lost, nothing doubled."""

import json
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import _database
from tests.proofs.machine import Machine

pytestmark = [pytest.mark.slow, pytest.mark.process]


def dump(machine: Machine) -> dict[str, Any]:
    return json.loads(machine.run("-m", "tests.proofs.steps", "dump_documents"))


def test_a_killed_issuing_ends_like_an_uninterrupted_one(
    _migrated: str,  # noqa: PT019  its value is used
    tmp_path: Path,
    full_size: bool,
) -> None:
    sessions = 8_000 if full_size else 1_200
    for template in _database(tmp_path, template=_migrated):
        prepared = Machine(template, tmp_path / "data")
        prepared.run("-m", "tests.proofs.steps", "prepare_documents", str(tmp_path), str(sessions))
        for url in _database(tmp_path, template=template):
            machine = Machine(url, tmp_path / "data")
            began = time.monotonic()
            assert machine.worker().wait() == 0
            took = time.monotonic() - began
            expected = dump(machine)
        assert expected["is_finished"]
        assert (len(expected["documents"]), expected["twice"]) == (sessions // 2 + 2, 0)
        rng = random.Random(os.environ.get("CHARGEBILL_SEED", "2026"))
        for _ in range(20 if full_size else 2):
            assert any(_killed_in_time(template, tmp_path, rng.uniform(0.3, 0.97) * took / (n + 1), expected) for n in range(6))


def _killed_in_time(template: str, folder: Path, after_s: float, expected: dict[str, Any]) -> bool:
    """Kills the worker after so many seconds, lets another end the month, compares. False if it was over by then."""
    for url in _database(folder, template=template):
        machine = Machine(url, folder / "data")
        worker = machine.worker()
        time.sleep(after_s)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        cut_short: bool = not dump(machine)["is_finished"]
        assert machine.worker().wait() == 0
        assert dump(machine) == expected
    return cut_short
