from datetime import date

import pytest

from chargebill.core.periods import Period, days, month_of, previous


def test_the_start_belongs_to_a_period_and_the_end_does_not() -> None:
    september = days(date(2026, 9, 1), date(2026, 9, 30))
    assert date(2026, 9, 1) in september
    assert date(2026, 9, 30) in september
    assert date(2026, 10, 1) not in september


def test_periods_that_touch_do_not_overlap() -> None:
    september, october = month_of(date(2026, 9, 5)), month_of(date(2026, 10, 5))
    assert not september.overlaps(october)
    assert september.overlaps(Period(date(2026, 9, 30)))


def test_before_a_month_comes_the_month_before_and_before_days_as_many_days() -> None:
    assert previous(month_of(date(2026, 3, 1))) == Period(date(2026, 2, 1), date(2026, 3, 1))
    assert previous(days(date(2026, 3, 8), date(2026, 3, 14))) == days(date(2026, 3, 1), date(2026, 3, 7))


def test_a_period_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="before"):
        Period(date(2026, 9, 2), date(2026, 9, 1))
