"""The stable commands: one JSON object alone on standard output; bad input ends with 2 and changes nothing."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import get_commands, load_command_class

from chargebill.core.models import Job, LegalEntity
from stations.models import ImportBatch
from tests.conftest import ROOT
from tests.pipeline.conftest import HEADER, row

WORKPLACE = (
    b"sessionId,kwhTotal,dollars,created,ended,userId,stationId,locationId\n1,2,0,0014-11-18 15:40:26,0014-11-18 17:11:04,1,2,3\n"
)


Answer = tuple[int, Any, Any]


@pytest.fixture
def manage(db: None, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Runs a command in this process as the command line would: (exit status, its object, its error)."""

    def run(name: str, *args: str) -> Answer:
        status = 0
        command = load_command_class(get_commands()[name], name)
        command._called_from_command_line = True
        try:
            # What manage.py does, without closing the test's connection at the end.
            command.execute(**vars(command.create_parser("manage.py", name).parse_args(args)))
        except SystemExit as ended:
            status = int(ended.code or 0)
        told = capsys.readouterr()
        return status, *_read(status, told.out, told.err)

    return run


def _read(status: int, out: str, err: str) -> tuple[Any, Any]:
    assert "Traceback" not in err
    return (json.loads(out) if out else None), (json.loads(err.splitlines()[-1])["error"] if status == 2 else None)


@pytest.mark.process
def test_an_import_prints_what_became_of_the_rows(own_database: str, tmp_path: Path) -> None:
    """In processes of their own: nothing but the object on standard output, whatever the machine's environment."""
    env = {**os.environ, "DATABASE_URL": own_database, "CHARGEBILL_DATA": str(tmp_path / "data")}

    def run(*args: str) -> Answer:
        done = subprocess.run([sys.executable, "manage.py", *args], cwd=ROOT, env=env, capture_output=True, text=True)
        return done.returncode, *_read(done.returncode, done.stdout, done.stderr)

    file = tmp_path / "export.csv"
    file.write_text("\n".join([HEADER, row("1"), row("2", kwh="-3"), row("3")]) + "\n")
    expected = {"profile": "chargeplace_dundee", "read": 3, "updated": 0, "quarantined": 1, "held": 0}
    assert run("import_sessions", str(file)) == (0, {"batch": 1, **expected, "imported": 2, "unchanged": 0}, None)
    assert run("import_sessions", str(file)) == (0, {"batch": 2, **expected, "imported": 0, "unchanged": 2}, None)
    status, out, error = run("import_sessions", str(tmp_path / "nowhere.csv"))
    assert (status, out, error["code"]) == (2, None, "file_not_found")
    totals = {"sessions": 2, "energy_kwh": "20.0000", "net": {}}
    assert run("rebuild_rollups", "--check") == (0, {"differing": 0, "totals": totals}, None)


@pytest.mark.parametrize(
    ("content", "args", "code"),
    [
        (b"a,b\n1,2\n", [], "unknown_layout"),
        (b"", [], "empty_file"),
        (b"\x00" * 9, [], "nul_byte"),
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
    assert (status, out, error["code"]) == (2, None, code)
    assert set(error) == {"code", "where", "message"}
    assert [model.objects.count() for model in (LegalEntity, Job, ImportBatch)] == [0, 0, 0]


def test_the_demo_fills_an_empty_database_once(manage: Callable[..., Answer]) -> None:
    status, out, _ = manage("demo", "--sessions", "300", "--seed", "3")
    assert status == 0
    assert out["sessions"] + out["quarantined"] == 300
    assert manage("rebuild_rollups", "--check")[0] == 0
    assert manage("demo")[2]["code"] == "not_empty"


def test_the_demo_is_large_or_as_large_as_one_says(manage: Callable[..., Answer]) -> None:
    for args in (("--large", "--sessions", "5"), ("--sessions", "-1")):
        status, out, error = manage("demo", *args)
        assert (status, out, error["code"]) == (2, None, "arguments")
    assert not LegalEntity.objects.exists()


def test_rollups_that_differ_are_reported_and_repaired(manage: Callable[..., Answer]) -> None:
    manage("demo", "--sessions", "100")
    spoil = (
        "from chargebill.analytics.models import NetworkDay as D; D.objects.filter(pk=D.objects.first().pk).update(sessions=99)"
    )
    assert manage("shell", "-v0", "-c", spoil)[0] == 0
    status, out, _ = manage("rebuild_rollups", "--check")
    assert (status, out["differing"]) == (1, 1)
    assert manage("rebuild_rollups")[0] == 0
    assert manage("rebuild_rollups", "--check")[1]["differing"] == 0
