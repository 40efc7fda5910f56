"""Idle time and fees for hardly any charging."""

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

from billing.checks.model import (
    METER_VALUES,
    SESSIONS_WITH_CHARGING_TIME,
    SESSIONS_WITH_STOP_REASON,
    TARIFFS,
    ZERO,
    Check,
    Finding,
    Part,
    Remedy,
    Snapshot,
    Thresholds,
    Way,
)
from billing.checks.words import money, plain, span

HOUR = Decimal(3600)
# OCPP's reasons that are no wish of the driver's, as they are compared.
ERROR_STOPS = {
    "emergencystop",
    "groundfault",
    "hardreset",
    "immediatereset",
    "overcurrentfault",
    "powerloss",
    "powerquality",
    "reboot",
    "softreset",
}


def is_error(stop_reason: str) -> bool:
    """Whether a session stopped because something went wrong."""
    plain_reason = "".join(sign for sign in stop_reason.casefold() if sign.isalnum())
    return plain_reason in ERROR_STOPS or any(word in plain_reason for word in ("error", "fault", "failure"))


def flowing_idle(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    if snapshot.charging_s is None:
        return check.no_data(SESSIONS_WITH_CHARGING_TIME)
    if snapshot.charging_s >= snapshot.duration_s:
        return check.passed()
    if len(snapshot.readings) < 2:
        return check.no_data(METER_VALUES)
    idle_from = snapshot.start + timedelta(seconds=snapshot.charging_s)
    idle = [
        (after.kwh - before.kwh) * HOUR / Decimal(str((after.at - before.at).total_seconds()))
        for before, after in pairwise(snapshot.readings)
        if before.at >= idle_from and after.at > before.at
    ]
    if not idle:
        return check.no_data(METER_VALUES)
    power = max(idle)
    if power <= thresholds.idle_kw:
        return check.passed(idle_kw=str(power))
    amount = snapshot.part(Part.PARKING_TIME) if snapshot.prices is not None else ZERO
    return check.failed(
        {"idle_kw": plain(power)},
        f"{plain(power)} kW flowed in minutes that count as idle",
        "Your car was still charging in minutes we counted as idle. We look at it before we bill it.",
        Remedy(Way.WAIVE, amount, Part.PARKING_TIME) if amount else Remedy(Way.RELEASE, ZERO),
    )


def costly(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    if snapshot.energy_kwh >= thresholds.small_kwh:
        return check.passed()
    if snapshot.prices is None:
        return check.no_data(TARIFFS)
    over = snapshot.total - snapshot.announced_fee
    figures = {"energy_kwh": str(snapshot.energy_kwh), "total": str(snapshot.total), "fee": str(snapshot.announced_fee)}
    if over <= ZERO:
        return check.passed(**figures)
    part = max((Part.PARKING_TIME, Part.TIME, Part.ENERGY), key=snapshot.part)
    beyond = f", more than the start fee of {money(snapshot.announced_fee, snapshot.currency)}" if snapshot.announced_fee else ""
    return check.failed(
        figures,
        f"{money(snapshot.total, snapshot.currency)} for {plain(snapshot.energy_kwh)} kWh{beyond}",
        "Hardly any energy flowed, yet there is a price. We look at it before we bill it.",
        Remedy(Way.WAIVE, min(over, snapshot.part(part)), part),
    )


def short(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    if snapshot.prices is None:
        return check.no_data(TARIFFS)
    fee = snapshot.part(Part.FLAT)
    if not fee:
        return check.passed()
    figures = {"duration_s": str(snapshot.duration_s), "fee": str(fee), "stop_reason": snapshot.stop_reason}
    cost = f"yet the start fee of {money(fee, snapshot.currency)} is charged"
    if snapshot.duration_s < thresholds.short_s:
        said = f"it lasted {span(snapshot.duration_s)} only, {cost}"
    elif is_error(snapshot.stop_reason):
        said = f"it stopped with an error ({snapshot.stop_reason}), {cost}"
    elif not snapshot.stop_reason:
        return check.no_data(SESSIONS_WITH_STOP_REASON)
    else:
        return check.passed(**figures)
    customer = "This charge broke off or was very short. We look at its start fee before we bill it."
    return check.failed(figures, said, customer, Remedy(Way.WAIVE, fee, Part.FLAT))


def nothing(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    if snapshot.energy_kwh > ZERO or snapshot.total <= ZERO or snapshot.announced_fee > ZERO:
        return check.passed()
    return check.failed(
        {"total": str(snapshot.total)},
        f"no energy flowed and no start fee was announced, yet it costs {money(snapshot.total, snapshot.currency)}",
        "No energy flowed. We look at it before we bill it.",
        Remedy(Way.DROP, snapshot.total),
    )


CHECKS = (
    Check("D20", 1, "Energy flowed in idle minutes", flowing_idle),
    Check("D21", 1, "Hardly any energy, yet more than the start fee", costly),
    Check("D22", 1, "A start fee for a charge that failed or was very short", short),
    Check("ZERO", 1, "No energy and no fee announced", nothing),
)
