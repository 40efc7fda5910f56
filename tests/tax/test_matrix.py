"""A company's tax table against situations worked out by hand (matrix.py)."""

from datetime import UTC, datetime

import pytest

from billing import taxes
from billing.operations import set_tax_rule
from billing.pricing.model import Dimension, Tax
from memberships.models import CustomerKind
from tests.rows import company
from tests.tax.matrix import Situation, rules, situations

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


def expected(situation: Situation) -> Tax | None:
    return Tax(situation.rate, situation.code) if situation.rate is not None else None


def answer(table: taxes.TaxTable, asked: Situation) -> Tax | None:
    found = table.find(country=asked.country, category=asked.category, kind=CustomerKind(asked.kind), day=asked.day)
    return found.get(Dimension(asked.dimension))


def test_the_matrix_is_as_big_as_promised() -> None:
    assert len(situations()) >= 40
    assert len({situation[:5] for situation in situations()}) == len(situations())
    # Every rule decides at least one of them.
    assert {rule.code for rule in rules()} == {situation.code for situation in situations()} - {""}


@pytest.mark.parametrize("situation", situations(), ids=lambda situation: situation.why)
def test_the_tax_is(situation: Situation) -> None:
    table = taxes.table((number, *rule) for number, rule in enumerate(rules()))
    assert answer(table, situation) == expected(situation)


def test_the_database_gives_the_same(db: None) -> None:
    entity, other = company(), company("Somebody else")
    for rule in reversed(rules()):
        set_tax_rule(entity=entity, account="", legal_sentence="", source="matrix", actor=None, at=AT, **rule._asdict())
    table, none = taxes.load(entity.pk), taxes.load(other.pk)
    for situation in situations():
        assert answer(table, situation) == expected(situation), situation.why
        assert answer(none, situation) is None
