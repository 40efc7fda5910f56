"""Lines become records so that every line is in exactly one, and one stray quote costs one row."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stations.ingest import splitting
from stations.ingest.profiles import recognise
from stations.ingest.reading import inspect, records
from stations.ingest.rows import Refusal, SessionRow
from stations.ingest.splitting import RawRecord, split
from tests.ingest import layouts


def in_blocks(lines: list[str], size: int) -> Iterator[list[str]]:
    return (lines[at : at + size] for at in range(0, len(lines), size))


def records_of(lines: list[str], *, size: int = 1000, width: int = 3, delimiter: str = ",") -> list[RawRecord]:
    return [record for part in split(in_blocks(lines, size), delimiter, width) for record in part]


LINES = st.lists(st.text(alphabet='ab ,"\t;', max_size=12), max_size=40)


@settings(max_examples=400)
@given(lines=LINES, size=st.integers(1, 10), width=st.integers(1, 5))
def test_every_line_that_is_not_blank_is_in_exactly_one_record(lines: list[str], size: int, width: int) -> None:
    at = 0
    for line_no, raw, cells in records_of(lines, size=size, width=width):
        used = raw.split("\n")
        skipped = lines[at : line_no - 1]
        assert not any(line.strip() for line in skipped)
        assert lines[line_no - 1 : line_no - 1 + len(used)] == used
        assert used[0].strip()
        assert len(used) == 1 or (cells is not None and len(cells) == width)
        at = line_no - 1 + len(used)
    assert not any(line.strip() for line in lines[at:])


@settings(max_examples=300)
@given(lines=LINES, width=st.integers(1, 5), sizes=st.tuples(st.integers(1, 7), st.integers(1, 50)))
def test_where_the_blocks_end_makes_no_difference(lines: list[str], width: int, sizes: tuple[int, int]) -> None:
    one, other = (records_of(lines, size=size, width=width) for size in sizes)
    assert one == other


@settings(max_examples=200)
@given(
    rows=st.lists(st.lists(st.text(alphabet='ab "\n;', max_size=6), min_size=3, max_size=3), max_size=30),
    size=st.integers(1, 10),
)
def test_what_a_csv_writer_wrote_is_read_as_it_was(rows: list[list[str]], size: int) -> None:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    lines = file.getvalue().split("\n")
    assert [record.cells for record in records_of(lines, size=size)] == rows


def test_quotes_are_read_as_csv_says() -> None:
    (record,) = records_of(['"a ""b""",c"d,"e, f"'])
    assert record == RawRecord(1, '"a ""b""",c"d,"e, f"', ['a "b"', 'c"d', "e, f"])


def test_a_quoted_cell_may_go_on_over_lines() -> None:
    records = records_of(["a,b,c", 'd,"e', "", 'f",g', "h,i,j"], size=2)
    assert [(record.line_no, record.cells) for record in records] == [
        (1, ["a", "b", "c"]),
        (2, ["d", "e\n\nf", "g"]),
        (5, ["h", "i", "j"]),
    ]
    assert records[1].raw == 'd,"e\n\nf",g'


def test_a_stray_quote_costs_its_own_line_only() -> None:
    records = records_of(['a,"b,c', "d,e,f", "g,h,i"])
    assert records == [
        RawRecord(1, 'a,"b,c', None),
        RawRecord(2, "d,e,f", ["d", "e", "f"]),
        RawRecord(3, "g,h,i", ["g", "h", "i"]),
    ]


def test_two_stray_quotes_do_not_swallow_the_lines_between_them() -> None:
    records = records_of(['a,"b,c', "d,e,f", 'g,h",i'])
    assert [record.cells for record in records] == [None, ["d", "e", "f"], ["g", 'h"', "i"]]


def test_a_line_after_a_stray_quote_is_not_lost_where_its_own_quotes_make_a_pair() -> None:
    records = records_of(['a,"b,c', 'd,"e",f'])
    assert [record.cells for record in records] == [None, ["d", "e", "f"]]


def test_a_cell_may_not_go_on_for_too_long() -> None:
    far = ['a,"b', *["x"] * (splitting.MAX_LINES - 2), 'c",d']
    assert [len(record.raw.split("\n")) for record in records_of(far)] == [splitting.MAX_LINES]
    too_far = ['a,"b', *["x"] * (splitting.MAX_LINES - 1), 'c",d']
    assert len(records_of(too_far)) == splitting.MAX_LINES + 1
    too_long = ['a,"b', "x" * splitting.MAX_CHARACTERS, 'c",d']
    assert len(records_of(too_long)) == 3


def test_a_stray_quote_in_a_file_waits_with_its_reason(tmp_path: Path) -> None:
    header, good = layouts.text("perth").splitlines()
    stray = good.replace('Dundee"', "Dundee")
    assert stray.count('"') == 1
    content = "\n".join([header, good, stray, good, good])
    inspection, found = layouts.seen(layouts.saved(tmp_path, content))
    assert inspection.records == len(found) == 4
    assert found[1].outcome == Refusal("unclosed_quote", "A quotation mark is opened in this line and never closed.")
    assert found[1].line_no == 3
    assert all(isinstance(found[at].outcome, SessionRow) for at in (0, 2, 3))


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_and_no_last_one(tmp_path: Path, line_end: str) -> None:
    lines = layouts.text("perth", *[layouts.row("perth", Total_kWh=str(number)) for number in range(5)]).splitlines()
    for content in (line_end.join(lines), line_end.join([*lines, ""]), line_end.join([lines[0], "", *lines[1:], "", ""])):
        inspection, found = layouts.seen(layouts.saved(tmp_path, content))
        assert inspection.records == 5
        assert [record.outcome.energy_kwh for record in found] == [0, 1, 2, 3, 4]
        assert [record.raw for record in found] == lines[1:]


def test_line_numbers_are_those_of_an_editor(tmp_path: Path) -> None:
    header, good = layouts.text("perth").splitlines()
    lines = ["", header, "", good, good.replace("Broughty Ferry", "Broughty\nFerry"), "  ", good]
    _, found = layouts.seen(layouts.saved(tmp_path, "\n".join(lines)))
    assert [record.line_no for record in found] == [4, 5, 8]
    assert found[1].outcome.place.location_code == "Queen Street Car Park, Broughty Ferry, Dundee"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found_from_the_header(tmp_path: Path, delimiter: str) -> None:
    inspection, found = layouts.seen(layouts.saved(tmp_path, layouts.text("dundee", delimiter=delimiter)))
    assert inspection.delimiter == delimiter
    assert isinstance(found[0].outcome, SessionRow)


def test_reading_goes_on_after_records_already_done(tmp_path: Path) -> None:
    rows = [layouts.row("perth", Total_kWh=str(number % 90), Site='"' if number % 7 == 0 else "P") for number in range(9000)]
    path = layouts.saved(tmp_path, layouts.text("perth", *rows), "file.csv.gz")
    inspection = inspect(path)
    profile = recognise(inspection.header)
    whole = list(records(path, inspection, profile))
    assert len(whole) == 9000
    for skip in (0, 1, 4000, 8999, 9000, 9001):
        assert list(records(path, inspection, profile, skip=skip)) == whole[skip:]


def test_many_unclosed_quotes_take_no_quadratic_time(tmp_path: Path) -> None:
    content = layouts.text("perth").splitlines()[0] + "\n" + 'a,"b\n' * 30_000
    inspection, found = layouts.seen(layouts.saved(tmp_path, content))
    assert inspection.records == len(found)
    assert {record.outcome.code for record in found} <= {"unclosed_quote", "start_missing"}
