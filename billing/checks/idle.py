"""Idle fees: whether the driver could leave at all, and whether what the tariff grants was granted."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from billing.checks.model import (
    STATUSES,
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
from billing.checks.parts import cost_of
from billing.checks.prices import expected
from billing.checks.record import Pricing, Status
from billing.checks.words import money, span
from billing.pricing import ChargingPeriod, Spanning
from chargebill.core.money import UNITS, minor_digits

Interval = tuple[datetime, datetime]
# OCPP's and OCPI's states in which a connector serves nobody, as they are compared.
OUT_OF_ORDER = {"faulted", "unavailable", "inoperative", "outoforder", "blocked", "locked", "removed"}


def is_out_of_order(status: Status) -> bool:
    """Whether nobody can be expected to unplug: faulted, out of service, or the plug locked in."""
    plain_status = "".join(sign for sign in status.status.casefold() if sign.isalnum())
    return plain_status in OUT_OF_ORDER or "lock" in status.error_code.casefold()


def _broken(snapshot: Snapshot) -> list[Interval]:
    """When the connector was out of order while the session lasted: each state lasts until the next is told."""
    statuses = sorted(snapshot.record.statuses, key=lambda status: status.at)
    ends = [status.at for status in statuses[1:]] + [snapshot.end]
    told = zip(statuses, ends, strict=True)
    found = [(max(s.at, snapshot.start), min(end, snapshot.end)) for s, end in told if is_out_of_order(s)]
    return [(start, end) for start, end in found if end > start]


def _seconds(span_: timedelta) -> Decimal:
    return Decimal(span_ // timedelta(microseconds=1)) / 1_000_000


def _within(period: ChargingPeriod, broken: list[Interval]) -> Decimal:
    """The seconds of a period in which the connector was out of order."""
    parts = (_seconds(min(end, period.end) - max(start, period.start)) for start, end in broken)
    return sum((part for part in parts if part > 0), ZERO)


def _less(seconds: Decimal | int, share: Decimal) -> Decimal | int:
    """A share of a quantity in seconds, whole where it is whole: what is left must read as it was."""
    left = Decimal(seconds) * share
    return int(left) if left == left.to_integral_value() else left


def _pieces(period: ChargingPeriod, broken: list[Interval]) -> list[ChargingPeriod]:
    """A period cut where the connector broke or worked again; no idle time in what was broken. Quantities by time."""
    cuts = {moment for interval in broken for moment in interval if period.start < moment < period.end}
    edges = [period.start, *sorted(cuts), period.end]
    whole = _seconds(period.end - period.start)
    found, left = [], period.energy_kwh
    for start, end in pairwise(edges):
        share = _seconds(end - start) / whole
        energy = left if end == period.end else period.energy_kwh * share
        left -= energy
        idle = ZERO if any(s <= start and end <= e for s, e in broken) else _less(period.parking_s, share)
        found.append(
            replace(period, start=start, end=end, energy_kwh=energy, charging_s=_less(period.charging_s, share), parking_s=idle)
        )
    return found


def unbroken(pricing: Pricing, broken: list[Interval]) -> Pricing:
    """The price without idle time in which the connector was out of order."""
    periods: list[ChargingPeriod] = []
    for period in pricing.usage.periods:
        whole = _seconds(period.end - period.start)
        if not period.parking_s or not whole or not _within(period, broken):
            periods.append(period)
        elif pricing.spanning is Spanning.SPLIT:
            periods += _pieces(period, broken)
        else:
            # Its price is that of one moment, or the lowest: to cut it would change more than the idle time.
            periods.append(replace(period, parking_s=_less(period.parking_s, 1 - _within(period, broken) / whole)))
    return pricing.used(pricing.usage.with_periods(tuple(periods)))


def out_of_order(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    pricing = snapshot.record.pricing
    if pricing is None or snapshot.prices is None:
        return check.no_data(TARIFFS)
    if not snapshot.part(Part.PARKING_TIME):
        return check.passed()
    if not any(status.at <= snapshot.end for status in snapshot.record.statuses):
        return check.no_data(STATUSES)
    broken = _broken(snapshot)
    idle = [period for period in pricing.usage.periods if period.parking_s]
    seconds = int(sum((_within(period, broken) for period in idle), ZERO))
    if not seconds:
        return check.passed(broken_s="0")
    saved = max(snapshot.total - unbroken(pricing, broken).cost(), ZERO)
    said = next(s.status for s in sorted(snapshot.record.statuses, key=lambda s: s.at, reverse=True) if is_out_of_order(s))
    return check.found(
        {"broken_s": str(seconds), "status": said},
        f"the connector was out of order ({said}) for {span(seconds)} that were charged as idle time",
        Remedy(Way.REPRICE, saved) if saved else Remedy(Way.RELEASE, ZERO),
    )


def grace_ignored(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    """Free minutes and the cap on idle time. Whether a notice was sent before the fee began is on record nowhere."""
    pricing = expected(snapshot)
    if pricing is None or snapshot.prices is None:
        return check.no_data(TARIFFS)
    asked = snapshot.part(Part.PARKING_TIME)
    tariff = pricing.tariff
    if not asked or (not tariff.grace_s and tariff.parking_cap is None):
        return check.passed()
    due = cost_of(pricing.result(), Part.PARKING_TIME)
    figures = {"idle_fee": str(asked), "due": str(due), "grace_s": str(tariff.grace_s), "cap": str(tariff.parking_cap or "")}
    over = asked - due
    if over < UNITS[minor_digits(snapshot.currency)]:
        return check.passed(**figures)
    grants = [f"the first {span(tariff.grace_s)} free"] if tariff.grace_s else []
    if tariff.parking_cap is not None:
        grants.append(f"at most {money(tariff.parking_cap, snapshot.currency)}")
    return check.found(
        figures,
        f"{money(asked, snapshot.currency)} is charged for idle time, {money(due, snapshot.currency)} is due"
        f" ({' and '.join(grants)} by “{tariff.name} v{tariff.version}”)",
        Remedy(Way.REPRICE, over),
    )


CHECKS = (
    Check("D18", 1, "An idle fee while the connector was out of order", out_of_order),
    Check("D19", 1, "Free minutes or the cap on idle time ignored", grace_ignored),
)
