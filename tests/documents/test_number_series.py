"""How numbers are written, and who may change what about them."""

import pytest

from billing.document_models import NumberSeries
from billing.documents import number_text, prefix_problem
from billing.operations import change_number_series, number_series
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent
from tests.documents.conftest import AT, Operator, numbers


def series_of(operator: Operator, kind: str) -> NumberSeries:
    return next(series for series in number_series(entity=operator.entity) if series.kind == kind)


def change(series: NumberSeries, **new: object) -> NumberSeries:
    values = {"prefix": series.prefix, "digits": series.digits, "next_number": series.next_number, **new}
    return change_number_series(series=series, actor=None, at=AT, **values)


def test_a_number_is_the_prefix_and_a_count_with_zeros() -> None:
    assert number_text("INV-", 6, 412, 2026) == "INV-000412"
    assert number_text("RE/{year}/", 3, 1234, 2026) == "RE/2026/1234"


@pytest.mark.parametrize("prefix", ["R 1-", "=1-", "R\n", "Ü-", "{year}{year}-", "{month}-", "R1", "{year}", "X" * 21])
def test_a_prefix_that_makes_numbers_hard_to_use_is_refused(operator: Operator, prefix: str) -> None:
    assert prefix_problem(prefix)
    series = series_of(operator, "INVOICE")
    with pytest.raises(UserError, match="Nothing was changed"):
        change(series, prefix=prefix)
    assert NumberSeries.objects.get(pk=series.pk).prefix == "INV-"


def test_before_the_first_document_counting_may_begin_anywhere(month: Operator) -> None:
    change(series_of(month, "INVOICE"), prefix="CB-{year}-", digits=4, next_number=412)
    run = month.issue()
    year = run.documents.first().issue_date.year
    assert numbers("INVOICE") == [f"CB-{year}-0412", f"CB-{year}-0413", f"CB-{year}-0414"]
    event = AuditEvent.objects.get(action="number_series.change")
    assert event.changes == {"prefix": ["INV-", "CB-{year}-"], "digits": [6, 4], "next_number": [1, 412]}


def test_afterwards_only_how_they_are_written(month: Operator) -> None:
    month.issue()
    series = series_of(month, "INVOICE")
    assert change(series, prefix="X-").next_number == 4
    with pytest.raises(UserError, match="stays 4") as error:
        change(series, next_number=5)
    assert error.value.code == "numbers_began"


def test_two_kinds_never_share_a_prefix(operator: Operator) -> None:
    with pytest.raises(UserError, match="Another kind") as error:
        change(series_of(operator, "INVOICE"), prefix="R-")
    assert error.value.code == "prefix_taken"


@pytest.mark.parametrize(("field", "value"), [("digits", 0), ("digits", 13), ("next_number", 0)])
def test_senseless_counts_are_refused(operator: Operator, field: str, value: int) -> None:
    with pytest.raises(UserError, match="Nothing was changed"):
        change(series_of(operator, "INVOICE"), **{field: value})
