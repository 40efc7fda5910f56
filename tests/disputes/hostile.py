"""Files made to do harm: seeded, built from bytes by hand, so that they owe nothing to the product's own code.

Each is (what it is, its name, its bytes). Whatever is to be run, or to travel along, has PAYLOAD in it.
"""

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from random import Random

from PIL import Image

from tests.disputes.hostile_pdf import pdfs

PAYLOAD = b"<script>alert('PAYLOAD')</script>"
HTML = b"<!DOCTYPE html><html><body>" + PAYLOAD + b"</body></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)">' + PAYLOAD + b"</svg>"
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
Hostile = tuple[str, str, bytes]
ENDINGS = ("jpg", "png", "pdf", "txt", "webp", "csv", "html", "svg", "exe", "jpg.exe", "pdf.js", "")


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *, depth: int = 8, color: int = 2, rows: bytes | None = None, more: bytes = b"") -> bytes:
    """A PNG; without rows all its pixels are black."""
    bits = depth * {0: 1, 2: 3, 3: 1, 6: 4}[color]
    raw = bytes((width * bits + 7) // 8 + 1) * height if rows is None else rows
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + more + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")


def huge_png(width: int, height: int) -> bytes:
    """Says that it is huge, and holds next to nothing."""
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def jpeg(random: Random, *, exif: bytes = b"", comment: bytes = b"") -> bytes:
    picture = Image.frombytes("RGB", (64, 48), random.randbytes(64 * 48 * 3))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=80, exif=exif, comment=comment)
    return buffer.getvalue()


def exif() -> bytes:
    found = Image.Exif()
    found[0x010E] = f"PAYLOAD {PAYLOAD.decode()}"
    found[0x0112] = 6
    found.get_ifd(0x8825).update({1: "N", 2: (51.0, 30.0, 0.0), 3: "W", 4: (0.0, 7.0, 0.0)})
    return found.tobytes()


def archive(name: str = "run.html", content: bytes = HTML) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(name, content)
    return buffer.getvalue()


def webp(random: Random, **more: object) -> bytes:
    buffer = io.BytesIO()
    Image.frombytes("RGB", (40, 30), random.randbytes(40 * 30 * 3)).save(buffer, "WEBP", **more)
    return buffer.getvalue()


def huge_webp(width: int, height: int) -> bytes:
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x00\x00\x00\x00"
    body += (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body += b"VP8L" + struct.pack("<I", 8) + b"\x2f\xff\xff\xff\x0f\x00\x00\x00"
    return b"RIFF" + struct.pack("<I", len(body)) + body


def flipped(random: Random, content: bytes, times: int) -> bytes:
    found = bytearray(content)
    for _ in range(times):
        found[random.randrange(20, len(found))] ^= 1 << random.randrange(8)
    return bytes(found)


def _pictures(random: Random) -> Iterator[tuple[str, bytes]]:
    for payload in (HTML, SVG, PAYLOAD, archive(), EICAR, b"%PDF-1.4 " + PAYLOAD, b"MZ" + PAYLOAD):
        yield "JPEG with something behind its end", jpeg(random) + payload
        yield "PNG with something behind its end", png(30, 20) + payload
        yield "WebP with something behind its end", webp(random) + payload
        yield "JPEG with a comment", jpeg(random, comment=payload)
        yield "JPEG with place and words in its Exif", jpeg(random, exif=exif()) + payload
        yield "PNG with words", png(30, 20, more=chunk(b"tEXt", b"Comment\x00" + payload))
        yield "PNG with words in XMP", png(30, 20, more=chunk(b"iTXt", b"XML:com.adobe.xmp\x00\x00\x00\x00\x00" + payload))
        yield "PNG with Exif", png(30, 20, more=chunk(b"eXIf", exif()[6:]))
        palette = (payload * 30)[:768]
        yield "PNG whose palette is a page", png(20, 20, color=3, rows=bytes(21 * 20), more=chunk(b"PLTE", palette))
        yield "PNG with a chunk nobody knows", png(30, 20, more=chunk(b"heLL", payload))
    bomb = zlib.compress(bytes(60_000_000), 9)
    yield "PNG with a bomb of words", png(30, 20, more=chunk(b"zTXt", b"Comment\x00\x00" + bomb))
    yield "PNG with a bomb of colors", png(30, 20, more=chunk(b"iCCP", b"sRGB\x00\x00" + bomb))
    yield "PNG with a bomb of international words", png(30, 20, more=chunk(b"iTXt", b"a\x00\x01\x00\x00\x00" + bomb))
    yield "PNG that is a bomb", png(30_000, 30_000, depth=1, color=0)
    yield "PNG that holds more than it says", png(10, 10, rows=bytes(30_000_000))
    for _ in range(12):
        yield "PNG that says it is huge", huge_png(random.randrange(30_000, 2**31), random.randrange(30_000, 2**31))
        yield "WebP that says it is huge", huge_webp(random.randrange(6_000, 2**24), random.randrange(6_000, 2**24))
    start = jpeg(random)
    where = start.index(b"\xff\xc0") + 5
    for _ in range(6):
        size = struct.pack(">HH", random.randrange(20_000, 65_500), random.randrange(20_000, 65_500))
        yield "JPEG that says it is huge", start[:where] + size + start[where + 4 :]
    whole = {"JPEG": jpeg(random), "PNG": png(30, 20), "WebP": webp(random)}
    for name, content in whole.items():
        for _ in range(5):
            yield f"{name} cut off", content[: random.randrange(12, len(content) - 1)]
            yield f"{name} with wrong bits", flipped(random, content, random.randrange(1, 30))
    yield "PNG without pixels", huge_png(0, 5)
    yield "WebP that moves", webp(random, save_all=True, append_images=[Image.new("RGB", (40, 30))] * 3)


def _pages(random: Random) -> Iterator[tuple[str, bytes]]:
    for content in (HTML, SVG, PAYLOAD, b"<?xml version='1.0'?>" + SVG, b"<!-- x -->" + HTML, b"<a href='javascript:1'>x</a>"):
        yield "page", content
        yield "page after spaces", b" \n\t\r " + content
        yield "page after a byte order mark", b"\xef\xbb\xbf" + content
        yield "page in UTF-16", content.decode().encode("utf-16")
        yield "page in UTF-16 without a mark", content.decode().encode("utf-16-be")
        yield "page in large letters", content.upper()
        yield "page below text", b"Hello,\n\nthis is my bill.\n" + content
        yield "page after zeros", bytes(5) + content
        yield "page packed", gzip.compress(content)
    yield "page in UTF-7", "<script>alert(1)</script>".encode("utf-7")
    yield "PHP", b"<?php system($_GET['PAYLOAD']); ?>"
    yield "EICAR", EICAR


def _others(random: Random) -> Iterator[tuple[str, bytes]]:
    noise = random.randbytes(300)
    starts = {
        "GIF": b"GIF89a" + HTML, "GIF that is a script": b"GIF89a=1;/*" + noise + b"*/alert('PAYLOAD')",
        "TIFF": b"II*\x00" + noise, "BMP": b"BM" + noise, "icon": b"\x00\x00\x01\x00" + noise, "PSD": b"8BPS" + noise,
        "MP4": b"\x00\x00\x00\x20ftypisom" + noise, "HEIC": b"\x00\x00\x00\x18ftypheic" + noise,
        "AVIF": b"\x00\x00\x00\x20ftypavif" + noise, "QuickTime": b"\x00\x00\x00\x14ftypqt  " + noise,
        "Matroska": b"\x1aE\xdf\xa3" + noise, "MP3": b"ID3\x04" + noise, "WAV": b"RIFF\x24\x00\x00\x00WAVE" + noise,
        "ZIP": archive(), "Word": archive("word/document.xml"), "RAR": b"Rar!\x1a\x07" + noise,
        "7z": b"7z\xbc\xaf\x27\x1c" + noise,
        "old Word": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + noise, "RTF": rb"{\rtf1{\object\objdata PAYLOAD}}",
        "Windows program": b"MZ\x90\x00" + noise, "Linux program": b"\x7fELF\x02" + noise, "Java": b"\xca\xfe\xba\xbe" + noise,
        "WebAssembly": b"\x00asm\x01\x00\x00\x00" + noise, "link": b"L\x00\x00\x00\x01\x14\x02\x00" + noise,
        "shell": b"#!/bin/sh\nrm -rf / # PAYLOAD\n", "PostScript": b"%!PS-Adobe\n(PAYLOAD) run\n",
        "Flash": b"FWS\x08" + noise, "JXL": b"\xff\x0a" + noise, "tar": bytes(257) + b"ustar\x0000" + noise,
        "nothing": b"", "one byte": b"\x00", "only spaces": b" \n \t", "zeros": bytes(5000),
        "a beginning of JPEG": b"\xff\xd8\xff", "a beginning of PNG": b"\x89PNG\r\n\x1a\n", "a beginning of PDF": b"%PDF-1.7\n",
        "batch": b"@echo off\r\ndel /q c:\\PAYLOAD\r\n", "formula": b'a,b\n=cmd|"/c calc"!A1,1\n',
        "mail": b"From: a@b\nContent-Type: text/html\n\n" + HTML, "too large": b"\xff\xd8\xff" + bytes(12 * 1024 * 1024),
        "endless text": b"all work and no play\n" * 60_000, "text that runs backwards": "bill \u202etxt.exe".encode(),
    }  # fmt: skip
    yield from starts.items()
    for _ in range(15):
        yield "noise", random.randbytes(random.randrange(10, 4000))


NAMES = (
    "../../etc/passwd.{}", "..\\..\\windows\\system32\\a.{}", "/etc/cron.d/x.{}", "bill\u202egpj.{}", "a\x00.png.{}", "{}" * 90,
    "con.{}", "a\r\nSet-Cookie: x=1.{}", 'a";filename="b.{}', "<script>.{}", "   .{}", ".{}", "\u200b\u200b.{}",
    "Größe %2e%2e/.{}",
)  # fmt: skip


def hostile_files(seed: int = 6) -> list[Hostile]:
    """All of them; no two have the same bytes by chance alone."""
    random = Random(seed)
    found = [*_pictures(random), *_pages(random), *_others(random), *pdfs(random)]
    named = []
    for number, (what, content) in enumerate(found):
        ending = random.choice(ENDINGS)
        pattern = NAMES[number % len(NAMES)] if number % 3 == 0 else f"file-{number}." + "{}"
        named.append((what, pattern.replace("{}", ending), content))
    return named
