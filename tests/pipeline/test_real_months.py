"""The thread on real input: files of ../shared imported and priced; every Overview figure against the raw rows.

The independent side reads the files with csv, converts with zoneinfo and adds up fractions; it shares no code with ours.
"""

import csv
import gzip
import io
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from billing.operations import set_tariff, set_tax_rate
from chargebill import pipeline
from chargebill.analytics import operations as analytics
from chargebill.analytics.queries import overview
from chargebill.core.models import LegalEntity
from chargebill.core.periods import Period
from stations.models import Connector, Location, Session
from tests.pipeline.conftest import AT, counts

pytestmark = [pytest.mark.shared, pytest.mark.django_db]

ALL = Period(date(2000, 1, 1), date(2030, 1, 1))
START_FEE, PER_KWH, PER_MINUTE, PER_IDLE_MINUTE = map(Fraction, ("0.35", "0.43", "0.012", "0.05"))
BINS = [15, 30, 60, 120, 240, 480, 720, 1440]


@dataclass
class Expected:
    """Sums over the good rows of one file, by place and all."""

    good: int = 0
    bad: int = 0
    sessions: Counter = field(default_factory=Counter)
    energy: defaultdict = field(default_factory=lambda: defaultdict(Fraction))
    duration_s: Counter = field(default_factory=Counter)
    gross_cents: Counter = field(default_factory=Counter)
    net_cents: Counter = field(default_factory=Counter)
    by_day: Counter = field(default_factory=Counter)
    net_by_day: Counter = field(default_factory=Counter)
    hours: defaultdict = field(default_factory=Counter)
    durations: defaultdict = field(default_factory=Counter)
    occupied_s: Counter = field(default_factory=Counter)
    flowed_kwh: defaultdict = field(default_factory=lambda: defaultdict(Fraction))
    charging: Counter = field(default_factory=Counter)
    idle: Counter = field(default_factory=Counter)
    methods: Counter = field(default_factory=Counter)

    def add(
        self, place: str, start: datetime, end: datetime, zone: ZoneInfo, kwh: str, charging_s: int | None, method: str
    ) -> None:
        self.good += 1
        seconds = int(end.timestamp() - start.timestamp())
        charging = seconds if charging_s is None else charging_s
        exact = START_FEE + PER_KWH * Fraction(kwh) + PER_MINUTE * Fraction(charging, 60)
        exact += PER_IDLE_MINUTE * Fraction(seconds - charging, 60)
        gross = int(exact * 100 + Fraction(1, 2))
        net = int(Fraction(gross) / Fraction(6, 5) + Fraction(1, 2))
        local_start, local_end = start.astimezone(zone), end.astimezone(zone)
        self.methods[method] += 1
        for key in (place, "all"):
            self.sessions[key] += 1
            self.energy[key] += Fraction(kwh)
            self.duration_s[key] += seconds
            self.gross_cents[key] += gross
            self.net_cents[key] += net
            self.hours[key, local_start.weekday() * 24 + local_start.hour] += 1
            self.durations[key, sum(seconds // 60 >= edge for edge in BINS)] += 1
            if charging_s is not None:
                self.charging[key, sum(charging_s // 60 >= edge for edge in BINS)] += 1
                self.idle[key, sum((seconds - charging_s) // 60 >= edge for edge in BINS)] += 1
        flowing = charging or seconds
        # Wall-clock arithmetic: hours go on by the clock the session began with.
        clock, rest = local_start.replace(tzinfo=None), seconds
        while rest > 0:
            hour = clock.replace(minute=0, second=0, microsecond=0)
            piece = min(rest, 3600 - int((clock - hour).total_seconds()))
            passed = seconds - rest
            kwh_then = Fraction(kwh) * (min(passed + piece, flowing) - min(passed, flowing)) / flowing
            for key in (place, "all"):
                self.occupied_s[key, hour.weekday() * 24 + hour.hour] += piece
                self.flowed_kwh[key, hour.weekday() * 24 + hour.hour] += kwh_then
            clock, rest = hour + timedelta(hours=1), rest - piece
        if seconds == 0:
            for key in (place, "all"):
                self.flowed_kwh[key, local_start.weekday() * 24 + local_start.hour] += Fraction(kwh)
        self.by_day[local_end.date()] += 1
        self.net_by_day[local_end.date()] += net


def rows_of(path: Path) -> list[dict[str, str]]:
    with gzip.open(path) as file:
        return list(csv.DictReader(io.TextIOWrapper(file, "utf-8-sig", newline="")))


def chargeplace(path: Path) -> Expected:
    """Local time without a zone; an end that would lie before its start is read as the second of a repeated hour."""
    expected, zone = Expected(), ZoneInfo("Europe/London")
    for row in rows_of(path):
        try:
            start = datetime.strptime(f"{row['Start Date']} {row['Start Time']}", "%d/%m/%Y %H:%M").replace(tzinfo=zone)
            end = datetime.strptime(f"{row['End Date']} {row['End Time']}", "%d/%m/%Y %H:%M").replace(tzinfo=zone)
            kwh = Fraction(row["Total kWh"])
        except ValueError:
            expected.bad += 1
            continue
        if end.timestamp() < start.timestamp():
            end = end.replace(fold=1)
        if end.timestamp() < start.timestamp() or kwh < 0 or not row["CP ID"].strip():
            expected.bad += 1
            continue
        method = "RFID" if (row.get("User ID") or "").strip() else "UNKNOWN"
        expected.add(row["Site"].strip(), start, end, zone, row["Total kWh"], None, method)
    return expected


def boulder(path: Path) -> Expected:
    """Every row says MST or MDT itself."""
    offsets = {"MST": timedelta(hours=-7), "MDT": timedelta(hours=-6)}
    expected, zone = Expected(), ZoneInfo("America/Denver")

    def moment(row: dict[str, str], side: str) -> datetime:
        local = datetime.strptime(row[f"{side}_Date___Time"], "%Y/%m/%d %H:%M:%S")  # noqa: DTZ007  offset below
        return (local - offsets[row[f"{side}_Time_Zone"]]).replace(tzinfo=UTC)

    def seconds(text: str) -> int:
        hours, minutes, rest = map(int, text.split(":"))
        return hours * 3600 + minutes * 60 + rest

    for row in rows_of(path):
        start, end = moment(row, "Start"), moment(row, "End")
        if end < start:
            expected.bad += 1
            continue
        duration, charging = int((end - start).total_seconds()), seconds(row["Charging_Time__hh_mm_ss_"])
        # The file's minutes are cut off, so a charging time may pass the end by up to a minute.
        known = None if charging > duration + 60 else min(charging, duration)
        expected.add(row["Station_Name"].strip(), start, end, zone, row["Energy__kWh_"], known, "UNKNOWN")
    return expected


def workplace(path: Path) -> Expected:
    """Years are written 0014 and 0015; the file says no zone, so the import is told it."""
    expected, zone = Expected(), ZoneInfo("America/New_York")
    for row in rows_of(path):
        start, end = (datetime.fromisoformat("20" + row[which][2:]).replace(tzinfo=zone) for which in ("created", "ended"))
        # The study wrote down hour and weekday itself.
        assert (f"{start:%a}", start.hour) == (row["weekday"][:3], int(row["startTime"]))
        expected.add(row["locationId"], start, end, zone, row["kwhTotal"], None, "APP")
    return expected


FILES = {
    "boulder-2018_2021.csv.gz": (boulder, "US"),
    "dundee-2017-12_2018-03.csv.gz": (chargeplace, "GB"),
    "dundee-2018-06_2018-09.csv.gz": (chargeplace, "GB"),
    "perth-kinross-sept17toaug18.csv.gz": (chargeplace, "GB"),
    "perth-kinross-sept18toaug19.csv.gz": (chargeplace, "GB"),
    "workplace-2014_2015.csv.gz": (workplace, "US"),
}
TOLD_ZONE = {"workplace-2014_2015.csv.gz": "America/New_York"}


def test_every_file_at_hand_is_among_them(shared: Path) -> None:
    assert set(FILES) == {path.name for path in (shared / "data").glob("*.csv.gz")}


@pytest.mark.parametrize("name", FILES)
def test_every_overview_figure_equals_the_raw_rows(name: str, shared: Path) -> None:
    read, country = FILES[name]
    expected = read(shared / "data" / name)
    entity = LegalEntity.objects.create(name="Trial", country=country, base_currency="GBP", time_zone="Europe/Berlin")
    set_tax_rate(entity=entity, rate=Decimal(20), code="T20", valid_from=None, source="test", actor=None, at=AT)
    set_tariff(
        entity=entity,
        name="Trial",
        currency="GBP",
        tax_included=True,
        start_fee=Decimal("0.35"),
        energy_per_kwh=Decimal("0.43"),
        charging_per_minute=Decimal("0.012"),
        idle_per_minute=Decimal("0.05"),
        valid_from=None,
        actor=None,
        at=AT,
    )
    first = _import(entity, shared / "data" / name, "first")
    read_rows, imported, updated, unchanged, quarantined = counts(first)
    repeats = expected.good - Session.objects.count()
    assert (read_rows, updated, quarantined) == (expected.good + expected.bad, 0, expected.bad)
    assert (imported, unchanged) == (expected.good - repeats, repeats)
    # None of these files holds an exact repeat among its good rows.
    assert repeats == 0
    _compare(entity, expected, "all", None)
    for place in Location.objects.filter(entity=entity):
        _compare(entity, expected, place.name, place)
    again = _import(entity, shared / "data" / name, "again")
    assert counts(again) == (read_rows, 0, 0, expected.good, quarantined)
    assert analytics.differing() == 0


def _import(entity: LegalEntity, path: Path, key: str):  # type: ignore[no-untyped-def]
    return pipeline.start_import(
        entity=entity, path=path, file_name=path.name, profile="", mode="history", time_zone=TOLD_ZONE.get(path.name, ""),
        encoding="", actor=None, at=AT, key=key, here=True,
    )  # fmt: skip


def _compare(entity: LegalEntity, expected: Expected, key: str, place: Location | None) -> None:
    seen = overview(entity=entity, period=ALL, location=place)
    assert seen.totals.sessions == expected.sessions[key]
    assert Fraction(seen.totals.energy_kwh) == expected.energy[key]
    assert seen.totals.duration_s == expected.duration_s[key]
    assert (seen.totals.gross * 100, seen.totals.net * 100) == (expected.gross_cents[key], expected.net_cents[key])
    assert [hour.sessions for hour in seen.hours] == [expected.hours[key, hour] for hour in range(168)]
    assert [hour.occupied_s for hour in seen.hours] == [expected.occupied_s[key, hour] for hour in range(168)]
    # Whole tenths of a watt-hour: each session may be off by less than one in an hour, in all by nothing.
    for n, hour in enumerate(seen.hours):
        assert abs(Fraction(hour.energy_kwh) - expected.flowed_kwh[key, n]) * 10_000 <= 2 * expected.sessions[key]
    assert Fraction(sum(hour.energy_kwh for hour in seen.hours)) == expected.energy[key]
    counted = [(bin_.sessions, bin_.charging, bin_.idle) for bin_ in seen.durations]
    assert counted == [(expected.durations[key, i], expected.charging[key, i], expected.idle[key, i]) for i in range(9)]
    first, last = min(expected.by_day), max(expected.by_day)
    plugs = Connector.objects.filter(evse__location=place) if place else Connector.objects.all()
    # Dundee moved its plugs between places: one of them has sessions and no plug of its own any more.
    time_there = plugs.count() * ((last - first).days + 1) * 86_400
    assert seen.utilization == (expected.duration_s[key] / time_there if time_there else None)
    if place is None:
        assert {day.day: day.sessions for day in seen.by_day} == dict(expected.by_day)
        assert {day.day: day.net * 100 for day in seen.by_day} == dict(expected.net_by_day)
        assert {method.method: method.sessions for method in seen.methods} == dict(expected.methods)
