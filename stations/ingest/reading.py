"""Reads an import file: first what it is and how many records it holds, then what each record means."""

import sys
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Literal

from stations.ingest import json_stream, json_values, opening, splitting
from stations.ingest.clock import Clock
from stations.ingest.layout import Profile, column_names, normal
from stations.ingest.ocpi import cdr_reader
from stations.ingest.row_readers import row_reader, states_zone
from stations.ingest.rows import FileRefused, Record, Refusal, Row, RowRefused
from stations.ingest.splitting import RawRecord

MAX_BYTES = 4 << 30
MAX_LINE_BYTES = 1 << 20
MAX_COLUMNS = 500
# Rows looked at to learn whether the file says its time zone itself; objects looked at for their keys.
_SAMPLE = 100
# What the one field of a JSON record is called where a person corrects it.
JSON_FIELD = "CDR"

Reader = Callable[[Sequence[str]], Row]


@dataclass(frozen=True)
class Inspection:
    """What a file is. ``header`` has the columns' names as they stand, for JSON the keys of the first objects.

    ``records`` counts what ``records()`` will yield: neither the header nor blank lines.
    """

    format: Literal["csv", "json"]
    encoding: str
    delimiter: str
    header: list[str]
    records: int


def inspect(
    path: Path,
    *,
    encoding: str = "",
    max_bytes: int = MAX_BYTES,
    max_line_bytes: int = MAX_LINE_BYTES,
    beat: opening.Beat = lambda: None,
) -> Inspection:
    """Reads the whole file once, in bounded memory, and refuses it before anything of it is taken.

    ``encoding`` is one of opening.ENCODINGS, "" to go by the byte order mark, else UTF-8. ``max_bytes`` bounds the
    unpacked size, ``max_line_bytes`` a line of CSV and a record of JSON. Calls ``beat`` every 256 KB.
    Raises FileRefused: empty_file, not_text, bad_gzip, gzip_bomb, too_large, encoding_unknown, nul_byte,
    line_too_long, too_many_columns, bad_json, json_too_deep, record_too_long.
    """
    with open(path, "rb") as raw:
        text, encoding = opening.text_of(raw, encoding, max_bytes=max_bytes, beat=beat)
        format_, text = opening.format_of(text)
        look = _inspect_json if format_ == "json" else _inspect_csv
        return look(text, encoding, max_line_bytes)


def _inspect_csv(text: Iterator[str], encoding: str, max_line_bytes: int) -> Inspection:
    blocks = opening.line_blocks(text, max_line_bytes=max_line_bytes)
    found = splitting.header_of(blocks)
    if found is None:
        raise FileRefused("empty_file", "The file is empty. Nothing was imported.")
    header, delimiter, _, rest = found
    if len(header) > MAX_COLUMNS:
        raise FileRefused(
            "too_many_columns",
            f"The first line has {len(header):,} columns, as no session file does. Nothing was imported.",
            "line 1",
        )
    count = splitting.count(chain([rest], blocks), delimiter, len(header))
    return Inspection("csv", encoding, delimiter, header, count)


def _inspect_json(text: Iterator[str], encoding: str, max_bytes: int) -> Inspection:
    keys: dict[str, None] = {}
    count = 0
    for count, raw in enumerate(json_stream.elements(text, max_bytes=max_bytes), 1):
        if count <= _SAMPLE:
            try:
                found = json_values.parsed(raw)
            except ValueError:
                continue
            keys.update(dict.fromkeys(found if isinstance(found, dict) else ()))
    if not count:
        raise FileRefused("empty_file", "The file holds no CDR. Nothing was imported.")
    return Inspection("json", encoding, "", list(keys)[:200], count)


def records(
    path: Path,
    inspection: Inspection,
    profile: Profile,
    *,
    time_zone: str = "",
    entity_time_zone: str = "",
    skip: int = 0,
) -> Iterator[Record]:
    """Every record of an inspected file, in order, without the first ``skip``; a row that can't be taken is a Refusal.

    ``time_zone`` is the IANA zone somebody asked for. Raises FileRefused at once, not at the first record:
    ``unknown_layout`` where the file is not of this profile, ``time_zone_unknown`` where rows say no zone and there is
    none to read them in.
    """
    _refuse_other_layout(inspection, profile)
    clock = Clock(profile, time_zone=time_zone, entity_time_zone=entity_time_zone)
    if profile.format == "json":
        return _json_records(path, inspection, cdr_reader(profile, time_zone=time_zone), skip)
    if not clock.has_zone:
        _refuse_without_zone(path, inspection, profile, clock)
    return _csv_records(path, inspection, profile, clock, skip)


def raw_record(path: Path, inspection: Inspection, line_no: int) -> str:
    """The text of the record that begins on this line (JSON: the record of this number), "" where none does."""
    return raw_records(path, inspection, {line_no}).get(line_no, "")


def raw_records(path: Path, inspection: Inspection, line_nos: Collection[int]) -> dict[int, str]:
    """The same for several lines, those left out on which no record begins. Reads the file to the last of them, once."""
    if not line_nos:
        return {}
    wanted, last = set(line_nos), max(line_nos)
    if inspection.format == "json":
        with closing(_raws(path, inspection)) as raws:
            return {number: raw for number, raw in enumerate(islice(raws, last), 1) if number in wanted}
    found: dict[int, str] = {}
    with closing(_parts(path, inspection)) as parts:
        for part in parts:
            found |= {record.line_no: record.raw for record in part if record.line_no in wanted}
            if part and part[-1].line_no >= last:
                break
    return found


def sample(path: Path, inspection: Inspection, count: int) -> list[tuple[int, list[str] | None]]:
    """Line and cells of the first records of a CSV file; no cells where a record can't be split."""
    with closing(_parts(path, inspection)) as parts:
        return [(record.line_no, record.cells) for record in islice(chain.from_iterable(parts), count)]


def outcomes(
    profile: Profile,
    header: Sequence[str],
    delimiter: str,
    rows: Sequence[list[str] | None],
    *,
    entity_time_zone: str = "",
) -> list[Row | Refusal]:
    """What these rows of a file, split into cells, mean to a profile."""
    clock = Clock(profile, entity_time_zone=entity_time_zone)
    names = list(header)
    read = row_reader(profile, names, clock, comma=profile.writes_commas(names, delimiter))
    return [_outcome(cells, names, len(names), read) for cells in rows]


def _csv_records(path: Path, inspection: Inspection, profile: Profile, clock: Clock, skip: int) -> Iterator[Record]:
    header = inspection.header
    read = row_reader(profile, header, clock, comma=profile.writes_commas(header, inspection.delimiter))
    width = len(header)
    for part in _parts(path, inspection, profile):
        if skip >= len(part):
            skip -= len(part)
            continue
        for line_no, raw, cells in part[skip:]:
            yield Record(line_no, raw, _outcome(cells, header, width, read))
        skip = 0


def _json_records(path: Path, inspection: Inspection, read: Callable[[str], Row], skip: int) -> Iterator[Record]:
    for number, raw in islice(enumerate(_raws(path, inspection), 1), skip, None):
        yield Record(number, raw, _json_outcome(raw, read))


def _raws(path: Path, inspection: Inspection) -> Generator[str, None, None]:
    with open(path, "rb") as file:
        text, _ = opening.text_of(file, inspection.encoding, max_bytes=sys.maxsize)
        yield from json_stream.elements(text, max_bytes=sys.maxsize)


def counted(path: Path, inspection: Inspection, profile: Profile) -> Inspection:
    """The inspection with the number of records ``records`` yields for this profile."""
    if not profile.tables_follow:
        return inspection
    with closing(_parts(path, inspection, profile)) as parts:
        return replace(inspection, records=sum(map(len, parts)))


def _parts(path: Path, inspection: Inspection, profile: Profile | None = None) -> Generator[list[RawRecord], None, None]:
    with open(path, "rb") as file:
        text, _ = opening.text_of(file, inspection.encoding, max_bytes=sys.maxsize)
        blocks = opening.line_blocks(text, max_line_bytes=sys.maxsize)
        found = splitting.header_of(blocks)
        if found is not None:
            header, delimiter, first, rest = found
            parts = splitting.split(chain([rest], blocks), delimiter, len(header), first=first)
            if profile and profile.tables_follow:
                parts = _without_tables(parts, first, len(header))
            yield from parts


def _without_tables(parts: Iterator[list[RawRecord]], first: int, width: int) -> Iterator[list[RawRecord]]:
    """Records without those of narrower tables below a blank line: a row as wide as the header is always kept."""
    after_blank = False
    for part in parts:
        kept = []
        for record in part:
            after_blank = after_blank or record.line_no > first
            first = record.line_no + record.raw.count("\n") + 1
            if not after_blank or record.cells is None or len(record.cells) >= width:
                kept.append(record)
        yield kept


def _outcome(cells: list[str] | None, header: list[str], width: int, read: Reader) -> Row | Refusal:
    try:
        if cells is None:
            raise RowRefused("unclosed_quote", "A quotation mark is opened in this line and never closed.")
        if len(cells) != width:
            cells = _fitted(cells, header)
        return read(cells)
    except RowRefused as refused:
        return _refusal(refused if cells is None else _plainer(refused, cells, header))
    except (ValueError, ArithmeticError, LookupError):
        return Refusal("unreadable_row", "The row can't be read. Compare it with the others in the file.")


def _json_outcome(raw: str, read: Callable[[str], Row]) -> Row | Refusal:
    try:
        return read(raw)
    except RowRefused as refused:
        return _refusal(refused)
    except (ValueError, ArithmeticError, LookupError):
        return Refusal("unreadable_row", "The CDR can't be read. Compare it with the others in the file.")


def _refusal(refused: RowRefused) -> Refusal:
    return Refusal(refused.code, refused.message[:300], refused.field[:60])


def _fitted(cells: list[str], header: list[str]) -> list[str]:
    """Cells to the number of columns: missing ones are empty; more are ignored only where that loses nothing named."""
    surplus = cells[len(header) :]
    if surplus and normal(header[-1]) and any(cell.strip() for cell in surplus):
        raise RowRefused(
            "column_count",
            f"The row has {len(cells)} cells, but there are {len(header)} columns. "
            "A cell may hold the separator without quotation marks around it.",
        )
    return (cells + [""] * (len(header) - len(cells)))[: len(header)]


def _plainer(refused: RowRefused, cells: Sequence[str], header: Sequence[str]) -> RowRefused:
    """Names the whole where a row is refused for a part: an empty row, or the header once more."""
    if not any(cell.strip() for cell in cells):
        return RowRefused("empty_row", "The row is empty.")
    if [normal(cell) for cell in cells] == [normal(cell) for cell in header]:
        return RowRefused("repeated_header", "The line repeats the column names. Files may have been put together.")
    return refused


def _refuse_other_layout(inspection: Inspection, profile: Profile) -> None:
    if inspection.format != profile.format:
        wanted, found = profile.format.upper(), inspection.format.upper()
        raise FileRefused(
            "unknown_layout", f"“{profile.title}” is read from {wanted}, but the file is {found}. Nothing was imported."
        )
    if lacking := profile.lacks(inspection.header):
        raise FileRefused(
            "unknown_layout",
            f"The file is not of the layout “{profile.title}”: it lacks {', '.join(lacking)}. Nothing was imported.",
            "line 1",
        )


def _refuse_without_zone(path: Path, inspection: Inspection, profile: Profile, clock: Clock) -> None:
    with closing(_parts(path, inspection, profile)) as parts:
        sample = list(islice(chain.from_iterable(parts), _SAMPLE))
    for record in sample:
        if record.cells is None or len(record.cells) < len(inspection.header):
            continue
        if not states_zone(profile, inspection.header, record.cells, clock):
            raise FileRefused(
                "time_zone_unknown",
                "The times in this file say no time zone. Name the zone the file was written in, such as Europe/Berlin, "
                "or set the company's. Nothing was imported.",
                f"line {record.line_no}",
            )


def fields(profile: Profile, header: Sequence[str], raw: str) -> dict[str, str]:
    """The cells of a raw record by column name: what a form for correcting it shows. A CDR is one field, its JSON."""
    if profile.format == "json":
        return {JSON_FIELD: raw}
    cells = _cells(header, raw)[0]
    surplus = [""] * (len(cells) - len(header))
    cells += [""] * (len(header) - len(cells))
    return dict(zip(column_names([*header, *surplus]), cells, strict=True))


def parse_fields(
    profile: Profile,
    header: Sequence[str],
    values: Mapping[str, str],
    *,
    raw: str = "",
    time_zone: str = "",
    entity_time_zone: str = "",
) -> Row | Refusal:
    """What a corrected row means. ``values`` are texts by column name (see ``fields``); those of ``raw`` fill the rest.

    A row that can't be split into its columns is taken as the person split it; unchanged, it is refused again.
    """
    if profile.format == "json":
        return _json_outcome(values.get(JSON_FIELD, raw), cdr_reader(profile, time_zone=time_zone))
    if lacking := profile.lacks(header):
        return Refusal("unknown_layout", f"The row comes from a file that lacks {', '.join(lacking)}."[:300])
    try:
        clock = Clock(profile, time_zone=time_zone, entity_time_zone=entity_time_zone)
    except FileRefused as refused:
        return Refusal(refused.code, refused.message)
    cells, delimiter, whole = _cells(header, raw)
    before = fields(profile, header, raw)
    read = row_reader(profile, header, clock, comma=profile.writes_commas(header, delimiter))
    if raw and not any(values.get(name, cell) != cell for name, cell in before.items()):
        return _outcome(cells if whole else None, list(header), len(header), read)
    corrected = [values.get(name, before.get(name, "")) for name in column_names(header)]
    return _outcome(corrected, list(header), len(header), read)


def _cells(header: Sequence[str], raw: str) -> tuple[list[str], str, bool]:
    """The cells of a raw record, its delimiter (the one that makes as many cells as the header has, else the most),
    and whether all its quotes are closed."""
    lines = raw.split("\n") if raw else []
    if not lines:
        return [], ",", True
    found = []
    for mark in ",;\t":
        cells = splitting.closed(lines, mark)
        found.append((lines[0].split(mark), mark, False) if cells is None else (cells, mark, True))
    return max(found, key=lambda candidate: (len(candidate[0]) == len(header), len(candidate[0])))
