"""Makes the PDF: typst sets the content by one template, in this process, with fonts that come in packages.

The content reaches a template as data (JSON in ``sys.inputs``), never as markup. The template's folder is all that can
be read, no package is fetched, no font of the machine is used: the same content gives the same bytes everywhere.
"""

import json
import threading
from collections.abc import Mapping
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typst

FOLDER = Path(__file__).resolve().parent / "template"
TEMPLATE = FOLDER / "document.typ"
# For archives, and read aloud by programs for the blind.
STANDARDS = ["a-2a", "ua-1"]
# What tells such programs where they are takes 5 KB a line: beyond so many lines a document is for archives only.
MOST_LINES_TAGGED = 300
WITHOUT_TAGS = ["a-2b"]
_here = threading.local()


class CannotPrint(Exception):
    """typst refused a document; the text is what it said."""


def _font_folder() -> str:
    """Where the package with the sans-serif font keeps its files; it is not imported, it only carries them."""
    spec = find_spec("font_source_sans_pro")
    assert spec is not None
    assert spec.origin is not None
    return str(Path(spec.origin).parent / "files")


def _compiler(template: Path) -> typst.Compiler:
    """One for each thread and template, kept: reading the fonts takes longer than setting a page."""
    kept: dict[Path, typst.Compiler] = _here.__dict__.setdefault("compilers", {})
    if template not in kept:
        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[_font_folder()])
        nowhere = str(template.parent / "no-packages")
        kept[template] = typst.Compiler(
            str(template), root=str(template.parent), font_paths=fonts, package_path=nowhere, package_cache_path=nowhere
        )
    return kept[template]


def printed(content: Mapping[str, Any], *, at: datetime) -> bytes:
    """The PDF of a document with this content, as ``pressed`` says."""
    return pressed(TEMPLATE, content, at=at, tagged=len(content["lines"]) <= MOST_LINES_TAGGED)


def pressed(template: Path, content: Mapping[str, Any], *, at: datetime, tagged: bool) -> bytes:
    """The PDF of this content, dated ``at`` (aware). The same content and moment give the same bytes.

    Made for archives where that is possible, and where ``tagged`` read aloud; a name in letters no font here has is printed
    all the same, without. Raises CannotPrint.
    """
    inputs = {"content": json.dumps(content, ensure_ascii=False)}

    def made(standards: list[Any]) -> bytes:
        pdf = _compiler(template).compile(
            str(template),
            format="pdf",
            sys_inputs=inputs,
            timestamp=at.replace(microsecond=0),
            pdf_standards=standards,
            pdf_tags=tagged,
        )
        assert isinstance(pdf, bytes)
        return pdf

    try:
        try:
            return made([*(STANDARDS if tagged else WITHOUT_TAGS)])
        except typst.TypstError:
            return made([])
    except typst.TypstError as error:
        raise CannotPrint(f"{error.message} {error.diagnostic}".strip()) from error
