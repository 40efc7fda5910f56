"""Reads an uploaded table, CSV or Excel told apart by content, and writes both."""

import codecs
import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any

import tablib
from import_export.formats.base_formats import CSV, XLSX, Format

# A table of people or plugs is small. What is bigger is a mistake, or meant to exhaust the server once unpacked.
MAX_BYTES = 10 * 1024**2
MAX_UNPACKED_BYTES = 200 * 1024**2
MAX_ROWS = 20_000
DELIMITERS = ",;\t"


class UnreadableTable(ValueError):
    """The file can't be read as a table; the message says where and what to do. Nothing was changed."""


class Table(tablib.Dataset):
    """Rows under headers; ``lines`` is where in the file each row begins (the row number in Excel)."""

    lines: list[int]


def read_table(data: bytes) -> Table:
    """The table in an uploaded file. Raises UnreadableTable."""
    if len(data) > MAX_BYTES:
        raise UnreadableTable(f"The file is bigger than {MAX_BYTES // 1024**2} MB. Split it into smaller ones.")
    if not data.strip():
        raise UnreadableTable("The file is empty. Its first line must name the columns.")
    rows = _xlsx_rows(data) if data[:4] == b"PK\x03\x04" else _csv_rows(data)
    return _table(rows)


def _table(rows: Iterable[tuple[int, Sequence[Any]]]) -> Table:
    table = Table()
    table.lines = []
    headers: list[str] = []
    for line, cells in rows:
        cells = list(cells)
        while cells and cells[-1] in (None, ""):
            cells.pop()
        if not cells:
            continue
        if not headers:
            headers = _headers(line, cells)
            table.headers = headers
            continue
        if len(cells) > len(headers):
            raise UnreadableTable(f"Line {line} has {len(cells)} cells, but the header names {len(headers)} columns.")
        table.append([*cells, *[""] * (len(headers) - len(cells))])
        table.lines.append(line)
        if len(table.lines) > MAX_ROWS:
            raise UnreadableTable(f"The file has more than {MAX_ROWS:,} rows. Split it into smaller ones.")
    if not headers:
        raise UnreadableTable("The file is empty. Its first line must name the columns.")
    return table


def _headers(line: int, cells: list[Any]) -> list[str]:
    headers = ["" if cell is None else str(cell).strip().lower() for cell in cells]
    for number, name in enumerate(headers, 1):
        if not name:
            raise UnreadableTable(f"Line {line}: column {number} has no name. Name it, or remove the column.")
        if name in headers[: number - 1]:
            raise UnreadableTable(f"Line {line}: the column {name!r} is there twice. Remove one of them.")
    return headers


def _csv_rows(data: bytes) -> Iterable[tuple[int, list[str]]]:
    text = _text(data)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UnreadableTable(f"Line {line} contains a NUL character: this is no text file. Save it as CSV (UTF-8) or as .xlsx.")
    first = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(DELIMITERS, key=first.count), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnreadableTable(f"Line {line} can't be read as CSV ({error}). Look for a quotation mark too many.") from error
        yield line, cells


def _text(data: bytes) -> str:
    try:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return data.decode("utf-16")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableTable(
            f"Line {line} is not UTF-8 text. In your spreadsheet choose “CSV UTF-8”, or save as .xlsx."
        ) from error


def _xlsx_rows(data: bytes) -> Iterable[tuple[int, Sequence[Any]]]:
    import openpyxl

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > MAX_UNPACKED_BYTES:
            raise UnreadableTable(f"The workbook unpacks to {unpacked // 1024**2} MB. Keep only the sheet with the table.")
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        yield from enumerate(book.active.iter_rows(values_only=True), 1)
    except UnreadableTable:
        raise
    except Exception as error:
        # openpyxl raises whatever the broken part of a workbook makes it trip over.
        raise UnreadableTable("The workbook can't be opened. Save it again as .xlsx, or as CSV (UTF-8).") from error


class UploadedTable(Format):
    """What an import takes: CSV or Excel, found out from the content."""

    def get_title(self) -> str:
        return "CSV or Excel"

    def can_import(self) -> bool:
        return True

    def create_dataset(self, in_stream: bytes) -> Table:
        return read_table(in_stream)


class CsvFile(CSV):
    """UTF-8 with a mark at the start, which Excel needs to read umlauts."""

    def get_title(self) -> str:
        return "CSV"

    def export_data(self, dataset: tablib.Dataset, **kwargs: Any) -> bytes:
        return codecs.BOM_UTF8 + dataset.export("csv").encode()

    def is_binary(self) -> bool:
        return True


class XlsxFile(XLSX):
    def get_title(self) -> str:
        return "Excel"

    def export_data(self, dataset: tablib.Dataset, **kwargs: Any) -> bytes:
        from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

        clean = tablib.Dataset(headers=dataset.headers, title=dataset.title)
        for row in dataset:
            # Control characters can't be in a workbook.
            clean.append([ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", c) if isinstance(c, str) else c for c in row])
        return clean.export("xlsx")
