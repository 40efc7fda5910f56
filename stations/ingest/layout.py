"""What an import profile says about the layout of a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["sessions", "statuses", "authorizations", "meter_values"]


@dataclass(frozen=True)
class Profile:
    """One layout of files.

    ``columns`` names, for each of our fields, the headers it goes by; ``required`` are the fields without which a
    file is not of this layout. ``identity`` are the fields a row is told apart by: one id, or several that are hashed
    as they are written. ``time_zone`` is where files of this layout come from, as an IANA name. ``currency`` is that
    of amounts in a file without a currency column. ``comma_with_semicolon``: a file with ; between its columns
    writes decimal commas, as spreadsheets do. ``short_years``: the year 14 means 2014.
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
    aliases: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        aliases = {normal(header): name for name, headers in self.columns.items() for header in headers}
        object.__setattr__(self, "aliases", aliases)

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
        return [self.columns[name][0] for name in self.required if name not in found]


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
