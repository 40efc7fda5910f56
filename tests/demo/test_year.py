"""The demo's year as it is told: as many sessions as asked for, plausible, and the same for the same seed and day."""

import random
import re
from collections import Counter, defaultdict
from dataclasses import astuple
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from chargebill.portal.demo import files
from chargebill.portal.demo.anomalies import ANOMALIES
from chargebill.portal.demo.drawn import Drawn
from chargebill.portal.demo.filling import LARGE_CONNECTORS, LARGE_SESSIONS, shares
from chargebill.portal.demo.sites import sites
from chargebill.portal.demo.story import Story
from tests.conftest import ROOT
from tests.demo.years import AT, told

Told = list[tuple[Story, list[Drawn]]]


@pytest.fixture(scope="module")
def year() -> Told:
    return told(12_000)


@pytest.mark.parametrize("sessions", [0, 1, 30, 300, 4000])
@pytest.mark.parametrize("at", [AT, datetime(2026, 3, 30, 1, tzinfo=UTC), datetime(2028, 3, 1, 23, 30, tzinfo=UTC)])
def test_it_has_exactly_as_many_rows_as_asked_for(sessions: int, at: datetime) -> None:
    companies = told(sessions, at=at)
    assert [len(rows) for _, rows in companies] == [sessions * 63 // 100, sessions - sessions * 63 // 100]
    assert [story.plan.rows for story, _ in companies] == [len(rows) for _, rows in companies]


def test_the_same_seed_and_day_tell_the_same_and_another_seed_something_else() -> None:
    def rows(seed: int) -> list[tuple[object, ...]]:
        return [astuple(row) for _, rows in told(600, seed=seed) for row in rows]

    assert rows(1) == rows(1)
    assert rows(1) != rows(2)


def test_no_session_ends_after_yesterday_or_begins_more_than_a_year_before(year: Told) -> None:
    for story, rows in year:
        assert max(row.end for row in rows) < story.street.end
        first = datetime.fromtimestamp(min(row.start for row in rows), story.zone)
        assert first.date().isoformat() == "2025-11-27"


def test_what_is_not_meant_to_be_doubted_is_possible(year: Told) -> None:
    """Power, time and the meter's register of every ordinary session, whichever place it is at."""
    for _, rows in year:
        for row in rows:
            if row.reason or row.refused:
                continue
            assert 0.25 <= row.wh / 1000 <= 80
            assert row.wh / 1000 * 3600 <= row.pole.kw * row.seconds
            assert 300 <= row.charging_s <= row.seconds <= 20 * 3600
            assert row.meter_start is not None
            assert row.meter_stop == row.meter_start + row.wh


def test_a_connector_has_one_session_at_a_time_but_where_two_are_meant(year: Told) -> None:
    for _, rows in year:
        by_pole = defaultdict(list)
        for row in rows:
            if row.reason not in ("D3", "D1a"):
                by_pole[row.pole.uid].append(row)
        for sessions in by_pole.values():
            for before, after in pairwise(sorted(sessions, key=lambda row: row.start)):
                assert before.end < after.start


def test_nobody_is_at_two_places_at_once_but_whose_card_was_cloned(year: Told) -> None:
    for _, rows in year:
        of_token = defaultdict(list)
        for row in rows:
            if row.payer and row.reason not in ("D4", "D1a"):
                of_token[row.payer.uid].append(row)
        for sessions in of_token.values():
            for before, after in pairwise(sorted(sessions, key=lambda row: row.start)):
                assert before.end + 300 < after.start


def test_each_kind_of_place_has_its_hours(year: Told) -> None:
    """Commuters plug in from six to ten, neighbors in the evening; shops are quiet on Sundays, roads are not."""
    hours: dict[str, Counter[int]] = defaultdict(Counter)
    weekdays: dict[str, Counter[int]] = defaultdict(Counter)
    for story, rows in year:
        for row in rows:
            local = datetime.fromtimestamp(row.start, story.zone)
            hours[row.site.kind.name][local.hour] += 1
            weekdays[row.site.kind.name][local.weekday()] += 1

    def share(of: Counter[int], keys: range) -> float:
        return sum(of[key] for key in keys) / of.total()

    assert share(hours["work"], range(6, 10)) > 0.6
    assert share(hours["street"], range(16, 22)) > 0.5
    assert share(hours["motorway"], range(6)) > 0.03
    assert share(weekdays["work"], range(5, 7)) < 0.05
    assert share(weekdays["shopping"], range(6, 7)) < 0.09
    assert share(weekdays["motorway"], range(5, 7)) > 2 / 7


def test_business_grows_over_the_year(year: Told) -> None:
    for story, rows in year:
        middle = story.street.end - 182 * 86_400
        assert 1.05 < sum(row.start >= middle for row in rows) / sum(row.start < middle for row in rows) < 1.6


def test_less_than_one_percent_goes_wrong(year: Told) -> None:
    for story, rows in year:
        wrong = len(story.plan.held) + story.plan.refused.total()
        assert 0.002 * len(rows) < wrong < 0.01 * len(rows)


def test_the_silent_connectors_were_busy_until_sixty_hours_before_the_end() -> None:
    for story, rows in told(20_000):
        for uid in story.plan.silent:
            starts = [row.start for row in rows if row.pole.uid == uid]
            assert max(starts) <= story.street.end - 60 * 3600
            assert sum(start > story.street.end - 30 * 86_400 for start in starts) >= 17 * 4


def test_readings_tell_of_the_session_from_start_to_end(year: Told) -> None:
    _, rows = year[0]
    session = next(row for row in reversed(rows) if not (row.reason or row.refused or row.pole.is_dc))
    read = [(at, float(value)) for _, at, _, value, _ in files.readings(random.Random(1), session)]
    assert session.meter_start is not None
    assert session.meter_stop is not None
    assert read[0] == (files.moment(session.start, UTC), session.meter_start / 1000)
    assert read[-1] == (files.moment(session.end, UTC), session.meter_stop / 1000)
    assert [value for _, value in read] == sorted(value for _, value in read)


def test_the_large_demo_has_three_thousand_connectors_each_with_an_id_of_its_own() -> None:
    places = [(company, site) for company, _, connectors in shares(LARGE_SESSIONS) for site in sites(company, connectors)]
    poles = [pole for _, site in places for pole in site.poles]
    assert len(poles) == LARGE_CONNECTORS
    assert len({pole.uid for pole in poles}) == len({pole.evse_id for pole in poles}) == LARGE_CONNECTORS
    assert len({(company.code, site.name) for company, site in places}) == len(places)
    assert all(pole.evse_id.startswith(f"{company.country}*{company.code}*E") for company, s in places for pole in s.poles)


def test_the_document_says_how_often_each_of_them_happens() -> None:
    happened: Counter[str] = Counter()
    for story, _ in told(20_000):
        happened.update(story.plan.happened)
    rows = re.findall(r"^\| ([^|]+) \| (\d+) \| (.+) \|$", (ROOT / "docs" / "demo.md").read_text(), re.M)
    assert {name: int(times) for name, times, _ in rows} == happened
    reasons = {name: cell.strip("`") for name, _, cell in rows}
    assert {a.name: reasons[a.name] for a in ANOMALIES if a.reason} == {a.name: a.reason for a in ANOMALIES if a.reason}
