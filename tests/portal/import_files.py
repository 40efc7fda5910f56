"""Small files in our own layout, and their imports."""

import tempfile
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from chargebill import pipeline
from chargebill.core.models import LegalEntity, User
from stations.models import ImportBatch

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
HEADER = "session_id,location,evse,start,end,energy_kwh,token"
_keys = count()


def line(
    id_: str = "1", *, start: str = "2026-05-01T10:00Z", end: str = "2026-05-01T11:00Z", kwh: str = "10", token: str = ""
) -> str:
    return f"{id_},Town hall,E1,{start},{end},{kwh},{token}"


def text_of(*lines: str, header: str = HEADER) -> str:
    return "\n".join([header, *lines]) + "\n"


def import_text(
    entity: LegalEntity,
    text: str,
    *,
    name: str = "export.csv",
    mode: str = "history",
    actor: User | None = None,
    here: bool = True,
) -> ImportBatch:
    """Imports a file with this text, as the command line would; ``here`` False leaves it waiting for a worker."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_text(text, encoding="utf-8")
        return pipeline.start_import(
            entity=entity,
            path=path,
            file_name=name,
            profile="",
            mode=mode,
            time_zone="",
            encoding="",
            actor=actor,
            at=AT,
            key=f"test-file:{next(_keys)}",
            here=here,
        )
