"""Reads an import file: first what it is and how many records it holds, then what each record means."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Literal

from stations.ingest import opening, splitting
from stations.ingest.clock import Clock
from stations.ingest.layout import Profile, column_names, normal
from stations.ingest.row_readers import row_reader, states_zone
from stations.ingest.rows import FileRefused, Record, Refusal, Row, RowRefused
from stations.ingest.splitting import RawRecord

MAX_BYTES = 4 << 30
MAX_LINE_BYTES = 1 << 20
# Rows looked at to learn whether the file says its time zone itself.
_SAMPLE = 100

Reader = Callable[[Sequence[str]], Row]


@dataclass(frozen=True)
class Inspection:
    """What a file is. ``header`` has the columns' names as they stand, for JSON the keys of the first object.

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
    unpacked size, ``max_line_bytes`` a line of CSV and an object of JSON. Calls ``beat`` every 256 KB.
    Raises FileRefused: empty_file, not_text, bad_gzip, gzip_bomb, too_large, encoding_unknown, nul_byte,
    line_too_long, unknown_layout.
    """
    text, encoding = _text(path, encoding, max_bytes, beat)
    found = splitting.header_of(blocks := opening.line_blocks(text, max_line_bytes=max_line_bytes))
    if found is None:
        raise FileRefused("empty_file", "The file is empty. Nothing was imported.")
    header, delimiter, first, rest = found
    count = sum(len(part) for part in splitting.split(chain([rest], blocks), delimiter, len(header), first=first))
    return Inspection("csv", encoding, delimiter, header, count)


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

    ``time_zone`` is the IANA zone somebody asked for. Raises FileRefused ``time_zone_unknown`` at once, not at the
    first record, where rows say no zone and there is none to read them in.
    """
    clock = Clock(profile, time_zone=time_zone, entity_time_zone=entity_time_zone)
    if not clock.has_zone:
        _refuse_without_zone(path, inspection, profile, clock)
    return _records(path, inspection, profile, clock, skip)


def _records(path: Path, inspection: Inspection, profile: Profile, clock: Clock, skip: int) -> Iterator[Record]:
    header = inspection.header
    read = row_reader(profile, header, clock, comma=_comma(profile, inspection.delimiter))
    width = len(header)
    for part in _parts(path, inspection):
        if skip >= len(part):
            skip -= len(part)
            continue
        for line_no, raw, cells in part[skip:]:
            yield Record(line_no, raw, _outcome(cells, header, width, read))
        skip = 0


def _parts(path: Path, inspection: Inspection) -> Iterator[list[RawRecord]]:
    text, _ = _text(path, inspection.encoding, sys.maxsize, lambda: None)
    blocks = opening.line_blocks(text, max_line_bytes=sys.maxsize)
    found = splitting.header_of(blocks)
    if found is not None:
        header, delimiter, first, rest = found
        yield from splitting.split(chain([rest], blocks), delimiter, len(header), first=first)


def _text(path: Path, encoding: str, max_bytes: int, beat: opening.Beat) -> tuple[Iterator[str], str]:
    """The file's text, and the name of its encoding."""
    if encoding and encoding not in opening.ENCODINGS:
        known = ", ".join(opening.ENCODINGS)
        raise FileRefused("encoding_unknown", f"“{encoding[:40]}” is no encoding that can be read. Choose one of {known}.")
    pieces = opening.chunks(path, max_bytes=max_bytes, beat=beat)
    start = next(pieces, b"")
    encoding = encoding or opening.sniffed(start)
    return opening.texts(chain([start], pieces), encoding), encoding


def _outcome(cells: list[str] | None, header: list[str], width: int, read: Reader) -> Row | Refusal:
    try:
        if cells is None:
            raise RowRefused("unclosed_quote", "A quotation mark is opened in this line and never closed.")
        if len(cells) != width:
            cells = _fitted(cells, header)
        return read(cells)
    except RowRefused as refused:
        if cells is not None:
            refused = _plainer(refused, cells, header)
        return Refusal(refused.code, refused.message[:300], refused.field[:60])
    except (ValueError, ArithmeticError, LookupError):
        return Refusal("unreadable_row", "The row can't be read. Compare it with the others in the file.")


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


def _comma(profile: Profile, delimiter: str) -> bool:
    return profile.comma_with_semicolon and delimiter == ";"


def _refuse_without_zone(path: Path, inspection: Inspection, profile: Profile, clock: Clock) -> None:
    sample = islice(chain.from_iterable(_parts(path, inspection)), _SAMPLE)
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


def fields(header: Sequence[str], raw: str) -> dict[str, str]:
    """The cells of a raw record by column name: what a form for correcting it shows."""
    cells = _cells(header, raw)[0]
    cells += [""] * (len(header) - len(cells))
    return dict(zip(column_names(header), cells, strict=False))


def parse_fields(
    profile: Profile,
    header: Sequence[str],
    values: Mapping[str, str],
    *,
    raw: str = "",
    time_zone: str = "",
    entity_time_zone: str = "",
) -> Row | Refusal:
    """What a corrected row means. ``values`` are texts by column name (see ``fields``); those of ``raw`` fill the rest."""
    header = list(header)
    cells, delimiter = _cells(header, raw)
    before = dict(zip(column_names(header), cells, strict=False))
    corrected = [values.get(name, before.get(name, "")) for name in column_names(header)]
    try:
        clock = Clock(profile, time_zone=time_zone, entity_time_zone=entity_time_zone)
    except FileRefused as refused:
        return Refusal(refused.code, refused.message)
    read = row_reader(profile, header, clock, comma=_comma(profile, delimiter))
    return _outcome(corrected, header, len(header), read)


def _cells(header: Sequence[str], raw: str) -> tuple[list[str], str]:
    """The cells of a raw record and its delimiter: the one that comes closest to the header's width."""
    if not raw:
        return [], ","
    lines = raw.split("\n")
    candidates: Iterable[tuple[list[str], str]] = (
        (splitting.closed(lines, mark) or lines[0].split(mark), mark) for mark in ",;\t"
    )
    return min(candidates, key=lambda found: abs(len(found[0]) - len(header)))
