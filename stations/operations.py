"""Writes session facts: chunks of imported rows, corrections of single rows, changed time zones."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from chargebill.core import bulk
from stations import facts, places
from stations.facts import SessionFacts
from stations.ingest.rows import (
    AuthorizationRow,
    MeterValueRow,
    Record,
    Refusal,
    Row,
    SessionRow,
    StatusRow,
)
from stations.models import (
    Authorization,
    ChargingPeriod,
    ConnectorStatus,
    ImportBatch,
    MeterValue,
    QuarantinedRow,
    QuarantineSighting,
    Session,
    SessionRevision,
    Source,
)

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
    "local_start_hour",
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


@dataclass(slots=True)
class Stored:
    """What a chunk became: its counts, and the sessions it wrote, by id: as they are now, and before (None: new)."""

    read: int = 0
    imported: int = 0
    updated: int = 0
    unchanged: int = 0
    quarantined: int = 0
    before: dict[int, SessionFacts | None] = field(default_factory=dict)
    now: dict[int, SessionFacts] = field(default_factory=dict)


def store_chunk(*, batch: ImportBatch, records: Sequence[Record], at: datetime) -> Stored:
    """Stores one chunk of a file, in the caller's transaction. Counts always add up to the number of records.

    Holds the source's row, so two imports of one source take turns chunk by chunk and none writes a session twice.
    """
    Source.objects.select_for_update().get(pk=batch.source_id)
    stored = Stored(read=len(records))
    refused = [record for record in records if isinstance(record.outcome, Refusal)]
    taken = [record for record in records if not isinstance(record.outcome, Refusal)]
    _quarantine(batch, refused)
    stored.quarantined = len(refused)
    if taken and isinstance(taken[0].outcome, SessionRow):
        for round_ in _rounds(taken):
            _store_sessions(batch, round_, stored, at)
    elif taken:
        inserted = _store_events(batch, taken)
        stored.imported += inserted
        stored.unchanged += len(taken) - inserted
    return stored


def _rounds(records: Iterable[Record]) -> list[dict[str, Record]]:
    """Splits records so that each round holds an external id once: repeats are stored one after the other."""
    rounds: list[dict[str, Record]] = []
    seen: Counter[str] = Counter()
    for record in records:
        key = record.outcome.external_id  # type: ignore[union-attr]
        if seen[key] == len(rounds):
            rounds.append({})
        rounds[seen[key]][key] = record
        seen[key] += 1
    return rounds


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


def _store_sessions(batch: ImportBatch, round_: dict[str, Record], stored: Stored, at: datetime) -> None:
    known = {
        external_id: rest
        for external_id, *rest in Session.objects.filter(source_id=batch.source_id, external_id__in=list(round_)).values_list(
            "external_id", "id", "content_hash", "mode", "revision"
        )
    }
    hashes = {key: content_hash(record.outcome) for key, record in round_.items()}  # type: ignore[arg-type]
    fresh = [key for key in round_ if key not in known]
    differing = [key for key, (_, known_hash, mode, _) in known.items() if known_hash != hashes[key] or mode != batch.mode]
    changed = _really_changed(batch, known, hashes, differing)
    stored.imported += len(fresh)
    stored.updated += len(changed)
    stored.unchanged += len(round_) - len(fresh) - len(changed)
    if not fresh and not changed:
        return
    written = [*fresh, *changed]
    found = places.resolve(entity_id=batch.source.entity_id, rows=[round_[key].outcome.place for key in written])  # type: ignore[union-attr]
    for fact in facts.load(known[key][0] for key in changed) if changed else ():
        # Revised twice in one chunk, or new in it: what counts is how it was before the chunk.
        stored.before.setdefault(fact.id, fact)
    ids = dict(zip(fresh, bulk.allocate_ids(Session, len(fresh)), strict=True))
    ids.update({key: known[key][0] for key in changed})
    values = {
        key: _session_values(batch, round_[key], found, hashes[key], ids[key], known[key][3] + 1 if key in known else 1)
        for key in written
    }
    bulk.insert(Session, SESSION_COLUMNS, [values[key][0] for key in fresh])
    if changed:
        _revise(batch, changed, known, values, at)
    bulk.insert(
        ChargingPeriod,
        PERIOD_COLUMNS,
        [
            (ids[key], *(getattr(period, column) for column in PERIOD_COLUMNS[1:]))
            for key in written
            for period in round_[key].outcome.periods  # type: ignore[union-attr]
        ],
    )
    for key in fresh:
        stored.before.setdefault(ids[key], None)
    stored.now.update({ids[key]: values[key][1] for key in written})


def _really_changed(batch: ImportBatch, known: dict[str, list[Any]], hashes: dict[str, str], differing: list[str]) -> list[str]:
    """Leaves out rows this very file already said before they were revised: the same file again changes nothing."""
    if not differing:
        return []
    earlier = set(
        SessionRevision.objects.filter(
            session_id__in=[known[key][0] for key in differing], batch__file_sha256=batch.file_sha256
        ).values_list("session_id", "content_hash")
    )
    return [key for key in differing if known[key][2] != batch.mode or (known[key][0], hashes[key]) not in earlier]


def _session_values(
    batch: ImportBatch, record: Record, found: dict[Any, places.Found], hash_: str, pk: int, revision: int
) -> tuple[tuple[Any, ...], SessionFacts]:
    row: SessionRow = record.outcome  # type: ignore[assignment]
    place = found[row.place]
    end_date, start_hour = local_columns(row.started_at, row.ended_at, place.zone)
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
        start_hour,
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
        local_start_hour=start_hour,
        duration_s=duration_s,
        charging_s=row.charging_s,
        energy_kwh=row.energy_kwh,
        token_uid=row.token_uid,
        token_type=row.token_type,
        token_issuer=row.token_issuer,
        payment_method=row.payment_method,
        reported_amount=row.reported_amount,
        reported_currency=row.reported_currency,
        revision=revision,
        time_zone=place.zone.key,
        country=place.country,
        has_periods=bool(row.periods),
    )


def local_columns(started_at: datetime, ended_at: datetime, zone: ZoneInfo) -> tuple[date, int]:
    """The place's own clock: the date a session ended, and the hour of the week it started in (0 = Monday 00:00)."""
    start = started_at.astimezone(zone)
    return ended_at.astimezone(zone).date(), start.weekday() * 24 + start.hour


def _jsonable(value: Any) -> Any:
    return str(value) if isinstance(value, (Decimal, datetime, date)) else value


def _revise(
    batch: ImportBatch,
    changed: list[str],
    known: dict[str, list[Any]],
    values: dict[str, tuple[tuple[Any, ...], SessionFacts]],
    at: datetime,
) -> None:
    pks = [known[key][0] for key in changed]
    old = Session.objects.filter(pk__in=pks).values_list("pk", "revision", "content_hash", "batch_id", "line_no", *REVISED)
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
    columns = SESSION_COLUMNS[3:]
    bulk.update(Session, columns, [(*values[key][0][3:], values[key][0][0]) for key in changed])
    ChargingPeriod.objects.filter(session_id__in=pks).delete()


def _quarantine(batch: ImportBatch, refused: list[Record]) -> None:
    if not refused:
        return
    hashes = [row_hash(record.raw) for record in refused]
    met = Counter(
        QuarantineSighting.objects.filter(batch=batch, row__row_hash__in=set(hashes)).values_list("row__row_hash", flat=True)
    )
    keys = []
    for hash_ in hashes:
        met[hash_] += 1
        keys.append((hash_, met[hash_]))
    known = {
        (hash_, occurrence): pk
        for pk, hash_, occurrence in QuarantinedRow.objects.filter(
            source_id=batch.source_id, row_hash__in=set(hashes)
        ).values_list("pk", "row_hash", "occurrence")
    }
    fresh = [(key, record) for key, record in zip(keys, refused, strict=True) if key not in known]
    created = QuarantinedRow.objects.bulk_create(
        QuarantinedRow(
            source_id=batch.source_id,
            row_hash=hash_,
            occurrence=occurrence,
            raw=record.raw,
            header=batch.header,
            batch=batch,
            line_no=record.line_no,
            code=record.outcome.code,
            field=record.outcome.field[:60],
            message=record.outcome.message[:300],
        )
        for (hash_, occurrence), record in fresh
    )
    known.update({(row.row_hash, row.occurrence): row.pk for row in created})
    QuarantineSighting.objects.bulk_create(
        QuarantineSighting(batch=batch, row_id=known[key], line_no=record.line_no)
        for key, record in zip(keys, refused, strict=True)
    )


def row_hash(raw: str) -> str:
    return hashlib.sha1(raw.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def _store_events(batch: ImportBatch, records: list[Record]) -> int:
    """Stores connector status, authorizations or meter values that are not there yet; returns how many were new."""
    kind = type(records[0].outcome)
    model = {StatusRow: ConnectorStatus, AuthorizationRow: Authorization, MeterValueRow: MeterValue}[kind]  # type: ignore[index]
    rows: dict[str, Record] = {}
    for record in records:
        rows.setdefault(record.outcome.external_id, record)  # type: ignore[union-attr]
    known = set(model.objects.filter(source_id=batch.source_id, external_id__in=list(rows)).values_list("external_id", flat=True))
    fresh = [record for key, record in rows.items() if key not in known]
    found = (
        places.resolve(entity_id=batch.source.entity_id, rows=[record.outcome.place for record in fresh])  # type: ignore[union-attr]
        if kind is StatusRow
        else {}
    )
    entity_id = batch.source.entity_id

    def values(row: Row) -> tuple[Any, ...]:
        if isinstance(row, StatusRow):
            return (found[row.place].connector_id, row.at, row.status, row.error_code, row.firmware)
        if isinstance(row, AuthorizationRow):
            return (entity_id, row.token_uid, row.at, row.method, row.result, row.price_shown)
        assert isinstance(row, MeterValueRow)
        return (entity_id, row.session_external_id, row.at, row.register, row.value, row.unit)

    columns = {
        ConnectorStatus: ["connector_id", "at", "status", "error_code", "firmware"],
        Authorization: ["entity_id", "token_uid", "at", "method", "result", "price_shown"],
        MeterValue: ["entity_id", "session_external_id", "at", "register", "value", "unit"],
    }[model]
    bulk.insert(
        model,
        ["source_id", "external_id", "batch_id", "line_no", *columns],
        [
            (batch.source_id, record.outcome.external_id, batch.pk, record.line_no, *values(record.outcome))  # type: ignore[union-attr, arg-type]
            for record in fresh
        ],
    )
    return len(fresh)


def recompute_local_columns(*, session_ids: Sequence[int]) -> None:
    """After a place's zone changed: sets the local columns of these sessions anew."""
    rows = []
    for fact in facts.load(session_ids):
        end_date, start_hour = local_columns(fact.started_at, fact.ended_at, ZoneInfo(fact.time_zone))
        if (end_date, start_hour) != (fact.local_end_date, fact.local_start_hour):
            rows.append((end_date, start_hour, fact.id))
    bulk.update(Session, ["local_end_date", "local_start_hour"], rows)
