"""The protection is there whatever state a database was in before it was migrated."""

import json
from pathlib import Path

import pytest

from tests.conftest import ROOT, _database
from tests.proofs.forks import Forks

pytestmark = [pytest.mark.slow, pytest.mark.process]
# The apps with rows that never change, the upper one first: each of its states stands on the newest of the lower.
EARLIER = [
    (app, path.stem)
    for app in ("disputes", "billing")
    for path in reversed(sorted((ROOT / app / "migrations").glob("0*.py"))[:-1])
]  # fmt: skip


def test_the_protection_is_there_after_migrating_from_every_earlier_state(
    own_database: str, tmp_path: Path, full_size: bool
) -> None:
    """A step back each time, and a copy of that all the way forward: every declared trigger is there as declared."""
    with Forks("tests.proofs.protection", own_database, tmp_path) as forks:
        for state in EARLIER if full_size else EARLIER[:1]:
            forks.run(own_database, "migrate", *state)
            for copy in _database(tmp_path, template=own_database):
                forks.run(copy, "migrate")
                said = json.loads(forks.run(copy, "triggers"))
            assert said["declared"] > 30
            assert (state, said["missing"]) == (state, [])
