"""Writes session facts: chunks of imported rows, corrections of single rows, changed time zones."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
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
    Session,
    SessionRevision,
    Source,
)
from stations.quarantine import quarantine
from stations.session_rows import PERIOD_COLUMNS, SESSION_COLUMNS, content_hash, local_columns, revise, session_values


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
    quarantine(batch=batch, refused=refused)
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


def _store_sessions(batch: ImportBatch, round_: dict[str, Record], stored: Stored, at: datetime) -> None:
    known: dict[str, list[Any]] = {
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
        key: session_values(batch, round_[key], found, hashes[key], ids[key], known[key][3] + 1 if key in known else 1)
        for key in written
    }
    bulk.insert(Session, SESSION_COLUMNS, [values[key][0] for key in fresh])
    if changed:
        revise(batch, changed, known, values, at)
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


def _store_events(batch: ImportBatch, records: list[Record]) -> int:
    """Stores connector status, authorizations or meter values that are not there yet; returns how many were new."""
    kind = type(records[0].outcome)
    model: Any = {StatusRow: ConnectorStatus, AuthorizationRow: Authorization, MeterValueRow: MeterValue}[kind]
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
        end_date, start_minute = local_columns(fact.started_at, fact.ended_at, ZoneInfo(fact.time_zone))
        if (end_date, start_minute) != (fact.local_end_date, fact.local_start_minute):
            rows.append((end_date, start_minute, fact.id))
    bulk.update(Session, ["local_end_date", "local_start_minute"], rows)
