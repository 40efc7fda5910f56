"""Reads about stations and imports."""

import gzip
from itertools import islice

from django.core.files.storage import default_storage

from chargebill.core.errors import UserError
from stations.models import ImportBatch


def source_line(batch: ImportBatch, line_no: int) -> str:
    """The line of the imported file a row came from, as it stands there. Raises UserError when the file is gone."""
    try:
        with default_storage.open(batch.file) as stored:
            magic = stored.read(2)
            stored.seek(0)
            binary = gzip.open(stored) if magic == b"\x1f\x8b" else stored
            line = next(islice(binary, line_no - 1, None), b"")
    except FileNotFoundError as error:
        raise UserError(
            "file_gone",
            f"The stored file {batch.file_name} is no longer there; the session keeps its line number.",
            f"line {line_no}",
        ) from error
    return line.decode(batch.encoding or "utf-8", "replace").strip("\r\n\ufeff")
