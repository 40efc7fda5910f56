"""``manage.py tariff_text FILE``: the text as one JSON object, without a database."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.process
TARIFF = {
    "id": "12",
    "currency": "EUR",
    "elements": [{"price_components": [{"type": "ENERGY", "price": 0.49, "vat": 19, "step_size": 1}]}],
}


def run(tmp_path: Path, *arguments: str) -> tuple[int, Any, Any]:
    """Exit status, object on standard output, error. The database it is told of can't be reached."""
    env = {**os.environ, "DATABASE_URL": "postgres://nobody@127.0.0.1:1/nowhere", "CHARGEBILL_DATA": str(tmp_path / "data")}
    command = [sys.executable, "manage.py", "tariff_text", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    error = json.loads(done.stderr.splitlines()[-1])["error"] if done.returncode else None
    return done.returncode, json.loads(done.stdout) if done.stdout else None, error


def test_a_tariff_is_said_in_words(tmp_path):
    file = tmp_path / "tariff.json"
    file.write_text(json.dumps(TARIFF))
    assert run(tmp_path, str(file)) == (
        0,
        {"text": ["Energy: 0.49 EUR per kWh.", "Energy: billed by the Wh.", "Prices exclude 19 % tax."], "language": "en"},
        None,
    )
    assert run(tmp_path, str(file), "--language", "de")[1] == {
        "text": ["Energie: 0,49 EUR pro kWh.", "Energie: abgerechnet je Wh.", "Preise zzgl. 19 % Steuer."],
        "language": "de",
    }


def test_bad_input_is_refused_with_its_place(tmp_path):
    file = tmp_path / "tariff.json"
    status, out, error = run(tmp_path, str(file))
    assert (status, out, error["code"], error["where"]) == (2, None, "file", "FILE")
    file.write_text("{")
    status, out, error = run(tmp_path, str(file))
    assert (status, out, error["code"], error["where"]) == (2, None, "bad_json", "line 1 column 2")
    file.write_text(json.dumps({**TARIFF, "elements": []}))
    status, out, error = run(tmp_path, str(file))
    assert (status, out, error["code"], error["where"]) == (2, None, "elements_empty", "elements")
    status, out, error = run(tmp_path, str(file), "--language", "fr")
    assert (status, out, error["code"]) == (2, None, "arguments")
