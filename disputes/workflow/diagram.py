"""Draws the table of moves as a Mermaid state diagram: `make docs` puts it into docs/disputes.md."""

import sys
from pathlib import Path

from disputes.workflow.rules import RULES
from disputes.workflow.states import State

BEGIN, END = "<!-- drawn from the table: make docs -->\n", "<!-- end -->"


def drawn() -> str:
    """One arrow for each pair of states, named after its rules and who makes them."""
    arrows: dict[tuple[str, State], list[str]] = {}
    for rule in RULES:
        for source in rule.sources:
            said = f"{rule.name} {', '.join(rule.roles)}"
            arrows.setdefault((source or "[*]", rule.target), []).append(said)
    lines = [f"    {source} --> {target}: {' / '.join(said)}" for (source, target), said in arrows.items()]
    sources = {source for source, _ in arrows}
    lines += [f"    {state} --> [*]" for state in State if state not in sources]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```", ""])


def put_into(document: str) -> str:
    """The document with the diagram drawn anew. Raises ValueError when it has no place for it."""
    before, _, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"The document has no lines {BEGIN.strip()!r} and {END!r} to draw between.")
    return before + BEGIN + drawn() + END + after


if __name__ == "__main__":
    file = Path(sys.argv[1])
    file.write_text(put_into(file.read_text()))
