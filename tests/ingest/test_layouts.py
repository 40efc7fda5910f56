"""Each layout a profile is claimed for is recognised by its header and imports with the right facts."""

import hashlib
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from stations.ingest.profiles import PROFILES, recognise
from stations.ingest.rows import (
    AuthorizationRow,
    FileRefused,
    MeterValueRow,
    PlaceRow,
    Refusal,
    SessionRow,
    StatusRow,
)
from tests.ingest import layouts


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize("layout", layouts.HEADERS)
def test_a_file_is_recognised_by_its_header(layout: str) -> None:
    assert recognise(layouts.HEADERS[layout]).name == layouts.PROFILE_OF.get(layout, layout)


def test_every_profile_is_imported_by_a_test() -> None:
    assert {layouts.PROFILE_OF.get(layout, layout) for layout in layouts.HEADERS} | {"ocpi_cdr"} == set(PROFILES)


def test_case_white_space_quotes_and_byte_order_marks_in_a_header_make_no_difference() -> None:
    header = ['\ufeff"Station Name"', " start date ", "END DATE", "Energy  (kWh)", "Plug In Event ID"]
    assert recognise(header).name == "chargepoint"


def test_of_two_fitting_layouts_the_one_that_knows_more_columns_is_taken() -> None:
    # A Dundee file has every column of a Perth file.
    assert not PROFILES["chargeplace_perth"].lacks(layouts.DUNDEE)
    assert recognise(layouts.DUNDEE).name == "chargeplace_dundee"


def test_an_unknown_header_is_refused_naming_its_columns_and_the_closest_layout() -> None:
    with pytest.raises(FileRefused) as refused:
        recognise(["CP ID", "Connector", "Start Date", "Start Time", "Total kWh", "Mood"])
    assert refused.value.code == "unknown_layout"
    assert refused.value.message == (
        "This layout is not known. The columns found are: CP ID, Connector, Start Date, Start Time, Total kWh, Mood. "
        "Closest is “ChargePlace Scotland, Perth & Kinross”, but these columns are missing: End Date, End Time. "
        "The first line must hold the column names. Nothing was imported."
    )


@pytest.mark.parametrize("newer", ["", "Name,Model,Country,UnitCostBase,UnitCostTier1,"])
def test_a_tesla_export_is_refused_for_it_has_no_end_time(newer: str) -> None:
    header = layouts.columns(f"ChargeStartDateTime,Vin,{newer}SiteLocationName,Description,QuantityBase,QuantityTier1,VAT,Status")
    with pytest.raises(FileRefused) as refused:
        recognise(header)
    assert (refused.value.code, refused.value.where) == ("no_end_times", "line 1")
    assert refused.value.message == (
        "This is a Tesla account export. It does not say when a session ended, and a session without an end has no price. "
        "Nothing was imported."
    )


def test_dundee_with_and_without_user(tmp_path: Path) -> None:
    place = PlaceRow(
        location_code="Queen Street Car Park, Broughty Ferry, Dundee",
        location_name="Queen Street Car Park, Broughty Ferry, Dundee",
        evse_uid="50911",
        connector_number="2",
        time_zone="Europe/London",
        evse_model="APT Triple Rapid Charger",
    )
    plain = SessionRow(
        external_id="4032740",
        place=place,
        started_at=utc(2017, 12, 1, 11, 22),
        ended_at=utc(2017, 12, 1, 11, 48),
        energy_kwh=Decimal("2.7000"),
        reported_amount=Decimal("3.5000"),
        reported_currency="GBP",
    )
    assert layouts.only(tmp_path, "dundee") == plain
    with_user = layouts.only(tmp_path, "dundee_with_user")
    assert isinstance(with_user, SessionRow)
    assert (with_user.token_uid, with_user.token_type, with_user.payment_method) == ("601838", "RFID", "RFID")
    assert layouts.only(tmp_path, "dundee_with_user", User_ID="") == plain


def test_trailing_columns_without_a_name_are_ignored(tmp_path: Path) -> None:
    content = layouts.text("dundee_with_user").rstrip("\n").removesuffix(",,,") + ",,,Nissan LEAF,and more\n"
    (outcome,) = layouts.outcomes(tmp_path, content)
    assert isinstance(outcome, SessionRow)


def test_perth_has_no_id_so_a_row_is_told_apart_by_its_content_as_written(tmp_path: Path) -> None:
    first, other_energy, again = layouts.outcomes(
        tmp_path,
        layouts.text("perth", layouts.row("perth"), layouts.row("perth", Total_kWh="2.70"), layouts.row("perth")),
    )
    written = "50911\x1f2\x1f01/12/2017\x1f11:22\x1f01/12/2017\x1f11:48\x1f2.7"
    assert first.external_id == hashlib.sha1(written.encode()).hexdigest()
    assert again == first
    assert other_energy.external_id != first.external_id
    assert first.started_at == utc(2017, 12, 1, 11, 22)
    assert first.reported_amount is None


def test_boulder(tmp_path: Path) -> None:
    assert layouts.only(tmp_path, "boulder") == SessionRow(
        external_id="17",
        place=PlaceRow(
            location_code="CITY / HALL ST1",
            location_name="CITY / HALL ST1",
            evse_uid="CITY / HALL ST1",
            time_zone="America/Denver",
            address="1 Main St",
            postal_code="80302",
            city="Boulder",
            power_type="AC",
        ),
        started_at=utc(2020, 6, 1, 14),
        ended_at=utc(2020, 6, 1, 16),
        energy_kwh=Decimal("7.2500"),
        charging_s=4500,
    )


def test_workplace_years_are_short_and_dollars_are_what_was_charged(tmp_path: Path) -> None:
    (session,) = layouts.outcomes(tmp_path, layouts.text("workplace"), time_zone="America/New_York")
    assert session == SessionRow(
        external_id="1366563",
        place=PlaceRow("461655", "461655", "582873", time_zone="America/New_York"),
        started_at=utc(2014, 11, 18, 20, 40, 26),
        ended_at=utc(2014, 11, 18, 22, 11, 4),
        energy_kwh=Decimal("7.7800"),
        token_uid="35897499",
        token_type="APP_USER",
        payment_method="APP",
        reported_amount=Decimal("0.5800"),
        reported_currency="USD",
    )


@pytest.mark.parametrize("layout", ["chargepoint_old", "chargepoint_new"])
def test_chargepoint_in_both_header_variants(tmp_path: Path, layout: str) -> None:
    session = layouts.only(tmp_path, layout)
    assert isinstance(session, SessionRow)
    assert len(session.external_id) == 40
    assert session == SessionRow(
        external_id=session.external_id,
        place=PlaceRow(
            location_code="PALO ALTO CA / HAMILTON #1",
            location_name="PALO ALTO CA / HAMILTON #1",
            evse_uid="PALO ALTO CA / HAMILTON #1",
            connector_number="2",
            time_zone="America/Los_Angeles",
            address="250 Hamilton Ave",
            postal_code="94301",
            city="Palo Alto",
            country="US",
            latitude=Decimal("37.444572"),
            longitude=Decimal("-122.160309"),
            evse_model="CT2100",
            standard="IEC_62196_T1",
            power_type="AC",
        ),
        started_at=utc(2019, 7, 30, 3, 17),
        ended_at=utc(2019, 7, 30, 6, 20),
        energy_kwh=Decimal("6.2495"),
        charging_s=6843,
        token_uid="3284",
        token_type="OTHER",
        reported_amount=Decimal("1.4400"),
        reported_currency="USD",
        stop_reason="Plug Out at Vehicle",
    )


def test_the_same_chargepoint_session_has_one_id_in_both_header_variants(tmp_path: Path) -> None:
    old, new = (layouts.only(tmp_path, layout) for layout in ("chargepoint_old", "chargepoint_new"))
    other_station = layouts.only(tmp_path, "chargepoint_old", MAC_Address="000D:6F00:0000:0000")
    assert old.external_id == new.external_id != other_station.external_id


def test_steve_meter_values_in_wh_give_the_energy_and_the_charge_box_is_the_place(tmp_path: Path) -> None:
    assert layouts.only(tmp_path, "steve") == SessionRow(
        external_id="31",
        place=PlaceRow("CB-Hof", "CB-Hof", "CB-Hof", connector_number="2"),
        started_at=utc(2023, 3, 1, 7),
        ended_at=utc(2023, 3, 1, 8, 30),
        energy_kwh=Decimal("8.2335"),
        meter_start_kwh=Decimal("120.5000"),
        meter_stop_kwh=Decimal("128.7335"),
        token_uid="04A1B2C3",
        token_type="RFID",
        payment_method="RFID",
        stop_reason="EVDisconnected",
    )


def test_steve_head_has_several_evses_in_a_charge_box(tmp_path: Path) -> None:
    session = layouts.only(tmp_path, "steve_head")
    assert isinstance(session, SessionRow)
    assert (session.place.location_code, session.place.evse_uid, session.place.connector_number) == ("CB-Hof", "CB-Hof-2", "1")
    assert session.energy_kwh == Decimal("11.0000")


def test_a_running_steve_transaction_waits_with_both_reasons(tmp_path: Path) -> None:
    refusal = layouts.only(tmp_path, "steve", stop_timestamp="", stop_value="", stop_reason="")
    assert refusal == Refusal(
        "end_missing",
        "There is no end time. The session may still have been running when the file was made. "
        "There is no meter reading at the end.",
        "stop_timestamp",
    )


def test_chargebill_csv_with_every_column(tmp_path: Path) -> None:
    written = layouts.row(
        "chargebill",
        location_name="Town hall",
        address="Markt 1",
        postal_code="52062",
        city="Aachen",
        country="DE",
        latitude="50.775346",
        longitude="6.083887",
        evse_id="DE*CBL*E1",
        evse_model="Model X",
        connector="2",
        connector_standard="Type 2",
        power_type="AC",
        rated_kw="22",
        time_zone="Europe/Berlin",
        charging_time="1:10:00",
        meter_start_kwh="100.5",
        meter_stop_kwh="113",
        token="04A1B2C3",
        token_type="RFID",
        token_issuer="DE-XYZ-C12345678-9",
        payment_method="Payment card",
        amount="7.10",
        currency="EUR",
        card_last4="4242",
        payment_reference="ch_1",
        announced_tariff="0.49 EUR/kWh",
        stop_reason="EVDisconnected",
    )
    assert set(written) == set(layouts.CHARGEBILL)
    (session,) = layouts.outcomes(tmp_path, layouts.text("chargebill", written))
    assert session == SessionRow(
        external_id="S-1",
        place=PlaceRow(
            location_code="P1",
            location_name="Town hall",
            evse_uid="DE*CBL*E1",
            connector_number="2",
            time_zone="Europe/Berlin",
            address="Markt 1",
            postal_code="52062",
            city="Aachen",
            country="DE",
            latitude=Decimal("50.775346"),
            longitude=Decimal("6.083887"),
            evse_id="DE*CBL*E1",
            evse_model="Model X",
            standard="IEC_62196_T2",
            power_type="AC",
            rated_kw=Decimal("22.00"),
        ),
        started_at=utc(2024, 5, 31, 8),
        ended_at=utc(2024, 5, 31, 9, 30),
        energy_kwh=Decimal("12.5000"),
        charging_s=4200,
        meter_start_kwh=Decimal("100.5000"),
        meter_stop_kwh=Decimal("113.0000"),
        token_uid="04A1B2C3",
        token_type="RFID",
        token_issuer="DE-XYZ-C12345678-9",
        payment_method="CARD",
        reported_amount=Decimal("7.1000"),
        reported_currency="EUR",
        card_last4="4242",
        payment_reference="ch_1",
        announced_tariff="0.49 EUR/kWh",
        stop_reason="EVDisconnected",
    )


def test_chargebill_csv_with_semicolons_has_decimal_commas(tmp_path: Path) -> None:
    rows = [
        layouts.row("chargebill", energy_kwh="12,5", amount="1,10", currency="EUR"),
        layouts.row("chargebill", energy_kwh="12.55"),
        layouts.row("chargebill", energy_kwh="1.234"),
    ]
    comma, point, ambiguous = layouts.outcomes(tmp_path, layouts.text("chargebill", *rows, delimiter=";"))
    assert (comma.energy_kwh, comma.reported_amount) == (Decimal("12.5000"), Decimal("1.1000"))
    assert point.energy_kwh == Decimal("12.5500")
    assert ambiguous == Refusal(
        "energy_unreadable",
        "The energy “1.234” can't be read. The point may stand for thousands or for decimals. "
        "Write it without the point, or with a comma.",
        "energy_kwh",
    )


def test_connector_status(tmp_path: Path) -> None:
    status = layouts.only(tmp_path, "connector_status")
    assert status == StatusRow(
        external_id=status.external_id,
        # No place: it is where its EVSE is.
        place=PlaceRow("", "", "E1"),
        at=utc(2024, 5, 31, 10),
        status="Faulted",
        error_code="GroundFailure",
        firmware="1.4.2",
    )
    assert layouts.only(tmp_path, "connector_status", status="Available").external_id != status.external_id


def test_authorizations(tmp_path: Path) -> None:
    authorization = layouts.only(tmp_path, "authorizations")
    assert authorization == AuthorizationRow(
        external_id=authorization.external_id,
        token_uid="04A1B2C3",
        at=utc(2024, 5, 31, 10),
        result="Accepted",
        method="RFID",
        price_shown="0.49 EUR/kWh",
    )


def test_meter_values_keep_their_unit(tmp_path: Path) -> None:
    value = layouts.only(tmp_path, "meter_values")
    assert value == MeterValueRow(
        external_id=value.external_id,
        session_external_id="S-1",
        at=utc(2024, 5, 31, 10, 15),
        register="Energy.Active.Import.Register",
        value=Decimal("1204.5000"),
        unit="Wh",
    )


@pytest.mark.parametrize(
    ("layout", "column", "code"),
    [
        ("connector_status", "evse", "place_missing"),
        ("connector_status", "at", "time_missing"),
        ("connector_status", "status", "status_missing"),
        ("authorizations", "token", "token_missing"),
        ("authorizations", "at", "time_missing"),
        ("authorizations", "result", "result_missing"),
        ("meter_values", "session_id", "session_missing"),
        ("meter_values", "timestamp", "time_missing"),
        ("meter_values", "register", "register_missing"),
        ("meter_values", "value", "value_missing"),
        ("meter_values", "unit", "unit_missing"),
    ],
)
def test_what_an_event_can_not_do_without(tmp_path: Path, layout: str, column: str, code: str) -> None:
    refusal = layouts.only(tmp_path, layout, **{column: ""})
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.field) == (code, column)


def test_an_id_column_in_an_event_file_is_the_identity(tmp_path: Path) -> None:
    content = "id,token,at,result\nA-1,T1,2024-05-31T10:00:00Z,Accepted\n,T1,2024-05-31T10:00:00Z,Accepted\n"
    with_id, without = layouts.outcomes(tmp_path, content)
    assert with_id.external_id == "A-1"
    assert len(without.external_id) == 40


def test_facts_of_rows_that_only_look_odd_are_taken(tmp_path: Path) -> None:
    nothing, a_lot, days = layouts.outcomes(
        tmp_path,
        layouts.text(
            "dundee",
            layouts.row("dundee", Total_kWh="0"),
            layouts.row("dundee", Total_kWh="1430.05"),
            layouts.row("dundee", End_Date="05/12/2017"),
        ),
    )
    assert nothing.energy_kwh == 0
    assert a_lot.energy_kwh == Decimal("1430.0500")
    assert (days.ended_at - days.started_at).days == 4


def test_text_that_looks_like_a_formula_stays_text(tmp_path: Path) -> None:
    session = layouts.only(tmp_path, "dundee", Site='=HYPERLINK("http://x")', Model="@SUM(1+1)")
    assert session.place.location_code == '=HYPERLINK("http://x")'
    assert session.place.evse_model == "@SUM(1+1)"


def test_rows_at_the_same_place_share_one_place(tmp_path: Path) -> None:
    first, second = layouts.outcomes(
        tmp_path, layouts.text("dundee", layouts.row("dundee"), layouts.row("dundee", Total_kWh="3"))
    )
    assert first.place is second.place
