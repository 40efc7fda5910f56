"""What a company's year is told as: ordinary sessions, what went wrong in them, and what is expected to come of it."""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from chargebill.portal.demo.drawn import Drawn
from chargebill.portal.demo.sites import Pole, Site
from chargebill.portal.demo.usage import Street

# By file, then the number of a session in it.
MAIN, OTHER = "chargebill", "chargeplace_dundee"


@dataclass(slots=True)
class Plan:
    """What is expected of the product: reason by (profile, number) of every session that waits, and the rest in counts.

    ``refused``: rows by the code of their refusal. ``silent``: UIDs of EVSEs that fell silent. ``parallel``: by
    the number of a session of the parallel month, how the other system came to its amount.
    """

    rows: int = 0
    held: dict[tuple[str, str], str] = field(default_factory=dict)
    unpriced: set[tuple[str, str]] = field(default_factory=set)
    refused: Counter[str] = field(default_factory=Counter)
    happened: Counter[str] = field(default_factory=Counter)
    silent: frozenset[str] = frozenset()
    unknown: set[str] = field(default_factory=set)
    parallel: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Story:
    """The telling of one company's year. ``billing_from``: the first second whose sessions are billed."""

    street: Street
    rng: random.Random
    billing_from: int
    plan: Plan = field(default_factory=Plan)

    @property
    def zone(self) -> ZoneInfo:
        return self.street.zone

    def hour(self, session: Drawn) -> int:
        return datetime.fromtimestamp(session.start, self.zone).hour

    def is_over_in(self, session: Drawn, seconds: int) -> bool:
        """Whether so long after its start the data still goes on."""
        return session.start + seconds < self.street.end

    def free_elsewhere(self, site: Site, start: int) -> tuple[Site, Pole] | None:
        """A connector at another place that is free from then on, looked for at some of them; the same answer each time."""
        day = datetime.fromtimestamp(start, self.zone).date()
        for other in self.street.sites[:8]:
            if other is not site and other.known and not other.elsewhere and self.street.is_open(other, day):
                for pole in other.poles:
                    if pole.stated and self.street.can_take(pole, start - 600):
                        return other, pole
        return None

    def in_minutes(self, session: Drawn) -> None:
        """As a file tells it that knows whole minutes only."""
        session.start -= session.start % 60
        session.end -= session.end % 60
        session.charging_s = min(session.charging_s, session.seconds)

    def is_sure(self, session: Drawn) -> bool:
        """Whether local times without a zone can mean only one moment each, and the clock does not change in between."""
        return not (self.is_twice(session.start) or self.is_twice(session.end) or self.spans_change(session))

    def is_twice(self, moment: int) -> bool:
        """Whether the local clock shows that time twice."""
        local = datetime.fromtimestamp(moment - moment % 60, self.zone)
        return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()

    def spans_change(self, session: Drawn) -> bool:
        return self.changes_within(session, session.seconds)

    def changes_within(self, session: Drawn, seconds: int) -> bool:
        """Whether the clock changes within so long after the session's start."""
        start, end = (datetime.fromtimestamp(session.start + after, self.zone) for after in (0, seconds))
        return start.utcoffset() != end.utcoffset()
