"""PDFs that do more than show pages, written object by object, some of them where only a careful reader looks."""

import zlib
from collections.abc import Iterator
from random import Random

CATALOG, PAGES = b"<</Type/Catalog/Pages 2 0 R%s>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]%s>>"
SCRIPT = b"<</S/JavaScript/JS(app.alert\\('PAYLOAD'\\))>>"


def pdf(*more: bytes, catalog: bytes = b"", page: bytes = b"", trailer: bytes = b"") -> bytes:
    """A PDF with a page, and these objects from number 4 on."""
    objects = [CATALOG % catalog, PAGES, PAGE % page, *more]
    out, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    return out + b"trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, start)


def stream(head: bytes, data: bytes) -> bytes:
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (head, len(data), data)


def packed_pdf(hidden: bytes, *, repeat: int = 0, kind: bytes = b"/Type/ObjStm", pad: bytes = b"") -> bytes:
    """A PDF of version 1.5: catalog, pages and the hidden object lie in a packed list, its table is packed, too."""
    bodies = [CATALOG % b"/Extra 4 0 R", PAGES, PAGE % b"", hidden]
    index, content = [], b""
    for number, body in enumerate(bodies, 1):
        index.append(b"%d %d" % (number, len(content)))
        content += body + b"\n"
    first = b" ".join(index) + b" "
    content = first + content + pad * repeat
    listed = stream(b"%s/N 4/First %d/Filter/FlateDecode" % (kind, len(first)), zlib.compress(content, 9))
    out = b"%PDF-1.5\n"
    place = len(out)
    out += b"5 0 obj\n%s\nendobj\n" % listed
    table = len(out)
    rows = b"\x00\x00\x00\x00\x00" + b"".join(b"\x02\x00\x00\x05" + bytes([n]) for n in range(4))
    rows += b"\x01" + place.to_bytes(3, "big") + b"\x00" + b"\x01" + table.to_bytes(3, "big") + b"\x00"
    head = b"/Type/XRef/Size 7/W[1 3 1]/Root 1 0 R/Filter/FlateDecode"
    return out + b"6 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (stream(head, zlib.compress(rows)), table)


def pdfs(random: Random) -> Iterator[tuple[str, bytes]]:
    yield "PDF with a script at its start", pdf(SCRIPT, catalog=b"/OpenAction 4 0 R")
    yield "PDF with a script at its start, at once", pdf(catalog=b"/OpenAction" + SCRIPT)
    yield "PDF with a script among its names", pdf(SCRIPT, catalog=b"/Names<</JavaScript<</Names[(a)4 0 R]>>>>")
    yield "PDF with a script at a page", pdf(SCRIPT, page=b"/AA<</O 4 0 R>>")
    spelled = b"<</S/J#61v#61Script/#4aS(PAYLOAD)>>"
    yield "PDF with a script spelled otherwise", pdf(spelled, catalog=b"/OpenAction 4 0 R")
    yield "PDF with a script in a packed list", packed_pdf(SCRIPT)
    yield "PDF with a script spelled otherwise in a packed list", packed_pdf(spelled)
    yield "PDF whose packed list is spelled otherwise", packed_pdf(SCRIPT, kind=b"/Type/Obj#53tm")
    yield "PDF that launches", pdf(b"<</S/Launch/F(PAYLOAD.exe)>>", catalog=b"/OpenAction 4 0 R")
    yield "PDF that launches from a link", pdf(page=b"/Annots[<</Subtype/Link/Rect[0 0 9 9]/A<</S/Launch/F(calc)>>>>]")
    yield "PDF that launches, in a packed list", packed_pdf(b"<</A<</S/Launch/F(calc)>>>>")
    attached = stream(b"/Type/EmbeddedFile", b"MZ PAYLOAD")
    yield "PDF with a file", pdf(attached, catalog=b"/Names<</EmbeddedFiles<</Names[(a)<</EF<</F 4 0 R>>>>]>>>>")
    yield "PDF with a file on a page", pdf(attached, page=b"/Annots[<</Subtype/FileAttachment/FS<</EF<</F 4 0 R>>>>>>]")
    yield "PDF with a file in a packed list", packed_pdf(b"<</Type/Filespec/EF<</F 9 0 R>>>>")
    yield "PDF with an associated file", pdf(attached, catalog=b"/AF[<</EF<</F 4 0 R>>>>]")
    yield "PDF that is a collection", pdf(catalog=b"/Collection<</View/D>>")
    yield "PDF with XFA", pdf(stream(b"", b"<xdp>PAYLOAD</xdp>"), catalog=b"/AcroForm<</XFA 4 0 R/Fields[]>>")
    yield "PDF with XFA in a packed list", packed_pdf(b"<</XFA[(a)(PAYLOAD)]>>")
    yield "PDF that sends a form", pdf(page=b"/Annots[<</Subtype/Link/A<</S/SubmitForm/F(http://x)>>>>]")
    yield "PDF that reads a form", pdf(page=b"/Annots[<</Subtype/Link/A<</S/ImportData/F(x)>>>>]")
    yield "PDF that opens another", pdf(catalog=b"/OpenAction<</S/GoToR/F(\\\\\\\\evil\\\\x)/D[0/Fit]>>")
    yield "PDF that opens one inside", pdf(page=b"/Annots[<</Subtype/Link/A<</S/GoToE/T<<>>>>>>]")
    yield "PDF that opens an address", pdf(catalog=b"/OpenAction<</S/URI/URI(http://evil)>>")
    yield "PDF that prints by itself", pdf(catalog=b"/OpenAction<</S/Named/N/Print>>")
    yield "PDF that turns a page and goes on", pdf(SCRIPT, catalog=b"/OpenAction<</S/GoTo/D[3 0 R/Fit]/Next 4 0 R>>")
    yield "PDF with a video", pdf(page=b"/Annots[<</Subtype/RichMedia/Rect[0 0 9 9]>>]")
    yield "PDF with a sound", pdf(page=b"/Annots[<</Subtype/Sound/Rect[0 0 9 9]>>]")
    yield "PDF with a film", pdf(page=b"/Annots[<</Subtype/Movie/Movie<</F(x)>>>>]")
    yield "PDF with a rendition", pdf(page=b"/Annots[<</Subtype/Screen/A<</S/Rendition/JS(PAYLOAD)>>>>]")
    yield "PDF with 3D", pdf(page=b"/Annots[<</Subtype/3D/Rect[0 0 9 9]>>]")
    locked = b"<</Filter/Standard/V 1/R 2/O(%s)/U(%s)/P -4>>" % (b"o" * 32, b"u" * 32)
    yield "PDF that is locked", pdf(locked, trailer=b"/Encrypt 4 0 R/ID[(a)(a)]")
    whole = pdf()
    yield "PDF with a page behind its end", whole + b"<script>PAYLOAD</script>"
    yield "PDF with an archive behind its end", whole + b"PK\x05\x06" + bytes(18)
    yield "PDF with an archive around its end", whole[:-6] + b"PK\x05\x06" + bytes(16) + b"\x06\x00" + b"%%EOF\n"
    yield "PDF with a page before its beginning", b"<html>" + whole
    yield "PDF with spaces before its beginning", b"\n\n" + whole
    for _ in range(5):
        yield "PDF cut off", whole[: random.randrange(9, len(whole) - 8)]
    yield "PDF with nothing in it", b"%PDF-1.7\n%%EOF\n"
    yield "PDF with a hidden script that no table names", whole.replace(b"xref\n0", b"9 0 obj\n" + SCRIPT + b"\nendobj\nxref\n0")
    yield "PDF whose lists are a bomb", packed_pdf(b"<<>>", pad=b" " * 1000, repeat=60_000)
    yield "PDF whose list is in itself", packed_pdf(b"<<>>").replace(b"/N 4", b"/N 5 0 R")
    yield "PDF nested without an end", pdf(b"[" * 100_000 + b"]" * 100_000)
    yield "PDF nested in dictionaries", pdf(b"<</A" * 20_000 + b" 1" + b">>" * 20_000)
    yield "PDF whose pages are their own parents", pdf().replace(b"/Kids[3 0 R]", b"/Kids[2 0 R]")
    yield "PDF whose table is before itself", pdf(trailer=b"/Prev 0000000009")
    yield "PDF with no pages", pdf().replace(b"/Kids[3 0 R]/Count 1", b"/Kids[]/Count 0")
    yield "PDF with endless objects", pdf(*[b"<<>>"] * 30_000)
    yield "PDF with endless pages", pdf().replace(b"[3 0 R]/Count 1", b"[" + b"3 0 R " * 5_000 + b"]/Count 5000")
    yield "PDF that says it is long", pdf(b"<</Length 999999999999>>\nstream\nx\nendstream", page=b"/Contents 4 0 R")
    yield "PDF whose numbers are long", pdf(b"9" * 100_000)
    yield "PDF that is text", b"%PDF-1.7\nhello PAYLOAD\n%%EOF\n"
