"""A quick look at a session that nothing else is held against: whether any check could fail at all.

A million sessions pass here; a snapshot is made of the few that do not. A property test keeps it true that whatever
fails is suspicious.
"""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from billing.checks.model import Thresholds


@lru_cache(maxsize=20_000)
def near_change(zone: str, day: date) -> bool:
    """Whether the clock of a zone changes within a day of this one."""
    noon = datetime.combine(day, time(12), UTC)
    return len({(noon + timedelta(hours=hours)).astimezone(ZoneInfo(zone)).utcoffset() for hours in (-36, 0, 36)}) > 1


def suspicious(
    *,
    start: datetime,
    end: datetime,
    duration_s: int,
    energy_kwh: Decimal,
    time_zone: str,
    rated_kw: Decimal | None,
    meter_start_kwh: Decimal | None,
    meter_stop_kwh: Decimal | None,
    total: Decimal,
    start_fee: Decimal,
    stop_reason: str,
    zone_stated: bool | None,
    thresholds: Thresholds,
) -> bool:
    """False: no check can fail without readings and without another session beside it. ``total`` and fee as priced."""
    if energy_kwh < thresholds.small_kwh or duration_s > thresholds.connected_s or end < start:
        return True
    if meter_start_kwh is not None or meter_stop_kwh is not None:
        if meter_start_kwh is None or meter_stop_kwh is None:
            return True
        if abs(meter_stop_kwh - meter_start_kwh - energy_kwh) > thresholds.meter_kwh or meter_stop_kwh < meter_start_kwh:
            return True
    if rated_kw is not None:
        if energy_kwh * 3600 > rated_kw * duration_s * thresholds.power_factor:
            return True
    elif energy_kwh > thresholds.unrated_kwh or energy_kwh * 3600 > thresholds.unrated_kw * duration_s:
        return True
    if start_fee and (duration_s < thresholds.short_s or stop_reason):
        return True
    if energy_kwh <= 0 and total > 0:
        return True
    return zone_stated is False and (near_change(time_zone, start.date()) or near_change(time_zone, end.date()))
