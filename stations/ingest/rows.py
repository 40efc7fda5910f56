"""What a parsed row is: plain facts with units, before anything is stored."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal


class FileRefused(Exception):
    """The file as a whole can't be read; nothing of it was taken. ``where`` is a line or a column."""

    def __init__(self, code: str, message: str, where: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.where = code, message, where


class RowRefused(Exception):
    """One row can't be taken; it goes to quarantine with this reason. ``field`` is the column's name in the file."""

    def __init__(self, code: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.field = code, message, field


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """One OCPI ChargingPeriod. Times in seconds, power in kW, current in A; None = not measured."""

    started_at: datetime
    energy_kwh: Decimal | None = None
    charging_s: Decimal | None = None
    parking_s: Decimal | None = None
    reserved_s: Decimal | None = None
    min_power_kw: Decimal | None = None
    max_power_kw: Decimal | None = None
    min_current_a: Decimal | None = None
    max_current_a: Decimal | None = None
    tariff_id: str = ""


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """Where a row happened, as the file names it. Hashable: a chunk resolves each distinct place once.

    ``time_zone`` is an IANA name, or "" where the row knew only an offset.
    """

    location_code: str
    location_name: str
    evse_uid: str
    connector_number: str = "1"
    time_zone: str = ""
    address: str = ""
    postal_code: str = ""
    city: str = ""
    country: str = ""
    latitude: Decimal | None = None
    longitude: Decimal | None = None
    evse_id: str = ""
    evse_model: str = ""
    standard: str = ""
    power_type: str = ""
    rated_kw: Decimal | None = None


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session. Datetimes aware, UTC. Energy in kWh with at most 4 decimals. ``reported_amount`` includes tax."""

    external_id: str
    place: PlaceRow
    started_at: datetime
    ended_at: datetime
    energy_kwh: Decimal
    charging_s: int | None = None
    meter_start_kwh: Decimal | None = None
    meter_stop_kwh: Decimal | None = None
    token_uid: str = ""
    token_type: str = ""
    token_issuer: str = ""
    payment_method: str = "UNKNOWN"
    reported_amount: Decimal | None = None
    reported_currency: str = ""
    card_last4: str = ""
    payment_reference: str = ""
    announced_tariff: str = ""
    stop_reason: str = ""
    periods: tuple[PeriodRow, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class StatusRow:
    """A connector's state at a moment (UTC)."""

    external_id: str
    place: PlaceRow
    at: datetime
    status: str
    error_code: str = ""
    firmware: str = ""


@dataclass(frozen=True, slots=True)
class AuthorizationRow:
    external_id: str
    token_uid: str
    at: datetime
    result: str
    method: str = ""
    price_shown: str = ""


@dataclass(frozen=True, slots=True)
class MeterValueRow:
    """A reading in the unit it came in."""

    external_id: str
    session_external_id: str
    at: datetime
    register: str
    value: Decimal
    unit: str


Row = SessionRow | StatusRow | AuthorizationRow | MeterValueRow


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row for quarantine: why, in words a clerk understands, and in which column."""

    code: str
    message: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a file: where it begins (line, or record number in JSON), its text as it stands, what it means."""

    line_no: int
    raw: str
    outcome: Row | Refusal
