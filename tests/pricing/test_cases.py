"""The authored OCPI cases, and those another engine publishes, through the command that scripts use."""

import json
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests.conftest import ROOT

AUTHORED = ROOT / "tests" / "cases" / "ocpi"
PUBLISHED = ROOT.parent / "shared" / "vectors" / "ocpi-tandemdrive"
EXACTLY = Decimal("1e-6")


def priced(folder: Path) -> dict[str, Any]:
    out = StringIO()
    call_command("price", cases=folder, stdout=out)
    return json.loads(out.getvalue())["cases"]


@pytest.fixture(scope="module")
def authored() -> dict[str, Any]:
    return priced(AUTHORED)


def close(amount: str | None, expected: str | None, tolerance: Decimal) -> bool:
    """Within tolerance; unknown only where unknown is expected."""
    if amount is None or expected is None:
        return amount is None and expected is None
    return abs(Decimal(amount) - Decimal(expected)) <= tolerance


def agrees(total: dict[str, str | None], expected: dict[str, str | None], tolerance: Decimal) -> bool:
    return all(close(total[side], expected.get(side), tolerance) for side in ("excl_vat", "incl_vat"))


@pytest.mark.parametrize("name", sorted(path.name for path in AUTHORED.iterdir()))
def test_an_authored_case_costs_what_it_should(authored: dict[str, Any], name: str) -> None:
    expected = json.loads((AUTHORED / name / "expected.json").read_text())
    result = authored[name]
    assert "error" not in result, result
    assert agrees(result["total_cost"], expected["total_cost"], Decimal(expected["tolerance"]))
    exact = expected.get("exact", {})
    for ours, theirs in (("excl_vat", "excl"), ("incl_vat", "incl")):
        if theirs in exact:
            assert close(result["exact"][ours], exact[theirs], EXACTLY)


def adds_up(result: dict[str, Any]) -> bool:
    for ours, side in (("net", "excl_vat"), ("gross", "incl_vat")):
        total = result["total_cost"][side]
        if total is not None and sum((Decimal(line[ours]) for line in result["lines"]), Decimal(0)) != Decimal(total):
            return False
    return True


def test_the_lines_of_every_authored_case_add_up(authored: dict[str, Any]) -> None:
    assert all(adds_up(result) for result in authored.values())
    assert sum(len(result["lines"]) for result in authored.values()) > 60


@pytest.mark.shared
def test_the_published_cases_agree_but_for_the_one_that_contradicts_the_specification() -> None:
    results = priced(PUBLISHED)
    differing = set()
    for name, result in results.items():
        expected = json.loads((PUBLISHED / name / "expected.json").read_text())
        tolerance = Decimal(expected["tolerance"])
        totals = [key for key in expected if key.startswith("total_") and key.endswith("_cost")]
        assert totals
        if not adds_up(result) or not all(agrees(result[key], expected[key], tolerance) for key in totals):
            differing.add((name, expected["status"]))
    assert len(results) == 9
    assert differing == {("025kwh_min_price__cdr2_less_than_2kWh", "contradicts-spec")}
    assert results["025kwh_min_price__cdr2_less_than_2kWh"]["total_cost"] == {"excl_vat": "0.50", "incl_vat": "0.55"}
