"""Reads about stations and imports."""

from collections import defaultdict
from collections.abc import Iterable

from chargebill.core.errors import UserError
from stations.imports import inspection_of, local_path
from stations.ingest.reading import raw_record, raw_records
from stations.models import ImportBatch, Session


def source_line(batch: ImportBatch, line_no: int) -> str:
    """The record of the imported file a row came from, as it stands there. Raises UserError when the file is gone."""
    try:
        return raw_record(local_path(batch.file), inspection_of(batch), line_no)
    except FileNotFoundError as error:
        raise UserError(
            "file_gone",
            f"The stored file {batch.file_name} is no longer there; the session keeps its line number.",
            f"line {line_no}",
        ) from error


def source_lines(sessions: Iterable[Session]) -> dict[int, str]:
    """By session its record in its imported file, those whose file is gone left out. Reads each file once.

    Their batches are read with them or not: with ``batch__job`` there is no query.
    """
    of_batch: dict[int, list[Session]] = defaultdict(list)
    for session in sessions:
        of_batch[session.batch_id].append(session)
    found: dict[int, str] = {}
    for mine in of_batch.values():
        batch = mine[0].batch
        try:
            records = raw_records(local_path(batch.file), inspection_of(batch), {session.line_no for session in mine})
        except FileNotFoundError:
            continue
        found |= {session.pk: records.get(session.line_no, "") for session in mine}
    return found


def session_ids_of(*, entity_id: int, external_ids: Iterable[str]) -> list[int]:
    """Sessions of an entity by what their sources call them, in id order. One query."""
    found = Session.objects.filter(entity_id=entity_id, external_id__in=list(external_ids))
    return list(found.order_by("pk").values_list("pk", flat=True))
