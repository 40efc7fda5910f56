"""Bits that fall over in the file are found, and the protection is there whatever the database was before."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.process]


def run(url: str, folder: Path, *args: str) -> str:
    env = {**os.environ, "DATABASE_URL": url, "CHARGEBILL_DATA": str(folder)}
    done = subprocess.run([sys.executable, *args], cwd=ROOT, env=env, capture_output=True, text=True, timeout=3000)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.sqlite
def test_every_bit_of_a_posted_row_that_falls_over_is_found(own_database: str, tmp_path: Path, full_size: bool) -> None:
    count = 1000 if full_size else 40
    said = json.loads(run(own_database, tmp_path, "-m", "tests.proofs.books", "flip", str(count), "2026"))
    assert said == {"rows": 60, "flipped": count, "missed": []}


EARLIER = [
    (app, path.stem)
    for app in ("billing", "disputes")
    for path in sorted((ROOT / app / "migrations").glob("0*.py"))[:-1]
]  # fmt: skip


def test_the_protection_is_there_after_migrating_from_every_earlier_state(
    own_database: str, tmp_path: Path, full_size: bool
) -> None:
    """Back to an earlier state, the last one or all of them, and forward: every declared trigger is there as declared."""

    def triggers() -> dict[str, Any]:
        return json.loads(run(own_database, tmp_path, "-m", "tests.proofs.books", "triggers"))

    for state in reversed(EARLIER if full_size else EARLIER[-1:]):
        run(own_database, tmp_path, "manage.py", "migrate", "-v0", *state)
        run(own_database, tmp_path, "manage.py", "migrate", "-v0")
        said = triggers()
        assert said["declared"] > 30
        assert (state, said["missing"]) == (state, [])
