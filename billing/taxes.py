"""Which tax applies: the dated table of a company, read once and asked for each session without a query.

A rule fits when each of country, category, component and customer kind it names is the one asked for. Of the rules
that fit and have begun, the one that says most wins, in the order of ``COLUMNS``: a rule that names the country beats
any that does not, among equals one that names the category, and so on. Of two that name the same columns the one that
began last counts. No two rules can tie: their columns are the same only if their first days differ.

Which day is asked for is the caller's: the local day of the place on which the session ended
(docs/decisions/0010-day-of-tax.md).
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from billing.models import TaxComponent, TaxRule
from billing.pricing.model import TAXED, Dimension, Tax
from memberships.models import CustomerKind

# From the one that weighs most: where it is taxed, by which kind of rate, which part of the price, who pays.
COLUMNS = ("country", "category", "component", "customer_kind")

COMPONENT_OF = {
    dimension: TaxComponent.RESERVATION
    if dimension in (Dimension.RESERVATION_FLAT, Dimension.RESERVATION_TIME)
    else TaxComponent(dimension.value)
    for dimension in TAXED
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table. An empty column means all; ``valid_from`` None: since ever. ``tax`` in percent."""

    id: int
    country: str
    category: str
    component: str
    customer_kind: str
    valid_from: date | None
    tax: Tax

    @property
    def says(self) -> tuple[bool, ...]:
        """Which of COLUMNS it names: the greater, the closer."""
        return (bool(self.country), bool(self.category), bool(self.component), bool(self.customer_kind))

    @property
    def begins(self) -> date:
        return self.valid_from or date.min

    def fits(self, asked: tuple[str, str, str, str]) -> bool:
        """Whether it is about what is asked, given in the order of COLUMNS; whether it has begun is another question."""
        mine = (self.country, self.category, self.component, self.customer_kind)
        return all(not own or own == other for own, other in zip(mine, asked, strict=True))


@dataclass(frozen=True, slots=True)
class TaxTable:
    """A company's tax rules, ready for look-ups without queries. Answers are kept, so asking again is cheap."""

    rules: tuple[Rule, ...]
    _changes: list[date] = field(init=False, repr=False, compare=False)
    _kept: dict[tuple[str, str, str, int], Mapping[Dimension, Tax]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "_changes", sorted({rule.begins for rule in self.rules}))

    def find(self, *, country: str, category: str, kind: CustomerKind | str, day: date) -> Mapping[Dimension, Tax]:
        """The tax of each taxed dimension on a local day; dimensions that no rule covers are missing.

        ``country`` is the place's; "": unknown, so only rules for every country fit. Read-only, and the same object
        for the same answer's arguments between two changes of the table.
        """
        # Between two days on which any rule begins nothing changes: a session's day is not kept, only where it falls.
        key = (country, category, kind, bisect_right(self._changes, day))
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = self._look_up(country, category, kind, day)
        return found

    def _look_up(self, country: str, category: str, kind: str, day: date) -> Mapping[Dimension, Tax]:
        by_component = {
            component: self.rule(country=country, category=category, component=component, kind=kind, day=day)
            for component in TaxComponent
        }
        taxes = {dimension: rule.tax for dimension, component in COMPONENT_OF.items() if (rule := by_component[component])}
        return MappingProxyType(taxes)

    def rule(self, *, country: str, category: str, component: str, kind: str, day: date) -> Rule | None:
        """The rule that decides one component's tax on a local day; None when none fits."""
        fitting = self.fitting(country=country, category=category, component=component, kind=kind, day=day)
        return fitting[0] if fitting else None

    def fitting(self, *, country: str, category: str, component: str, kind: str, day: date) -> list[Rule]:
        """Every rule that fits on that day, the one that counts first."""
        asked = (country, category, component, kind)
        begun = (rule for rule in self.rules if rule.begins <= day and rule.fits(asked))
        return sorted(begun, key=lambda rule: (rule.says, rule.begins), reverse=True)


def load(entity_id: int) -> TaxTable:
    """A company's table. One query."""
    rows = TaxRule.objects.filter(entity_id=entity_id).order_by("pk").values_list(*("pk", *COLUMNS, "valid_from", "rate", "code"))
    return table(rows)


def table(rows: Iterable[tuple[int, str, str, str, str, date | None, Decimal, str]]) -> TaxTable:
    """The table of rows (id, country, category, component, customer kind, first day, rate, code)."""
    return TaxTable(tuple(Rule(*row[:6], Tax(row[6], row[7])) for row in rows))
