"""JSON of any size is cut into records one at a time, and what is not right about it is refused early."""

import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stations.ingest.json_stream import elements
from stations.ingest.reading import inspect
from stations.ingest.rows import FileRefused, Refusal, SessionRow
from tests.ingest import layouts

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


def cut(text: str, size: int = 1 << 18, max_bytes: int = 1 << 20) -> list[str]:
    return list(elements((text[at : at + size] for at in range(0, len(text), size)), max_bytes=max_bytes))


@settings(max_examples=300)
@given(items=st.lists(VALUES, max_size=6), size=st.integers(1, 40), indent=st.sampled_from([None, 1]), ascii_=st.booleans())
def test_the_items_of_a_list_come_out_as_they_are(items: list[Any], size: int, indent: int | None, ascii_: bool) -> None:
    text = json.dumps(items, indent=indent, ensure_ascii=ascii_)
    assert [json.loads(item) for item in cut(text, size)] == items
    assert "".join(cut(text, size)).replace("\n", "") in "".join(cut(text)).replace("\n", "")


@settings(max_examples=200)
@given(
    items=st.lists(VALUES, max_size=4),
    around=st.dictionaries(st.text(max_size=5).filter(lambda key: key != "data"), VALUES, max_size=3),
    size=st.integers(1, 40),
    first=st.booleans(),
)
def test_the_envelope_of_ocpi_may_stand_around_them(items: list[Any], around: dict[str, Any], size: int, first: bool) -> None:
    document = {"data": items, **around} if first else {**around, "data": items}
    assert [json.loads(item) for item in cut(json.dumps(document), size)] == items


@settings(max_examples=100)
@given(
    document=st.dictionaries(st.text(max_size=5).filter(lambda key: key != "data"), VALUES, max_size=4), size=st.integers(1, 40)
)
def test_a_single_object_is_one_record(document: dict[str, Any], size: int) -> None:
    assert [json.loads(item) for item in cut(json.dumps(document), size)] == [document]
    assert [json.loads(item) for item in cut(json.dumps({"data": document, "x": [1]}), size)] == [document]


def test_the_raw_text_of_a_record_is_kept() -> None:
    assert cut('[ {"id" : "A",\n "x":1.50} , {"id":"\\u00e9"} ]') == ['{"id" : "A",\n "x":1.50}', '{"id":"\\u00e9"}']


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"id":1}', "The list does not end as it should, at record 1. This is in line 1."),
        ('[{"id":1},\n{"id":2', "The file ends in the middle of record 2. This is in line 2."),
        ('[{"id":"1}]', "A text is opened and never closed. This is in line 1."),
        ('[{"id":[1}]]', "The brackets of record 1 do not match. This is in line 1."),
        ('[{"id":1},]', "There is nothing between two commas at record 2. This is in line 1."),
        ('[{"id":1},,{"id":1}]', "There is nothing between two commas at record 2. This is in line 1."),
        ('{"id":1}\n{"id":2}', "There is more after the end of the JSON document. This is in line 2."),
        ('[{"id":1}] x', "There is more after the end of the JSON document. This is in line 1."),
        ('{"id":1', "The file ends in the middle of an object. This is in line 1."),
        ("{", "The file ends in the middle of an object. This is in line 1."),
        ("[", "The list does not end as it should, at record 1. This is in line 1."),
        ("[}", "The list does not end as it should, at record 1. This is in line 1."),
    ],
)
def test_json_that_can_not_be_cut_is_refused_naming_the_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(FileRefused) as refused:
        inspect(layouts.saved(tmp_path, text))
    assert refused.value.code == "bad_json"
    assert refused.value.message == f"{message} Nothing was imported."


@pytest.mark.parametrize("text", ["[]", " [ ]\n", '{"data": []}', '{"status_code": 1000, "data": null}'])
def test_json_without_a_record_is_empty(tmp_path: Path, text: str) -> None:
    with pytest.raises(FileRefused) as refused:
        inspect(layouts.saved(tmp_path, text))
    assert refused.value.code == "empty_file"


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
def test_hostile_nesting_is_refused(tmp_path: Path, opening: str) -> None:
    with pytest.raises(FileRefused) as refused:
        inspect(layouts.saved(tmp_path, "[" + opening * 2_000_000, "deep.json.gz"))
    assert refused.value.code == "json_too_deep"


@pytest.mark.parametrize("piece", ['"' + "a" * (1 << 20) + '",', "a" * (1 << 20), '{"x":1},' * (1 << 17), "\\" * (1 << 20)])
def test_a_gigabyte_in_one_record_is_refused_in_little_memory(tmp_path: Path, piece: str) -> None:
    path = tmp_path / "long.json.gz"
    path.write_bytes(gzip.compress(b'[{"id": "') + gzip.compress(piece.encode() * 64, 1) * 16)
    tracemalloc.start()
    with pytest.raises(FileRefused) as refused:
        inspect(path)
    assert tracemalloc.get_traced_memory()[1] < 16 << 20
    tracemalloc.stop()
    assert refused.value.code in ("record_too_long", "bad_json")


def test_a_large_list_in_one_line_is_read_in_bounded_memory(tmp_path: Path) -> None:
    one = json.dumps(layouts.CDR, separators=(",", ":"))
    path = layouts.saved(tmp_path, "[" + ",".join([one] * 5_000) + "]", "many.json.gz")
    tracemalloc.start()
    assert inspect(path).records == 5_000
    assert tracemalloc.get_traced_memory()[1] < 16 << 20
    tracemalloc.stop()


def test_records_that_are_no_cdr_wait_and_the_others_are_taken(tmp_path: Path) -> None:
    good = json.dumps(layouts.CDR)
    bad = good.replace('"total_energy": 20.1234', '"total_energy": 20,1234')
    text = f'[{good}, 7, "x", null, [1], {{}}, {bad}, {good.replace("20.1234", "NaN", 1)}]'
    inspection, found = layouts.seen(layouts.saved(tmp_path, text))
    assert inspection.records == len(found) == 8
    assert [record.line_no for record in found] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert isinstance(found[0].outcome, SessionRow)
    codes = [record.outcome.code for record in found if isinstance(record.outcome, Refusal)]
    assert codes == ["not_a_cdr"] * 4 + ["id_missing", "bad_json", "bad_json"]


def test_json_in_other_encodings(tmp_path: Path) -> None:
    text = json.dumps([{**layouts.CDR, "id": "Ä1"}], ensure_ascii=False)
    for encoding, chosen in (("utf-8-sig", ""), ("utf-16", ""), ("windows-1252", "windows-1252")):
        (record,) = layouts.seen(layouts.saved(tmp_path, text.encode(encoding)), encoding=chosen)[1]
        assert record.outcome.external_id == "Ä1"


def test_a_json_file_of_something_else_is_an_unknown_layout(tmp_path: Path) -> None:
    with pytest.raises(FileRefused) as refused:
        layouts.seen(layouts.saved(tmp_path, [{"name": "x"}]))
    assert refused.value.code == "unknown_layout"
