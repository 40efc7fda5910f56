"""Rows that wait for a person: correct, dismiss, download."""

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from chargebill.core import events
from chargebill.core.csvsafe import safe_cell
from chargebill.core.errors import UserError
from chargebill.core.models import User
from stations.imports import profile_named, reading_zone
from stations.ingest.reading import parse_fields
from stations.ingest.rows import Refusal, Row
from stations.models import QuarantinedRow, Session


def parse_corrected(*, row: QuarantinedRow, values: dict[str, str]) -> Row | Refusal:
    """Reads a quarantined row with the values by column a person put in."""
    batch = row.batch
    time_zone, entity_zone = reading_zone(batch)
    return parse_fields(
        profile_named(batch.source.profile),
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
