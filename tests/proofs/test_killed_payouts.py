"""Paying out, killed at any moment, ends as if nobody had killed it: nothing promised is lost, nobody is paid twice."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, _database

pytestmark = [pytest.mark.slow, pytest.mark.process]


@pytest.fixture
def databases(_migrated: str, tmp_path: Path) -> Callable[[], Iterator[str]]:
    """A fresh database each time it is asked for one; gone after its turn."""
    return lambda: _database(tmp_path, template=_migrated)


def _environment(url: str, folder: Path) -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": url, "CHARGEBILL_DATA": str(folder)}


def pay(url: str, folder: Path, log: Path, count: int) -> subprocess.Popen[bytes]:
    log.touch()
    command = [sys.executable, "-m", "tests.proofs.payouts", "pay", str(count), str(log)]
    with log.open("a") as out:
        return subprocess.Popen(command, cwd=ROOT, env=_environment(url, folder), stdout=out)


def said(url: str, folder: Path, *command: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, *command], cwd=ROOT, env=_environment(url, folder), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_paying_out_survives_a_kill_at_any_moment(
    databases: Callable[[], Iterator[str]], tmp_path: Path, full_size: bool
) -> None:
    """Killed when a few lines more were promised, or in the middle of the next step, until all of it is done."""
    count = 40 if full_size else 8
    for url in databases():
        log = tmp_path / "log-whole"
        assert pay(url, tmp_path, log, count).wait() == 0
        wanted = said(url, tmp_path, "-m", "tests.proofs.payouts", "dump")
    # The fourth of each list is paid, fails and is paid anew: each due once in the end.
    paid = [source for source, state, _, _ in wanted["refunds"] if state == "SUCCEEDED"]
    assert sorted(map(int, paid)) == list(range(1, count + 1))
    assert dict(wanted["balances"])["2050"] == "0.00"

    rng = random.Random(os.environ.get("CHARGEBILL_SEED", "2027"))
    kills = 0
    for round_no in range(2 if full_size else 1):
        for url in databases():
            log = tmp_path / f"log-{round_no}"
            while True:
                before = len(log.read_text().splitlines()) if log.exists() else 0
                process = pay(url, tmp_path, log, count)
                # What was done before is said again first: it costs a line, and changes nothing.
                until = min(len(wanted["done"]), len(_promised(log)) + rng.randint(1, 3 if full_size else 8))
                while process.poll() is None and len(_promised(log)) < until:
                    time.sleep(0.001)
                if process.poll() is None:
                    time.sleep(rng.random() * 0.03)
                    process.send_signal(signal.SIGKILL)
                kills += process.wait() == -signal.SIGKILL
                lines = log.read_text().splitlines()
                assert not any(line.startswith("lost") for line in lines), lines[before:]
                if lines[-1] == "end":
                    break
            assert said(url, tmp_path, "-m", "tests.proofs.payouts", "dump") == wanted
            books = said(url, tmp_path, "manage.py", "check_books")
            assert (books["clean"], books["breaks"]) == (True, [])
    assert kills >= (60 if full_size else 2)


def _promised(log: Path) -> set[str]:
    return {line for line in log.read_text().split("\n")[:-1] if ":" in line}
