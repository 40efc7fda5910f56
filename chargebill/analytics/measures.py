"""What a session adds to the rollups: one definition, used when counting, rebuilding and checking."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from chargebill.core.money import to_minor

# Upper ends in minutes, exclusive; the last bin is open.
DURATION_BINS_MIN = (15, 30, 60, 120, 240, 480, 720, 1440)
DURATION_LABELS = ("under 15 min", "15-30 min", "30-60 min", "1-2 h", "2-4 h", "4-8 h", "8-12 h", "12-24 h", "24 h and more")

HOURS_OF_WEEK = 168
# Of an hour of the week: sessions that began in it, energy that flowed in it, time occupied in it.
HOUR_MEASURES = ("sessions", "energy_dwh", "occupied_s")
# Of a bin: sessions plugged in, charging, and idle for so long. The latter two only where the charging time is known.
BIN_MEASURES = ("sessions", "charging", "idle")

MEASURES = ("sessions", "energy_dwh", "duration_s", "charging_s", "net_minor", "gross_minor")


def duration_bin(duration_s: int) -> int:
    """Index into DURATION_LABELS."""
    return bisect_right(DURATION_BINS_MIN, duration_s // 60)


def durations_of(duration_s: int, charging_s: int | None) -> tuple[int, int | None, int | None]:
    """Plugged in, charging, idle; the latter two None where the charging time is not known."""
    return (duration_s, None, None) if charging_s is None else (duration_s, charging_s, duration_s - charging_s)


def spread(
    *, start_minute: int, start_second: int, duration_s: int, charging_s: int | None, energy_dwh: int
) -> Iterator[tuple[int, int, int]]:
    """(hour of the week, seconds occupied, energy) of each hour a session covers, from the one it began in.

    ``start_minute`` is the local minute of the week it began in. Energy flows evenly over the charging time, which comes
    first; over all of it where no charging time is known. Shares are cut down to whole tenths of a watt-hour as they add
    up, so that they sum to exactly what there was. Hours go on by the clock the session began with, also across a clock
    change.
    """
    hour, into_hour_min = divmod(start_minute, 60)
    flow_s = min(charging_s or duration_s, duration_s)
    begin = given = 0
    end = min(3600 - into_hour_min * 60 - start_second, duration_s)
    while end < duration_s:
        reached = energy_dwh * min(end, flow_s) // flow_s
        yield hour, end - begin, reached - given
        given, begin, end = reached, end, min(end + 3600, duration_s)
        hour = (hour + 1) % HOURS_OF_WEEK
    yield hour, end - begin, energy_dwh - given


@dataclass(frozen=True, slots=True)
class Counted:
    """One session as the rollups see it. Without a counted price: no currency, amounts 0."""

    entity_id: int
    location_id: int
    day: date
    start_minute: int
    started_at: datetime
    payment_method: str
    duration_s: int
    charging_s: int | None
    energy_kwh: Decimal
    currency: str = ""
    net: Decimal = Decimal(0)
    gross: Decimal = Decimal(0)


def _empty_week() -> list[list[int]]:
    return [[0] * len(HOUR_MEASURES) for _ in range(HOURS_OF_WEEK)]


@dataclass(slots=True)
class Deltas:
    """What to add to each rollup row, by its key."""

    network_day: dict[tuple, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0] * len(MEASURES)))
    location_day: dict[tuple, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0] * len(MEASURES)))
    hours: dict[tuple, list[list[int]]] = field(default_factory=lambda: defaultdict(_empty_week))
    network_duration: dict[tuple, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0] * len(BIN_MEASURES)))

    @property
    def network_hour(self) -> dict[tuple, list[int]]:
        return {(*key, hour): sums for key, week in self.hours.items() for hour, sums in enumerate(week) if any(sums)}

    def add(self, counted: Counted, sign: int) -> None:
        """Counts a session (sign 1) or takes it out again (sign -1)."""
        energy_dwh = int(counted.energy_kwh.scaleb(4))
        net = gross = 0
        if counted.currency:
            net, gross = sign * to_minor(counted.net, counted.currency), sign * to_minor(counted.gross, counted.currency)
        charging = counted.duration_s if counted.charging_s is None else counted.charging_s
        row = (sign, sign * energy_dwh, sign * counted.duration_s, sign * charging, net, gross)
        tail = (counted.day, counted.payment_method, counted.currency)
        for sums in (self.network_day[(counted.entity_id, *tail)], self.location_day[(counted.location_id, *tail)]):
            for i, value in enumerate(row):
                sums[i] += value
        week = self.hours[counted.entity_id, counted.day]
        week[counted.start_minute // 60][0] += sign
        covered = spread(
            start_minute=counted.start_minute,
            start_second=counted.started_at.second,
            duration_s=counted.duration_s,
            charging_s=counted.charging_s,
            energy_dwh=energy_dwh,
        )
        for hour, occupied_s, energy in covered:
            sums = week[hour]
            sums[1] += sign * energy
            sums[2] += sign * occupied_s
        for n, duration_s in enumerate(durations_of(counted.duration_s, counted.charging_s)):
            if duration_s is not None:
                self.network_duration[counted.entity_id, counted.day, duration_bin(duration_s)][n] += sign

    def add_all(self, sessions: Iterable[Counted], sign: int = 1) -> None:
        for counted in sessions:
            self.add(counted, sign)
