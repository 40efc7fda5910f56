"""OCPI documents: what reading would not show, what can't be read, and the authored cases."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from billing.pricing.documents import load
from billing.pricing.lint import Severity, lint_document
from tests.conftest import ROOT
from tests.pricing.lint.tariffs import brief, element

COMMON = {"country_code": "NL", "party_id": "TST", "id": "T1", "currency": "EUR", "last_updated": "2026-09-01T00:00:00Z"}
CASES = ROOT / "tests" / "cases" / "ocpi"
V211 = {key: COMMON[key] for key in ("id", "currency", "last_updated")}
IDLE = element({"min_duration": 14400}, PARKING_TIME={"price": 6, "step_size": 1})
# What is said of IDLE alone: the first four hours are free.
AS_EVER = ("range_start_free", "elements[1]", "INFO")


def document(restrictions: Mapping[str, Any] | None = None, component: Mapping[str, Any] | None = None, **fields: Any) -> Any:
    """A tariff in which lint finds AS_EVER only."""
    energy = element(restrictions, ENERGY={"price": 0.4, "step_size": 1, **(component or {})})
    return load(json.dumps({**COMMON, "elements": [energy, IDLE], **fields}))


def found(document: Any, version: str = "") -> list[tuple[str, str, str]]:
    return [one for one in brief(lint_document(document, version=version)) if one != AS_EVER]


def test_an_ordinary_document_has_nothing_of_its_own() -> None:
    assert brief(lint_document(document())) == [AS_EVER]
    assert found(document(tax_included="YES")) == []
    assert found(document(min_price={"excl_vat": 1, "incl_vat": 1.21})) == []


@pytest.mark.parametrize("value", [5, "a tariff", None, [], True])
def test_what_is_no_object_is_one_error(value: object) -> None:
    (one,) = lint_document(value)

    assert (one.code, one.where, one.severity) == ("not_an_object", "", Severity.ERROR)


def test_what_can_not_be_read_is_one_error_with_its_place() -> None:
    assert found(document({"start_time": "25:00"})) == [("start_time_unreadable", "elements[0].restrictions.start_time", "ERROR")]
    assert found(document(elements=[])) == [("elements_empty", "elements", "ERROR")]
    assert found(document(), version="3.0") == [("version_unknown", "", "ERROR")]
    assert found(document(component={"type": ""})) == [("type_missing", "elements[0].price_components[0].type", "ERROR")]
    assert found(document(tax_included="")) == [("tax_included_missing", "tax_included", "ERROR")]
    (one,) = lint_document(document(currency="EURO"))
    assert one.message == "Give the currency as three letters, such as EUR."


def test_an_empty_list_of_weekdays() -> None:
    assert found(document({"day_of_week": []})) == [("day_of_week_empty", "elements[0].restrictions.day_of_week", "INFO")]
    assert found(document({"day_of_week": None})) == []


def test_a_window_that_is_the_whole_day() -> None:
    where = "elements[0].restrictions.end_time"

    assert found(document({"start_time": "08:00", "end_time": "08:00"})) == [("window_whole_day", where, "WARNING")]
    assert found(document({"end_time": "00:00"})) == [("window_end_only_midnight", where, "INFO")]
    assert ("week_gap", "elements[0]", "WARNING") in found(document({"start_time": "08:00", "end_time": "08:01"}))
    assert found(document({"start_time": "08:00", "end_time": "00:00"})) == [("week_gap", "elements[0]", "WARNING")]


def test_steps_that_are_missing_or_zero() -> None:
    where = "elements[0].price_components[0].step_size"

    assert found(document(component={"step_size": None})) == [("step_missing", where, "INFO")]
    assert (
        found(document(component={"step_size": 0}))
        == found(document(component={"step_size": "0"}))
        == [("step_zero", where, "INFO")]
    )
    free = document(elements=[element(FLAT={"price": 0, "step_size": 0})])
    assert found(free) == [("everything_free", "", "INFO")], "the free-of-charge example of OCPI"


def test_numbers_with_too_many_digits_or_as_texts() -> None:
    where = "elements[0].price_components[0].price"

    assert found(document(component={"price": 0.40001})) == [("price_digits", where, "INFO")]
    assert found(document(component={"price": 0.4001})) == []
    assert found(document(component={"price": "0.4"})) == [("number_as_text", where, "INFO")]
    assert found({**V211, "elements": document(component={"price": "0.4"})["elements"]}, "2.1.1") == []
    assert found(document(max_price={"excl_vat": 1.00001})) == [("price_digits", "max_price.excl_vat", "INFO")]


def test_a_rate_that_is_ignored() -> None:
    rates = [element(ENERGY={"price": 0.4, "step_size": 1, "vat": 21}), IDLE]
    expected = [("vat_ignored", "elements[0].price_components[0].vat", "WARNING")]

    assert found(load(json.dumps({**V211, "elements": rates})), "2.1.1") == expected
    assert found(document(component={"vat": 21}, tax_included="N/A")) == expected
    assert found(document(component={"vat": 21}, tax_included="NO")) == []
    assert found(document(component={"vat": 21})) == []


def test_fields_of_another_version_unknown_ones_and_missing_ones() -> None:
    plain = document()

    assert found({**plain, "preauthorize_amount": 50}) == [("field_other_version", "preauthorize_amount", "WARNING")]
    assert found({**plain, "preauthorize_amount": 50, "tax_included": "YES"}) == []
    assert found({**plain, "max_price": {"before_taxes": 50}}) == [("field_other_version", "max_price.before_taxes", "WARNING")]
    assert found({**plain, "max_price": {"excl_vat": 50}, "tax_included": "YES"}) == [
        ("field_other_version", "max_price.excl_vat", "WARNING")
    ]
    assert found({**V211, "elements": plain["elements"], "min_price": 1}, "2.1.1") == [
        ("field_other_version", "min_price", "WARNING")
    ]
    assert found({**plain, "curency": "EUR"}) == [("field_unknown", "curency", "INFO")]
    assert found({**plain, "curency": None}) == []
    assert found({**plain, "party_id": ""}) == [("field_missing", "party_id", "INFO")]


def test_the_authored_tariffs_have_no_errors() -> None:
    folders = sorted(path for path in CASES.iterdir() if path.is_dir())
    assert len(folders) >= 40
    wrong = []
    for folder in folders:
        version = json.loads((folder / "case.json").read_text()).get("ocpi_version", "")
        for one in lint_document(load((folder / "tariff.json").read_bytes()), version=version):
            if one.severity is Severity.ERROR:
                wrong.append((folder.name, one.code, one.where))

    assert wrong == []


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("e19_weekday_with_wrap", {"weekday_overnight", "idle_free"}),
        ("e20_start_equals_end", {"window_whole_day", "element_unreachable", "idle_free"}),
        ("e21_end_midnight_only", {"window_end_only_midnight", "element_unreachable", "idle_free"}),
        ("e09_flat_in_two_elements", {"flat_several", "idle_free"}),
        ("s25_max_power", {"idle_free"}),
        ("s19_reservation_expired_fee", {"idle_free", "minute_price_inexact"}),
        ("s34_free_of_charge", {"everything_free"}),
    ],
)
def test_what_the_authored_tariffs_show(case: str, expected: set[str]) -> None:
    document = load((CASES / case / "tariff.json").read_bytes())

    assert {one.code for one in lint_document(document)} == expected
