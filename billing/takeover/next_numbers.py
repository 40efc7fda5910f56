"""Where the numbers of documents go on: what a line of their file says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from billing.takeover.model import Column, Line, Report
from billing.takeover.sheet import Checked, read_sheet

COLUMNS = (
    Column("company", "the company’s name here; the one you choose where it is empty", "Stadtwerke Nord GmbH", needed=False),
    Column("kind", "receipt, invoice or credit_note", "invoice"),
    Column("next_number", "the count the next document gets, without what stands in front of it", "4711"),
)
MOST_LINES = 20
_COUNT = re.compile(r"\A\d{1,12}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Series:
    """The numbers of a kind as they stand: ``text`` is how a count is written, "INV-{}"."""

    label: str
    next_number: int
    is_used: bool
    text: str


@dataclass(frozen=True, slots=True)
class NextNumber:
    kind: str
    next_number: int


def read_next_numbers(text: str, *, company: str, series: Mapping[str, Series]) -> Report:
    """``series`` by kind, such as INVOICE. Raises UserError as read_sheet does."""
    names = [column.name for column in COLUMNS]
    needed = [column.name for column in COLUMNS if column.needed]
    seen: dict[str, int] = {}
    found: list[Line] = []
    for line in read_sheet(text, columns=names, needed=needed, most=MOST_LINES, code="take_over"):
        checked = Checked(line)
        checked.of("company", lambda cell: _company(cell, company))
        kind = checked.of("kind", lambda cell: _kind(cell, series))
        if kind and kind in seen:
            checked.wrong("kind", f"Line {seen[kind]} says where these go on already. Leave one of them out.")
        if kind:
            seen.setdefault(kind, line.number)
        count = checked.of("next_number", partial(_count, there=series.get(kind or "")))
        if checked.problems or kind is None or count is None:
            found.append(Line(line.number, line.cells, tuple(checked.problems)))
            continue
        there, value = series[kind], NextNumber(kind, count)
        if count == there.next_number:
            will = f"{there.label}s go on at {there.text.format(count)} already: nothing happens."
            found.append(Line(line.number, line.cells, will=will, value=value, is_known=True))
        else:
            new, old = (there.text.format(number) for number in (count, there.next_number))
            will = f"The next {there.label.lower()} is {new} instead of {old}."
            found.append(Line(line.number, line.cells, will=will, value=value))
    moved = sum(not line.problems and not line.is_known for line in found)
    return Report(tuple(found), (f"{moved} series of numbers go{'es' if moved == 1 else ''} on elsewhere",))


def _company(cell: str, company: str) -> None:
    if cell and cell != company:
        raise ValueError(f"This line is of {cell[:60]!r}, you chose {company}. Leave it out, or choose that company.")


def _kind(cell: str, series: Mapping[str, Series]) -> str:
    kind = re.sub(r"[\s-]+", "_", cell).upper()
    if kind not in series:
        said = ", ".join(name.lower() for name in series)
        raise ValueError(f"{cell[:20]!r} is no kind of document. Write one of {said}." if cell else f"Write one of {said}.")
    return kind


def _count(cell: str, there: Series | None) -> int:
    if not _COUNT.match(cell) or not int(cell):
        raise ValueError(f"{cell[:20]!r} is no count. Write digits only, such as 4711." if cell else "Write the next count.")
    count = int(cell)
    if there and there.is_used and count != there.next_number:
        raise ValueError(
            f"Documents were issued here already, so counting goes on at {there.next_number}: another would leave a gap or come"
            " twice. Leave this line out."
        )
    if there and count < there.next_number:
        raise ValueError(f"Counting never goes backwards, and it stands at {there.next_number}. Write that or more.")
    return count
