"""What a file is, by its first bytes alone: its name and what the sender says it is decide nothing."""

import re
from enum import StrEnum


class FileKind(StrEnum):
    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WEBP"
    PDF = "PDF"
    TEXT = "TEXT"


class Refused(Exception):
    """A file that is not taken. ``code`` and ``values`` make the sentence (disputes/files/words.py)."""

    def __init__(self, code: str, **values: str | int) -> None:
        super().__init__(code)
        self.code, self.values = code, values


IMAGES = (FileKind.JPEG, FileKind.PNG, FileKind.WEBP)
# Of these there is a sentence of their own; of the rest, that nobody knows what it is. (offset, bytes, code)
_OTHERS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"GIF8", "other_image"),
    (0, b"II*\x00", "other_image"),
    (0, b"MM\x00*", "other_image"),
    (0, b"II+\x00", "other_image"),
    (0, b"MM\x00+", "other_image"),
    (0, b"BM", "other_image"),
    (0, b"\x00\x00\x01\x00", "other_image"),
    (0, b"8BPS", "other_image"),
    (0, b"\xff\x0a", "other_image"),
    (0, b"\x00\x00\x00\x0cJXL ", "other_image"),
    (0, b"\x00\x00\x00\x0cjP  ", "other_image"),
    (0, b"PK\x03\x04", "archive"),
    (0, b"PK\x05\x06", "archive"),
    (0, b"Rar!", "archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "archive"),
    (0, b"\x1f\x8b", "archive"),
    (0, b"BZh", "archive"),
    (0, b"\xfd7zXZ", "archive"),
    (0, b"\x28\xb5\x2f\xfd", "archive"),
    (257, b"ustar", "archive"),
    (0, b"\xd0\xcf\x11\xe0", "archive"),
    (0, b"{\\rtf", "archive"),
    (0, b"MZ", "program"),
    (0, b"\x7fELF", "program"),
    (0, b"\xca\xfe\xba\xbe", "program"),
    (0, b"\xcf\xfa\xed\xfe", "program"),
    (0, b"\xce\xfa\xed\xfe", "program"),
    (0, b"\x00asm", "program"),
    (0, b"dex\n", "program"),
    (0, b"#!", "program"),
    (0, b"L\x00\x00\x00\x01\x14\x02\x00", "program"),
    (0, b"%!PS", "program"),
    (0, b"\x1aE\xdf\xa3", "video"),
    (0, b"OggS", "video"),
    (0, b"ID3", "video"),
    (0, b"fLaC", "video"),
    (0, b"FLV\x01", "video"),
    (0, b"\x00\x00\x01\xba", "video"),
)
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_MARKUP = re.compile(rb"^[\s\x00]*(?:<[!?/a-zA-Z]|%PDF-)")


def kind_of(content: bytes) -> FileKind:
    """What it begins as; whether it goes on like that is for whoever reads it. Raises Refused."""
    if not content:
        raise Refused("empty")
    if content.startswith(b"\xff\xd8\xff"):
        return FileKind.JPEG
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return FileKind.PNG
    if content.startswith(b"RIFF"):
        if content[8:12] == b"WEBP":
            return FileKind.WEBP
        raise Refused("video")
    if content.startswith(b"%PDF-"):
        return FileKind.PDF
    if content[4:8] == b"ftyp":
        raise Refused(_of_iso_media(content[8:12]))
    for offset, start, code in _OTHERS:
        # Text may begin with two letters that are also the beginning of a program or a picture.
        if content.startswith(start, offset) and not (len(start) < 3 and start.isalpha() and _is_plain(content)):
            raise Refused(code)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Refused("text_coding")
    if found := _MARKUP.match(content.removeprefix(b"\xef\xbb\xbf")):
        if found.group().endswith(b"%PDF-"):
            raise Refused("pdf_damaged")
        raise Refused("drawing" if b"<svg" in content[:4096].lower() else "web_page")
    return FileKind.TEXT


def _of_iso_media(brand: bytes) -> str:
    if brand in _HEIC:
        return "heic"
    return "other_image" if brand in (b"avif", b"avis") else "video"


def _is_plain(content: bytes) -> bool:
    return not re.search(rb"[\x00-\x08\x0e-\x1f]", content[:4096])
