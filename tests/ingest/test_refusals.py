"""A row that can't be taken says why, in words a clerk understands, and in which column."""

from decimal import Decimal
from pathlib import Path

import pytest

from stations.ingest.rows import Refusal, SessionRow
from tests.ingest import layouts

OPEN = "There is no end time. The session may still have been running when the file was made."


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        (
            {"Charging_event": ""},
            Refusal("id_missing", "The row has no id, so it could not be told apart from others.", "Charging event"),
        ),
        ({"CP_ID": " "}, Refusal("place_missing", "There is no charge point.", "CP ID")),
        ({"Start_Date": "", "Start_Time": ""}, Refusal("start_missing", "There is no start time.", "Start Date")),
        ({"End_Date": "", "End_Time": ""}, Refusal("end_missing", OPEN, "End Date")),
        ({"End_Time": ""}, Refusal("end_missing", "The end has no time of day.", "End Date")),
        ({"End_Date": ""}, Refusal("end_missing", "The end has no date.", "End Date")),
        (
            {"Start_Date": "2017/31/01"},
            Refusal(
                "start_unreadable", "The start time can't be read. “2017/31/01” is no date such as 31/05/2024.", "Start Date"
            ),
        ),
        (
            {"End_Time": "noon"},
            Refusal(
                "end_unreadable", "The end time can't be read. “noon” is no time of day such as 17:45 or 17:45:30.", "End Date"
            ),
        ),
        ({"End_Time": "08:02"}, Refusal("end_before_start", "It ends 3 h 20 min before it starts.", "End Date")),
        ({"End_Date": "30/11/2017"}, Refusal("end_before_start", "It ends 23 h 34 min before it starts.", "End Date")),
        ({"End_Date": "01/01/1970"}, Refusal("end_before_start", "It ends 47 years before it starts.", "End Date")),
        ({"Total_kWh": ""}, Refusal("energy_missing", "There is no energy (kWh).", "Total kWh")),
        ({"Total_kWh": "-1.25"}, Refusal("energy_negative", "The energy is negative (-1.25 kWh).", "Total kWh")),
        ({"Total_kWh": "-45.580"}, Refusal("energy_negative", "The energy is negative (-45.58 kWh).", "Total kWh")),
        (
            {"Total_kWh": "1,234.5"},
            Refusal(
                "energy_unreadable",
                "The energy “1,234.5” can't be read. Write it with a decimal point and without thousands separators, "
                "such as 1234.5.",
                "Total kWh",
            ),
        ),
        (
            {"Total_kWh": "lots"},
            Refusal("energy_unreadable", "The energy “lots” can't be read. It is not a number.", "Total kWh"),
        ),
        ({"Cost": "free"}, Refusal("amount_unreadable", "The amount “free” can't be read. It is not a number.", "Cost")),
        (
            {"Charging_event": "9" * 81},
            Refusal("text_too_long", "The id of the row has 81 characters. At most 80 can be kept.", "Charging event"),
        ),
    ],
)
def test_the_reason_names_what_is_wrong(tmp_path: Path, changes: dict[str, str], refusal: Refusal) -> None:
    assert layouts.only(tmp_path, "dundee", **changes) == refusal


def test_all_reasons_are_named_at_once(tmp_path: Path) -> None:
    refusal = layouts.only(tmp_path, "dundee", CP_ID="", End_Date="", End_Time="", Total_kWh="")
    assert refusal == Refusal("place_missing", f"There is no charge point. {OPEN} There is no energy (kWh).", "CP ID")


@pytest.mark.parametrize(
    "written",
    [
        "NaN",
        "-NaN",
        "sNaN",
        "Infinity",
        "-inf",
        "1e400",
        "1e99",
        "10000000000",
        "9999999999.99999",
        "1_000",
        "１２",
        "٣",
        "0x10",
        "1.2.3",
        "--1",
        "1e",
        "1e1e1",
        "9" * 80,
        "0." + "1" * 80,
        "12 MWh",
        "½",
        "1\u00a0000",
    ],
)
def test_absurd_energies_are_refused(tmp_path: Path, written: str) -> None:
    refusal = layouts.only(tmp_path, "dundee", Total_kWh=written)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "energy_unreadable"
    assert len(refusal.message) <= 300


@pytest.mark.parametrize(
    ("written", "energy"),
    [
        ("0.00005", "0.0001"),
        ("0.00004999", "0.0000"),
        ("1.23455", "1.2346"),
        ("9999999999.9999", "9999999999.9999"),
        ("+5", "5.0000"),
        (".5", "0.5000"),
        ("5.", "5.0000"),
        ("1.5E-2", "0.0150"),
        ("1e-400", "0.0000"),
        ("-0.0", "0.0000"),
        (" 7.25 ", "7.2500"),
        ("0e99", "0.0000"),
    ],
)
def test_energies_are_rounded_half_up_to_four_decimals(tmp_path: Path, written: str, energy: str) -> None:
    session = layouts.only(tmp_path, "dundee", Total_kWh=written)
    assert isinstance(session, SessionRow), session
    assert str(session.energy_kwh) == energy


def test_an_amount_without_a_currency_waits_but_nothing_charged_needs_none(tmp_path: Path) -> None:
    refusal = layouts.only(tmp_path, "chargepoint_old", Currency="")
    assert refusal == Refusal("currency_missing", "The amount “1.44” has no currency, such as EUR.", "Currency")
    free = layouts.only(tmp_path, "chargepoint_old", Currency="", Fee="0.00")
    assert (free.reported_amount, free.reported_currency) == (None, "")
    unsaid = layouts.only(tmp_path, "chargepoint_old", Fee="")
    assert (unsaid.reported_amount, unsaid.reported_currency) == (None, "")


def test_optional_cells_that_can_not_be_read_are_left_out(tmp_path: Path) -> None:
    session = layouts.only(
        tmp_path,
        "chargebill",
        latitude="north",
        longitude="181",
        rated_kw="-3",
        country="Ruritania",
        charging_time="soon",
        meter_start_kwh="?",
        meter_stop_kwh="1e99",
        token="T1",
        token_type="necklace",
        payment_method="shells",
        card_last4="42",
        connector_standard="garden hose",
        power_type="steam",
    )
    assert isinstance(session, SessionRow)
    place = session.place
    assert (place.latitude, place.longitude, place.rated_kw, place.country) == (None, None, None, "")
    assert (place.standard, place.power_type) == ("", "")
    assert (session.charging_s, session.meter_start_kwh, session.meter_stop_kwh) == (None, None, None)
    assert (session.token_uid, session.token_type, session.payment_method, session.card_last4) == ("T1", "", "UNKNOWN", "")


def test_only_the_last_four_digits_of_a_card_are_kept(tmp_path: Path) -> None:
    session = layouts.only(tmp_path, "chargebill", card_last4="4000 0000 0000 4242")
    assert session.card_last4 == "4242"


@pytest.mark.parametrize(
    ("charging", "kept"),
    [("1:15:00", 4500), ("2:00:00", 7200), ("2:01:00", 7200), ("2:01:01", None), ("", None), ("1:75:00", None), ("90", None)],
)
def test_charging_time_is_at_most_the_session(tmp_path: Path, charging: str, kept: int | None) -> None:
    assert layouts.only(tmp_path, "boulder", Charging_Time__hh_mm_ss_=charging).charging_s == kept


def test_long_free_text_is_cut_and_long_ids_are_refused(tmp_path: Path) -> None:
    session = layouts.only(tmp_path, "chargebill", address="A" * 300, evse_model="M" * 300, stop_reason="R" * 300, city="C" * 300)
    assert (len(session.place.address), len(session.place.evse_model)) == (200, 100)
    assert (len(session.stop_reason), len(session.place.city)) == (60, 100)
    for column, length in [
        ("session_id", 80),
        ("location", 200),
        ("evse", 100),
        ("evse_id", 48),
        ("connector", 36),
        ("token", 64),
        ("payment_reference", 100),
    ]:
        assert isinstance(layouts.only(tmp_path, "chargebill", **{column: "X" * length}), SessionRow)
        refusal = layouts.only(tmp_path, "chargebill", **{column: "X" * (length + 1)})
        assert isinstance(refusal, Refusal)
        assert (refusal.code, refusal.field) == ("text_too_long", column)


def test_control_and_invisible_characters_are_stripped(tmp_path: Path) -> None:
    session = layouts.only(
        tmp_path, "chargebill", session_id="S\u200b-\x071\ufeff", location=" Hof\u00a0 \tNord\x1b ", evse="E\u202e1"
    )
    assert (session.external_id, session.place.location_code, session.place.evse_uid) == ("S-1", "Hof Nord", "E1")


def test_an_empty_row_and_a_repeated_header_say_so(tmp_path: Path) -> None:
    header, good = layouts.text("perth").splitlines()
    outcomes = layouts.outcomes(tmp_path, "\n".join([header, good, ",,,,,,,,", header.upper(), good]))
    assert [type(outcome).__name__ for outcome in outcomes] == ["SessionRow", "Refusal", "Refusal", "SessionRow"]
    assert outcomes[1] == Refusal("empty_row", "The row is empty.")
    assert outcomes[2] == Refusal("repeated_header", "The line repeats the column names. Files may have been put together.")


def test_a_row_with_too_few_cells_has_empty_ones(tmp_path: Path) -> None:
    header, good = layouts.text("perth").splitlines()
    short, shorter = layouts.outcomes(tmp_path, f"{header}\n{','.join(good.split(',')[:7])}\n50911,2\n")
    assert isinstance(short, SessionRow)
    assert short.energy_kwh == Decimal("2.7000")
    assert isinstance(shorter, Refusal)
    assert shorter.code == "start_missing"


def test_a_row_with_too_many_cells_is_refused_unless_they_are_empty(tmp_path: Path) -> None:
    header, good = layouts.text("perth").splitlines()
    empty, full = layouts.outcomes(tmp_path, f"{header}\n{good},,\n{good},,extra\n")
    assert isinstance(empty, SessionRow)
    assert full == Refusal(
        "column_count",
        "The row has 11 cells, but there are 9 columns. A cell may hold the separator without quotation marks around it.",
    )
