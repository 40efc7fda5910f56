"""``take_over``: one JSON object, a dry run unless told otherwise, exit codes as all commands have them."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from billing.document_models import Document
from billing.takeover_models import TakeOver
from chargebill.core.models import LegalEntity, User
from tests.documents.conftest import Operator
from tests.takeover.conftest import INVOICES


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "open.csv"
    path.write_text(INVOICES)
    return path


def run(*arguments: Any, ends: int = 0) -> dict[str, Any]:
    out = StringIO()
    if ends:
        with pytest.raises(SystemExit) as error:
            call_command("take_over", *map(str, arguments), stdout=out)
        assert error.value.code == ends
    else:
        call_command("take_over", *map(str, arguments), stdout=out)
    (line,) = out.getvalue().splitlines() or ["{}"]
    answer: dict[str, Any] = json.loads(line)
    return answer


def test_without_commit_it_says_what_would_happen_and_changes_nothing(tayside: Operator, file: Path) -> None:
    told = run("open_invoices", file, "--day", "2018-09-30")
    assert (told["company"], told["day"], told["read"], told["wrong"]) == ("Tayside Charging", "2018-09-30", 3, 0)
    assert (told["committed"], told["known"], told["totals"][0]) == (False, False, "3 open invoices, GBP 159.50")
    assert told["lines"][0] == {"line": 2, "will": "GBP 100.00 becomes open of Ada, due 2018-08-15.", "problems": []}
    assert not Document.claims.exists()
    assert not TakeOver.objects.exists()


def test_with_commit_it_is_taken_over_once(tayside: Operator, file: Path) -> None:
    told = run("open_invoices", file, "--day", "2018-09-30", "--entity", "Tayside Charging", "--commit")
    made = TakeOver.objects.get()
    assert (told["committed"], told["take_over"], told["known"]) == (True, made.pk, False)
    assert made.signed_as.startswith("command line, ")
    again = run("open_invoices", file, "--commit")
    assert (again["committed"], again["take_over"], again["known"]) == (True, made.pk, True)
    assert Document.claims.count() == 3


def test_a_person_who_may_can_be_named_as_the_one_who_signs(tayside: Operator, file: Path, staff: Any, capsys: Any) -> None:
    fiona, ina = staff("Finance"), staff("Billing clerk")
    run("open_invoices", file, "--signed-by", ina.username, "--commit", ends=2)
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "signed_by"
    run("open_invoices", file, "--signed-by", fiona.username, "--day", "2018-09-30", "--commit")
    assert TakeOver.objects.get().signed_by == User.objects.get(pk=fiona.pk)


def test_a_file_with_problems_ends_with_1_and_its_report_even_with_commit(tayside: Operator, tmp_path: Path) -> None:
    path = tmp_path / "open.csv"
    path.write_text(INVOICES + "C-Nobody,RE-1,2018-09-20,2018-10-04,x,GBP\n")
    told = run("open_invoices", path, "--day", "2018-09-30", "--commit", ends=1)
    assert (told["wrong"], told["committed"]) == (1, False)
    assert [problem["column"] for problem in told["lines"][3]["problems"]] == ["customer", "open_amount"]
    assert not Document.claims.exists()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["missing.csv"], "file"),
        (["FILE", "--entity", "Nobody"], "no_entity"),
        (["FILE", "--day", "soon"], "day"),
    ],
)
def test_bad_input_ends_with_2_and_one_line_of_error(
    tayside: Operator, file: Path, capsys: Any, arguments: list[str], code: str
) -> None:
    run("open_invoices", *[str(file) if part == "FILE" else part for part in arguments], ends=2)
    assert json.loads(capsys.readouterr().err)["error"]["code"] == code


def test_with_several_companies_one_must_be_named(tayside: Operator, file: Path, capsys: Any) -> None:
    LegalEntity.objects.create(name="Another")
    run("open_invoices", file, ends=2)
    assert "--entity" in json.loads(capsys.readouterr().err)["error"]["message"]
