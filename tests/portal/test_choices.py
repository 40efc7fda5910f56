"""Which period a URL asks for, and where the Overview opens."""

from datetime import date

import pytest

from chargebill.core.periods import Period, days, month_of
from chargebill.portal.choices import Chosen, choose, recent_month

TODAY = date(2026, 11, 23)
DEFAULT = Chosen("all", None)


def chosen(**query: str) -> Chosen:
    return choose(query, today=TODAY, default=DEFAULT)


@pytest.mark.parametrize(
    ("preset", "first", "last"),
    [
        ("this_month", date(2026, 11, 1), date(2026, 11, 30)),
        ("last_month", date(2026, 10, 1), date(2026, 10, 31)),
        ("last_30_days", date(2026, 10, 25), date(2026, 11, 23)),
        ("this_year", date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_a_preset_is_whole_days(preset: str, first: date, last: date) -> None:
    assert chosen(period=preset) == Chosen(preset, days(first, last))
    assert (chosen(period=preset).first, chosen(period=preset).last) == (first, last)


def test_two_dates_are_both_included_and_win_over_a_preset() -> None:
    found = chosen(period="last_month", **{"from": "2026-09-01", "to": "2026-09-30"})
    assert found == Chosen("", month_of(date(2026, 9, 1)))


def test_one_date_leaves_the_other_side_open() -> None:
    assert chosen(**{"from": "2026-09-01"}).period == Period(date(2026, 9, 1))
    assert chosen(to="2026-09-30").last == date(2026, 9, 30)


@pytest.mark.parametrize(
    "query",
    [
        {"from": "yesterday"},
        {"from": "2026-13-01"},
        {"from": "0014-01-01"},
        {"to": "9999-12-31"},
        {"from": "2026-09-30", "to": "2026-09-01"},
    ],
)
def test_what_is_no_period_is_said_and_changes_nothing(query: dict[str, str]) -> None:
    found = chosen(**query)
    assert found.error
    assert (found.preset, found.period) == (DEFAULT.preset, DEFAULT.period)


def test_an_unknown_preset_is_the_default() -> None:
    assert chosen(period="last_century") == DEFAULT


def test_the_overview_opens_on_the_last_full_month_with_sessions() -> None:
    assert recent_month(days(date(2026, 3, 1), date(2026, 11, 22)), TODAY) == Chosen("last_month", month_of(date(2026, 10, 1)))


def test_with_old_sessions_only_it_opens_on_their_latest_month() -> None:
    assert recent_month(days(date(2017, 12, 1), date(2018, 9, 3)), TODAY) == Chosen("", month_of(date(2018, 9, 1)))


def test_with_sessions_of_this_month_only_it_opens_on_this_month() -> None:
    assert recent_month(days(date(2026, 11, 2), date(2026, 11, 22)), TODAY) == Chosen("this_month", month_of(TODAY))
