"""Opens a file of unknown origin: gzip or plain, within limits, and hands on its text."""

import codecs
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, BinaryIO, Literal

from stations.ingest.rows import FileRefused

CHUNK = 1 << 18
# Session files shrink five to thirty times; gzip can do a thousand.
_BOMB_RATIO = 400
_BOMB_FLOOR = 32 << 20
ENCODINGS = {"utf-8": "utf-8-sig", "windows-1252": "cp1252", "utf-16": "utf-16"}

# White space before the first character that tells CSV from JSON.
_MAX_BLANK = 1 << 20

_GZIP = b"\x1f\x8b"
_NOT_TEXT = (
    (b"PK\x03\x04", "an Excel workbook or a ZIP archive", "Save the sheet as CSV, or unpack the archive."),
    (b"PK\x05\x06", "an empty ZIP archive", "Choose a CSV file."),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "Save the sheet as CSV."),
    (b"%PDF", "a PDF document", "Ask for the sessions as CSV."),
    (b"BZh", "a bzip2 archive", "Unpack it, or use gzip."),
    (b"\xfd7zXZ", "an xz archive", "Unpack it, or use gzip."),
    (b"7z\xbc\xaf", "a 7z archive", "Unpack it, or use gzip."),
    (b"Rar!", "a RAR archive", "Unpack it, or use gzip."),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", "Unpack it, or use gzip."),
    (_GZIP, "a gzip archive inside another", "Unpack it once."),
    (b"\x89PNG", "a picture", "Choose a CSV file."),
    (b"\xff\xd8\xff", "a picture", "Choose a CSV file."),
    (b"SQLite format 3", "a database", "Export its sessions as CSV."),
    (b"{\\rtf", "a text document with formatting", "Save it as CSV."),
)

Beat = Callable[[], None]


def chunks(raw: BinaryIO, *, max_bytes: int, beat: Beat) -> Iterator[bytes]:
    """The bytes of an open file, unpacked where it is gzip, in pieces of bounded size.

    Raises FileRefused: ``bad_gzip`` (damaged or cut off), ``too_large``, ``gzip_bomb``, ``not_text``.
    """
    packed = raw.read(2) == _GZIP
    raw.seek(0)
    stream: Any = gzip.GzipFile(fileobj=raw, mode="rb") if packed else raw
    total = 0
    while chunk := _read(stream):
        if not total:
            _refuse_magic(chunk)
        total += len(chunk)
        if packed and total > _BOMB_FLOOR and total > raw.tell() * _BOMB_RATIO:
            raise FileRefused(
                "gzip_bomb",
                f"The archive unpacks to more than {_BOMB_RATIO} times its size, as no real session file does. "
                "Nothing was imported.",
            )
        if total > max_bytes:
            raise FileRefused(
                "too_large",
                f"The file is larger than {_size(max_bytes)}{' when unpacked' if packed else ''}. "
                "Split it into several files. Nothing was imported.",
            )
        yield chunk
        beat()


def _read(stream: Any) -> bytes:
    try:
        piece: bytes = stream.read(CHUNK)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise FileRefused(
            "bad_gzip",
            "The gzip archive is damaged or cut off. Fetch the file again, or unpack it first. Nothing was imported.",
        ) from None
    return piece


def _refuse_magic(start: bytes) -> None:
    for magic, what, advice in _NOT_TEXT:
        if start.startswith(magic):
            raise FileRefused("not_text", f"This is {what}, not a CSV or JSON file. {advice} Nothing was imported.")
    if start.lstrip()[:1] == b"<":
        raise FileRefused(
            "not_text", "This is a web page or XML, not a CSV or JSON file. Ask for the sessions as CSV. Nothing was imported."
        )


def _size(count: int) -> str:
    return f"{count / (1 << 30):.3g} GB" if count >= 1 << 30 else f"{count / (1 << 20):.3g} MB"


def texts(pieces: Iterator[bytes], encoding: str) -> Iterator[str]:
    """The text of the pieces, with every kind of line end turned into a line feed.

    ``encoding`` is a key of ENCODINGS, or "" to read UTF-8, or what a byte order mark says. Raises FileRefused
    ``encoding_unknown`` (with line and byte) and ``nul_byte``.
    """
    decoder: io.IncrementalNewlineDecoder | None = None
    line, offset, name = 1, 0, encoding
    for piece in _then_end(pieces):
        if decoder is None:
            name = encoding or sniffed(piece)
            decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(ENCODINGS[name])(), translate=True)
        # Before decoding: UTF-16 taken for UTF-8 is better told by its NUL bytes than by a byte that is not UTF-8.
        if name != "utf-16" and b"\0" in piece:
            raise _nul(line + piece[: piece.index(b"\0")].count(b"\n"), name)
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeError as problem:
            raise _undecodable(problem, name, piece, line, offset) from None
        if "\0" in text:
            raise _nul(line + text[: text.index("\0")].count("\n"), name)
        if text:
            yield text
        line += text.count("\n")
        offset += len(piece)


def sniffed(start: bytes) -> str:
    """The encoding a byte order mark says, else UTF-8."""
    return "utf-16" if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8"


def _then_end(pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield from pieces
    yield b""


def _undecodable(problem: UnicodeError, name: str, piece: bytes, line: int, offset: int) -> FileRefused:
    what = "The file is cut off in the middle of a character."
    if isinstance(problem, UnicodeDecodeError):
        # A decoder keeps the start of an unfinished character, so its own buffer may begin before this piece.
        kept = max(len(problem.object) - len(piece), 0)
        line += piece[: max(problem.start - kept, 0)].count(b"\n") if name != "utf-16" else 0
        if problem.start < len(problem.object):
            byte = problem.object[problem.start]
            what = f"Byte {offset + problem.start - kept + 1}, in line {line}, is 0x{byte:02X}, which is not {name.upper()}."
    advice = [other for other in ENCODINGS if other != name]
    return FileRefused(
        "encoding_unknown",
        f"{what} Choose the encoding the file was written in: {' or '.join(advice)}. Nothing was imported.",
        f"line {line}",
    )


def _nul(line: int, name: str) -> FileRefused:
    hint = " If it is UTF-16, choose that encoding." if name == "utf-8" else ""
    return FileRefused(
        "nul_byte",
        f"Line {line} holds a NUL byte, so the file is damaged or not text.{hint} Nothing was imported.",
        f"line {line}",
    )


def text_of(file: BinaryIO, encoding: str, *, max_bytes: int, beat: Beat = lambda: None) -> tuple[Iterator[str], str]:
    """The text of an open file, and the name of its encoding: the one given, else the one its first bytes say.

    Raises FileRefused as ``chunks`` and ``texts`` do, here or while the text is read.
    """
    if encoding and encoding not in ENCODINGS:
        known = ", ".join(ENCODINGS)
        raise FileRefused("encoding_unknown", f"“{encoding[:40]}” is no encoding that can be read. Choose one of {known}.")
    pieces = chunks(file, max_bytes=max_bytes, beat=beat)
    start = next(pieces, b"")
    encoding = encoding or sniffed(start)
    return texts(chain([start], pieces), encoding), encoding


def format_of(text: Iterator[str]) -> tuple[Literal["csv", "json"], Iterator[str]]:
    """Whether the text begins like JSON; and the text again, whole."""
    seen: list[str] = []
    size = 0
    for piece in text:
        seen.append(piece)
        size += len(piece)
        if start := piece.lstrip("\ufeff \t\n"):
            return ("json" if start[0] in "[{" else "csv"), chain(seen, text)
        if size > _MAX_BLANK:
            break
    return "csv", chain(seen, text)


def line_blocks(pieces: Iterator[str], *, max_line_bytes: int) -> Iterator[list[str]]:
    """Physical lines, without their ends, a block at a time. Raises FileRefused ``line_too_long``."""
    first, pending = 1, ""
    for piece in pieces:
        lines = (pending + piece).split("\n")
        pending = lines.pop()
        if lines:
            _refuse_long(lines, first, max_line_bytes)
            yield lines
            first += len(lines)
        # What is left has no end yet: stop before it fills the memory.
        _refuse_long([pending], first, max_line_bytes)
    if pending:
        yield [pending]


def _refuse_long(lines: list[str], first: int, limit: int) -> None:
    longest = max(map(len, lines))
    # A character is at most four bytes, so most lines need no encoding to be known as short enough.
    if longest * 4 <= limit:
        return
    for number, line in enumerate(lines, first):
        if len(line) > limit or len(line.encode("utf-8", "surrogatepass")) > limit:
            raise FileRefused(
                "line_too_long",
                f"Line {number} is longer than {limit:,} bytes. A session never is, so the file is damaged or not CSV. "
                "Nothing was imported.",
                f"line {number}",
            )
