"""Files that are damaged, not what they say, or made to do harm are refused whole, quickly, with advice."""

import gc
import gzip
import tracemalloc
from pathlib import Path

import pytest

from stations.ingest import opening
from stations.ingest.profiles import recognise
from stations.ingest.reading import inspect, records
from stations.ingest.rows import FileRefused, SessionRow
from tests.ingest import layouts

GOOD = layouts.text("dundee", layouts.row("dundee", Site="Café Nord, Dundee"))


def refusal(folder: Path, content: str | bytes, name: str = "file.csv", **options: object) -> FileRefused:
    with pytest.raises(FileRefused) as refused:
        inspect(layouts.saved(folder, content, name), **options)  # type: ignore[arg-type]
    assert refused.value.message.endswith("Nothing was imported.")
    return refused.value


@pytest.mark.parametrize("content", [b"", b"\n\n \r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
@pytest.mark.parametrize("name", ["file.csv", "file.csv.gz"])
def test_an_empty_file(tmp_path: Path, content: bytes, name: str) -> None:
    assert refusal(tmp_path, content, name).code == "empty_file"


def test_a_header_alone_is_a_file_of_no_records(tmp_path: Path) -> None:
    inspection, found = layouts.seen(layouts.saved(tmp_path, ",".join(layouts.DUNDEE)))
    assert (inspection.records, found) == (0, [])


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"PK\x03\x04\x14\x00", "an Excel workbook or a ZIP archive, not a CSV or JSON file. Save the sheet as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an old Excel workbook"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"<!DOCTYPE html><html>", "a web page or XML"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"BZh91AY", "a bzip2 archive"),
    ],
)
@pytest.mark.parametrize("name", ["file.csv", "file.csv.gz"])
def test_what_is_no_text_is_refused_with_what_to_do(tmp_path: Path, start: bytes, words: str, name: str) -> None:
    refused = refusal(tmp_path, start + b"rest", name)
    assert refused.code == "not_text"
    assert words in refused.message


def test_gzip_is_known_by_its_first_bytes_not_by_its_name(tmp_path: Path) -> None:
    (record,) = layouts.seen(layouts.saved(tmp_path, gzip.compress(GOOD.encode()), "export.csv"))[1]
    assert isinstance(record.outcome, SessionRow)


def test_gzip_in_several_members(tmp_path: Path) -> None:
    header, row = GOOD.encode().splitlines(keepends=True)
    content = gzip.compress(header) + gzip.compress(row) + gzip.compress(row) + bytes(64)
    assert inspect(layouts.saved(tmp_path, content)).records == 2


def test_damaged_gzip(tmp_path: Path) -> None:
    whole = gzip.compress(GOOD.encode() * 500)
    broken = bytearray(whole)
    broken[len(whole) // 2] ^= 0xFF
    for content in (whole[:-20], whole[: len(whole) // 2], bytes(broken), whole[:5], whole + b"tail"):
        assert refusal(tmp_path, content).code == "bad_gzip"


def test_gzip_inside_gzip(tmp_path: Path) -> None:
    assert refusal(tmp_path, gzip.compress(gzip.compress(GOOD.encode()))).code == "not_text"


def test_bytes_that_are_not_utf_8_are_refused_naming_line_and_byte(tmp_path: Path) -> None:
    content = GOOD.encode("windows-1252")
    refused = refusal(tmp_path, content)
    position = content.index(b"\xe9") + 1
    assert refused.code == "encoding_unknown"
    assert refused.where == "line 2"
    assert refused.message == (
        f"Byte {position}, in line 2, is 0xE9, which is not UTF-8. Choose the encoding the file was written in: "
        "windows-1252 or utf-16. Nothing was imported."
    )


@pytest.mark.parametrize("before", [opening.CHUNK - 1, opening.CHUNK, opening.CHUNK + 1, 3 * opening.CHUNK])
def test_the_byte_is_named_right_wherever_the_reading_stopped(tmp_path: Path, before: int) -> None:
    filler = ("é" * 49 + "\n").encode()
    content = (filler * (before // len(filler) + 1))[: before // 2 * 2]
    content = content.decode("utf-8", "ignore").encode() + b"\xff\n"
    refused = refusal(tmp_path, content)
    line = content.count(b"\n")
    assert refused.where == f"line {line}"
    assert refused.message.startswith(f"Byte {len(content) - 1}, in line {line}, is 0xFF")


def test_a_file_cut_off_inside_a_character(tmp_path: Path) -> None:
    refused = refusal(tmp_path, GOOD.encode() + b"\xc3")
    assert refused.code == "encoding_unknown"


@pytest.mark.parametrize(
    ("encoded", "chosen"),
    [
        (GOOD.encode("utf-8"), ""),
        (GOOD.encode("utf-8-sig"), ""),
        (GOOD.encode("utf-16"), ""),
        (b"\xfe\xff" + GOOD.encode("utf-16-be"), ""),
        (GOOD.encode("windows-1252"), "windows-1252"),
        (GOOD.encode("utf-16"), "utf-16"),
    ],
)
def test_encodings_that_can_be_read(tmp_path: Path, encoded: bytes, chosen: str) -> None:
    inspection, found = layouts.seen(layouts.saved(tmp_path, encoded), encoding=chosen)
    assert inspection.header == layouts.DUNDEE
    assert found[0].outcome.place.location_code == "Café Nord, Dundee"


def test_an_encoding_nobody_knows(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="is no encoding that can be read"):
        inspect(layouts.saved(tmp_path, GOOD), encoding="rot13")


def test_a_nul_byte_is_refused_naming_its_line(tmp_path: Path) -> None:
    refused = refusal(tmp_path, GOOD.encode() + b"1,2,\x00\n")
    assert (refused.code, refused.where) == ("nul_byte", "line 3")
    assert refusal(tmp_path, GOOD.encode("utf-16-le")).code == "nul_byte"


def test_a_line_longer_than_the_limit(tmp_path: Path) -> None:
    refused = refusal(tmp_path, GOOD + "x" * 2000 + "\n" + GOOD, max_line_bytes=1000)
    assert (refused.code, refused.where) == ("line_too_long", "line 3")
    exact = layouts.saved(tmp_path, GOOD + "é" * 500 + "\n")
    assert inspect(exact, max_line_bytes=1000).records == 2
    assert refusal(tmp_path, GOOD + "é" * 500 + "x\n", max_line_bytes=1000).code == "line_too_long"


@pytest.mark.parametrize("line_end", [b"", b"\n"])
def test_a_gigabyte_in_one_line_is_refused_in_little_memory(tmp_path: Path, line_end: bytes) -> None:
    # Members of a gzip file follow one another, so a gigabyte takes the time of its sixteenth to make.
    part = gzip.compress(b"a" * (64 << 20), 1)
    path = tmp_path / "long.csv.gz"
    path.write_bytes(gzip.compress(GOOD.encode()) + part * 16 + gzip.compress(line_end))
    tracemalloc.start()
    with pytest.raises(FileRefused) as refused:
        inspect(path)
    assert tracemalloc.get_traced_memory()[1] < 16 << 20
    tracemalloc.stop()
    assert (refused.value.code, refused.value.where) == ("line_too_long", "line 3")


def test_a_sparse_gigabyte_of_nothing_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "sparse.csv"
    with path.open("wb") as file:
        file.truncate(1 << 30)
    assert refusal_of(path).code == "nul_byte"


def test_a_zip_bomb_is_refused_long_before_its_end(tmp_path: Path) -> None:
    part = gzip.compress(b"1,2\n" * 9_000_000)
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(part * 40)
    beats: list[int] = []
    with pytest.raises(FileRefused) as refused:
        inspect(path, beat=lambda: beats.append(1))
    assert refused.value.code == "gzip_bomb"
    assert len(beats) * opening.CHUNK <= 40 << 20


def test_an_unpacked_size_over_the_limit(tmp_path: Path) -> None:
    assert refusal(tmp_path, GOOD * 100, max_bytes=5000).code == "too_large"
    refused = refusal(tmp_path, GOOD * 100, "file.csv.gz", max_bytes=5000)
    assert refused.code == "too_large"
    assert "when unpacked" in refused.message


def test_a_file_of_blank_lines_is_read_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "blank.csv.gz"
    path.write_bytes(gzip.compress((b"\n" + b" " * 50 + b"\n") * 20_000) * 40)
    tracemalloc.start()
    assert refusal_of(path).code == "empty_file"
    assert tracemalloc.get_traced_memory()[1] < 32 << 20
    tracemalloc.stop()


def test_a_header_of_too_many_columns(tmp_path: Path) -> None:
    assert refusal(tmp_path, "," * 5000 + "\n").code == "too_many_columns"


def test_looking_through_a_file_beats_as_it_goes(tmp_path: Path) -> None:
    beats: list[int] = []
    content = GOOD + "1,2,3\n" * 200_000
    inspect(layouts.saved(tmp_path, content), beat=lambda: beats.append(1))
    assert len(beats) >= len(content) // opening.CHUNK


def refusal_of(path: Path) -> FileRefused:
    with pytest.raises(FileRefused) as refused:
        inspect(path)
    return refused.value


def test_files_are_closed_after_a_refusal_and_after_a_reader_is_let_go(tmp_path: Path) -> None:
    # Warnings are errors here, and a file left open warns when it is collected.
    for content in (b"PK\x03\x04", GOOD.encode() + b"\xff", gzip.compress(b"a" * 100)[:-4]):
        refusal(tmp_path, content)
    path = layouts.saved(tmp_path, GOOD, "file.csv.gz")
    inspection = inspect(path)
    rows = records(path, inspection, recognise(inspection.header))
    next(rows)
    rows.close()  # type: ignore[attr-defined]
    gc.collect()
