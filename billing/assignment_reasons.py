"""Why an assignment applies to a session and why the others do not: the candidates in order, each with its verdict."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from billing.assignments import Rule, Where, Who, wheres, whos

WHO_WORDS = ("this token", "this customer", "a group the customer is in", "this kind of customer", "everyone")
WHERE_WORDS = ("this connector", "this EVSE", "this place", "every place")


class Verdict(StrEnum):
    """What became of a candidate."""

    APPLIES = "applies"
    CONFLICT = "conflict"
    SAME = "same"
    OTHER_WHO = "other_who"
    OTHER_WHERE = "other_where"
    NO_BAND = "no_band"
    POWER = "power"
    POWER_UNKNOWN = "power_unknown"
    NOT_YET = "not_yet"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An assignment that names this driver or everyone, and this connector or every place; ``why`` is a sentence."""

    rule: Rule
    verdict: Verdict
    why: str


def candidates(rules: Iterable[Rule], *, who: Who, where: Where, day: date) -> list[Candidate]:
    """Every assignment that could be meant, most specific first, and why it applies or not."""
    drivers, places = set(whos(who)), set(wheres(where))
    meant = sorted(
        (rule for rule in rules if rule.who in drivers and rule.where in places), key=lambda rule: (rule.rank, rule.id)
    )
    fitting = [rule for rule in meant if rule.allows_power(where.rated_kw) and rule.is_in_force(day)]
    best = [rule for rule in fitting if rule.rank == fitting[0].rank]
    return [Candidate(rule, *_judged(rule, best, where, day)) for rule in meant]


def _judged(rule: Rule, best: list[Rule], where: Where, day: date) -> tuple[Verdict, str]:
    """``best`` are the most specific ones that fit, in order of id."""
    if rule.valid_from is not None and day < rule.valid_from:
        return Verdict.NOT_YET, f"It begins on {rule.valid_from:%-d %b %Y}."
    if not rule.is_in_force(day):
        assert rule.valid_until is not None
        return Verdict.OVER, f"It ended with {rule.valid_until - timedelta(days=1):%-d %b %Y}."
    if not rule.allows_power(where.rated_kw):
        if where.rated_kw is None:
            return Verdict.POWER_UNKNOWN, "It is for a power band, and nobody entered the rated power of this connector."
        return Verdict.POWER, f"This connector is rated {where.rated_kw.normalize():f} kW."
    if rule in best:
        if len({other.tariff_id for other in best}) > 1:
            return Verdict.CONFLICT, "Another one with another tariff is as close. Nothing is guessed, so there is no price."
        if rule is best[0]:
            return Verdict.APPLIES, "It is the closest one that fits."
        return Verdict.SAME, "It says the same as the one that applies."
    closest = best[0]
    if closest.rank[0] != rule.rank[0]:
        return Verdict.OTHER_WHO, f"A rule for {WHO_WORDS[closest.rank[0]]} comes before one for {WHO_WORDS[rule.rank[0]]}."
    if closest.rank[1] != rule.rank[1]:
        words = f"{WHERE_WORDS[closest.rank[1]]} comes before one for {WHERE_WORDS[rule.rank[1]]}"
        return Verdict.OTHER_WHERE, f"A rule for {words}."
    return Verdict.NO_BAND, "A rule for a power band comes before one for any power."
