"""Which tariff a session gets: the most specific assignment that fits. Read once, then chosen without queries.

The order: who (token, customer, group, customer kind, everyone), then where (connector, EVSE, location, everywhere),
then a power band before none. Whoever pays comes first: a rule for a member at every place beats one for everyone at
this very connector.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from billing.models import Assignment
from memberships.models import CustomerKind

# Levels, most specific first; the last of each is an assignment that names none of the fields below.
TOKEN, CUSTOMER, GROUP, KIND, EVERYONE = range(5)
CONNECTOR, EVSE, LOCATION, EVERYWHERE = range(4)
WHO_FIELDS = ("token_id", "customer_id", "group_id", "customer_kind")
WHERE_FIELDS = ("connector_id", "evse_id", "location_id")


@dataclass(frozen=True, slots=True)
class Who:
    """Who charged, as memberships.queries resolves a session's token."""

    token_id: int | None
    customer_id: int | None
    group_ids: frozenset[int]
    kind: CustomerKind


@dataclass(frozen=True, slots=True)
class Where:
    """Where it charged: the place is the session's own, the rated power its connector's (None: not known)."""

    connector_id: int
    evse_id: int
    location_id: int
    rated_kw: Decimal | None


@dataclass(frozen=True, slots=True)
class Choice:
    """What applies, or nothing. ``conflict``: ids of equally specific assignments that name different tariffs."""

    assignment_id: int | None
    tariff_id: int | None
    conflict: tuple[int, ...] = ()


NONE = Choice(None, None)


@dataclass(frozen=True, slots=True)
class Rule:
    """One assignment as the choice needs it. ``who`` and ``where`` are (level, what it names); bounds are half-open."""

    id: int
    tariff_id: int
    who: tuple[int, Any]
    where: tuple[int, int | None]
    min_kw: Decimal | None
    max_kw: Decimal | None
    valid_from: date | None
    valid_until: date | None

    @property
    def has_band(self) -> bool:
        return self.min_kw is not None or self.max_kw is not None

    def allows_power(self, rated_kw: Decimal | None) -> bool:
        """A band never fits a connector of which nobody knows the rated power."""
        if not self.has_band:
            return True
        return (
            rated_kw is not None
            and (self.min_kw is None or self.min_kw <= rated_kw)
            and (self.max_kw is None or rated_kw < self.max_kw)
        )

    def is_in_force(self, day: date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_until is None or day < self.valid_until)

    @property
    def rank(self) -> tuple[int, int, int]:
        """Smaller is more specific."""
        return self.who[0], self.where[0], 0 if self.has_band else 1


def whos(who: Who) -> Iterator[tuple[int, Any]]:
    """What an assignment may name to concern this driver, most specific first."""
    if who.token_id is not None:
        yield TOKEN, who.token_id
    if who.customer_id is not None:
        yield CUSTOMER, who.customer_id
    for group_id in who.group_ids:
        yield GROUP, group_id
    yield KIND, str(who.kind)
    yield EVERYONE, None


def wheres(where: Where) -> tuple[tuple[int, int | None], ...]:
    """What an assignment may name to concern this connector, most specific first."""
    return (CONNECTOR, where.connector_id), (EVSE, where.evse_id), (LOCATION, where.location_id), (EVERYWHERE, None)


@dataclass(slots=True)
class Assignments:
    """An entity's assignments, ready to choose from. Remembers what it chose; as good as the moment it was read."""

    rules: tuple[Rule, ...]
    # What some assignment says as its who, as its where; whether one has a band.
    named: frozenset[tuple[int, Any]] = field(init=False, repr=False)
    places: frozenset[tuple[int, int | None]] = field(init=False, repr=False)
    has_bands: bool = field(init=False, repr=False)
    _by_key: dict[tuple[Any, Any], list[Rule]] = field(init=False, repr=False)
    _days: list[date] = field(init=False, repr=False)
    _chosen: dict[Any, Choice] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        by_key = defaultdict(list)
        for rule in self.rules:
            by_key[rule.who, rule.where].append(rule)
        self._by_key = dict(by_key)
        # Between two of these days the same assignments are in force.
        self._days = sorted({day for rule in self.rules for day in (rule.valid_from, rule.valid_until) if day is not None})
        self.named = frozenset(rule.who for rule in self.rules)
        self.places = frozenset(rule.where for rule in self.rules)
        self.has_bands = any(rule.has_band for rule in self.rules)

    def choose(self, *, who: Who, where: Where, day: date) -> Choice:
        """The assignment for a session that starts on a local day. No query; the same question is answered once."""
        # Only what some assignment names tells two sessions apart: a million drivers without a rule are one question.
        named = tuple([key for key in whos(who) if key in self.named])
        places = tuple([key for key in wheres(where) if key in self.places])
        question = (named, places, where.rated_kw if self.has_bands else None, bisect_right(self._days, day))
        choice = self._chosen.get(question)
        if choice is None:
            choice = self._chosen[question] = self._decide(named, places, where.rated_kw, day)
        return choice

    def place(self, where: Where) -> Hashable:
        """The same for two connectors no assignment tells apart."""
        return tuple([key for key in wheres(where) if key in self.places]), where.rated_kw if self.has_bands else None

    def _decide(
        self, named: Iterable[tuple[int, Any]], places: Iterable[tuple[int, int | None]], rated_kw: Decimal | None, day: date
    ) -> Choice:
        fitting = [
            rule
            for who in named
            for where in places
            for rule in self._by_key.get((who, where), ())
            if rule.allows_power(rated_kw) and rule.is_in_force(day)
        ]
        if not fitting:
            return NONE
        best = min(rule.rank for rule in fitting)
        equal = sorted((rule for rule in fitting if rule.rank == best), key=lambda rule: rule.id)
        if len({rule.tariff_id for rule in equal}) > 1:
            return Choice(None, None, tuple(rule.id for rule in equal))
        return Choice(equal[0].id, equal[0].tariff_id)


def rule_of(assignment: Assignment) -> Rule:
    """A stored assignment as the choice takes it."""
    return Rule(
        id=assignment.pk,
        tariff_id=assignment.tariff_id,
        who=_named(assignment, WHO_FIELDS),
        where=_named(assignment, WHERE_FIELDS),
        min_kw=assignment.min_kw,
        max_kw=assignment.max_kw,
        valid_from=assignment.valid_from,
        valid_until=assignment.valid_until,
    )


def _named(assignment: Assignment, fields: tuple[str, ...]) -> tuple[int, Any]:
    for level, name in enumerate(fields):
        if value := getattr(assignment, name):
            return level, value
    return len(fields), None


def load(entity_id: int) -> Assignments:
    """The entity's assignments: one query."""
    return Assignments(tuple(rule_of(assignment) for assignment in Assignment.objects.filter(entity_id=entity_id).order_by("pk")))


# Who is charged, as the end of a sentence names them.
DRIVERS = {
    CustomerKind.AD_HOC: "driver",
    CustomerKind.MEMBER: "member",
    CustomerKind.BUSINESS: "customer",
    CustomerKind.PARTNER: "partner",
    CustomerKind.INTERNAL: "customer",
}
EVERY = {
    CustomerKind.AD_HOC: "ad hoc drivers",
    CustomerKind.MEMBER: "members",
    CustomerKind.BUSINESS: "business customers",
    CustomerKind.PARTNER: "roaming partners",
    CustomerKind.INTERNAL: "internal customers",
}


def explain(assignment: Assignment, *, kind: CustomerKind | str | None = None, version: int | None = None) -> str:
    """Why a tariff applies, in one sentence without a full stop.

    ``kind`` of the customer: adds that no closer rule exists. ``version`` of the tariff: named behind it. Reads the
    names behind the assignment's keys: select RELATED with it where there are many.
    """
    number = f" v{version}" if version is not None else ""
    closer = f" (no closer rule for this {DRIVERS[CustomerKind(kind)]})" if kind is not None else ""
    parts = f"applies to {who_text(assignment)} {where_text(assignment)}"
    more = "".join(f", {text}" for text in (power_text(assignment), period_text(assignment)) if text)
    return f"“{assignment.tariff.name}”{number} {parts}{more}{closer}"


# What the sentence names.
RELATED = ("tariff", "token", "customer", "group", "connector__evse__location", "evse__location", "location", "entity")


def who_text(assignment: Assignment) -> str:
    if assignment.token is not None:
        return f"token {assignment.token.uid}"
    if assignment.customer is not None:
        return f"customer {assignment.customer.name}"
    if assignment.group is not None:
        return f"members of group {assignment.group.name}"
    return EVERY[CustomerKind(assignment.customer_kind)] if assignment.customer_kind else "everyone"


def where_text(assignment: Assignment) -> str:
    """Begins with its preposition."""
    if assignment.connector is not None:
        return f"at connector {assignment.connector} ({assignment.connector.evse.location.name})"
    if assignment.evse is not None:
        return f"at EVSE {assignment.evse.uid} ({assignment.evse.location.name})"
    if assignment.location is not None:
        return f"at {assignment.location.name}"
    return f"at every place of {assignment.entity.name}"


def power_text(assignment: Assignment) -> str:
    """Which connectors by rated power; "" for all."""
    low, high = (None if kw is None else f"{kw.normalize():f}" for kw in (assignment.min_kw, assignment.max_kw))
    if low is None and high is None:
        return ""
    if high is None:
        return f"connectors from {low} kW"
    return f"connectors below {high} kW" if low is None else f"connectors from {low} to below {high} kW"


def period_text(assignment: Assignment) -> str:
    """When; "" for always. Names the last day, not the first after it."""
    first, after = assignment.valid_from, assignment.valid_until
    if after is None:
        return f"since {first:%-d %b %Y}" if first else ""
    last = after - timedelta(days=1)
    if first is None:
        return f"until {last:%-d %b %Y}"
    if first > last:
        return "on no day"
    return f"on {first:%-d %b %Y}" if first == last else f"from {first:%-d %b %Y} until {last:%-d %b %Y}"
