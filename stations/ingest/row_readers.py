"""Chooses the reader for the rows of a profile's kind."""

from collections.abc import Callable, Sequence

from stations.ingest.clock import Clock
from stations.ingest.events import event_reader
from stations.ingest.layout import Profile
from stations.ingest.moments import moment_reader
from stations.ingest.rows import Row, RowRefused
from stations.ingest.sessions import session_reader


def row_reader(profile: Profile, header: Sequence[str], clock: Clock, *, comma: bool) -> Callable[[Sequence[str]], Row]:
    """A function of a row's cells, as many as ``header`` has; it returns the row or raises RowRefused."""
    reader = session_reader if profile.kind == "sessions" else event_reader
    read: Callable[[Sequence[str]], Row] = reader(profile, (*header, *profile.constant_headers), clock, comma=comma)
    if not profile.constants:
        return read
    always = list(profile.constants.values())
    return lambda cells: read([*cells, *always])


def states_zone(profile: Profile, header: Sequence[str], cells: Sequence[str], clock: Clock) -> bool:
    """False if the first time in this row could be read but for the time zone."""
    header = (*header, *profile.constant_headers)
    cells = [*cells, *profile.constants.values()]
    positions = profile.positions(header)
    name = "start" if profile.kind == "sessions" else "time"
    try:
        moment_reader(name, positions, header, clock)(cells)
    except RowRefused as refused:
        return refused.code != "time_zone_unknown"
    return True
