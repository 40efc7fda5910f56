"""What an answer pack says first, and the list of what is in it. No clock: the same state gives the same text."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from textwrap import indent, wrap

from disputes.outside_words import Words, words_of
from disputes.workflow.states import State

COVER_PATH, SUMS_PATH = "cover.txt", "SHA256SUMS.txt"
_WIDTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked, as the cover says it."""

    body: str
    kind: str
    reference: str
    company: str
    received_on: date
    due_on: date
    asks: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands:
    """One case and its bundle. Days are the company's; ``cause``, ``contested``, ``claimed`` and ``answer``
    are in words of the cover's language."""

    number: str
    path: str
    version: int
    sha256: str
    state: State
    since: date
    merged_into: str
    opened_on: date
    cause: str
    contested: str
    claimed: str
    sessions: Sequence[str]
    answer: str


def cover_of(asked: Asked, cases: Sequence[Stands], language: str) -> str:
    """In English, or in German for ``language`` "de"."""
    words = words_of(language)
    kind = f" ({asked.kind})" if asked.kind else ""
    facts = [
        (words.asked_by, f"{asked.body}{kind}"),
        (words.reference, asked.reference),
        (words.company, asked.company),
        (words.received_on, words.day(asked.received_on)),
        (words.answer_by, words.day(asked.due_on)),
    ]
    parts = [words.title, _lines(facts), f"{words.what_was_asked}\n{indent(asked.asks, '  ')}", f"{words.cases}: {len(cases)}"]
    parts += [f"{one.number}\n{_lines(_about(one, words))}" for one in cases]
    held = [(COVER_PATH, words.this_text)]
    held += [(one.path, words.signed_evidence.format(one.number)) for one in cases]
    held.append((SUMS_PATH, words.sums))
    parts.append(f"{words.what_is_in_here}\n{_lines(held)}")
    parts.append("\n  ".join([words.how_to_check, *words.checking]))
    return "\n\n".join(parts) + "\n"


def _about(one: Stands, words: Words) -> list[tuple[str, str]]:
    stands = words.merged_into.format(one.merged_into) if one.merged_into else words.stands[one.state]
    return [
        (words.opened_on, words.day(one.opened_on)),
        (words.what_is_wrong, words.in_their_view.format(one.cause)),
        (words.contested, words.contested_of.format(contested=one.contested, claimed=one.claimed)),
        (words.sessions, ", ".join(one.sessions)),
        (words.where_it_stands, words.since.format(stands=stands, day=words.day(one.since))),
        (words.last_answer, one.answer),
        (words.evidence, words.evidence_of.format(path=one.path, version=one.version)),
        ("SHA-256", one.sha256),
    ]


def _lines(facts: Sequence[tuple[str, str]]) -> str:
    wide = max(len(name) for name, _ in facts) + 2
    found = []
    for name, said in facts:
        first, *rest = wrap(said, _WIDTH - wide, break_long_words=False, break_on_hyphens=False) or [""]
        found.append(f"  {name:<{wide}}{first}")
        found += [f"  {'':<{wide}}{line}" for line in rest]
    return "\n".join(found)


def sums_of(files: Mapping[str, bytes]) -> str:
    """A line for each: its SHA-256, two blanks, its path."""
    return "".join(f"{hashlib.sha256(content).hexdigest()}  {path}\n" for path, content in files.items())
