"""Reads about stations and imports."""

from collections.abc import Iterable

from chargebill.core.errors import UserError
from stations.imports import inspection_of, local_path
from stations.ingest.reading import raw_record
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


def session_ids_of(*, entity_id: int, external_ids: Iterable[str]) -> list[int]:
    """Sessions of an entity by what their sources call them, in id order. One query."""
    found = Session.objects.filter(entity_id=entity_id, external_id__in=list(external_ids))
    return list(found.order_by("pk").values_list("pk", flat=True))
