"""PDFs are kept as they came, so they are looked through first: whole, not locked, and pages only.

Twice, for two readers of a damaged PDF may see two different things: pypdf goes through every object its tables name, and
every byte of the file and of its packed lists is searched for the names of what acts. Nothing is unpacked without a limit,
and pages are never unpacked at all.
"""

import io
import logging
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from pypdf import PdfReader, apply_configuration
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject, NullObject

from disputes.files.kinds import Refused
from disputes.files.limits import MOST_PAGES, MOST_PDF_OBJECTS, MOST_UNPACKED, MOST_UNPACKED_TOGETHER

# Names of what a PDF does rather than shows -> the word for it. "/URI", a link somebody may follow, is none of these.
_ACTS = {
    "JavaScript": "program", "Launch": "program", "SubmitForm": "program", "ImportData": "program", "Rendition": "program",
    "EmbeddedFile": "attached", "EmbeddedFiles": "attached", "FileAttachment": "attached", "Collection": "attached",
    "GoToE": "starts", "GoToR": "starts", "XFA": "form", "RichMedia": "media", "Movie": "media", "Sound": "media",
    "Screen": "media", "3D": "media", "Encrypt": "locked",
}  # fmt: skip
_KEYS = {"JS": "program", "AF": "attached", "EF": "attached", "AA": "starts", "NeedsRendering": "form", **_ACTS}
# The one thing that may happen by itself.
_TURNS_PAGE = "/GoTo"
_END = re.compile(rb"%%EOF[\s\x00]*\Z")
_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_REST = re.compile(rb"/(?:First|ObjStm|XRef)\b")
MOST_LISTS = 2000
PIECE = 64 * 1024

logging.getLogger("pypdf").setLevel(logging.CRITICAL)


def _spelled(name: str) -> str:
    """A name may write any letter as # and its number: /J#61vaScript is /JavaScript."""
    return "".join(f"(?:{re.escape(c)}|#{ord(c):02x}|#{ord(c):02X})" for c in name)


# Names so long that no packed page has one by chance.
_NAMES = re.compile(
    "/(?:{})(?![A-Za-z0-9])".format("|".join(f"(?P<{name}>{_spelled(name)})" for name in _ACTS if len(name) > 6)).encode()
)


def check(content: bytes) -> int:
    """The number of its pages. Raises Refused: pdf_damaged, pdf_locked, pdf_active, pdf_too_long."""
    if not _END.search(content[-1024:]) or zipfile.is_zipfile(io.BytesIO(content)):
        raise Refused("pdf_damaged")
    _search(content)
    for unpacked in _lists(content):
        _search(unpacked)
    try:
        with apply_configuration(
            zlib_maximum_output_length=MOST_UNPACKED,
            lzw_maximum_output_length=MOST_UNPACKED,
            jbig2dec_binary=None,
            page_tree_maximum_entries=10 * MOST_PAGES,
        ):
            return _read(content)
    except (Refused, MemoryError):
        raise
    # Whatever a reader makes of a damaged PDF (recursion, missing keys, wrong types), it can't be read.
    except Exception as problem:
        too_long = isinstance(problem, PyPdfError) and "imit" in type(problem).__name__
        raise Refused("pdf_too_long" if too_long else "pdf_damaged") from problem


def _search(text: bytes) -> None:
    if found := _NAMES.search(text):
        _refuse(_ACTS[found.lastgroup or ""])


def _refuse(what: str) -> None:
    raise Refused("pdf_locked") if what == "locked" else Refused("pdf_active", what=what)


def _lists(content: bytes) -> Iterator[bytes]:
    """What is in the packed lists of objects, found by their looks and not by the tables. Raises Refused."""
    number, together = 0, 0
    for found in _STREAM.finditer(content):
        head = _unescaped(content[max(0, found.start() - 1000) : found.start()].rpartition(b"obj")[2])
        if not _REST.search(head):
            continue
        number += 1
        if number > MOST_LISTS:
            raise Refused("pdf_too_long")
        unpacked = _unpacked(content, found.end())
        together += len(unpacked)
        if len(unpacked) > MOST_UNPACKED or together > MOST_UNPACKED_TOGETHER:
            raise Refused("pdf_too_long")
        yield unpacked


def _unpacked(content: bytes, start: int) -> bytes:
    """What is packed from there on, as far as it can be read, at most one byte more than the limit.

    In pieces: handed the whole rest of the file, zlib would copy it for each list.
    """
    unpacker, found, view = zlib.decompressobj(), bytearray(), memoryview(content)
    while start < len(content) and len(found) <= MOST_UNPACKED and not unpacker.eof:
        piece = unpacker.unconsumed_tail or view[start : start + PIECE]
        if not unpacker.unconsumed_tail:
            start += PIECE
        try:
            found += unpacker.decompress(piece, MOST_UNPACKED + 1 - len(found))
        except zlib.error:
            # Not packed, or in another way: pypdf reads it, and has limits for that.
            break
    return bytes(found)


def _unescaped(text: bytes) -> bytes:
    return re.sub(rb"#([0-9A-Fa-f]{2})", lambda found: bytes([int(found.group(1), 16)]), text)


def _read(content: bytes) -> int:
    reader = PdfReader(io.BytesIO(content), strict=False)
    if reader.is_encrypted:
        raise Refused("pdf_locked")
    named = [(number, generation) for generation, rows in reader.xref.items() for number in rows]
    named += [(number, 0) for number in reader.xref_objStm]
    if len(named) > MOST_PDF_OBJECTS:
        raise Refused("pdf_too_long")
    root = reader.root_object
    _look(reader.trailer)
    for number, generation in named:
        _look(IndirectObject(number, generation, reader).get_object())
    _check_opening(root)
    pages = len(reader.pages)
    if pages > MOST_PAGES:
        raise Refused("pdf_too_long")
    if not pages:
        raise Refused("pdf_damaged")
    return pages


def _look(thing: Any) -> None:
    """Goes through one object, without following where it points. Nested as deep as pypdf could read it."""
    waiting = [thing]
    while waiting:
        one = waiting.pop()
        if isinstance(one, DictionaryObject):
            for key, value in one.items():
                if (what := _KEYS.get(str(key)[1:])) and not isinstance(value, NullObject):
                    _refuse(what)
                if key in ("/S", "/Subtype", "/Type") and isinstance(value, NameObject):
                    _look_at_name(str(value)[1:])
                waiting.append(value)
        elif isinstance(one, ArrayObject):
            waiting.extend(one)


def _look_at_name(name: str) -> None:
    if what := _ACTS.get(name):
        _refuse(what)


def _check_opening(root: DictionaryObject) -> None:
    """What happens when it is opened may be the turning to a page, and nothing else."""
    opening = root.get("/OpenAction")
    if isinstance(opening, IndirectObject):
        opening = opening.get_object()
    if opening is None or isinstance(opening, ArrayObject | NullObject):
        return
    if not isinstance(opening, DictionaryObject) or opening.get("/S") != _TURNS_PAGE or "/Next" in opening:
        _refuse("starts")
