"""What an import profile says about the layout of a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["sessions", "statuses", "authorizations", "meter_values"]
DurationUnit = Literal["clock", "seconds", "minutes", "hours"]


@dataclass(frozen=True)
class Profile:
    """One layout of files.

    ``columns`` names, for each of our fields, the headers it goes by; ``required`` are the fields without which a
    file is not of this layout. ``identity`` are the fields a row is told apart by: one id, or several that are hashed
    as they are written. ``time_zone`` is where files of this layout come from, as an IANA name. ``currency`` is that
    of amounts in a file without a currency column. ``comma_with_semicolon``: a file with ; between its columns
    writes decimal commas, as spreadsheets do; ``decimal_comma``: every file does; ``comma_headers``: one with such a
    header does. ``short_years``: the year 14 means 2014. ``energy_unit`` is that of energy and meter readings,
    ``duration_unit`` that of durations; "clock" is h:mm or h:mm:ss. ``constants`` are what every row says of a field
    its file has no column for. ``tables_follow``: after a blank line come tables with fewer columns, no sessions.

    A layout without an end says instead how long a session took: ``duration``, else ``charging_time``, is required.
    """

    name: str
    title: str
    kind: Kind
    columns: Mapping[str, tuple[str, ...]]
    required: tuple[str, ...]
    identity: tuple[str, ...] = ("external_id",)
    time_zone: str = ""
    format: Literal["csv", "json"] = "csv"
    date_order: Literal["YMD", "DMY", "MDY"] = "YMD"
    short_years: bool = False
    currency: str = ""
    token_type: str = ""
    payment_method: str = ""
    comma_with_semicolon: bool = False
    decimal_comma: bool = False
    comma_headers: tuple[str, ...] = ()
    energy_unit: Literal["kWh", "Wh"] = "kWh"
    duration_unit: DurationUnit = "clock"
    constants: Mapping[str, str] = field(default_factory=dict)
    tables_follow: bool = False
    aliases: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        aliases = {normal(header): name for name, headers in self.columns.items() for header in headers}
        aliases |= {normal(header): name for name, header in zip(self.constants, self.constant_headers, strict=True)}
        object.__setattr__(self, "aliases", aliases)

    @property
    def constant_headers(self) -> tuple[str, ...]:
        """Names for columns of the constants, put behind those of the file."""
        return tuple(f"(always) {name}" for name in self.constants)

    def writes_commas(self, header: Sequence[str], delimiter: str) -> bool:
        """Whether numbers in a file with this header and delimiter have decimal commas."""
        if self.decimal_comma or (self.comma_with_semicolon and delimiter == ";"):
            return True
        there = {normal(name) for name in header} if self.comma_headers else set()
        return any(normal(name) in there for name in self.comma_headers)

    def positions(self, header: Sequence[str]) -> dict[str, int]:
        """Where each field this file has stands in its rows; of two columns of one field the first counts."""
        found: dict[str, int] = {}
        for position, name in enumerate(header):
            if wanted := self.aliases.get(normal(name)):
                found.setdefault(wanted, position)
        return found

    def lacks(self, header: Sequence[str]) -> list[str]:
        """The required columns that are not there, as the layout usually writes them."""
        found = self.positions(header)
        return [self.columns[name][0] for name in self.required if name not in found and name not in self.constants]


def normal(header: str) -> str:
    """A header as it is compared: case, white space, quotes and byte order marks make no difference."""
    return " ".join(header.replace("\ufeff", " ").replace('"', " ").casefold().split())


def column_names(header: Sequence[str]) -> list[str]:
    """A name for each column, each once: columns without a header are called by their place, repeated ones numbered."""
    names: list[str] = []
    taken: set[str] = set()
    for place, cell in enumerate(header, 1):
        plain = " ".join(cell.replace("\ufeff", " ").replace('"', " ").split()) or f"column {place}"
        name, count = plain, 1
        while name in taken:
            count += 1
            name = f"{plain} ({count})"
        taken.add(name)
        names.append(name)
    return names
