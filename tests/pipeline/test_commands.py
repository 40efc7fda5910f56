"""The stable commands: one JSON object alone on standard output; bad input ends with 2 and changes nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.pipeline.conftest import HEADER, row

pytestmark = pytest.mark.process
WORKPLACE = (
    b"sessionId,kwhTotal,dollars,created,ended,userId,stationId,locationId\n1,2,0,0014-11-18 15:40:26,0014-11-18 17:11:04,1,2,3\n"
)


@pytest.fixture
def manage(own_database: str, tmp_path: Path):  # type: ignore[no-untyped-def]
    def run(*args: str) -> tuple[int, Any, Any]:
        env = {**os.environ, "DATABASE_URL": own_database, "CHARGEBILL_DATA": str(tmp_path / "data")}
        done = subprocess.run([sys.executable, "manage.py", *args], cwd=ROOT, env=env, capture_output=True, text=True)
        out = json.loads(done.stdout) if done.stdout else None
        assert "Traceback" not in done.stderr
        error = json.loads(done.stderr.splitlines()[-1]) if done.returncode == 2 else None
        return done.returncode, out, error

    return run


def test_an_import_prints_what_became_of_the_rows(manage, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "export.csv"
    file.write_text("\n".join([HEADER, row("1"), row("2", kwh="-3"), row("3")]) + "\n")
    expected = {"profile": "chargeplace_dundee", "read": 3, "updated": 0, "quarantined": 1, "held": 0}
    assert manage("import_sessions", str(file)) == (0, {"batch": 1, **expected, "imported": 2, "unchanged": 0}, None)
    assert manage("import_sessions", str(file)) == (0, {"batch": 2, **expected, "imported": 0, "unchanged": 2}, None)
    assert manage("price_sessions") == (0, {"sessions": 2}, None)
    totals = {"sessions": 2, "energy_kwh": "20.0000", "net": {}}
    assert manage("rebuild_rollups", "--check") == (0, {"differing": 0, "totals": totals}, None)


@pytest.mark.parametrize(
    ("content", "args", "code"),
    [
        (b"a,b\n1,2\n", [], "unknown_layout"),
        (b"", [], "empty_file"),
        (b"\x00" * 100, [], "not_text"),
        (HEADER.encode() + b"\n\xff\xfe\xfa\n", [], "encoding_unknown"),
        (WORKPLACE, [], "time_zone_unknown"),
        (HEADER.encode() + b"\n", ["--profile", "nonsense"], "unknown_profile"),
        (HEADER.encode() + b"\n", ["--time-zone", "Mars/Base"], "time_zone_unknown"),
        (HEADER.encode() + b"\n", ["--entity", "Nobody"], "unknown_entity"),
        (HEADER.encode() + b"\n", ["--mode", "gift"], "arguments"),
    ],
)  # fmt: skip
def test_a_refused_file_says_why_and_changes_nothing(manage, tmp_path: Path, content: bytes, args: list[str], code: str) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "export.csv"
    file.write_bytes(content)
    status, out, error = manage("import_sessions", str(file), *args)
    assert (status, out) == (2, None)
    if code != "not_text":
        assert error["error"]["code"] == code
    assert set(error["error"]) == {"code", "where", "message"}
    # Had anything been kept, the demo would refuse this database.
    assert manage("demo", "--sessions", "5")[0] == 0


def test_a_file_that_is_not_there_is_named(manage) -> None:  # type: ignore[no-untyped-def]
    assert manage("import_sessions", "/nowhere.csv")[2]["error"]["where"] == "/nowhere.csv"


def test_the_demo_fills_an_empty_database_once(manage) -> None:  # type: ignore[no-untyped-def]
    status, out, _ = manage("demo", "--sessions", "300", "--seed", "3")
    assert status == 0
    assert out["sessions"] + out["quarantined"] == 300
    assert manage("rebuild_rollups", "--check")[0] == 0
    assert manage("demo")[2]["error"]["code"] == "not_empty"


def test_rollups_that_differ_are_reported_and_repaired(manage, own_database: str) -> None:  # type: ignore[no-untyped-def]
    manage("demo", "--sessions", "100")
    spoil = (
        "from chargebill.analytics.models import NetworkDay as D; D.objects.filter(pk=D.objects.first().pk).update(sessions=99)"
    )
    assert manage("shell", "-v0", "-c", spoil)[0] == 0
    status, out, _ = manage("rebuild_rollups", "--check")
    assert (status, out["differing"]) == (1, 1)
    assert manage("rebuild_rollups")[0] == 0
    assert manage("rebuild_rollups", "--check")[1]["differing"] == 0
