"""manage.py lint_tariff: one JSON object and its exit status; needs no database."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import get_commands, load_command_class

from billing.pricing.lint import CODES
from tests.conftest import ROOT
from tests.test_docs import text

GOOD = {
    "country_code": "NL", "party_id": "TST", "id": "T1", "currency": "EUR", "last_updated": "2026-09-01T00:00:00Z",
    "elements": [{"price_components": [
        {"type": "ENERGY", "price": 0.4, "step_size": 1}, {"type": "FLAT", "price": 1, "step_size": 1},
    ]}],
}  # fmt: skip
FREE_IDLE = {
    "code": "idle_free",
    "where": "",
    "severity": "INFO",
    "message": "Idle time has no price: a car may stay connected for nothing once it is full.",
    "advice": "Leave it so if places are plenty; else add a price for idle time.",
}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    """(exit status, object on standard output, error) of the command for a file with ``content``."""

    def call(content: object, *args: str) -> tuple[int, Any, Any]:
        file = tmp_path / "tariff.json"
        file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return _run(capsys, str(file), *args)

    return call


def _run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, Any, Any]:
    command = load_command_class(get_commands()["lint_tariff"], "lint_tariff")
    command._called_from_command_line = True
    status = 0
    try:
        command.execute(**vars(command.create_parser("manage.py", "lint_tariff").parse_args(args)))
    except SystemExit as ended:
        status = int(ended.code or 0)
    told = capsys.readouterr()
    return status, (json.loads(told.out) if told.out else None), (json.loads(told.err)["error"] if told.err else None)


def test_findings_without_errors_end_with_0(run: Any) -> None:
    assert run(GOOD) == (0, {"findings": [FREE_IDLE], "errors": 0, "warnings": 0}, None)


def test_errors_end_with_1(run: Any) -> None:
    elements = [{**GOOD["elements"][0], "restrictions": {"min_kwh": 20, "max_kwh": 10}}]  # type: ignore[index]
    status, answer, error = run({**GOOD, "elements": elements})

    assert (status, answer["errors"], answer["warnings"], error) == (1, 1, 0, None)
    assert list(answer["findings"][0].values()) == [
        "bounds_contradict",
        "elements[0].restrictions.min_kwh",
        "ERROR",
        "Element 1 never applies: 20 kWh is not below the upper bound of 10 kWh.",
        "Lower bounds belong to it, upper ones don't: make the upper one larger, or remove one of them.",
    ]


def test_a_document_that_is_no_tariff_is_an_error_with_its_place(run: Any) -> None:
    for content, code, where in [([GOOD], "not_an_object", ""), ({**GOOD, "elements": 5}, "elements_unreadable", "elements")]:
        status, answer, _ = run(content)
        assert (status, answer["errors"], answer["findings"][0]["code"], answer["findings"][0]["where"]) == (1, 1, code, where)


def test_the_place_decides_what_the_law_says(run: Any) -> None:
    def codes(*args: str) -> tuple[int, list[tuple[str, str]]]:
        status, answer, _ = run(GOOD, *args)
        return status, [(one["code"], one["severity"]) for one in answer["findings"] if one["code"].startswith("eu_")]

    assert codes("--country", "NL", "--rated-kw", "150") == (1, [("eu_start_fee", "ERROR")])
    assert codes("--country", "nl", "--rated-kw", "50-") == (1, [("eu_start_fee", "ERROR")])
    assert codes("--country", "NL", "--rated-kw", "-50") == (0, [("eu_price_order", "INFO")])
    assert codes("--country", "NL", "--rated-kw", "22-150")[0] == 0
    assert codes("--country", "NL", "--rated-kw", "150", "--day", "2024-04-12") == (0, [])
    assert codes("--country", "US-CA", "--rated-kw", "150") == (0, [])


def test_the_version_can_be_told(run: Any) -> None:
    (status, answer, _) = run(GOOD, "--ocpi-version", "2.1.1")

    assert status == 0
    assert [one["where"] for one in answer["findings"] if one["code"] == "field_other_version"] == ["country_code", "party_id"]


@pytest.mark.parametrize(
    ("content", "code", "where"),
    [
        (b"{", "bad_json", "line 1 column 2"),
        (b"", "bad_json", "line 1 column 1"),
        (b"\xff\xfe{}", "bad_encoding", "byte 0"),
        (b"[" * 100_000, "too_deep", ""),
        (b'{"price": NaN}', "bad_number", ""),
    ],
)
def test_what_is_no_json_ends_with_2(run: Any, content: bytes, code: str, where: str) -> None:
    status, answer, error = run(content)

    assert (status, answer, error["code"], error["where"]) == (2, None, code, where)


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["--country", "Germany"], "country"),
        (["--rated-kw", "-"], "rated_kw"),
        (["--rated-kw", "fast"], "rated_kw"),
        (["--rated-kw", "150-50"], "rated_kw"),
        (["--day", "tomorrow"], "date"),
        (["--ocpi-version", "2.0"], "arguments"),
    ],
)
def test_arguments_that_mean_nothing_end_with_2(run: Any, args: list[str], code: str) -> None:
    status, answer, error = run(GOOD, *args)

    assert (status, answer, error["code"]) == (2, None, code)


def test_a_file_that_is_not_there_ends_with_2(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.json", tmp_path):
        status, answer, error = _run(capsys, str(path))
        assert (status, answer, error["code"], error["where"]) == (2, None, "file", "FILE")


@pytest.mark.process
def test_no_database_is_needed(tmp_path: Path) -> None:
    file = tmp_path / "tariff.json"
    file.write_text(json.dumps(GOOD))
    env = {**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path}/not/there.sqlite3"}
    done = subprocess.run(
        [sys.executable, "manage.py", "lint_tariff", str(file)], cwd=ROOT, env=env, capture_output=True, text=True
    )

    assert (done.returncode, json.loads(done.stdout)["errors"], done.stderr) == (0, 0, "")


def test_every_finding_is_documented_with_its_severities() -> None:
    rows = [
        [cell.strip() for cell in line.split("|")[1:3]]
        for line in text("docs/tariff-lint.md").splitlines()
        if line.startswith("| `")
    ]
    documented = {code.strip("`"): set(severities.upper().split(", ")) for code, severities in rows}

    assert len(rows) == len(documented)
    assert documented == {code: {str(severity) for severity in severities} for code, severities in CODES.items()}
