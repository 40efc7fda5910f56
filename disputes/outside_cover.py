"""What an answer pack says first, and the list of what is in it. No clock: the same state gives the same text."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from textwrap import indent, wrap

from disputes.workflow.states import State

COVER_PATH, SUMS_PATH = "cover.txt", "SHA256SUMS.txt"
_WIDTH = 100
# Where a case stands, for somebody who does not know how the desk works.
IN_WORDS = {
    State.NEW: "received; nobody has taken it up yet",
    State.TRIAGE: "taken up; being sorted before it is investigated",
    State.INADMISSIBLE: "found not admissible and ended without an investigation; the driver got a letter with the reason",
    State.MERGED: "merged into another case of the driver, where it goes on",
    State.INVESTIGATING: "being investigated",
    State.AWAITING_CUSTOMER: "the company asked the driver something and waits for the answer",
    State.OFFERED: "the driver has an offer or a decision and has not answered it yet",
    State.AGREED: "agreed; it is about to be carried out",
    State.DEADLOCK: "no agreement; the driver has the company’s position and can turn to an outside body",
    State.MEDIATION: "in mediation",
    State.ARBITRATION: "in arbitration",
    State.AWARDED: "an award was made; the driver has not answered it yet",
    State.EXECUTING: "agreed; it is being carried out",
    State.STUCK: "agreed; carrying it out has stopped at one step, which is being cleared",
    State.RESOLVED: "what was agreed has been carried out; it is open for the driver’s answer",
    State.CLOSED: "closed",
    State.WITHDRAWN: "the driver took the complaint back",
}


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
    """One case and its bundle. Days are the company's; ``contested``, ``claimed`` and ``answer`` are in words."""

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


def cover_of(asked: Asked, cases: Sequence[Stands]) -> str:
    kind = f" ({asked.kind})" if asked.kind else ""
    facts = [
        ("Asked by", f"{asked.body}{kind}"),
        ("Reference", asked.reference),
        ("Company", asked.company),
        ("Received on", f"{asked.received_on}"),
        ("Answer by", f"{asked.due_on}"),
    ]
    parts = ["ANSWER PACK", _lines(facts), "What was asked\n" + indent(asked.asks, "  "), f"CASES: {len(cases)}"]
    parts += [f"{one.number}\n{_lines(_about(one))}" for one in cases]
    held = [(COVER_PATH, "this text")]
    held += [(one.path, f"the signed evidence of case {one.number}, a ZIP of its own") for one in cases]
    held.append((SUMS_PATH, "the SHA-256 of each of these, in the form that “sha256sum -c” reads"))
    parts.append(f"WHAT IS IN HERE\n{_lines(held)}")
    parts.append(
        "HOW TO CHECK IT\n"
        "  Each ZIP of a case begins with a README.txt that says what is in it and how to check it, with ChargeBill and\n"
        "  without a network (manage.py verify_case FILE --key KEY) or by hand. Ask the company for its public key on\n"
        "  another way than this one came."
    )
    return "\n\n".join(parts) + "\n"


def _about(one: Stands) -> list[tuple[str, str]]:
    state = f"{IN_WORDS[one.state]} (since {one.since})"
    if one.merged_into:
        state = f"merged into case {one.merged_into} of the same driver, where it goes on (since {one.since})"
    return [
        ("Opened on", f"{one.opened_on}"),
        ("What is wrong", f"{one.cause}, in the driver’s view"),
        ("Contested", f"{one.contested}; claimed back: {one.claimed}"),
        ("Sessions", ", ".join(one.sessions)),
        ("Where it stands", state),
        ("Last answer", one.answer),
        ("Evidence", f"{one.path}, version {one.version}"),
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
