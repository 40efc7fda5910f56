"""Local times become UTC, across both changes of the clock, in the zone the rules of precedence say."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from stations.ingest.profiles import recognise
from stations.ingest.reading import inspect, records
from stations.ingest.rows import FileRefused, Refusal, SessionRow
from tests.ingest import layouts


def utc(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


def times(folder: Path, layout: str, **changes: str) -> tuple[str, str]:
    session = layouts.only(folder, layout, **changes)
    assert isinstance(session, SessionRow), session
    return session.started_at.strftime("%Y-%m-%d %H:%M:%S"), session.ended_at.strftime("%Y-%m-%d %H:%M:%S")


def dundee(folder: Path, start: str, end: str) -> tuple[str, str]:
    (start_date, start_time), (end_date, end_time) = start.split(), end.split()
    changes = {"Start Date": start_date, "Start Time": start_time, "End Date": end_date, "End Time": end_time}
    return times(folder, "dundee", **changes)


# Expected values by hand: Britain went from UTC to UTC+1 on 25 March 2018 at 01:00 UTC, back on 28 October 2018 at
# 01:00 UTC, so 01:30 did not exist in March and came twice in October.
@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("24/03/2018 23:30", "25/03/2018 00:30", ("2018-03-24 23:30:00", "2018-03-25 00:30:00")),
        ("25/03/2018 00:30", "25/03/2018 02:30", ("2018-03-25 00:30:00", "2018-03-25 01:30:00")),
        ("25/03/2018 23:30", "26/03/2018 00:30", ("2018-03-25 22:30:00", "2018-03-25 23:30:00")),
        # Skipped by the clock: read with the offset before the change.
        ("25/03/2018 01:30", "25/03/2018 03:00", ("2018-03-25 01:30:00", "2018-03-25 02:00:00")),
        ("27/10/2018 23:30", "28/10/2018 00:30", ("2018-10-27 22:30:00", "2018-10-27 23:30:00")),
        ("28/10/2018 00:30", "28/10/2018 02:30", ("2018-10-27 23:30:00", "2018-10-28 02:30:00")),
        # Shown twice: the first time counts.
        ("28/10/2018 01:10", "28/10/2018 01:50", ("2018-10-28 00:10:00", "2018-10-28 00:50:00")),
        ("28/10/2018 01:30", "28/10/2018 02:30", ("2018-10-28 00:30:00", "2018-10-28 02:30:00")),
        # Shown twice, and the first end would lie before the start: the second counts.
        ("28/10/2018 01:50", "28/10/2018 01:10", ("2018-10-28 00:50:00", "2018-10-28 01:10:00")),
        ("28/10/2018 02:00", "28/10/2018 03:00", ("2018-10-28 02:00:00", "2018-10-28 03:00:00")),
    ],
)
def test_a_session_without_a_zone_across_the_change(tmp_path: Path, start: str, end: str, expected: tuple[str, str]) -> None:
    assert dundee(tmp_path, start, end) == expected


# The United States: 2014-11-02 06:00 UTC in New York, from -04:00 to -05:00; 01:00 to 02:00 came twice.
@pytest.mark.parametrize(
    ("ended", "hours", "expected"),
    [
        ("0014-11-02 01:30:00", "1.5", ("2014-11-02 04:00:00", "2014-11-02 05:30:00")),
        ("0014-11-02 01:30:00", "2.5", ("2014-11-02 04:00:00", "2014-11-02 06:30:00")),
        ("0014-11-02 02:30:00", "3.5", ("2014-11-02 04:00:00", "2014-11-02 07:30:00")),
    ],
)
def test_a_stated_duration_chooses_between_two_readings(
    tmp_path: Path, ended: str, hours: str, expected: tuple[str, str]
) -> None:
    written = layouts.row("workplace", created="0014-11-02 00:00:00", ended=ended, chargeTimeHrs=hours)
    (session,) = layouts.outcomes(tmp_path, layouts.text("workplace", written), time_zone="America/New_York")
    assert (session.started_at, session.ended_at) == tuple(map(utc, expected))


def test_a_stated_duration_can_move_the_start_to_the_second_reading(tmp_path: Path) -> None:
    written = layouts.row("workplace", created="0014-11-02 01:30:00", ended="0014-11-02 03:00:00", chargeTimeHrs="1.5")
    (session,) = layouts.outcomes(tmp_path, layouts.text("workplace", written), time_zone="America/New_York")
    assert (session.started_at, session.ended_at) == (utc("2014-11-02 06:30:00"), utc("2014-11-02 08:00:00"))


@pytest.mark.parametrize(
    ("start", "start_zone", "end", "end_zone", "expected"),
    [
        # Both changes of 2018 in Colorado, named by the row itself.
        ("2018/03/10 20:00:00", "MST", "2018/03/11 20:00:00", "MDT", ("2018-03-11 03:00:00", "2018-03-12 02:00:00")),
        ("2018/11/03 20:00:00", "MDT", "2018/11/04 20:00:00", "MST", ("2018-11-04 02:00:00", "2018-11-05 03:00:00")),
        ("2018/11/04 01:30:00", "MDT", "2018/11/04 01:30:00", "MST", ("2018-11-04 07:30:00", "2018-11-04 08:30:00")),
    ],
)
def test_an_abbreviation_in_the_row_decides(
    tmp_path: Path, start: str, start_zone: str, end: str, end_zone: str, expected: tuple[str, str]
) -> None:
    changes = {
        "Start_Date___Time": start,
        "Start_Time_Zone": start_zone,
        "End_Date___Time": end,
        "End_Time_Zone": end_zone,
    }
    assert times(tmp_path, "boulder", **changes) == expected


@pytest.mark.parametrize("layout", ["boulder", "chargepoint_old"])
def test_the_profile_s_zone_counts_only_where_the_row_names_none(tmp_path: Path, layout: str) -> None:
    zone = {"boulder": ("Start_Time_Zone", "End_Time_Zone"), "chargepoint_old": ("Start Time Zone", "End Time Zone")}[layout]
    named = layouts.only(tmp_path, layout)
    unnamed = layouts.only(tmp_path, layout, **dict.fromkeys(zone, ""))
    eastern = layouts.only(tmp_path, layout, **dict.fromkeys(zone, "EDT"))
    assert unnamed == named
    assert (named.started_at - eastern.started_at).total_seconds() == {"boulder": 7200, "chargepoint_old": 10800}[layout]
    assert eastern.place.time_zone == "America/New_York"


def chargebill(folder: Path, start: str, end: str, zone: str = "", **options: str) -> SessionRow | Refusal:
    written = layouts.row("chargebill", start=start, end=end, time_zone=zone)
    (outcome,) = layouts.outcomes(folder, layouts.text("chargebill", written), **options)
    return outcome


@pytest.mark.parametrize(
    ("start", "zone", "options", "expected", "place"),
    [
        ("2024-07-01 10:00", "Europe/Lisbon", {"time_zone": "Europe/Berlin"}, "2024-07-01 09:00:00", "Europe/Lisbon"),
        ("2024-07-01 10:00", "CEST", {"time_zone": "Europe/Paris"}, "2024-07-01 08:00:00", "Europe/Paris"),
        ("2024-07-01 10:00", "CEST", {}, "2024-07-01 08:00:00", "Europe/Berlin"),
        ("2024-07-01 10:00", "-05:00", {}, "2024-07-01 15:00:00", ""),
        (
            "2024-07-01 10:00",
            "",
            {"time_zone": "Europe/Berlin", "entity_time_zone": "UTC"},
            "2024-07-01 08:00:00",
            "Europe/Berlin",
        ),
        ("2024-07-01 10:00", "", {"entity_time_zone": "America/New_York"}, "2024-07-01 14:00:00", "America/New_York"),
        ("2024-07-01T10:00:00+02:00", "", {}, "2024-07-01 08:00:00", ""),
        ("2024-07-01T10:00:00+0200", "", {}, "2024-07-01 08:00:00", ""),
        ("2024-07-01T10:00Z", "", {}, "2024-07-01 10:00:00", ""),
        ("2024-07-01T10:00:30.250Z", "", {"time_zone": "Europe/Berlin"}, "2024-07-01 10:00:30.250000", "Europe/Berlin"),
        # An offset fixes the moment, the column still names the place's zone.
        ("2024-07-01T10:00:00+00:00", "Europe/Berlin", {}, "2024-07-01 10:00:00", "Europe/Berlin"),
        ("2026-07-31 18:48:47.157 -0700", "", {}, "2026-08-01 01:48:47.157000", ""),
    ],
)
def test_which_zone_counts(tmp_path: Path, start: str, zone: str, options: dict[str, str], expected: str, place: str) -> None:
    session = chargebill(tmp_path, start, start.replace("10:00", "11:00"), zone, **options)
    assert isinstance(session, SessionRow), session
    assert session.started_at == utc(expected)
    assert session.place.time_zone == place


def test_a_file_without_any_zone_is_refused_before_a_row_is_read(tmp_path: Path) -> None:
    path = layouts.saved(tmp_path, layouts.text("workplace"))
    inspection = inspect(path)
    with pytest.raises(FileRefused) as refused:
        records(path, inspection, recognise(inspection.header))
    assert refused.value.code == "time_zone_unknown"
    assert refused.value.where == "line 2"
    assert refused.value.message == (
        "The times in this file say no time zone. Name the zone the file was written in, such as Europe/Berlin, "
        "or set the company's. Nothing was imported."
    )


def test_rows_that_name_their_zone_need_no_other(tmp_path: Path) -> None:
    content = layouts.text("chargebill")
    assert isinstance(layouts.outcomes(tmp_path, content)[0], SessionRow)


def test_a_late_row_without_a_zone_waits(tmp_path: Path) -> None:
    rows = [layouts.row("chargebill")] * 150 + [layouts.row("chargebill", start="2024-07-01 10:00")]
    *_, last = layouts.outcomes(tmp_path, layouts.text("chargebill", *rows))
    assert isinstance(last, Refusal)
    assert last.code == "time_zone_unknown"


@pytest.mark.parametrize("name", ["Europe/Atlantis", "../../etc/passwd", "localtime", "a" * 300, "Ε/Β", "posix/Europe/Berlin"])
def test_a_zone_nobody_knows_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileRefused, match="is no known time zone"):
        chargebill(tmp_path, "2024-07-01 10:00", "2024-07-01 11:00", time_zone=name)
    refusal = chargebill(tmp_path, "2024-07-01 10:00", "2024-07-01 11:00", zone=name, time_zone="Europe/Berlin")
    assert isinstance(refusal, Refusal)
    assert refusal.code == "start_unreadable"


@pytest.mark.parametrize(
    "written",
    [
        "31.12.2024 10:00Z",
        "2024-13-01T10:00Z",
        "2024-02-30T10:00Z",
        "2024-07-01T24:00Z",
        "2024-07-01T10:60Z",
        "2024-07-01T1000Z",
        "2024-07-01Z",
        "2024-07-01T10:00+99:00",
        "2024-07-01T10:00:00.1234567890Z",
        "２０２４-07-01T10:00Z",
        "2024-07-01T１０:00Z",
        "1719828000",
        "tomorrow",
        "2024-07-01T-1:00Z",
        "99999-07-01T10:00Z",
    ],
)
def test_what_is_no_time_waits_with_a_reason(tmp_path: Path, written: str) -> None:
    refusal = chargebill(tmp_path, written, "2024-07-01T11:00Z")
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.field) == ("start_unreadable", "start")
    assert refusal.message.startswith("The start time can't be read. ")


@pytest.mark.parametrize("year", ["0001", "1969", "2004", "2100", "9999"])
def test_a_year_that_can_not_be_right_has_its_own_reason(tmp_path: Path, year: str) -> None:
    refusal = chargebill(tmp_path, f"{year}-07-01T10:00Z", f"{year}-07-01T11:00Z")
    assert isinstance(refusal, Refusal)
    assert refusal.code == "implausible_year"
    assert refusal.message == f"The start is in the year {year}, which can't be right."


@pytest.mark.parametrize("written", ["0001-01-01 00:00", "9999-12-31 23:59"])
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles", "+14:00", "-12:00"])
def test_the_ends_of_the_calendar_are_survived(tmp_path: Path, written: str, zone: str) -> None:
    assert isinstance(chargebill(tmp_path, written, written, zone), Refusal)


@pytest.mark.parametrize(
    ("clock", "expected"),
    [("12:05 AM", "00:05"), ("1:05 am", "01:05"), ("12:30 PM", "12:30"), ("11:59 PM", "23:59"), ("9:07", "09:07")],
)
def test_american_dates_with_am_and_pm(tmp_path: Path, clock: str, expected: str) -> None:
    written = layouts.row(
        "chargepoint_old",
        **{"Start Date": f"7/4/2019 {clock}", "Start Time Zone": "UTC", "End Date": "7/5/2019 0:00", "End Time Zone": "UTC"},
    )
    (session,) = layouts.outcomes(tmp_path, layouts.text("chargepoint_old", written))
    assert session.started_at == utc(f"2019-07-04 {expected}:00")
