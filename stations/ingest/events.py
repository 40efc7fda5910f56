"""Reads connector status, authorizations and meter values from the cells of a row."""

from collections.abc import Callable, Sequence
from functools import partial

from stations.ingest import values
from stations.ingest.clock import Clock, Moment, check_year
from stations.ingest.identity import LONGEST, identity_reader
from stations.ingest.layout import Profile
from stations.ingest.moments import moment_reader
from stations.ingest.places import place_reader
from stations.ingest.refusals import collected, combined
from stations.ingest.rows import AuthorizationRow, MeterValueRow, Row, RowRefused, StatusRow

Cells = Sequence[str]
_CALLED = {
    "status": "status",
    "token": "token",
    "result": "result",
    "session": "session id",
    "register": "register",
    "unit": "unit",
    "value": "value",
}


def event_reader(profile: Profile, header: Sequence[str], clock: Clock, *, comma: bool) -> Callable[[Cells], Row]:
    """A function of a row's cells that returns a StatusRow, AuthorizationRow or MeterValueRow, as the profile's kind is.

    It raises RowRefused with every reason that keeps the row out.
    """
    positions = profile.positions(header)
    identity = identity_reader(profile, positions, header)
    moment = moment_reader("time", positions, header, clock)
    place = place_reader(profile, positions, header, comma=comma) if profile.kind == "statuses" else None
    field_of_time = header[positions["time"]]

    def required(name: str, length: int, cells: Cells) -> str:
        at = positions[name]
        written = values.identifier(cells[at], length, _CALLED[name], header[at])
        if not written:
            raise RowRefused(f"{name}_missing", f"There is no {_CALLED[name]}.", header[at])
        return written

    def optional(name: str, length: int, cells: Cells) -> str:
        return values.free_text(cells[positions[name]], length) if name in positions else ""

    def value(cells: Cells) -> object:
        cell = required("value", 100, cells)
        try:
            return values.decimal_places(values.number(cell, comma=comma), digits=16)
        except ValueError as problem:
            message = f"The value {values.quoted(cell)} can't be read. {problem}"
            raise RowRefused("value_unreadable", message, header[positions["value"]]) from None

    def status_row(cells: Cells) -> StatusRow:
        at = when(cells)
        return StatusRow(
            identity(cells),
            place(cells, at.zone),  # type: ignore[misc]
            at.utc,
            required("status", 30, cells),
            optional("error", 60, cells),
            optional("firmware", 60, cells),
        )

    def authorization_row(cells: Cells) -> AuthorizationRow:
        return AuthorizationRow(
            identity(cells),
            required("token", 64, cells),
            when(cells).utc,
            required("result", 30, cells),
            optional("method", 30, cells),
            optional("price_shown", 200, cells),
        )

    def meter_value_row(cells: Cells) -> MeterValueRow:
        return MeterValueRow(
            identity(cells),
            required("session", LONGEST, cells),
            when(cells).utc,
            required("register", 60, cells),
            value(cells),  # type: ignore[arg-type]
            required("unit", 10, cells),
        )

    def when(cells: Cells) -> Moment:
        at = moment(cells)
        check_year(at.utc, "time", field_of_time)
        return at

    kinds: dict[str, tuple[Callable[[Cells], Row], list[Callable[[Cells], object]]]] = {
        "statuses": (status_row, [lambda cells: place(cells, ""), when, partial(required, "status", 30)]),  # type: ignore[misc]
        "authorizations": (authorization_row, [partial(required, "token", 64), when, partial(required, "result", 30)]),
        "meter_values": (
            meter_value_row,
            [
                partial(required, "session", LONGEST),
                when,
                partial(required, "register", 60),
                value,
                partial(required, "unit", 10),
            ],
        ),
    }
    build, checks = kinds[profile.kind]

    def read(cells: Cells) -> Row:
        try:
            return build(cells)
        except RowRefused as refused:
            raise combined(collected([partial(check, cells) for check in checks]) or [refused]) from None

    return read
