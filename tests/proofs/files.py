"""Made-up files for proofs and measurements, in the layout of ChargePlace Scotland's Dundee export.

They look like a network's month: each connector takes one car after the other, seven of ten drivers come
with a card and come again, energy fits time and power. What is wrong with some rows is there in stated shares.
"""

import csv
import heapq
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

HEADER = [
    "Charging event", "User ID", "CP ID", "Connector", "Start Date", "Start Time", "End Date", "End Time", "Total kWh", "Cost",
    "Site", "Group", "Model",
]  # fmt: skip
SESSIONS_PER_CONNECTOR, SESSIONS_PER_CARD = 500, 20
# kW, and how often a connector is of that kind.
POWERS = (7, 7, 22, 50)

Doing = tuple[datetime, int, datetime, float]


def connectors_of(rows: int) -> int:
    """How many connectors a file of so many rows is about."""
    return max(40, rows // SESSIONS_PER_CONNECTOR)


def _of_connector(number: int, *, first: datetime, seed: int, doubtful_share: float, gap_min: int) -> Iterator[Doing]:
    """What one connector does, in time order: start, connector, end, kWh. One car after the other.

    Of the doubtful ones each fifth overlaps the one before, draws more than any connector can give, hardly any energy,
    breaks off within two minutes, or stays for more than a day.
    """
    rng = random.Random(f"{seed}:{number}")
    power = POWERS[number % len(POWERS)]
    free = first + timedelta(minutes=rng.randrange(0, 2 * gap_min))
    while True:
        start = free + timedelta(minutes=rng.randrange(3, 2 * gap_min))
        minutes = rng.randrange(8, 90 if power > 22 else 420)
        # Up to 95 % of what it can give, for part of the time it is connected.
        energy = power * rng.uniform(0.3, 0.95) * minutes * rng.uniform(0.5, 0.98) / 60
        wrong = int(rng.random() / (doubtful_share / 5)) if doubtful_share else 5
        if wrong == 0:
            start, minutes = free - timedelta(minutes=6), max(minutes, 12)
        elif wrong == 1:
            minutes, energy = 3, rng.uniform(30, 300)
        elif wrong == 2:
            energy = rng.uniform(0, 0.09)
        elif wrong == 3:
            minutes, energy = 1, rng.uniform(0.1, 0.5)
        elif wrong == 4:
            minutes += 24 * 60
        free = start + timedelta(minutes=minutes)
        yield start, number, free, energy


def write_file(
    path: Path,
    *,
    rows: int,
    seed: int = 7,
    bad_share: float = 0.02,
    doubtful_share: float = 0.015,
    connectors: int = 0,
    first: datetime = datetime(2025, 1, 1),  # noqa: DTZ001  local time without a zone, as the layout has it
    gap_min: int = 12 * 60,
) -> None:
    """``rows`` sessions by start, and what a file has beside: ``bad_share`` can't be taken (half without an end, half with
    negative energy), half as many are exact repeats of the row before. ``doubtful_share`` are for the gate to hold. A
    connector is free for ``gap_min`` between two cars, more or less."""
    rng = random.Random(seed)
    number, cards = connectors or connectors_of(rows), max(50, rows // SESSIONS_PER_CARD)
    ways = [_of_connector(n, first=first, seed=seed, doubtful_share=doubtful_share, gap_min=gap_min) for n in range(number)]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        last: list[str] = []
        for n, (start, connector, end, energy) in enumerate(islice(heapq.merge(*ways), rows)):
            cp, power = connector // 2, POWERS[connector % len(POWERS)]
            row = [
                str(seed * 100_000_000 + n), "" if rng.random() < 0.3 else str(600_000 + rng.randrange(cards)), str(50_000 + cp),
                str(1 + connector % 2), f"{start:%d/%m/%Y}", f"{start:%H:%M}", f"{end:%d/%m/%Y}", f"{end:%H:%M}",
                f"{energy:.3f}", "0", f"Car Park {cp // 3}, Nowhere", "Nowhere Council", f"APT {power}kW Dual Outlet",
            ]  # fmt: skip
            what = rng.random()
            if what < bad_share / 2:
                row[6] = row[7] = ""
            elif what < bad_share:
                row[8] = f"-{row[8]}"
            elif what < bad_share * 1.5 and last:
                row = last
            writer.writerow(row)
            last = row
