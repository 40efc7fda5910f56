"""What the meter says, and what the connector can give."""

from decimal import Decimal
from itertools import pairwise
from statistics import median

from billing.checks.model import (
    CONNECTORS,
    METER_VALUES,
    SESSIONS_WITH_METER,
    ZERO,
    Check,
    Finding,
    Part,
    Remedy,
    Snapshot,
    Thresholds,
    Way,
)
from billing.checks.words import plain, span
from chargebill.core.money import round_money

HOUR = Decimal(3600)
ENERGY_DOUBTED = "The energy we recorded can't be right for this charge. We look at it before we bill it."


def register(snapshot: Snapshot) -> Decimal | None:
    """Energy by the meter: stop less start; None where one of them is missing."""
    if snapshot.meter_start_kwh is None or snapshot.meter_stop_kwh is None:
        return None
    return snapshot.meter_stop_kwh - snapshot.meter_start_kwh


def metered(snapshot: Snapshot) -> Decimal | None:
    """Energy between the first and the last reading; None with less than two."""
    return snapshot.readings[-1].kwh - snapshot.readings[0].kwh if len(snapshot.readings) > 1 else None


def without_energy(snapshot: Snapshot) -> Remedy:
    """Another reading where there is one that can be right, else nothing for the energy."""
    cost = snapshot.part(Part.ENERGY)
    for energy in (register(snapshot), metered(snapshot)):
        if energy is not None and ZERO <= energy < snapshot.energy_kwh:
            saved = round_money(cost * (1 - energy / snapshot.energy_kwh), snapshot.currency)
            return Remedy(Way.READING, saved, energy_kwh=energy)
    return Remedy(Way.DROP, cost) if snapshot.prices is None else Remedy(Way.WAIVE, cost, Part.ENERGY)


def backwards(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    falls = [before.kwh - after.kwh for before, after in pairwise(snapshot.readings)]
    by_register = register(snapshot)
    if by_register is not None:
        falls.append(-by_register)
    if not falls:
        return check.no_data(SESSIONS_WITH_METER)
    worst = max(falls)
    if worst <= thresholds.backwards_kwh:
        return check.passed()
    return check.failed(
        {"fell_kwh": str(worst)},
        f"the meter runs backwards by {plain(worst)} kWh",
        "The meter's readings contradict each other. We look at it before we bill it.",
        without_energy(snapshot),
    )


def differs(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    by_meter = register(snapshot)
    if by_meter is None:
        by_meter = metered(snapshot)
    if by_meter is None:
        return check.no_data(SESSIONS_WITH_METER)
    apart = abs(snapshot.energy_kwh - by_meter)
    if apart <= max(thresholds.meter_kwh, abs(by_meter) * thresholds.meter_percent / 100):
        return check.passed(apart_kwh=str(apart))
    return check.failed(
        {"billed_kwh": str(snapshot.energy_kwh), "meter_kwh": str(by_meter), "apart_kwh": str(apart)},
        f"{plain(snapshot.energy_kwh)} kWh would be billed, but the meter counted {plain(by_meter)} kWh",
        "The energy on the bill is not what the meter counted. We look at it before we bill it.",
        without_energy(snapshot),
    )


def too_much(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    energy, seconds = snapshot.energy_kwh, snapshot.duration_s
    figures = {"energy_kwh": str(energy), "duration_s": str(seconds)}
    power = energy * HOUR / seconds if seconds > 0 else None
    lasted = f"{plain(energy)} kWh in {span(seconds)}"
    if snapshot.rated_kw is not None:
        figures["rated_kw"] = str(snapshot.rated_kw)
        if energy * HOUR <= snapshot.rated_kw * max(seconds, 0) * thresholds.power_factor:
            return check.passed(**figures)
        connector = f"on a {plain(snapshot.rated_kw, 2)} kW connector"
        shows = f"{plain(power, 0)} kW {connector}" if power is not None else f"{plain(energy)} kWh in no time {connector}"
        said = f"the meter shows {shows} ({lasted})" if power is not None else f"the meter shows {shows}"
    elif energy * HOUR > thresholds.unrated_kw * max(seconds, 0):
        said = f"the meter shows {plain(power, 0)} kW on average ({lasted})" if power is not None else f"{lasted}"
    elif energy > thresholds.unrated_kwh:
        said = f"{lasted} is more than a car's battery holds"
    else:
        return check.passed(**figures)
    return check.failed(figures, said, ENERGY_DOUBTED, without_energy(snapshot))


def steep(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    if len(snapshot.readings) < 2:
        return check.no_data(METER_VALUES)
    if snapshot.rated_kw is None:
        return check.no_data(CONNECTORS)
    for before, after in pairwise(snapshot.readings):
        seconds = int((after.at - before.at).total_seconds())
        step = after.kwh - before.kwh
        if step * HOUR > snapshot.rated_kw * seconds * thresholds.step_factor:
            return check.failed(
                {"step_kwh": str(step), "step_s": str(seconds), "rated_kw": str(snapshot.rated_kw)},
                f"the meter jumps by {plain(step)} kWh within {span(seconds)} on a {plain(snapshot.rated_kw, 2)} kW connector",
                ENERGY_DOUBTED,
                without_energy(snapshot),
            )
    return check.passed()


def incomplete(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    customer = "Readings of the meter are missing. We look at it before we bill it."
    if (snapshot.meter_start_kwh is None) != (snapshot.meter_stop_kwh is None):
        side = "start" if snapshot.meter_start_kwh is None else "stop"
        return check.failed({"missing": side}, f"the meter reading at the {side} is missing", customer, without_energy(snapshot))
    if len(snapshot.readings) < 2:
        return check.no_data(METER_VALUES)
    gaps = [int((after.at - before.at).total_seconds()) for before, after in pairwise(snapshot.readings)]
    usual = median(gaps)
    allowed = float(thresholds.gap_factor) * usual
    ends = (
        int((snapshot.readings[0].at - snapshot.start).total_seconds()),
        int((snapshot.end - snapshot.readings[-1].at).total_seconds()),
    )
    longest = max(*gaps, *ends)
    if longest <= allowed:
        return check.passed(gap_s=str(longest))
    return check.failed(
        {"gap_s": str(longest), "interval_s": str(int(usual))},
        f"no reading for {span(longest)}, where one comes every {span(int(usual))}",
        customer,
        without_energy(snapshot),
    )


CHECKS = (
    Check("D5", 1, "The meter runs backwards", backwards),
    Check("D6", 1, "Another energy than the meter's", differs),
    Check("D7", 1, "More energy than the connector can give", too_much),
    Check("D8", 1, "The meter jumps", steep),
    Check("D9", 1, "Readings are missing", incomplete),
)
