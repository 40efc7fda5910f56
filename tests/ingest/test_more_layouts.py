"""Layouts of networks and backends, with the traps their files hold: no end, other captions, tables below, two BOMs."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from stations.ingest import values
from stations.ingest.profiles import PROFILES, recognise
from stations.ingest.reading import counted, inspect, parse_fields, records
from stations.ingest.rows import PlaceRow, Refusal, SessionRow
from tests.ingest import layouts


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def session(folder: Path, layout: str, **changes: str) -> SessionRow:
    content = layouts.text(layout, layouts.row(layout, **changes))
    (outcome,) = layouts.outcomes(folder, content, time_zone="Europe/Berlin" if layout.startswith(("evcc", "ocpp")) else "")
    assert isinstance(outcome, SessionRow), outcome
    return outcome


def test_cary_has_two_byte_order_marks_and_no_end(tmp_path: Path) -> None:
    content = (
        '\ufeffStart Date/Time,"\ufeff""Station Name""",Charging Time,Energy (kWh),Address 1,Address 2,City,State/Province,'
        "Zip/Postal Code\r\n"
        "2024-07-15T08:30:00-04:00,CARY / TOWN HALL 1,1:45:30,9.812,316 N Academy St,,Cary,North Carolina,27513\r\n"
        "2024-07-16T08:30:00-04:00,CARY / TOWN HALL 1,,9.812,316 N Academy St,,Cary,North Carolina,27513\r\n"
        "2024-07-17T08:30:00-04:00,CARY / TOWN HALL 1,soon,9.812,316 N Academy St,,Cary,North Carolina,27513\r\n"
    )
    inspection, found = layouts.seen(layouts.saved(tmp_path, content))
    assert recognise(inspection.header).name == "chargepoint_cary"
    first, missing, unreadable = (record.outcome for record in found)
    assert (first.started_at, first.ended_at, first.charging_s) == (utc(2024, 7, 15, 12, 30), utc(2024, 7, 15, 14, 15, 30), 6330)
    assert (first.place.location_code, first.place.evse_uid) == ("CARY / TOWN HALL 1", "CARY / TOWN HALL 1")
    assert len(first.external_id) == 40
    assert missing.code == "end_missing"
    assert missing.message == "There is no duration, so when it ended is not known."
    assert (unreadable.code, unreadable.field) == ("end_unreadable", "Charging Time")


def test_dundee_2021(tmp_path: Path) -> None:
    # British summer time.
    assert session(tmp_path, "dundee_2021") == SessionRow(
        external_id="8800123",
        place=PlaceRow(
            location_code="Market Place, Dundee",
            location_name="Market Place, Dundee",
            evse_uid="60001",
            connector_number="CCS",
            time_zone="Europe/London",
            postal_code="DD1 1AA",
        ),
        started_at=utc(2022, 7, 2, 8, 15),
        ended_at=utc(2022, 7, 2, 8, 56),
        energy_kwh=Decimal("21.4000"),
    )


@pytest.mark.parametrize(
    "header",
    [
        "CP ID,Connector,Currency,Amount,Consum,Duration,Start",
        "CPID,Connector ID,Curr,AMOUNT,Consum(kWh),Duration,START",
        "CP_ID,Connecto ID,Currency,Amt,CONSUMED,Duration,start time",
        "Display ID,Connector,Curr,Amount,Consum,Duration,StartTime",
    ],
)
def test_monthly_headers_change_and_mean_the_same(tmp_path: Path, header: str) -> None:
    content = f"{header}\n60001,2,GBP,3.21,10.7,00:30:15,02/07/2022 09:15\n"
    inspection, (record,) = layouts.seen(layouts.saved(tmp_path, content))
    assert recognise(inspection.header).name == "chargeplace_monthly"
    # The identity is hashed from the cells, so it is the same whatever the columns are called.
    assert record.outcome == session(tmp_path, "monthly")
    assert record.outcome.ended_at == utc(2022, 7, 2, 8, 45, 15)
    assert (record.outcome.reported_amount, record.outcome.reported_currency) == (Decimal("3.2100"), "GBP")
    assert (record.outcome.place.location_code, record.outcome.place.connector_number) == ("60001", "2")


def test_lugano(tmp_path: Path) -> None:
    found = session(tmp_path, "lugano")
    assert (found.external_id, found.started_at, found.ended_at) == ("551", utc(2022, 3, 15, 9, 5), utc(2022, 3, 15, 11, 20))
    assert (found.energy_kwh, found.reported_amount, found.reported_currency) == (Decimal("14.25"), Decimal("6.4"), "CHF")
    assert (found.place.evse_uid, found.place.location_code, found.place.country) == ("LUG-12", "Piazza Uno", "CH")
    assert (found.place.standard, found.place.time_zone) == ("IEC_62196_T2", "Europe/Zurich")
    assert (found.token_uid, found.token_issuer) == ("U77", "AIL")


def test_lugano_uses_its_minutes_when_an_hour_comes_twice(tmp_path: Path) -> None:
    found = session(
        tmp_path,
        "lugano",
        BeginDate="30.10.2022",
        BeginHour="02:10:00",
        EndDate="30.10.2022",
        EndHour="02:40:00",
        **{"Durata min": "90"},
    )
    assert (found.started_at, found.ended_at) == (utc(2022, 10, 30, 0, 10), utc(2022, 10, 30, 1, 40))


def test_powerflex(tmp_path: Path) -> None:
    found = session(tmp_path, "powerflex")
    assert (found.external_id, found.charging_s) == ("0000012345", 5430)
    assert found.started_at == datetime(2026, 8, 1, 1, 48, 47, 157000, tzinfo=UTC)
    assert (found.reported_amount, found.reported_currency) == (Decimal("2.8100"), "USD")
    assert (found.place.evse_uid, found.place.location_code, found.place.address) == ("PF-0001", "County Garage", "100 Main St")


def test_chargeme_has_semicolons_and_decimal_commas(tmp_path: Path) -> None:
    cells = layouts.row("chargeme") | {
        "Verbrauch (kWh)": "12,25",
        "meterValueStart (kWh)": "100,5",
        "meterValueStop (kWh)": "112,75",
    }
    (found,) = layouts.outcomes(tmp_path, layouts.text("chargeme", cells, delimiter=";"))
    assert (found.energy_kwh, found.meter_start_kwh, found.meter_stop_kwh) == (
        Decimal("12.25"),
        Decimal("100.5"),
        Decimal("112.75"),
    )
    # The columns in UTC count: they are clear when an hour comes twice.
    assert (found.started_at, found.ended_at) == (utc(2024, 5, 31, 8), utc(2024, 5, 31, 9, 30))
    assert (found.place.location_code, found.place.evse_id, found.place.time_zone) == ("Rathaus", "DE*ABC*E1", "")
    (named,) = layouts.outcomes(tmp_path, layouts.text("chargeme", cells, delimiter=";"), time_zone="Europe/Berlin")
    assert (named.started_at, named.place.time_zone) == (utc(2024, 5, 31, 8), "Europe/Berlin")


def test_open_e_mobility_says_its_zone_or_is_in_utc(tmp_path: Path) -> None:
    found = session(tmp_path, "open_e_mobility")
    assert (found.started_at, found.place.time_zone) == (utc(2023, 6, 1, 6), "Europe/Paris")
    assert found.charging_s == 7200 - 2730
    assert (found.reported_amount, found.reported_currency) == (Decimal("4.6800"), "EUR")
    without = session(tmp_path, "open_e_mobility", timezone="N/A (UTC by default)", siteName="")
    assert (without.started_at, without.place.time_zone) == (utc(2023, 6, 1, 8), "")
    assert without.place.location_code == ""
    quoted = layouts.text("open_e_mobility").replace("CS-A", '"CS-A"').replace("\n", "\r\n")
    assert layouts.outcomes(tmp_path, quoted) == [found]


def test_evcc_in_english_and_german(tmp_path: Path) -> None:
    found = session(tmp_path, "evcc")
    assert (found.started_at, found.ended_at) == (utc(2024, 2, 1, 17, 0, 5), utc(2024, 2, 1, 20, 30, 5))
    assert (found.energy_kwh, found.charging_s) == (Decimal("12.25"), 3 * 3600 + 12 * 60 + 5)
    assert (found.place.evse_uid, found.place.location_code) == ("Garage", "Garage")
    # What the energy cost the household is no amount a driver was charged.
    assert found.reported_amount is None
    german = "\ufeff" + layouts.text(
        "evcc_de", layouts.row("evcc_de", **{"Energie (kWh)": "12,25", "Kosten": "3,68"}), delimiter=";"
    )
    (same,) = layouts.outcomes(tmp_path, german, time_zone="Europe/Berlin")
    assert (same.external_id, same.energy_kwh) == (found.external_id, Decimal("12.25"))


def test_ocpp_core_in_english_and_german(tmp_path: Path) -> None:
    english = layouts.text("ocpp_core", delimiter=";")
    (found,) = layouts.outcomes(tmp_path, english, time_zone="Europe/Berlin")
    assert (found.energy_kwh, found.meter_start_kwh) == (Decimal("12.25"), Decimal("1000.5"))
    # An English export names no charging station.
    assert (found.place.location_code, found.place.evse_uid) == ("OCPP.Core", "OCPP.Core")
    german = layouts.text("ocpp_core_de", delimiter=";").encode("windows-1252")
    inspection, (record,) = layouts.seen(layouts.saved(tmp_path, german), encoding="windows-1252", time_zone="Europe/Berlin")
    same = record.outcome
    assert recognise(inspection.header).name == "ocpp_core"
    assert (same.started_at, same.energy_kwh, same.meter_stop_kwh) == (found.started_at, Decimal("12.25"), Decimal("1012.75"))
    assert (same.place.evse_uid, same.token_uid) == ("CP1", "Anna")


def test_evtivity_has_other_tables_below_its_sessions(tmp_path: Path) -> None:
    sessions = layouts.text("evtivity", layouts.row("evtivity"), layouts.row("evtivity", Transaction_ID="tx-2", Ended=""))
    tables = "\nFailed Session Analysis\nReason,Count\nGroundFailure,2\n"
    path = layouts.saved(tmp_path, sessions + tables)
    inspection = inspect(path)
    profile = recognise(inspection.header)
    assert inspection.records == 5
    assert counted(path, inspection, profile).records == 2
    found = list(records(path, inspection, profile, time_zone="America/New_York"))
    assert [record.line_no for record in found] == [2, 3]
    first, still_charging = (record.outcome for record in found)
    assert (first.started_at, first.energy_kwh) == (utc(2026, 3, 1, 15), Decimal("22.5"))
    assert (first.reported_amount, first.reported_currency, first.stop_reason) == (Decimal("9.00"), "USD", "EVDisconnected")
    assert isinstance(still_charging, Refusal)
    assert still_charging.code == "end_missing"
    again = list(records(path, inspection, profile, time_zone="America/New_York", skip=1))
    assert [record.line_no for record in again] == [3]


def test_a_stray_blank_line_loses_no_session(tmp_path: Path) -> None:
    header, row = layouts.text("evtivity").splitlines()
    path = layouts.saved(tmp_path, "\n".join([header, "", row, "", row.replace("tx-1", "tx-2"), "a,b"]))
    inspection = inspect(path)
    found = list(records(path, inspection, recognise(inspection.header), time_zone="America/New_York"))
    assert [record.outcome.external_id for record in found] == ["tx-1", "tx-2"]


def test_a_corrected_row_is_read_with_what_every_row_says() -> None:
    profile, header = PROFILES["chargeme"], layouts.HEADERS["chargeme"]
    cells = layouts.row("chargeme") | {"Verbrauch (kWh)": "12.25"}
    found = parse_fields(profile, header, cells)
    assert isinstance(found, SessionRow)
    assert found.started_at == utc(2024, 5, 31, 8)


@pytest.mark.parametrize(
    ("cell", "unit", "expected"),
    [
        ("1:30", "clock", 5400),
        ("90", "clock", None),
        ("90.5", "minutes", 5430),
        ("1:30:00", "minutes", 5400),
        ("1.5", "hours", 5400),
        ("90", "seconds", 90),
        ("3h12m5s", "clock", 11525),
        ("45m", "clock", 2700),
        ("1h 5 min", "clock", None),
        ("-5", "minutes", None),
        ("", "minutes", None),
        ("9" * 30, "hours", None),
    ],
)
def test_durations(cell: str, unit: str, expected: int | None) -> None:
    assert values.duration_s(cell, unit) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("$4.50", ("4.50", "")),
        ("4.50 €", ("4.50", "EUR")),
        ("US$4", ("4", "USD")),
        ("£ 3.20", ("3.20", "GBP")),
        ("EUR 7.10", ("7.10", "EUR")),
        ("7.10 CHF", ("7.10", "CHF")),
        ("7.10", ("7.10", "")),
    ],
)
def test_amounts_with_a_currency_written_beside_them(cell: str, expected: tuple[str, str]) -> None:
    assert values.without_currency(cell) == expected


def test_an_energy_may_carry_its_unit(tmp_path: Path) -> None:
    assert session(tmp_path, "dundee_2021", **{"Consum(kWh)": "21.4 kWh"}).energy_kwh == Decimal("21.4")
    assert session(tmp_path, "dundee_2021", **{"Consum(kWh)": "21400 Wh"}).energy_kwh == Decimal("21.4")
