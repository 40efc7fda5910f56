"""The yardstick of pricing speed: a price as plain as can be, Decimal energy x price in a loop. Frozen: never made faster.

python bench/yardstick.py      prints sessions per second
"""

import time
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def sessions_per_second(count: int = 200_000) -> float:
    price = Decimal("0.49")
    energies = [Decimal(1000 + n % 70_000).scaleb(-3) for n in range(count)]
    began = time.perf_counter()
    total = Decimal(0)
    for energy in energies:
        total += (energy * price).quantize(CENT, ROUND_HALF_UP)
    return count / (time.perf_counter() - began)


if __name__ == "__main__":
    print(round(sessions_per_second()))
