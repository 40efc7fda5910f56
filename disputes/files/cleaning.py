"""A file as it is kept: pictures drawn anew, text as UTF-8, a PDF as it came when it is pages only."""

import hashlib
from dataclasses import dataclass

from disputes.files.images import redrawn
from disputes.files.kinds import IMAGES, FileKind, Refused, kind_of
from disputes.files.limits import MOST_BYTES
from disputes.files.names import clean_name
from disputes.files.pdfs import check
from disputes.files.texts import plain

SUFFIXES = {FileKind.JPEG: "jpg", FileKind.PNG: "png", FileKind.PDF: "pdf", FileKind.TEXT: "txt"}
CONTENT_TYPES = {
    FileKind.JPEG: "image/jpeg",
    FileKind.PNG: "image/png",
    FileKind.PDF: "application/pdf",
    FileKind.TEXT: "text/plain; charset=utf-8",
}
_FALLBACKS = {FileKind.JPEG: "photo", FileKind.PNG: "picture", FileKind.PDF: "document", FileKind.TEXT: "text"}


@dataclass(frozen=True, slots=True)
class CleanFile:
    """``kind`` is what ``content`` is now, never WEBP. ``received_sha256`` is of the file as it came. Sides: pixels or None."""

    name: str
    kind: FileKind
    content: bytes
    received_sha256: str
    width: int | None = None
    height: int | None = None


def cleaned(name: str, content: bytes) -> CleanFile:
    """The file as it may be kept and shown. Raises Refused."""
    if len(content) > MOST_BYTES:
        raise Refused("too_large")
    kind, width, height, kept = kind_of(content), None, None, content
    if kind in IMAGES:
        picture = redrawn(content, kind)
        kind, kept, width, height = picture.kind, picture.content, picture.width, picture.height
    elif kind is FileKind.PDF:
        check(content)
    else:
        kept = plain(content).encode()
    return CleanFile(
        clean_name(name, SUFFIXES[kind], _FALLBACKS[kind]), kind, kept, hashlib.sha256(content).hexdigest(), width, height
    )
