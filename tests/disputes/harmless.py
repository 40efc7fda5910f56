"""Whether bytes that are served can do harm, judged without the product's code: what a browser or a reader would see in them."""

import re
import struct
import zlib

_TAGS = (
    b"<!DOCTYPE HTML", b"<HTML", b"<HEAD", b"<SCRIPT", b"<IFRAME", b"<H1", b"<DIV", b"<FONT", b"<TABLE", b"<A", b"<STYLE",
    b"<TITLE", b"<B", b"<BODY", b"<BR", b"<P", b"<!--", b"<?XML", b"<SVG",
)  # fmt: skip
_ACTS = re.compile(rb"/(JavaScript|JS|Launch|EmbeddedFiles?|XFA|RichMedia|SubmitForm|ImportData|GoToE|Encrypt|AA)\b")


def sniffed(content: bytes) -> str:
    """What a browser would take it for if it were left to guess (https://mimesniff.spec.whatwg.org, section 7)."""
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"%PDF-"):
        return "application/pdf"
    head = content[:1445].lstrip(b"\t\n\x0c\r ")
    if head.upper().startswith(_TAGS):
        return "text/html"
    if re.search(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]", content[:1445]):
        return "application/octet-stream"
    return "text/plain"


def jpeg_problem(content: bytes) -> str:
    """Goes from marker to marker: nothing but the picture, and nothing behind it."""
    place = 2
    while place < len(content):
        marker, length = content[place + 1], struct.unpack(">H", content[place + 2 : place + 4])[0]
        if marker == 0xDA:
            break
        if marker not in (0xE0, 0xDB, 0xC0, 0xC2, 0xC4):
            return f"marker {marker:02x}"
        place += 2 + length
    return "" if content.endswith(b"\xff\xd9") and content.count(b"\xff\xd9") == 1 else "something behind its end"


def png_problem(content: bytes) -> str:
    place, kinds = 8, []
    while place < len(content):
        (length,) = struct.unpack(">I", content[place : place + 4])
        kinds.append(content[place + 4 : place + 8])
        place += length + 12
    fine = kinds[0] == b"IHDR" and kinds[-1] == b"IEND" and set(kinds[1:-1]) == {b"IDAT"}
    return "" if fine and place == len(content) else f"chunks {kinds}"


def pdf_problem(content: bytes) -> str:
    seen = [content]
    for found in re.finditer(rb"stream\r?\n", content):
        unpacker = zlib.decompressobj()
        try:
            seen.append(unpacker.decompress(content[found.end() :], 2_000_000))
        except zlib.error:
            continue
    for text in seen:
        spelled = re.sub(rb"#([0-9a-fA-F]{2})", lambda m: bytes([int(m.group(1), 16)]), text)
        if found := _ACTS.search(spelled):
            return found.group().decode()
    return "" if content.rstrip(b"\n").endswith(b"%%EOF") else "something behind its end"


def problem_of(kind: str, content: bytes) -> str:
    """ "" where these bytes, served as that kind, can do nothing."""
    expected = {"JPEG": "image/jpeg", "PNG": "image/png", "PDF": "application/pdf", "TEXT": "text/plain"}[kind]
    if sniffed(content) != expected:
        return f"a browser would take it for {sniffed(content)}"
    if kind == "TEXT":
        tag = re.search(rb"<\s*[a-zA-Z!?/]", content)
        return f"{tag.group()!r} in a text" if tag else ""
    return {"JPEG": jpeg_problem, "PNG": png_problem, "PDF": pdf_problem}[kind](content)
