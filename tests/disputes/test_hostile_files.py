"""Files made to do harm: each is refused with a reason or made harmless, none is run, none takes the process with it."""

import io
import subprocess
import sys
from collections import Counter

import pytest
from PIL import Image

from disputes.files import CleanFile, Refused, cleaned, sentence
from disputes.files.names import shown_name
from tests.conftest import ROOT
from tests.disputes.harmless import problem_of
from tests.disputes.hostile import HTML, PAYLOAD, chunk, exif, hostile_files, jpeg, png
from tests.disputes.hostile_pdf import pdf

# Of these something may be kept: their harm stands beside the pixels, or they are text or pages that do nothing.
MAY_BE_KEPT = ("JPEG with", "PNG with", "PNG whose", "WebP with", "WebP that moves", "PNG that holds", "JPEG cut", "PNG cut")
MAY_BE_KEPT += ("WebP cut", "EICAR", "batch", "formula", "PDF nested", "PDF whose table", "PDF whose list is in itself")


def what_comes_of(name: str, content: bytes) -> CleanFile | Refused:
    try:
        return cleaned(name, content)
    except Refused as refused:
        return refused


def test_three_hundred_hostile_files_are_refused_with_a_reason_or_made_harmless() -> None:
    files = hostile_files()
    kept, reasons = Counter[str](), Counter[str]()
    for what, name, content in files:
        found = what_comes_of(name, content)
        if isinstance(found, Refused):
            for language in ("en", "de"):
                words = sentence(language, found.code, shown_name(name), found.values)
                assert words.endswith("."), (what, words)
                assert not set("{\r\n\x00\u202e") & set(words), (what, words)
            reasons[found.code] += 1
            continue
        assert what.startswith(MAY_BE_KEPT), (what, found.kind)
        assert problem_of(found.kind, found.content) == "", (what, problem_of(found.kind, found.content))
        if found.kind in ("JPEG", "PNG"):
            assert not any(word in found.content for word in (b"PAYLOAD", b"script")), what
        assert found.name.endswith({"JPEG": ".jpg", "PNG": ".png", "PDF": ".pdf", "TEXT": ".txt"}[found.kind]), found.name
        assert len(found.name) <= 120
        assert found.name.isprintable()
        assert not set('/\\<>:"|?*%;') & set(found.name), found.name
        kept[found.kind] += 1
    assert len(files) >= 300
    assert min(kept[kind] for kind in ("JPEG", "PNG", "TEXT")) > 0
    # Every kind of reason is met.
    assert set(reasons) == {
        "archive", "drawing", "empty", "heic", "image_damaged", "other_image", "pdf_active", "pdf_damaged", "pdf_locked",
        "pdf_too_long", "program", "text_coding", "text_too_large", "too_large", "too_many_pixels", "unknown", "video",
        "web_page",
    }  # fmt: skip


def test_bombs_take_little_memory() -> None:
    """All of them in a process of their own, whose largest size is asked at its end. The files themselves take a part of it."""
    code = """
import resource
from disputes.files import Refused, cleaned
from tests.disputes.hostile import hostile_files
files = hostile_files()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for what, name, content in files:
    try:
        cleaned(name, content)
    except Refused:
        pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(ran.stdout) < 700


def test_a_photo_is_turned_and_loses_its_place_and_everything_else() -> None:
    drawn = Image.new("RGB", (80, 40), (250, 250, 250))
    drawn.paste((200, 0, 0), (0, 0, 20, 40))
    buffer = io.BytesIO()
    drawn.save(buffer, "JPEG", quality=95, exif=exif(), comment=PAYLOAD)
    found = cleaned("IMG 0042.JPG", buffer.getvalue() + HTML)

    assert (found.kind, found.name, found.width, found.height) == ("JPEG", "IMG 0042.jpg", 40, 80)
    with Image.open(io.BytesIO(found.content)) as shown:
        # Held with its left side up: what was on the left is on top.
        top, bottom = shown.getpixel((20, 4)), shown.getpixel((20, 70))
        assert dict(shown.getexif()) == {}
        assert set(shown.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert top[0] > 150 > 60 > top[1]
    assert min(bottom) > 220


@pytest.mark.parametrize(
    ("mode", "form", "kind"),
    [("RGBA", "PNG", "PNG"), ("P", "PNG", "PNG"), ("1", "PNG", "PNG"), ("I;16", "PNG", "PNG"), ("L", "JPEG", "JPEG"),
     ("CMYK", "JPEG", "JPEG"), ("RGBA", "WEBP", "JPEG"), ("RGB", "WEBP", "JPEG")],
)  # fmt: skip
def test_pictures_of_every_kind_of_pixel_are_taken(mode: str, form: str, kind: str) -> None:
    buffer = io.BytesIO()
    Image.new(mode, (30, 20)).save(buffer, form)
    found = cleaned("a", buffer.getvalue())
    assert (found.kind, found.width, found.height, problem_of(found.kind, found.content)) == (kind, 30, 20, "")


def test_what_can_be_seen_through_becomes_white() -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(buffer, "PNG")
    with Image.open(io.BytesIO(cleaned("a", buffer.getvalue()).content)) as shown:
        assert shown.getpixel((5, 5)) == (255, 255, 255)


def test_a_large_photo_is_made_smaller() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (6000, 3000), (9, 99, 199)).save(buffer, "JPEG")
    found = cleaned("a.jpg", buffer.getvalue())
    assert (found.width, found.height) == (4096, 2048)


def test_honest_pdfs_are_kept_byte_for_byte() -> None:
    link = b"/Annots[<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A<</S/URI/URI(https://example.com)>>>>]"
    pages = {
        "a page": pdf(),
        "turns to a page when it opens": pdf(catalog=b"/OpenAction[3 0 R/Fit]"),
        "does so by an action": pdf(b"<</S/GoTo/D[3 0 R/Fit]>>", catalog=b"/OpenAction 4 0 R"),
        "has a link": pdf(page=link),
        "has a form that was filled in": pdf(catalog=b"/AcroForm<</Fields[]>>"),
    }
    buffer = io.BytesIO()
    Image.new("RGB", (300, 200)).save(buffer, "PDF")
    pages["a scan"] = buffer.getvalue()
    for what, content in pages.items():
        found = cleaned("bill.html", content)
        assert (found.kind, found.name, found.content) == ("PDF", "bill.pdf", content), what


def test_our_own_papers_are_taken(settings: object) -> None:
    from datetime import UTC, datetime

    from billing.papers.press import pressed
    from disputes.operations.evidence import TEMPLATE

    content = {"title": "Case", "company": "Nord", "facts": [], "sessions": [], "messages": [], "files": [], "checking": []}
    made = pressed(TEMPLATE, content, at=datetime(2026, 11, 27, tzinfo=UTC), tagged=True)
    assert cleaned("dossier", made).content == made


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        ("Datum;Betrag\n6.9.;4,94 €\n".encode(), "Datum;Betrag\n6.9.;4,94 €\n"),
        (b"\xef\xbb\xbfa,b\r\n1,2\r\n", "a,b\n1,2\n"),
        ("Grüße aus Köln".encode("cp1252"), "Grüße aus Köln"),
        (b"5 < 6 and 7 > 3, I think", "5 < 6 and 7 > 3, I think"),
        (b"MZ is what my car says\n", "MZ is what my car says\n"),
    ],
)
def test_text_is_kept_as_utf8(content: bytes, kept: str) -> None:
    found = cleaned("charges.csv", content)
    assert (found.kind, found.name, found.content.decode()) == ("TEXT", "charges.txt", kept)


def test_a_png_is_written_anew_without_what_stood_beside_its_pixels() -> None:
    found = cleaned("a.png", png(30, 20, more=chunk(b"tEXt", b"a\x00" + PAYLOAD)) + HTML)
    with Image.open(io.BytesIO(found.content)) as shown:
        assert (shown.size, shown.info) == ((30, 20), {})


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd.jpg"),
        ("C:\\photos\\meter.JPG", "meter.jpg"),
        ("bill\u202egpj.exe", "billgpj.jpg"),
        ("meter.jpg.exe", "meter.jpg.jpg"),
        ("a\x00b\r\nc.png", "ab c.jpg"),
        ("", "photo.jpg"),
        ("...", "photo.jpg"),
        ("Zähler 5.9.2026.jpeg", "Zähler 5.9.2026.jpg"),
        ("x" * 500, "x" * 116 + ".jpg"),
    ],
)
def test_names_are_cleaned_and_end_in_what_the_file_is(name: str, kept: str) -> None:
    from random import Random

    assert cleaned(name, jpeg(Random(1))).name == kept
