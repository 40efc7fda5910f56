"""What was newly written in a mail, as plain text: HTML stripped, the quoted mail below it cut off. Every step is linear."""

import re
from collections.abc import Iterable, Sequence
from html.parser import HTMLParser

# Of a body; a person's answer is shorter by far, and the whole mail is kept beside it.
LONGEST = 400_000
_SILENT = {"script", "style", "head", "title", "template", "noscript", "svg", "object"}
_BREAKS = {
    "address", "article", "blockquote", "br", "dd", "div", "dl", "dt", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
    "header", "hr", "li", "ol", "p", "pre", "section", "table", "td", "th", "tr", "ul",
}  # fmt: skip
# Everything a text may hold but line breaks and tabs.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\ufffe\uffff]")


def clean(text: str) -> str:
    """Without what no database and no page takes: control characters, halves of characters. Line breaks are \\n."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return _CONTROLS.sub("", whole.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n"))


class _Stripper(HTMLParser):
    """Collects text; what stands in a blockquote is marked as mail programs mark it, with > at the beginning of a line."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._silent = 0
        self._quoted = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in _SILENT:
            self._silent += 1
        if tag == "blockquote":
            self._quoted = min(self._quoted + 1, 5)
        if tag in _BREAKS:
            self._break()

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        if tag in _BREAKS:
            self._break()

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        if tag == "blockquote":
            self._quoted = max(0, self._quoted - 1)
        if tag in _BREAKS and tag != "br":
            self._break()

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.pieces.append(re.sub(r"\s+", " ", data))

    def _break(self) -> None:
        self.pieces.append("\n" + "> " * self._quoted)


# A tag that ends: html.parser takes minutes over forty thousand that do not.
_HALF_TAG = re.compile(r"<(?![^<>]{1,5000}>)")


def _without_comments(html: str) -> str:
    kept, place = [], 0
    while (begins := html.find("<!--", place)) >= 0:
        kept.append(html[place:begins])
        ends = html.find("-->", begins + 4)
        if ends < 0:
            return "".join(kept)
        place = ends + 3
    return "".join([*kept, html[place:]])


def text_of_html(html: str) -> str:
    stripper = _Stripper()
    try:
        stripper.feed(_HALF_TAG.sub("&lt;", _without_comments(html[:LONGEST])))
        stripper.close()
    except AssertionError:
        # What is broken beyond reading: what came before it stands.
        pass
    lines = (re.sub(r"[ \xa0]+", " ", line).strip() for line in "".join(stripper.pieces).split("\n"))
    return _few_blanks(lines)


def _few_blanks(lines: Iterable[str]) -> str:
    kept: list[str] = []
    for line in lines:
        if line.strip("> ") or (kept and kept[-1].strip("> ")):
            kept.append(line if line.strip("> ") else "")
    return "\n".join(kept).strip()


_HEADS = re.compile(r"^\*?(from|von|de|da|van)\*?\s?:", re.I)
_MORE_HEADS = re.compile(r"^\*?(sent|gesendet|date|datum|to|an|subject|betreff|cc)\*?\s?:", re.I)
_ORIGINAL = re.compile(
    r"^-{2,}\s?(original message|ursprüngliche nachricht|original-nachricht|original appointment)\s?-{2,}$", re.I
)
_WROTE = re.compile(r"(wrote|schrieb\b.*|writes|a écrit|ha scritto|escribió|schreef.*)\s?:$", re.I)
LOOK_AHEAD = 6


def new_text(text: str, markers: Sequence[str]) -> str:
    """What was newly written: what stands above the quoted mail or, where nothing does, between and below what is quoted.

    ``markers`` are lines of ours that every mail of a case begins with: what follows one is a quotation. Quotations between
    the lines of an answer stay. Where nothing at all would be left, all of it does.
    """
    lines = text.split("\n")
    above = _trimmed(lines[: _cut(lines, markers)])
    if above:
        return above
    below = [line for line in lines if not line.lstrip().startswith(">") and not _is_marker(line, markers)]
    return _few_blanks(line for line in below if not _WROTE.search(line.strip())) or _few_blanks(lines)


def _is_marker(line: str, markers: Sequence[str]) -> bool:
    return any(marker in line for marker in markers)


def _cut(lines: Sequence[str], markers: Sequence[str]) -> int:
    """The line the quoted mail begins with; behind the last one where none is quoted."""
    for place, line in enumerate(lines):
        bare = line.strip().lstrip("> ")
        if _is_marker(line, markers) or _ORIGINAL.match(bare):
            return place
        if _HEADS.match(bare) and sum(bool(_MORE_HEADS.match(one.strip("> *"))) for one in lines[place + 1 : place + 6]) >= 2:
            return place
    return len(lines)


def _trimmed(lines: Sequence[str]) -> str:
    """Without what introduces or is a quotation at the end: lines with >, "On ... wrote:", a rule of underscores."""
    kept = list(lines)
    while kept:
        last = kept[-1].strip()
        if not last or last.startswith(">") or set(last) <= {"_"}:
            kept.pop()
            continue
        # "On 9 Oct 2018 at 10:00, Tayside Charging <help@...>" and "wrote:" may stand on lines of their own.
        if _WROTE.search(last):
            begins = next(
                (back for back in range(1, 5) if back <= len(kept) and re.match(r"\s*(On|Am|Le|Il|El|Op)\b", kept[-back])), 0
            )
            del kept[len(kept) - (begins or 1) :]
            continue
        break
    return _few_blanks(kept)
