"""The figures of many cases, and which cases stand behind each of them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import TypeVar

from disputes.statistics.facts import CaseFacts, Given, Outcome

Length = TypeVar("Length", timedelta, Fraction)

# Every figure that counts cases: which ones it counts.
COUNTED: Mapping[str, Callable[[CaseFacts], bool]] = {
    "received": lambda one: True,
    "merged": lambda one: not one.counts,
    "cases": lambda one: one.counts,
    "open": lambda one: one.outcome is Outcome.OPEN,
    "unanswered": lambda one: one.outcome is Outcome.OPEN and one.times.reply is None,
    "replied": lambda one: one.counts and one.times.reply is not None,
    "first_late": lambda one: one.counts and one.first_late,
    "final_late": lambda one: one.counts and one.final_late,
    "resolved": lambda one: one.times.resolution is not None,
    "resolved_in_time": lambda one: one.times.in_time,
    "whole": lambda one: one.outcome is Outcome.WHOLE,
    "part": lambda one: one.outcome is Outcome.PART,
    "not": lambda one: one.outcome is Outcome.NOT,
    "upheld": lambda one: one.is_upheld,
    "decided": lambda one: one.is_decided,
    "withdrawn": lambda one: one.outcome is Outcome.WITHDRAWN,
    "inadmissible": lambda one: one.outcome is Outcome.INADMISSIBLE,
    "given": lambda one: bool(one.given.total),
}


@dataclass(frozen=True, slots=True)
class Spread:
    """Half took no longer than ``median``, nine in ten no longer than ``p90``: each is the time of one of the cases."""

    median: timedelta | Fraction | None = None
    p90: timedelta | Fraction | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """``counts`` by the names of COUNTED. ``reply`` in clock time and ``reply_days`` in business days, of cases that were
    answered; ``resolution`` in clock time, of those resolved or closed. ``given`` by currency, never added up."""

    counts: Mapping[str, int]
    reply: Spread
    reply_days: Spread
    resolution: Spread
    given: Mapping[str, Given]

    @property
    def upheld_share(self) -> Fraction | None:
        """Of the decided ones; None while none is."""
        decided = self.counts["decided"]
        return Fraction(self.counts["upheld"], decided) if decided else None


def figures_of(cases: Iterable[CaseFacts]) -> Figures:
    found = list(cases)
    mine = [one for one in found if one.counts]
    given: dict[str, Given] = {}
    for one in mine:
        if one.given.total:
            given[one.currency] = given.get(one.currency, Given()) + one.given
    return Figures(
        counts={name: sum(map(counted, found)) for name, counted in COUNTED.items()},
        reply=spread([one.times.reply for one in mine if one.times.reply is not None]),
        reply_days=spread([one.times.reply_days for one in mine if one.times.reply_days is not None]),
        resolution=spread([one.times.resolution for one in mine if one.times.resolution is not None]),
        given=dict(sorted(given.items())),
    )


def spread(lengths: Sequence[Length]) -> Spread:
    ordered = sorted(lengths)
    if not ordered:
        return Spread()
    return Spread(_rank(ordered, Fraction(1, 2)), _rank(ordered, Fraction(9, 10)))


def _rank(ordered: Sequence[Length], share: Fraction) -> Length:
    """The smallest that at least that share of them does not exceed."""
    return ordered[-(-share.numerator * len(ordered) // share.denominator) - 1]


def grouped(cases: Iterable[CaseFacts], by: str) -> dict[tuple[str, str], list[CaseFacts]]:
    """By (key, label) of a dimension."""
    found: dict[tuple[str, str], list[CaseFacts]] = defaultdict(list)
    for one in cases:
        found[one.keys[by]].append(one)
    return dict(found)


def behind(cases: Iterable[CaseFacts], figure: str, by: str = "", key: str = "") -> list[int]:
    """Keys of the cases a figure counts, of one row of a dimension or of all."""
    counted = COUNTED[figure]
    return [one.pk for one in cases if counted(one) and (not by or one.keys[by][0] == key)]
