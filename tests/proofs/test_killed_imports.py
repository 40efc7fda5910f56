"""A worker killed at any moment, or two of them at one file, leave what an uninterrupted import leaves."""

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import _database
from tests.proofs.files import write_file
from tests.proofs.machine import Machine

pytestmark = [pytest.mark.slow, pytest.mark.process]


@pytest.fixture
def prepared(_migrated: str, tmp_path: Path, full_size: bool) -> Iterator[tuple[str, Path, Path]]:
    """A database with one import waiting, its folder of stored files, and the file."""
    file = tmp_path / "export.csv"
    write_file(file, rows=60_000 if full_size else 12_000)
    for url in _database(tmp_path, template=_migrated):
        Machine(url, tmp_path / "data").run("-m", "tests.proofs.steps", "prepare", str(file))
        yield url, tmp_path / "data", file


def test_a_killed_import_ends_like_an_uninterrupted_one(
    prepared: tuple[str, Path, Path], tmp_path: Path, full_size: bool
) -> None:
    template, data, _ = prepared
    for url in _database(tmp_path, template=template):
        machine = Machine(url, data)
        began = time.monotonic()
        assert machine.worker().wait() == 0
        took = time.monotonic() - began
        expected = machine.dump()
    assert expected["jobs"][0][0] == "DONE", expected
    assert expected["rollups_differing"] == 0
    read, *parts = expected["batches"][0]
    assert read == sum(parts)

    rng = random.Random(os.environ.get("CHARGEBILL_SEED", "2026"))
    for _ in range(20 if full_size else 2):
        assert any(_killed_in_time(template, data, tmp_path, rng.uniform(0.3, 0.97) * took / (n + 1), expected) for n in range(6))


def _killed_in_time(template: str, data: Path, folder: Path, after_s: float, expected: dict[str, Any]) -> bool:
    """Kills the import after so many seconds, lets another worker end it, compares. False if it was over by then.

    From the first moment of Python to shortly before the end; on a machine that got faster meanwhile, sooner.
    """
    for url in _database(folder, template=template):
        machine = Machine(url, data)
        worker = machine.worker()
        time.sleep(after_s)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        cut_short: bool = machine.dump()["jobs"][0][0] != "DONE"
        assert machine.worker().wait() == 0
        assert machine.dump() == expected
    return cut_short


def test_two_imports_of_one_file_at_once_leave_what_one_leaves(
    prepared: tuple[str, Path, Path],
    tmp_path: Path,
    _migrated: str,  # noqa: PT019  its value is used
) -> None:
    template, data, file = prepared
    for url in _database(tmp_path, template=template):
        machine = Machine(url, data)
        assert machine.worker().wait() == 0
        alone = machine.dump()
    for url in _database(tmp_path, template=_migrated):
        machine = Machine(url, data)
        machine.run("-m", "tests.proofs.steps", "prepare", str(file), "2")
        workers = [machine.worker(), machine.worker()]
        assert [worker.wait() for worker in workers] == [0, 0]
        both = machine.dump()
    assert [job[0] for job in both["jobs"]] == ["DONE", "DONE"]
    first, second = both["batches"]
    assert first[0] == second[0] == alone["batches"][0][0]
    assert first[0] == sum(first[1:])
    assert second[0] == sum(second[1:])
    assert first[1] + second[1] == alone["batches"][0][1]
    assert both["sightings"] == alone["sightings"] * 2
    different = {"jobs", "batches", "sightings"}
    assert {k: v for k, v in both.items() if k not in different} == {k: v for k, v in alone.items() if k not in different}
