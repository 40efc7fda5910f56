"""manage.py export_accounting: files in a folder and one JSON object, or one line that says what to do."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from billing.export_models import ExportBatch
from billing.models import AccountingPeriod
from tests.exports.books import busy_books, ledger
from tests.exports.readers import generic_sums
from tests.journal.books import closed, posted
from tests.rows import company

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    def run(*arguments: str) -> dict[str, Any]:
        code = 0
        try:
            call_command("export_accounting", *arguments, "--out", str(tmp_path / "out"))
        except SystemExit as end:
            code = int(str(end.code))
        out, err = capsys.readouterr()
        return {"exit": code, **json.loads((out if code == 0 else err).splitlines()[-1])}

    return run


def test_days_are_written_whole_again_and_again_and_make_no_batch(run: Any, tmp_path: Path) -> None:
    entity = busy_books()
    span = ("--target", "generic", "--from", "2026-01-01", "--to", "2027-01-01")
    said = run(*span)
    assert (said["exit"], said["target"], said["batches"]) == (0, "generic", [])
    names = [file["file"] for file in said["files"]]
    assert names == [f"general-ledger_stadtwerke-nord_2026-01-01_2026-12-31_draft_{c}.csv" for c in ("EUR", "JPY")]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names
    sums = [generic_sums((tmp_path / "out" / name).read_bytes()) for name in names]
    assert sums[0] | sums[1] == ledger(entity)
    assert said["files"][0] == {
        "company": "Stadtwerke Nord",
        "file": names[0],
        "currency": "EUR",
        "entries": 6,
        "rows": 18,
        "debit": "599.800",
        "credit": "599.800",
        "draft": True,
    }
    before = [(tmp_path / "out" / name).read_bytes() for name in names]
    run(*span)
    assert [(tmp_path / "out" / name).read_bytes() for name in names] == before
    assert not ExportBatch.objects.exists()


def test_closed_months_are_no_draft_and_say_which_batch_they_went_out_with(run: Any, tmp_path: Path) -> None:
    busy_books()
    closed(AccountingPeriod.objects.get(first_day="2026-02-01"))
    run("--target", "generic", "--until", "2026-02-28")
    said = run("--target", "generic", "--from", "2026-02-01", "--to", "2026-03-01")
    assert [(file["file"], file["draft"], file["rows"]) for file in said["files"]] == [
        ("general-ledger_stadtwerke-nord_2026-02-01_2026-02-28_EUR.csv", False, 3)
    ]
    text = (tmp_path / "out" / said["files"][0]["file"]).read_text()
    assert [line.split(",")[0] for line in text.splitlines()] == ["batch_id", "GL-1", "GL-1", "GL-1"]


def test_until_makes_a_batch_of_what_has_not_gone_out(run: Any, tmp_path: Path) -> None:
    busy_books()
    posted(1, entity=company("Other"))
    said = run("--target", "generic", "--until", "2026-03-31")
    assert said["batches"] == [
        {"company": "Stadtwerke Nord", "batch": "GL-1", "entries": 7, "postings": 20},
        {"company": "Other", "batch": "GL-1", "entries": 1, "postings": 3},
    ]
    assert len(list((tmp_path / "out").iterdir())) == len(said["files"]) == 3
    assert run("--target", "generic", "--until", "2026-03-31")["batches"] == []
    again = run("--target", "generic", "--until", "2026-03-31", "--entity", "Other")
    assert (again["exit"], again["error"]["code"]) == (2, "nothing_to_export")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--target", "generic"), "arguments"),
        (("--target", "generic", "--until", "2026-03-31", "--from", "2026-01-01"), "arguments"),
        (("--target", "generic", "--until", "31.03.2026"), "day"),
        (("--target", "generic", "--from", "2026-01-01"), "day"),
        (("--target", "generic", "--from", "2026-01-01", "--to", "2026-01-01"), "period"),
        (("--target", "generic", "--until", "2026-03-31", "--entity", "Nobody"), "no_entity"),
        (("--target", "xero", "--until", "2026-03-31"), "not_mapped"),
        (("--target", "datev", "--from", "2026-01-01", "--to", "2027-01-01"), "not_mapped"),
    ],
)
def test_wrong_input_ends_with_two_and_writes_nothing(run: Any, tmp_path: Path, arguments: tuple[str, ...], code: str) -> None:
    busy_books()
    said = run(*arguments)
    assert (said["exit"], said["error"]["code"]) == (2, code)
    assert not ExportBatch.objects.exists()
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())
