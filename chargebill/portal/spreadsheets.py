"""Rows of typed cells as CSV or XLSX, streamed: their number does not matter to memory."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from tempfile import TemporaryFile
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from chargebill.core.csvsafe import safe_cell

Cell = str | int | Decimal | datetime | None
# The content type of a workbook.
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Above this a workbook takes minutes and spreadsheets give up; CSV has no limit.
XLSX_MAX_CELLS = 4_500_000
# Rows a sheet has, less its head.
EXCEL_ROWS = 1_048_575


def xlsx_rows(columns: int) -> int:
    """How many rows of so many columns a workbook may have here."""
    return min(EXCEL_ROWS, XLSX_MAX_CELLS // max(columns, 1))


@dataclass(frozen=True, slots=True)
class Table:
    """A header and rows of cells in its order, streamed."""

    header: tuple[str, ...]
    rows: Iterator[list[Cell]]

    def only(self, names: Iterable[str]) -> "Table":
        """Cut down to these columns, in the order they have."""
        wanted = set(names)
        places = [at for at, name in enumerate(self.header) if name in wanted]
        return Table(tuple(self.header[at] for at in places), ([row[at] for at in places] for row in self.rows))


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _plain(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M:%S}"
    return f"{cell:f}" if isinstance(cell, Decimal) else str(cell)


def csv_lines(header: Iterable[str], cells: Iterable[list[Cell]]) -> Iterator[str]:
    """CSV text, a thousand rows at a time."""
    writer = csv.writer(_Echo())
    held = [writer.writerow(header)]
    for row in cells:
        held.append(writer.writerow([_plain(cell) for cell in row]))
        if len(held) >= 1000:
            yield "".join(held)
            held = []
    yield "".join(held)


def safe_rows(rows: Iterable[list[Cell]]) -> Iterator[list[Cell]]:
    """The same rows, with every text as ``safe_cell`` has it."""
    for row in rows:
        yield [safe_cell(cell) if isinstance(cell, str) else cell for cell in row]


def workbook(title: str, header: Iterable[str], cells: Iterable[list[Cell]]) -> IO[bytes]:
    """An XLSX file at its beginning, written row by row. Text is text, whatever it begins with; numbers stay numbers."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.freeze_panes = "A2"

    def safe(cell: Cell) -> Any:
        """Text as text: the library takes what begins with = for a formula, and #N/A and the like for errors."""
        if not isinstance(cell, str) or not (cell[:1] in ("=", "#") or ILLEGAL_CHARACTERS_RE.search(cell)):
            return cell
        # Control characters can't be in a workbook.
        kept = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", cell))
        kept.data_type = "s"
        return kept

    sheet.append(list(header))
    for row in cells:
        sheet.append([safe(cell) for cell in row])
    file = TemporaryFile()  # noqa: SIM115  the response reads it and closes it
    book.save(file)
    file.seek(0)
    return file
