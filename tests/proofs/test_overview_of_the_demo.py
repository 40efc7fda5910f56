"""Every figure of the Overview of the demo's year, against its sessions and prices read one by one.

The independent side walks sessions by the clocks of their places and adds up fractions; it reads no rollup and no local
column, and shares no code with ours.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command

from chargebill.analytics.queries import Overview, overview
from chargebill.core.models import LegalEntity
from chargebill.core.periods import Period
from stations.models import Connector, Location, Session

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

BINS = [15, 30, 60, 120, 240, 480, 720, 1440]


@dataclass(frozen=True)
class Row:
    """A session: local start and end, what it used, how it was paid, its net and gross price where that counts."""

    place: int
    start: datetime
    end: datetime
    kwh: Fraction
    charging_s: int | None
    method: str
    currency: str
    net: Fraction
    gross: Fraction

    @property
    def seconds(self) -> int:
        # Across the end of summer time the wall clock says an hour less than went by.
        return int(self.end.timestamp()) - int(self.start.timestamp())


def rows_of(entity: LegalEntity) -> Iterator[Row]:
    zones = {
        pk: ZoneInfo(own or entity.time_zone)
        for pk, own in Location.objects.filter(entity=entity).order_by().values_list("pk", "time_zone")
    }
    columns = (
        "location_id", "started_at", "ended_at", "energy_kwh", "charging_s", "payment_method",
        "chargeable__state", "chargeable__reason",
        "chargeable__cdr__currency", "chargeable__cdr__net_amount", "chargeable__cdr__gross_amount",
    )  # fmt: skip
    found = Session.objects.filter(entity=entity).order_by().values_list(*columns)
    for place, start, end, kwh, charging_s, method, state, reason, currency, net, gross in found.iterator():
        counts = currency and (
            state in ("READY", "DOCUMENTED") or (state == "DROPPED" and reason in ("history", "before_billing_from"))
        )
        zone = zones[place]
        yield Row(
            place,
            start.astimezone(zone),
            end.astimezone(zone),
            Fraction(kwh),
            charging_s,
            method,
            currency if counts else "",
            Fraction(net) if counts else Fraction(0),
            Fraction(gross) if counts else Fraction(0),
        )


@dataclass
class Sums:
    sessions: int = 0
    kwh: Fraction = Fraction(0)
    seconds: int = 0
    net: Counter = field(default_factory=Counter)
    gross: Counter = field(default_factory=Counter)
    by_day: dict[date, list[Any]] = field(default_factory=lambda: defaultdict(lambda: [0, Fraction(0), Fraction(0)]))
    methods: Counter = field(default_factory=Counter)
    began: Counter = field(default_factory=Counter)
    occupied: Counter = field(default_factory=Counter)
    flowed: Counter = field(default_factory=Counter)
    plugged: Counter = field(default_factory=Counter)
    charging: Counter = field(default_factory=Counter)
    idle: Counter = field(default_factory=Counter)

    def add(self, row: Row, currency: str) -> None:
        self.sessions += 1
        self.kwh += row.kwh
        self.seconds += row.seconds
        self.net[row.currency] += row.net
        self.gross[row.currency] += row.gross
        day = self.by_day[row.end.date()]
        day[0] += 1
        day[1] += row.kwh
        day[2] += row.net if row.currency == currency else 0
        self.methods[row.method] += 1
        self.began[hour_of(row.start)] += 1
        self.plugged[bin_of(row.seconds)] += 1
        if row.charging_s is not None:
            self.charging[bin_of(row.charging_s)] += 1
            self.idle[bin_of(row.seconds - row.charging_s)] += 1
        flowing = row.charging_s or row.seconds
        if not row.seconds:
            self.flowed[hour_of(row.start)] += row.kwh
        clock, passed = row.start.replace(tzinfo=None), 0
        while passed < row.seconds:
            next_hour = clock.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
            piece = min(int((next_hour - clock).total_seconds()), row.seconds - passed)
            self.occupied[hour_of(clock)] += piece
            self.flowed[hour_of(clock)] += row.kwh * (min(passed + piece, flowing) - min(passed, flowing)) / flowing
            clock, passed = next_hour, passed + piece


def hour_of(clock: datetime) -> int:
    return clock.weekday() * 24 + clock.hour


def bin_of(seconds: int) -> int:
    return sum(seconds // 60 >= edge for edge in BINS)


def summed(rows: list[Row], period: Period[date], place: int | None, currency: str) -> Sums:
    sums = Sums()
    for row in rows:
        if place in (None, row.place) and period.start <= row.end.date() and (not period.end or row.end.date() < period.end):
            sums.add(row, currency)
    return sums


def compare(seen: Overview, now: Sums, before: Sums, connectors: int, days: int) -> None:
    for totals, sums in ((seen.totals, now), (seen.previous, before)):
        assert (totals.sessions, Fraction(totals.energy_kwh), totals.duration_s) == (sums.sessions, sums.kwh, sums.seconds)
        assert (Fraction(totals.net), Fraction(totals.gross)) == (sums.net[seen.currency], sums.gross[seen.currency])
    assert seen.other_currencies == sorted({c for c in now.net if c} - {seen.currency})
    for found, sums in ((seen.by_day, now), (seen.previous_by_day, before)):
        assert {d.day: [d.sessions, Fraction(d.energy_kwh), Fraction(d.net)] for d in found} == sums.by_day
    assert {method.method: method.sessions for method in seen.methods} == now.methods
    assert [method.share for method in seen.methods] == [method.sessions / now.sessions for method in seen.methods]
    assert [hour.sessions for hour in seen.hours] == [now.began[n] for n in range(168)]
    assert [hour.occupied_s for hour in seen.hours] == [now.occupied[n] for n in range(168)]
    # Whole tenths of a watt-hour: a session may be off by less than one in an hour, in all by nothing.
    assert all(abs(Fraction(hour.energy_kwh) - now.flowed[n]) * 10_000 <= 2 * now.sessions for n, hour in enumerate(seen.hours))
    assert Fraction(sum(hour.energy_kwh for hour in seen.hours)) == now.kwh
    assert [(b.sessions, b.charging, b.idle) for b in seen.durations] == [
        (now.plugged[n], now.charging[n], now.idle[n]) for n in range(9)
    ]
    expected = now.seconds / (connectors * days * 86_400) if connectors and days else None
    assert seen.utilization == expected


def month(year: int, number: int) -> Period[date]:
    following = date(year + number // 12, number % 12 + 1, 1)
    return Period(date(year, number, 1), following)


def test_every_figure_of_the_demos_year_equals_its_sessions(full_size: bool) -> None:
    call_command("demo", *(() if full_size else ("--sessions", "1500")))
    companies = list(LegalEntity.objects.order_by("pk"))
    assert companies
    for entity in companies:
        rows = list(rows_of(entity))
        first, last = min(row.end.date() for row in rows), max(row.end.date() for row in rows)
        months = [month(day.year, day.month) for day in sorted({row.end.date().replace(day=1) for row in rows})]
        busiest = [pk for pk, _ in Counter(row.place for row in rows).most_common(3)]
        for period, before in zip([*months[1:], Period(first, last + timedelta(days=1))], [*months[:-1], None], strict=True):
            for place in (None, *busiest):
                location = None if place is None else Location.objects.get(pk=place)
                plugs = Connector.objects.filter(evse__entity=entity)
                plugs = plugs.filter(evse__location=place) if place else plugs
                seen = overview(entity=entity, period=period, location=location)
                earlier = before or Period(period.start - (period.end - period.start), period.start)
                known = Period(max(period.start, first), min(period.end, last + timedelta(days=1)))
                compare(
                    seen,
                    summed(rows, period, place, seen.currency),
                    summed(rows, earlier, place, seen.currency),
                    plugs.count(),
                    (known.end - known.start).days,
                )
