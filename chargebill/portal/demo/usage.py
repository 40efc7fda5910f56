"""A year of ordinary charging: who comes where and when, day by day, no connector used twice at the same time.

Streams in the order of days in bounded memory: what is kept is one entry a connector and one a token.
"""

import math
import random
from bisect import bisect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from chargebill.portal.demo.drawn import Drawn
from chargebill.portal.demo.kinds import CARS, Car, Kind
from chargebill.portal.demo.people import Payer, People, uid_of
from chargebill.portal.demo.sites import Company, Pole, Site
from memberships.models import CustomerKind
from stations.models import TokenType

DAYS = 365
# Business at the end of the year is so much more than at its begin.
GROWTH = 1.45
# After one car goes and before the next is plugged in; before somebody charges again elsewhere.
CHANGE_S, TRAVEL_S = 120, 1200
# Who finds every connector taken waits so long at most.
PATIENCE_S = 1500
LEAST_WH = 700
LEAST_S = 300
# Cards nobody knows, of all sessions.
UNKNOWN = 0.002
# Silent connectors fall silent so long before the end.
SILENT_S = 60 * 3600


@dataclass(slots=True)
class Street:
    """What happens at a company: its places as they are now. ``free_from`` by connector, ``busy_until`` by token."""

    company: Company
    sites: Sequence[Site]
    people: People
    rng: random.Random
    last_day: date
    silent: frozenset[str] = frozenset()
    # Before this moment everything comes from the other back office.
    elsewhere_until: int = 0
    free_from: dict[str, int] = field(default_factory=dict)
    busy_until: dict[str, int] = field(default_factory=dict)
    meters: dict[str, int] = field(default_factory=dict)
    drawn: int = 0

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.company.zone)

    @property
    def end(self) -> int:
        """The moment the data ends: midnight after the last day."""
        return int(datetime.combine(self.last_day + timedelta(days=1), time(), self.zone).timestamp())

    @property
    def silent_from(self) -> int:
        """The moment the silent connectors fall silent."""
        return self.end - SILENT_S

    def next_id(self) -> str:
        self.drawn += 1
        return str(self.company.first_id + self.drawn - 1)

    def meter(self, pole: Pole) -> int:
        """The connector's register in Wh."""
        if pole.uid not in self.meters:
            self.meters[pole.uid] = self.rng.randrange(2_000_000, 90_000_000)
        return self.meters[pole.uid]

    def is_open(self, site: Site, day: date) -> bool:
        return site.opened is None or day > self.last_day - timedelta(days=site.opened)

    def can_take(self, pole: Pole, start: int) -> bool:
        if pole.uid in self.silent and start > self.silent_from:
            return False
        return self.free_from.get(pole.uid, 0) <= start


def _rate(site: Site, day: date, growth: float) -> float:
    kind, weekday = site.kind, day.weekday()
    percent = kind.week[0 if weekday < 5 else weekday - 4] * kind.year[day.month - 1] / 10_000
    holiday = 0.35 if (day.month, day.day) in ((12, 24), (12, 25), (12, 26), (1, 1)) else 1.0
    return sum(kind.dc if pole.is_dc else kind.ac for pole in site.poles) * percent * growth * holiday


def _hours(kind: Kind, day: date) -> list[int]:
    weekday = day.weekday()
    return list(accumulate(kind.workday if weekday < 5 else kind.saturday if weekday == 5 else kind.sunday))


# What becomes of a session that was drawn: itself and what else is told of it.
Telling = Callable[[Drawn], list[Drawn]]


def year(street: Street, count: int, tell: Telling) -> Iterator[list[Drawn]]:
    """So many sessions, a day at a time, with whatever ``tell`` makes of each. On busy days what finds no room comes later."""
    first = street.last_day - timedelta(days=DAYS - 1)
    days = [first + timedelta(days=n) for n in range(DAYS)]
    rates = []
    for n, day in enumerate(days):
        growth = 1 + (GROWTH - 1) * n / DAYS
        # No two days are alike: weather, holidays, chance.
        luck = street.rng.uniform(0.88, 1.12)
        rates.append(sum(_rate(site, day, growth) for site in street.sites if street.is_open(site, day)) * luck)
    whole = sum(rates)
    seen, given, left = 0.0, 0, 0
    for day, rate in zip(days, rates, strict=True):
        seen += rate
        due = round(count * seen / whole)
        wanted, given = due - given + left, due
        made = _day(street, day, wanted, tell)
        left = wanted - len(made)
        yield made
    if left:
        # The last day's own guests found no room before midnight: some more that came and went.
        yield _fitted(street, left, tell)


def _day(street: Street, day: date, count: int, tell: Telling) -> list[Drawn]:
    rng = street.rng
    there = [site for site in street.sites if street.is_open(site, day)]
    chosen = rng.choices(there, [_rate(site, day, 1) for site in there], k=count)
    midnight = int(datetime.combine(day, time(), street.zone).timestamp())
    # On the two days the clock changes, an hour of the day is not so many hours after midnight.
    shift = int(datetime.combine(day, time(12), street.zone).timestamp()) - midnight - 43_200
    hours: dict[str, list[int]] = {}
    arrivals = []
    for n, site in enumerate(chosen):
        weights = hours.setdefault(site.kind.name, _hours(site.kind, day))
        hour = bisect(weights, rng.random() * weights[-1])
        start = midnight + hour * 3600 + rng.randrange(3600) + (shift if hour >= 3 else 0)
        arrivals.append((start, n, site))
    arrivals.sort()
    made: list[Drawn] = []
    for start, _, site in arrivals:
        if len(made) == count:
            break
        if (pole := _pole(street, site, start)) is None:
            continue
        begin = max(start, street.free_from.get(pole.uid, 0))
        if session := draw(street, site, pole, begin):
            made += told(street, session, tell)
    return made


def told(street: Street, session: Drawn, tell: Telling) -> list[Drawn]:
    """The connector is taken until then, and the driver busy, whatever was told of it."""
    rows = tell(session)
    for row in rows:
        street.free_from[row.pole.uid] = max(
            street.free_from.get(row.pole.uid, 0), row.end + CHANGE_S + street.rng.randrange(240)
        )
        if row.payer:
            street.busy_until[row.payer.uid] = max(street.busy_until.get(row.payer.uid, 0), row.end + TRAVEL_S)
    return rows


def _pole(street: Street, site: Site, start: int) -> Pole | None:
    """A free connector, the fast ones of a mixed place more often; else the first to be free within one's patience."""
    free = [pole for pole in site.poles if street.can_take(pole, start)]
    if free:
        kind = site.kind
        return free[0] if len(free) == 1 else street.rng.choices(free, [kind.dc if p.is_dc else kind.ac for p in free])[0]
    waiting = [pole for pole in site.poles if street.can_take(pole, start + PATIENCE_S)]
    return min(waiting, key=lambda pole: street.free_from[pole.uid]) if waiting else None


_CAR_WEIGHTS = list(accumulate(car.weight for car in CARS))


def draw(street: Street, site: Site, pole: Pole, start: int, *, longest_s: int = 0) -> Drawn | None:
    """One session that begins at ``start``; None where too little of the data's time is left."""
    rng = street.rng
    car = CARS[bisect(_CAR_WEIGHTS, rng.random() * _CAR_WEIGHTS[-1])]
    charging_s, stay_s, wh = _charge(rng, site.kind, pole, car)
    room = street.end - start - 60
    stay_s = min(stay_s, room, longest_s or room)
    elsewhere = site.elsewhere or start < street.elsewhere_until
    if start < street.elsewhere_until:
        # Before the new system begins, nobody is plugged in any more: no session is in both.
        stay_s = min(stay_s, street.elsewhere_until - start - 60)
    if elsewhere:
        start -= start % 60
        stay_s -= stay_s % 60
    if stay_s < LEAST_S:
        return None
    if charging_s > stay_s:
        # Drives off before the battery is full.
        wh, charging_s = int(wh * stay_s / charging_s), stay_s
    meter = street.meter(pole)
    street.meters[pole.uid] = meter + wh
    payer = _payer(street, site.kind, start)
    session = Drawn(street.next_id(), site, pole, start, start + stay_s, charging_s, wh, meter, meter + wh, payer)
    session.elsewhere = elsewhere
    if payer is None:
        session.card = f"{rng.randrange(10_000):04d}"
        session.reference = f"{street.company.code}-{session.id}-{rng.randrange(16**5):05X}"
    return session


def _charge(rng: random.Random, kind: Kind, pole: Pole, car: Car) -> tuple[int, int, int]:
    """Seconds of charging, seconds connected, Wh."""
    middle = kind.kwh[1] if pole.is_dc else kind.kwh[0]
    wh = int(min(rng.lognormvariate(math.log(middle), 0.5), car.battery_kwh * rng.uniform(0.8, 0.92)) * 1000)
    wh = max(wh, LEAST_WH + rng.randrange(900))
    if pole.is_dc:
        # Fast at first, then slower and slower: on average somewhat over half of what car and connector could.
        kw = min(pole.kw, car.dc_kw) * rng.uniform(0.52, 0.8)
        charging_s = max(LEAST_S, int(wh * 3.6 / kw))
        # A few forget the car there.
        idle_s = rng.randrange(2400, 7200) if rng.random() < 0.015 else int(rng.expovariate(1 / 200))
        return charging_s, charging_s + idle_s, min(wh, int(charging_s * kw / 3.6))
    kw = min(pole.kw, car.ac_kw) * rng.uniform(0.9, 0.97)
    charging_s = max(LEAST_S, int(wh * 3.6 / kw))
    usual, spread = kind.stay_h
    stay_s = int(max(0.25, min(rng.gauss(usual, spread), 19.5)) * 3600)
    if rng.random() < 0.2:
        # Comes back when it is full, near enough.
        stay_s = charging_s + rng.randrange(60, 1800)
    return charging_s, min(stay_s, 20 * 3600), wh


def _payer(street: Street, kind: Kind, start: int) -> Payer | None:
    """Who comes; None pays with a card. Nobody is at two places at once."""
    if street.rng.random() < UNKNOWN:
        return Payer(uid_of(street.rng), TokenType.RFID, "", "RFID", CustomerKind.AD_HOC)
    drawn = street.rng.random() * 100
    for share, payers in zip(kind.payers, street.people.groups, strict=True):
        if drawn < share:
            for _ in range(6):
                payer = street.rng.choice(payers)
                if street.busy_until.get(payer.uid, 0) <= start:
                    return payer
            return None
        drawn -= share
    return None


def _fitted(street: Street, count: int, tell: Telling) -> list[Drawn]:
    made: list[Drawn] = []
    there = [site for site in street.sites if street.is_open(site, street.last_day)]
    for _ in range(count * 200):
        if len(made) == count:
            break
        site = street.rng.choice(there)
        pole = street.rng.choice(site.poles)
        start = max(street.free_from.get(pole.uid, 0), street.end - 10 * 3600) + street.rng.randrange(6 * 3600)
        if not street.can_take(pole, start):
            continue
        if session := draw(street, site, pole, start, longest_s=2400):
            made += told(street, session, tell)
    return made
