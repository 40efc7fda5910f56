"""Reads an OCPI CDR (2.1.1, 2.2.1, 2.3.0) into the quantities the engine prices. Nothing is guessed; what looks odd is noted."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from billing.pricing.documents import Reader
from billing.pricing.model import CdrError, ChargingPeriod, Usage

_PRICED = ("ENERGY", "TIME", "PARKING_TIME", "RESERVATION_TIME")
_MEASURED = {
    "MIN_POWER": "min_power_kw",
    "MAX_POWER": "max_power_kw",
    "MIN_CURRENT": "min_current_a",
    "MAX_CURRENT": "max_current_a",
}
# OCPI's other dimensions: they tell about the session and cost nothing. FLAT is 2.1.1's.
_IGNORED = ("CURRENT", "POWER", "ENERGY_EXPORT", "ENERGY_IMPORT", "STATE_OF_CHARGE", "FLAT")
_TIMES = {"TIME": "charging_s", "PARKING_TIME": "parking_s", "RESERVATION_TIME": "reserved_s"}
_HOUR_S = Decimal(3600)
_NOT_APPLICABLE = "#NA"
MOST_PERIODS = 100_000


@dataclass(frozen=True, slots=True)
class Cdr:
    """What a CDR says that a price depends on. ``version`` is the one given, or recognized; "" where it can't be.

    ``notes`` are codes of what was odd (docs/pricing.md). ``currency`` may be "".
    """

    usage: Usage
    start: datetime
    end: datetime
    version: str
    currency: str
    notes: tuple[str, ...]

    @property
    def energy_kwh(self) -> Decimal:
        return sum((period.energy_kwh for period in self.usage.periods), Decimal(0))


def read_cdr(
    document: Any, *, time_zone: str = "", reservation_expired: bool | None = None, version: str = "", where: str = ""
) -> Cdr:
    """A CDR object. ``time_zone`` is the place's; ``reservation_expired`` None is inferred. Raises CdrError."""
    cdr = Reader(document, where, CdrError)
    if cdr.raw("credit") is True:
        cdr.fail(
            "credit_cdr", "credit", "This is a credit for another CDR. Price the CDR it refers to; the credit is its negative."
        )
    # 2.1.1 calls the end its stop.
    start_key, end_key = "start_date_time", "stop_date_time" if cdr.raw("stop_date_time") else "end_date_time"
    if cdr.raw("end_date_time"):
        end_key = "end_date_time"
    cdr.required(start_key, "start of the session")
    cdr.required(end_key, "end of the session")
    start, end = cdr.moment(start_key), cdr.moment(end_key)
    assert start is not None
    assert end is not None
    if end < start:
        cdr.fail("end_before_start", end_key, "The session ends before it starts. Correct one of the two moments.")
    periods, notes = _periods(cdr, end)
    if cdr.raw("home_charging_compensation") is True:
        notes += ("home_charging_compensation",)
    usage = Usage(
        periods=periods,
        time_zone=time_zone or _own_zone(cdr),
        reservation_expired=_lapsed(cdr, periods) if reservation_expired is None else reservation_expired,
        ad_hoc=_ad_hoc(cdr),
    )
    return Cdr(usage, start, end, version or _version(cdr), cdr.text("currency").upper(), notes)


def _version(cdr: Reader) -> str:
    """2.1.1 states its total as a number. "": the CDR does not tell, the tariff does."""
    total = cdr.raw("total_cost")
    return "" if total is None or isinstance(total, dict) else "2.1.1"


def _own_zone(cdr: Reader) -> str:
    """2.1.1's location may carry its zone."""
    location = cdr.raw("location")
    zone = location.get("time_zone") if isinstance(location, dict) else None
    return zone if isinstance(zone, str) else ""


def _ad_hoc(cdr: Reader) -> bool | None:
    token = cdr.raw("cdr_token")
    kind = token.get("type") if isinstance(token, dict) else None
    return kind.upper() == "AD_HOC_USER" if isinstance(kind, str) and kind else None


def _lapsed(cdr: Reader, periods: tuple[ChargingPeriod, ...]) -> bool:
    """Reserved and never used: only reserved time, and no session or no EVSE is named."""
    location = cdr.raw("cdr_location")
    evse = location.get("evse_uid") if isinstance(location, dict) else None
    return all(period.is_reservation for period in periods) and (not cdr.raw("session_id") or evse == _NOT_APPLICABLE)


def _periods(cdr: Reader, end: datetime) -> tuple[tuple[ChargingPeriod, ...], tuple[str, ...]]:
    """In time order; each ends where the next starts, the last with the session."""
    cdr.required("charging_periods", "list of charging periods")
    readers = cdr.children("charging_periods")
    if not readers:
        cdr.fail("charging_periods_missing", "charging_periods", "A CDR needs at least one charging period.")
    if len(readers) > MOST_PERIODS:
        cdr.fail("too_many_periods", "charging_periods", f"A CDR may have at most {MOST_PERIODS:,} charging periods.")
    begun: list[tuple[datetime, Reader]] = []
    for reader in readers:
        reader.required("start_date_time", "start of the period")
        moment = reader.moment("start_date_time")
        assert moment is not None
        begun.append((moment, reader))
    notes: tuple[str, ...] = ()
    ordered = sorted(begun, key=lambda pair: pair[0])
    if ordered != begun:
        notes += ("periods_not_in_order",)
    ends = [moment for moment, _ in ordered[1:]] + [max(end, ordered[-1][0])]
    if ordered[-1][0] > end:
        notes += ("period_after_end",)
    return tuple(_period(reader, moment, until) for (moment, reader), until in zip(ordered, ends, strict=True)), notes


def _period(period: Reader, start: datetime, end: datetime) -> ChargingPeriod:
    volumes: dict[str, Decimal] = {}
    for dimension in period.children("dimensions"):
        dimension.required("type", "type of the dimension")
        kind = dimension.choice("type", (*_PRICED, *_MEASURED, *_IGNORED))
        if kind in _IGNORED:
            continue
        if kind in volumes:
            dimension.fail("dimension_twice", "type", f"{kind} is given twice for one period. Keep the right one.")
        dimension.required("volume", "volume")
        volume = dimension.number("volume", least=0 if kind in _PRICED else None)
        assert volume is not None
        volumes[kind] = volume
    times = [kind for kind in _TIMES if volumes.get(kind)]
    seconds = {_TIMES[kind]: _seconds(volumes[kind], end - start, only=len(times) == 1) for kind in times}
    return ChargingPeriod(
        start=start,
        end=end,
        energy_kwh=volumes.get("ENERGY", Decimal(0)),
        tariff_id=period.text("tariff_id", most=36),
        **seconds,  # type: ignore[arg-type]
        **{ours: volumes.get(theirs) for theirs, ours in _MEASURED.items()},  # type: ignore[arg-type]
    )


def _seconds(hours: Decimal, wall: timedelta, *, only: bool) -> Decimal | int:
    """Hours of four decimals are some seconds off: a period's only time that is as long as the period is its wall time."""
    seconds = hours * _HOUR_S
    wall_s = wall / timedelta(seconds=1)
    if only and wall_s.is_integer() and abs(seconds - int(wall_s)) < 1:
        return int(wall_s)
    return int(seconds) if seconds == seconds.to_integral_value() else seconds
