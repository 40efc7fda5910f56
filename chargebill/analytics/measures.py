"""What a session adds to the rollups: one definition, used when counting, rebuilding and checking."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from chargebill.core.money import to_minor

# Upper ends in minutes, exclusive; the last bin is open.
DURATION_BINS_MIN = (15, 30, 60, 120, 240, 480, 720, 1440)
DURATION_LABELS = ("under 15 min", "15-30 min", "30-60 min", "1-2 h", "2-4 h", "4-8 h", "8-12 h", "12-24 h", "24 h and more")

MEASURES = ("sessions", "energy_dwh", "duration_s", "charging_s", "net_minor", "gross_minor")


def duration_bin(duration_s: int) -> int:
    """Index into DURATION_LABELS."""
    return bisect_right(DURATION_BINS_MIN, duration_s // 60)


@dataclass(frozen=True, slots=True)
class Counted:
    """One session as the rollups see it. Without a counted price: no currency, amounts 0."""

    entity_id: int
    location_id: int
    day: date
    hour: int
    payment_method: str
    duration_s: int
    charging_s: int | None
    energy_kwh: Decimal
    currency: str = ""
    net: Decimal = Decimal(0)
    gross: Decimal = Decimal(0)


@dataclass(slots=True)
class Deltas:
    """What to add to each rollup row, by its key."""

    network_day: dict[tuple, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0] * len(MEASURES)))
    location_day: dict[tuple, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0] * len(MEASURES)))
    network_hour: dict[tuple, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    network_duration: dict[tuple, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0]))

    def add(self, counted: Counted, sign: int) -> None:
        """Counts a session (sign 1) or takes it out again (sign -1)."""
        energy = sign * int(counted.energy_kwh.scaleb(4))
        net = gross = 0
        if counted.currency:
            net, gross = sign * to_minor(counted.net, counted.currency), sign * to_minor(counted.gross, counted.currency)
        charging = counted.duration_s if counted.charging_s is None else counted.charging_s
        row = (sign, energy, sign * counted.duration_s, sign * charging, net, gross)
        tail = (counted.day, counted.payment_method, counted.currency)
        for sums in (self.network_day[(counted.entity_id, *tail)], self.location_day[(counted.location_id, *tail)]):
            for i, value in enumerate(row):
                sums[i] += value
        hour = self.network_hour[counted.entity_id, counted.day, counted.hour]
        hour[0] += sign
        hour[1] += energy
        self.network_duration[counted.entity_id, counted.day, duration_bin(counted.duration_s)][0] += sign

    def add_all(self, sessions: Iterable[Counted], sign: int = 1) -> None:
        for counted in sessions:
            self.add(counted, sign)
