"""Zones and offsets as rows write them: offsets, abbreviations and IANA names."""

import re
import zoneinfo
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from stations.ingest.rows import FileRefused

_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{2}):?(\d{2})?", re.ASCII)

# What Open e-Mobility writes for a place without a zone; its times are UTC then.
_UTC_BY_DEFAULT = "n/a (utc by default)"

# Hours from UTC and the usual zone. Left out: abbreviations that mean different things, such as IST.
_ABBREVIATIONS: dict[str, tuple[float, str]] = {
    "UTC": (0, ""),
    "GMT": (0, "Europe/London"),
    "BST": (1, "Europe/London"),
    "WET": (0, "Europe/Lisbon"),
    "WEST": (1, "Europe/Lisbon"),
    "CET": (1, "Europe/Berlin"),
    "CEST": (2, "Europe/Berlin"),
    "MEZ": (1, "Europe/Berlin"),
    "MESZ": (2, "Europe/Berlin"),
    "EET": (2, "Europe/Helsinki"),
    "EEST": (3, "Europe/Helsinki"),
    "NST": (-3.5, "America/St_Johns"),
    "NDT": (-2.5, "America/St_Johns"),
    "AST": (-4, "America/Halifax"),
    "ADT": (-3, "America/Halifax"),
    "EST": (-5, "America/New_York"),
    "EDT": (-4, "America/New_York"),
    "CST": (-6, "America/Chicago"),
    "CDT": (-5, "America/Chicago"),
    "MST": (-7, "America/Denver"),
    "MDT": (-6, "America/Denver"),
    "PST": (-8, "America/Los_Angeles"),
    "PDT": (-7, "America/Los_Angeles"),
    "AKST": (-9, "America/Anchorage"),
    "AKDT": (-8, "America/Anchorage"),
    "HST": (-10, "Pacific/Honolulu"),
}


class RowZone(NamedTuple):
    """The zone a row states itself: a fixed offset from UTC, or a zone with rules (then ``offset`` is None).

    ``place`` is the IANA zone its place gets, "" where an offset alone was written.
    """

    offset: timedelta | None
    place: str


@cache
def names() -> frozenset[str]:
    """IANA names, without those that mean whatever this machine is set to."""
    return frozenset(zoneinfo.available_timezones() - {"localtime", "Factory"})


@cache
def named(name: str) -> ZoneInfo:
    """The zone of an IANA name. Raises FileRefused ``time_zone_unknown``."""
    if name not in names():
        raise FileRefused(
            "time_zone_unknown",
            f"“{name[:64]}” is no known time zone. Use a name such as Europe/Berlin or America/New_York. Nothing was imported.",
        )
    return ZoneInfo(name)


def fallback(time_zone: str, profile_zone: str, entity_time_zone: str) -> ZoneInfo | None:
    """The zone of rows that state none: the one asked for, else the profile's, else the entity's."""
    name = time_zone or profile_zone or entity_time_zone
    return named(name) if name else None


def row_zone(written: str, *, time_zone: str, profile_zone: str) -> RowZone | None:
    """What a row's own zone means; None where it can't be read.

    An abbreviation fixes the offset. Its place gets the zone that was asked for, else the profile's if it uses the
    abbreviation, else the usual one; after a bare offset it gets only the zone that was asked for.
    """
    if written in ("Z", "z") or written.casefold() == _UTC_BY_DEFAULT:
        return RowZone(timedelta(0), time_zone)
    if match := _OFFSET.fullmatch(written):
        sign, hours, minutes = match.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        if offset > timedelta(hours=14) or int(minutes or 0) > 59:
            return None
        return RowZone(-offset if sign == "-" else offset, time_zone)
    upper = written.upper()
    if upper in _ABBREVIATIONS:
        hours, usual = _ABBREVIATIONS[upper]
        if time_zone:
            place = time_zone
        elif profile_zone and _uses(profile_zone, upper):
            place = profile_zone
        else:
            place = usual
        return RowZone(timedelta(hours=hours), place)
    if written in names():
        return RowZone(None, written)
    return None


@cache
def _uses(zone: str, abbreviation: str) -> bool:
    """Whether the zone goes by this abbreviation in winter or summer."""
    moments = (datetime(2020, month, 15, tzinfo=UTC) for month in (1, 7))
    return any(moment.astimezone(named(zone)).tzname() == abbreviation for moment in moments)
