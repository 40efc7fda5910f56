"""A database left at any earlier migration is as protected as a new one once the rest of the migrations ran."""

import json
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from tests.conftest import ROOT, _database
from tests.proofs.machine import Machine

pytestmark = [pytest.mark.slow, pytest.mark.process]


def states() -> list[tuple[str, str]]:
    """Each migration of ours, in the order in which a new database gets them."""
    graph = MigrationLoader(connection, load=False)
    graph.build_graph()
    ours = {config.label for config in apps.get_app_configs() if (ROOT / config.name.partition(".")[0]).is_dir()}
    plan = [one for leaf in graph.graph.leaf_nodes() for one in graph.graph.forwards_plan(leaf)]
    return [one for one in dict.fromkeys(plan) if one[0] in ours]


@pytest.mark.django_db
def test_protection_is_whole_after_migrating_from_every_earlier_state(tmp_path: Path, full_size: bool) -> None:
    every = states()
    wanted = every if full_size else every[-2:-1]
    for base in _database(tmp_path, template=None):
        behind = Machine(base, tmp_path / "data")
        for state in wanted:
            behind.run("-m", "tests.proofs.steps", "migrate_to", *state)
            for copy in _database(tmp_path, template=base):
                machine = Machine(copy, tmp_path / "data")
                machine.run("manage.py", "migrate")
                said = json.loads(machine.run("-m", "tests.proofs.steps", "protection"))
                assert (said["differing"], said["declared"] > 100) == ([], True), state
    assert wanted
