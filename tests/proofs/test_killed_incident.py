"""An incident, killed at any moment, ends as if nobody had killed it: each bill put right once, each driver told once."""

import json
import os
import random
import signal
import time
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import _database
from tests.proofs.incident import EACH
from tests.proofs.machine import Machine

pytestmark = [pytest.mark.slow, pytest.mark.process]


def dump(machine: Machine) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(machine.run("-m", "tests.proofs.incident", "dump"))
    return found


def expected_amounts(sessions: int) -> list[str]:
    """The start fee of 0.50 less what rounding makes of the rest, by session: worked out without the product."""
    found = []
    for n in range(sessions):
        energy = Decimal(f"{1 + n % 50}.{n % 10}7") * Decimal("0.384")
        total, without = ((amount).quantize(Decimal("0.01"), ROUND_HALF_UP) for amount in (energy + Decimal("0.50"), energy))
        found.append(f"S{n} {total - without:.2f}")
    return sorted(found)


def test_a_killed_incident_ends_like_an_uninterrupted_one(
    _migrated: str,  # noqa: PT019  its value is used
    tmp_path: Path,
    full_size: bool,
) -> None:
    sessions = 5_000 if full_size else 300
    members = sessions // (2 * EACH)
    for template in _database(tmp_path, template=_migrated):
        Machine(template, tmp_path / "data").run("-m", "tests.proofs.incident", "prepare", str(tmp_path), str(sessions))
        for url in _database(tmp_path, template=template):
            machine = Machine(url, tmp_path / "data")
            began = time.monotonic()
            assert machine.worker().wait() == 0
            took = time.monotonic() - began
            expected = dump(machine)
        assert (expected["state"], expected["lines"], expected["outcomes"]) == ("done", sessions, [sessions, 0])
        assert expected["amounts"] == expected_amounts(sessions)
        assert len(expected["notes"]) == sessions // 2 + members
        assert (expected["breaks"], expected["rollups_differing"]) == ([], 0)
        # The two with a case are told there.
        told = Counter(who for who, _ in expected["letters"])
        assert (told.pop(None), told) == (sessions // 2, Counter({f"M{n}": 1 for n in range(members)}))
        assert expected["mails"] == sorted(f"member-{n}@example.com" for n in range(2, members))
        assert expected["messages"] == ["D-00001", "D-00002"]
        assert expected["conceded"] == [["D-00001", 1, "0.40", "DONE", True]]
        rng = random.Random(os.environ.get("CHARGEBILL_SEED", "2028"))
        for _ in range(5 if full_size else 2):
            assert any(_killed_in_time(template, tmp_path, rng.uniform(0.3, 0.97) * took / (n + 1), expected) for n in range(6))


def _killed_in_time(template: str, folder: Path, after_s: float, expected: dict[str, Any]) -> bool:
    """Kills the worker after so many seconds, lets another end it, compares. False if it was over by then."""
    for url in _database(folder, template=template):
        machine = Machine(url, folder / "data")
        worker = machine.worker()
        time.sleep(after_s)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        cut_short: bool = dump(machine)["state"] != "done"
        assert machine.worker().wait() == 0
        assert dump(machine) == expected
    return cut_short
