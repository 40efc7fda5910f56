"""An answer as a ZIP: a cover letter, the papers numbered in the order they are asked for, and an index with their hashes.

Pure: the papers come as PDFs. The same answer gives the same bytes.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from billing.checks.canonical import plain
from disputes.chargebacks.answers import Given, characters
from disputes.evidence.bundle import zipped

FORMAT = "chargebill-chargeback-answer-1"
COVER, INDEX = "00-cover-letter.pdf", "index.json"


@dataclass(frozen=True, slots=True)
class Paper:
    """A numbered PDF of the answer."""

    given: Given
    path: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def paths_of(answer: Sequence[Given]) -> list[tuple[Given, str]]:
    """The fields that are papers of their own, numbered."""
    papers = [one for one in answer if not one.missing and not one.is_short]
    return [(one, f"{number:02d}-{one.field}.pdf") for number, one in enumerate(papers, 1)]


def index_of(answer: Sequence[Given], papers: Sequence[Paper], cover: bytes, about: Mapping[str, Any]) -> dict[str, Any]:
    """The answer field by field; ``about`` says what it answers. What a gateway takes as words stands there whole."""
    at = {paper.given.field: paper for paper in papers}
    found: dict[str, Any] = {
        "format": FORMAT,
        **about,
        "characters": characters(answer),
        "cover_letter": {"path": COVER, "bytes": len(cover), "sha256": hashlib.sha256(cover).hexdigest()},
        "fields": [_field(one, at.get(one.field)) for one in answer],
    }
    written: dict[str, Any] = plain(found)
    return written


def _field(one: Given, paper: Paper | None) -> dict[str, Any]:
    found: dict[str, Any] = {"field": one.field.value, "title": one.title}
    if one.missing:
        return {**found, "missing": one.missing}
    if not one.is_file:
        found["text"] = one.text
    if paper is not None:
        found |= {"path": paper.path, "bytes": len(paper.content), "sha256": paper.sha256}
    more = {"note": one.note, "hint": one.hint}
    return {**found, **{name: said for name, said in more.items() if said}}


def packed_answer(papers: Sequence[Paper], cover: bytes, index: Mapping[str, Any]) -> bytes:
    entries = [(COVER, cover), *[(paper.path, paper.content) for paper in papers]]
    return zipped([*entries, (INDEX, index_text(index).encode())])


def index_text(index: Mapping[str, Any]) -> str:
    """The index in the ZIP: without what only the desk is told, what is missing and what would make it better."""
    fields = [{name: said for name, said in one.items() if name != "hint"} for one in index["fields"] if "missing" not in one]
    return json.dumps({**index, "fields": fields}, indent=1, ensure_ascii=False) + "\n"
