"""Bits that fall over in the file are found."""

import json
import os
import subprocess
import sys
from pathlib import Path

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
