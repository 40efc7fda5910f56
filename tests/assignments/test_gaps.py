"""Connectors without a price and contradictions, against asking for every customer at every connector."""

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing import assignments
from billing.assignment_gaps import STRANGER, Coverage, coverage
from billing.assignments import Where, Who
from billing.models import Assignment, TariffVersion
from chargebill.core.models import LegalEntity
from memberships.models import Customer, CustomerGroup, CustomerKind
from stations.models import Connector, Evse, Location
from tests.assignments.conftest import AT, World, make_tariff

DAY = date(2026, 8, 1)
ALL_QUERIES = 7


def gaps(world: World) -> Coverage:
    return coverage(world.entity.pk, day=DAY, moment=AT)


def give(world: World, **terms: Any) -> Assignment:
    return Assignment.objects.create(entity=world.entity, **({"tariff": world.day, "created_at": AT} | terms))


def test_without_assignments_every_connector_lacks_a_price_for_everyone(world: World) -> None:
    found = gaps(world)
    assert found.connectors == 2
    assert [(lack.driver, lack.choice.assignment_id) for lack in found.lacks()[world.slow.pk]] == [(STRANGER, None)]
    give(world)
    assert gaps(world).connectors == 0


def test_a_tariff_without_a_version_in_force_is_no_price(world: World) -> None:
    given = give(world, tariff=make_tariff(world.entity, "Draft only", "0.1", active=False))
    found = gaps(world)
    assert found.connectors == 2
    assert found.lacks()[world.fast.pk][0].choice.assignment_id == given.pk
    later = make_tariff(world.entity, "Later", "0.2", valid_from=AT + timedelta(seconds=1))
    Assignment.objects.update(tariff=later)
    assert gaps(world).connectors == 2
    assert coverage(world.entity.pk, day=DAY, moment=AT + timedelta(seconds=1)).connectors == 0


def test_a_band_leaves_out_slower_connectors_and_those_of_unknown_power(world: World) -> None:
    give(world, min_kw=Decimal(50))
    assert set(gaps(world).lacks()) == {world.slow.pk}
    Connector.objects.filter(pk=world.fast.pk).update(rated_kw=None)
    assert set(gaps(world).lacks()) == {world.slow.pk, world.fast.pk}


def test_members_only_says_who_has_no_price(world: World) -> None:
    Customer.objects.create(entity=world.entity, name="Fleet Ltd", kind="BUSINESS")
    give(world, customer_kind="MEMBER")
    lacks = gaps(world).lacks()[world.slow.pk]
    assert [(lack.driver.who.kind, lack.driver.customers) for lack in lacks] == [("AD_HOC", 0), ("BUSINESS", 1)]


def test_a_customer_in_two_groups_with_two_tariffs_is_a_conflict(world: World) -> None:
    fleet = CustomerGroup.objects.create(entity=world.entity, name="Fleet")
    everyone = give(world)
    one, other = (
        give(world, group=world.residents, location=world.hub),
        give(world, tariff=world.night, group=fleet, location=world.hub),
    )
    assert gaps(world).conflicts() == []
    world.anna.groups.add(fleet)
    (conflict,) = gaps(world).conflicts()
    assert conflict.assignment_ids == (one.pk, other.pk)
    assert [driver.customer_ids for driver in conflict.drivers] == [(world.anna.pk,)]
    assert conflict.connector_ids == {world.slow.pk, world.fast.pk}
    give(world, customer=world.anna, connector=world.slow)
    (conflict,) = gaps(world).conflicts()
    assert conflict.connector_ids == {world.fast.pk}
    assert everyone.pk not in conflict.assignment_ids


def small_world(seed: int) -> LegalEntity:
    """Three places, twelve connectors, twelve customers in three groups, up to eighteen assignments at random."""
    rng = random.Random(seed)
    entity = LegalEntity.objects.create(name=f"Company {seed}", time_zone="UTC")
    tariffs = [make_tariff(entity, f"T{n}", "0.5", active=n != 0) for n in range(4)]
    places = [Location.objects.create(entity=entity, code=f"L{n}", name=f"L{n}") for n in range(3)]
    evses = [Evse.objects.create(entity=entity, location=places[n % 3], uid=f"E{n}") for n in range(6)]
    for n in range(12):
        Connector.objects.create(evse=evses[n % 6], number=str(n), rated_kw=rng.choice([None, 11, 50, 150]))
    groups = [CustomerGroup.objects.create(entity=entity, name=f"G{n}") for n in range(3)]
    for n in range(12):
        kind = rng.choice([CustomerKind.MEMBER, CustomerKind.BUSINESS, CustomerKind.AD_HOC])
        Customer.objects.create(entity=entity, name=f"C{n}", kind=kind).groups.set(rng.sample(groups, rng.randint(0, 2)))
    customers = list(Customer.objects.filter(entity=entity))
    connectors = list(Connector.objects.filter(evse__entity=entity))
    for _ in range(rng.randint(0, 18)):
        who: dict[str, Any] = rng.choice(
            [
                {},
                {"customer": rng.choice(customers)},
                {"group": rng.choice(groups)},
                {"group": rng.choice(groups)},
                {"customer_kind": rng.choice(["MEMBER", "BUSINESS"])},
            ]
        )
        where: dict[str, Any] = rng.choice(
            [{}, {}, {"connector": rng.choice(connectors)}, {"evse": rng.choice(evses)}, {"location": rng.choice(places)}]
        )
        band = rng.choice([{}, {}, {"min_kw": 50}, {"max_kw": 50}])
        dates = rng.choice([{}, {}, {"valid_from": DAY + timedelta(1)}, {"valid_until": DAY + timedelta(1)}])
        Assignment.objects.create(entity=entity, tariff=rng.choice(tariffs), created_at=AT, **who, **where, **band, **dates)
    return entity


@pytest.mark.parametrize("seed", range(12))
def test_it_finds_exactly_what_asking_for_everyone_everywhere_finds(db: None, seed: int) -> None:
    entity = small_world(seed)
    rules = assignments.load(entity.pk)
    priced = set(TariffVersion.objects.filter(tariff__entity=entity, state="ACTIVE").values_list("tariff_id", flat=True))
    people: dict[int | None, Who] = {None: STRANGER.who}
    for customer in Customer.objects.filter(entity=entity):
        groups = frozenset(customer.groups.values_list("pk", flat=True))
        people[customer.pk] = Who(None, customer.pk, groups, CustomerKind(customer.kind))
    expected: dict[int, set[int | None]] = {}
    clashes: dict[tuple[int, ...], set[int]] = {}
    how_many: dict[int, int] = {}
    for plug in Connector.objects.filter(evse__entity=entity).select_related("evse"):
        for pk, who in people.items():
            choice = rules.choose(who=who, where=Where(plug.pk, plug.evse_id, plug.evse.location_id, plug.rated_kw), day=DAY)
            if choice.tariff_id not in priced:
                expected.setdefault(plug.pk, set()).add(pk)
                how_many[plug.pk] = how_many.get(plug.pk, 0) + (pk is not None)
            if choice.conflict:
                clashes.setdefault(choice.conflict, set()).add(plug.pk)

    with CaptureQueriesContext(connection) as queries:
        found = coverage(entity.pk, day=DAY, moment=AT)
    assert len(queries) <= ALL_QUERIES
    lacks = found.lacks()
    assert set(lacks) == set(expected)
    if found.drivers == (STRANGER,):
        # No assignment tells anybody from a stranger: nobody is counted.
        assert all(of in (set(), set(people)) for of in expected.values())
    else:
        assert {pk: sum(lack.driver.customers for lack in of) for pk, of in lacks.items()} == how_many
    for pk, of in lacks.items():
        named = {customer for lack in of for customer in lack.driver.customer_ids}
        assert named <= expected[pk]
        assert (None in expected[pk]) == any(lack.driver.who == STRANGER.who for lack in of)
    assert {conflict.assignment_ids: conflict.connector_ids for conflict in found.conflicts()} == clashes


def test_the_random_worlds_hold_gaps_conflicts_and_coverage(db: None) -> None:
    found = [coverage(small_world(seed).pk, day=DAY, moment=AT) for seed in range(12)]
    assert any(not one.spots for one in found) or any(one.connectors < 12 for one in found)
    assert any(one.conflicts() for one in found)
    assert any(one.connectors for one in found)
