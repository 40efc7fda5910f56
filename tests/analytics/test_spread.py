"""A session's time and energy by the hours of the week it covers, against counting second by second."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as some

from chargebill.analytics.measures import spread
from stations.session_rows import local_columns

WEEK_S = 168 * 3600


def by_hour(start_s: int, duration_s: int) -> Counter:
    return Counter((start_s + n) % WEEK_S // 3600 for n in range(duration_s))


@given(
    start_s=some.integers(0, WEEK_S - 1),
    duration_s=some.integers(0, 9 * 3600),
    charging=some.none() | some.floats(0, 1),
    energy_dwh=some.integers(0, 900_000),
)
def test_it_is_what_counting_every_second_gives(start_s: int, duration_s: int, charging: float | None, energy_dwh: int) -> None:
    charging_s = None if charging is None else int(duration_s * charging)
    hours = list(
        spread(
            start_minute=start_s // 60,
            start_second=start_s % 60,
            duration_s=duration_s,
            charging_s=charging_s,
            energy_dwh=energy_dwh,
        )
    )
    assert {hour: occupied_s for hour, occupied_s, _ in hours if occupied_s} == by_hour(start_s, duration_s)
    assert sum(energy for _, _, energy in hours) == energy_dwh
    flow_s = charging_s or duration_s
    flowing = by_hour(start_s, flow_s)
    for hour, _, energy in hours:
        if flow_s:
            assert abs(energy - energy_dwh * flowing[hour] / flow_s) < 1.000001
        else:
            assert hour == start_s // 3600


def test_a_session_of_more_than_a_week_comes_round_to_the_same_hour() -> None:
    hours: Counter = Counter()
    for hour, occupied_s, _ in spread(
        start_minute=10 * 60 + 30, start_second=0, duration_s=WEEK_S + 3600, charging_s=None, energy_dwh=0
    ):
        hours[hour] += occupied_s
    assert (hours[10], hours[11], hours[12], len(hours)) == (5400, 5400, 3600, 168)


def test_hours_begin_on_the_clock_of_places_half_an_hour_apart_from_the_rest() -> None:
    # 04:45 UTC on a Monday is 10:15 in Kolkata: 45 minutes of the hour are left, not 15.
    start = datetime(2026, 3, 2, 4, 45, tzinfo=UTC)
    _, minute = local_columns(start, start + timedelta(hours=1), ZoneInfo("Asia/Kolkata"))
    hours = list(spread(start_minute=minute, start_second=0, duration_s=3600, charging_s=1800, energy_dwh=600))
    assert hours == [(10, 2700, 600), (11, 900, 0)]
