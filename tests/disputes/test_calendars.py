"""Business days and calendar days, by the company's hours, holidays and time zone."""

from datetime import UTC, date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from disputes.workflow.calendars import Calendar

BERLIN = ZoneInfo("Europe/Berlin")
NINE_TO_FIVE = Calendar(zone=BERLIN, holidays=frozenset({date(2026, 4, 3), date(2026, 4, 6)}))


def local(day: int, hour: int, minute: int = 0, *, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        # 9 March 2026 is a Monday.
        (local(9, 10), 2, local(11, 17)),
        (local(9, 9), 2, local(10, 17)),
        (local(9, 7), 2, local(10, 17)),
        (local(9, 18), 2, local(11, 17)),
        (local(13, 16), 2, local(17, 17)),
        (local(14, 12), 2, local(17, 17)),
        # Good Friday and Easter Monday.
        (local(2, 10, month=4), 2, local(8, 17, month=4)),
    ],
    ids=["during", "at opening", "before opening", "after closing", "over a weekend", "on a Saturday", "over Easter"],
)
def test_business_days_end_when_a_day_closes(start: datetime, days: int, due: datetime) -> None:
    assert NINE_TO_FIVE.after(start, Fraction(days))[1] == due


def test_business_days_pass_in_opening_hours_only() -> None:
    assert NINE_TO_FIVE.business_days(local(13, 15), local(16, 11)) == Fraction(1, 2)
    assert NINE_TO_FIVE.business_days(local(13, 17), local(16, 9)) == 0
    assert NINE_TO_FIVE.after(local(13, 15), Fraction(1, 2))[0] == local(16, 11)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (datetime(2026, 3, 28, 23, 30, tzinfo=BERLIN), datetime(2026, 4, 12, 0, 0, tzinfo=BERLIN)),
        (datetime(2026, 10, 24, 0, 0, tzinfo=BERLIN), datetime(2026, 11, 8, 0, 0, tzinfo=BERLIN)),
    ],
    ids=["spring", "autumn"],
)
def test_calendar_days_end_with_the_last_of_them_whatever_the_clocks_do(start: datetime, end: datetime) -> None:
    assert NINE_TO_FIVE.end_of_days(start, 14) == end


def test_a_day_open_round_the_clock_has_23_hours_in_spring() -> None:
    always = Calendar(zone=BERLIN, hours=dict.fromkeys(range(7), (0, 1440)))
    noon = datetime(2026, 3, 29, 10, 0, tzinfo=UTC)

    assert always.business_days(datetime(2026, 3, 28, 23, 0, tzinfo=UTC), noon) == Fraction(11, 23)
    assert always.close(noon) == datetime(2026, 3, 29, 22, 0, tzinfo=UTC)


def test_a_midnight_that_the_clocks_skip_is_the_next_moment() -> None:
    santiago = Calendar(zone=ZoneInfo("America/Santiago"))

    # On 6 September 2026 the clocks go from midnight to 1:00.
    assert santiago.end_of_days(datetime(2026, 9, 4, 15, tzinfo=UTC), 1) == datetime(2026, 9, 6, 4, tzinfo=UTC)


@pytest.mark.parametrize("hours", [{}, {0: (540, 540)}, {7: (540, 600)}, {0: (-1, 600)}, {0: (540, 1441)}])
def test_a_calendar_that_is_never_open_is_refused(hours: dict[int, tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match="open"):
        Calendar(hours=hours)


def test_holidays_without_end_are_refused_in_words() -> None:
    always_closed = frozenset(date.fromordinal(date(2026, 1, 1).toordinal() + n) for n in range(600))

    with pytest.raises(ValueError, match="No business day within 400 days after 2026-01-05"):
        Calendar(holidays=always_closed).close(datetime(2026, 1, 5, tzinfo=UTC))
