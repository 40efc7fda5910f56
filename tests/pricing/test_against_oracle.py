"""Random OCPI tariffs and CDRs, priced by the engine and by a second pricer that shares no code with it."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from billing.pricing.report import price_documents
from tests.pricing.documents import cdr, component, element, tariff
from tests.pricing.oracle import DAYS, exact_total, half_up

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
NEAR = Fraction(1, 10**30)


def random_tariff(rng: random.Random) -> dict[str, Any]:
    elements = []
    for _ in range(rng.randrange(1, 6)):
        rules: dict[str, Any] = {}
        if rng.random() < 0.4:
            named = [name for name in ("start_time", "end_time") if rng.random() < 0.8]
            rules |= {name: f"{rng.randrange(24):02}:{rng.choice(['00', '30'])}" for name in named}
        if rng.random() < 0.3:
            rules["day_of_week"] = rng.sample(DAYS, rng.randrange(1, 6))
        if rng.random() < 0.2:
            rules["start_date"] = f"2026-{rng.choice(['03-28', '03-29', '10-25'])}"
        if rng.random() < 0.2:
            rules["end_date"] = f"2026-{rng.choice(['03-29', '03-30', '10-26'])}"
        for name, top in (("kwh", 60), ("duration", 30_000), ("power", 100), ("current", 60)):
            if rng.random() < 0.15:
                rules[f"min_{name}"] = rng.randrange(top)
            if rng.random() < 0.15:
                rules[f"max_{name}"] = rng.randrange(top)
        kinds = ["FLAT", "ENERGY", "TIME", "PARKING_TIME"]
        if rng.random() < 0.2:
            rules["reservation"] = rng.choice(["RESERVATION", "RESERVATION_EXPIRES"])
            kinds = ["FLAT", "TIME"]
        parts = [
            component(
                rng.choice(kinds),
                Decimal(rng.randrange(0, 90_000)).scaleb(-4),
                rng.choice([0, 1, 1, 60, 300, 900, 1000, 7]),
                rng.choice([None, 0, 7, 19, Decimal("8.1")]),
            )
            for _ in range(rng.randrange(1, 5))
        ]
        elements.append(element(*parts, **rules))
    found = tariff(*elements)
    for name, low, high in (("min_price", 0, 10), ("max_price", 10, 60)):
        if rng.random() < 0.25:
            net = Decimal(rng.randrange(low * 100, high * 100)).scaleb(-2)
            found[name] = {"excl_vat": net, **({"incl_vat": net * Decimal("1.2")} if rng.random() < 0.5 else {})}
    return found


def random_cdr(rng: random.Random) -> dict[str, Any]:
    day = rng.choice([datetime(2026, 3, 28, 20), datetime(2026, 10, 24, 20), datetime(2026, 6, 1)])  # noqa: DTZ001
    start = day.replace(tzinfo=UTC) + timedelta(minutes=rng.randrange(0, 2000))
    found = []
    for n in range(rng.randrange(1, 6)):
        minutes = rng.randrange(0, 400)
        hours = (Decimal(minutes) / 60 + Decimal(rng.choice([0, 0, 0, 1])) / 7).quantize(Decimal("0.0001"))
        kind = "RESERVATION_TIME" if n == 0 and rng.random() < 0.3 else rng.choice(["TIME", "PARKING_TIME"])
        volumes: dict[str, Any] = {kind: hours}
        if kind == "TIME" or rng.random() < 0.2:
            volumes["ENERGY"] = Decimal(rng.randrange(0, 400_000)).scaleb(-4)
        for name in ("MIN_POWER", "MAX_POWER", "MIN_CURRENT", "MAX_CURRENT"):
            if rng.random() < 0.3:
                volumes[name] = rng.randrange(0, 90)
        found.append((minutes, volumes))
    return cdr(*found, start=start)


@pytest.mark.slow
def test_random_tariffs_and_cdrs_cost_what_a_second_pricer_says(full_size: bool) -> None:
    rng = random.Random(20261127)
    priced = 0
    for n in range(50_000 if full_size else 3_000):
        prices, session = random_tariff(rng), random_cdr(rng)
        zone, expired = rng.choice(ZONES), rng.random() < 0.2
        net, gross = exact_total(prices, session, zone, expired=expired)
        result = price_documents(prices, session, time_zone=zone, reservation_expired=expired)
        case = (n, zone, expired, prices, session, result)
        assert abs(Fraction(result["exact"]["excl_vat"]) - net) < NEAR, case
        assert abs(Fraction(result["exact"]["incl_vat"]) - gross) < NEAR, case
        assert Fraction(result["total_cost"]["excl_vat"]) == half_up(net, 2), case
        assert Fraction(result["total_cost"]["incl_vat"]) == half_up(gross, 2), case
        priced += net > 0
    # Most of them cost something, so agreeing means something.
    assert priced > n / 2
