"""Prices the four-period time-of-day case with its explanation, again and again; prints sessions per second as JSON.

Three energy prices by time of day, idle time by day, step 60, tax inside: the TOU case of the goals. The yardstick runs
in the same process, before and after.
"""

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.yardstick import sessions_per_second
from billing.pricing import TAXED, Anchor, ChargingPeriod, Tax, Usage, price, tariff_from_elements

COUNT = 30_000
ROUNDS = 3
ELEMENTS = [
    {
        "price_components": [{"type": "ENERGY", "price": "0.29", "step_size": 1}],
        "restrictions": {"start_time": "22:00", "end_time": "06:00"},
    },
    {
        "price_components": [
            {"type": "ENERGY", "price": "0.49", "step_size": 1},
            {"type": "PARKING_TIME", "price": "6", "step_size": 60},
        ],
        "restrictions": {"start_time": "08:00", "end_time": "20:00"},
    },
    {"price_components": [{"type": "ENERGY", "price": "0.39", "step_size": 1}]},
]
START = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)  # 05:30 in Berlin


def usage(n: int) -> Usage:
    """05:30 to 06:00, to 08:00, to 09:00 charging, then idle: two changes of price and the end of charging."""
    cuts = [START + timedelta(minutes=minutes) for minutes in (0, 30, 150, 210, 270)]
    energies = (Decimal(5000 + n % 1000).scaleb(-3), Decimal("20.5"), Decimal("7.25"), Decimal(0))
    periods = [
        ChargingPeriod(start, end, energy, charging_s=int((end - start).total_seconds()) if energy else 0)
        for start, end, energy in zip(cuts, cuts[1:], energies, strict=False)
    ]
    periods[-1] = ChargingPeriod(cuts[3], cuts[4], parking_s=3500 + n % 100)
    return Usage(tuple(periods), "Europe/Berlin")


def main() -> None:
    tariff = tariff_from_elements(name="Time of day", version=1, currency="EUR", tax_included=True, elements=ELEMENTS)
    taxes = dict.fromkeys(TAXED, Tax(Decimal(19), "DE19"))
    usages = [usage(n) for n in range(COUNT)]
    yardsticks = [sessions_per_second()]
    rates = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for one in usages:
            result = price(one, tariff, taxes=taxes, anchor=Anchor.GROSS)
        rates.append(COUNT / (time.perf_counter() - began))
        assert len(result.lines) == 4
    yardsticks.append(sessions_per_second())
    print(json.dumps({"reference": sorted(rates)[1], "yardstick": max(yardsticks)}))


if __name__ == "__main__":
    main()
