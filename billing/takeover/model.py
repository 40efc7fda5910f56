"""What reading a file of another system gives: a report with every line, what it would do or what is wrong with it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file: ``example`` is what the template shows, ``says`` what belongs there."""

    name: str
    says: str
    example: str
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a column and what to do about it; ``column`` is "" where the whole line is meant."""

    column: str
    message: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file: either ``problems``, or what ``will`` happen, in words, with the ``value`` it was read as.

    ``is_known``: it is there already as the file has it, so nothing happens.
    """

    line: int
    cells: Mapping[str, str]
    problems: tuple[Problem, ...] = ()
    will: str = ""
    value: Any = None
    is_known: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """A file as it was read; ``totals`` are sentences about all of it, with its sums."""

    lines: tuple[Line, ...]
    totals: tuple[str, ...] = ()

    @property
    def problem_lines(self) -> list[Line]:
        return [line for line in self.lines if line.problems]

    @property
    def values(self) -> list[Any]:
        """What the lines without a problem that do something were read as."""
        return [line.value for line in self.lines if not line.problems and not line.is_known]

    @property
    def digest(self) -> str:
        """The same for the same report: who signs one signs no other."""
        said = [[line.line, line.will, [[p.column, p.message] for p in line.problems]] for line in self.lines]
        return hashlib.sha256(json.dumps([said, list(self.totals)]).encode()).hexdigest()
