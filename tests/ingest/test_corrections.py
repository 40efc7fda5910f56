"""A row that waits is shown by column, corrected, and read again as if it had been so in the file."""

from decimal import Decimal
from pathlib import Path

import pytest

from stations.ingest.profiles import PROFILES, column_names
from stations.ingest.reading import fields, parse_fields, raw_record
from stations.ingest.rows import Refusal, SessionRow
from tests.ingest import layouts

DUNDEE = PROFILES["chargeplace_dundee"]


def test_fields_are_the_cells_by_column_name() -> None:
    raw = '4032740,50911,2,01/12/2017,11:22,,,,,"Car Park, Dundee",G,M'
    shown = fields(DUNDEE, layouts.DUNDEE, raw)
    assert list(shown) == layouts.DUNDEE
    assert (shown["Charging event"], shown["Site"], shown["End Date"]) == ("4032740", "Car Park, Dundee", "")


def test_columns_without_a_name_or_with_the_same_have_names_of_their_own() -> None:
    assert column_names(["\ufeffA", "", "A", ' "B" ', "", "column 2"]) == [
        "A",
        "column 2",
        "A (2)",
        "B",
        "column 5",
        "column 2 (2)",
    ]


def test_a_corrected_row_is_what_it_would_have_been_in_the_file(tmp_path: Path) -> None:
    header, good = layouts.text("dundee").splitlines()
    expected = layouts.only(tmp_path, "dundee")
    waiting = good.replace("01/12/2017,11:48,2.7", ",,")
    assert parse_fields(DUNDEE, layouts.DUNDEE, {}, raw=waiting).code == "end_missing"
    correction = {"End Date": "01/12/2017", "End Time": "11:48", "Total kWh": "2.7"}
    assert parse_fields(DUNDEE, layouts.DUNDEE, correction, raw=waiting) == expected
    # Values of every column need no raw row.
    assert parse_fields(DUNDEE, layouts.DUNDEE, {**fields(DUNDEE, layouts.DUNDEE, waiting), **correction}) == expected
    assert header


def test_a_correction_that_does_not_help_says_why(tmp_path: Path) -> None:
    good = layouts.text("dundee").splitlines()[1]
    assert parse_fields(DUNDEE, layouts.DUNDEE, {"Total kWh": "-1"}, raw=good) == Refusal(
        "energy_negative", "The energy is negative (-1 kWh).", "Total kWh"
    )


def test_a_row_that_could_not_be_split_waits_again_until_a_person_splits_it() -> None:
    good = layouts.text("perth").splitlines()[1]
    stray = good.replace('Dundee"', "Dundee")
    perth = PROFILES["chargeplace_perth"]
    assert parse_fields(perth, layouts.PERTH, fields(perth, layouts.PERTH, stray), raw=stray).code == "unclosed_quote"
    session = parse_fields(perth, layouts.PERTH, {"Site": "Queen Street", "Model": "APT"}, raw=stray)
    assert isinstance(session, SessionRow)
    assert (session.place.location_code, session.place.evse_model) == ("Queen Street", "APT")


def test_cells_beyond_the_columns_are_shown_and_may_be_let_go_by_a_person() -> None:
    perth = PROFILES["chargeplace_perth"]
    long = layouts.text("perth").splitlines()[1] + ",more"
    shown = fields(perth, layouts.PERTH, long)
    assert shown["column 10"] == "more"
    assert parse_fields(perth, layouts.PERTH, shown, raw=long).code == "column_count"
    assert isinstance(parse_fields(perth, layouts.PERTH, {**shown, "column 10": ""}, raw=long), SessionRow)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_of_a_raw_row_is_found_again(delimiter: str) -> None:
    header, good = layouts.text("chargebill", layouts.row("chargebill", energy_kwh="12,5"), delimiter=delimiter).splitlines()
    outcome = parse_fields(PROFILES["chargebill"], header.split(delimiter), {"location": "P2"}, raw=good)
    if delimiter == ";":
        assert (outcome.place.location_code, outcome.energy_kwh) == ("P2", Decimal("12.5000"))
    else:
        assert outcome.code == "energy_unreadable"


def test_a_corrected_row_is_read_in_the_zone_of_its_import() -> None:
    workplace = PROFILES["workplace"]
    raw = layouts.text("workplace").splitlines()[1]
    assert parse_fields(workplace, layouts.WORKPLACE, {}, raw=raw).code == "time_zone_unknown"
    assert parse_fields(workplace, layouts.WORKPLACE, {}, raw=raw, time_zone="Europe/Atlantis").code == "time_zone_unknown"
    session = parse_fields(workplace, layouts.WORKPLACE, {}, raw=raw, entity_time_zone="America/New_York")
    assert session.started_at.hour == 20


def test_a_header_that_is_not_of_the_profile_is_said() -> None:
    assert parse_fields(DUNDEE, ["a"], {"a": "1"}).code == "unknown_layout"


def test_the_text_of_a_record_is_found_again_by_its_line(tmp_path: Path) -> None:
    rows = [layouts.row("perth", Site=f"Place {number}\nyard" if number % 3 == 0 else "P") for number in range(4000)]
    path = layouts.saved(tmp_path, layouts.text("perth", *rows), "file.csv.gz")
    inspection, found = layouts.seen(path)
    for record in (found[0], found[1], found[2500], found[-1]):
        assert raw_record(path, inspection, record.line_no) == record.raw
    assert raw_record(path, inspection, found[0].line_no + 1) == ""
    assert raw_record(path, inspection, 99_999) == ""


def test_the_text_of_a_cdr_is_found_again_by_its_number(tmp_path: Path) -> None:
    path = layouts.saved(tmp_path, [{**layouts.CDR, "id": str(number)} for number in range(5)])
    inspection, found = layouts.seen(path)
    assert [raw_record(path, inspection, number) for number in range(1, 7)] == [*(record.raw for record in found), ""]
