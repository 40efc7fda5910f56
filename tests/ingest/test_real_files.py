"""The real files at hand: every row is taken or waits, as an independent reading of the same files says.

The reading here uses csv, float and zoneinfo, and none of the product's code.
"""

import csv
import gzip
import io
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from stations.ingest.profiles import recognise
from stations.ingest.reading import inspect, records
from stations.ingest.rows import Record, Refusal, SessionRow

pytestmark = pytest.mark.shared

LONDON, NEW_YORK = ZoneInfo("Europe/London"), ZoneInfo("America/New_York")
MOUNTAIN = {"MST": timezone(timedelta(hours=-7)), "MDT": timezone(timedelta(hours=-6))}


def plain(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rb") as file:
        return list(csv.DictReader(io.StringIO(file.read().decode("utf-8-sig"), newline="")))


def imported(path: Path, time_zone: str = "") -> tuple[str, list[Record]]:
    inspection = inspect(path)
    profile = recognise(inspection.header)
    found = list(records(path, inspection, profile, time_zone=time_zone))
    assert inspection.records == len(found)
    assert [record.line_no for record in found] == sorted({record.line_no for record in found})
    return profile.name, found


def codes(found: list[Record]) -> Counter[str]:
    return Counter(record.outcome.code for record in found if isinstance(record.outcome, Refusal))


def london(day: str, clock: str, fold: int = 0) -> datetime:
    """By timestamp(), which resolves the fold, unlike the product's own way through the day's offsets."""
    return datetime.fromtimestamp(
        datetime.strptime(f"{day} {clock}", "%d/%m/%Y %H:%M").replace(tzinfo=LONDON, fold=fold).timestamp(), UTC
    )


def chargeplace(row: dict[str, str]) -> tuple[str, datetime | None, datetime | None, float | None]:
    """Reason against a ChargePlace row, "" if there is none, and its facts."""
    if not row["CP ID"]:
        return "place_missing", None, None, None
    if not row["End Date"]:
        return "end_missing", None, None, None
    energy = float(row["Total kWh"])
    if energy < 0:
        return "energy_negative", None, None, None
    start, end = london(row["Start Date"], row["Start Time"]), london(row["End Date"], row["End Time"])
    if end < start:
        # In October an hour comes twice, and the end may be in the second.
        end = london(row["End Date"], row["End Time"], fold=1)
    return ("end_before_start" if end < start else ""), start, end, energy


@pytest.mark.parametrize(
    ("name", "profile", "refused"),
    [
        (
            "dundee-2017-12_2018-03",
            "chargeplace_dundee",
            {"place_missing": 2, "end_missing": 80, "energy_negative": 2, "end_before_start": 1},
        ),
        ("dundee-2018-06_2018-09", "chargeplace_dundee", {"end_missing": 72, "energy_negative": 8}),
        ("perth-kinross-sept17toaug18", "chargeplace_perth", {"end_missing": 43, "energy_negative": 1}),
        (
            "perth-kinross-sept18toaug19",
            "chargeplace_perth",
            {"end_missing": 105, "energy_negative": 6, "end_before_start": 5},
        ),
    ],
)
def test_chargeplace_scotland(shared: Path, name: str, profile: str, refused: dict[str, int]) -> None:
    path = shared / "data" / f"{name}.csv.gz"
    rows = plain(path)
    used, found = imported(path)
    assert used == profile
    assert len(found) == len(rows)
    assert codes(found) == refused
    on_change = 0
    for row, record in zip(rows, found, strict=True):
        reason, start, end, energy = chargeplace(row)
        outcome = record.outcome
        if reason:
            assert isinstance(outcome, Refusal)
            assert outcome.code == reason
            continue
        assert isinstance(outcome, SessionRow)
        assert (outcome.started_at, outcome.ended_at, float(outcome.energy_kwh)) == (start, end, energy)
        assert (outcome.place.evse_uid, outcome.place.connector_number) == (row["CP ID"], row["Connector"])
        assert outcome.place.location_code == " ".join(row["Site"].split())
        assert outcome.token_uid == row.get("User ID", "").strip()
        on_change += row["Start Date"] in ("25/03/2018", "29/10/2017", "28/10/2018", "31/03/2019")
    ids = [record.outcome.external_id for record in found if isinstance(record.outcome, SessionRow)]
    if profile == "chargeplace_dundee":
        assert len(set(ids)) == len(ids)
    else:
        seen = {tuple(row[column] for column in list(row)[:7]) for row in rows if not chargeplace(row)[0]}
        assert len(set(ids)) == len(seen)
        assert on_change > 50


def test_perth_charge_point_connector_and_start_alone_are_no_identity(shared: Path) -> None:
    rows = [row for path in sorted((shared / "data").glob("perth-*.csv.gz")) for row in plain(path)]
    starts = Counter((row["CP ID"], row["Connector"], row["Start Date"], row["Start Time"]) for row in rows)
    assert sum(count - 1 for count in starts.values()) == 57


def test_odd_but_readable_rows_are_taken(shared: Path) -> None:
    sessions = [
        record.outcome
        for path in sorted((shared / "data").glob("dundee-*.csv.gz"))
        for record in imported(path)[1]
        if isinstance(record.outcome, SessionRow)
    ]
    assert sum(session.energy_kwh == 0 for session in sessions) == 1_540
    assert sum(session.energy_kwh > 1_400 for session in sessions) == 1
    # Of the 1,136 rows longer than a day two have negative energy.
    assert sum(session.ended_at - session.started_at > timedelta(hours=24) for session in sessions) == 1_134


def test_boulder(shared: Path) -> None:
    path = shared / "data" / "boulder-2018_2021.csv.gz"
    rows = plain(path)
    used, found = imported(path)
    assert used == "chargepoint_arcgis"
    assert len(found) == len(rows) == 23_597
    assert codes(found) == {"end_before_start": 1}
    spanning = 0
    for row, record in zip(rows, found, strict=True):
        start, end = (
            datetime.strptime(row[f"{which}_Date___Time"], "%Y/%m/%d %H:%M:%S").replace(
                tzinfo=MOUNTAIN[row[f"{which}_Time_Zone"]]
            )
            for which in ("Start", "End")
        )
        outcome = record.outcome
        if end < start:
            assert isinstance(outcome, Refusal)
            assert outcome.message == "It ends 50 years before it starts."
            continue
        assert isinstance(outcome, SessionRow)
        assert (outcome.started_at, outcome.ended_at) == (start, end)
        assert float(outcome.energy_kwh) == float(row["Energy__kWh_"])
        assert outcome.place.time_zone == "America/Denver"
        hours, minutes, seconds = map(int, row["Charging_Time__hh_mm_ss_"].split(":"))
        charged, duration = hours * 3600 + minutes * 60 + seconds, int((end - start).total_seconds())
        assert outcome.charging_s == (min(charged, duration) if charged <= duration + 60 else None)
        if row["Start_Time_Zone"] != row["End_Time_Zone"]:
            spanning += 1
            # The file's own duration takes no notice of the change: it is an hour off. The zones of the row count.
            hours, minutes, _ = map(int, row["Total_Duration__hh_mm_ss_"].split(":"))
            assert 59 <= abs(hours * 60 + minutes - duration // 60) <= 61
    assert spanning == 13
    # Of the 2,042 rows without energy one is the refused one.
    assert sum(isinstance(record.outcome, SessionRow) and record.outcome.energy_kwh == 0 for record in found) == 2_041


def test_workplace(shared: Path) -> None:
    path = shared / "data" / "workplace-2014_2015.csv.gz"
    rows = plain(path)
    used, found = imported(path, time_zone="America/New_York")
    assert used == "workplace"
    assert len(found) == len(rows) == 3_395
    assert codes(found) == {}
    for row, record in zip(rows, found, strict=True):
        session = record.outcome
        start, end = (
            datetime.strptime("20" + row[which][2:], "%Y-%m-%d %H:%M:%S").replace(tzinfo=NEW_YORK).astimezone(UTC)
            for which in ("created", "ended")
        )
        assert (session.started_at, session.ended_at) == (start, end)
        assert float(session.energy_kwh) == float(row["kwhTotal"])
        assert (float(session.reported_amount), session.reported_currency) == (float(row["dollars"]), "USD")
        assert (session.external_id, session.token_uid) == (row["sessionId"], row["userId"])
    assert sum(record.outcome.reported_amount > 0 for record in found) > 350
