"""The table against a chooser that works another way, over random rules; one query; answers that can't be spoiled."""

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing import taxes
from billing.models import TaxCategory, TaxComponent, TaxRule
from billing.pricing.model import TAXED, Dimension, Tax
from memberships.models import CustomerKind
from tests.rows import company

COUNTRIES = ["", "DE", "GB", "FR"]
FIRST_DAY = date(2025, 12, 20)


class Row(NamedTuple):
    id: int
    country: str
    category: str
    component: str
    customer_kind: str
    valid_from: date | None
    rate: Decimal
    code: str


def chosen(rows: list[Row], *, country: str, category: str, component: str, kind: str, day: date) -> str | None:
    """The code by elimination: per kind of rule the last that began, then column by column those that name it."""
    asked = {"country": country, "category": category, "component": component, "customer_kind": kind}
    latest: dict[tuple[str, ...], Row] = {}
    for row in rows:
        if row.valid_from is not None and row.valid_from > day:
            continue
        if any(getattr(row, name) not in ("", value) for name, value in asked.items()):
            continue
        same = row[1:5]
        known = latest.get(same)
        if known is None or known.valid_from is None or (row.valid_from is not None and row.valid_from > known.valid_from):
            latest[same] = row
    left = list(latest.values())
    for name in ("country", "category", "component", "customer_kind"):
        naming = [row for row in left if getattr(row, name)]
        left = naming or left
    assert len(left) <= 1, "two rules would tie"
    return left[0].code if left else None


def random_rows(rng: random.Random) -> list[Row]:
    keys = set()
    for _ in range(rng.randrange(25)):
        keys.add(
            (
                rng.choice(COUNTRIES),
                rng.choice(["", "", *TaxCategory.values]),
                rng.choice(["", "", *TaxComponent.values]),
                rng.choice(["", "", *CustomerKind.values]),
                rng.choice([None, *(FIRST_DAY + timedelta(days=n) for n in range(12))]),
            )
        )
    return [Row(n, *key, Decimal(n), f"T{n}") for n, key in enumerate(sorted(keys, key=str))]


@pytest.mark.parametrize("seed", range(20))
def test_the_table_agrees_with_elimination_over_random_rules(seed: int) -> None:
    rng = random.Random(seed)
    answers = set()
    for _ in range(15):
        rows = random_rows(rng)
        table = taxes.table(rows)
        for _ in range(100):
            asked = {
                "country": rng.choice(COUNTRIES),
                "category": rng.choice(TaxCategory.values),
                "kind": rng.choice(CustomerKind.values),
                "day": FIRST_DAY + timedelta(days=rng.randrange(-2, 14)),
            }
            found = table.find(**asked)
            expected = {
                dimension: chosen(rows, component=component, **asked) for dimension, component in COMPONENTS_BY_HAND.items()
            }
            assert {dimension: tax.code for dimension, tax in found.items()} == {d: c for d, c in expected.items() if c}
            answers.update(expected.values())
    # Rules that never fit would prove nothing.
    assert None in answers
    assert len(answers) > 10


COMPONENTS_BY_HAND = {
    Dimension.RESERVATION_FLAT: "RESERVATION",
    Dimension.RESERVATION_TIME: "RESERVATION",
    Dimension.FLAT: "FLAT",
    Dimension.ENERGY: "ENERGY",
    Dimension.TIME: "TIME",
    Dimension.PARKING_TIME: "PARKING_TIME",
}


def test_every_taxed_dimension_has_its_component() -> None:
    assert set(taxes.COMPONENT_OF) == set(TAXED) == set(COMPONENTS_BY_HAND)
    assert {str(d): str(c) for d, c in taxes.COMPONENT_OF.items()} == {str(d): c for d, c in COMPONENTS_BY_HAND.items()}


def test_the_table_is_read_once_and_asked_without_queries(db: None) -> None:
    entity = company()
    TaxRule.objects.create(entity=entity, rate=Decimal(19), code="DE19")
    TaxRule.objects.create(entity=entity, component="TIME", rate=Decimal(7), code="DE7", valid_from=date(2026, 2, 1))
    TaxRule.objects.create(entity=company("Somebody else"), rate=Decimal(5), code="OTHER", valid_from=date(2026, 1, 1))
    with CaptureQueriesContext(connection) as captured:
        table = taxes.load(entity.pk)
    assert len(captured) == 1
    with CaptureQueriesContext(connection) as captured:
        january = table.find(country="DE", category="STANDARD", kind=CustomerKind.AD_HOC, day=date(2026, 1, 31))
        february = table.find(country="DE", category="STANDARD", kind=CustomerKind.AD_HOC, day=date(2026, 2, 1))
    assert len(captured) == 0
    assert january == dict.fromkeys(TAXED, Tax(Decimal(19), "DE19"))
    assert february == {**january, Dimension.TIME: Tax(Decimal(7), "DE7")}


def test_an_answer_is_kept_and_cant_be_changed() -> None:
    table = taxes.table([Row(1, "", "", "", "", date(2026, 1, 1), Decimal(19), "DE19")])
    asked = {"country": "DE", "category": "STANDARD", "kind": CustomerKind.MEMBER}
    found = table.find(**asked, day=date(2026, 1, 1))
    assert table.find(**asked, day=date(2026, 12, 31)) is found
    assert table.find(**asked, day=date(2025, 12, 31)) == {}
    with pytest.raises(TypeError):
        found[Dimension.ENERGY] = Tax(Decimal(0), "FREE")  # type: ignore[index]


def test_without_rules_nothing_is_taxed_and_nothing_is_zero() -> None:
    assert taxes.table([]).find(country="DE", category="STANDARD", kind=CustomerKind.AD_HOC, day=date(2026, 1, 1)) == {}
