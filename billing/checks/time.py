"""Clocks, and how long a car stood there."""

from datetime import datetime
from zoneinfo import ZoneInfo

from billing.checks.model import METER_VALUES, ZERO, Check, Finding, Part, Remedy, Snapshot, Thresholds, Way
from billing.checks.words import span

SESSIONS_WITH_ZONE = "sessions with time zone"


def drift(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    customer = "The clocks of our systems disagree about this charge. We look at it before we bill it."
    if snapshot.end < snapshot.start:
        seconds = -snapshot.duration_s
        return check.failed(
            {"before_s": str(seconds)}, f"it ends {span(seconds)} before it starts", customer, Remedy(Way.DROP, snapshot.total)
        )
    if not snapshot.readings:
        return check.no_data(METER_VALUES)
    early = int((snapshot.start - snapshot.readings[0].at).total_seconds())
    late = int((snapshot.readings[-1].at - snapshot.end).total_seconds())
    worst = max(early, late)
    if worst <= thresholds.clock_drift_s:
        return check.passed(drift_s=str(max(worst, 0)))
    side = "before it starts" if early >= late else "after it ends"
    return check.failed(
        {"drift_s": str(worst)},
        f"the meter has a reading {span(worst)} {side}: the clocks disagree",
        customer,
        Remedy(Way.RELEASE, ZERO),
    )


def _unsure(moment: datetime, zone: ZoneInfo) -> bool:
    """Whether the clock shows this time twice."""
    local = moment.astimezone(zone)
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def changed_clock(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    if snapshot.zone_stated is None:
        return check.no_data(SESSIONS_WITH_ZONE)
    if snapshot.zone_stated:
        return check.passed()
    zone = ZoneInfo(snapshot.time_zone)
    start, end = snapshot.start.astimezone(zone), snapshot.end.astimezone(zone)
    by_clock = int((end.replace(tzinfo=None) - start.replace(tzinfo=None)).total_seconds())
    figures = {"duration_s": str(snapshot.duration_s), "by_clock_s": str(by_clock)}
    customer = "The clocks changed during this charge. We look at its times before we bill it."
    idle = snapshot.part(Part.TIME) + snapshot.part(Part.PARKING_TIME) if snapshot.prices is not None else ZERO
    remedy = Remedy(Way.WAIVE, idle, Part.TIME) if idle else Remedy(Way.RELEASE, ZERO)
    if by_clock != snapshot.duration_s:
        said = f"the clocks changed while it lasted: {span(by_clock)} by the clock, {span(snapshot.duration_s)} in fact"
        return check.failed(figures, said, customer, remedy)
    if _unsure(snapshot.start, zone) or _unsure(snapshot.end, zone):
        said = "it begins or ends in the hour the clock shows twice, and the file does not say which one"
        return check.failed(figures, said, customer, remedy)
    return check.passed(**figures)


def long(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    if snapshot.duration_s <= thresholds.connected_s:
        return check.passed(duration_s=str(snapshot.duration_s))
    idle = snapshot.prices is not None and bool(snapshot.part(Part.PARKING_TIME))
    part = Part.PARKING_TIME if idle else Part.TIME
    amount = snapshot.part(part) if snapshot.prices is not None else ZERO
    return check.failed(
        {"duration_s": str(snapshot.duration_s)},
        f"the car was connected for {span(snapshot.duration_s)}",
        "Our records show a very long connection. We look at it before we bill it.",
        Remedy(Way.WAIVE, amount, part) if amount else Remedy(Way.RELEASE, ZERO),
    )


CHECKS = (
    Check("D11", 1, "The clocks disagree", drift),
    Check("D12", 1, "The clocks changed while it lasted", changed_clock),
    Check("D31", 1, "Connected for more than a day", long),
)
