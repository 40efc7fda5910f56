"""A decision, a pricing or a change of zone that is killed at any moment ends like one that was left alone."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import _database
from tests.proofs.files import write_file
from tests.proofs.machine import Machine

pytestmark = [pytest.mark.slow, pytest.mark.process]
STEPS = "tests.proofs.steps"
SEED = os.environ.get("CHARGEBILL_SEED", "2026")
RUNNING = "SELECT COUNT(*) FROM core_job WHERE state = 'RUNNING' AND kind <> 'import'"
WAITING = "SELECT COUNT(*) FROM core_job WHERE state <> 'DONE'"
# Sessions that have as many prices as they must: the first and the new one.
PRICED_TWICE = (
    "SELECT COUNT(*) FROM (SELECT session_id FROM billing_cdr GROUP BY session_id"
    " HAVING COUNT(*) = 2 AND MIN(version) = 1 AND MAX(version) = 2) AS twice"
)
DECISIONS, STILL_HELD = (
    "SELECT COUNT(*) FROM billing_helddecision",
    "SELECT COUNT(*) FROM billing_chargeable WHERE state = 'HELD'",
)
SESSIONS = "SELECT COUNT(*) FROM stations_session"


@pytest.fixture
def file(tmp_path: Path, full_size: bool) -> Path:
    """A third of its sessions are held."""
    path = tmp_path / "export.csv"
    write_file(path, rows=30_000 if full_size else 3_000, doubtful_share=0.33)
    return path


def copies(prepared: str, data: Path, folder: Path) -> Iterator[Machine]:
    for url in _database(folder, template=prepared):
        yield Machine(url, data)


def prepared(step: str, migrated: str, file: Path, folder: Path) -> Iterator[str]:
    for url in _database(folder, template=migrated):
        Machine(url, folder / "data").run("-m", STEPS, step, str(file))
        yield url


def moments(number: int) -> Iterator[float]:
    """Shares of the time a change takes."""
    rng = random.Random(SEED)
    return iter([rng.uniform(0.02, 0.95) for _ in range(number)])


def _deciding(machine: Machine) -> subprocess.Popen:
    process = machine.start("-m", STEPS, "decide", stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "deciding\n"
    return process


def _ended(process: subprocess.Popen) -> None:
    assert process.wait() == 0
    if process.stdout is not None:
        process.stdout.close()


def _kill(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def test_a_killed_decision_is_made_whole_or_not_at_all(
    file: Path,
    tmp_path: Path,
    full_size: bool,
    _migrated: str,  # noqa: PT019  its value is used
) -> None:
    for template in prepared("prepare_decision", _migrated, file, tmp_path):
        for machine in copies(template, tmp_path / "data", tmp_path):
            held = machine.value(STILL_HELD)
            process, began = _deciding(machine), time.monotonic()
            _ended(process)
            took = time.monotonic() - began
            expected = machine.dump()
            assert (machine.value(DECISIONS), machine.value(STILL_HELD)) == (1, 0)
        assert held > 100
        assert expected["rollups_differing"] == 0
        cut_short = 0
        for share in moments(20 if full_size else 1):
            for machine in copies(template, tmp_path / "data", tmp_path):
                process = _deciding(machine)
                time.sleep(share * took)
                _kill(process)
                is_made = machine.value(DECISIONS)
                cut_short += not is_made
                assert machine.value(STILL_HELD) == (0 if is_made else held)
                _ended(_deciding(machine))
                assert machine.dump() == expected
        assert cut_short >= (10 if full_size else 0)


def test_killed_jobs_of_new_prices_and_zones_end_like_uninterrupted_ones(
    file: Path,
    tmp_path: Path,
    full_size: bool,
    _migrated: str,  # noqa: PT019  its value is used
) -> None:
    for template in prepared("prepare_jobs", _migrated, file, tmp_path):
        for machine in copies(template, tmp_path / "data", tmp_path):
            worker = machine.worker()
            began = _running(machine)
            _ended(worker)
            took = time.monotonic() - began
            expected = machine.dump()
            assert machine.value(PRICED_TWICE) == machine.value(SESSIONS) > 0
        assert expected["rollups_differing"] == 0
        assert {job[0] for job in expected["jobs"]} == {"DONE"}
        cut_short = {"price": 0, "time_zone": 0}
        # Twice as many: they fall on both kinds of job.
        for share in moments(40 if full_size else 1):
            for machine in copies(template, tmp_path / "data", tmp_path):
                worker = machine.worker()
                _running(machine)
                time.sleep(share * took)
                _kill(worker)
                for kind in cut_short:
                    cut_short[kind] += machine.value(f"{RUNNING} AND kind = '{kind}'")
                _ended(machine.worker())
                assert machine.dump() == expected
        if full_size:
            assert min(cut_short.values()) >= 8


def _running(machine: Machine) -> float:
    """Waits until a worker is at it; the moment it was."""
    deadline = time.monotonic() + 60
    while not machine.value(RUNNING):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return time.monotonic()
