"""Rows that wait for a person: correct, dismiss, download."""

import csv
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from chargebill.core import events
from chargebill.core.csvsafe import safe_cell
from chargebill.core.errors import UserError
from chargebill.core.models import User
from stations.import_profiles import profile_of
from stations.imports import reading_zone
from stations.ingest.reading import parse_fields
from stations.ingest.rows import Record, Refusal, Row
from stations.models import ImportBatch, QuarantinedRow, QuarantineSighting, Session


def quarantine(*, batch: ImportBatch, refused: Sequence[Record]) -> None:
    """Keeps rows that can't be taken, each once for its source, and notes that this import met them.

    Call while holding the source's row, inside the chunk's transaction.
    """
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


def parse_corrected(*, row: QuarantinedRow, values: dict[str, str]) -> Row | Refusal:
    """Reads a quarantined row with the values by column a person put in."""
    batch = row.batch
    time_zone, entity_zone = reading_zone(batch)
    return parse_fields(
        profile_of(batch),
        row.header,
        values,
        # Tells how the file was written: whether 1,5 is a number.
        raw=row.raw,
        time_zone=time_zone,
        entity_time_zone=entity_zone,
    )


def mark_resolved(*, row: QuarantinedRow, values: dict[str, str], session: Session | None, actor: User, at: datetime) -> None:
    """Notes that the row was taken with these values. The caller holds the row and has stored the session."""
    row.state = QuarantinedRow.State.RESOLVED
    row.corrected, row.session, row.decided_by, row.decided_at = values, session, actor, at
    row.save()
    events.record(
        action="quarantine.corrected",
        subject=row,
        summary=f"Line {row.line_no} of {row.batch.file_name} corrected and taken",
        actor=actor,
        at=at,
        entity=row.source.entity,
        changes={"raw": row.raw[:2000], "values": values},
    )


def dismiss_rows(*, rows: QuerySet[QuarantinedRow], reason: str, actor: User, at: datetime) -> int:
    """Says of waiting rows that they will not be taken, and why. They stay readable. Returns how many."""
    if not reason.strip():
        raise UserError("reason_missing", "Say why these rows are left out. Nothing was changed.", "reason")
    with transaction.atomic():
        waiting = list(rows.filter(state=QuarantinedRow.State.WAITING).select_for_update(of=("self",)).order_by("pk"))
        if not waiting:
            return 0
        QuarantinedRow.objects.filter(pk__in=[row.pk for row in waiting]).update(
            state=QuarantinedRow.State.DISMISSED, decided_by=actor, decided_at=at, decision_reason=reason[:300]
        )
        first = waiting[0]
        events.record(
            action="quarantine.dismissed",
            subject=first,
            summary=f"{len(waiting)} quarantined rows dismissed",
            actor=actor,
            at=at,
            entity=first.source.entity,
            reason=reason,
            changes={"rows": [row.pk for row in waiting]},
        )
    return len(waiting)


class _Echo:
    def write(self, value: str) -> str:
        return value


def as_csv(rows: Iterable[QuarantinedRow]) -> Iterator[str]:
    """The rows as CSV lines: file, line, reason, column, state, then the row's text as it stood in the file."""
    writer = csv.writer(_Echo())  # type: ignore[arg-type]
    yield writer.writerow(["file", "line", "code", "reason", "column", "state", "row"])
    for row in rows:
        cells: list[Any] = [row.batch.file_name, row.line_no, row.code, row.message, row.field, row.get_state_display(), row.raw]
        yield writer.writerow([cell if isinstance(cell, int) else safe_cell(cell) for cell in cells])
