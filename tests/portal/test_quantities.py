"""How quantities are written, and that every state has a word."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from billing.models import Chargeable
from chargebill.core.models import Job
from chargebill.core.periods import Period, days
from chargebill.portal import format as written
from chargebill.portal import states
from stations.models import Mode, QuarantinedRow


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (4320, "1 h 12 min"),
        (3660, "1 h 01 min"),
        (360_000, "100 h"),
        (4_000_000, "1,111 h 06 min"),
        (-90, "-1 min"),
        (None, "–"),
    ],
)
def test_a_duration_reads_as_a_person_says_it(seconds: int | None, text: str) -> None:
    assert written.duration(seconds) == text


def test_money_has_its_currency_and_the_digits_of_it() -> None:
    assert written.money(Decimal("1234.5"), "EUR") == "EUR 1,234.50"
    assert written.money(Decimal("1234.5"), "JPY") == "JPY 1,235"
    assert written.money(Decimal("0.0005"), "KWD") == "KWD 0.001"
    assert written.money(Decimal("-7.125"), "EUR") == "EUR -7.13"
    assert written.money(None, "EUR") == "–"


def test_energy_has_three_digits_where_it_is_billed() -> None:
    assert written.kwh(Decimal("22.2870")) == "22.287 kWh"
    assert written.energy(Decimal("9999.94")) == "9,999.9 kWh"
    assert written.energy(Decimal("91200")) == "91.2 MWh"
    assert written.kw(Decimal("22.00")) == "22 kW"
    assert written.kw(Decimal("110")) == "110 kW"


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (date(2026, 9, 1), date(2026, 9, 30), "1–30 Sep 2026"),
        (date(2026, 8, 28), date(2026, 9, 3), "28 Aug – 3 Sep 2026"),
        (date(2025, 12, 28), date(2026, 1, 3), "28 Dec 2025 – 3 Jan 2026"),
        (date(2026, 9, 1), date(2026, 9, 1), "1 Sep 2026"),
    ],
)
def test_a_period_names_both_of_its_days(first: date, last: date, text: str) -> None:
    assert written.period(days(first, last)) == text


def test_a_period_without_an_end_says_so() -> None:
    assert written.period(Period(date(2026, 9, 1))) == "from 1 Sep 2026"


@pytest.mark.parametrize(
    ("at", "zone", "text"),
    [
        (datetime(2018, 9, 6, 22, 55, tzinfo=UTC), "Europe/London", "6 Sep 2018 23:55 BST"),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "Europe/Berlin", "25 Oct 2026 02:30 CEST"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "Europe/Berlin", "25 Oct 2026 02:30 CET"),
        (datetime(2026, 1, 1, 0, 0, tzinfo=UTC), "Asia/Dubai", "1 Jan 2026 04:00 UTC+04"),
        (datetime(2026, 1, 1, 0, 0, tzinfo=UTC), "", "1 Jan 2026 00:00 UTC"),
    ],
)
def test_a_moment_is_shown_on_the_clock_of_its_place(at: datetime, zone: str, text: str) -> None:
    moment = written.moment(at, zone)
    assert str(moment) == text
    assert moment.utc == f"{at.day} {at:%b %Y %H:%M:%S} UTC"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (45, "45 s"),
        (60, "1 min"),
        (3600, "1 h"),
        (4325, "1 h 12 min 5 s"),
        (Decimal("600.12"), "10 min 0.12 s"),
        (Decimal("600.00"), "10 min"),
        (None, "–"),
    ],
)
def test_a_billed_duration_is_exact(seconds: int | Decimal | None, text: str) -> None:
    assert written.exact_duration(seconds) == text


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        ((2026, 9, 6, 8), (2026, 9, 6, 9, 30), "6 Sep 10:00 – 11:30 CEST"),
        ((2026, 9, 6, 21, 55), (2026, 9, 7, 5), "6 Sep 23:55 – 7 Sep 07:00 CEST"),
        # The clock was set back meanwhile: the zones tell that it was an hour.
        ((2026, 10, 25, 0, 30), (2026, 10, 25, 1, 30), "25 Oct 02:30 CEST – 02:30 CET"),
    ],
)
def test_a_part_of_a_session_on_the_clock_of_its_place(start: tuple[int, ...], end: tuple[int, ...], text: str) -> None:
    moments = [datetime(*parts, tzinfo=UTC) for parts in (start, end)]  # type: ignore[misc]
    assert written.interval(*moments, "Europe/Berlin") == text


@pytest.mark.parametrize(
    ("glossary", "choices"),
    [
        (states.CHARGEABLE, Chargeable.State),
        (states.JOB, Job.State),
        (states.QUARANTINE, QuarantinedRow.State),
        (states.MODE, Mode),
    ],
)
def test_every_state_has_one_word_and_one_icon_of_its_own(glossary: dict, choices: type) -> None:
    assert set(glossary) == set(choices)
    assert len({shown.word for shown in glossary.values()}) == len(glossary)
    assert len({shown.icon for shown in glossary.values()}) == len(glossary)


def test_the_words_of_a_chargeable_are_those_of_its_model() -> None:
    assert {state: shown.word for state, shown in states.CHARGEABLE.items()} == dict(Chargeable.State.choices)


def test_a_state_nobody_described_does_not_fail_the_page() -> None:
    assert states.shown("job", "PAUSED").word == "Not known"
