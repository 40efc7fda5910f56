"""Which assignment a session gets, against a chooser written the slow way, and the sentences that say so."""

import random
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from billing.assignments import Assignments, Choice, Where, Who, explain, rule_of
from billing.models import Assignment, Tariff
from chargebill.core.models import LegalEntity
from memberships.models import CustomerGroup, CustomerKind, Token
from stations.models import Connector, Evse, Location

DAY = date(2026, 8, 1)
ANNA = Who(token_id=1, customer_id=10, group_ids=frozenset({100, 101}), kind=CustomerKind.MEMBER)
STRANGER = Who(token_id=None, customer_id=None, group_ids=frozenset(), kind=CustomerKind.AD_HOC)
FAST = Where(connector_id=1, evse_id=10, location_id=100, rated_kw=Decimal("50.00"))


def assigned(pk: int, tariff: int = 1, **names: Any) -> Assignment:
    return Assignment(pk=pk, entity_id=1, tariff_id=tariff, **names)


def chooser(*assignments: Assignment) -> Assignments:
    return Assignments(tuple(rule_of(a) for a in assignments))


def test_the_closest_who_wins_before_the_closest_where() -> None:
    closest_first = [
        assigned(9, token_id=1),
        assigned(8, customer_id=10, connector_id=1),
        assigned(7, customer_id=10),
        assigned(6, group_id=100, evse_id=10),
        assigned(5, group_id=101),
        assigned(4, customer_kind="MEMBER"),
        assigned(3, connector_id=1),
        assigned(2, evse_id=10),
        assigned(1, location_id=100),
        assigned(10),
    ]
    while closest_first:
        assert chooser(*reversed(closest_first)).choose(who=ANNA, where=FAST, day=DAY) == Choice(closest_first.pop(0).pk, 1)
    assert chooser().choose(who=ANNA, where=FAST, day=DAY) == Choice(None, None)


def test_a_band_wins_over_none_within_the_same_who_and_where_only() -> None:
    band, plain, closer = assigned(1, 1, min_kw=Decimal(50)), assigned(2, 2), assigned(3, 3, location_id=100)
    assert chooser(band, plain).choose(who=ANNA, where=FAST, day=DAY) == Choice(1, 1)
    assert chooser(band, plain, closer).choose(who=ANNA, where=FAST, day=DAY) == Choice(3, 3)


@pytest.mark.parametrize(
    ("rated", "expected"), [("49.99", None), ("50", 1), ("149.99", 1), ("150", None), (None, None), ("50.00", 1)]
)
def test_a_band_is_half_open_and_never_fits_unknown_power(rated: str | None, expected: int | None) -> None:
    where = Where(1, 10, 100, None if rated is None else Decimal(rated))
    chosen = chooser(assigned(1, min_kw=Decimal(50), max_kw=Decimal(150))).choose(who=STRANGER, where=where, day=DAY)
    assert chosen.assignment_id == expected


@pytest.mark.parametrize(("day", "expected"), [(-1, None), (0, 1), (30, 1), (31, None)])
def test_the_first_day_belongs_to_it_and_the_end_does_not(day: int, expected: int | None) -> None:
    august = chooser(assigned(1, valid_from=date(2026, 8, 1), valid_until=date(2026, 9, 1)))
    assert august.choose(who=STRANGER, where=FAST, day=DAY + timedelta(days=day)).assignment_id == expected


def test_two_groups_with_different_tariffs_are_a_conflict_and_nothing_is_guessed() -> None:
    residents, night, wider = assigned(5, 1, group_id=100), assigned(4, 2, group_id=101), assigned(3, 3)
    assert chooser(residents, night, wider).choose(who=ANNA, where=FAST, day=DAY) == Choice(None, None, (4, 5))
    same = assigned(4, 1, group_id=101)
    assert chooser(residents, same, wider).choose(who=ANNA, where=FAST, day=DAY) == Choice(4, 1)
    closer = assigned(6, 2, group_id=101, location_id=100)
    assert chooser(residents, closer).choose(who=ANNA, where=FAST, day=DAY) == Choice(6, 2)


def slow_choice(assignments: list[Assignment], who: Who, where: Where, day: date) -> Choice:
    """Written from the rules and sharing no code: walks the levels and looks at every assignment on each."""

    def names_who(a: Assignment, level: str) -> bool:
        named = [n for n in ("token_id", "customer_id", "group_id") if getattr(a, n) is not None]
        named += ["kind"] if a.customer_kind != "" else []
        if level == "everyone":
            return named == []
        fits = {
            "token_id": a.token_id == who.token_id,
            "customer_id": a.customer_id == who.customer_id,
            "group_id": a.group_id in who.group_ids,
            "kind": a.customer_kind == who.kind.value,
        }
        return named == [level] and fits[level]

    def names_where(a: Assignment, level: str) -> bool:
        named = [n for n in ("connector_id", "evse_id", "location_id") if getattr(a, n) is not None]
        if level == "everywhere":
            return named == []
        return named == [level] and getattr(a, level) == getattr(where, level)

    def power(a: Assignment, banded: bool) -> bool:
        if not banded:
            return a.min_kw is None and a.max_kw is None
        if (a.min_kw is None and a.max_kw is None) or where.rated_kw is None:
            return False
        return (a.min_kw or 0) <= where.rated_kw < (a.max_kw or 10**9)

    def on_day(a: Assignment) -> bool:
        return (a.valid_from or date.min) <= day < (a.valid_until or date.max)

    levels = product(
        ("token_id", "customer_id", "group_id", "kind", "everyone"),
        ("connector_id", "evse_id", "location_id", "everywhere"),
        (True, False),
    )
    for who_level, where_level, banded in levels:
        fit = [a for a in assignments if names_who(a, who_level) and names_where(a, where_level) and power(a, banded)]
        fit = [a for a in fit if on_day(a)]
        if fit:
            ids = tuple(sorted(a.pk for a in fit))
            tariffs = {a.tariff_id for a in fit}
            return Choice(ids[0], tariffs.pop()) if len(tariffs) == 1 else Choice(None, None, ids)
    return Choice(None, None)


def random_assignment(pk: int, rng: random.Random) -> Assignment:
    who = rng.choice(
        [
            {},
            {"token_id": rng.randint(1, 2)},
            {"customer_id": rng.randint(1, 2)},
            {"group_id": rng.randint(1, 3)},
            {"customer_kind": rng.choice(["AD_HOC", "MEMBER"])},
        ]
    )
    where = rng.choice(
        [{}, {"connector_id": rng.randint(1, 3)}, {"evse_id": rng.randint(1, 2)}, {"location_id": rng.randint(1, 2)}]
    )
    low, high = sorted(rng.sample([None, 11, 22, 50, 150], 2), key=lambda kw: (kw is not None, kw))
    band = {"min_kw": low, "max_kw": high} if rng.random() < 0.4 else {}
    days = sorted(rng.sample(range(6), 2))
    dates = {}
    if rng.random() < 0.5:
        dates["valid_from"] = DAY + timedelta(days=days[0])
    if rng.random() < 0.5:
        dates["valid_until"] = DAY + timedelta(days=days[1])
    band = {name: None if kw is None else Decimal(kw) for name, kw in band.items()}
    return assigned(pk, rng.randint(1, 3), **who, **where, **band, **dates)


def test_every_session_of_a_small_world_gets_what_the_slow_chooser_says() -> None:
    whos = [
        Who(token, customer, frozenset(groups), kind)
        for token, customer, groups, kind in product(
            (None, 1, 2), (None, 1, 2), ((), (1,), (1, 2), (2, 3)), (CustomerKind.AD_HOC, CustomerKind.MEMBER)
        )
    ]
    wheres = [
        Where(connector, evse, location, None if kw is None else Decimal(kw))
        for connector, evse, location, kw in product((1, 2), (1, 2), (1, 2), (None, "11", "22.00", "49.99", "50"))
    ]
    days = [DAY + timedelta(days=n) for n in range(-1, 7)]
    rng = random.Random(20260801)
    seen = {"none": 0, "one": 0, "conflict": 0}
    for _ in range(40):
        assignments = [random_assignment(pk, rng) for pk in rng.sample(range(1, 40), rng.randint(0, 25))]
        fast = chooser(*assignments)
        # In random order, so that what is remembered of one question can't fit the next by its place.
        questions = rng.sample(list(product(whos, wheres, days)), 200)
        for who, where, day in questions:
            expected = slow_choice(assignments, who, where, day)
            assert fast.choose(who=who, where=where, day=day) == expected
            seen["conflict" if expected.conflict else "one" if expected.tariff_id else "none"] += 1
    assert min(seen.values()) > 100, seen


TAYSIDE = LegalEntity(pk=1, name="Tayside Charging")
HUB = Location(pk=1, name="Lochee Hub", entity=TAYSIDE)
EVSE = Evse(pk=1, uid="50914", location=HUB)
NIGHT_OWL = Tariff(pk=1, name="Night owl", entity=TAYSIDE)


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ({}, "“Night owl” applies to everyone at every place of Tayside Charging"),
        (
            {
                "group": CustomerGroup(pk=1, name="Residents"),
                "location": HUB,
                "min_kw": Decimal("50.00"),
                "valid_from": date(2026, 8, 1),
            },
            "“Night owl” applies to members of group Residents at Lochee Hub, connectors from 50 kW, since 1 Aug 2026",
        ),
        (
            {"token": Token(pk=1, uid="04A1"), "connector": Connector(pk=1, evse=EVSE, number="2"), "max_kw": Decimal("22.5")},
            "“Night owl” applies to token 04A1 at connector 50914-2 (Lochee Hub), connectors below 22.5 kW",
        ),
        (
            {"customer_kind": "BUSINESS", "evse": EVSE, "valid_from": date(2026, 8, 1), "valid_until": date(2026, 9, 1)},
            "“Night owl” applies to business customers at EVSE 50914 (Lochee Hub), from 1 Aug 2026 until 31 Aug 2026",
        ),
    ],
)
def test_the_sentence_says_who_where_power_and_when(names: dict[str, Any], sentence: str) -> None:
    assignment = Assignment(entity=TAYSIDE, tariff=NIGHT_OWL, **names)
    assert explain(assignment) == sentence
    assert explain(assignment, kind="MEMBER", version=3) == (
        sentence.replace("owl”", "owl” v3") + " (no closer rule for this member)"
    )
