"""Connectors without a price and assignments that contradict each other, found without a query per connector.

Drivers whom no assignment tells apart are one driver here, connectors no assignment tells apart one place: what is
asked are the few questions that can have different answers.
"""

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Count, Q

from billing import assignments
from billing.assignments import CUSTOMER, EVERYONE, EVERYWHERE, GROUP, KIND, Assignments, Choice, Where, Who
from billing.models import TariffVersion
from memberships.models import Customer, CustomerKind
from stations.models import Connector

NOWHERE = Where(0, 0, 0, None)


@dataclass(frozen=True, slots=True)
class Driver:
    """Drivers who are alike: ``customers`` of them are known; ``customer_ids`` of those with a rule of their own.

    Where STRANGER is the only one, it stands for everybody and nobody was counted.
    """

    who: Who
    customers: int = 0
    customer_ids: tuple[int, ...] = ()


STRANGER = Driver(Who(None, None, frozenset(), CustomerKind.AD_HOC))


@dataclass(frozen=True, slots=True)
class Lack:
    """A driver without a price: no assignment fits, several contradict, or the tariff has no version in force."""

    driver: Driver
    choice: Choice


@dataclass(frozen=True, slots=True)
class Spot:
    """Connectors that are alike, and who has no price there."""

    connector_ids: tuple[int, ...]
    lacks: tuple[Lack, ...]


@dataclass(slots=True)
class Conflict:
    """Assignments that are equally close for these drivers at so many connectors."""

    assignment_ids: tuple[int, ...]
    drivers: list[Driver] = field(default_factory=list)
    connector_ids: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Who may come, and the connectors where some of them have no price."""

    drivers: tuple[Driver, ...]
    spots: tuple[Spot, ...]

    @property
    def connectors(self) -> int:
        return sum(len(spot.connector_ids) for spot in self.spots)

    @property
    def for_nobody(self) -> int:
        """Connectors where no driver has a price."""
        return sum(len(spot.connector_ids) for spot in self.spots if len(spot.lacks) == len(self.drivers))

    def lacks(self) -> dict[int, tuple[Lack, ...]]:
        """Connector -> who has no price there."""
        return {pk: spot.lacks for spot in self.spots for pk in spot.connector_ids}

    def conflicts(self) -> list[Conflict]:
        found: dict[tuple[int, ...], Conflict] = {}
        for spot in self.spots:
            for lack in spot.lacks:
                if ids := lack.choice.conflict:
                    conflict = found.setdefault(ids, Conflict(ids))
                    conflict.connector_ids.update(spot.connector_ids)
                    if lack.driver not in conflict.drivers:
                        conflict.drivers.append(lack.driver)
        return sorted(found.values(), key=lambda conflict: conflict.assignment_ids)


def coverage(entity_id: int, *, day: date, moment: datetime) -> Coverage:
    """Who has no price where, for sessions that start on ``day``; ``moment`` is when versions must be in force.

    Ad hoc drivers may always come, of the other kinds those there are customers of. Seven queries at most.
    """
    rules = assignments.load(entity_id)
    in_force = set(
        TariffVersion.objects.filter(~Q(state=TariffVersion.State.DRAFT), tariff__entity_id=entity_id)
        .filter(Q(valid_from=None) | Q(valid_from__lte=moment), Q(valid_until=None) | Q(valid_until__gt=moment))
        .values_list("tariff_id", flat=True)
    )
    drivers = _drivers(entity_id, rules)

    def lacks(where: Where) -> tuple[Lack, ...]:
        chosen = ((driver, rules.choose(who=driver.who, where=where, day=day)) for driver in drivers)
        return tuple(Lack(driver, choice) for driver, choice in chosen if choice.tariff_id not in in_force)

    alike_everywhere = not rules.has_bands and rules.places <= {(EVERYWHERE, None)}
    if alike_everywhere and not lacks(NOWHERE):
        return Coverage(drivers, ())
    spots = []
    for wheres in _alike(entity_id, rules):
        if found := lacks(wheres[0]):
            spots.append(Spot(tuple(where.connector_id for where in wheres), found))
    return Coverage(drivers, tuple(spots))


def _alike(entity_id: int, rules: Assignments) -> list[list[Where]]:
    """The entity's connectors, those no assignment tells apart together. One query."""
    found: dict[Hashable, list[Where]] = defaultdict(list)
    rows = Connector.objects.filter(evse__entity_id=entity_id).order_by("pk")
    for row in rows.values_list("pk", "evse_id", "evse__location_id", "rated_kw"):
        where = Where(*row)
        found[rules.place(where)].append(where)
    return list(found.values())


def _drivers(entity_id: int, rules: Assignments) -> tuple[Driver, ...]:
    """Who may come, those no assignment tells apart together. A token's own rule only ever adds a price."""
    levels = {level for level, _ in rules.named}
    if levels <= {EVERYONE}:
        return (STRANGER,)
    counts: dict[str, int] = dict(
        Customer.objects.filter(entity_id=entity_id).order_by().values_list("kind").annotate(count=Count("pk"))
    )
    own = {pk for level, pk in rules.named if level == CUSTOMER}
    groups = {pk for level, pk in rules.named if level == GROUP}
    kinds: dict[int, str] = {}
    member_of: dict[int, set[int]] = defaultdict(set)
    if groups:
        rows = Customer.groups.through.objects.filter(customergroup_id__in=groups, customer__entity_id=entity_id)
        for customer_id, group_id, kind in rows.values_list("customer_id", "customergroup_id", "customer__kind"):
            kinds[customer_id] = kind
            member_of[customer_id].add(group_id)
    if own:
        kinds |= dict(Customer.objects.filter(pk__in=own).values_list("pk", "kind"))
    alike: dict[Who, list[int]] = defaultdict(list)
    for customer_id, kind in kinds.items():
        counts[kind] -= 1
        who = Who(
            None,
            customer_id if customer_id in own else None,
            frozenset(member_of.get(customer_id, ())),
            CustomerKind(kind),
        )
        alike[who].append(customer_id)
    drivers = [Driver(STRANGER.who, counts.pop(CustomerKind.AD_HOC, 0))]
    plain = ((CustomerKind(kind), count) for kind, count in sorted(counts.items()) if count)
    if KIND in levels:
        drivers += [Driver(Who(None, None, frozenset(), kind), count) for kind, count in plain]
    else:
        # No assignment looks at the kind: whoever has no rule of their own is like a stranger.
        drivers = [Driver(STRANGER.who, drivers[0].customers + sum(count for _, count in plain))]
    drivers += [Driver(who, len(ids), tuple(ids)) for who, ids in alike.items()]
    return tuple(drivers)
