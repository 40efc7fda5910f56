"""Reads the charging periods of an OCPI CDR."""

from datetime import datetime
from decimal import Decimal

from stations.ingest import json_values, values
from stations.ingest.clock import Clock, split_moment
from stations.ingest.json_values import Object
from stations.ingest.rows import PeriodRow, RowRefused
from stations.ingest.sessions import within

_HOUR = 3600
# OCPI dimension: our field, factor, digits of its column.
_DIMENSIONS = {
    "ENERGY": ("energy_kwh", 1, 14),
    "TIME": ("charging_s", _HOUR, 14),
    "PARKING_TIME": ("parking_s", _HOUR, 14),
    "RESERVATION_TIME": ("reserved_s", _HOUR, 14),
    "MIN_POWER": ("min_power_kw", 1, 9),
    "MAX_POWER": ("max_power_kw", 1, 9),
    "MIN_CURRENT": ("min_current_a", 1, 9),
    "MAX_CURRENT": ("max_current_a", 1, 9),
}


def periods(cdr: Object, clock: Clock) -> tuple[PeriodRow, ...]:
    written = cdr.get("charging_periods")
    if written is not None and (
        not isinstance(written, list) or len(json_values.objects(cdr, "charging_periods")) != len(written)
    ):
        raise RowRefused("period_unreadable", "The charging periods are no list of objects.", "charging_periods")
    return tuple(_period(period, clock) for period in json_values.objects(cdr, "charging_periods"))


def _period(period: Object, clock: Clock) -> PeriodRow:
    field = "charging_periods"
    started_at = moment(json_values.text(period, "start_date_time"), clock, "period_unreadable", "start of a period", field)
    measured: dict[str, Decimal] = {}
    for dimension in json_values.objects(period, "dimensions"):
        kind = json_values.text(dimension, "type").upper()
        if kind not in _DIMENSIONS:
            continue
        name, factor, digits = _DIMENSIONS[kind]
        volume = json_values.number(dimension.get("volume"))
        try:
            if volume is None:
                raise ValueError("It is not a number.")
            # First the bounds: arithmetic with absurd numbers could overflow.
            amount = values.decimal_places(values.bounded(volume) * factor + measured.get(name, 0), digits=digits)
        except ValueError as problem:
            raise RowRefused("period_unreadable", f"The {kind} of a period can't be read. {problem}", field) from None
        measured[name] = amount
    tariff = values.identifier(json_values.text(period, "tariff_id"), 36, "tariff id", field)
    return PeriodRow(started_at=started_at, tariff_id=tariff, **measured)


def charging_s(cdr: Object, periods: tuple[PeriodRow, ...], started_at: datetime, ended_at: datetime) -> int | None:
    """The periods' charging time, else total time without parking; None where neither is there or it can't be."""
    measured = [period.charging_s for period in periods if period.charging_s is not None]
    if measured:
        charged = sum(measured, Decimal(0))
    else:
        total, parked = json_values.number(cdr.get("total_time")), json_values.number(cdr.get("total_parking_time"))
        try:
            if total is None or parked is None:
                return None
            charged = (values.bounded(total) - values.bounded(parked)) * _HOUR
        except ValueError:
            return None
    return within(int(charged), started_at, ended_at) if charged >= 0 else None


def moment(written: str, clock: Clock, code: str, what: str, field: str) -> datetime:
    try:
        return clock.moment(*split_moment(written)).utc
    except (ValueError, OverflowError) as problem:
        reason = f" {problem}" if isinstance(problem, ValueError) else ""
        raise RowRefused(code, f"The {what} can't be read.{reason}", field) from None
