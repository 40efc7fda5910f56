"""Splits lines of CSV into records so that one stray quote never swallows the rest of a file."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

# How far a quoted cell with line breaks may reach.
MAX_LINES = 50
MAX_CHARACTERS = 65_536


class RawRecord(NamedTuple):
    """``line_no``: physical line it begins on. ``cells`` is None where a quote is never closed, or csv gives up."""

    line_no: int
    raw: str
    cells: list[str] | None


def split(blocks: Iterable[list[str]], delimiter: str, width: int, *, first: int = 1) -> Iterator[list[RawRecord]]:
    """Records of lines, in lists. Each line that is not blank is in exactly one record; blank lines are in none,
    unless a quoted cell holds them.

    Quoted cells may go on over lines only where the record then has exactly ``width`` cells and none of the lines in
    between would be a whole row by itself; else its first line is a record of its own, without cells, and reading goes
    on with the next line. ``first`` is the first line's number.
    """
    source = iter(blocks)
    for lines in source:
        records = _line_by_line(lines, first, delimiter)
        if records is not None:
            yield records
            first += len(lines)
            continue
        for records, used in _carefully(lines, source, first, delimiter, width):
            yield records
            first = used


def count(blocks: Iterable[list[str]], delimiter: str, width: int) -> int:
    """How many records ``split`` makes of these lines; faster as long as there are no quotes."""
    source, total = iter(blocks), 0
    for lines in source:
        if _quoted(lines):
            return total + sum(len(part) for part in split(chain([lines], source), delimiter, width))
        total += sum(map(bool, map(str.strip, lines)))
    return total


def _quoted(lines: list[str]) -> bool:
    return any('"' in line for line in lines)


def header_of(blocks: Iterator[list[str]]) -> tuple[list[str], str, int, list[str]] | None:
    """The header's cells, the delimiter, the line after the header and the rest of its block; None if all is blank.

    The delimiter is the one of comma, semicolon and tab that makes the most columns.
    """
    first = 1
    for lines in blocks:
        for at, line in enumerate(lines):
            if line.strip("\ufeff \t"):
                window = [*lines[at:], *(next(blocks, []) if len(lines) - at < MAX_LINES else [])]
                cells, delimiter, used = max(
                    (_header_cells(window, mark) for mark in ",;\t"), key=lambda candidate: len(candidate[0])
                )
                return cells, delimiter, first + at + used, window[used:]
        first += len(lines)
    return None


def _header_cells(window: list[str], delimiter: str) -> tuple[list[str], str, int]:
    for used in range(1, min(len(window), MAX_LINES) + 1):
        if cells := closed(window[:used], delimiter):
            return [cell.strip() for cell in cells], delimiter, used
    return window[0].split(delimiter), delimiter, 1


def _line_by_line(lines: list[str], first: int, delimiter: str) -> list[RawRecord] | None:
    """Records where each line is one; None if quotes join lines somewhere."""
    numbered = [(number, line) for number, line in enumerate(lines, first) if line and not line.isspace()]
    if not _quoted(lines):
        return [RawRecord(number, line, line.split(delimiter)) for number, line in numbered]
    try:
        # The last line tells whether the one before it is closed: if not, it is swallowed.
        rows = list(csv.reader(chain((line for _, line in numbered), ("end",)), delimiter=delimiter))
    except csv.Error:
        return None
    if len(rows) != len(numbered) + 1:
        return None
    return [RawRecord(number, line, cells) for (number, line), cells in zip(numbered, rows, strict=False)]


def _carefully(
    lines: list[str], source: Iterator[list[str]], first: int, delimiter: str, width: int
) -> Iterator[tuple[list[RawRecord], int]]:
    """Records of lines in which some are joined or broken, each list with the number of the line after it."""
    at, records = 0, []
    while at < len(lines):
        line = lines[at]
        if not line or line.isspace():
            at += 1
            continue
        if '"' not in line:
            records.append(RawRecord(first + at, line, line.split(delimiter)))
            at += 1
            continue
        cells = closed([line], delimiter)
        used = 1
        if cells is None:
            while len(lines) - at < MAX_LINES and (more := next(source, None)) is not None:
                yield records, first + at
                lines, first, at, records = lines[at:] + more, first + at, 0, []
            cells, used = _joined(lines, at, delimiter, width)
        records.append(RawRecord(first + at, "\n".join(lines[at : at + used]), cells))
        at += used
    yield records, first + len(lines)


def closed(lines: Sequence[str], delimiter: str) -> list[str] | None:
    """The cells of a record that ends with the last of these lines; None if it goes on, or csv gives up."""
    reader = csv.reader([*(line + "\n" for line in lines[:-1]), lines[-1], "end"], delimiter=delimiter)
    try:
        cells = next(reader)
    except csv.Error:
        return None
    return cells if reader.line_num == len(lines) else None


def _joined(lines: list[str], at: int, delimiter: str, width: int) -> tuple[list[str] | None, int]:
    """The cells of the record that begins in line ``at`` and how many lines it has; None and 1 if it never closes."""
    window, size = [], 0
    for line in lines[at : at + MAX_LINES]:
        size += len(line) + 1
        if size > MAX_CHARACTERS:
            break
        window.append(line + "\n")
    # Reading on into what lies behind the window means that the quote is still open there. Strict: where two stray
    # quotes happen to make a pair, text follows the second one, and lines between them must not be lost in a cell.
    reader = csv.reader([*window, "end"], delimiter=delimiter, strict=True)
    try:
        cells = next(reader)
    except csv.Error:
        return None, 1
    used = reader.line_num
    if used > len(window) or len(cells) != width:
        return None, 1
    between = lines[at + 1 : at + used - 1]
    if width > 1 and any(len(closed([line], delimiter) or ()) == width for line in between):
        return None, 1
    return cells, used
