"""A session's row in the database: its columns, its values from an imported row, its revisions."""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from chargebill.core import bulk
from stations.facts import SessionFacts
from stations.ingest.rows import Record, SessionRow
from stations.models import ChargingPeriod, ImportBatch, Session, SessionRevision
from stations.places import Found

SESSION_COLUMNS = [
    "id",
    "source_id",
    "external_id",
    "entity_id",
    "location_id",
    "connector_id",
    "mode",
    "started_at",
    "ended_at",
    "local_end_date",
    "local_start_minute",
    "duration_s",
    "charging_s",
    "energy_kwh",
    "meter_start_kwh",
    "meter_stop_kwh",
    "token_uid",
    "token_type",
    "token_issuer",
    "payment_method",
    "reported_amount",
    "reported_currency",
    "card_last4",
    "payment_reference",
    "announced_tariff",
    "stop_reason",
    "batch_id",
    "line_no",
    "content_hash",
    "revision",
]
PERIOD_COLUMNS = [
    "session_id",
    "started_at",
    "energy_kwh",
    "charging_s",
    "parking_s",
    "reserved_s",
    "min_power_kw",
    "max_power_kw",
    "min_current_a",
    "max_current_a",
    "tariff_id",
]
# What a revision keeps of the facts it replaces.
REVISED = [
    c for c in SESSION_COLUMNS if c not in ("id", "source_id", "external_id", "content_hash", "revision", "batch_id", "line_no")
]


def content_hash(row: SessionRow) -> str:
    """Hash of everything the row says about the session, however it was written."""
    place = row.place
    said = (
        place.location_code,
        place.evse_uid,
        place.connector_number,
        row.started_at.isoformat(),
        row.ended_at.isoformat(),
        f"{row.energy_kwh:.4f}",
        row.charging_s,
        row.meter_start_kwh,
        row.meter_stop_kwh,
        row.token_uid,
        row.token_type,
        row.token_issuer,
        row.payment_method,
        row.reported_amount,
        row.reported_currency,
        row.card_last4,
        row.payment_reference,
        row.announced_tariff,
        row.stop_reason,
        row.periods,
    )
    return hashlib.sha1("\x1f".join(map(str, said)).encode(), usedforsecurity=False).hexdigest()


def session_values(
    batch: ImportBatch, record: Record, found: dict[Any, Found], hash_: str, pk: int, revision: int
) -> tuple[tuple[Any, ...], SessionFacts]:
    row: SessionRow = record.outcome  # type: ignore[assignment]
    place = found[row.place]
    end_date, start_minute = local_columns(row.started_at, row.ended_at, place.zone)
    duration_s = int((row.ended_at - row.started_at).total_seconds())
    values = (
        pk,
        batch.source_id,
        row.external_id,
        batch.source.entity_id,
        place.location_id,
        place.connector_id,
        batch.mode,
        row.started_at,
        row.ended_at,
        end_date,
        start_minute,
        duration_s,
        row.charging_s,
        row.energy_kwh,
        row.meter_start_kwh,
        row.meter_stop_kwh,
        row.token_uid,
        row.token_type,
        row.token_issuer,
        row.payment_method,
        row.reported_amount,
        row.reported_currency,
        row.card_last4,
        row.payment_reference,
        row.announced_tariff,
        row.stop_reason,
        batch.pk,
        record.line_no,
        hash_,
        revision,
    )
    return values, SessionFacts(
        id=pk,
        entity_id=batch.source.entity_id,
        location_id=place.location_id,
        connector_id=place.connector_id,
        mode=batch.mode,
        started_at=row.started_at,
        ended_at=row.ended_at,
        local_end_date=end_date,
        local_start_minute=start_minute,
        duration_s=duration_s,
        charging_s=row.charging_s,
        energy_kwh=row.energy_kwh,
        token_uid=row.token_uid,
        token_type=row.token_type,
        token_issuer=row.token_issuer,
        payment_method=row.payment_method,
        reported_amount=row.reported_amount,
        reported_currency=row.reported_currency,
        announced_tariff=row.announced_tariff,
        source_id=batch.source_id,
        revision=revision,
        external_id=row.external_id,
        meter_start_kwh=row.meter_start_kwh,
        meter_stop_kwh=row.meter_stop_kwh,
        payment_reference=row.payment_reference,
        stop_reason=row.stop_reason,
        evse_id=place.evse_id,
        rated_kw=place.rated_kw,
        time_zone=place.zone.key,
        country=place.country,
        has_periods=bool(row.periods),
    )


def local_columns(started_at: datetime, ended_at: datetime, zone: ZoneInfo) -> tuple[date, int]:
    """The place's own clock: the date a session ended, and the minute of the week it started in (0 = Monday 00:00)."""
    start = started_at.astimezone(zone)
    return ended_at.astimezone(zone).date(), (start.weekday() * 24 + start.hour) * 60 + start.minute


def _jsonable(value: Any) -> Any:
    return str(value) if isinstance(value, (Decimal, datetime, date)) else value


def keep_revisions(session_ids: Sequence[int], at: datetime) -> None:
    """Keeps the facts these sessions have now, before others take their place."""
    columns = ("pk", "revision", "content_hash", "batch_id", "line_no", *REVISED)
    old = Session.objects.filter(pk__in=session_ids).values_list(*columns)
    SessionRevision.objects.bulk_create(
        SessionRevision(
            session_id=pk,
            revision=revision,
            content_hash=hash_,
            batch_id=batch_id,
            line_no=line_no,
            facts=dict(zip(REVISED, map(_jsonable, rest), strict=True)),
            replaced_at=at,
        )
        for pk, revision, hash_, batch_id, line_no, *rest in old
    )


def revise(
    batch: ImportBatch,
    changed: list[str],
    known: dict[str, list[Any]],
    values: dict[str, tuple[tuple[Any, ...], SessionFacts]],
    at: datetime,
) -> None:
    pks = [known[key][0] for key in changed]
    keep_revisions(pks, at)
    columns = SESSION_COLUMNS[3:]
    bulk.update(Session, columns, [(*values[key][0][3:], values[key][0][0]) for key in changed])
    ChargingPeriod.objects.filter(session_id__in=pks).delete()
