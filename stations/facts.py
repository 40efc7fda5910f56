"""Session facts as the chunk runner hands them on: plain values, no model instances."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from stations.models import ChargingPeriod, Session


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """One stored session. ``time_zone`` is the place's, else its entity's, else UTC; local columns follow it.

    ``rated_kw`` is what the connector is rated at today, None while nobody knows.
    """

    id: int
    entity_id: int
    location_id: int
    connector_id: int
    mode: str
    started_at: datetime
    ended_at: datetime
    local_end_date: date
    local_start_minute: int
    duration_s: int
    charging_s: int | None
    energy_kwh: Decimal
    token_uid: str
    token_type: str
    token_issuer: str
    payment_method: str
    reported_amount: Decimal | None
    reported_currency: str
    announced_tariff: str
    source_id: int
    revision: int
    external_id: str
    meter_start_kwh: Decimal | None
    meter_stop_kwh: Decimal | None
    payment_reference: str
    stop_reason: str
    evse_id: int
    rated_kw: Decimal | None
    time_zone: str
    country: str
    has_periods: bool

    @property
    def local_start_date(self) -> date:
        return self.started_at.astimezone(ZoneInfo(self.time_zone)).date()


OWN_COLUMNS = list(SessionFacts.__slots__[: SessionFacts.__slots__.index("evse_id")])


def load(session_ids: Iterable[int]) -> list[SessionFacts]:
    """Facts of these sessions in id order: two queries."""
    ids = list(session_ids)
    with_periods = set(ChargingPeriod.objects.filter(session_id__in=ids).values_list("session_id", flat=True).distinct())
    rows = (
        Session.objects.filter(pk__in=ids)
        .order_by("pk")
        .values_list(
            *OWN_COLUMNS,
            "connector__evse_id",
            "connector__rated_kw",
            "location__time_zone",
            "entity__time_zone",
            "location__country",
            "entity__country",
        )
    )
    return [SessionFacts(*row[:-4], row[-4] or row[-3] or "UTC", row[-2] or row[-1], row[0] in with_periods) for row in rows]
