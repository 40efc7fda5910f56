"""Power during a session, with the price that applied behind it and what the connector said beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from billing.models import Cdr
from billing.pricing import Dimension, Line
from chargebill.portal import format as written
from chargebill.portal.session_price import unit_price
from stations.models import ConnectorStatus, MeterValue, Session

ZERO = Decimal(0)
IDLE = "idle "


@dataclass(frozen=True, slots=True)
class PowerPoint:
    """Average or measured power in kW from ``start`` on, until ``end``."""

    start: datetime
    end: datetime
    kw: Decimal


@dataclass(frozen=True, slots=True)
class Band:
    """From when to when a price applied, and which."""

    start: datetime
    end: datetime
    price: str


def context_of(
    session: Session, cdr: Cdr | None, lines: Sequence[Line], statuses: Sequence[ConnectorStatus], zone: str
) -> dict[str, Any]:
    """The part of a session's page about its power."""
    power = power_over_time(session)
    bands = price_bands(lines, cdr.currency) if cdr and power else []
    return {
        "power": [(point, _beside(point.start, bands, statuses)) for point in power],
        "power_chart": _chart(power, bands, statuses, zone) if power else None,
        "has_bands": len(bands) > 1,
    }


def power_over_time(session: Session) -> list[PowerPoint]:
    """Power from the readings: measured where they are in W or kW, else the average between two energy readings."""
    readings = list(
        MeterValue.objects.filter(entity=session.entity_id, session_external_id=session.external_id).order_by("at", "id")
    )
    scale = {"W": Decimal("0.001"), "kW": Decimal(1), "Wh": Decimal("0.001"), "kWh": Decimal(1)}
    measured = [reading for reading in readings if reading.unit in ("W", "kW")]
    if measured:
        ends = [reading.at for reading in measured[1:]] + [max(session.ended_at, measured[-1].at)]
        return [PowerPoint(r.at, end, r.value * scale[r.unit]) for r, end in zip(measured, ends, strict=True)]
    registers = [reading for reading in readings if reading.unit in ("Wh", "kWh")]
    # Readings of several registers can't be told apart by time alone: the first one's is the session's.
    registers = [reading for reading in registers if reading.register == registers[0].register]
    return [
        PowerPoint(
            before.at,
            after.at,
            (after.value - before.value) * scale[after.unit] * 3600 / Decimal(str((after.at - before.at).total_seconds())),
        )
        for before, after in pairwise(registers)
        if after.at > before.at and after.unit == before.unit
    ]


def _chart(power: list[PowerPoint], bands: list[Band], statuses: Sequence[ConnectorStatus], zone: str) -> dict[str, Any]:
    ends = [point.start for point in power] + [power[-1].end]
    moments = [written.moment(at, zone) for at in ends]
    values = [float(round(point.kw, 3)) for point in power]
    return {
        "kind": "steps",
        "labels": [moment.clock for moment in moments],
        "titles": [str(moment) for moment in moments],
        "beside": [_beside(at, bands, statuses) for at in ends],
        "bands": [{"from": _place(band.start, power), "to": _place(band.end, power), "label": band.price} for band in bands],
        "series": [{"label": "Power", "unit": "kW", "digits": 2, "values": [*values, values[-1]]}],
    }


def _place(at: datetime, power: list[PowerPoint]) -> float:
    """Where a moment stands on the chart's axis, which gives every reading the same width."""
    for n, point in enumerate(power):
        if at < point.end:
            return n + max(0.0, (at - point.start) / (point.end - point.start)) if point.end > point.start else float(n)
    return float(len(power))


def _beside(at: datetime, bands: list[Band], statuses: Sequence[ConnectorStatus]) -> str:
    """What held at a moment besides the power: the price, and what the connector said last."""
    price = next((band.price for band in reversed(bands) if band.start <= at <= band.end), "")
    status = next((status.status for status in reversed(statuses) if status.at <= at), "")
    return " · ".join(word for word in (price, status) if word)


def price_bands(lines: Sequence[Line], currency: str) -> list[Band]:
    """Which price applied when, in time order: of energy (of charging time where energy has none), then of idle time."""
    dimensions = {line.dimension for line in lines}
    charging = Dimension.ENERGY if Dimension.ENERGY in dimensions else Dimension.TIME
    return [
        Band(line.start, line.end, f"{IDLE if line.dimension is Dimension.PARKING_TIME else ''}{_price(line, currency)}")
        for line in sorted(lines, key=lambda line: line.start)
        if line.dimension in (charging, Dimension.PARKING_TIME)
    ]


def _price(line: Line, currency: str) -> str:
    return unit_price(line.unit_price or ZERO, line.unit, currency)
