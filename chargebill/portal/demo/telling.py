"""Puts what goes wrong into a year of ordinary sessions, evenly and by chance, and keeps the plan of it."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from chargebill.portal.demo import kinds
from chargebill.portal.demo.anomalies import ANOMALIES, Anomaly
from chargebill.portal.demo.drawn import Drawn
from chargebill.portal.demo.parallel import charged
from chargebill.portal.demo.people import People
from chargebill.portal.demo.sites import NORD, TWEED, Company, Site
from chargebill.portal.demo.story import MAIN, OTHER, Story
from chargebill.portal.demo.tariffs import Offer, offer_for
from chargebill.portal.demo.usage import DAYS, Street
from memberships.models import CustomerKind

# From so many sessions on everything that can go wrong goes wrong at least once.
ENOUGH = 1500
# Of one clock change so many sessions come from the other back office, which does not say which hour was meant.
OF_ONE_CHANGE = 2
# Who stays the night stays so long.
NIGHT_S = 13 * 3600
OVERNIGHT = (kinds.STREET, kinds.HOTEL, kinds.TOWN, kinds.PARK_AND_RIDE)
STOPS = ("EVDisconnected", "EVDisconnected", "Local", "Remote")


@dataclass(frozen=True, slots=True)
class Dates:
    """The year of the demo by the company's clock. ``billing_from``: the day after the parallel month, else the first."""

    first: date
    last: date
    billing_from: date

    @classmethod
    def of(cls, company: Company, at: datetime) -> "Dates":
        """The year that ended yesterday. The British company had its old system beside for its first whole month."""
        last = at.astimezone(ZoneInfo(company.zone)).date() - timedelta(days=1)
        first = last - timedelta(days=DAYS - 1)
        month = first if first.day == 1 else _next_month(first)
        return cls(first, last, _next_month(month) if company is TWEED else first)


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def open_story(company: Company, places: Sequence[Site], folk: People, when: Dates, *, seed: int, count: int) -> Story:
    """A company's year before anything is told of it."""
    rng = random.Random(f"{seed}:{company.code}:{count}")
    street = Street(company, places, folk, random.Random(f"{seed}:{company.code}:{count}:street"), when.last)
    billing_from = int(datetime.combine(when.billing_from, time(), street.zone).timestamp())
    if when.billing_from > when.first:
        street.elsewhere_until = billing_from
    fast = [pole.uid for site in places if site.kind in (kinds.FAST, kinds.MOTORWAY) for pole in site.poles if pole.is_dc]
    # The German company has two of its seven fast ones silent, the British one of its three; of many, one in sixty.
    street.silent = frozenset(rng.sample(fast, max(2 if company is NORD else 1, len(fast) // 60)))
    story = Story(street, rng, billing_from)
    story.plan.silent = street.silent
    return story


def wanted(story: Story, count: int) -> list[tuple[int, Anomaly]]:
    """When each anomaly is due, as the number of sessions told by then, in order."""
    due = []
    code = story.street.company.code
    for anomaly in ANOMALIES:
        if anomaly.companies and code not in anomaly.companies:
            continue
        times = round(anomaly.share * count / 10_000)
        if count >= ENOUGH:
            times = max(1, times)
        due += [(story.rng.randrange(int(count * anomaly.since), max(1, int(count * 0.985))), anomaly) for _ in range(times)]
    return sorted(due, key=lambda one: one[0])


@dataclass(slots=True)
class Teller:
    """Tells each ordinary session as it is, or as what went wrong made it. ``note`` is called with every row told."""

    story: Story
    due: list[tuple[int, Anomaly]]
    note: Callable[[Drawn], None]
    waiting: list[Anomaly] = field(default_factory=list)
    at_changes: Counter[int] = field(default_factory=Counter)

    def __call__(self, session: Drawn) -> list[Drawn]:
        story = self.story
        session.stop_reason = story.rng.choice(STOPS)
        while self.due and self.due[0][0] <= story.street.drawn:
            self.waiting.append(self.due.pop(0)[1])
        offer = offer_for(story.street.company, session.site, session.pole, session.payer)
        rows = [session]
        if self._is_billed(session, offer):
            assert offer is not None
            if not session.elsewhere and self.waiting:
                rows += self._gone_wrong(session, offer)
            if story.street.company is TWEED and not session.reason and not session.refused:
                self._at_a_change(session)
        elif session.start >= story.billing_from and session.elsewhere and not story.is_sure(session):
            session.elsewhere = False
        for row in rows:
            self._keep(row)
        return rows

    def _is_billed(self, session: Drawn, offer: Offer | None) -> bool:
        if session.start < self.story.billing_from or offer is None or not session.site.known:
            return False
        return session.payer is None or session.payer.kind != CustomerKind.INTERNAL

    def _gone_wrong(self, session: Drawn, offer: Offer) -> list[Drawn]:
        for n, anomaly in enumerate(self.waiting):
            if anomaly.suits(self.story, session, offer):
                del self.waiting[n]
                beside = anomaly.happens(self.story, session)
                for row in (session, *beside):
                    row.reason = anomaly.reason
                self.story.plan.happened[anomaly.name] += 1
                return beside
        return []

    def _at_a_change(self, session: Drawn) -> None:
        """Local times without a zone across a change of the clock are doubted; such that mean two moments are told here."""
        story, day = self.story, session.start // 86_400
        some = sum(self.at_changes[near] for near in (day - 1, day, day + 1)) < OF_ONE_CHANGE
        overnight = not session.pole.is_dc and session.site.kind in OVERNIGHT
        if some and overnight and story.changes_within(session, NIGHT_S) and story.is_over_in(session, 2 * NIGHT_S):
            # On that evening a car or two stay the night.
            session.end = max(session.end, session.start + NIGHT_S)
        if story.is_sure(session):
            return
        if story.is_twice(session.start) or story.is_twice(session.end):
            session.elsewhere = False
            return
        if some and overnight and not session.elsewhere:
            story.in_minutes(session)
            session.elsewhere = True
        if session.elsewhere:
            self.at_changes[day] += 1
            session.reason = "D12"
            story.plan.happened["local time at a change of the clock"] += 1

    def _keep(self, row: Drawn) -> None:
        plan, key = self.story.plan, (OTHER if row.elsewhere else MAIN, row.id)
        offer = offer_for(self.story.street.company, row.site, row.pole, row.payer)
        plan.rows += 1
        if row.elsewhere and row.start < self.story.billing_from:
            row.charged, plan.parallel[row.id] = charged(row, self.story.street.company, offer, self.story.rng)
        if row.refused:
            plan.refused[row.refused] += 1
        elif offer is None:
            plan.unpriced.add(key)
        elif row.reason:
            plan.held[key] = row.reason
        if row.payer and row.payer.kind == CustomerKind.AD_HOC and not row.refused:
            plan.unknown.add(row.payer.uid)
        self.note(row)
