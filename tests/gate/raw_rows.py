"""The real files as plain Python reads them: what each row says, what can't be right about it, and what it would cost.

Nothing of the product is used here: csv, Decimal and zoneinfo, and the checks of docs/checks.md written down once more,
as plainly as can be. The trial tariff: 0.35 to start, 0.43 a kWh, 0.012 a charging minute, 0.05 an idle minute.
"""

import csv
import gzip
import io
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

LONDON, NEW_YORK = ZoneInfo("Europe/London"), ZoneInfo("America/New_York")
MOUNTAIN = {"MST": timezone(timedelta(hours=-7)), "MDT": timezone(timedelta(hours=-6))}
FEE = Decimal("0.35")
# The graver first, as docs/checks.md lists them: the first names the reason.
ORDER = ("D7", "D3", "D4", "D31", "D21", "D22", "D12")


@dataclass(slots=True)
class Raw:
    """One row. ``refused``: why it can't be taken at all. ``connector`` None: the file does not tell connectors apart."""

    line_no: int
    refused: str = ""
    start: datetime = datetime.min  # noqa: DTZ901  never read of a refused row
    end: datetime = datetime.min  # noqa: DTZ901
    kwh: Decimal = Decimal(0)
    charging_s: int | None = None
    rated_kw: Decimal | None = None
    connector: tuple[str, str] | None = None
    place: str = ""
    token: str = ""
    # Whether the clock changed while it lasted, or shows one of its times twice, and the file does not say which it was.
    clock_unsure: bool = False
    identity: tuple[str, ...] = ()
    doubts: set[str] = field(default_factory=set)

    @property
    def seconds(self) -> int:
        return int((self.end - self.start).total_seconds())

    @property
    def gross(self) -> Decimal:
        """What it costs under the trial tariff, rounded once, half up."""
        charging = self.seconds if self.charging_s is None else self.charging_s
        minutes = Decimal(charging) / 60 * Decimal("0.012") + Decimal(self.seconds - charging) / 60 * Decimal("0.05")
        return (FEE + self.kwh * Decimal("0.43") + minutes).quantize(Decimal("0.01"), ROUND_HALF_UP)

    @property
    def reason(self) -> str:
        """Why it must not be billed; "" for none."""
        return next((code for code in ORDER if code in self.doubts), "")


def read(path: Path) -> list[Raw]:
    """Every row of one of the files, with what can't be right about it. An exact repeat of a Perth row is left out."""
    with gzip.open(path, "rb") as file:
        rows = list(csv.DictReader(io.StringIO(file.read().decode("utf-8-sig"), newline="")))
    one = {"boulder": _boulder, "dundee": _chargeplace, "perth-": _chargeplace, "workpl": _workplace}
    reader = next(function for name, function in one.items() if path.name.startswith(name))
    found = [reader(number, row) for number, row in enumerate(rows, start=2)]
    kept, seen = [], set()
    for raw in found:
        if raw.refused or not raw.identity or raw.identity not in seen:
            kept.append(raw)
        seen.add(raw.identity)
    _doubt([raw for raw in kept if not raw.refused])
    return kept


def _london(day: str, clock: str, fold: int = 0) -> datetime:
    wall = datetime.strptime(f"{day} {clock}", "%d/%m/%Y %H:%M").replace(tzinfo=LONDON, fold=fold)
    return datetime.fromtimestamp(wall.timestamp(), UTC)


def _unsure(start: datetime, end: datetime, zone: ZoneInfo) -> bool:
    """Whether the wall clock measures another time than passed, or shows one of the two moments twice."""
    walls = [moment.astimezone(zone).replace(tzinfo=None) for moment in (start, end)]
    if walls[1] - walls[0] != end - start:
        return True
    return any(len({wall.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1)}) > 1 for wall in walls)


def _chargeplace(line_no: int, row: dict[str, str]) -> Raw:
    if not row["CP ID"]:
        return Raw(line_no, "place_missing")
    if not row["End Date"]:
        return Raw(line_no, "end_missing")
    kwh = Decimal(row["Total kWh"])
    if kwh < 0:
        return Raw(line_no, "energy_negative")
    start, end = (_london(row[f"{which} Date"], row[f"{which} Time"]) for which in ("Start", "End"))
    if end < start:
        # In October an hour comes twice, and the end may be in the second.
        end = _london(row["End Date"], row["End Time"], fold=1)
    if end < start:
        return Raw(line_no, "end_before_start")
    named = re.search(r"(\d+) ?kW", row["Model"])
    return Raw(
        line_no, "", start, end, kwh, None, Decimal(named[1]) if named else None, (row["CP ID"], row["Connector"]),
        " ".join(row["Site"].split()), row.get("User ID", "").strip(), _unsure(start, end, LONDON),
        () if "Charging event" in row else tuple(list(row.values())[:7]),
    )  # fmt: skip


def _boulder(line_no: int, row: dict[str, str]) -> Raw:
    start, end = (
        datetime.strptime(row[f"{which}_Date___Time"], "%Y/%m/%d %H:%M:%S").replace(tzinfo=MOUNTAIN[row[f"{which}_Time_Zone"]])
        for which in ("Start", "End")
    )
    if end < start:
        return Raw(line_no, "end_before_start")
    hours, minutes, seconds = map(int, row["Charging_Time__hh_mm_ss_"].split(":"))
    charged, lasted = hours * 3600 + minutes * 60 + seconds, int((end - start).total_seconds())
    # Its times have no seconds, its durations have.
    charging = min(charged, lasted) if charged <= lasted + 60 else None
    return Raw(line_no, "", start, end, Decimal(row["Energy__kWh_"]), charging, place=row["Station_Name"])


def _workplace(line_no: int, row: dict[str, str]) -> Raw:
    start, end = (
        datetime.strptime("20" + row[which][2:], "%Y-%m-%d %H:%M:%S").replace(tzinfo=NEW_YORK).astimezone(UTC)
        for which in ("created", "ended")
    )
    return Raw(
        line_no, "", start, end, Decimal(row["kwhTotal"]), place=row["locationId"], token=row["userId"],
        clock_unsure=_unsure(start, end, NEW_YORK),
    )  # fmt: skip


def _doubt(rows: list[Raw]) -> None:
    for raw in rows:
        hours = Decimal(raw.seconds) / 3600
        if raw.rated_kw is not None:
            too_much = raw.kwh > raw.rated_kw * hours * Decimal("1.05")
        else:
            too_much = raw.kwh > 500 * hours or raw.kwh > 400
        wrong = {
            "D7": too_much,
            "D31": raw.seconds > 24 * 3600,
            "D21": raw.kwh < Decimal("0.1") and raw.gross > FEE,
            "D22": raw.seconds < 120,
            "D12": raw.clock_unsure,
        }
        raw.doubts |= {code for code, fails in wrong.items() if fails}
    _overlaps(rows)
    _two_places(rows)


def _overlaps(rows: Iterable[Raw]) -> None:
    """Every two on one connector that share more than a minute."""
    on = defaultdict(list)
    for raw in rows:
        if raw.connector is not None:
            on[raw.connector].append(raw)
    for same in on.values():
        same.sort(key=lambda raw: raw.start)
        for n, first in enumerate(same):
            for other in same[n + 1 :]:
                if other.start >= first.end:
                    break
                if min(first.end, other.end) - other.start > timedelta(minutes=1):
                    first.doubts.add("D3")
                    other.doubts.add("D3")


def _two_places(rows: Iterable[Raw]) -> None:
    """Every two of one token that start at two places within five minutes."""
    of = defaultdict(list)
    for raw in rows:
        if raw.token:
            of[raw.token].append(raw)
    for same in of.values():
        same.sort(key=lambda raw: raw.start)
        starts = [raw.start for raw in same]
        for n, first in enumerate(same):
            for other in same[n + 1 : bisect_left(starts, first.start + timedelta(seconds=301))]:
                if other.place != first.place:
                    first.doubts.add("D4")
                    other.doubts.add("D4")
