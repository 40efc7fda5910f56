"""Books kept by a process that is killed at any moment lose nothing they promised and hold nothing twice."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, _database

pytestmark = [pytest.mark.slow, pytest.mark.process]
ENTRIES = 40


def keep(url: str, folder: Path, log: Path) -> subprocess.Popen:
    env = {**os.environ, "DATABASE_URL": url, "CHARGEBILL_DATA": str(folder)}
    with log.open("a") as out:
        return subprocess.Popen([sys.executable, "-m", "tests.proofs.books", "keep", str(ENTRIES)], cwd=ROOT, env=env, stdout=out)


def check_books(url: str, folder: Path) -> tuple[int, dict]:
    env = {**os.environ, "DATABASE_URL": url, "CHARGEBILL_DATA": str(folder)}
    done = subprocess.run([sys.executable, "manage.py", "check_books"], cwd=ROOT, env=env, capture_output=True, text=True)
    return done.returncode, json.loads(done.stdout)


@pytest.fixture
def databases(_migrated: str, tmp_path: Path) -> Callable[[], Iterator[str]]:
    """A fresh database each time it is asked for one; gone after its turn."""
    return lambda: _database(tmp_path, template=_migrated)


def test_posting_sealing_and_closing_survive_a_kill_at_any_moment(
    databases: Callable[[], Iterator[str]], tmp_path: Path, full_size: bool
) -> None:
    """Killed when so many lines were promised, each time a little later, until all of it is done; again and again."""
    rng = random.Random(os.environ.get("CHARGEBILL_SEED", "2026"))
    kills = 0
    for round_no in range(6 if full_size else 1):
        for url in databases():
            log = tmp_path / f"log-{round_no}"
            promised_at_kill = 0
            while True:
                process = keep(url, tmp_path, log)
                wanted = promised_at_kill + rng.randint(2, 8 if full_size else 20)
                while process.poll() is None and len(log.read_text().splitlines()) < wanted:
                    time.sleep(0.001)
                if process.poll() is not None:
                    break
                time.sleep(rng.random() * 0.01)
                process.send_signal(signal.SIGKILL)
                kills += process.wait() == -signal.SIGKILL
                promised_at_kill = len(log.read_text().splitlines())
            assert process.returncode == 0
            promised = log.read_text().splitlines()
            assert promised[-1] == "end"
            code, said = check_books(url, tmp_path)
            assert (code, said["breaks"]) == (0, [])
            # All once: the key is unique, each entry has three legs, and seals are dense (check_books).
            assert (said["entries"], said["postings"]) == (ENTRIES, ENTRIES * 3)
            looked_at = {check["check"]: check["looked_at"] for check in said["checks"]}
            assert (looked_at["chain"], looked_at["signatures"]) == (ENTRIES, 2)
    assert kills >= (40 if full_size else 2)
